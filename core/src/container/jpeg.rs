//! JPEG (ITU-T T.81) as a row of segments.

use super::file::{Container, Content, Part, Piece, Role, concat, contains, push, u16_be, u32_be};
use super::{jpeg_header, photoshop};
use crate::error::{Error, Result};
use std::borrow::Cow;
use std::ops::Range;

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const COM: u8 = 0xFE;
const APP0: u8 = 0xE0;
const APP1: u8 = 0xE1;
const APP2: u8 = 0xE2;
const APP13: u8 = 0xED;
const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const XMP_EXTENDED: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const ICC: &[u8] = b"ICC_PROFILE\0";
const MPF: &[u8] = b"MPF\0";
const GAIN_MAP: &[u8] = b"urn:iso:std:iso:ts:21496:-1\0";
/// A segment's length field counts itself and has 16 bits.
const MAX_BODY: usize = 65_533;

pub(super) const CONTAINER: Container = Container {
    mime: "image/jpeg",
    matches: |bytes| bytes.starts_with(&[0xFF, SOI, 0xFF]),
    walk,
    inspect: jpeg_header::inspect,
    content,
    wrap,
    rebody,
    place,
    assemble,
    metadata_first: true,
    xmp_limit: MAX_BODY - XMP.len(),
};

fn walk(bytes: &[u8]) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    push(&mut parts, part(SOI, Role::Head, 0..2, 2..2))?;
    let mut at = 2;
    let mut scans = false;
    loop {
        let start = at;
        let Some((marker, after)) = next_marker(bytes, &mut at) else {
            return Err(Error::broken("the JPEG ends before its end-of-image marker: it is cut off", bytes.len()));
        };
        if at > start {
            // Decoders skip bytes that belong to no segment; they are kept.
            push(&mut parts, Part { name: *b"junk", role: Role::Other, span: start..at, body: start..at })?;
        }
        match marker {
            EOI => {
                if !scans {
                    return Err(Error::broken("the JPEG ends without a picture", at));
                }
                push(&mut parts, part(EOI, Role::Pixels, at..after, after..after))?;
                if after < bytes.len() {
                    push(
                        &mut parts,
                        Part { name: *b"tail", role: Role::Trailer, span: after..bytes.len(), body: after..bytes.len() },
                    )?;
                }
                return Ok(parts);
            }
            SOI => return Err(Error::broken("a second JPEG starts inside the first", at)),
            0x01 | 0xD0..=0xD7 => {
                push(&mut parts, part(marker, Role::Pixels, at..after, after..after))?;
                at = after;
            }
            _ => {
                let length = u16_be(bytes, after).map(usize::from).filter(|&length| length >= 2);
                let Some(end) = length.map(|length| after + length).filter(|&end| end <= bytes.len()) else {
                    return Err(Error::broken("a JPEG segment's length points outside the file", after));
                };
                let body = after + 2..end;
                let (role, identifier) = role(marker, bytes.get(body.clone()).unwrap_or_default());
                let span_end = if marker == SOS {
                    scans = true;
                    scan_end(bytes, end)?
                } else {
                    end
                };
                push(&mut parts, part(marker, role, at..span_end, body.start + identifier..body.end))?;
                at = span_end;
            }
        }
    }
}

fn part(marker: u8, role: Role, span: Range<usize>, body: Range<usize>) -> Part {
    Part { name: [0xFF, marker, 0, 0], role, span, body }
}

/// The next marker at or after `at`, which is moved to the marker's first 0xFF; and where the marker ends.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<(u8, usize)> {
    let mut from = *at;
    loop {
        let first = from + bytes.get(from..)?.iter().position(|&byte| byte == 0xFF)?;
        let code = first + bytes.get(first..)?.iter().position(|&byte| byte != 0xFF)?;
        let marker = *bytes.get(code)?;
        if marker != 0 {
            *at = first;
            return Some((marker, code + 1));
        }
        from = code + 1;
    }
}

/// Where the entropy-coded data ends: at the first marker that is neither a stuffed zero nor a restart.
fn scan_end(bytes: &[u8], from: usize) -> Result<usize> {
    let mut at = from;
    loop {
        match next_marker(bytes, &mut at) {
            Some((0xD0..=0xD7, after)) => at = after,
            Some(_) => return Ok(at),
            None => return Err(Error::broken("the JPEG ends inside its picture: it is cut off", bytes.len())),
        }
    }
}

