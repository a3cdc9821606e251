//! JPEG XL (ISO/IEC 18181-2): XMP is a box `xml `, plain or packed; what changes is written plain. A bare codestream gets the container around it and stays as it is.

use super::bmff::heads::{Head, heads};
use super::bmff::layout;
use super::kind::{Budget, Label, Media, PACKED, Text, Walk, XMP, comments, packets, text_of};
use super::source::{Source, Splice, Window, replace};
use crate::container::exif::Exif;
use crate::error::{Error, Result};
use crate::xmp::RDF;
use std::ops::Range;

/// The row of the table.
pub const MEDIA: Media = Media { name: "JPEG XL", matches, walk, write };

const SIGNATURE: [u8; 12] = [0, 0, 0, 12, b'J', b'X', b'L', b' ', 0x0D, 0x0A, 0x87, 0x0A];
const FTYP: [u8; 20] = *b"\0\0\0\x14ftypjxl \0\0\0\0jxl ";
/// The most bytes of one packed box.
#[cfg(feature = "full")]
const MAX_PACKED: u64 = 16 << 20;
/// The start of a codestream.
const BARE: [u8; 2] = [0xFF, 0x0A];

fn matches(bytes: &[u8]) -> bool {
    bytes.starts_with(&SIGNATURE) || bytes.starts_with(&BARE)
}

fn bare(source: &dyn Source) -> Result<bool> {
    Ok(source.read(0, 2)?.starts_with(&BARE))
}

fn walk(source: &dyn Source) -> Result<Walk> {
    let source = &Window::new(source) as &dyn Source;
    let mut found = Walk { mime: "image/jxl", texts: Vec::new(), coded: Vec::new(), c2pa: false };
    if bare(source)? {
        found.coded.push(0..source.length());
        return Ok(found);
    }
    let (mut pictures, mut budget) = (0, Budget::new());
    for head in heads(source)? {
        match &head.kind {
            b"jxlc" | b"jxlp" => {
                pictures += 1;
                found.coded.push(head.inside());
            }
            b"jumb" => found.c2pa = true,
            _ => {}
        }
        let Some(held) = held(source, &head, &mut budget)? else { continue };
        match &held.kind {
            b"xml " => {
                let value = text_of(&held.bytes);
                let xmp = value.contains(RDF);
                found.texts.push(Text {
                    place: if held.packed { format!("{PACKED} xml") } else { "xml box".into() },
                    key: if xmp { XMP.into() } else { "xml".into() },
                    value,
                    offset: held.start,
                    official: xmp,
                });
            }
            b"Exif" => found.texts.extend(block(&held.bytes).into_iter().flat_map(|(at, exif)| {
                // Of packed ones only the box's place is known.
                let place = |text: Text| Text { offset: held.start, place: format!("{PACKED} {}", text.place), ..text };
                let texts: Vec<Text> = comments(&exif, held.start + at as u64).collect();
                if held.packed { texts.into_iter().map(place).collect() } else { texts }
            })),
            b"jumb" => found.c2pa = true,
            _ => {}
        }
    }
    if pictures == 0 {
        return Err(Error::broken("there is no codestream: the file ends early", source.length() as usize));
    }
    Ok(found)
}

/// What a box holds that may hold texts.
struct Held {
    kind: [u8; 4],
    bytes: Vec<u8>,
    /// Where these bytes start; of packed ones, where the box's body starts.
    start: u64,
    packed: bool,
}

/// What a box of metadata holds, unpacked (ISO/IEC 18181-2, 9.4: `brob` is a kind, and its body as a stream of Brotli).
fn held(source: &dyn Source, head: &Head, budget: &mut Budget) -> Result<Option<Held>> {
    let packed = match &head.kind {
        b"xml " | b"Exif" => false,
        b"brob" => true,
        _ => return Ok(None),
    };
    let (mut kind, start) = (head.kind, head.body);
    if packed {
        let short = || Error::broken("a packed box of the JPEG XL ends before its kind", head.start as usize);
        kind = *source.read(start, (head.end - start).min(4) as usize)?.first_chunk().ok_or_else(short)?;
        if !matches!(&kind, b"xml " | b"Exif") {
            return Ok(Some(Held { kind, bytes: Vec::new(), start, packed }));
        }
    }
    budget.take(head.end - head.start)?;
    let whole = layout::whole(source, head)?;
    let bytes = whole.get((start - head.start) as usize..).unwrap_or_default();
    let bytes = if packed { unpacked(bytes.get(4..).unwrap_or_default(), start)? } else { bytes.to_vec() };
    if packed {
        budget.bytes(bytes.len() as u64)?;
    }
    Ok(Some(Held { kind, bytes, start, packed }))
}

