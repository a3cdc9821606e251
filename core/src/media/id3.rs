//! An ID3v2 tag, versions 2.2 to 2.4: its frames, its texts, and the same tag with other frames.

use super::id3_frame::{KEY, XMP_OWNER, assemble, label, packet_frame, split, string, syncsafe};
use super::kind::{Budget, Text, XMP, text_of};
use crate::error::{Error, Result};
use crate::media::source::Source;
use std::borrow::Cow;
use std::ops::Range;

const HEADER: u64 = 10;
/// Longer texts are no labels.
const MAX_TEXT: usize = 1 << 20;
const MAX_FRAMES: usize = 1 << 14;

/// A tag; positions are those in `body`.
pub(super) struct Tag {
    /// The whole tag in the file, footer included.
    pub(super) span: Range<u64>,
    /// 2, 3 or 4.
    version: u8,
    flags: u8,
    /// What stands between header and footer, of 2.2 and 2.3 without its unsynchronisation.
    body: Vec<u8>,
    /// Positions in `body` before which the file has a zero more.
    removed: Vec<usize>,
    /// The extended header.
    extended: Range<usize>,
    /// Whether the extended header holds a checksum.
    checked: bool,
    frames: Vec<Frame>,
    /// Where padding starts.
    end: usize,
}

struct Frame {
    /// Of 2.2 with a space at the end.
    name: [u8; 4],
    span: Range<usize>,
    body: usize,
    flags: u8,
}

fn big(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte))
}

/// Takes the zeros out that stand behind FF, and says where they were.
fn joined(bytes: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let (mut out, mut removed) = (Vec::with_capacity(bytes.len()), Vec::new());
    let mut before = 0;
    for &byte in bytes {
        if before == 0xFF && byte == 0 {
            removed.push(out.len());
        } else {
            out.push(byte);
        }
        before = byte;
    }
    (out, removed)
}

fn parted(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 16);
    for (at, &byte) in bytes.iter().enumerate() {
        out.push(byte);
        if byte == 0xFF && bytes.get(at + 1).is_none_or(|&next| next == 0 || next >= 0xE0) {
            out.push(0);
        }
    }
    out
}

impl Tag {
    /// Reads the tag that starts at `at`.
    ///
    /// # Errors
    /// `Broken` for what contradicts itself, `Unsupported` for another version, `Limit` for too much.
    pub(super) fn read(source: &dyn Source, at: u64, budget: &mut Budget) -> Result<Self> {
        let place = |inside: usize| usize::try_from(at).unwrap_or(usize::MAX).saturating_add(inside);
        let head = source.read(at, HEADER as usize)?;
        let &[_, _, _, version, _, flags, ref size @ ..] = &*head else {
            return Err(Error::broken("an ID3 tag is cut off", place(0)));
        };
        if !(2..=4).contains(&version) || (version == 2 && flags & 0x40 != 0) {
            return Err(Error::unsupported(format!("ID3v2 of version {version} with flags {flags:02x} is not read")));
        }
        let size = syncsafe(size).ok_or_else(|| Error::broken("an ID3 tag's size is none", place(6)))?;
        let footer = if version == 4 && flags & 0x10 != 0 { HEADER } else { 0 };
        let span = at..at + HEADER + size as u64 + footer;
        if span.end > source.length() {
            return Err(Error::broken("an ID3 tag is longer than the file", place(6)));
        }
        budget.take(size as u64)?;
        let body = source.read(at + HEADER, size)?;
        let (body, removed) = if version < 4 && flags & 0x80 != 0 { joined(&body) } else { (body.into_owned(), Vec::new()) };
        let mut tag = Self { span, version, flags, body, removed, extended: 0..0, checked: false, frames: Vec::new(), end: 0 };
        if version > 2 && flags & 0x40 != 0 {
            let number = tag.body.get(..4).unwrap_or_default();
            let length = if version == 4 { syncsafe(number) } else { Some(4 + big(number)) };
            let length = length.filter(|&length| length >= 6 && length <= tag.body.len());
            tag.extended =
                0..length.ok_or_else(|| Error::broken("an ID3 tag's extended header is longer than the tag", place(10)))?;
            let (at, bit) = if version == 4 { (5, 0x20) } else { (4, 0x80) };
            tag.checked = tag.body.get(at).is_some_and(|flags| flags & bit != 0);
        }
        tag.end = tag.extended.end;
        while tag.body.get(tag.end).is_some_and(|&byte| byte != 0) {
            let frame = tag
                .frame(tag.end)
                .ok_or_else(|| Error::broken("an ID3 frame is cut off, or is none", tag.place(tag.end) as usize))?;
            if tag.frames.len() >= MAX_FRAMES {
                return Err(Error::limit(format!("an ID3 tag has more than {MAX_FRAMES} frames")));
            }
            tag.end = frame.span.end;
            tag.frames.push(frame);
        }
        Ok(tag)
    }

