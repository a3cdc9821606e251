//! TIFF (revision 6.0, not BigTIFF): directories of tags that point anywhere into the file. The packet of XMP (tag 700) and the
//! ICC profile (tag 34675) of the first directory are parts of their own. What is changed is put behind everything else
//! together with a new first directory, so that no other byte moves.

use super::file::{Container, Content, File, MAX_INFLATED, Part, Piece, Role, push};
use super::inspect::base;
use super::inspection::{Inspection, Picture};
use crate::error::{Error, Result};
use std::borrow::Cow;
use std::collections::BTreeSet;

const HEAD: usize = 8;
const XMP: u16 = 700;
const ICC: u16 = 34_675;
/// Bytes of one field of a directory.
const FIELD: usize = 12;
/// The most directories of one file.
pub const MAX_DIRECTORIES: usize = 1 << 14;
/// The most tags of one directory.
pub const MAX_TAGS: u64 = 4096;
/// UNDEFINED: bytes without a meaning of their own (TC260-PG-20259A asks for it for XMP).
const UNDEFINED: u16 = 7;
/// Tags that say something of the picture as a whole and hold all of it in themselves: description, camera, orientation,
/// resolution, page name, software, date, artist, host, copyright, IPTC, Photoshop resources.
const DESCRIBING: [u16; 16] = [270, 271, 272, 274, 282, 283, 285, 296, 305, 306, 315, 316, 33_432, 33_723, 34_377, 18_246];

pub(super) const CONTAINER: Container = Container {
    mime: "image/tiff",
    matches: |bytes| bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*"),
    walk,
    inspect,
    content,
    wrap: |role, body| match role {
        Role::Xmp => Ok(body.to_vec()),
        _ => Err(Error::unsupported("TIFF has no tag for this")),
    },
    rebody: |_, _, _| Err(Error::unsupported("TIFF has no tag for this")),
    place: |pieces, _| pieces.len(),
    assemble,
    metadata_first: false,
    xmp_limit: MAX_INFLATED,
};

/// The byte order, and numbers in it.
#[derive(Clone, Copy)]
struct Order {
    little: bool,
}

impl Order {
    fn of(bytes: &[u8]) -> Self {
        Self { little: bytes.starts_with(b"II") }
    }

    fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let pair = *bytes.get(at..)?.first_chunk()?;
        Some(if self.little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    }

    fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let four = *bytes.get(at..)?.first_chunk()?;
        Some(if self.little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
    }

    fn put16(self, value: u16) -> [u8; 2] {
        if self.little { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    fn put32(self, value: u32) -> [u8; 4] {
        if self.little { value.to_le_bytes() } else { value.to_be_bytes() }
    }
}

/// One field of a directory.
#[derive(Clone)]
struct Field {
    tag: u16,
    kind: u16,
    count: u32,
    /// Its four bytes: the value where it fits, else where it lies.
    value: [u8; 4],
}

impl Field {
    /// Bytes of its value; `None` for a type that TIFF 6.0 does not know.
    fn size(&self) -> Option<usize> {
        let each = match self.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 => 8,
            _ => return None,
        };
        (self.count as usize).checked_mul(each)
    }

    /// Where its value lies in the file, when not in the field itself.
    fn range(&self, order: Order) -> Option<std::ops::Range<usize>> {
        let size = self.size().filter(|&size| size > 4)?;
        let start = order.u32(&self.value, 0)? as usize;
        Some(start..start.checked_add(size)?)
    }

    /// Its numbers, of SHORT and LONG fields.
    fn numbers(&self, bytes: &[u8], order: Order) -> Vec<u32> {
        let step = match self.kind {
            3 => 2,
            4 => 4,
            _ => return Vec::new(),
        };
        let value = match self.range(order) {
            Some(range) => bytes.get(range).unwrap_or_default(),
            None => &self.value,
        };
        let one = |index: usize| if step == 2 { order.u16(value, index * 2).map(u32::from) } else { order.u32(value, index * 4) };
        (0..self.count as usize).map_while(one).collect()
    }
}

/// A directory, and where the next one lies (0: nowhere).
struct Directory {
    fields: Vec<Field>,
    next: u32,
}

impl Directory {
    fn read(bytes: &[u8], order: Order, at: usize) -> Result<Self> {
        let broken = || Error::broken("a TIFF directory points outside the file: it is cut off", at);
        let count = usize::from(order.u16(bytes, at).ok_or_else(broken)?);
        if count as u64 > MAX_TAGS {
            return Err(Error::broken(format!("a directory has {count} entries"), at));
        }
        let body = bytes.get(at + 2..).and_then(|rest| rest.get(..count * FIELD)).ok_or_else(broken)?;
        let mut fields = Vec::with_capacity(count);
        for field in body.chunks_exact(FIELD) {
            let (Some(tag), Some(kind), Some(count)) = (order.u16(field, 0), order.u16(field, 2), order.u32(field, 4)) else {
                return Err(broken());
            };
            let value = field.get(8..).and_then(|rest| rest.first_chunk().copied()).ok_or_else(broken)?;
            let field = Field { tag, kind, count, value };
            if field.range(order).is_some_and(|range| range.end > bytes.len()) {
                return Err(Error::broken("a TIFF tag points outside the file: it is cut off", at));
            }
            fields.push(field);
        }
        let next = order.u32(bytes, at + 2 + count * FIELD).ok_or_else(broken)?;
        Ok(Self { fields, next })
    }

