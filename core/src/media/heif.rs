//! AVIF and HEIC (ISO/IEC 23008-12): XMP is an item of the file's meta box that describes the primary picture.
//!
//! The coded samples are the items that are pictures or parts of them, by number, then the chunks of all tracks.

use super::bmff::atom::{Atom, Body, number};
use super::bmff::chunks::chunks;
use super::bmff::heads::{Head, heads};
use super::bmff::iloc::{Extent, Iloc, Info, Item, infos};
use super::bmff::layout::{self, Layout};
use super::bmff::{C2PA_ID, is_picture};
use super::kind::{Budget, Label, Media, Text, Walk, XMP, comment_at, comments, in_order, packets, text_of};
use super::source::{Source, Splice, Window, replace};
use crate::container::exif::Exif;
use crate::error::{Error, Result};
use std::ops::Range;

/// The row of the table.
pub const MEDIA: Media = Media { name: "AVIF and HEIC", matches, walk, write };

const RDF: &[u8] = b"application/rdf+xml";
/// The longest item of metadata.
const MAX_ITEM: u64 = 16 << 20;

fn matches(bytes: &[u8]) -> bool {
    is_picture(bytes)
}

/// The meta box, understood.
struct Meta {
    atom: Atom,
    iloc: Iloc,
    infos: Vec<Info>,
    /// Where idat's body starts in the file, and its length.
    idat: Option<Range<u64>>,
}

impl Meta {
    fn read(source: &dyn Source, head: &Head) -> Result<Self> {
        let atom = Atom::read(&layout::whole(source, head)?, head.start)?;
        let part = |kind: &[u8; 4], name: &str| {
            atom.child(kind).map(Atom::bytes).ok_or_else(|| Error::broken(format!("there is no {name}"), head.start as usize))
        };
        let iloc = Iloc::read(part(b"iloc", "table of places (iloc)")?)?;
        let infos = infos(part(b"iinf", "list of items (iinf)")?)?;
        let idat = atom.child(b"idat").map(|idat| idat.at..idat.at + idat.bytes().len() as u64);
        Ok(Self { atom, iloc, infos, idat })
    }

    /// Where the bytes of an item lie in the file.
    fn ranges(&self, id: u32, length: u64) -> Result<Vec<Range<u64>>> {
        let Some(item) = self.iloc.items.iter().find(|item| item.id == id && item.reference == 0) else { return Ok(Vec::new()) };
        let home = match item.method {
            0 => 0..length,
            1 => self.idat.clone().unwrap_or_default(),
            _ => return Ok(Vec::new()),
        };
        item.extents
            .iter()
            .map(|extent| {
                let start = home.start.checked_add(item.base).and_then(|base| base.checked_add(extent.offset));
                let end = match extent.length {
                    0 => Some(home.end),
                    length => start.and_then(|start| start.checked_add(length)),
                };
                match (start, end) {
                    (Some(start), Some(end)) if start <= end && end <= home.end => Ok(start..end),
                    _ => Err(Error::broken(format!("item {id} lies outside the file, which may end early"), length as usize)),
                }
            })
            .collect()
    }

    fn is_xmp(info: &Info) -> bool {
        info.kind == *b"mime" && info.mime == RDF
    }
}

fn bytes_of(source: &dyn Source, ranges: &[Range<u64>]) -> Result<Vec<u8>> {
    if ranges.iter().map(|range| range.end - range.start).sum::<u64>() > MAX_ITEM {
        return Err(Error::limit(format!("an item of metadata is longer than {MAX_ITEM} bytes")));
    }
    let mut all = Vec::new();
    for range in ranges {
        all.extend_from_slice(&source.read(range.start, (range.end - range.start) as usize)?);
    }
    Ok(all)
}

fn find<'a>(heads: &'a [Head], kind: &[u8; 4]) -> Option<&'a Head> {
    heads.iter().find(|head| head.kind == *kind)
}

