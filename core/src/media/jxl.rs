//! JPEG XL (ISO/IEC 18181-2): XMP is a box `xml `. A bare codestream gets the container around it and stays as it is.

use super::bmff::heads::{Head, heads};
use super::bmff::layout;
use super::kind::{Budget, Label, Media, Text, Walk, XMP, comments, packets, text_of};
use super::source::{Source, Splice, Window, replace};
use crate::container::exif::Exif;
use crate::error::{Error, Result};
use std::ops::Range;

/// The row of the table.
pub const MEDIA: Media = Media { name: "JPEG XL", matches, walk, write };

const SIGNATURE: [u8; 12] = [0, 0, 0, 12, b'J', b'X', b'L', b' ', 0x0D, 0x0A, 0x87, 0x0A];
const FTYP: [u8; 20] = *b"\0\0\0\x14ftypjxl \0\0\0\0jxl ";
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
            b"xml " => {
                budget.take(head.end - head.start)?;
                let bytes = layout::whole(source, &head)?;
                let value = text_of(bytes.get((head.body - head.start) as usize..).unwrap_or_default());
                let xmp = value.contains("http://www.w3.org/1999/02/22-rdf-syntax-ns#");
                found.texts.push(Text {
                    place: "xml box".into(),
                    key: if xmp { XMP.into() } else { "xml".into() },
                    value,
                    offset: head.body,
                    official: xmp,
                });
            }
            b"Exif" => {
                budget.take(head.end - head.start)?;
                exif(source, &head, &mut found.texts)?;
            }
            b"jumb" => found.c2pa = true,
            b"brob" => {
                let kind = source.read(head.body, (head.end - head.body).min(4) as usize)?;
                if matches!(&*kind, b"xml " | b"Exif") {
                    return Err(Error::unsupported("the metadata of the JPEG XL is compressed (brob), which is not read"));
                }
                found.c2pa |= *kind == *b"jumb";
            }
            _ => {}
        }
    }
    if pictures == 0 {
        return Err(Error::broken("there is no codestream: the file ends early", source.length() as usize));
    }
    Ok(found)
}

/// The EXIF block of a box, and where it starts in the box's body.
fn block<'a>(bytes: &'a [u8], head: &Head) -> Option<(usize, Exif<'a>)> {
    let body = bytes.get((head.body - head.start) as usize..)?;
    let start = 4 + u32::from_be_bytes(*body.first_chunk()?) as usize;
    Some((start, Exif::parse(body.get(start..)?)?))
}

fn exif(source: &dyn Source, head: &Head, texts: &mut Vec<Text>) -> Result<()> {
    let bytes = layout::whole(source, head)?;
    let Some((start, exif)) = block(&bytes, head) else { return Ok(()) };
    texts.extend(comments(&exif, head.body + start as u64));
    Ok(())
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
    for text in drop.iter().filter_map(|&index| walk.texts.get(index)).filter(|text| text.key != XMP) {
        let Some(head) = heads.iter().find(|head| head.span().contains(&text.offset)) else { continue };
        if head.kind == *b"xml " {
            cuts.push((head.span(), Vec::new()));
            continue;
        }
        let bytes = layout::whole(source, head)?;
        let Some((start, exif)) = block(&bytes, head) else { continue };
        for comment in exif.comments() {
            let at = head.body + (start + comment.span.start) as u64;
            if at == text.offset {
                cuts.push((at..at + comment.span.len() as u64, vec![0; comment.span.len()]));
            }
        }
    }
    for (index, packet) in changed {
        match index.and_then(|index| walk.texts.get(index)) {
            Some(text) => {
                let home = heads.iter().find(|head| head.body == text.offset && head.kind == *b"xml ");
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
    cuts.sort_by_key(|(range, _)| (range.start, range.end));
    replace(length, cuts)
}
