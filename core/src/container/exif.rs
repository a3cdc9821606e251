//! EXIF blocks (TIFF 6.0 structure, CIPA DC-008): what is read from them, and the two changes that move no byte.
//!
//! A block is never rebuilt: maker notes hold offsets that nobody can follow. What must go is overwritten where it stands.

use super::file::text_of;
use std::ops::Range;

const ORIENTATION: u16 = 0x0112;
const IMAGE_DESCRIPTION: u16 = 0x010E;
const EXIF_IFD: u16 = 0x8769;
const USER_COMMENT: u16 = 0x9286;
const TEXTS: [(u16, &str); 4] = [(0x010F, "Make"), (0x0110, "Model"), (0x0131, "Software"), (0x013B, "Artist")];
const THUMBNAIL_OFFSET: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;
const STRIP_OFFSETS: u16 = 0x0111;
const STRIP_LENGTHS: u16 = 0x0117;

/// One entry of a directory.
struct Entry {
    tag: u16,
    kind: u16,
    count: u32,
    /// Where its value stands in the block, inline or not.
    value: Range<usize>,
}

/// A directory: its own bytes, entries, and the offset of the next one.
struct Directory {
    span: Range<usize>,
    entries: Vec<Entry>,
    next: u32,
}

/// A text in an EXIF block that may hold a label.
pub struct Comment {
    /// `UserComment` or `ImageDescription`.
    pub tag: &'static str,
    /// Where the text stands in the block, character-code prefix left out.
    pub span: Range<usize>,
}

/// What is read from a block. A broken directory reads as one that ends early: EXIF in the wild is often damaged, and
/// nothing that is decided here depends on an absent entry.
pub struct Exif<'a> {
    bytes: &'a [u8],
    little: bool,
    first: Directory,
}

impl<'a> Exif<'a> {
    /// Reads the first directory of a block that starts with `II*\0` or `MM\0*`; `None` for anything else.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let little = match bytes.get(..4)? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        let at = number(bytes, 4, 4, little)?;
        let first = directory(bytes, at, little)?;
        Some(Self { bytes, little, first })
    }

    /// EXIF orientation 1-8, if the block names a valid one.
    pub fn orientation(&self) -> Option<u8> {
        let entry = self.first.entries.iter().find(|entry| entry.tag == ORIENTATION)?;
        let value = match entry.kind {
            3 => number(self.bytes, entry.value.start, 2, self.little)?,
            4 => number(self.bytes, entry.value.start, 4, self.little)?,
            _ => return None,
        };
        u8::try_from(value).ok().filter(|value| (1..=8).contains(value))
    }

    /// Whether a second directory, that of the thumbnail, is there.
    pub fn has_thumbnail(&self) -> bool {
        self.second().is_some_and(|second| !second.entries.is_empty())
    }

    /// UserComment and ImageDescription.
    pub fn comments(&self) -> Vec<Comment> {
        let mut found = Vec::new();
        let mut take = |entry: &Entry, tag, prefix: usize| {
            // `ASCII\0\0\0`, `UNICODE\0`, `JIS\0\0\0\0\0` or eight NULs stand before the text of a UserComment.
            let start = (entry.value.start + prefix).min(entry.value.end);
            found.push(Comment { tag, span: start..entry.value.end });
        };
        for entry in &self.first.entries {
            match entry.tag {
                IMAGE_DESCRIPTION => take(entry, "ImageDescription", 0),
                USER_COMMENT => take(entry, "UserComment", 8),
                _ => {}
            }
        }
        for entry in self.exif_directory().iter().flat_map(|directory| &directory.entries) {
            if entry.tag == USER_COMMENT {
                take(entry, "UserComment", 8);
            }
        }
        found
    }

    /// The text of a comment: UTF-8 or Latin-1, or UTF-16 behind `UNICODE\0`.
    pub fn text(&self, comment: &Comment) -> String {
        let bytes = self.bytes.get(comment.span.clone()).unwrap_or_default();
        let before = self.bytes.get(comment.span.start.saturating_sub(8)..comment.span.start);
        if comment.tag == "UserComment" && before == Some(b"UNICODE\0") {
            // Writers disagree on the byte order; a label starts with an ASCII sign, whose high byte is zero.
            let little = if bytes.first() == Some(&0) { false } else { bytes.get(1) == Some(&0) || self.little };
            let units = bytes.chunks_exact(2).filter_map(|pair| pair.first_chunk::<2>().copied());
            let units = units.map(|pair| if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) });
            return char::decode_utf16(units).map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        }
        text_of(bytes)
    }

    /// Software, Artist, Make, Model and the comments, as name and text.
    pub fn texts(&self) -> Vec<(&'static str, String)> {
        let mut found: Vec<_> = self.comments().iter().map(|comment| (comment.tag, self.text(comment))).collect();
        for entry in &self.first.entries {
            let Some((_, name)) = TEXTS.iter().find(|(tag, _)| *tag == entry.tag) else { continue };
            let bytes = self.bytes.get(entry.value.clone()).unwrap_or_default();
            found.push((name, text_of(bytes)));
        }
        found
    }

    fn second(&self) -> Option<Directory> {
        if self.first.next == 0 {
            return None;
        }
        directory(self.bytes, self.first.next, self.little)
    }

    fn exif_directory(&self) -> Option<Directory> {
        let entry = self.first.entries.iter().find(|entry| entry.tag == EXIF_IFD)?;
        directory(self.bytes, number(self.bytes, entry.value.start, 4, self.little)?, self.little)
    }

    /// Where the thumbnail's coded bytes stand.
    fn thumbnail(&self) -> Vec<Range<usize>> {
        let Some(second) = self.second() else { return Vec::new() };
        let numbers = |tag: u16| -> Vec<usize> {
            let Some(entry) = second.entries.iter().find(|entry| entry.tag == tag) else { return Vec::new() };
            let size = if entry.kind == 3 { 2 } else { 4 };
            let count = (entry.count as usize).min(entry.value.len() / size);
            (0..count)
                .filter_map(|i| number(self.bytes, entry.value.start + i * size, size, self.little))
                .map(|value| value as usize)
                .collect()
        };
        let pair = |offsets: u16, lengths: u16| {
            numbers(offsets)
                .into_iter()
                .zip(numbers(lengths))
                .map(|(at, length)| at..at.saturating_add(length))
                .collect::<Vec<_>>()
        };
        let mut ranges = pair(THUMBNAIL_OFFSET, THUMBNAIL_LENGTH);
        ranges.extend(pair(STRIP_OFFSETS, STRIP_LENGTHS));
        ranges.retain(|range| range.start >= 8 && range.end <= self.bytes.len());
        ranges
    }
}