    /// Where a position is in the file.
    fn place(&self, at: usize) -> u64 {
        self.span.start + HEADER + (at + self.removed.partition_point(|&zero| zero <= at)) as u64
    }

    fn frame(&self, at: usize) -> Option<Frame> {
        let rest = self.body.get(at..)?;
        let named = |name: &[u8]| {
            let (first, more) = name.split_first()?;
            let letter = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
            // Names of 2.2 in a tag of 2.3 were written, too.
            (letter(first) && more.iter().all(|byte| letter(byte) || matches!(byte, 0 | b' '))).then_some(())
        };
        if self.version == 2 {
            let &[a, b, c, ref size @ ..] = rest.first_chunk::<6>()?;
            named(&[a, b, c])?;
            let end = at + 6 + big(size);
            return (end <= self.body.len()).then_some(Frame { name: [a, b, c, b' '], span: at..end, body: at + 6, flags: 0 });
        }
        let &[a, b, c, d, e, f, g, h, _, flags] = rest.first_chunk::<10>()?;
        let (name, size, body) = ([a, b, c, d], [e, f, g, h], at + 10);
        named(&name)?;
        let fits = |size: usize| body.checked_add(size).filter(|&end| end <= self.body.len());
        let follows = |end: usize| {
            self.body
                .get(end..)
                .is_some_and(|rest| rest.first().is_none_or(|&byte| byte == 0) || rest.get(..4).and_then(named).is_some())
        };
        let plain = fits(big(&size));
        let end = match self.version {
            3 => plain?,
            // Sizes of eight bits a byte were written into tags of 2.4, too.
            _ => match syncsafe(&size).and_then(fits) {
                Some(end) if follows(end) || !plain.is_some_and(follows) => end,
                _ => plain?,
            },
        };
        Some(Frame { name, span: at..end, body, flags })
    }

    /// What a frame holds and where that starts, `None` where it is encrypted.
    fn content(&self, frame: &Frame) -> Option<(Cow<'_, [u8]>, usize)> {
        let flag = |bit: u8| frame.flags & bit != 0;
        let (skip, packed, secret) = match self.version {
            4 => (usize::from(flag(0x40)) + 4 * usize::from(flag(1)), flag(8), flag(4)),
            3 => (usize::from(flag(0x20)) + 4 * usize::from(flag(0x80)), flag(0x80), flag(0x40)),
            _ => (0, false, false),
        };
        let start = frame.body + skip;
        let bytes = self.body.get(start..frame.span.end).filter(|_| !secret)?;
        let mut content = Cow::Borrowed(bytes);
        if self.version == 4 && (flag(2) || self.flags & 0x80 != 0) {
            let (whole, removed) = joined(bytes);
            if !removed.is_empty() {
                content = Cow::Owned(whole);
            }
        }
        if packed {
            content = Cow::Owned(miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(&content, MAX_TEXT).ok()?);
        }
        Some((content, start))
    }