/// What a segment is for, and how long the identifier before its content is.
fn role(marker: u8, body: &[u8]) -> (Role, usize) {
    let starts = |identifier: &[u8]| body.starts_with(identifier);
    match marker {
        APP0 if starts(b"JFIF\0") => (Role::Jfif, 5),
        APP0 if starts(b"JFXX\0") => (Role::Thumbnail, 5),
        // The sixth byte is a zero by the standard; some writers put another there.
        APP1 if starts(b"Exif\0") && body.len() > 6 => (Role::Exif, EXIF.len()),
        APP1 if starts(XMP) => (Role::Xmp, XMP.len()),
        APP1 if starts(XMP_EXTENDED) => (Role::XmpExtended, XMP_EXTENDED.len()),
        APP2 if starts(ICC) => (Role::Icc, ICC.len()),
        APP2 if starts(MPF) => (Role::Mpf, MPF.len()),
        APP2 if starts(GAIN_MAP) => (Role::GainMap, GAIN_MAP.len()),
        // ISO 19566-5: "JP", box instance, packet number, then the box; the C2PA store's description says "c2pa".
        0xEB if starts(b"JP") => {
            let c2pa = contains(body.get(..48).unwrap_or(body), b"c2pa");
            (if c2pa || body.get(4..8) != Some(&[0, 0, 0, 1]) { Role::C2pa } else { Role::Other }, 0)
        }
        APP13 if starts(photoshop::IDENTIFIER) => (Role::Photoshop, photoshop::IDENTIFIER.len()),
        COM => (Role::Comment, 0),
        APP0..=0xEF if starts(b"AIGC") => (Role::Label, 0),
        APP0..=0xEF if !(marker == 0xEE && starts(b"Adobe")) => (Role::Other, 0),
        // Tables, frame and scan headers, and Adobe's note on the colour transform.
        _ => (Role::Pixels, 0),
    }
}

fn content<'a>(bytes: &'a [u8], part: &Part) -> Result<Option<Content<'a>>> {
    let place = match part.role {
        Role::Xmp => "APP1 XMP".to_owned(),
        Role::Comment => "COM".to_owned(),
        Role::Exif => "APP1 EXIF".to_owned(),
        _ => format!("APP{}", part.name[1].wrapping_sub(APP0)),
    };
    let value = Cow::Borrowed(bytes.get(part.body.clone()).unwrap_or_default());
    Ok(Some(Content { place, keyword: String::new(), value, offset: part.body.start }))
}

fn wrap(role: Role, body: &[u8]) -> Result<Vec<u8>> {
    let (marker, identifier) = match role {
        Role::Xmp => (APP1, XMP),
        Role::Exif => (APP1, EXIF),
        Role::Photoshop => (APP13, photoshop::IDENTIFIER),
        Role::Comment => (COM, &b""[..]),
        _ => return Err(Error::unsupported("JPEG has no segment for this")),
    };
    let length = identifier.len() + body.len() + 2;
    let Ok(length) = u16::try_from(length) else {
        return Err(Error::limit(format!("a JPEG segment holds at most {MAX_BODY} bytes, and this would have {}", length - 2)));
    };
    let mut out = vec![0xFF, marker];
    out.extend(length.to_be_bytes());
    out.extend_from_slice(identifier);
    out.extend_from_slice(body);
    Ok(out)
}

fn rebody(bytes: &[u8], part: &Part, body: &[u8]) -> Result<Vec<u8>> {
    let mut out = bytes.get(part.span.clone()).unwrap_or_default().to_vec();
    let from = part.body.start - part.span.start;
    match out.get_mut(from..from + part.body.len()) {
        Some(old) if old.len() == body.len() => old.copy_from_slice(body),
        _ => return Err(Error::parameter("a changed block must keep its length")),
    }
    Ok(out)
}

/// Metadata follows SOI, JFIF and EXIF, which want to be first. It stands before MPF, whose offsets count from itself.
fn place(pieces: &[Piece], role: Role) -> usize {
    let first = |piece: &Piece| match piece.role {
        Role::Head | Role::Jfif | Role::Thumbnail => true,
        Role::Exif => role != Role::Exif,
        _ => false,
    };
    pieces.iter().position(|piece| !first(piece)).unwrap_or(pieces.len())
}

fn assemble(pieces: Vec<Piece>) -> Result<Vec<u8>> {
    let mut out = concat(&pieces);
    // Old and new start of every piece, to follow what MPF points at.
    let mut moves = Vec::with_capacity(pieces.len());
    let (mut at, mut ends) = (0, None);
    for piece in &pieces {
        if let Some(from) = piece.from {
            moves.push((from, from + piece.bytes.len(), at));
            if piece.role == Role::Pixels {
                ends = Some((from + piece.bytes.len(), at + piece.bytes.len()));
            }
        }
        at += piece.bytes.len();
    }
    for (piece, &(old, _, new)) in pieces.iter().filter(|piece| piece.from.is_some()).zip(&moves) {
        if piece.role == Role::Mpf
            && let Some(segment) = out.get_mut(new..new + piece.bytes.len())
        {
            move_pictures(segment, old, new, &moves, ends);
        }
    }
    Ok(out)
}