    /// The first one.
    fn first(bytes: &[u8]) -> Result<(Order, Self)> {
        let order = Order::of(bytes);
        let at =
            order.u32(bytes, 4).ok_or_else(|| Error::broken("the TIFF ends inside its header: it is cut off", bytes.len()))?;
        Ok((order, Self::read(bytes, order, at as usize)?))
    }

    fn field(&self, tag: u16) -> Option<&Field> {
        self.fields.iter().find(|field| field.tag == tag)
    }

    fn numbers(&self, tag: u16, bytes: &[u8], order: Order) -> Vec<u32> {
        self.field(tag).map(|field| field.numbers(bytes, order)).unwrap_or_default()
    }
}

fn walk(bytes: &[u8]) -> Result<Vec<Part>> {
    let (order, first) = Directory::first(bytes)?;
    check_samples(bytes, order, &first)?;
    let (mut next, mut seen) = (first.next, BTreeSet::new());
    while next != 0 {
        if !seen.insert(next) {
            return Err(Error::broken("the directories of the TIFF go in a circle", next as usize));
        }
        if seen.len() >= MAX_DIRECTORIES {
            return Err(Error::limit(format!("the TIFF has more than {MAX_DIRECTORIES} directories")));
        }
        let directory = Directory::read(bytes, order, next as usize)?;
        check_samples(bytes, order, &directory)?;
        next = directory.next;
    }
    let own = |tag| first.field(tag).and_then(|field| field.range(order)).filter(|range| range.start >= HEAD);
    let mut own = [(own(XMP), Role::Xmp), (own(ICC), Role::Icc)];
    if let [(Some(xmp), _), (Some(icc), _)] = &own
        && icc.start < xmp.start
    {
        own.reverse();
    }
    let mut parts = Vec::new();
    push(&mut parts, Part { name: *b"head", role: Role::Head, span: 0..HEAD, body: HEAD..HEAD })?;
    let mut at = HEAD;
    for (range, role) in own {
        let Some(range) = range else { continue };
        // One that lies within another's bytes has no place of its own.
        if range.start < at {
            return Err(Error::broken("two TIFF tags share their bytes", range.start));
        }
        if range.start > at {
            push(&mut parts, Part { name: *b"data", role: Role::Pixels, span: at..range.start, body: at..range.start })?;
        }
        at = range.end;
        push(&mut parts, Part { name: *b"own ", role, span: range.clone(), body: range })?;
    }
    // Also where nothing is left: it keeps the end's place when a packet before it goes.
    push(&mut parts, Part { name: *b"data", role: Role::Pixels, span: at..bytes.len(), body: at..bytes.len() })?;
    Ok(parts)
}

/// Strips and tiles lie within the file.
fn check_samples(bytes: &[u8], order: Order, directory: &Directory) -> Result<()> {
    let mut any = false;
    for (places, sizes) in [(273, 279), (324, 325)] {
        let places = directory.numbers(places, bytes, order);
        let sizes = directory.numbers(sizes, bytes, order);
        any |= !places.is_empty();
        for (place, size) in places.iter().zip(&sizes) {
            if u64::from(*place) + u64::from(*size) > bytes.len() as u64 {
                return Err(Error::broken("samples of the TIFF lie outside the file: it is cut off", *place as usize));
            }
        }
    }
    if any { Ok(()) } else { Err(Error::broken("a page of the TIFF holds no picture", 0)) }
}

fn content<'a>(bytes: &'a [u8], part: &Part) -> Result<Option<Content<'a>>> {
    let value = Cow::Borrowed(bytes.get(part.body.clone()).unwrap_or_default());
    Ok(Some(Content { place: "XMP tag".to_owned(), keyword: String::new(), value, offset: part.body.start }))
}

