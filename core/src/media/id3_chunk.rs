//! ID3v2 tags in a chunk of WAV (`id3 `, `ID3 `) or AIFF (`ID3 `), as many programs write them beside the format's own texts. No
//! guide puts a label there: it is found and, if it is one's own, taken out; the frames that stay are kept.

use super::id3::Tag;
use super::kind::{Budget, Text, Walk, XMP};
use super::source::Source;
use crate::error::{Error, Result};
use std::ops::Range;

/// Whether a chunk of this name holds tags.
pub(super) fn is(name: &[u8; 4]) -> bool {
    name.eq_ignore_ascii_case(b"id3 ")
}

/// The tags of a chunk, and where they end. What does not start as one is none: nobody reads it.
fn tags(source: &dyn Source, body: &Range<u64>, budget: &mut Budget) -> Result<(Vec<Tag>, u64)> {
    let (mut tags, mut at) = (Vec::new(), body.start);
    while at + 10 <= body.end && *source.read(at, 3)? == *b"ID3" {
        let tag = Tag::read(source, at, budget)?;
        if tag.span.end > body.end {
            return Err(Error::broken("an ID3 tag is longer than its chunk", usize::try_from(at).unwrap_or(usize::MAX)));
        }
        at = tag.span.end;
        tags.push(tag);
    }
    Ok((tags, at))
}

/// All texts of a chunk, and whether a C2PA manifest is there.
///
/// # Errors
/// As `Tag::read` and `Tag::texts`; `Broken` for a tag that is longer than its chunk.
pub(super) fn texts(source: &dyn Source, body: &Range<u64>, budget: &mut Budget) -> Result<(Vec<Text>, bool)> {
    let (mut texts, mut c2pa) = (Vec::new(), false);
    for tag in tags(source, body, budget)?.0 {
        c2pa |= tag.c2pa();
        let found = tag.texts(false, budget)?.into_iter();
        texts.extend(found.map(|(_, text)| Text { place: format!("chunk {}", text.place), ..text }));
    }
    Ok((texts, c2pa))
}

/// The body of a chunk without the texts of `walk` at the indices `drop`, and with these packets, of its own, changed; `None` where
/// it stays as it is.
///
/// # Errors
/// As [`texts`] and `Tag::with`.
pub(super) fn changed(
    source: &dyn Source,
    body: &Range<u64>,
    walk: &Walk,
    drop: &[usize],
    packets: &[(Option<usize>, String)],
) -> Result<Option<Vec<u8>>> {
    let (tags, end) = tags(source, body, &mut Budget::new())?;
    let (mut out, mut any) = (Vec::new(), false);
    for tag in tags {
        let mut frames = Vec::new();
        for (frame, text) in tag.texts(false, &mut Budget::new())? {
            let index = walk.texts.iter().position(|one| one.offset == text.offset && one.key == text.key);
            let packet = packets.iter().find(|(other, _)| index.is_some() && *other == index);
            if let Some((_, packet)) = packet {
                frames.extend(tag.packet(packet)?.map(|bytes| (frame, bytes)));
            } else if text.key != XMP && index.is_some_and(|index| drop.contains(&index)) {
                frames.push((frame, Vec::new()));
            }
        }
        any |= !frames.is_empty();
        out.extend(match frames.is_empty() {
            true => source.read(tag.span.start, (tag.span.end - tag.span.start) as usize)?.into_owned(),
            false => tag.with(&frames, &[])?,
        });
    }
    if !any {
        return Ok(None);
    }
    out.extend_from_slice(&source.read(end, (body.end - end) as usize)?);
    Ok(Some(out))
}
