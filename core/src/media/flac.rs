//! FLAC (RFC 9639): the label is the comment `AIGC` of the block VORBIS_COMMENT (TC260-PG-202510A); nothing names a place for
//! DigitalSourceType. Coded are the frames. ID3 tags around the file, which the format does not know, are tolerated.

use super::kind::{Budget, Label, Media, Walk, in_order};
use super::source::{Source, Splice, Window, replace};
use super::tagged::Tagged;
use super::vorbis_comment::{Comments, empty};
use crate::error::{Error, Result};
use std::ops::Range;

/// The row of the table.
pub(super) const MEDIA: Media = Media { name: "FLAC", matches: |head| head.starts_with(b"fLaC"), walk, write };
const MAX_BLOCKS: usize = 4096;
const STREAMINFO: u8 = 0;
const VORBIS_COMMENT: u8 = 4;

/// A metadata block; the header is four bytes.
struct Block {
    kind: u8,
    last: bool,
    body: Range<u64>,
}

fn broken(message: &str, at: u64) -> Error {
    Error::broken(message, usize::try_from(at).unwrap_or(usize::MAX))
}

/// The blocks, and where the frames start.
fn blocks(source: &dyn Source, inside: &Range<u64>) -> Result<(Vec<Block>, u64)> {
    let (mut blocks, mut at): (Vec<Block>, u64) = (Vec::new(), inside.start + 4);
    loop {
        let head = if at + 4 <= inside.end { source.read(at, 4)? } else { Default::default() };
        let &[kind, a, b, c] = &*head else { return Err(broken("the FLAC ends inside its metadata", at)) };
        let body = at + 4..at + 4 + u64::from(u32::from_be_bytes([0, a, b, c]));
        if body.end > inside.end {
            return Err(broken("a FLAC block's length points outside the file", at));
        }
        if blocks.is_empty() && (kind & 127 != STREAMINFO || body.end - body.start != 34) {
            return Err(broken("the first block of the FLAC is not its STREAMINFO", at));
        }
        if kind & 127 == 127 {
            return Err(broken("a FLAC block's type is none", at));
        }
        if blocks.len() >= MAX_BLOCKS {
            return Err(Error::limit(format!("the FLAC has more than {MAX_BLOCKS} metadata blocks")));
        }
        at = body.end;
        let last = kind & 128 != 0;
        blocks.push(Block { kind: kind & 127, last, body });
        if last {
            break;
        }
    }
    let sync = if at + 2 <= inside.end { source.read(at, 2)? } else { Default::default() };
    match &*sync {
        [0xFF, second] if second & 0xFE == 0xF8 => Ok((blocks, at)),
        _ => Err(broken("there are no FLAC frames behind the metadata", at)),
    }
}

fn body<'a>(source: &'a dyn Source, block: &Block, budget: &mut Budget) -> Result<std::borrow::Cow<'a, [u8]>> {
    let count = block.body.end - block.body.start;
    budget.take(count)?;
    source.read(block.body.start, count as usize)
}

/// The samples of one FLAC with the blocks of another; those that speak of the samples (STREAMINFO, SEEKTABLE, CUESHEET) are its own.
///
/// # Errors
/// `Broken` as the walk of either.
pub(super) fn carry(source: &dyn Source, from: &Range<u64>, encoded: &dyn Source, into: &Range<u64>) -> Result<Vec<u8>> {
    const OF_SAMPLES: [u8; 3] = [STREAMINFO, 3, 5];
    let ((theirs, _), (own, frames)) = (blocks(source, from)?, blocks(encoded, into)?);
    let mut rows = Vec::new();
    for block in own.iter().filter(|block| OF_SAMPLES.contains(&block.kind)) {
        rows.push((block.kind, body(encoded, block, &mut Budget::new())?));
    }
    for block in theirs.iter().filter(|block| !OF_SAMPLES.contains(&block.kind)) {
        rows.push((block.kind, body(source, block, &mut Budget::new())?));
    }
    let mut out = b"fLaC".to_vec();
    let last = rows.len().saturating_sub(1);
    for (at, (kind, body)) in rows.iter().enumerate() {
        // Lengths came from 24 bits.
        let size = (body.len() as u32).to_be_bytes();
        out.extend([kind | if at == last { 128 } else { 0 }, size[1], size[2], size[3]]);
        out.extend_from_slice(body);
    }
    out.extend_from_slice(&encoded.read(frames, (into.end - frames) as usize)?);
    Ok(out)
}

fn walk(source: &dyn Source) -> Result<Walk> {
    let mut budget = Budget::new();
    walk_tagged(&Window::new(source), &Tagged::of(source, &mut budget)?, &mut budget)
}

/// As the row's walk, of a file whose tags are known.
pub(super) fn walk_tagged(source: &dyn Source, tagged: &Tagged, budget: &mut Budget) -> Result<Walk> {
    let (blocks, frames) = blocks(source, &tagged.inside)?;
    let (mut texts, c2pa) = tagged.texts(false, budget)?;
    for block in blocks.iter().filter(|block| block.kind == VORBIS_COMMENT) {
        let bytes = body(source, block, budget)?;
        let list = Comments::read(&bytes, block.body.start)?.texts("VORBIS_COMMENT", budget)?;
        texts.extend(list.into_iter().map(|mut text| {
            text.offset += block.body.start;
            text
        }));
    }
    in_order(&mut texts);
    let range = frames..tagged.inside.end;
    Ok(Walk { mime: "audio/flac", texts, coded: vec![range], c2pa })
}

fn write(source: &dyn Source, walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>> {
    write_tagged(source, &Tagged::of(source, &mut Budget::new())?, walk, label, drop)
}

/// As the row's write, of a file whose tags are known.
pub(super) fn write_tagged(
    source: &dyn Source,
    tagged: &Tagged,
    walk: &Walk,
    label: &Label,
    drop: &[usize],
) -> Result<Vec<Splice>> {
    let (blocks, _) = blocks(source, &tagged.inside)?;
    let dropped: Vec<u64> = drop.iter().filter_map(|&index| walk.texts.get(index)).map(|text| text.offset).collect();
    let mut cuts = tagged.cuts(&Label::default(), &dropped)?;
    let mut json = label.aigc.as_deref();
    for block in blocks.iter().filter(|block| block.kind == VORBIS_COMMENT) {
        if json.is_none() && !dropped.iter().any(|offset| block.body.contains(offset) || *offset == block.body.end) {
            continue;
        }
        let bytes = body(source, block, &mut Budget::new())?;
        let gone = |at: u64| dropped.contains(&(at + block.body.start));
        let new = Comments::read(&bytes, block.body.start)?.with(json.take(), &gone)?;
        cuts.push((block.body.start - 4..block.body.end, headed(&new, block.last)?));
    }
    if let (Some(json), Some(first)) = (json, blocks.first()) {
        // Behind STREAMINFO, which is then the last block no more.
        let start = first.body.start - 4;
        cuts.push((start..start + 1, vec![STREAMINFO]));
        let new = Comments::read(&empty(), 0)?.with(Some(json), &|_| false)?;
        cuts.push((first.body.end..first.body.end, headed(&new, first.last)?));
    }
    replace(source.length(), cuts)
}

/// A block VORBIS_COMMENT.
fn headed(body: &[u8], last: bool) -> Result<Vec<u8>> {
    match u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes() {
        [0, a, b, c] => Ok([&[VORBIS_COMMENT | u8::from(last) << 7, a, b, c], body].concat()),
        _ => Err(Error::limit("a FLAC block holds less than 16 MiB: its comments are too long for a label")),
    }
}
