//! Where the items of a meta box lie (ISO/IEC 14496-12, 8.11.3), and what they are (8.11.6).

use super::atom::{number, put};
use crate::error::{Error, Result};

/// The most items and extents of one file.
const MAX: usize = 1 << 16;

/// The item location box.
#[derive(Debug, Clone, PartialEq)]
pub struct Iloc {
    head: [u8; 4],
    /// Bytes of an offset, a length, a base and an index: 0, 4 or 8 each.
    sizes: [usize; 4],
    /// Its items, in file order.
    pub items: Vec<Item>,
}

/// Where one item lies.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its number.
    pub id: u32,
    /// 0: in the file, 1: in idat, 2: in another item.
    pub method: u16,
    /// 0: in this file.
    pub reference: u16,
    /// Added to the offsets of all extents.
    pub base: u64,
    /// Its pieces.
    pub extents: Vec<Extent>,
}

/// A piece of an item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    index: u64,
    /// From the base.
    pub offset: u64,
    /// 0: all that there is.
    pub length: u64,
}

impl Extent {
    /// A new one.
    pub fn new(offset: u64, length: u64) -> Self {
        Self { index: 0, offset, length }
    }
}

/// Reads numbers one after another.
struct Numbers<'a>(&'a [u8], usize);

impl Numbers<'_> {
    fn next(&mut self, width: usize) -> Result<u64> {
        let value =
            number(self.0, self.1, width).ok_or_else(|| Error::broken("a table of items is shorter than its count", 0))?;
        self.1 += width;
        Ok(value)
    }
}

impl Iloc {
    /// Reads the body of the box.
    ///
    /// # Errors
    /// `Broken` for one that is too short, `Unsupported` for another version, `Limit` for too many items.
    pub fn read(body: &[u8]) -> Result<Self> {
        let mut from = Numbers(body, 4);
        let head: [u8; 4] = body.first_chunk().copied().unwrap_or_default();
        let version = head[0];
        if version > 2 {
            return Err(Error::unsupported(format!("the table of items has version {version}")));
        }
        let packed = from.next(2)? as usize;
        let sizes = [packed >> 12, packed >> 8 & 15, packed >> 4 & 15, if version == 0 { 0 } else { packed & 15 }];
        if sizes.iter().any(|size| !matches!(size, 0 | 4 | 8)) {
            return Err(Error::broken("a table of items has numbers of a width that is not defined", 0));
        }
        let wide = if version == 2 { 4 } else { 2 };
        let count = from.next(wide)? as usize;
        let mut left = MAX;
        let mut items = Vec::new();
        for _ in 0..count {
            let id = from.next(wide)? as u32;
            let method = if version == 0 { 0 } else { from.next(2)? as u16 };
            let reference = from.next(2)? as u16;
            let base = from.next(sizes[2])?;
            let pieces = from.next(2)? as usize;
            left = left.checked_sub(1 + pieces).ok_or_else(|| Error::limit(format!("there are more than {MAX} items")))?;
            let mut extents = Vec::new();
            for _ in 0..pieces {
                let (index, offset, length) = (from.next(sizes[3])?, from.next(sizes[0])?, from.next(sizes[1])?);
                extents.push(Extent { index, offset, length });
            }
            items.push(Item { id, method: method & 15, reference, base, extents });
        }
        Ok(Self { head, sizes, items })
    }

    /// Makes room for an item at an offset of the file up to `most`.
    pub fn widen(&mut self, most: u64) {
        let wanted = if most > u64::from(u32::MAX) { 8 } else { 4 };
        self.sizes[0] = self.sizes[0].max(wanted);
        self.sizes[1] = self.sizes[1].max(4);
    }