/// The block without its thumbnail: the pointer to the second directory is zero and the coded bytes are blank; all else
/// stays where it is. `None` when there is no thumbnail.
pub fn without_thumbnail(bytes: &[u8]) -> Option<Vec<u8>> {
    let exif = Exif::parse(bytes)?;
    if exif.first.next == 0 {
        return None;
    }
    // A hostile block may point its thumbnail at its own directories or values: what is in use is not blanked.
    let mut used = vec![exif.first.span.clone()];
    used.extend(exif.first.entries.iter().map(|entry| entry.value.clone()));
    if let Some(directory) = exif.exif_directory() {
        used.push(directory.span.clone());
        used.extend(directory.entries.iter().map(|entry| entry.value.clone()));
    }
    let mut out = bytes.to_vec();
    let pointer = exif.first.span.end.checked_sub(4)?;
    out.get_mut(pointer..exif.first.span.end)?.fill(0);
    for range in exif.thumbnail() {
        if used.iter().all(|other| range.end <= other.start || other.end <= range.start) {
            out.get_mut(range)?.fill(0);
        }
    }
    Some(out)
}

fn number(bytes: &[u8], at: usize, size: usize, little: bool) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(size)?)?;
    Some(match (bytes, little) {
        (&[a, b], true) => u16::from_le_bytes([a, b]).into(),
        (&[a, b], false) => u16::from_be_bytes([a, b]).into(),
        (&[a, b, c, d], true) => u32::from_le_bytes([a, b, c, d]),
        (&[a, b, c, d], false) => u32::from_be_bytes([a, b, c, d]),
        _ => return None,
    })
}

fn directory(bytes: &[u8], at: u32, little: bool) -> Option<Directory> {
    let start = at as usize;
    let count = number(bytes, start, 2, little)? as usize;
    let end = start + 2 + 12 * count;
    if start < 8 || end > bytes.len() {
        return None;
    }
    // Some writers leave the last four bytes out.
    let next = number(bytes, end, 4, little);
    let mut entries = Vec::with_capacity(count);
    for at in (start + 2..end).step_by(12) {
        let tag = number(bytes, at, 2, little)? as u16;
        let kind = number(bytes, at + 2, 2, little)? as u16;
        let count = number(bytes, at + 4, 4, little)?;
        let size: u64 = match kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 => 8,
            _ => continue,
        };
        let length = size * u64::from(count);
        let from = if length <= 4 { at + 8 } else { number(bytes, at + 8, 4, little)? as usize };
        let Some(to) = usize::try_from(length).ok().and_then(|length| from.checked_add(length)) else { continue };
        if to > bytes.len() {
            continue;
        }
        entries.push(Entry { tag, kind, count, value: from..to });
    }
    let span = start..if next.is_some() { end + 4 } else { end };
    Some(Directory { span, entries, next: next.unwrap_or(0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::samples;

    #[test]
    fn orientation_comment_and_thumbnail_are_read_in_both_byte_orders() {
        for little in [true, false] {
            let block = samples::exif(little, 6, "hello", &[0xFF, 0xD8, 1, 2, 3, 0xFF, 0xD9]);
            let exif = Exif::parse(&block).unwrap();
            assert_eq!(exif.orientation(), Some(6));
            assert!(exif.has_thumbnail());
            let comments = exif.comments();
            assert_eq!(comments.len(), 1);
            assert_eq!(&block[comments[0].span.clone()], b"hello");
        }
    }

    #[test]
    fn the_thumbnail_goes_and_nothing_else_changes() {
        let thumbnail = [0xFF, 0xD8, 1, 2, 3, 0xFF, 0xD9];
        let block = samples::exif(true, 6, "hello", &thumbnail);
        let out = without_thumbnail(&block).unwrap();
        assert_eq!(out.len(), block.len());
        let exif = Exif::parse(&out).unwrap();
        assert!(!exif.has_thumbnail());
        assert_eq!(exif.orientation(), Some(6));
        assert!(!crate::container::file::contains(&out, &thumbnail));
        let changed = block.iter().zip(&out).filter(|(a, b)| a != b).count();
        assert!(changed <= thumbnail.len() + 4, "{changed}");
        assert!(without_thumbnail(&out).is_none());
    }

    #[test]
    fn a_thumbnail_that_points_at_the_directory_blanks_nothing() {
        let mut block = samples::exif(true, 6, "hello", &[9; 40]);
        // The offset entry of the second directory is made to point at the first directory.
        let next = u32::from_le_bytes(block[8 + 2 + 24..8 + 2 + 28].try_into().unwrap()) as usize;
        block[next + 2 + 8..next + 2 + 12].copy_from_slice(&8u32.to_le_bytes());
        let out = without_thumbnail(&block).unwrap();
        assert_eq!(Exif::parse(&out).unwrap().orientation(), Some(6));
    }
}
