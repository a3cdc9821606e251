//! Where the bytes of a large file come from, and how a changed one is put together.

use crate::error::{Error, Result};
use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;

/// Bytes that can be read in pieces.
pub trait Source {
    /// Bytes in all.
    fn length(&self) -> u64;

    /// Exactly `count` bytes from `at`.
    ///
    /// # Errors
    /// `Broken` for a range that ends outside the file; what the system says where it cannot be read.
    fn read(&self, at: u64, count: usize) -> Result<Cow<'_, [u8]>>;
}

impl Source for &[u8] {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, at: u64, count: usize) -> Result<Cow<'_, [u8]>> {
        let start = usize::try_from(at).ok();
        let part = start.and_then(|start| self.get(start..start.checked_add(count)?));
        part.map(Cow::Borrowed).ok_or_else(|| Error::broken("a length points outside the file", at as usize))
    }
}

/// A run of the new file.
#[derive(Debug, Clone, PartialEq)]
pub enum Splice {
    /// Bytes of the old file.
    Keep(Range<u64>),
    /// New bytes.
    New(Vec<u8>),
}

/// Splices of a file in which these ranges are replaced; a range that two tags share is replaced once. `length`: of the old file.
///
/// # Errors
/// `Broken` where two ranges overlap: every byte behind them would move.
pub fn replace(length: u64, mut cuts: Vec<(Range<u64>, Vec<u8>)>) -> Result<Vec<Splice>> {
    cuts.sort_by_key(|(range, _)| (range.start, range.end));
    cuts.dedup();
    let mut splices = Vec::with_capacity(2 * cuts.len() + 1);
    let mut at = 0;
    for (range, bytes) in cuts {
        if range.start < at {
            return Err(Error::broken("two texts of the file share some of their bytes", range.start as usize));
        }
        if at < range.start {
            splices.push(Splice::Keep(at..range.start));
        }
        if !bytes.is_empty() {
            splices.push(Splice::New(bytes));
        }
        at = range.end;
    }
    if at < length {
        splices.push(Splice::Keep(at..length));
    }
    Ok(splices)
}

/// Goes over a range in pieces of at most 1 MiB.
///
/// # Errors
/// What `work` gives.
pub fn pieces(range: &Range<u64>, mut work: impl FnMut(u64, usize) -> Result<()>) -> Result<()> {
    let mut at = range.start;
    while at < range.end {
        let count = (range.end - at).min(1 << 20);
        work(at, count as usize)?;
        at += count;
    }
    Ok(())
}

/// A source whose small reads are served from a window, for walks in small steps.
pub struct Window<'a> {
    source: &'a dyn Source,
    held: RefCell<(u64, Vec<u8>)>,
}

/// Bytes that a window holds.
const WINDOW: u64 = 1 << 16;

impl<'a> Window<'a> {
    /// Nothing is read yet.
    pub fn new(source: &'a dyn Source) -> Self {
        Self { source, held: RefCell::new((0, Vec::new())) }
    }
}

impl Source for Window<'_> {
    fn length(&self) -> u64 {
        self.source.length()
    }

    fn read(&self, at: u64, count: usize) -> Result<Cow<'_, [u8]>> {
        let mut held = self.held.borrow_mut();
        let part = |held: &(u64, Vec<u8>)| {
            let start = usize::try_from(at.checked_sub(held.0)?).ok()?;
            held.1.get(start..start.checked_add(count)?).map(|part| Cow::Owned(part.to_vec()))
        };
        if let Some(part) = part(&held) {
            return Ok(part);
        }
        if count as u64 >= WINDOW {
            return self.source.read(at, count);
        }
        let whole = self.source.length().saturating_sub(at).min(WINDOW);
        if whole < count as u64 {
            return self.source.read(at, count);
        }
        *held = (at, self.source.read(at, whole as usize)?.into_owned());
        part(&held).ok_or_else(|| Error::broken("a length points outside the file", at as usize))
    }
}

/// The new file as a source, before anybody has written it.
pub struct Spliced<'a> {
    source: &'a dyn Source,
    /// Where each run starts in the new file.
    runs: Vec<(u64, &'a Splice)>,
    length: u64,
}