#[cfg(feature = "full")]
fn unpacked(bytes: &[u8], at: u64) -> Result<Vec<u8>> {
    use std::io::Read;
    let mut out = Vec::new();
    let read = brotli_decompressor::Decompressor::new(bytes, 1 << 12).take(MAX_PACKED + 1).read_to_end(&mut out);
    read.map_err(|_| Error::broken("the packed metadata of the JPEG XL cannot be unpacked", at as usize))?;
    match out.len() as u64 > MAX_PACKED {
        true => Err(Error::limit(format!("the packed metadata of the JPEG XL is longer than {MAX_PACKED} bytes"))),
        false => Ok(out),
    }
}

#[cfg(not(feature = "full"))]
fn unpacked(_: &[u8], _: u64) -> Result<Vec<u8>> {
    Err(Error::unsupported("the metadata of the JPEG XL is packed (brob), which this module does not read"))
}

/// The EXIF block in a box's content, and where it starts there.
fn block(content: &[u8]) -> Option<(usize, Exif<'_>)> {
    let start = 4 + u32::from_be_bytes(*content.first_chunk()?) as usize;
    Some((start, Exif::parse(content.get(start..)?)?))
}

fn boxed(kind: &[u8; 4], length: u64) -> Vec<u8> {
    match u32::try_from(length + 8) {
        Ok(size) => [&size.to_be_bytes()[..], kind].concat(),
        Err(_) => [&1u32.to_be_bytes()[..], kind, &(length + 16).to_be_bytes()].concat(),
    }
}

fn xml(packet: &str) -> Vec<u8> {
    [&boxed(b"xml ", packet.len() as u64), packet.as_bytes()].concat()
}

fn write(source: &dyn Source, walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>> {
    let source = &Window::new(source) as &dyn Source;
    let changed = packets(walk, label, drop)?;
    let length = source.length();
    if bare(source)? {
        let packet = changed.first().map(|(_, packet)| xml(packet)).unwrap_or_default();
        let before = [&SIGNATURE[..], &FTYP, &packet, &boxed(b"jxlc", length)].concat();
        return Ok(vec![Splice::New(before), Splice::Keep(0..length)]);
    }
    let heads = heads(source)?;
    let mut cuts: Vec<(Range<u64>, Vec<u8>)> = Vec::new();
    let dropped: Vec<&Text> = drop.iter().filter_map(|&index| walk.texts.get(index)).filter(|text| text.key != XMP).collect();
    for head in heads.iter().filter(|head| dropped.iter().any(|text| head.span().contains(&text.offset))) {
        let Some(mut held) = held(source, head, &mut Budget::new())? else { continue };
        if held.kind == *b"xml " {
            cuts.push((head.span(), Vec::new()));
            continue;
        }
        let mut gone = Vec::new();
        if let Some((start, exif)) = block(&held.bytes) {
            for comment in exif.comments() {
                let at = start + comment.span.start;
                let hit = |text: &&Text| match held.packed {
                    true => text.offset == held.start && text.value == exif.text(&comment),
                    false => text.offset == held.start + at as u64,
                };
                if dropped.iter().any(hit) {
                    gone.push(at..at + comment.span.len());
                }
            }
        }
        if !held.packed {
            let place = |range: &Range<usize>| held.start + range.start as u64..held.start + range.end as u64;
            cuts.extend(gone.iter().map(|range| (place(range), vec![0; range.len()])));
        } else if !gone.is_empty() {
            for range in gone {
                held.bytes.get_mut(range).into_iter().for_each(|text| text.fill(0));
            }
            cuts.push((head.span(), [&boxed(b"Exif", held.bytes.len() as u64), &held.bytes[..]].concat()));
        }
    }
    for (index, packet) in changed {
        match index.and_then(|index| walk.texts.get(index)) {
            Some(text) => {
                let home = heads.iter().find(|head| head.body == text.offset && matches!(&head.kind, b"xml " | b"brob"));
                cuts.extend(home.map(|head| (head.span(), xml(&packet))));
            }
            None => {
                // Before the picture, so that a reader of a stream has it first.
                let home = heads.iter().find(|head| matches!(&head.kind, b"jxlc" | b"jxlp"));
                let at = home.map_or(length, |head| head.start);
                cuts.push((at..at, xml(&packet)));
            }
        }
    }
    replace(length, cuts)
}