fn inspect(file: &File) -> Result<Inspection> {
    let (order, first) = Directory::first(file.bytes)?;
    let number = |tag: u16| first.numbers(tag, file.bytes, order).first().copied();
    let (Some(width), Some(height)) = (number(256), number(257)) else {
        return Err(Error::broken("the TIFF names no size", 0));
    };
    let samples = u8::try_from(number(277).unwrap_or(1)).unwrap_or(u8::MAX);
    let depth = u8::try_from(number(258).unwrap_or(1)).unwrap_or(u8::MAX);
    let (colour, colours) = match number(262).unwrap_or(1) {
        0 | 1 => ("grey", 1),
        5 => ("cmyk", 4),
        6 => ("ycc", 3),
        _ => ("rgb", 3),
    };
    let palette = number(262) == Some(3);
    // An extra sample of unknown meaning (0) is no alpha.
    let alpha = number(338).is_some_and(|kind| kind == 1 || kind == 2);
    let picture = Picture {
        size: (width, height),
        channels: if palette { 3 } else { colours + u8::from(alpha && samples > colours) },
        alpha,
        depth: if palette { 8 } else { depth },
        colour,
        animated: false,
        // JPEG of both kinds, WebP, JPEG XL; everything else that is in use is exact.
        lossless: !matches!(number(259), Some(6 | 7 | 50_001 | 50_002)),
    };
    let mut report = base(file, picture)?;
    report.orientation =
        number(274).and_then(|value| u8::try_from(value).ok()).filter(|value| (1..=8).contains(value)).unwrap_or(1);
    Ok(report)
}

/// Keeps every piece where it stood; new ones come behind everything, with a new first directory.
fn assemble(pieces: Vec<Piece>) -> Result<Vec<u8>> {
    let mut out: Vec<u8> = Vec::new();
    let mut new = Vec::new();
    for piece in &pieces {
        match piece.from {
            Some(at) => {
                // What stood here was taken out or stands elsewhere now.
                if at > out.len() {
                    out.resize(at, 0);
                }
                out.extend_from_slice(&piece.bytes);
            }
            None => new.push((
                if piece.role == Role::Icc { ICC } else { XMP },
                UNDEFINED,
                piece.bytes.len() as u32,
                piece.bytes.to_vec(),
            )),
        }
    }
    if new.is_empty() { Ok(out) } else { with_fields(out, &new) }
}

/// The file with these fields (tag, type, count, value) in its first directory, instead of those of the same tags.
fn with_fields(mut out: Vec<u8>, new: &[(u16, u16, u32, Vec<u8>)]) -> Result<Vec<u8>> {
    let (order, mut first) = Directory::first(&out)?;
    let start = order.u32(&out, 4).unwrap_or_default() as usize;
    let mut moved = false;
    for (tag, kind, count, value) in new {
        if in_place(&mut out, order, &first, start, (*tag, *kind, *count, value)) {
            continue;
        }
        moved = true;
        let mut inside = [0; 4];
        if value.len() <= 4 {
            for (to, from) in inside.iter_mut().zip(value) {
                *to = *from;
            }
        } else {
            inside = order.put32(end(&mut out)?);
            out.extend_from_slice(value);
        }
        first.fields.retain(|field| field.tag != *tag);
        // In the order of tags, as TIFF wants it.
        let at = first.fields.iter().position(|field| field.tag > *tag).unwrap_or(first.fields.len());
        first.fields.insert(at, Field { tag: *tag, kind: *kind, count: *count, value: inside });
    }
    if !moved {
        return Ok(out);
    }
    let place = end(&mut out)?;
    let count = u16::try_from(first.fields.len()).map_err(|_| Error::limit("a TIFF directory holds at most 65535 fields"))?;
    out.extend(order.put16(count));
    for field in &first.fields {
        out.extend(order.put16(field.tag));
        out.extend(order.put16(field.kind));
        out.extend(order.put32(field.count));
        out.extend(field.value);
    }
    out.extend(order.put32(first.next));
    if let Some(pointer) = out.get_mut(4..8) {
        pointer.copy_from_slice(&order.put32(place));
    }
    Ok(out)
}

/// Writes a value where the old one of its tag was taken out, when it has the room and the type; says whether it did.
fn in_place(
    out: &mut [u8],
    order: Order,
    first: &Directory,
    start: usize,
    (tag, kind, count, value): (u16, u16, u32, &[u8]),
) -> bool {
    let Some(index) = first.fields.iter().position(|field| field.tag == tag && field.kind == kind) else { return false };
    let Some(range) = first.fields.get(index).and_then(|field| field.range(order)) else { return false };
    let Some(room) = out.get_mut(range) else { return false };
    if value.len() > room.len() || value.len() <= 4 || room.iter().any(|&byte| byte != 0) {
        return false;
    }
    for (to, from) in room.iter_mut().zip(value) {
        *to = *from;
    }
    let field = start + 2 + index * FIELD;
    if let Some(place) = out.get_mut(field + 4..field + 8) {
        place.copy_from_slice(&order.put32(count));
    }
    true
}