/// Corrects an MPF index (CIPA DC-007, 5.2.3) after the parts moved: offsets count from the byte after `MPF\0`, and the
/// first entry states how long the main picture is. An index that cannot be read stays as it is.
fn move_pictures(segment: &mut [u8], old: usize, new: usize, moves: &[(usize, usize, usize)], ends: Option<(usize, usize)>) {
    let Some(base) = segment.windows(MPF.len()).position(|window| window == MPF).map(|at| at + MPF.len()) else { return };
    let little = match segment.get(base..base + 4) {
        Some(b"II*\0") => true,
        Some(b"MM\0*") => false,
        _ => return,
    };
    let get = |segment: &[u8], at: usize| {
        let bytes = *segment.get(base.checked_add(at)?..)?.first_chunk::<4>()?;
        Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) } as usize)
    };
    let get16 = |segment: &[u8], at: usize| {
        let bytes = *segment.get(base.checked_add(at)?..)?.first_chunk::<2>()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) } as usize)
    };
    let set = |segment: &mut [u8], at: usize, value: usize| {
        let Ok(value) = u32::try_from(value) else { return };
        if let Some(place) = segment.get_mut(base + at..base + at + 4) {
            place.copy_from_slice(&if little { value.to_le_bytes() } else { value.to_be_bytes() });
        }
    };
    let Some(directory) = get(segment, 4) else { return };
    let Some(count) = get16(segment, directory) else { return };
    // Tag 0xB002, MP Entry: 16 bytes a picture, attribute, size, offset, two dependents.
    let Some(entry) = (0..count).map(|i| directory + 2 + 12 * i).find(|&at| get16(segment, at) == Some(0xB002)) else { return };
    let (Some(bytes), Some(table)) = (get(segment, entry + 4), get(segment, entry + 8)) else { return };
    for at in (0..bytes / 16).map_while(|i| table.checked_add(16 * i)) {
        let (Some(size), Some(offset)) = (get(segment, at + 4), get(segment, at + 8)) else { return };
        if offset == 0 {
            // The main picture: from the start of the file to its EOI.
            if let Some((_, end)) = ends.filter(|&(end, _)| end == size) {
                set(segment, at + 4, end);
            }
            continue;
        }
        let target = old + base + offset;
        if let Some((from, _, to)) = moves.iter().find(|(from, end, _)| (*from..*end).contains(&target)) {
            set(segment, at + 8, (to + target - from).saturating_sub(new + base));
        }
    }
}

/// The density of a JFIF segment: unit, across, down.
pub fn density(segment: &[u8]) -> Option<[u8; 5]> {
    let at = segment.windows(5).position(|window| window == b"JFIF\0")?;
    segment.get(at + 7..)?.first_chunk().copied()
}

/// Writes a density into a JFIF segment.
pub fn set_density(segment: &mut [u8], density: [u8; 5]) {
    if let Some(at) = segment.windows(5).position(|window| window == b"JFIF\0")
        && let Some(place) = segment.get_mut(at + 7..at + 12)
    {
        place.copy_from_slice(&density);
    }
}

/// One ExtendedXMP packet (XMP part 3, 1.1.3.1), put together from its segments.
pub struct Extended {
    /// The whole packet.
    pub packet: Vec<u8>,
    /// Where its first segment starts in the file.
    pub offset: usize,
}

/// Digest and length of a packet, what was met of it, and where it starts in the file.
type Gathered<'a> = (&'a [u8], usize, Vec<(usize, &'a [u8])>, usize);

/// Puts the ExtendedXMP packets together. `segments`: start in the file, and content after the identifier.
///
/// # Errors
/// `Broken` where a packet has a hole or its segments contradict each other.
pub fn extended(segments: &[(usize, &[u8])]) -> Result<Vec<Extended>> {
    let mut seen: Vec<Gathered> = Vec::new();
    for &(offset, body) in segments {
        let broken = || Error::broken("an ExtendedXMP segment contradicts the others: the metadata cannot be read", offset);
        let (Some(digest), Some(length), Some(at)) = (body.get(..32), u32_be(body, 32), u32_be(body, 36)) else {
            return Err(broken());
        };
        let piece = (at as usize, body.get(40..).unwrap_or_default());
        let many = seen.len() >= 64;
        let known = seen.iter().position(|packet| packet.0 == digest);
        match known.and_then(|at| seen.get_mut(at)) {
            Some(packet) if packet.1 == length as usize => packet.2.push(piece),
            Some(_) => return Err(broken()),
            // Every packet has a digest of its own; a file has one, and a search through hundreds would take its time.
            None if many => return Err(Error::limit("the file has more than 64 ExtendedXMP packets")),
            None => seen.push((digest, length as usize, vec![piece], offset)),
        }
    }
    let mut packets = Vec::new();
    for (_, length, mut pieces, offset) in seen {
        pieces.sort_by_key(|piece| piece.0);
        let mut packet = Vec::new();
        for (at, bytes) in pieces {
            if at != packet.len() {
                return Err(Error::broken("an ExtendedXMP packet has a hole: the metadata cannot be read", offset));
            }
            packet.extend_from_slice(bytes);
        }
        if packet.len() != length {
            return Err(Error::broken("an ExtendedXMP packet is incomplete: the metadata cannot be read", offset));
        }
        packets.push(Extended { packet, offset });
    }
    Ok(packets)
}
