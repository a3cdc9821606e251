//! WAV as a row of RIFF chunks, RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088) included.
//!
//! The label is a chunk `AIGC` of its own with the bare object (TC260-PG-202510A, 6.1), behind the last chunk so that the
//! samples keep their offset; before the samples where a stream's writer left the sizes open. Coded is the body of `data`.

use super::source::{Source, Splice};
use super::{Label, Media, Text, Walk};
use crate::error::{Error, Result};
use std::ops::Range;

/// The row of the table.
pub(super) const MEDIA: Media = Media {
    name: "WAV",
    matches: |head| {
        (head.starts_with(b"RIFF") || head.starts_with(b"RF64") || head.starts_with(b"BW64")) && head.get(8..12) == Some(b"WAVE")
    },
    walk,
    write,
};
const HEADER: u64 = 12;
const OPEN: u64 = u32::MAX as u64;
const MAX_CHUNKS: usize = 1 << 16;
/// Longer texts are no labels.
const MAX_TEXT: u64 = 1 << 20;

/// A chunk; `parent` is the start of its `LIST`.
struct Chunk {
    name: [u8; 4],
    span: Range<u64>,
    body: Range<u64>,
    parent: Option<u64>,
}

struct Wave {
    chunks: Vec<Chunk>,
    /// Where the RIFF chunk ends.
    end: u64,
    /// Where the 64-bit size of the file stands, in RF64.
    long: Option<u64>,
    /// Whether a stream's writer never came back to write the sizes.
    open: bool,
}

fn broken(message: &str, at: u64) -> Error {
    Error::broken(message, usize::try_from(at).unwrap_or(usize::MAX))
}

fn number<const N: usize>(source: &dyn Source, at: u64) -> Result<[u8; N]> {
    source.read(at, N)?.first_chunk().copied().ok_or_else(|| broken("the WAV ends early", at))
}

fn size(source: &dyn Source, at: u64) -> Result<u64> {
    Ok(u64::from(u32::from_le_bytes(number(source, at)?)))
}

fn parse(source: &dyn Source) -> Result<Wave> {
    let length = source.length();
    let signature: [u8; 4] = number(source, 0)?;
    let stated = size(source, 4)?;
    let (mut wave, mut data) = (Wave { chunks: Vec::new(), end: length, long: None, open: false }, None);
    if &signature == b"RIFF" {
        wave.open = stated == OPEN || stated == 0;
        wave.end = if wave.open { length } else { stated + 8 };
    } else {
        if &number::<4>(source, HEADER)? != b"ds64" || size(source, HEADER + 4)? < 28 {
            return Err(broken("the first chunk of an RF64 is not its ds64", HEADER));
        }
        let total = u64::from_le_bytes(number(source, HEADER + 8)?);
        data = Some(u64::from_le_bytes(number(source, HEADER + 16)?));
        wave.long = Some(HEADER + 8);
        wave.end = total.checked_add(8).ok_or_else(|| broken("the RF64's size is beyond all files", HEADER + 8))?;
    }
    if wave.end > length || wave.end < HEADER {
        return Err(broken("the WAV's stated size is not that of the file: it is cut off", 4));
    }
    let mut at = HEADER;
    while at < wave.end {
        if at + 8 > wave.end {
            return Err(broken("a WAV chunk is cut off", at));
        }
        let head: [u8; 8] = number(source, at)?;
        let [a, b, c, d, low @ ..] = head;
        let name = [a, b, c, d];
        let body = at + 8;
        let mut count = u64::from(u32::from_le_bytes(low));
        if &name == b"data" && count == OPEN {
            // In RF64 the true size stands in ds64; a stream's samples reach to the end of the file.
            wave.open |= data.is_none();
            count = data.unwrap_or(wave.end.saturating_sub(body));
        } else if &name == b"data" && wave.open && count == 0 {
            count = wave.end.saturating_sub(body);
        }
        let end = body.checked_add(count).filter(|&end| end <= wave.end);
        let end = end.ok_or_else(|| broken("a WAV chunk's length points outside the file", at))?;
        let padded = (end + count % 2).min(wave.end);
        add(&mut wave, Chunk { name, span: at..padded, body: body..end, parent: None })?;
        if &name == b"LIST" && count >= 4 && &number::<4>(source, body)? == b"INFO" {
            list(source, &mut wave, at, body + 4..end, padded)?;
        }
        at = padded;
    }
    if !wave.chunks.iter().any(|chunk| &chunk.name == b"data" && chunk.parent.is_none()) {
        return Err(broken("the WAV holds no samples", wave.end));
    }
    Ok(wave)
}

