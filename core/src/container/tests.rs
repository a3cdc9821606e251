//! The walk, on files made by hand and on whatever COUNTERMARK_MEDIA holds.

use super::file::Role;
use super::jpeg::extended;
use super::*;
use crate::error::Code;

/// Every picture of the media folder of the kinds that are handled; empty where the folder is not given.
pub fn media() -> Vec<(String, Vec<u8>)> {
    let Some(root) = std::env::var_os("COUNTERMARK_MEDIA") else {
        eprintln!("skipped: COUNTERMARK_MEDIA is not set");
        return Vec::new();
    };
    let mut files = Vec::new();
    for folder in ["image", "hostile"] {
        let Ok(entries) = std::fs::read_dir(std::path::Path::new(&root).join(folder)) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if [".jpg", ".png", ".webp", ".gif", ".tif", ".tiff"].iter().any(|end| name.ends_with(end)) {
                files.push((format!("{folder}/{name}"), std::fs::read(entry.path()).unwrap()));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn parts_tile_the_file_and_pieces_give_it_back() {
    for (name, bytes) in samples::all().into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).chain(media()) {
        let Ok(file) = open(&bytes) else { continue };
        let mut at = 0;
        for part in &file.parts {
            assert_eq!(part.span.start, at, "{name}");
            assert!(part.span.start <= part.body.start && part.body.end <= part.span.end, "{name} {part:?}");
            at = part.span.end;
        }
        assert_eq!(at, bytes.len(), "{name}");
        let again = file.assemble(file.pieces()).unwrap();
        // The flags of VP8X may have been wrong.
        let same = again == bytes || (file.container.mime == "image/webp" && again.len() == bytes.len());
        assert!(same, "{name}");
    }
}

#[test]
fn headers_are_read() {
    let report = |name: &str| {
        let (_, bytes) = samples::all().into_iter().find(|(kind, _)| *kind == name).unwrap();
        open(&bytes).unwrap().inspect().unwrap()
    };
    let jpeg = report("jpeg");
    assert_eq!((jpeg.width, jpeg.height, jpeg.colour, jpeg.orientation), (8, 8, "grey", 6));
    assert!(jpeg.has_thumbnail && jpeg.has_xmp && jpeg.has_exif && !jpeg.has_icc && jpeg.quality.is_some());
    let png = report("png");
    assert_eq!((png.width, png.depth, png.channels, png.lossless, png.orientation), (1, 8, 1, true, 6));
    let webp = report("webp simple");
    assert_eq!((webp.width, webp.height, webp.channels, webp.lossless), (3, 2, 4, true));
    assert!(report("webp extended").has_exif);
    let gif = report("gif");
    assert_eq!((gif.width, gif.height, gif.animated, gif.alpha), (1, 1, false, false));
}

#[test]
fn ijg_tables_are_found_at_every_quality() {
    for quality in 1..=100u32 {
        let scale = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
        let table = |base: &[u16; 64]| base.map(|value| ((u32::from(value) * scale + 50) / 100).clamp(1, 255) as u8);
        let (luma, chroma) = (table(&jpeg_header::LUMA), table(&jpeg_header::CHROMA));
        let mut bytes = vec![0xFF, 0xD8];
        bytes.extend(samples::segment(0xDB, &[&[0][..], &luma, &[1], &chroma].concat()));
        bytes.extend(samples::segment(0xC2, &[8, 0, 8, 0, 8, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]));
        bytes.extend(samples::segment(0xDA, &[1, 1, 0, 0, 63, 0]));
        bytes.extend([1, 2, 0xFF, 0xD9]);
        let report = open(&bytes).unwrap().inspect().unwrap();
        assert_eq!(report.quality, Some(quality as u8));
        assert_eq!((report.subsampling, report.progressive, report.colour), (Some("4:2:0"), Some(true), "ycc"));
    }
}

#[test]
fn what_is_cut_off_is_broken_and_never_shorter() {
    for (name, bytes) in samples::all() {
        for end in 0..bytes.len() {
            let failure = open(&bytes[..end]).err();
            assert!(failure.is_some_and(|error| matches!(error.code, Code::Broken | Code::Unsupported)), "{name} cut at {end}");
        }
    }
}

#[test]
fn junk_and_fill_bytes_in_a_jpeg_stay() {
    let mut bytes = samples::jpeg(&[samples::segment(0xFE, b"c")]);
    bytes.splice(20..20, b"hello\xFF\0\xFF\xFF\xFF".iter().copied());
    bytes.extend(b"a trailer \xFF\xD8");
    let file = open(&bytes).unwrap();
    assert_eq!(file.assemble(file.pieces()).unwrap(), bytes);
    assert!(file.has(Role::Comment));
    assert_eq!(file.inspect().unwrap().trailing_bytes, 12);
}

#[test]
fn a_wrong_checksum_is_broken() {
    let (_, mut bytes) = samples::all().remove(1);
    let last = bytes.len() - 30;
    bytes[last] ^= 1;
    assert_eq!(open(&bytes).err().map(|error| error.code), Some(Code::Broken));
}

#[test]
fn extended_xmp_with_a_hole_is_broken() {
    let digest = [b'A'; 32];
    let piece = |at: u32, text: &[u8]| [&digest[..], &10u32.to_be_bytes(), &at.to_be_bytes(), text].concat();
    let (a, b) = (piece(0, b"12345"), piece(5, b"67890"));
    let whole = extended(&[(90, &b), (10, &a)]).unwrap();
    assert_eq!(whole[0].packet, b"1234567890");
    assert!(extended(&[(10, &a)]).is_err());
    assert!(extended(&[(10, &b)]).is_err());
    assert!(extended(&[(10, b"short")]).is_err());
}

#[test]
fn an_mpf_index_follows_what_it_points_at() {
    // Index with two pictures: the main one, and one in the trailer.
    let index = |size: u32, offset: u32| {
        let mut out = b"MPF\0II*\0".to_vec();
        out.extend(8u32.to_le_bytes());
        out.extend(1u16.to_le_bytes());
        out.extend([0x02, 0xB0, 7, 0, 32, 0, 0, 0, 26, 0, 0, 0]);
        out.extend(0u32.to_le_bytes());
        for (size, offset) in [(size, 0), (5, offset)] {
            out.extend([0; 4]);
            out.extend(size.to_le_bytes());
            out.extend(offset.to_le_bytes());
            out.extend([0; 4]);
        }
        samples::segment(0xE2, &out)
    };
    let length = samples::jpeg(&[index(0, 0)]).len() as u32;
    // JFIF takes 20 bytes after SOI; the base is the byte after MPF\0.
    let base = 2 + 18 + 4 + 4;
    let mut bytes = samples::jpeg(&[index(length, length - base)]);
    bytes.extend(b"\xFF\xD8\xFF\xD9!");
    let file = open(&bytes).unwrap();
    let mut pieces = file.pieces();
    // Eight bytes behind the index: the trailer moves, the index does not.
    pieces.insert(3, file.wrap(Role::Comment, b"four").unwrap());
    let new = file.assemble(pieces).unwrap();
    let mut expected = samples::jpeg(&[index(length + 8, length + 8 - base), samples::segment(0xFE, b"four")]);
    expected.extend(b"\xFF\xD8\xFF\xD9!");
    assert_eq!(new, expected);
}
