//! Labels in ID3 tags inside WAV and AIFF, in packed boxes of JPEG XL, and what is too much to be searched.

use super::aigc::tests::record;
use super::write::Options;
use super::{read, texts, write};
use crate::container;
use crate::error::Code;
use crate::media;
use crate::media::samples::{aiff, boxed, flv, gif, id3, id3_frame, mp4, packed_jxl, tiff, wav};

const SOURCE: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

fn options() -> Options {
    Options { aigc: Some(record()), digital_source_type: Some(SOURCE.into()), replace: true, ..Options::default() }
}

/// With a chunk behind all others.
fn with(mut bytes: Vec<u8>, name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let big = bytes.starts_with(b"FORM");
    let size = |length: usize| if big { (length as u32).to_be_bytes() } else { (length as u32).to_le_bytes() };
    bytes.extend([name, &size(body.len())[..], body, &[0][..body.len() % 2]].concat());
    let length = size(bytes.len() - 8);
    bytes[4..8].copy_from_slice(&length);
    bytes
}

fn own() -> String {
    format!("{{\"Label\":\"1\",\"ContentProducer\":\"{}\",\"ProduceID\":\"x\"}}", record().content_producer)
}

#[test]
fn a_label_in_an_id3_chunk_is_found_and_moves_and_the_other_frames_stay() {
    let json = own();
    let short = format!("{{\"Label\":\"1\",\"ContentProducer\":\"{}\"}}", record().content_producer);
    let label = id3_frame(b"TXXX", 0, &[b"\0AIGC\0", short.as_bytes()].concat());
    let tag = id3(3, 0, &[&label[..], &id3_frame(b"TIT2", 0, b"\0kept"), &[0; 7]].concat());
    for (bytes, name, home) in
        [(wav(false), b"id3 ", "AIGC chunk"), (wav(false), b"ID3 ", "AIGC chunk"), (aiff(false), b"ID3 ", "APPL chunk XMP")]
    {
        let bytes = with(bytes, name, &tag);
        let report = read::read(&bytes).unwrap();
        let site = &report.sites[0];
        assert_eq!((report.sites.len(), site.location.as_str(), site.raw.as_str()), (1, "chunk ID3v2 TXXX AIGC", short.as_str()));
        assert!(site.problems.iter().any(|problem| problem.rule == "M13"));
        assert!(bytes[site.offset..].starts_with(short.as_bytes()));
        assert_eq!(write::write(&bytes, &Options { replace: false, ..options() }).unwrap_err().code, Code::Conflict);
        let marked = write::write(&bytes, &options()).unwrap();
        let report = read::read(&marked).unwrap();
        assert_eq!(report.sites.iter().map(|site| site.location.as_str()).collect::<Vec<_>>(), [home]);
        assert_eq!(report.digital_source_type.as_deref(), Some(SOURCE));
        assert!(!marked.windows(short.len()).any(|window| window == short.as_bytes()));
        let rest = id3(3, 0, &[&id3_frame(b"TIT2", 0, b"\0kept")[..], &[0; 7]].concat());
        assert!(marked.windows(rest.len()).any(|window| window == rest));
        // A second label beside the official one is one too many.
        let twice = with(write::write(&wav(false), &options()).unwrap(), b"id3 ", &tag);
        assert_eq!(read::read(&twice).unwrap().sites.len(), 2);
        let other =
            id3(3, 0, &id3_frame(b"COMM", 0, &[b"\0eng\0", json.replace(&record().content_producer, "x").as_bytes()].concat()));
        let foreign = with(bytes.clone(), name, &other);
        assert_eq!(write::write(&foreign, &options()).unwrap_err().code, Code::Conflict);
    }
}

#[test]
fn packets_and_texts_in_an_id3_chunk_are_read_and_set_there() {
    let packet = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description/></rdf:RDF>";
    let frames = [id3_frame(b"PRIV", 0, &[b"XMP\0", packet.as_bytes()].concat()), id3_frame(b"TSSE", 0, b"\0Painter")].concat();
    let bytes = with(wav(false), b"id3 ", &id3(3, 0, &frames));
    let found = texts::texts(&bytes).unwrap();
    assert!(found.iter().any(|text| (text.key.as_str(), text.value.as_str()) == ("TSSE", "Painter")), "{found:?}");
    let marked = write::write(&bytes, &options()).unwrap();
    let walk = (media::kind(&marked.as_slice()).unwrap().walk)(&marked.as_slice()).unwrap();
    // One packet before, one after.
    let packets: Vec<_> = walk.texts.iter().filter(|text| text.key == "xmp").collect();
    assert_eq!((packets.len(), packets[0].place.as_str()), (1, "chunk ID3v2 PRIV XMP"));
    assert!(packets[0].value.contains(SOURCE));
    assert_eq!(read::read(&marked).unwrap().digital_source_type.as_deref(), Some(SOURCE));
}