    /// The body of the box.
    ///
    /// # Errors
    /// `Limit` where a number does not fit.
    pub fn write(&self) -> Result<Vec<u8>> {
        let version = self.head[0];
        let wide = if version == 2 { 4 } else { 2 };
        let [offset, length, base, index] = self.sizes;
        let mut out = self.head.to_vec();
        let mut push = |value: u64, width: usize| {
            let at = out.len();
            out.resize(at + width, 0);
            put(&mut out, at..at + width, value)
        };
        push((offset << 12 | length << 8 | base << 4 | index) as u64, 2)?;
        push(self.items.len() as u64, wide)?;
        for item in &self.items {
            push(item.id.into(), wide)?;
            if version > 0 {
                push(item.method.into(), 2)?;
            }
            push(item.reference.into(), 2)?;
            push(item.base, base)?;
            push(item.extents.len() as u64, 2)?;
            for extent in &item.extents {
                push(extent.index, index)?;
                push(extent.offset, offset)?;
                push(extent.length, length)?;
            }
        }
        Ok(out)
    }

    /// Moves all items that lie in the file; `map`: from an old place to the new one.
    ///
    /// # Errors
    /// `Unsupported` where the pieces of one item would move apart and its numbers cannot say so.
    pub fn shift(&mut self, map: &dyn Fn(u64) -> u64) -> Result<()> {
        for item in self.items.iter_mut().filter(|item| item.method == 0 && item.reference == 0) {
            let places: Vec<(u64, u64)> =
                (item.extents.iter()).map(|extent| item.base.saturating_add(extent.offset)).map(|old| (old, map(old))).collect();
            let Some(&(old, new)) = places.first() else { continue };
            let alike = places.iter().all(|&(from, to)| to.wrapping_sub(from) == new.wrapping_sub(old));
            if alike && self.sizes[2] > 0 && (item.base > 0 || self.sizes[0] == 0) {
                item.base = item.base.wrapping_add(new.wrapping_sub(old));
                continue;
            }
            for (extent, (_, to)) in item.extents.iter_mut().zip(places) {
                extent.offset = to.checked_sub(item.base).ok_or_else(|| {
                    Error::unsupported("the pieces of an item lie on both sides of the metadata, which cannot be moved")
                })?;
            }
        }
        Ok(())
    }
}

/// What an item is.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// Its number.
    pub id: u32,
    /// Four letters.
    pub kind: [u8; 4],
    /// MIME type, of `mime` items.
    pub mime: Vec<u8>,
    /// How its bytes are coded, empty where they are not.
    pub coding: Vec<u8>,
}

/// Reads the body of an item information box.
///
/// # Errors
/// `Broken` for entries that do not fit, `Limit` for too many.
pub fn infos(body: &[u8]) -> Result<Vec<Info>> {
    let mut at = if body.first() == Some(&0) { 6 } else { 8 };
    let mut found = Vec::new();
    while at < body.len() {
        let size = number(body, at, 4).unwrap_or_default() as usize;
        let entry = body.get(at..at.saturating_add(size)).filter(|entry| entry.len() >= 12);
        let entry = entry.ok_or_else(|| Error::broken("an item's entry does not fit", 0))?;
        if found.len() >= MAX {
            return Err(Error::limit(format!("there are more than {MAX} items")));
        }
        if let Some(info) = info(entry.get(8..).unwrap_or_default()) {
            found.push(info);
        }
        at += size;
    }
    Ok(found)
}

fn info(body: &[u8]) -> Option<Info> {
    let version = *body.first()?;
    // Before version 2 there is no type, only a MIME type.
    let (id, at) = if version == 3 { (number(body, 4, 4)?, 8) } else { (number(body, 4, 2)?, 6) };
    let id = u32::try_from(id).ok()?;
    let (kind, text) = match version {
        2 | 3 => (*body.get(at + 2..)?.first_chunk()?, body.get(at + 6..)?),
        _ => (*b"mime", body.get(at + 2..)?),
    };
    let mut texts = text.split(|&byte| byte == 0).skip(1);
    let mime = texts.next().filter(|_| kind == *b"mime").unwrap_or_default().to_vec();
    let coding = texts.next().filter(|_| kind == *b"mime").unwrap_or_default().to_vec();
    Some(Info { id, kind, mime, coding })
}
