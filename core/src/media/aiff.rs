//! AIFF and AIFF-C: no guide names a place, so the label stands in XMP as in all other kinds (TC260-PG-20259A), in a chunk `APPL`
//! with the signature `XMP ` (XMP part 3, 2.2.1), behind the last chunk so that the samples keep their offset; before the
//! samples where a stream's writer left the sizes open. ID3 tags in a chunk are searched, too. Coded is the body of `SSND`.

use super::id3_chunk;
use super::kind::{Budget, Label, Media, Text, Walk, XMP, packets, text_of};
use super::riff::{Chunk, Order, broken, bytes};
use super::source::{Source, Splice, replace};
use crate::error::Result;
use std::ops::Range;

/// The row of the table.
pub const MEDIA: Media = Media {
    name: "AIFF",
    matches: |head| head.starts_with(b"FORM") && matches!(head.get(8..12), Some(b"AIFF" | b"AIFC")),
    walk,
    write,
};

const BE: Order = Order::Big;
const HEADER: u64 = 12;
const SIGNATURE: &[u8; 4] = b"XMP ";
/// Name, author, copyright, annotation.
const TEXTS: [&[u8; 4]; 4] = [b"NAME", b"AUTH", b"(c) ", b"ANNO"];

struct Form {
    chunks: Vec<Chunk>,
    end: u64,
    /// Whether a stream's writer never came back to write the sizes.
    open: bool,
}

fn parse(source: &dyn Source) -> Result<Form> {
    let (length, stated) = (source.length(), BE.size(source, 4)?);
    let open = stated == 0 || stated == u64::from(u32::MAX);
    let end = if open { length } else { stated + 8 };
    if end > length || end < HEADER {
        return Err(broken("the AIFF's stated size is not that of the file: it is cut off", 4));
    }
    let chunks = BE.chunks(source, HEADER..end, &mut |name, body, count| match (name, count) {
        (b"SSND", 0 | 0xFFFF_FFFF) if open => end.saturating_sub(body),
        _ => count,
    })?;
    Ok(Form { chunks, end, open })
}

fn is_packet(source: &dyn Source, chunk: &Chunk) -> Result<bool> {
    Ok(&chunk.name == b"APPL" && chunk.body.end - chunk.body.start >= 4 && &bytes::<4>(source, chunk.body.start)? == SIGNATURE)
}

fn walk(source: &dyn Source) -> Result<Walk> {
    let form = parse(source)?;
    let mime = "audio/aiff";
    let (mut walk, mut budget) = (Walk { mime, texts: Vec::new(), coded: Vec::new(), c2pa: false }, Budget::new());
    for chunk in &form.chunks {
        let name = chunk.named();
        let (place, key, official, skip) = match &chunk.name {
            b"SSND" => {
                walk.coded.push(chunk.body.clone());
                continue;
            }
            own if id3_chunk::is(own) => {
                let (texts, c2pa) = id3_chunk::texts(source, &chunk.body, &mut budget)?;
                walk.texts.extend(texts);
                walk.c2pa |= c2pa;
                continue;
            }
            _ if is_packet(source, chunk)? => ("APPL chunk XMP".to_owned(), XMP.to_owned(), true, 4),
            own if own == b"AIGC" || TEXTS.contains(&own) => (format!("{} chunk", name.trim_end()), name, false, 0),
            _ => continue,
        };
        budget.take(chunk.body.end - chunk.body.start)?;
        let value = text_of(chunk.text(source)?.get(skip..).unwrap_or_default()).trim_end_matches('\0').to_owned();
        walk.texts.push(Text { place, key, value, offset: chunk.body.start + skip as u64, official });
    }
    match walk.coded.is_empty() {
        true => Err(broken("the AIFF holds no samples", form.end)),
        false => Ok(walk),
    }
}

fn write(source: &dyn Source, walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>> {
    let form = parse(source)?;
    let home = |index: usize| {
        let text = walk.texts.get(index)?;
        let start = if text.key == XMP { text.offset - 4 } else { text.offset };
        form.chunks.iter().find(|chunk| chunk.body.start == start && chunk.name != *b"SSND" && !id3_chunk::is(&chunk.name))
    };
    let mut cuts: Vec<(Range<u64>, Vec<u8>)> = Vec::new();
    for &index in drop.iter().filter(|&&index| walk.texts.get(index).is_some_and(|text| text.key != XMP)) {
        cuts.extend(home(index).map(|chunk| (chunk.span.clone(), Vec::new())));
    }
    let packets = packets(walk, label, drop)?;
    for chunk in form.chunks.iter().filter(|chunk| id3_chunk::is(&chunk.name)) {
        if let Some(body) = id3_chunk::changed(source, &chunk.body, walk, drop, &packets)? {
            cuts.push((chunk.span.clone(), BE.chunk(&chunk.name, &body)?));
        }
    }
    for (index, packet) in packets {
        let chunk = BE.chunk(b"APPL", &[SIGNATURE, packet.as_bytes()].concat())?;
        if let Some(old) = index.and_then(home) {
            cuts.push((old.span.clone(), chunk));
            continue;
        }
        // In a tag, which has it by now.
        if index.is_some() {
            continue;
        }
        let samples = form.chunks.iter().find(|chunk| form.open && chunk.name == *b"SSND");
        let at = samples.map_or(form.end, |chunk| chunk.span.start);
        // A pad that the writer left out is needed once something follows.
        let pad: &[u8] = if at == form.end && at % 2 == 1 { &[0] } else { &[] };
        cuts.push((at..at, [pad, &chunk].concat()));
    }
    let less: u64 = cuts.iter().map(|(range, _)| range.end - range.start).sum();
    let more: u64 = cuts.iter().map(|(_, bytes)| bytes.len() as u64).sum();
    if !form.open {
        cuts.push((4..8, BE.raw(form.end + more - less - 8)?.to_vec()));
    }
    replace(source.length(), cuts)
}
