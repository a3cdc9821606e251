//! Tags around the frames of a sound file: ID3v2 in front; ID3v2.4, APE, Lyrics3 and ID3v1 behind. A label is written into ID3v2 only.

use super::ape::Ape;
use super::id3::Tag;
use super::id3_frame::{fresh, syncsafe};
use super::kind::{Budget, Label, Text, XMP, in_order, without_label};
use super::source::Source;
use crate::error::{Error, Result};
use std::ops::Range;

/// What is replaced in a file.
pub(super) type Cuts = Vec<(Range<u64>, Vec<u8>)>;
/// The most tags in a row.
const MAX_TAGS: usize = 64;

/// The tags of a file and what they enclose.
pub(super) struct Tagged {
    tags: Vec<Tag>,
    apes: Vec<Ape>,
    /// How many of the tags stand in front.
    front: usize,
    /// The ID3v1 tag.
    first: Option<[u8; 128]>,
    /// What is between the tags.
    pub(super) inside: Range<u64>,
}

impl Tagged {
    /// Finds all tags.
    ///
    /// # Errors
    /// As `Tag::read`; `Limit` for too many tags.
    pub(super) fn of(source: &dyn Source, budget: &mut Budget) -> Result<Self> {
        let (mut tags, mut at) = (Vec::new(), 0);
        while at < source.length() && *source.read(at, (source.length() - at).min(3) as usize)? == *b"ID3" {
            let tag = Tag::read(source, at, budget)?;
            at = tag.span.end;
            tags.push(tag);
            if tags.len() > MAX_TAGS {
                return Err(Error::limit(format!("there are more than {MAX_TAGS} ID3 tags")));
            }
        }
        let (front, mut end, mut apes) = (tags.len(), source.length(), Vec::new());
        for _ in 0..MAX_TAGS {
            let Some(start) = behind(source, at, end)? else { break };
            let foot = end.checked_sub(32).filter(|&foot| foot >= start);
            if *source.read(start, 3)? == *b"ID3" {
                tags.push(Tag::read(source, start, budget)?);
            } else if let Some(foot) = foot
                && *source.read(foot, 8)? == *b"APETAGEX"
            {
                apes.push(Ape::read(source, start..end, budget)?);
            }
            end = start;
        }
        let last = source.length().saturating_sub(128);
        let first = if last >= end { source.read(last, 128)?.first_chunk().copied() } else { None };
        let first = first.filter(|tag: &[u8; 128]| tag.starts_with(b"TAG"));
        Ok(Self { tags, apes, front, first, inside: at..end })
    }

    /// All texts in file order, and whether a C2PA manifest is there. `official`: whether a tag is the label's place.
    ///
    /// # Errors
    /// As `Tag::texts`.
    pub(super) fn texts(&self, official: bool, budget: &mut Budget) -> Result<(Vec<Text>, bool)> {
        let mut texts = Vec::new();
        for tag in &self.tags {
            texts.extend(tag.texts(official, budget)?.into_iter().map(|(_, text)| text));
        }
        for ape in &self.apes {
            texts.extend(ape.texts(budget)?);
        }
        in_order(&mut texts);
        Ok((texts, self.tags.iter().any(Tag::c2pa)))
    }

    /// How the tags change: texts at the offsets `dropped` go, and the label comes, into the first tag or a new one.
    ///
    /// # Errors
    /// As `Tag::with` and `Label::packet`.
    pub(super) fn cuts(&self, label: &Label, dropped: &[u64]) -> Result<Cuts> {
        let source_type = Label { aigc: None, ..label.clone() };
        let mut placed = label.digital_source_type.is_none();
        let (mut cuts, mut changes) = (Vec::new(), Vec::new());
        for (number, tag) in self.tags.iter().enumerate() {
            let mut changed = Vec::new();
            for (index, text) in tag.texts(false, &mut Budget::new())? {
                let gone = dropped.contains(&text.offset);
                if text.key != XMP {
                    changed.extend(gone.then(|| (index, Vec::new())));
                    continue;
                }
                let mut packet = text.value.clone();
                if gone {
                    packet = without_label(&packet)?;
                }
                if !placed && number < self.front {
                    packet = source_type.packet(Some(&packet))?;
                    placed = true;
                }
                if packet != text.value {
                    changed.extend(tag.packet(&packet)?.map(|frame| (index, frame)));
                }
            }
            changes.push(changed);
        }
        let packet = if placed { None } else { Some(source_type.packet(None)?) };
        if self.front == 0 && (label.aigc.is_some() || packet.is_some()) {
            cuts.push((0..0, fresh(label.aigc.as_deref(), packet.as_deref(), self.first.as_ref())?));
        }
        for (number, (tag, changed)) in self.tags.iter().zip(changes).enumerate() {
            let mut more = Vec::new();
            if number == 0 && self.front > 0 {
                more.extend(label.aigc.as_deref().map(|json| tag.label(json)).transpose()?);
                more.extend(packet.as_deref().map(|packet| tag.packet(packet)).transpose()?.flatten());
            }
            if !changed.is_empty() || !more.is_empty() {
                cuts.push((tag.span.clone(), tag.with(&changed, &more)?));
            }
        }
        cuts.extend(self.apes.iter().filter_map(|ape| Some((ape.span.clone(), ape.without(dropped)?))));
        Ok(cuts)
    }
}

/// Where the tag starts that ends at `end`, if there is one behind `start`.
fn behind(source: &dyn Source, start: u64, end: u64) -> Result<Option<u64>> {
    let room = end - start;
    let tail = source.read(end - room.min(128), room.min(128) as usize)?;
    let last = |count: usize| tail.len().checked_sub(count).and_then(|from| tail.get(from..)).unwrap_or_default();
    if last(128).starts_with(b"TAG") {
        return Ok(Some(end - 128));
    }
    let starts = |length: u64, name: &[u8]| -> Result<Option<u64>> {
        let Some(at) = end.checked_sub(length).filter(|&at| at >= start && length >= name.len() as u64) else { return Ok(None) };
        Ok((*source.read(at, name.len())? == *name).then_some(at))
    };
    if let [b'3', b'D', b'I', _, _, _, size @ ..] = last(10) {
        return syncsafe(size).map_or(Ok(None), |size| starts(size as u64 + 20, b"ID3"));
    }
    if last(9) == b"LYRICS200" {
        let digits = last(15).get(..6).and_then(|digits| str::from_utf8(digits).ok()?.parse::<u64>().ok());
        return digits.map_or(Ok(None), |size| starts(size + 15, b"LYRICSBEGIN"));
    }
    if let [b'A', b'P', b'E', b'T', b'A', b'G', b'E', b'X', _, _, _, _, a, b, c, d, _, _, _, _, _, _, _, flags, ..] = last(32) {
        // The size counts items and footer; a header is beside it.
        let size = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
        return if flags & 0x80 != 0 { starts(size + 32, b"APETAGEX") } else { starts(size.max(32), b"") };
    }
    Ok(None)
}
