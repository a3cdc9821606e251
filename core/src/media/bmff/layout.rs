//! Where things lie once boxes have grown, and the tables that say so: stco, co64, saio, tfhd, tfra, sidx.

use super::atom::{Atom, number, put};
use super::heads::Head;
use super::iloc::Iloc;
use crate::error::{Error, Result};
use crate::media::source::Source;
use std::ops::Range;

/// The longest box that is read as a whole.
pub const MAX_BOX: u64 = 64 << 20;

/// Which ranges of the old file are replaced, and by how many bytes.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    cuts: Vec<(Range<u64>, u64)>,
}

impl Layout {
    /// The layout of these changes.
    pub fn of(cuts: &[(Range<u64>, Vec<u8>)], more: &[(Range<u64>, u64)]) -> Self {
        let known = cuts.iter().map(|(range, bytes)| (range.clone(), bytes.len() as u64));
        let mut cuts: Vec<(Range<u64>, u64)> = known.chain(more.iter().cloned()).collect();
        cuts.sort_by_key(|(range, _)| range.start);
        Self { cuts }
    }

    /// Whether anything moves.
    pub fn still(&self) -> bool {
        self.cuts.iter().all(|(range, length)| range.end - range.start == *length)
    }

    /// Where a byte of the old file lies in the new one.
    pub fn map(&self, offset: u64) -> u64 {
        let before = self.cuts.iter().take_while(|(range, _)| range.end <= offset);
        before.fold(offset, |offset, (range, length)| offset.saturating_sub(range.end - range.start) + length)
    }
}

/// What a box of `wanted` bytes takes the place of: itself, or itself and the free space behind it, so that nothing moves.
pub struct Room {
    /// What is cut out.
    pub span: Range<u64>,
    /// How many bytes come instead.
    pub length: u64,
    /// The size of the free box that starts in the last 8 of them; 0: there is none.
    pub free: u32,
}

/// The room for a box that stands at `head` and gets another length.
pub fn room(heads: &[Head], head: &Head, wanted: u64) -> Room {
    let follows = heads.iter().find(|next| next.start == head.end && matches!(&next.kind, b"free" | b"skip") && !next.open);
    if let Some(free) = follows {
        let room = free.end - head.start;
        if room == wanted {
            return Room { span: head.start..free.end, length: wanted, free: 0 };
        }
        if let Some(left) = room.checked_sub(wanted).filter(|&left| left >= 8).and_then(|left| u32::try_from(left).ok()) {
            // What stood in the free space stays: it may be large.
            return Room { span: head.start..head.start + wanted + 8, length: wanted + 8, free: left };
        }
    }
    Room { span: head.span(), length: wanted, free: 0 }
}

impl Room {
    /// The header of the free box behind.
    pub fn close(&self, bytes: &mut Vec<u8>) {
        if self.free > 0 {
            bytes.extend(self.free.to_be_bytes());
            bytes.extend(b"free");
        }
    }
}

/// Reads one whole box.
///
/// # Errors
/// `Limit` for one of more than [`MAX_BOX`] bytes.
pub fn whole(source: &dyn Source, head: &Head) -> Result<Vec<u8>> {
    let length = head.end - head.start;
    if length > MAX_BOX {
        return Err(Error::limit(format!("a box of {length} bytes is longer than the {MAX_BOX} that are read")));
    }
    Ok(source.read(head.start, length as usize)?.into_owned())
}

/// The entries of a table of offsets: where they start in it, how many, how wide.
fn entries(kind: [u8; 4], bytes: &[u8]) -> Option<(usize, usize, usize)> {
    let (count_at, width) = match &kind {
        b"stco" => (4, 4),
        b"co64" => (4, 8),
        // aux_info_type and its parameter stand before the count where the flag says so.
        b"saio" => (if number(bytes, 0, 4)? & 1 == 1 { 12 } else { 4 }, if bytes.first() == Some(&0) { 4 } else { 8 }),
        _ => return None,
    };
    let count = number(bytes, count_at, 4)? as usize;
    Some((count_at + 4, count, width))
}

/// Goes over the absolute offsets of moov's tables.
///
/// # Errors
/// `Broken` for a table that is shorter than its count says.
pub fn offsets(moov: &mut Atom, work: &mut dyn FnMut([u8; 4], u64) -> Result<()>) -> Result<()> {
    moov.leaves(&mut |kind, bytes| {
        let Some((start, count, width)) = entries(*kind, bytes) else { return Ok(()) };
        for index in 0..count {
            work(*kind, entry(bytes, start, index, width)?)?;
        }
        Ok(())
    })
}

fn entry(bytes: &[u8], start: usize, index: usize, width: usize) -> Result<u64> {
    number(bytes, start + index * width, width).ok_or_else(|| Error::broken("a table of offsets is shorter than its count", 0))
}