    /// Every text that may be a label, with its frame; `official`: whether TXXX is the label's place.
    ///
    /// # Errors
    /// `Limit` for a label that is too long, and as `Budget::take`.
    pub(super) fn texts(&self, official: bool, budget: &mut Budget) -> Result<Vec<(usize, Text)>> {
        let mut texts = Vec::new();
        for (index, frame) in self.frames.iter().enumerate() {
            let private = &frame.name == b"PRIV";
            if frame.name[0] != b'T' && !private && !matches!(&frame.name, b"COMM" | b"COM ") {
                continue;
            }
            let Some((content, base)) = self.content(frame) else { continue };
            let name = text_of(&frame.name).trim_end_matches([' ', '\0']).to_owned();
            let (place, key, value) = if private {
                let Some(packet) = content.strip_prefix(XMP_OWNER) else { continue };
                ("ID3v2 PRIV XMP".to_owned(), XMP.to_owned(), packet)
            } else {
                let Some((&encoding, rest)) = content.split_first() else { continue };
                match &frame.name {
                    b"TXXX" | b"TXX " => {
                        let (key, value) = split(encoding, rest);
                        let key = string(encoding, key);
                        (format!("ID3v2 {name} {key}"), key, value)
                    }
                    b"COMM" | b"COM " => (format!("ID3v2 {name}"), name, split(encoding, rest.get(3..).unwrap_or_default()).1),
                    _ => (format!("ID3v2 {name}"), name, rest),
                }
            };
            let label = key == KEY;
            if value.len() > MAX_TEXT && (label || private) {
                return Err(Error::limit(format!("{place} is longer than {MAX_TEXT} bytes")));
            }
            if value.len() > MAX_TEXT {
                continue;
            }
            budget.take(value.len() as u64)?;
            let inside = if matches!(content, Cow::Borrowed(_)) { content.len() - value.len() } else { 0 };
            let offset = self.place(base + inside);
            let value = if private { text_of(value) } else { string(content.first().copied().unwrap_or(0), value) };
            texts.push((index, Text { place, key, value, offset, official: official && label }));
        }
        Ok(texts)
    }

    /// Whether a C2PA manifest is there (C2PA 2.1, A.3.4: GEOB).
    pub(super) fn c2pa(&self) -> bool {
        let manifest = |content: &[u8]| {
            let kind = content.get(1..).unwrap_or_default();
            kind.starts_with(b"application/x-c2pa-manifest-store\0") || kind.starts_with(b"application/c2pa\0")
        };
        let mut objects = self.frames.iter().filter(|frame| &frame.name == b"GEOB");
        objects.any(|frame| self.content(frame).is_some_and(|(content, _)| manifest(&content)))
    }

    /// A TXXX frame with the label, in this tag's version.
    pub(super) fn label(&self, json: &str) -> Result<Vec<u8>> {
        label(self.version, json)
    }

    /// A PRIV frame with an XMP packet; `None`: version 2.2 has none.
    pub(super) fn packet(&self, packet: &str) -> Result<Option<Vec<u8>>> {
        if self.version == 2 { Ok(None) } else { packet_frame(self.version, packet).map(Some) }
    }

    /// The tag with frames changed or (empty) taken out, and with more at the end. Padding stays, and an extended header
    /// without a checksum.
    ///
    /// # Errors
    /// `Limit` where that is too long.
    pub(super) fn with(&self, changed: &[(usize, Vec<u8>)], more: &[Vec<u8>]) -> Result<Vec<u8>> {
        let part = |range: Range<usize>| self.body.get(range).unwrap_or_default();
        let mut flags = self.flags;
        let mut body = Vec::with_capacity(self.body.len() + more.iter().map(Vec::len).sum::<usize>());
        if self.checked {
            flags &= !0x40;
        } else {
            body.extend_from_slice(part(self.extended.clone()));
        }
        for (index, frame) in self.frames.iter().enumerate() {
            match changed.iter().find(|(one, _)| *one == index) {
                Some((_, bytes)) => body.extend_from_slice(bytes),
                None => body.extend_from_slice(part(frame.span.clone())),
            }
        }
        more.iter().for_each(|frame| body.extend_from_slice(frame));
        body.extend_from_slice(part(self.end..self.body.len()));
        if self.version < 4 && flags & 0x80 != 0 {
            // A new text with FF inside must be found in the bytes as it is; only players from before ID3 would mind.
            match more.iter().any(|frame| frame.contains(&0xFF)) {
                true => flags &= !0x80,
                false => body = parted(&body),
            }
        }
        assemble(self.version, flags, &body)
    }
}
