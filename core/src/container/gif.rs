//! GIF (GIF89a) as a row of blocks. XMP stands in an application extension (XMP specification, part 3, 1.1.2): not in
//! sub-blocks but as it is, with a trailer of descending bytes behind it that lead every reader of sub-blocks to its end.

use super::file::{Container, Content, File, MAX_INFLATED, Part, Piece, Role, concat, push};
use super::inspect::base;
use super::inspection::{Inspection, Picture};
use crate::error::{Error, Result};
use std::borrow::Cow;

/// Signature and screen descriptor.
const HEAD: usize = 13;
/// Introducer, label and the length byte of the identifier.
const EXTENSION: usize = 3;
/// Identifier and authentication code of an application extension.
const APPLICATION: usize = 11;
/// Application of an XMP packet.
pub const XMP: &[u8] = b"XMP DataXMP";
const ICC: &[u8] = b"ICCRGBG1012";
/// Application of a C2PA manifest (C2PA 2.1, A.4).
pub const C2PA: &[u8] = b"C2PA_GIF\x01\0\0";
/// Bytes behind an XMP packet: 1, 255 down to 0, and the end of the row of sub-blocks.
pub const MAGIC: usize = 258;

pub(super) const CONTAINER: Container = Container {
    mime: "image/gif",
    matches: |bytes| bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a"),
    walk,
    inspect,
    content,
    wrap,
    rebody: |_, _, _| Err(Error::unsupported("GIF has no block for this")),
    place,
    assemble,
    metadata_first: false,
    xmp_limit: MAX_INFLATED,
};

fn walk(bytes: &[u8]) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let cut = || Error::broken("the GIF ends before its trailer: it is cut off", bytes.len());
    let flags = *bytes.get(10).ok_or_else(cut)?;
    let mut at = HEAD + table(flags);
    if at > bytes.len() {
        return Err(cut());
    }
    push(&mut parts, Part { name: *b"GIF8", role: Role::Head, span: 0..at, body: 6..HEAD })?;
    let mut pixels = false;
    loop {
        let start = at;
        let (role, name, body) = match bytes.get(at).ok_or_else(cut)? {
            0x3B => break,
            0x2C => {
                let flags = *bytes.get(at + 9).ok_or_else(cut)?;
                // Descriptor, local palette, and the least code size before the coded samples.
                let data = at + 10 + table(flags) + 1;
                at = blocks_end(bytes, data).ok_or_else(cut)?;
                pixels = true;
                (Role::Pixels, *b"\x2C\0\0\0", data..at)
            }
            0x21 => {
                let label = *bytes.get(at + 1).ok_or_else(cut)?;
                let end = blocks_end(bytes, at + 2).ok_or_else(cut)?;
                let known = bytes.get(at + EXTENSION..).and_then(|rest| rest.get(..APPLICATION)).unwrap_or_default();
                at = end;
                let inside = start + EXTENSION + APPLICATION;
                let (role, body) = match (label, known) {
                    (0xFF, XMP) => (Role::Xmp, inside..packet_end(bytes, inside, end)),
                    (0xFF, ICC) => (Role::Icc, inside..end),
                    (0xFF, C2PA) => (Role::C2pa, inside..end),
                    (0xFF, b"NETSCAPE2.0" | b"ANIMEXTS1.0") => (Role::Pixels, inside..end),
                    (0xFF, _) => (Role::Other, start + 2..end),
                    (0xFE, _) => (Role::Comment, start + 2..end),
                    (0xF9 | 0x01, _) => (Role::Pixels, start + 2..end),
                    _ => (Role::Other, start + 2..end),
                };
                // An application extension whose identifier is cut short has no body there.
                let body = if body.start <= body.end { body } else { start + 2..end };
                (role, [0x21, label, 0, 0], body)
            }
            _ => return Err(Error::broken("a GIF block is none of: picture, extension, trailer", at)),
        };
        push(&mut parts, Part { name, role, span: start..at, body })?;
    }
    if !pixels {
        return Err(Error::broken("the GIF holds no picture", at));
    }
    push(&mut parts, Part { name: *b"\x3B\0\0\0", role: Role::Pixels, span: at..at + 1, body: at + 1..at + 1 })?;
    if at + 1 < bytes.len() {
        push(&mut parts, Part { name: *b"tail", role: Role::Trailer, span: at + 1..bytes.len(), body: at + 1..bytes.len() })?;
    }
    Ok(parts)
}

/// Bytes of the palette that a descriptor's flags announce.
fn table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 6 << (flags & 7) }
}

/// The place after the empty sub-block that ends a row of them, within the file.
fn blocks_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

/// The end of an XMP packet that stands as it is; the end of the block where it was written in sub-blocks.
fn packet_end(bytes: &[u8], start: usize, end: usize) -> usize {
    let magic = end.checked_sub(MAGIC).filter(|&at| at >= start && bytes.get(at..end).is_some_and(is_magic));
    magic.unwrap_or(end)
}

/// Whether this is what stands behind a packet.
pub fn is_magic(bytes: &[u8]) -> bool {
    bytes.iter().copied().eq(magic())
}

/// What leads a decoder from wherever it lands in a packet to its end (XMP part 3, 1.1.2).
pub fn magic() -> impl Iterator<Item = u8> {
    std::iter::once(1).chain((0..=255).rev()).chain(std::iter::once(0))
}