#[test]
fn a_tag_that_is_longer_than_its_chunk_leaves_the_file_unread() {
    let mut tag = id3(3, 0, &id3_frame(b"TIT2", 0, b"\0kept"));
    tag[9] += 2;
    let bytes = with(with(wav(false), b"id3 ", &tag), b"LIST", b"INFO");
    assert_eq!(read::read(&bytes).unwrap_err().code, Code::Broken);
    // What is no tag is none.
    assert!(read::read(&with(wav(false), b"id3 ", b"nothing")).unwrap().sites.is_empty());
}

#[test]
fn texts_of_a_film_that_are_too_long_or_too_many_are_told() {
    let label = [&b"\0\0\0\0"[..], own().as_bytes()].concat();
    let of = |many: usize| mp4(true, &[boxed(b"titl", b"\0\0\0\0\0\0kept").repeat(many), boxed(b"AIGC", &label)].concat(), 0);
    assert_eq!(read::read(&of(4095)).unwrap().sites.len(), 1);
    assert_eq!(read::read(&of(4096)).unwrap_err().code, Code::Limit);
    let long = |length: usize| mp4(true, &boxed(b"AIGC", &[b"{\"Label\":\"1\"}".to_vec(), vec![b' '; length]].concat()), 0);
    assert_eq!(read::read(&long(2 << 20)).unwrap().sites.len(), 1);
    assert_eq!(read::read(&long(16 << 20)).unwrap_err().code, Code::Limit);
    // All of them together, in the movie header and beside it.
    let packet = boxed(b"XMP_", &vec![b' '; 15 << 20]);
    let meta = |count: usize| mp4(true, &packet.repeat(count), 0);
    assert!(read::read(&meta(4)).is_ok());
    assert_eq!(read::read(&meta(5)).unwrap_err().code, Code::Limit);
}

#[test]
fn values_of_all_scripts_of_an_flv_count_together() {
    let values = (1 << 17) + 1;
    let body = [&b"\x02\0\x0AonMetaData\x0A"[..], &(values as u32).to_be_bytes(), &[0; 9].repeat(values)].concat();
    let script =
        [&[18][..], &(body.len() as u32).to_be_bytes()[1..], &[0; 7], &body, &(body.len() as u32 + 11).to_be_bytes()].concat();
    let plain = flv(false);
    let of = |count: usize| [&plain[..13], &script.repeat(count), &plain[13..]].concat();
    assert!(read::read(&of(1)).is_ok());
    assert_eq!(read::read(&of(2)).unwrap_err().code, Code::Limit);
}

#[test]
fn packed_metadata_of_jpeg_xl_is_read_and_what_changes_is_written_plain() {
    let json = own();
    let packet = format!(
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description><t:AIGC \
         xmlns:t='http://www.tc260.org.cn/ns/AIGC/1.0/'>{json}</t:AIGC><d:source xmlns:d='x'>kept</d:source></rdf:Description></rdf:RDF>"
    );
    let bytes = packed_jxl(b"xml ", packet.as_bytes());
    let report = read::read(&bytes).unwrap();
    let site = &report.sites[0];
    assert_eq!((report.sites.len(), site.location.as_str(), &site.raw, &site.problem), (1, "brob box xml", &json, &None));
    assert_eq!(&bytes[site.offset - 4..site.offset], b"brob");
    let marked = write::write(&bytes, &options()).unwrap();
    let report = read::read(&marked).unwrap();
    assert_eq!((report.sites.len(), report.sites[0].location.as_str()), (1, "xml box"));
    assert!(marked.windows(4).any(|window| window == b"kept") && !marked.windows(4).any(|window| window == b"brob"));

    // An EXIF comment: a block with one entry of ImageDescription.
    let short = format!("{{\"Label\":\"1\",\"ContentProducer\":\"{}\"}}\0", record().content_producer);
    let count = (short.len() as u32).to_le_bytes();
    let exif =
        [&[0; 4][..], b"II*\0\x08\0\0\0\x01\0\x0E\x01\x02\0", &count, &26u32.to_le_bytes(), &[0; 4], short.as_bytes()].concat();
    let bytes = packed_jxl(b"Exif", &exif);
    let report = read::read(&bytes).unwrap();
    assert_eq!(report.sites.iter().map(|site| site.location.as_str()).collect::<Vec<_>>(), ["brob box EXIF ImageDescription"]);
    let marked = write::write(&bytes, &options()).unwrap();
    let report = read::read(&marked).unwrap();
    assert_eq!(report.sites.iter().map(|site| site.location.as_str()).collect::<Vec<_>>(), ["xml box"]);
    assert!(marked.windows(8).any(|window| window == b"Exif\0\0\0\0"));
}

