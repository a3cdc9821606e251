//! WAV as a row of RIFF chunks, RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088) included.
//!
//! The label is a chunk `AIGC` of its own with the bare object (TC260-PG-202510A, 6.1), behind the last chunk so that the
//! samples keep their offset; before the samples where a stream's writer left the sizes open. XMP is a chunk `_PMX` (XMP
//! part 3, 2.3.3). ID3 tags in a chunk are searched, too. Coded is the body of `data`.

use super::id3_chunk;
use super::kind::{Budget, XMP, beside, text_of};
use super::riff::{Chunk, Order, broken, bytes};
use super::source::{Source, Splice, replace};
use super::{Label, Media, Text, Walk};
use crate::error::Result;
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

struct Wave {
    chunks: Vec<Chunk>,
    /// Where the RIFF chunk ends.
    end: u64,
    /// Where the 64-bit size of the file stands, in RF64.
    long: Option<u64>,
    /// Whether a stream's writer never came back to write the sizes.
    open: bool,
}

impl Wave {
    fn data(&self) -> Option<&Chunk> {
        self.chunks.iter().find(|chunk| &chunk.name == b"data" && chunk.parent.is_none())
    }
}

fn parse(source: &dyn Source) -> Result<Wave> {
    let length = source.length();
    let signature: [u8; 4] = bytes(source, 0)?;
    let stated = Order::Little.size(source, 4)?;
    let (mut wave, mut data) = (Wave { chunks: Vec::new(), end: length, long: None, open: false }, None);
    if &signature == b"RIFF" {
        wave.open = stated == OPEN || stated == 0;
        wave.end = if wave.open { length } else { stated + 8 };
    } else {
        if &bytes::<4>(source, HEADER)? != b"ds64" || Order::Little.size(source, HEADER + 4)? < 28 {
            return Err(broken("the first chunk of an RF64 is not its ds64", HEADER));
        }
        let total = u64::from_le_bytes(bytes(source, HEADER + 8)?);
        data = Some(u64::from_le_bytes(bytes(source, HEADER + 16)?));
        wave.long = Some(HEADER + 8);
        wave.end = total.checked_add(8).ok_or_else(|| broken("the RF64's size is beyond all files", HEADER + 8))?;
    }
    if wave.end > length || wave.end < HEADER {
        return Err(broken("the WAV's stated size is not that of the file: it is cut off", 4));
    }
    let ends = match wave.end.checked_add(4) {
        // Some writers forget the four bytes of the form in the size.
        Some(more) if more == length && wave.long.is_none() => vec![wave.end, more],
        _ => vec![wave.end],
    };
    let mut read = Err(broken("a chunk is cut off", wave.end));
    for end in ends {
        if read.is_ok() {
            break;
        }
        let mut open = wave.open;
        read = Order::Little.chunks(source, HEADER..end, &mut |name, body, count| match (name, count) {
            // In RF64 the true size stands in ds64; a stream's samples reach to the end of the file.
            (b"data", OPEN) => {
                open |= data.is_none();
                data.unwrap_or(end.saturating_sub(body))
            }
            (b"data", 0) if open => end.saturating_sub(body),
            _ => count,
        });
        (wave.end, wave.open) = (end, open);
    }
    wave.chunks = read?;
    match wave.data() {
        Some(_) => Ok(wave),
        None => Err(broken("the WAV holds no samples", wave.end)),
    }
}

fn walk(source: &dyn Source) -> Result<Walk> {
    let wave = parse(source)?;
    let (mut walk, mut budget) = (Walk { mime: "audio/wav", texts: Vec::new(), coded: Vec::new(), c2pa: false }, Budget::new());
    for chunk in &wave.chunks {
        let name = chunk.named();
        let (place, key, official) = match (&chunk.name, chunk.parent) {
            (b"data", None) => {
                walk.coded.push(chunk.body.clone());
                continue;
            }
            (b"C2PA", None) => {
                walk.c2pa = true;
                continue;
            }
            (own, None) if id3_chunk::is(own) => {
                let (texts, c2pa) = id3_chunk::texts(source, &chunk.body, &mut budget)?;
                walk.texts.extend(texts);
                walk.c2pa |= c2pa;
                continue;
            }
            (b"AIGC", None) => ("AIGC chunk".to_owned(), name, true),
            (b"_PMX", None) => ("_PMX chunk".to_owned(), XMP.to_owned(), false),
            (_, Some(_)) => (format!("LIST INFO {name}"), name, false),
            _ => continue,
        };
        budget.take(chunk.body.end - chunk.body.start)?;
        let value = text_of(&chunk.text(source)?).trim_end_matches('\0').to_owned();
        walk.texts.push(Text { place, key, value, offset: chunk.body.start, official });
    }
    Ok(walk)
}

