//! WebP (RFC 9649) as a row of RIFF chunks.

use super::file::{Container, Content, MAX_INFLATED, Part, Piece, Role, push, u32_le};
use super::webp_header::{self, FLAG_ALPHA, FLAG_EXIF, FLAG_ICC, FLAG_XMP};
use crate::error::{Error, Result};
use std::borrow::Cow;

const RIFF: usize = 12;
pub(super) const CONTAINER: Container = Container {
    mime: "image/webp",
    matches: |bytes| bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
    walk,
    inspect: webp_header::inspect,
    content,
    wrap,
    rebody,
    place,
    assemble,
    metadata_first: false,
    xmp_limit: MAX_INFLATED,
};

fn walk(bytes: &[u8]) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let size = u32_le(bytes, 4).unwrap_or(0) as usize;
    let Some(total) = size.checked_add(8).filter(|&total| total <= bytes.len() && total >= RIFF) else {
        return Err(Error::broken("the WebP's stated size is not that of the file: it is cut off", 4));
    };
    push(&mut parts, Part { name: *b"RIFF", role: Role::Head, span: 0..RIFF, body: RIFF..RIFF })?;
    let mut at = RIFF;
    let mut pixels = false;
    while at < total {
        let broken = || Error::broken("a WebP chunk's length points outside the file", at);
        let name = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>().copied()).ok_or_else(broken)?;
        let length = u32_le(bytes, at + 4).ok_or_else(broken)? as usize;
        let end = (at + 8).checked_add(length).filter(|&end| end <= total).ok_or_else(broken)?;
        // Chunks are padded to an even length; some writers leave the last pad out.
        let padded = (end + length % 2).min(total);
        if at == RIFF && !matches!(&name, b"VP8X" | b"VP8 " | b"VP8L") {
            return Err(Error::broken("the WebP does not start with a picture chunk", at));
        }
        let (role, prefix) = match &name {
            b"VP8X" if at == RIFF && length >= 10 => (Role::Head, 0),
            b"VP8X" => return Err(Error::broken("the WebP's VP8X chunk is not what it must be", at)),
            b"VP8 " | b"VP8L" | b"ALPH" | b"ANIM" | b"ANMF" => (Role::Pixels, 0),
            b"ICCP" => (Role::Icc, 0),
            // Some writers put JPEG's identifier before the block.
            b"EXIF" if bytes.get(at + 8..end).is_some_and(|body| body.starts_with(b"Exif\0\0")) => (Role::Exif, 6),
            b"EXIF" => (Role::Exif, 0),
            b"XMP " => (Role::Xmp, 0),
            b"C2PA" => (Role::C2pa, 0),
            b"AIGC" => (Role::Label, 0),
            _ => (Role::Other, 0),
        };
        pixels |= matches!(&name, b"VP8 " | b"VP8L" | b"ANMF");
        push(&mut parts, Part { name, role, span: at..padded, body: at + 8 + prefix..end })?;
        at = padded;
    }
    if !pixels {
        return Err(Error::broken("the WebP holds no picture", total));
    }
    if total < bytes.len() {
        push(&mut parts, Part { name: *b"tail", role: Role::Trailer, span: total..bytes.len(), body: total..bytes.len() })?;
    }
    Ok(parts)
}

fn content<'a>(bytes: &'a [u8], part: &Part) -> Result<Option<Content<'a>>> {
    let name: String = part.name.iter().map(|&byte| char::from(byte)).collect();
    let value = Cow::Borrowed(bytes.get(part.body.clone()).unwrap_or_default());
    let place = format!("{} chunk", name.trim_end());
    Ok(Some(Content { place, keyword: String::new(), value, offset: part.body.start }))
}

fn wrap(role: Role, body: &[u8]) -> Result<Vec<u8>> {
    match role {
        Role::Xmp => chunk(*b"XMP ", body),
        Role::Exif => chunk(*b"EXIF", body),
        _ => Err(Error::unsupported("WebP has no chunk for this")),
    }
}

