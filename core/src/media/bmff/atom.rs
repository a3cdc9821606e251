//! A box as a tree in memory, of which only the containers on the way to labels and tables are opened. What nobody
//! touches is written back byte for byte.

use super::heads::name;
use crate::error::{Error, Result};
use std::ops::Range;

/// The most boxes of one tree.
const MAX_ATOMS: usize = 100_000;

/// What is done with the letters and the bytes of a box that was not opened.
pub type Work<'a> = dyn FnMut(&mut [u8; 4], &mut Vec<u8>) -> Result<()> + 'a;

/// A box.
#[derive(Debug, Clone, PartialEq)]
pub struct Atom {
    /// Its four letters.
    pub kind: [u8; 4],
    /// Whether its size has 64 bits.
    large: bool,
    /// Where its body starts in the file; 0 for a new one.
    pub at: u64,
    /// What it holds.
    pub body: Body,
}

/// What a box holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Bytes that nobody opened.
    Bytes(Vec<u8>),
    /// Boxes, with what stands before and after them.
    Boxes {
        /// Version and flags of a full box.
        before: Vec<u8>,
        /// The boxes.
        inside: Vec<Atom>,
        /// QuickTime's terminator, padding.
        after: Vec<u8>,
    },
}

impl Atom {
    /// A new box around bytes.
    pub fn leaf(kind: [u8; 4], body: Vec<u8>) -> Self {
        Self { kind, large: false, at: 0, body: Body::Bytes(body) }
    }

    /// A new box around boxes.
    pub fn tree(kind: [u8; 4], before: Vec<u8>, inside: Vec<Atom>) -> Self {
        Self { kind, large: false, at: 0, body: Body::Boxes { before, inside, after: Vec::new() } }
    }

    /// Reads one box that fills `bytes`, which start at `at` in the file.
    ///
    /// # Errors
    /// `Broken` where boxes do not tile their container, `Limit` for too many.
    pub fn read(bytes: &[u8], at: u64) -> Result<Self> {
        let mut left = MAX_ATOMS;
        Ok(parse(bytes, at, *b"    ", &mut left)?.0)
    }

    /// The boxes inside, none for one that was not opened.
    pub fn inside(&self) -> &[Atom] {
        match &self.body {
            Body::Boxes { inside, .. } => inside,
            Body::Bytes(_) => &[],
        }
    }

    /// The list of boxes inside, to change it.
    pub fn inside_mut(&mut self) -> Option<&mut Vec<Atom>> {
        match &mut self.body {
            Body::Boxes { inside, .. } => Some(inside),
            Body::Bytes(_) => None,
        }
    }

    /// The bytes of a box that was not opened.
    pub fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Bytes(bytes) => bytes,
            Body::Boxes { .. } => &[],
        }
    }

    /// The first box of this kind inside.
    pub fn child(&self, kind: &[u8; 4]) -> Option<&Atom> {
        self.inside().iter().find(|atom| atom.kind == *kind)
    }

    /// Bytes in all.
    pub fn length(&self) -> u64 {
        let inside = match &self.body {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::Boxes { before, inside, after } => {
                (before.len() + after.len()) as u64 + inside.iter().map(Atom::length).sum::<u64>()
            }
        };
        inside + if self.large { 16 } else { 8 }
    }

    /// The box as bytes.
    ///
    /// # Errors
    /// `Limit` for one of 4 GiB that had less before.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<()> {
        let length = self.length();
        if self.large {
            out.extend(1u32.to_be_bytes());
        } else {
            let small = u32::try_from(length);
            out.extend(small.map_err(|_| Error::limit(format!("the box {} would pass 4 GiB", name(self.kind))))?.to_be_bytes());
        }
        out.extend(self.kind);
        if self.large {
            out.extend(length.to_be_bytes());
        }
        match &self.body {
            Body::Bytes(bytes) => out.extend_from_slice(bytes),
            Body::Boxes { before, inside, after } => {
                out.extend_from_slice(before);
                for atom in inside {
                    atom.write(out)?;
                }
                out.extend_from_slice(after);
            }
        }
        Ok(())
    }

    /// Goes over all boxes that were not opened, in file order.
    ///
    /// # Errors
    /// What `work` gives.
    pub fn leaves(&mut self, work: &mut Work) -> Result<()> {
        match &mut self.body {
            Body::Bytes(bytes) => work(&mut self.kind, bytes),
            Body::Boxes { inside, .. } => inside.iter_mut().try_for_each(|atom| atom.leaves(work)),
        }
    }
}