fn meta_of<'a>(heads: &'a [Head], source: &dyn Source) -> Result<(&'a Head, Meta)> {
    let head = find(heads, b"meta").ok_or_else(|| Error::broken("there is no box meta: the file ends early", 0))?;
    Ok((head, Meta::read(source, head)?))
}

fn walk(source: &dyn Source) -> Result<Walk> {
    let source = &Window::new(source) as &dyn Source;
    let heads = heads(source)?;
    let (_, meta) = meta_of(&heads, source)?;
    let brands = source.read(8, find(&heads, b"ftyp").map_or(0, |ftyp| ftyp.end.clamp(8, 256) - 8) as usize)?;
    let avif = brands.chunks(4).any(|brand| matches!(brand, b"avif" | b"avis"));
    let mut found =
        Walk { mime: if avif { "image/avif" } else { "image/heic" }, texts: Vec::new(), coded: Vec::new(), c2pa: false };
    let mut sorted: Vec<&Info> = meta.infos.iter().collect();
    sorted.sort_by_key(|info| info.id);
    let mut budget = Budget::new();
    for info in sorted {
        let ranges = meta.ranges(info.id, source.length())?;
        if Meta::is_xmp(info) || info.kind == *b"Exif" {
            budget.take(ranges.iter().map(|range| range.end - range.start).sum())?;
        }
        match &info.kind {
            b"mime" if Meta::is_xmp(info) => {
                if !info.coding.is_empty() {
                    return Err(Error::unsupported("the XMP packet is compressed, which is not read"));
                }
                let offset = ranges.first().map_or(0, |range| range.start);
                let value = text_of(&bytes_of(source, &ranges)?);
                let place = "mime item application/rdf+xml".to_owned();
                found.texts.push(Text { place, key: XMP.into(), value, offset, official: true });
            }
            b"Exif" => exif(source, &ranges, &mut found.texts)?,
            b"mime" | b"uri " => {}
            _ => found.coded.extend(ranges),
        }
    }
    if let Some(head) = find(&heads, b"moov") {
        let moov = Atom::read(&layout::whole(source, head)?, head.start)?;
        for range in chunks(&moov)? {
            if range.end > source.length() {
                return Err(Error::broken("a track goes on behind the end of the file", source.length() as usize));
            }
            found.coded.push(range);
        }
    }
    for head in heads.iter().filter(|head| head.kind == *b"uuid") {
        found.c2pa |= *source.read(head.body, (head.end - head.body).min(16) as usize)? == C2PA_ID;
    }
    in_order(&mut found.texts);
    Ok(found)
}

/// Four bytes say where the TIFF header stands behind them.
fn exif(source: &dyn Source, ranges: &[Range<u64>], texts: &mut Vec<Text>) -> Result<()> {
    let [range] = ranges else { return Ok(()) };
    let bytes = bytes_of(source, ranges)?;
    let start = 4 + number(&bytes, 0, 4).unwrap_or_default() as usize;
    let Some(exif) = bytes.get(start..).and_then(Exif::parse) else { return Ok(()) };
    texts.extend(comments(&exif, range.start + start as u64));
    Ok(())
}