/// The file's end at an even place, as TIFF wants it.
fn end(out: &mut Vec<u8>) -> Result<u32> {
    if out.len() % 2 == 1 {
        out.push(0);
    }
    u32::try_from(out.len()).map_err(|_| Error::limit("a TIFF holds less than 4 GiB"))
}

/// The encoded file with the source's XMP, describing tags, and its profile where `profile` says that it fits. EXIF's and
/// GPS's own directories are not carried: their values point to places in the source.
pub fn carry(source: &File, encoded: &File, profile: bool, xmp: Option<Vec<u8>>) -> Result<Vec<u8>> {
    let (from, first) = Directory::first(source.bytes)?;
    let (to, there) = Directory::first(encoded.bytes)?;
    let mut new = Vec::new();
    for field in &first.fields {
        let wanted = DESCRIBING.contains(&field.tag) || (field.tag == ICC && profile && there.field(ICC).is_none());
        let Some(size) = field.size().filter(|_| wanted) else { continue };
        let value = match field.range(from) {
            Some(range) => source.bytes.get(range).unwrap_or_default(),
            None => field.value.get(..size).unwrap_or_default(),
        };
        new.push((field.tag, field.kind, field.count, swapped(value, field.kind, from.little != to.little)));
    }
    if let Some(packet) = xmp {
        new.push((XMP, UNDEFINED, packet.len() as u32, packet));
    }
    if new.is_empty() { Ok(encoded.bytes.to_vec()) } else { with_fields(encoded.bytes.to_vec(), &new) }
}

/// A value in the other byte order where `other` says so.
fn swapped(value: &[u8], kind: u16, other: bool) -> Vec<u8> {
    let unit = match kind {
        3 | 8 => 2,
        4 | 5 | 9 | 10 | 11 | 13 => 4,
        12 => 8,
        _ => 1,
    };
    let mut out = value.to_vec();
    if other {
        out.chunks_mut(unit).for_each(<[u8]>::reverse);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{open, samples};
    use super::*;

    #[test]
    fn a_packet_is_added_behind_everything_and_read_again_in_both_byte_orders() {
        for little in [true, false] {
            let bytes = samples::tiff(little);
            let packet = samples::xmp("<a/>");
            let file = open(&bytes).unwrap();
            assert_eq!(file.inspect().unwrap().orientation, 6);
            let mut pieces = file.pieces();
            pieces.push(file.wrap(Role::Xmp, &packet).unwrap());
            let new = file.assemble(pieces).unwrap();
            assert_eq!(new[8..bytes.len()], bytes[8..]);
            let again = open(&new).unwrap();
            let part = again.with(Role::Xmp).next().unwrap();
            assert_eq!(again.body(part), packet);
            assert_eq!(again.inspect().unwrap(), Inspection { has_xmp: true, ..file.inspect().unwrap() });
            // Replaced: the old packet is gone, everything else is where it was.
            let other = samples::xmp("<b/><c/>");
            let pieces = again
                .pieces()
                .into_iter()
                .map(|piece| if piece.role == Role::Xmp { again.wrap(Role::Xmp, &other).unwrap() } else { piece });
            let third = again.assemble(pieces.collect()).unwrap();
            assert_eq!(third[8..bytes.len()], bytes[8..]);
            let last = open(&third).unwrap();
            assert_eq!(last.body(last.with(Role::Xmp).next().unwrap()), other);
            assert!(!third.windows(packet.len()).any(|window| window == packet));
        }
    }

    #[test]
    fn describing_tags_are_carried_across_byte_orders() {
        let (source, encoded) = (samples::tiff(false), samples::tiff(true));
        let mut turned = encoded;
        // The orientation's value in the sample's directory.
        let at = turned.windows(4).position(|window| window == [0x12, 0x01, 3, 0]).unwrap() + 8;
        turned[at] = 1;
        assert_eq!(open(&turned).unwrap().inspect().unwrap().orientation, 1);
        let new = carry(&open(&source).unwrap(), &open(&turned).unwrap(), true, None).unwrap();
        assert_eq!(open(&new).unwrap().inspect().unwrap().orientation, 6);
    }

    #[test]
    fn a_ring_of_pages_ends() {
        let mut bytes = samples::tiff(true);
        let at = bytes.len() - 4;
        bytes[at..].copy_from_slice(&10u32.to_le_bytes());
        assert!(open(&bytes).is_err());
    }
}
