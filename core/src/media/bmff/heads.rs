//! The boxes of a file one after another, without their bodies.

use crate::error::{Error, Result};
use crate::media::source::Source;
use std::ops::Range;

/// The most top-level boxes. A fragmented film of two hours has some ten thousand.
const MAX_BOXES: usize = 1 << 18;

/// Where a box lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its four letters.
    pub kind: [u8; 4],
    /// Its first byte.
    pub start: u64,
    /// The first byte behind size, letters and 64-bit size.
    pub body: u64,
    /// The first byte behind it.
    pub end: u64,
    /// Whether its size is 0: it goes on to the end of the file.
    pub open: bool,
}

impl Head {
    /// From its size to its end.
    pub fn span(&self) -> Range<u64> {
        self.start..self.end
    }

    /// Without its header.
    pub fn inside(&self) -> Range<u64> {
        self.body..self.end
    }
}

/// The top-level boxes, which tile the file.
///
/// # Errors
/// `Broken` where a box is shorter than its header or ends outside the file, `Limit` for too many.
pub fn heads(source: &dyn Source) -> Result<Vec<Head>> {
    let length = source.length();
    let mut found = Vec::new();
    let mut at = 0;
    while at < length {
        let head = head(source, at)?;
        if found.len() >= MAX_BOXES {
            return Err(Error::limit(format!("the file has more than {MAX_BOXES} boxes")));
        }
        at = head.end;
        found.push(head);
    }
    Ok(found)
}

fn head(source: &dyn Source, at: u64) -> Result<Head> {
    let left = source.length() - at;
    let bytes = source.read(at, left.min(16) as usize)?;
    let short = || Error::broken("a box ends inside its header", at as usize);
    let size = u32::from_be_bytes(*bytes.first_chunk().ok_or_else(short)?);
    let kind: [u8; 4] = *bytes.get(4..).and_then(<[u8]>::first_chunk).ok_or_else(short)?;
    let (header, size) = match size {
        0 => (8, left),
        1 => (16, u64::from_be_bytes(*bytes.get(8..).and_then(<[u8]>::first_chunk).ok_or_else(short)?)),
        size => (8, u64::from(size)),
    };
    if size < header || size > left {
        return Err(Error::broken(format!("the box {} does not fit into the file", name(kind)), at as usize));
    }
    Ok(Head { kind, start: at, body: at + header, end: at + size, open: bytes.starts_with(&[0; 4]) })
}

/// Four letters for people.
pub fn name(kind: [u8; 4]) -> String {
    kind.iter().map(|&byte| if byte.is_ascii_control() { '?' } else { char::from(byte) }).collect()
}