fn write(source: &dyn Source, walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>> {
    let wave = parse(source)?;
    let text_at = |chunk: &Chunk| walk.texts.iter().position(|text| text.offset == chunk.body.start);
    let gone = |chunk: &&Chunk| {
        chunk.span.start < chunk.span.end
            && text_at(chunk)
                .is_some_and(|index| drop.contains(&index) && walk.texts.get(index).is_some_and(|text| text.key != XMP))
    };
    let mut cuts: Vec<(Range<u64>, Vec<u8>)> =
        wave.chunks.iter().filter(gone).map(|chunk| (chunk.span.clone(), Vec::new())).collect();
    for parent in wave.chunks.iter().filter(|chunk| chunk.name == *b"LIST" && chunk.parent.is_none()) {
        let inside = wave.chunks.iter().filter(|chunk| chunk.parent == Some(parent.span.start)).filter(gone);
        let less: u64 = inside.map(|chunk| chunk.span.end.min(parent.body.end) - chunk.span.start).sum();
        if less > 0 {
            let left = parent.body.end - parent.body.start - less;
            cuts.push((parent.span.start + 4..parent.span.start + 8, Order::Little.raw(left)?.to_vec()));
        }
    }
    let mut new = Vec::new();
    if let Some(json) = &label.aigc {
        new.extend(Order::Little.chunk(b"AIGC", json.as_bytes())?);
    }
    let packets = beside(walk, label, drop)?;
    for chunk in wave.chunks.iter().filter(|chunk| id3_chunk::is(&chunk.name) && chunk.parent.is_none()) {
        if let Some(body) = id3_chunk::changed(source, &chunk.body, walk, drop, &packets)? {
            cuts.push((chunk.span.clone(), Order::Little.chunk(&chunk.name, &body)?));
        }
    }
    for (index, packet) in packets {
        let bytes = Order::Little.chunk(b"_PMX", packet.as_bytes())?;
        match wave.chunks.iter().find(|chunk| index.is_some() && chunk.parent.is_none() && text_at(chunk) == index) {
            Some(chunk) => cuts.push((chunk.span.clone(), bytes)),
            None if index.is_none() => new.extend(bytes),
            // In a tag, which has it by now.
            None => {}
        }
    }
    if !new.is_empty() {
        let at = wave.data().filter(|_| wave.open).map_or(wave.end, |data| data.span.start);
        // A pad that the writer left out is needed once something follows.
        let odd = at == wave.end && wave.end % 2 == 1;
        cuts.push((at..at, if odd { [&[0], new.as_slice()].concat() } else { new }));
    }
    let less: u64 = cuts.iter().map(|(range, _)| range.end - range.start).sum();
    let more: u64 = cuts.iter().map(|(_, bytes)| bytes.len() as u64).sum();
    let total = wave.end + more - less - 8;
    if let Some(at) = wave.long {
        cuts.push((at..at + 8, total.to_le_bytes().to_vec()));
    } else if !wave.open {
        cuts.push((4..8, Order::Little.raw(total)?.to_vec()));
    }
    replace(source.length(), cuts)
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
    fn a_size_without_the_form_is_set_right() {
        let mut bytes = chunk(b"RIFF", &[b"WAVE".to_vec(), chunk(b"fmt ", &[1; 16]), chunk(b"data", b"abcd")].concat());
        let stated = bytes.len() as u32 - 12;
        bytes[4..8].copy_from_slice(&stated.to_le_bytes());
        let source: &[u8] = &bytes;
        let label = Label { aigc: Some("{}".into()), ..Label::default() };
        let out = join(&source, &write(&source, &walk(&source).unwrap(), &label, &[]).unwrap()).unwrap();
        assert_eq!(out[4..8], (out.len() as u32 - 8).to_le_bytes());
        assert_eq!(walk(&out.as_slice()).unwrap().coded, walk(&source).unwrap().coded);
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