fn chunk(name: [u8; 4], body: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(body.len()).map_err(|_| Error::limit("a WebP chunk holds less than 4 GiB"))?;
    let mut out = Vec::with_capacity(body.len() + 9);
    out.extend(name);
    out.extend(length.to_le_bytes());
    out.extend_from_slice(body);
    if body.len() % 2 == 1 {
        out.push(0);
    }
    Ok(out)
}

fn rebody(bytes: &[u8], part: &Part, body: &[u8]) -> Result<Vec<u8>> {
    let prefix = bytes.get(part.span.start + 8..part.body.start).unwrap_or_default();
    chunk(part.name, &[prefix, body].concat())
}

/// ICCP follows VP8X; EXIF, XMP and what is unknown follow the picture, in this order.
fn place(pieces: &[Piece], role: Role) -> usize {
    let before = |piece: &Piece| match piece.role {
        Role::Head => true,
        Role::Pixels => role != Role::Icc,
        Role::Exif => matches!(role, Role::Xmp | Role::C2pa | Role::Label | Role::Other),
        Role::Xmp => matches!(role, Role::C2pa | Role::Label | Role::Other),
        _ => false,
    };
    pieces.iter().rposition(before).map_or(0, |last| last + 1)
}

fn assemble(pieces: Vec<Piece>) -> Result<Vec<u8>> {
    let has = |role: Role| pieces.iter().any(|piece| piece.role == role);
    let mut flags = 0;
    for (role, flag) in [(Role::Icc, FLAG_ICC), (Role::Exif, FLAG_EXIF), (Role::Xmp, FLAG_XMP)] {
        if has(role) {
            flags |= flag;
        }
    }
    let extended = pieces.iter().any(|piece| piece.role == Role::Head && piece.bytes.starts_with(b"VP8X"));
    let simple = pieces.iter().all(|piece| matches!(piece.role, Role::Head | Role::Pixels | Role::Trailer));
    let mut out = Vec::with_capacity(pieces.iter().map(|piece| piece.bytes.len() + 1).sum::<usize>() + 18);
    let mut total = None;
    for piece in &pieces {
        if piece.role == Role::Trailer {
            total.get_or_insert(out.len());
        }
        let start = out.len();
        out.extend_from_slice(&piece.bytes);
        if piece.role == Role::Trailer {
            continue;
        }
        if piece.bytes.starts_with(b"VP8X")
            && let Some(byte) = out.get_mut(start + 8)
        {
            *byte |= flags;
        }
        if piece.bytes.starts_with(b"RIFF") && !extended && !simple {
            out.extend(header(&pieces, flags)?);
        }
        // A pad that the writer left out is needed once something follows.
        if piece.bytes.len() % 2 == 1 {
            out.push(0);
        }
    }
    let total = total.unwrap_or(out.len());
    let size = u32::try_from(total - 8).map_err(|_| Error::limit("a WebP holds less than 4 GiB"))?;
    if let Some(place) = out.get_mut(4..8) {
        place.copy_from_slice(&size.to_le_bytes());
    }
    Ok(out)
}

/// The VP8X chunk for a simple picture.
fn header(pieces: &[Piece], flags: u8) -> Result<Vec<u8>> {
    let coded = pieces.iter().find(|piece| piece.bytes.starts_with(b"VP8 ") || piece.bytes.starts_with(b"VP8L"));
    let frame = coded.and_then(|piece| webp_header::frame(piece.bytes.get(..4)?, piece.bytes.get(8..)?));
    let frame = frame.ok_or_else(|| Error::broken("the WebP's frame header contradicts itself", RIFF))?;
    let mut body = vec![flags | if frame.alpha { FLAG_ALPHA } else { 0 }, 0, 0, 0];
    for side in [frame.width, frame.height] {
        body.extend((side - 1).to_le_bytes().iter().take(3));
    }
    chunk(*b"VP8X", &body)
}