fn list(source: &dyn Source, wave: &mut Wave, parent: u64, range: Range<u64>, outer: u64) -> Result<()> {
    let mut at = range.start;
    while at < range.end {
        if at + 8 > range.end {
            return Err(broken("a LIST INFO entry is cut off", at));
        }
        let name = number(source, at)?;
        let count = size(source, at + 4)?;
        let end = at + 8 + count;
        if end > range.end {
            return Err(broken("a LIST INFO entry's length points outside its list", at));
        }
        // The pad of an odd last entry may be the list's own.
        let padded = if end + count % 2 > range.end { outer } else { end + count % 2 };
        add(wave, Chunk { name, span: at..padded, body: at + 8..end, parent: Some(parent) })?;
        at = padded;
    }
    Ok(())
}

fn add(wave: &mut Wave, chunk: Chunk) -> Result<()> {
    if wave.chunks.len() >= MAX_CHUNKS {
        return Err(Error::limit(format!("the WAV has more than {MAX_CHUNKS} chunks")));
    }
    wave.chunks.push(chunk);
    Ok(())
}

fn walk(source: &dyn Source) -> Result<Walk> {
    let wave = parse(source)?;
    let mut walk = Walk { mime: "audio/wav", texts: Vec::new(), coded: Vec::new(), c2pa: false };
    for chunk in &wave.chunks {
        let count = chunk.body.end - chunk.body.start;
        let name = String::from_utf8_lossy(&chunk.name).into_owned();
        let (place, key, official) = match (&chunk.name, chunk.parent) {
            (b"data", None) => {
                walk.coded.push(chunk.body.clone());
                continue;
            }
            (b"C2PA", None) => {
                walk.c2pa = true;
                continue;
            }
            (b"AIGC", None) => ("AIGC chunk".to_owned(), name, true),
            (b"_PMX", None) => ("_PMX chunk".to_owned(), "xmp".to_owned(), false),
            (_, Some(_)) => (format!("LIST INFO {name}"), name, false),
            _ => continue,
        };
        if count > MAX_TEXT {
            return Err(Error::limit(format!("{place} is longer than {MAX_TEXT} bytes")));
        }
        let value = source.read(chunk.body.start, count as usize)?;
        let value = String::from_utf8_lossy(&value).trim_end_matches('\0').to_owned();
        walk.texts.push(Text { place, key, value, offset: chunk.body.start, official });
    }
    Ok(walk)
}