/// Whether a box is opened in its container: `Some` with the length of what stands before its boxes.
fn opened(parent: [u8; 4], kind: [u8; 4], body: &[u8]) -> Option<usize> {
    match (&parent, &kind) {
        (b"    ", b"moov")
        | (b"moov", b"trak" | b"udta")
        | (b"trak", b"mdia" | b"udta")
        | (b"mdia", b"minf")
        | (b"minf", b"stbl" | b"dinf")
        | (b"meta", b"ilst")
        | (b"    ", b"moof")
        | (b"moof", b"traf")
        | (b"    ", b"mfra") => Some(0),
        // ISO's is a full box, QuickTime's is not.
        (b"    " | b"moov" | b"trak" | b"udta", b"meta") => Some(if body.get(4..8) == Some(b"hdlr") { 0 } else { 4 }),
        _ => None,
    }
}

/// One box at the start of `bytes`, and what follows it.
fn parse<'a>(bytes: &'a [u8], at: u64, parent: [u8; 4], left: &mut usize) -> Result<(Atom, &'a [u8])> {
    let broken = |what: &str| Error::broken(format!("{what} in {}", name(parent)), at as usize);
    *left = left.checked_sub(1).ok_or_else(|| Error::limit(format!("there are more than {MAX_ATOMS} boxes in a box")))?;
    let size = bytes.first_chunk().map(|size| u32::from_be_bytes(*size));
    let kind: Option<[u8; 4]> = bytes.get(4..).and_then(<[u8]>::first_chunk).copied();
    let (Some(size), Some(kind)) = (size, kind) else { return Err(broken("a box ends inside its header")) };
    let (header, size) = match size {
        0 => (8, bytes.len()),
        1 => {
            let size = bytes.get(8..).and_then(<[u8]>::first_chunk).map(|size| u64::from_be_bytes(*size));
            (16, size.and_then(|size| usize::try_from(size).ok()).ok_or_else(|| broken("a box has no size"))?)
        }
        size => (8, size as usize),
    };
    let (Some(body), Some(rest)) = (bytes.get(header..size), bytes.get(size..)) else {
        return Err(broken(&format!("the box {} does not fit", name(kind))));
    };
    let at = at + header as u64;
    let body = match opened(parent, kind, body) {
        None => Body::Bytes(body.to_vec()),
        Some(before) => boxes(body, at, kind, before, left)?,
    };
    Ok((Atom { kind, large: header == 16, at, body }, rest))
}

fn boxes(body: &[u8], at: u64, kind: [u8; 4], before: usize, left: &mut usize) -> Result<Body> {
    let Some(mut rest) = body.get(before..) else {
        return Ok(Body::Bytes(body.to_vec()));
    };
    let mut inside = Vec::new();
    while !rest.is_empty() {
        // QuickTime ends a list of user data with 32 zero bits.
        let padding = if kind == *b"udta" { rest.starts_with(&[0; 4]) } else { rest.len() < 8 };
        if padding && rest.iter().all(|&byte| byte == 0) {
            break;
        }
        let (atom, next) = parse(rest, at + (body.len() - rest.len()) as u64, kind, left)?;
        inside.push(atom);
        rest = next;
    }
    let before = body.get(..before).unwrap_or_default().to_vec();
    Ok(Body::Boxes { before, inside, after: rest.to_vec() })
}

/// Big-endian number of `width` bytes (at most 8) at `at`.
pub fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let part = bytes.get(at..at.checked_add(width)?)?;
    (width <= 8).then(|| part.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)))
}

/// Writes a big-endian number of so many bytes.
///
/// # Errors
/// `Limit` where it does not fit.
pub fn put(bytes: &mut [u8], range: Range<usize>, value: u64) -> Result<()> {
    let width = range.len();
    if width < 8 && value >> (8 * width) != 0 {
        return Err(Error::limit("an offset of the file would pass what its table can hold"));
    }
    let all = value.to_be_bytes();
    if let (Some(place), Some(digits)) = (bytes.get_mut(range), all.get(8 - width..)) {
        place.copy_from_slice(digits);
    }
    Ok(())
}