fn content<'a>(bytes: &'a [u8], part: &Part) -> Result<Option<Content<'a>>> {
    let body = bytes.get(part.body.clone()).unwrap_or_default();
    let place = match part.role {
        Role::Xmp => "XMP application extension",
        Role::Comment => "comment extension",
        _ => "extension",
    };
    let whole = part.role == Role::Xmp && part.body.end < part.span.end;
    let (value, offset) =
        if whole { (Cow::Borrowed(body), part.body.start) } else { (Cow::Owned(unfolded(body)), part.span.start) };
    Ok(Some(Content { place: place.to_owned(), keyword: String::new(), value, offset }))
}

/// Sub-blocks put together.
fn unfolded(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    while let Some((&length, rest)) = body.split_first() {
        let block = rest.get(..usize::from(length)).unwrap_or(rest);
        out.extend_from_slice(block);
        body = rest.get(block.len()..).unwrap_or_default();
    }
    out
}

fn wrap(role: Role, body: &[u8]) -> Result<Vec<u8>> {
    if role != Role::Xmp {
        return Err(Error::unsupported("GIF has no block for this"));
    }
    // A zero would end the row of sub-blocks before the trailer does.
    if body.contains(&0) {
        return Err(Error::parameter("an XMP packet in a GIF cannot hold a zero byte"));
    }
    let mut out = vec![0x21, 0xFF, APPLICATION as u8];
    out.extend_from_slice(XMP);
    out.extend_from_slice(body);
    out.extend(magic());
    Ok(out)
}

/// Behind the extensions that speak of the whole file (some readers expect the loop right after the palette), before the
/// first frame.
fn place(pieces: &[Piece], _: Role) -> usize {
    pieces.iter().position(|piece| !(piece.role == Role::Head || piece.bytes.starts_with(&[0x21, 0xFF]))).unwrap_or(pieces.len())
}

fn assemble(pieces: Vec<Piece>) -> Result<Vec<u8>> {
    let new = pieces.iter().any(|piece| piece.from.is_none() && piece.bytes.first() == Some(&0x21));
    let mut out = concat(&pieces);
    // Extensions came with the version of 1989.
    if new && let Some(version) = out.get_mut(4) {
        *version = b'9';
    }
    Ok(out)
}

fn inspect(file: &File) -> Result<Inspection> {
    let number = |at: usize| file.bytes.get(at..).and_then(|rest| rest.first_chunk().copied()).map_or(0, u16::from_le_bytes);
    let (width, height) = (u32::from(number(6)), u32::from(number(8)));
    if width == 0 || height == 0 {
        return Err(Error::broken("the GIF's header names no size", 6));
    }
    let frames = file.parts.iter().filter(|part| part.name == *b"\x2C\0\0\0").count();
    // Graphic control extension: the first flag byte's last bit announces a transparent colour.
    let alpha = file
        .parts
        .iter()
        .filter(|part| part.name == [0x21, 0xF9, 0, 0])
        .any(|part| file.body(part).get(1).is_some_and(|flags| flags & 1 == 1));
    let picture = Picture {
        size: (width, height),
        channels: if alpha { 4 } else { 3 },
        alpha,
        depth: 8,
        colour: "rgb",
        animated: frames > 1,
        lossless: true,
    };
    base(file, picture)
}

#[cfg(test)]
mod tests {
    use super::super::{open, samples};
    use super::*;

    #[test]
    fn a_packet_leads_readers_of_sub_blocks_to_its_end() {
        let packet = samples::xmp("<a/>");
        let block = wrap(Role::Xmp, &packet).unwrap();
        assert_eq!(block.len(), EXTENSION + APPLICATION + packet.len() + MAGIC);
        assert_eq!(blocks_end(&block, 2), Some(block.len()));
        assert!(wrap(Role::Xmp, b"a\0b").is_err());
    }

    #[test]
    fn a_packet_in_sub_blocks_is_read() {
        let packet = samples::xmp("<a/>");
        let mut block = vec![0x21, 0xFF, 11];
        block.extend_from_slice(XMP);
        for piece in packet.chunks(200) {
            block.push(piece.len() as u8);
            block.extend_from_slice(piece);
        }
        block.push(0);
        let bytes = samples::gif(&[block]);
        let file = open(&bytes).unwrap();
        let part = file.with(Role::Xmp).next().unwrap();
        assert_eq!(file.content(part).unwrap().unwrap().value, packet);
    }

    #[test]
    fn a_new_extension_makes_the_version_of_1989_and_stands_before_the_frames() {
        let mut bytes = samples::gif(&[]);
        bytes[4] = b'7';
        let file = open(&bytes).unwrap();
        let mut pieces = file.pieces();
        let piece = file.wrap(Role::Xmp, b"<x/>").unwrap();
        let at = file.place(&pieces, Role::Xmp);
        pieces.insert(at, piece);
        let new = file.assemble(pieces).unwrap();
        assert!(new.starts_with(b"GIF89a"));
        let file = open(&new).unwrap();
        assert_eq!(
            file.parts.iter().map(|part| part.role).collect::<Vec<_>>(),
            [Role::Head, Role::Xmp, Role::Pixels, Role::Pixels]
        );
    }
}