fn write(source: &dyn Source, walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>> {
    let wave = parse(source)?;
    let dropped =
        |chunk: &Chunk| drop.iter().filter_map(|&index| walk.texts.get(index)).any(|text| text.offset == chunk.body.start);
    let gone = |chunk: &&Chunk| (chunk.parent.is_some() || chunk.name == *b"AIGC" || chunk.name == *b"_PMX") && dropped(chunk);
    let mut cuts: Vec<(Range<u64>, Vec<u8>)> = Vec::new();
    let mut total = wave.end;
    for chunk in wave.chunks.iter().filter(gone) {
        total -= chunk.span.end - chunk.span.start;
        cuts.push((chunk.span.clone(), Vec::new()));
    }
    for parent in wave.chunks.iter().filter(|chunk| chunk.name == *b"LIST" && chunk.parent.is_none()) {
        let inside = wave.chunks.iter().filter(|chunk| chunk.parent == Some(parent.span.start)).filter(gone);
        let less: u64 = inside.map(|chunk| chunk.span.end.min(parent.body.end) - chunk.span.start).sum();
        if less > 0 {
            let left = (parent.body.end - parent.body.start - less) as u32;
            cuts.push((parent.span.start + 4..parent.span.start + 8, left.to_le_bytes().to_vec()));
        }
    }
    if let Some(json) = &label.aigc {
        let count = u32::try_from(json.len()).map_err(|_| Error::limit("a WAV chunk holds less than 4 GiB"))?;
        let chunk = [b"AIGC".as_slice(), &count.to_le_bytes(), json.as_bytes(), &[0][..json.len() % 2]].concat();
        let data = wave.chunks.iter().find(|chunk| &chunk.name == b"data" && chunk.parent.is_none());
        let at = data.filter(|_| wave.open).map_or(wave.end, |data| data.span.start);
        // A pad that the writer left out is needed once something follows.
        let odd = at == wave.end && wave.end % 2 == 1;
        let bytes = if odd { [&[0], chunk.as_slice()].concat() } else { chunk };
        total += bytes.len() as u64;
        cuts.push((at..at, bytes));
    }
    if let Some(at) = wave.long {
        cuts.push((at..at + 8, (total - 8).to_le_bytes().to_vec()));
    } else if !wave.open {
        let stated = u32::try_from(total - 8).ok().filter(|&stated| stated != u32::MAX);
        let stated = stated.ok_or_else(|| Error::limit("a WAV of this kind holds less than 4 GiB: make it RF64 first"))?;
        cuts.push((4..8, stated.to_le_bytes().to_vec()));
    }
    cuts.sort_by_key(|(range, _)| (range.start, range.end));
    let (mut splices, mut at) = (Vec::new(), 0);
    for (range, bytes) in cuts {
        if at < range.start {
            splices.push(Splice::Keep(at..range.start));
        }
        if !bytes.is_empty() {
            splices.push(Splice::New(bytes));
        }
        at = range.end;
    }
    if at < source.length() {
        splices.push(Splice::Keep(at..source.length()));
    }
    Ok(splices)
}

#[cfg(test)]
mod tests {
    use super::super::source::join;
    use super::*;

    fn chunk(name: &[u8], body: &[u8]) -> Vec<u8> {
        [name, &(body.len() as u32).to_le_bytes(), body, &[0][..body.len() % 2]].concat()
    }

    fn sample() -> Vec<u8> {
        let info = [b"INFO".to_vec(), chunk(b"ISFT", b"Lavf1\0"), chunk(b"AIGC", b"{}x")].concat();
        let body =
            [b"WAVE".to_vec(), chunk(b"fmt ", &[1; 16]), chunk(b"LIST", &info), chunk(b"data", b"abc"), chunk(b"cue ", &[7; 4])];
        chunk(b"RIFF", &body.concat())
    }

    #[test]
    fn one_label_and_everything_else_kept() {
        let bytes = sample();
        let source: &[u8] = &bytes;
        let before = walk(&source).unwrap();
        assert_eq!(before.texts.iter().map(|text| text.place.as_str()).collect::<Vec<_>>(), ["LIST INFO ISFT", "LIST INFO AIGC"]);
        let label = Label { aigc: Some("{\"Label\":\"1\"}".into()), ..Label::default() };
        let out = join(&source, &write(&source, &before, &label, &[1]).unwrap()).unwrap();
        let info = [b"INFO".to_vec(), chunk(b"ISFT", b"Lavf1\0")].concat();
        let body =
            [b"WAVE".to_vec(), chunk(b"fmt ", &[1; 16]), chunk(b"LIST", &info), chunk(b"data", b"abc"), chunk(b"cue ", &[7; 4])];
        assert_eq!(out, chunk(b"RIFF", &[body.concat(), chunk(b"AIGC", b"{\"Label\":\"1\"}")].concat()));
        let after = walk(&out.as_slice()).unwrap();
        assert_eq!((after.texts[1].place.as_str(), after.texts[1].official), ("AIGC chunk", true));
        // A second label takes the place of the first.
        let again = join(&out.as_slice(), &write(&out.as_slice(), &after, &label, &[1]).unwrap()).unwrap();
        assert_eq!(again, out);
    }

    #[test]
    fn every_prefix_and_every_mutation_is_answered() {
        let bytes = sample();
        for end in 0..bytes.len() {
            assert!(walk(&&bytes[..end]).is_err(), "prefix {end}");
        }
        let mut state = 1u64;
        for _ in 0..5000 {
            let mut changed = bytes.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                changed[(state >> 33) as usize % bytes.len()] = (state >> 24) as u8;
            }
            if let Ok(seen) = walk(&changed.as_slice()) {
                let label = Label { aigc: Some("{}".into()), ..Label::default() };
                let all: Vec<usize> = (0..seen.texts.len()).collect();
                if let Ok(splices) = write(&changed.as_slice(), &seen, &label, &all) {
                    let out = join(&changed.as_slice(), &splices).unwrap();
                    assert_eq!(walk(&out.as_slice()).unwrap().texts.len(), 1);
                }
            }
        }
    }
}