impl Splice {
    fn length(&self) -> u64 {
        match self {
            Splice::Keep(range) => range.end.saturating_sub(range.start),
            Splice::New(bytes) => bytes.len() as u64,
        }
    }
}

impl<'a> Spliced<'a> {
    /// Of `source` with these splices.
    pub fn new(source: &'a dyn Source, splices: &'a [Splice]) -> Self {
        let mut runs = Vec::with_capacity(splices.len());
        let mut length = 0;
        for splice in splices {
            runs.push((length, splice));
            length += splice.length();
        }
        Self { source, runs, length }
    }
}

impl Source for Spliced<'_> {
    fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, at: u64, count: usize) -> Result<Cow<'_, [u8]>> {
        let outside = || Error::broken("a length points outside the file", at as usize);
        let end = at.checked_add(count as u64).filter(|&end| end <= self.length).ok_or_else(outside)?;
        let mut out = Vec::with_capacity(count);
        let first = self.runs.partition_point(|(start, _)| *start <= at).saturating_sub(1);
        for (start, splice) in self.runs.iter().skip(first) {
            let (from, to) = (at.max(*start), end.min(start + splice.length()));
            if from >= to {
                if *start >= end {
                    break;
                }
                continue;
            }
            let (skip, wanted) = (from - start, (to - from) as usize);
            match splice {
                Splice::Keep(range) => out.extend_from_slice(&self.source.read(range.start + skip, wanted)?),
                Splice::New(bytes) => {
                    out.extend_from_slice(bytes.get(skip as usize..skip as usize + wanted).ok_or_else(outside)?);
                }
            }
        }
        Ok(Cow::Owned(out))
    }
}

/// The most bytes of a file that is read as a whole.
const MAX_WHOLE: u64 = 1 << 30;

/// All bytes.
///
/// # Errors
/// `Limit` for a file that is too long to be held in memory.
pub fn whole(source: &dyn Source) -> Result<Cow<'_, [u8]>> {
    let length = source.length();
    match usize::try_from(length) {
        Ok(count) if length <= MAX_WHOLE => source.read(0, count),
        _ => Err(Error::limit(format!("a file of this kind is read as a whole, and {length} bytes are too many"))),
    }
}

/// The new file in memory.
///
/// # Errors
/// As `Source::read`; `Broken` where a run is longer than memory can address.
pub fn join(source: &dyn Source, splices: &[Splice]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for splice in splices {
        match splice {
            Splice::New(bytes) => out.extend_from_slice(bytes),
            Splice::Keep(range) => {
                let count = usize::try_from(range.end.saturating_sub(range.start));
                let count = count.map_err(|_| Error::limit("the file is too large for memory: write it through a path"))?;
                out.extend_from_slice(&source.read(range.start, count)?);
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_two_tags_share_is_replaced_once_and_overlapping_ones_are_refused() {
        let bytes: &[u8] = b"0123456789";
        let twice = vec![(2..4, b"--".to_vec()), (2..4, b"--".to_vec())];
        assert_eq!(join(&bytes, &replace(10, twice).unwrap()).unwrap(), b"01--456789");
        assert!(replace(10, vec![(2..4, vec![]), (3..5, vec![])]).is_err());
    }

    #[test]
    fn runs_and_new_bytes_make_the_file() {
        let bytes: &[u8] = b"0123456789";
        let splices = [Splice::Keep(0..3), Splice::New(b"ab".to_vec()), Splice::Keep(8..10)];
        assert_eq!(join(&bytes, &splices).unwrap(), b"012ab89");
        assert!(join(&bytes, &[Splice::Keep(8..11)]).is_err());
        let view = Spliced::new(&bytes, &splices);
        for at in 0..=7u64 {
            for count in 0..=7 - at as usize {
                assert_eq!(&*view.read(at, count).unwrap(), &b"012ab89"[at as usize..at as usize + count]);
            }
        }
        assert!(view.read(5, 3).is_err());
    }
}