fn write(source: &dyn Source, walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>> {
    let source = &Window::new(source) as &dyn Source;
    let heads = heads(source)?;
    let (head, mut meta) = meta_of(&heads, source)?;
    let length = source.length();
    // What changes without moving anything.
    let mut cuts: Vec<(Range<u64>, Vec<u8>)> = Vec::new();
    for text in drop.iter().filter_map(|&index| walk.texts.get(index)).filter(|text| text.key != XMP) {
        cuts.push((blank(source, &meta, text.offset)?, Vec::new()));
    }
    for (range, bytes) in &mut cuts {
        bytes.resize((range.end - range.start) as usize, 0);
    }
    // Packets that go to the end of the file, each with the number of its item.
    let mut moved: Vec<(u32, String)> = Vec::new();
    for (index, packet) in packets(walk, label, drop)? {
        let Some(text) = index.and_then(|index| walk.texts.get(index)) else {
            moved.push((describe(&mut meta, length)?, packet));
            continue;
        };
        let own = |info: &&Info| {
            Meta::is_xmp(info)
                && meta.ranges(info.id, length).is_ok_and(|ranges| ranges.first().is_some_and(|range| range.start == text.offset))
        };
        let id = meta.infos.iter().find(own).map(|info| info.id).ok_or_else(|| Error::broken("an XMP item is lost", 0))?;
        let ranges = meta.ranges(id, length)?;
        let in_idat = meta.idat.as_ref().is_some_and(|idat| ranges.iter().any(|range| idat.contains(&range.start)));
        let fits = match ranges.as_slice() {
            [range] if !in_idat => packet.len() as u64 <= range.end - range.start,
            _ => false,
        };
        for range in &ranges {
            let mut bytes = if fits { packet.clone().into_bytes() } else { Vec::new() };
            bytes.resize((range.end - range.start) as usize, b' ');
            match meta.idat.as_ref().filter(|idat| idat.contains(&range.start)) {
                Some(idat) => overwrite(&mut meta.atom, (range.start - idat.start) as usize, &bytes),
                None => cuts.push((range.clone(), bytes)),
            }
        }
        if !fits {
            moved.push((id, packet));
        }
    }
    settle(source, &heads, head, meta, moved, cuts)
}

/// The range of an EXIF text.
fn blank(source: &dyn Source, meta: &Meta, offset: u64) -> Result<Range<u64>> {
    for info in meta.infos.iter().filter(|info| info.kind == *b"Exif") {
        let ranges = meta.ranges(info.id, source.length())?;
        let Some(range) = ranges.first().filter(|range| range.contains(&offset)) else { continue };
        if meta.idat.as_ref().is_some_and(|idat| idat.contains(&range.start)) {
            return Err(Error::unsupported("the EXIF block that holds a label stands in idat, where it cannot be changed"));
        }
        let bytes = bytes_of(source, &ranges)?;
        let start = 4 + number(&bytes, 0, 4).unwrap_or_default() as usize;
        let exif = bytes.get(start..).and_then(Exif::parse);
        if let Some(found) = exif.and_then(|exif| comment_at(&exif, range.start + start as u64, offset)) {
            return Ok(found);
        }
    }
    Err(Error::broken("an EXIF text is lost", offset as usize))
}

fn overwrite(meta: &mut Atom, at: usize, bytes: &[u8]) {
    let idat = meta.inside_mut().and_then(|inside| inside.iter_mut().find(|atom| atom.kind == *b"idat"));
    if let Some(Body::Bytes(body)) = idat.map(|idat| &mut idat.body)
        && let Some(place) = body.get_mut(at..at + bytes.len())
    {
        place.copy_from_slice(bytes);
    }
}

fn leaf<'a>(meta: &'a mut Atom, kind: &[u8; 4]) -> Option<&'a mut Vec<u8>> {
    match &mut meta.inside_mut()?.iter_mut().find(|atom| atom.kind == *kind)?.body {
        Body::Bytes(bytes) => Some(bytes),
        Body::Boxes { .. } => None,
    }
}

