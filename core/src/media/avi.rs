//! AVI, with the further parts of OpenDML: the label is an entry `AIGC` of `LIST INFO` (TC260-PG-20257A, annex D), XMP a chunk
//! `_PMX` (XMP part 3, 2.3.1).
//!
//! Indices of OpenDML count from the start of the file. So a text goes into the space (`JUNK`) before the samples, or behind
//! the last chunk of the last part: nothing else moves. Coded are the bodies of all lists `movi`.

use super::kind::{Budget, Label, Media, Text, Walk, XMP, beside, text_of};
use super::riff::{Chunk, Order, broken, bytes};
use super::source::{Source, Splice, replace};
use crate::error::{Error, Result};
use std::ops::Range;

/// The row of the table.
pub const MEDIA: Media =
    Media { name: "AVI", matches: |head| head.starts_with(b"RIFF") && head.get(8..12) == Some(b"AVI "), walk, write };

const LE: Order = Order::Little;
/// The most parts of a file, each of 1 GiB or more, and the most chunks in all of them.
const MAX_PARTS: usize = 1 << 12;
const MAX_CHUNKS: usize = 1 << 16;

/// A `RIFF` chunk of the file.
struct Part {
    chunks: Vec<Chunk>,
    start: u64,
    end: u64,
    /// A stream's writer never came back to write the sizes.
    open: bool,
}

fn parse(source: &dyn Source) -> Result<Vec<Part>> {
    let (length, mut at, mut parts, mut count) = (source.length(), 0, Vec::new(), 0);
    while at < length {
        // Whatever else stands behind the last part, players do not read it.
        let head = source.read(at, (length - at).min(12) as usize)?;
        let another = head.starts_with(b"RIFF") && head.get(8..).is_none_or(|form| form == b"AVIX");
        if !parts.is_empty() && !another {
            break;
        }
        let stated = LE.size(source, at + 4)?;
        let open = stated == 0 || stated == u64::from(u32::MAX);
        let end = if open { length } else { at + 8 + stated };
        if end > length || end < at + 12 {
            return Err(broken("the AVI's stated size is not that of the file: it is cut off", at + 4));
        }
        let chunks = LE.chunks(source, at + 12..end, &mut |name, body, count| match (name, count) {
            (b"LIST", 0 | 0xFFFF_FFFF) if open => end.saturating_sub(body),
            _ => count,
        })?;
        count += chunks.len();
        parts.push(Part { chunks, start: at, end, open });
        if parts.len() > MAX_PARTS || count > MAX_CHUNKS {
            return Err(Error::limit(format!("the AVI has more than {MAX_PARTS} parts, or {MAX_CHUNKS} chunks")));
        }
        at = end + end % 2;
    }
    Ok(parts)
}

fn movi(source: &dyn Source, chunk: &Chunk) -> Result<bool> {
    let list = &chunk.name == b"LIST" && chunk.parent.is_none() && chunk.body.end - chunk.body.start >= 4;
    Ok(list && &bytes::<4>(source, chunk.body.start)? == b"movi")
}

fn walk(source: &dyn Source) -> Result<Walk> {
    let (mut walk, mut budget) =
        (Walk { mime: "video/x-msvideo", texts: Vec::new(), coded: Vec::new(), c2pa: false }, Budget::new());
    for chunk in parse(source)?.iter().flat_map(|part| &part.chunks) {
        let name = chunk.named();
        let (place, key, official) = match (&chunk.name, chunk.parent) {
            (b"_PMX", None) => ("_PMX chunk".to_owned(), XMP.to_owned(), false),
            (b"AIGC", None) => ("AIGC chunk".to_owned(), name, false),
            (b"JUNK", Some(_)) => continue,
            (own, Some(_)) => (format!("LIST INFO {name}"), name, own == b"AIGC"),
            (own, None) => {
                walk.c2pa |= own == b"C2PA";
                if movi(source, chunk)? {
                    walk.coded.push(chunk.body.start + 4..chunk.body.end);
                }
                continue;
            }
        };
        budget.take(chunk.body.end - chunk.body.start)?;
        let value = text_of(&chunk.text(source)?).trim_end_matches('\0').to_owned();
        walk.texts.push(Text { place, key, value, offset: chunk.body.start, official });
    }
    if walk.coded.is_empty() {
        return Err(broken("the AVI holds no samples", source.length()));
    }
    Ok(walk)
}

/// What becomes of a chunk.
#[derive(Clone, PartialEq)]
enum State {
    Keep,
    /// Space as it was.
    Space,
    /// Space that was something.
    Free,
    /// Something shorter.
    Less(Vec<u8>),
}

/// A chunk that stands in no list.
#[derive(Clone)]
struct Top {
    span: Range<u64>,
    part: usize,
    state: State,
}

