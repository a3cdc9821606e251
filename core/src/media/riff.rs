//! Chunks of RIFF, and of its elder with the big end first: AIFF.

use super::source::Source;
use crate::error::{Error, Result};
use std::ops::Range;

const MAX_CHUNKS: usize = 1 << 16;
/// Longer texts are no labels.
const MAX_TEXT: u64 = 16 << 20;

/// A chunk; `parent` is the start of its `LIST INFO`.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    /// Its name.
    pub name: [u8; 4],
    /// All of it, the pad included.
    pub span: Range<u64>,
    /// Its body.
    pub body: Range<u64>,
    /// Where the list starts whose entry it is.
    pub parent: Option<u64>,
}

/// How sizes stand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Order {
    /// RIFF.
    Little,
    /// AIFF.
    Big,
}

pub fn broken(message: &str, at: u64) -> Error {
    Error::broken(message, usize::try_from(at).unwrap_or(usize::MAX))
}

/// So many bytes at `at`.
///
/// # Errors
/// `Broken` where the file ends before.
pub fn bytes<const N: usize>(source: &dyn Source, at: u64) -> Result<[u8; N]> {
    source.read(at, N)?.first_chunk().copied().ok_or_else(|| broken("the file ends early", at))
}

impl Order {
    /// A size of 32 bits.
    ///
    /// # Errors
    /// As [`bytes`].
    pub fn size(self, source: &dyn Source, at: u64) -> Result<u64> {
        let raw = bytes(source, at)?;
        Ok(u64::from(if self == Order::Little { u32::from_le_bytes(raw) } else { u32::from_be_bytes(raw) }))
    }

    /// A size as it is written.
    ///
    /// # Errors
    /// `Limit` from 4 GiB on.
    pub fn raw(self, size: u64) -> Result<[u8; 4]> {
        // All ones say that a stream's size is not known.
        let size = u32::try_from(size).ok().filter(|&size| size != u32::MAX);
        let size = size.ok_or_else(|| Error::limit("a file or chunk of this kind holds less than 4 GiB"))?;
        Ok(if self == Order::Little { size.to_le_bytes() } else { size.to_be_bytes() })
    }

    /// A chunk with its pad.
    ///
    /// # Errors
    /// As [`Order::raw`].
    pub fn chunk(self, name: &[u8; 4], body: &[u8]) -> Result<Vec<u8>> {
        Ok([name, &self.raw(body.len() as u64)?[..], body, &[0][..body.len() % 2]].concat())
    }

    /// The chunks of a range, and the entries of every `LIST INFO` among them. `longer` gives the true size where the one
    /// that is stated, of a chunk of this name with this body, is none.
    ///
    /// # Errors
    /// `Broken` for a size that points outside, `Limit` for counts beyond reason.
    pub fn chunks(
        self,
        source: &dyn Source,
        range: Range<u64>,
        longer: &mut dyn FnMut(&[u8; 4], u64, u64) -> u64,
    ) -> Result<Vec<Chunk>> {
        let (mut all, mut at) = (Vec::new(), range.start);
        while at < range.end {
            let chunk = self.head(source, at, range.end, range.end, None, longer)?;
            let next = chunk.span.end;
            let count = chunk.body.end - chunk.body.start;
            let info = self == Order::Little
                && &chunk.name == b"LIST"
                && count >= 4
                && &bytes::<4>(source, chunk.body.start)? == b"INFO";
            all.push(chunk.clone());
            let mut entry = if info { chunk.body.start + 4 } else { chunk.body.end };
            while entry < chunk.body.end {
                // The pad of an odd last entry may be the list's own.
                let inside = self.head(source, entry, chunk.body.end, next, Some(at), &mut |_, _, stated| stated)?;
                entry = inside.span.end;
                all.push(inside);
                few(&all)?;
            }
            few(&all)?;
            at = next;
        }
        Ok(all)
    }

    fn head(
        self,
        source: &dyn Source,
        at: u64,
        limit: u64,
        outer: u64,
        parent: Option<u64>,
        longer: &mut dyn FnMut(&[u8; 4], u64, u64) -> u64,
    ) -> Result<Chunk> {
        if at + 8 > limit {
            return Err(broken("a chunk is cut off", at));
        }
        let (name, body) = (bytes(source, at)?, at + 8);
        let count = longer(&name, body, self.size(source, at + 4)?);
        let end = body.checked_add(count).filter(|&end| end <= limit);
        let end = end.ok_or_else(|| broken("a chunk's length points outside the file or its list", at))?;
        let padded = end + count % 2;
        let padded = if padded > limit { outer.min(padded).max(end) } else { padded };
        Ok(Chunk { name, span: at..padded, body: body..end, parent })
    }
}

fn few(all: &[Chunk]) -> Result<()> {
    match all.len() > MAX_CHUNKS {
        true => Err(Error::limit(format!("the file has more than {MAX_CHUNKS} chunks"))),
        false => Ok(()),
    }
}

impl Chunk {
    /// The bytes of its body.
    ///
    /// # Errors
    /// `Limit` for one that is too long to be a text.
    pub fn text(&self, source: &dyn Source) -> Result<Vec<u8>> {
        let count = self.body.end - self.body.start;
        if count > MAX_TEXT {
            return Err(Error::limit(format!("a text of the file is longer than {MAX_TEXT} bytes")));
        }
        Ok(source.read(self.body.start, count as usize)?.into_owned())
    }

    /// Its name for people.
    pub fn named(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }
}