/// Adds an XMP item that describes the primary one; gives its number.
fn describe(meta: &mut Meta, length: u64) -> Result<u32> {
    let most = meta.infos.iter().map(|info| info.id).chain(meta.iloc.items.iter().map(|item| item.id)).max();
    let id = u16::try_from(most.unwrap_or(0) + 1).map_err(|_| Error::limit("the file has no number left for another item"))?;
    let primary = meta.atom.child(b"pitm").map(Atom::bytes);
    let primary = primary.and_then(|pitm| number(pitm, 4, if pitm.first() == Some(&0) { 2 } else { 4 }));

    let entry = [&[2, 0, 0, 0][..], &id.to_be_bytes(), &[0, 0], b"mime\0", RDF, &[0]].concat();
    if let Some(iinf) = leaf(&mut meta.atom, b"iinf") {
        let width = if iinf.first() == Some(&0) { 2 } else { 4 };
        let count = number(iinf, 4, width).ok_or_else(|| Error::broken("the list of items has no count", 0))?;
        Atom::leaf(*b"infe", entry).write(iinf)?;
        super::bmff::atom::put(iinf, 4..4 + width, count + 1)?;
    }
    if let Some(primary) = primary {
        if meta.atom.child(b"iref").is_none()
            && let Some(inside) = meta.atom.inside_mut()
        {
            inside.push(Atom::leaf(*b"iref", vec![u8::from(primary > u64::from(u16::MAX)), 0, 0, 0]));
        }
        if let Some(iref) = leaf(&mut meta.atom, b"iref") {
            let mut body = Vec::new();
            match iref.first() {
                Some(0) => {
                    let primary = u16::try_from(primary)
                        .map_err(|_| Error::unsupported("the main picture's number does not fit into the file's references"))?;
                    body.extend([id.to_be_bytes(), [0, 1], primary.to_be_bytes()].concat());
                }
                _ => body.extend([&u32::from(id).to_be_bytes()[..], &[0, 1], &(primary as u32).to_be_bytes()].concat()),
            }
            Atom::leaf(*b"cdsc", body).write(iref)?;
        }
    }
    // What is added stays far below 16 MiB.
    meta.iloc.widen(length + (16 << 20));
    meta.iloc.items.push(Item { id: id.into(), method: 0, reference: 0, base: 0, extents: Vec::new() });
    Ok(id.into())
}

/// Puts everything together once the length of meta is known.
fn settle(
    source: &dyn Source,
    heads: &[Head],
    head: &Head,
    mut meta: Meta,
    moved: Vec<(u32, String)>,
    mut cuts: Vec<(Range<u64>, Vec<u8>)>,
) -> Result<Vec<Splice>> {
    let length = source.length();
    let (mut iloc, fresh) = (meta.iloc.clone(), |id: &u32| moved.iter().any(|(one, _)| one == id));
    if !moved.is_empty() {
        iloc.widen(length + (16 << 20));
    }
    for item in iloc.items.iter_mut().filter(|item| fresh(&item.id)) {
        (item.method, item.reference, item.base, item.extents) = (0, 0, 0, vec![Extent::new(0, 0)]);
    }
    // The length of the table does not depend on its values.
    *leaf(&mut meta.atom, b"iloc").ok_or_else(|| Error::broken("there is no table of places", 0))? = iloc.write()?;
    let room = layout::room(heads, head, meta.atom.length());
    let layout = Layout::of(&cuts, &[(room.span.clone(), room.length)]);

    iloc.shift(&|offset| layout.map(offset))?;
    let last = heads.last().filter(|last| last.open);
    if last.is_some_and(|last| last.kind != *b"mdat") && !moved.is_empty() {
        return Err(Error::unsupported("the last box of the file has no size, and no room behind it"));
    }
    let mut body = Vec::new();
    let start = layout.map(length) + if last.is_some() { 0 } else { 8 };
    for (id, packet) in &moved {
        let place = start + body.len() as u64;
        body.extend_from_slice(packet.as_bytes());
        for item in iloc.items.iter_mut().filter(|item| item.id == *id) {
            item.extents = vec![Extent::new(place, packet.len() as u64)];
        }
    }
    if let Some(table) = leaf(&mut meta.atom, b"iloc") {
        *table = iloc.write()?;
    }
    let mut bytes = Vec::new();
    meta.atom.write(&mut bytes)?;
    room.close(&mut bytes);
    if let Some(head) = find(heads, b"moov").filter(|_| !layout.still()) {
        let mut moov = Atom::read(&layout::whole(source, head)?, head.start)?;
        layout::shift(&mut moov, &layout)?;
        let mut bytes = Vec::new();
        moov.write(&mut bytes)?;
        cuts.push((head.span(), bytes));
    }
    cuts.push((room.span, bytes));
    if !body.is_empty() {
        let mut end = Vec::new();
        match last {
            Some(_) => end = body,
            None => Atom::leaf(*b"mdat", body).write(&mut end)?,
        }
        cuts.push((length..length, end));
    }
    cuts.extend(layout::others(source, heads, &layout)?);
    replace(length, cuts)
}