/// Makes 64-bit tables of those that the layout would overflow. True where there was one.
///
/// # Errors
/// As [`offsets`].
pub fn promote(moov: &mut Atom, layout: &Layout) -> Result<bool> {
    let mut any = false;
    moov.leaves(&mut |kind, bytes| {
        if kind != b"stco" {
            return Ok(());
        }
        let Some((start, count, width)) = entries(*kind, bytes) else { return Ok(()) };
        let old: Vec<u64> = (0..count).map(|index| entry(bytes, start, index, width)).collect::<Result<_>>()?;
        if old.iter().any(|&offset| layout.map(offset) > u64::from(u32::MAX)) {
            bytes.truncate(start);
            old.iter().for_each(|offset| bytes.extend(offset.to_be_bytes()));
            *kind = *b"co64";
            any = true;
        }
        Ok(())
    })?;
    Ok(any)
}

/// Writes the new offsets into moov's tables.
///
/// # Errors
/// `Limit` where a table cannot hold one.
pub fn shift(moov: &mut Atom, layout: &Layout) -> Result<()> {
    places(moov, layout)?;
    moov.leaves(&mut |kind, bytes| {
        let Some((start, count, width)) = entries(*kind, bytes) else { return Ok(()) };
        for index in 0..count {
            let value = layout.map(entry(bytes, start, index, width)?);
            let at = start + index * width;
            put(bytes, at..at + width, value)?;
        }
        Ok(())
    })
}

/// Writes the new offsets into the table of items of a meta box, if it has one.
///
/// # Errors
/// As `Iloc::read`, `Iloc::shift` and `Iloc::write`.
pub fn places(meta: &mut Atom, layout: &Layout) -> Result<()> {
    meta.leaves(&mut |kind, bytes| {
        if kind == b"iloc" && !layout.still() {
            let mut iloc = Iloc::read(bytes)?;
            iloc.shift(&|offset| layout.map(offset))?;
            *bytes = iloc.write()?;
        }
        Ok(())
    })
}

/// The boxes outside moov that say where something lies, as they stand after the change: movie fragments with an absolute
/// base, the random access index, and a segment index that reaches over a change.
///
/// # Errors
/// `Broken` for one that is too short, `Limit` for an offset that does not fit.
pub fn others(source: &dyn Source, heads: &[Head], layout: &Layout) -> Result<Vec<(Range<u64>, Vec<u8>)>> {
    let mut changed = Vec::new();
    if layout.still() {
        return Ok(changed);
    }
    for head in heads {
        if !matches!(&head.kind, b"moof" | b"mfra" | b"sidx") {
            continue;
        }
        let old = whole(source, head)?;
        let new = if head.kind == *b"sidx" {
            sidx(&old, head, layout)?
        } else {
            let mut atom = Atom::read(&old, head.start)?;
            atom.leaves(&mut |kind, bytes| match &*kind {
                b"tfhd" => tfhd(bytes, layout),
                b"tfra" => tfra(bytes, layout),
                _ => Ok(()),
            })?;
            let mut new = Vec::with_capacity(old.len());
            atom.write(&mut new)?;
            // A last box of size 0 keeps it.
            if let (true, Some(size)) = (head.open, new.get_mut(..4)) {
                size.fill(0);
            }
            new
        };
        if new != old {
            changed.push((head.span(), new));
        }
    }
    Ok(changed)
}

fn tfhd(bytes: &mut [u8], layout: &Layout) -> Result<()> {
    const BASE_DATA_OFFSET: u64 = 1;
    if number(bytes, 0, 4).is_some_and(|flags| flags & BASE_DATA_OFFSET != 0) {
        let base = number(bytes, 8, 8).ok_or_else(|| Error::broken("a track fragment header is too short", 0))?;
        put(bytes, 8..16, layout.map(base))?;
    }
    Ok(())
}

fn tfra(bytes: &mut [u8], layout: &Layout) -> Result<()> {
    let short = || Error::broken("a random access table is too short", 0);
    let wide = if bytes.first() == Some(&1) { 8 } else { 4 };
    let sizes = number(bytes, 8, 4).ok_or_else(short)? as usize;
    let count = number(bytes, 12, 4).ok_or_else(short)? as usize;
    let step = 2 * wide + (sizes >> 4 & 3) + (sizes >> 2 & 3) + (sizes & 3) + 3;
    for index in 0..count {
        let at = 16 + index * step + wide;
        let moof = number(bytes, at, wide).ok_or_else(short)?;
        put(bytes, at..at + wide, layout.map(moof))?;
    }
    Ok(())
}

/// A segment index counts from its own end.
fn sidx(old: &[u8], head: &Head, layout: &Layout) -> Result<Vec<u8>> {
    let mut new = old.to_vec();
    let header = (head.body - head.start) as usize;
    let wide = if old.get(header) == Some(&0) { 4 } else { 8 };
    let at = header + 12 + wide;
    let first = number(old, at, wide).ok_or_else(|| Error::broken("a segment index is too short", head.start as usize))?;
    let target = layout.map(head.end.saturating_add(first));
    put(&mut new, at..at + wide, target.saturating_sub(layout.map(head.end)))?;
    Ok(new)
}
