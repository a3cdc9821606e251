//! Where the bytes of a large file come from, and how a changed one is put together.

use crate::error::{Error, Result};
use std::borrow::Cow;
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
    fn runs_and_new_bytes_make_the_file() {
        let bytes: &[u8] = b"0123456789";
        let splices = [Splice::Keep(0..3), Splice::New(b"ab".to_vec()), Splice::Keep(8..10)];
        assert_eq!(join(&bytes, &splices).unwrap(), b"012ab89");
        assert!(join(&bytes, &[Splice::Keep(8..11)]).is_err());
    }
}