#[test]
fn packed_metadata_that_cannot_be_unpacked_is_no_picture_without_a_label() {
    let good = packed_jxl(b"xml ", b"<a/>");
    let at = good.windows(4).position(|window| window == b"brob").unwrap();
    // A stream without its end, of another form, and a bomb.
    let cut = [&good[..at - 4], &boxed(b"brob", b"xml \x30\0\x10<a"), &good[at + 4 + 4 + 3 + 4 + 1..]].concat();
    assert_eq!(read::read(&cut).unwrap_err().code, Code::Broken);
    let mut other = good.clone();
    other[at + 8] = 0xFF;
    assert!(read::read(&other).is_err());
    let block = [&0x1F_FFF0u32.to_le_bytes()[..3], &[b' '; 1 << 16]].concat();
    let mut blocks = block.clone();
    // Further blocks have no window in front: everything stands one bit lower.
    let next = [&0xF_FFF8u32.to_le_bytes()[..3], &[b' '; 1 << 16]].concat();
    blocks.extend(next.repeat(257));
    let bomb = [&good[..at - 4], &boxed(b"brob", &[b"xml ", &blocks[..], &[3]].concat()), &good[at + 16..]].concat();
    assert_eq!(read::read(&bomb).unwrap_err().code, Code::Limit);
}

#[test]
fn a_tiff_of_many_pages_is_read_on_both_paths_and_a_circle_on_none() {
    let sample = tiff(true, false);
    let of = |pages: u32, last: u32| {
        let mut bytes = sample[..80].to_vec();
        for page in 1..=pages {
            bytes.extend(&sample[80..178]);
            bytes.extend((if page < pages { 80 + page * 102 } else { last }).to_le_bytes());
        }
        bytes
    };
    let many = of(3000, 0);
    assert!(container::open(&many).is_ok());
    assert!(read::read(&many).unwrap().sites.is_empty());
    let long = of(16_385, 0);
    assert_eq!(container::open(&long).err().map(|error| error.code), Some(Code::Limit));
    assert_eq!(read::read(&long).unwrap_err().code, Code::Limit);
    let circle = of(3, 80);
    assert_eq!(container::open(&circle).err().map(|error| error.code), Some(Code::Broken));
    assert_eq!(read::read(&circle).unwrap_err().code, Code::Broken);
}

#[test]
fn a_packet_of_a_gif_ends_at_the_same_place_on_both_paths() {
    let marked = write::write(&gif(b"89a"), &options()).unwrap();
    let packet = |bytes: &[u8]| {
        let file = container::open(bytes).unwrap();
        let part = file.with(container::file::Role::Xmp).next().unwrap();
        file.body(part).len()
    };
    let walked = |bytes: &[u8]| (media::kind(&bytes).unwrap().walk)(&bytes).map(|walk| walk.texts[1].value.len());
    assert_eq!(Some(packet(&marked)), walked(&marked).ok());
    // With one byte of the trailer changed the packet counts as one in sub-blocks, on both.
    let mut torn = marked.clone();
    let at = torn.windows(3).position(|window| window == [1, 0xFF, 0xFE]).unwrap();
    torn[at + 100] ^= 1;
    assert_ne!(packet(&torn), packet(&marked));
    assert_ne!(walked(&torn).ok(), walked(&marked).ok());
}
