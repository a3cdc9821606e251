//! MP3 and AAC as a row of frames (ADTS), in ID3v2 tags: TXXX with the description `AIGC` (TC260-PG-202510A for MP3; for AAC, and
//! in versions of ID3v2 before 2.4, our own convention), DigitalSourceType in the XMP packet of a PRIV frame (XMP part 3, MP3).
//!
//! Coded is what stands between the tags: the frames, with those of Xing, Info and LAME.

use super::flac;
use super::kind::{Budget, Label, Media, Walk};
use super::source::{Source, Splice, Window, replace};
use super::tagged::Tagged;
use crate::error::{Error, Result};

/// The row of the table. FLAC behind an ID3 tag is told only behind the tag.
pub(super) const MEDIA: Media = Media { name: "MP3 and AAC", matches, walk, write };
/// Bytes behind the tags in which a first frame must start.
const SEARCH: u64 = 1 << 16;
const FLAC: &[u8; 4] = b"fLaC";

fn matches(head: &[u8]) -> bool {
    head.starts_with(b"ID3") || mime(head).is_some()
}

/// How long the frame is that starts here, and the type of its file.
fn frame(bytes: &[u8]) -> Option<(usize, &'static str)> {
    let &[0xFF, b, c, d] = bytes.first_chunk::<4>()? else { return None };
    if b & 0xF6 == 0xF0 {
        // ADTS (ISO/IEC 13818-7, 6.2): a rate that exists, and a length in 13 bits.
        let &[_, _, _, _, e, f, _] = bytes.first_chunk::<7>()?;
        let length = usize::from(d & 3) << 11 | usize::from(e) << 3 | usize::from(f >> 5);
        return ((c >> 2 & 15) < 13 && length > 7).then_some((length, "audio/aac"));
    }
    // Layer III (ISO/IEC 11172-3, 2.4.1.3), with the quarter rates of "MPEG 2.5".
    let (version, bits, rate) = (b >> 3 & 3, usize::from(c >> 4), c >> 2 & 3);
    if b & 0xE6 != 0xE2 || version == 1 || bits == 0 || bits == 15 || rate == 3 {
        return None;
    }
    const LONG: [usize; 14] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const SHORT: [usize; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let hertz = [44_100, 48_000, 32_000].get(usize::from(rate))? / if version == 3 { 1 } else { 4 >> (version >> 1) };
    let (table, factor) = if version == 3 { (LONG, 144_000) } else { (SHORT, 72_000) };
    Some((factor * table.get(bits - 1)? / hertz + usize::from(c >> 1 & 1), "audio/mpeg"))
}

/// The type of the frames that start here, where the next one is as far as it can be seen.
fn mime(bytes: &[u8]) -> Option<&'static str> {
    let (length, mime) = frame(bytes)?;
    let next = bytes.get(length..).filter(|rest| rest.len() >= 7);
    next.is_none_or(|rest| frame(rest).is_some_and(|(_, other)| other == mime)).then_some(mime)
}

fn walk(source: &dyn Source) -> Result<Walk> {
    let source = &Window::new(source) as &dyn Source;
    let mut budget = Budget::new();
    let tagged = Tagged::of(source, &mut budget)?;
    let inside = tagged.inside.clone();
    let head = source.read(inside.start, (inside.end - inside.start).min(SEARCH) as usize)?;
    if head.starts_with(FLAC) {
        return flac::walk_tagged(source, &tagged, &mut budget);
    }
    let mime = (0..head.len()).find_map(|at| mime(head.get(at..)?));
    let nothing = || Error::broken("there are no frames of MP3, AAC or FLAC behind the ID3 tag", inside.start as usize);
    let mime = mime.ok_or_else(nothing)?;
    let (texts, c2pa) = tagged.texts(true, &mut budget)?;
    Ok(Walk { mime, texts, coded: vec![inside], c2pa })
}

fn write(source: &dyn Source, walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>> {
    let tagged = Tagged::of(source, &mut Budget::new())?;
    let inside = &tagged.inside;
    if *source.read(inside.start, (inside.end - inside.start).min(4) as usize)? == *FLAC {
        return flac::write_tagged(source, &tagged, walk, label, drop);
    }
    let dropped: Vec<u64> = drop.iter().filter_map(|&index| walk.texts.get(index)).map(|text| text.offset).collect();
    replace(source.length(), tagged.cuts(label, &dropped)?)
}