fn write(source: &dyn Source, walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>> {
    let parts = parse(source)?;
    let changed = beside(walk, label, drop)?;
    let text_at = |chunk: &Chunk| walk.texts.iter().position(|text| text.offset == chunk.body.start);
    let gone = |chunk: &Chunk| match text_at(chunk) {
        Some(index) if walk.texts.get(index).is_some_and(|text| text.key == XMP) => {
            changed.iter().any(|(other, _)| *other == Some(index))
        }
        Some(index) => drop.contains(&index),
        None => false,
    };
    let (mut tops, mut info) = (Vec::new(), None);
    for (number, part) in parts.iter().enumerate() {
        for (index, chunk) in part.chunks.iter().enumerate().filter(|(_, chunk)| chunk.parent.is_none()) {
            let inside = part.chunks.iter().skip(index + 1).take_while(|entry| entry.parent.is_some());
            let (left, out): (Vec<&Chunk>, Vec<&Chunk>) = inside.partition(|entry| !gone(entry));
            let state = match (&chunk.name, out.is_empty()) {
                (b"JUNK", _) => State::Space,
                _ if gone(chunk) || (!out.is_empty() && left.is_empty()) => State::Free,
                (_, false) => State::Less(list(source, &left, &[])?),
                _ => State::Keep,
            };
            if info.is_none() && !left.is_empty() {
                info = Some((tops.len(), left));
            }
            tops.push(Top { span: chunk.span.clone(), part: number, state });
        }
    }
    let mut packets = Vec::new();
    for (_, packet) in &changed {
        packets.push(LE.chunk(b"_PMX", packet.as_bytes())?);
    }
    let Some(json) = &label.aigc else { return plan(source, &parts, tops, packets, false)?.ok_or_else(full) };
    let entry = LE.chunk(b"AIGC", json.as_bytes())?;
    // Into the list that is there, if that has room; else into one of its own.
    if let Some((index, left)) = info {
        let mut freed = tops.clone();
        if let Some(top) = freed.get_mut(index) {
            top.state = State::Free;
        }
        let new = [vec![list(source, &left, &entry)?], packets.clone()].concat();
        if let Some(splices) = plan(source, &parts, freed, new, true)? {
            return Ok(splices);
        }
    }
    plan(source, &parts, tops, [vec![list(source, &[], &entry)?], packets].concat(), false)?.ok_or_else(full)
}

fn full() -> Error {
    Error::unsupported(
        "the AVI is a stream whose sizes were never written, and has no space for a text: copy it into a new file with ffmpeg -c copy first",
    )
}

/// A `LIST INFO` of these entries and more.
fn list(source: &dyn Source, entries: &[&Chunk], more: &[u8]) -> Result<Vec<u8>> {
    let mut body = b"INFO".to_vec();
    for entry in entries {
        body.extend(LE.chunk(&entry.name, &entry.text(source)?)?);
    }
    body.extend(more);
    LE.chunk(b"LIST", &body)
}

fn junk(length: u64) -> Result<Vec<u8>> {
    match length.checked_sub(8) {
        None => Ok(Vec::new()),
        Some(body) => Ok([b"JUNK", &LE.raw(body)?[..], &vec![0; body as usize]].concat()),
    }
}

/// The file with these new chunks in its space and behind its last part; `None` where there is no room. `stay`: the first of
/// them must not go to the end, unless the space that it was given is there.
fn plan(source: &dyn Source, parts: &[Part], tops: Vec<Top>, new: Vec<Vec<u8>>, stay: bool) -> Result<Option<Vec<Splice>>> {
    let Some(last) = parts.last() else { return Ok(None) };
    let mut cuts = Vec::new();
    // Runs of space: where, what it takes, and whether it changes at all.
    let mut runs: Vec<(Range<u64>, Vec<u8>, bool)> = Vec::new();
    let mut before = None;
    for top in tops {
        match top.state {
            State::Space | State::Free => {
                let free = top.state == State::Free;
                match runs.last_mut() {
                    Some(run) if run.0.end == top.span.start && before == Some(top.part) => {
                        run.0.end = top.span.end;
                        run.2 |= free;
                    }
                    _ => runs.push((top.span, Vec::new(), free)),
                }
                before = Some(top.part);
            }
            State::Less(mut bytes) => {
                let left = (top.span.end - top.span.start).saturating_sub(bytes.len() as u64);
                bytes.extend(junk(left)?);
                cuts.push((top.span, bytes));
            }
            State::Keep => {}
        }
    }
    let end = last.end;
    let given = runs.last().is_some_and(|run| run.0.end == end && run.2);
    if !last.open && runs.last().is_none_or(|run| run.0.end != end) {
        // A pad that the writer left out is needed once something follows.
        runs.push((end..end, vec![0; (end % 2) as usize], false));
    }
    for (index, chunk) in new.iter().enumerate() {
        let fits = |run: &&mut (Range<u64>, Vec<u8>, bool)| {
            let left = (run.0.end - run.0.start).checked_sub((run.1.len() + chunk.len()) as u64);
            left.is_some_and(|left| left == 0 || left >= 8) || (run.0.end == end && !last.open && (given || index > 0 || !stay))
        };
        let Some(run) = runs.iter_mut().find(fits) else { return Ok(None) };
        run.1.extend(chunk);
        run.2 = true;
    }
    let mut total = end - last.start - 8;
    for (range, mut bytes, changed) in runs {
        let length = range.end - range.start;
        if !changed || (length == 0 && bytes.len() < 8) {
            continue;
        }
        if range.end == end && !last.open {
            total = (total + bytes.len() as u64).saturating_sub(length);
        } else {
            bytes.extend(junk(length.saturating_sub(bytes.len() as u64))?);
        }
        cuts.push((range, bytes));
    }
    if !last.open {
        cuts.push((last.start + 4..last.start + 8, LE.raw(total)?.to_vec()));
    }
    Ok(Some(replace(source.length(), cuts)?))
}
