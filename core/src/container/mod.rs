//! Files as a row of parts: the bytes of JPEG, PNG, WebP, GIF and TIFF without their pixels.
//!
//! A file is walked to its end into [`file::Part`]s that tile it without a gap. A change is made on a list of
//! [`file::Piece`]s, one a part, and [`file::File::assemble`] writes the list back; a piece that nobody touched keeps its
//! very bytes.

pub mod exif;
pub mod file;
pub mod gif;
pub mod inspect;
pub mod inspection;
pub mod jpeg;
mod jpeg_header;
pub mod photoshop;
pub mod png;
pub mod tiff;
mod webp;
mod webp_header;

use crate::error::{Error, Result};
use file::{Container, File};

/// Every kind of file that is handled.
static TABLE: [Container; 5] = [jpeg::CONTAINER, png::CONTAINER, webp::CONTAINER, gif::CONTAINER, tiff::CONTAINER];

/// Whether the first bytes are those of a kind in the table.
pub fn handles(bytes: &[u8]) -> bool {
    TABLE.iter().any(|container| (container.matches)(bytes))
}

/// Recognises the kind by the first bytes and walks the structure to its end.
///
/// # Errors
/// `Unsupported` for a kind that is not in the table, `Broken` with the offset where the structure contradicts itself
/// or ends early, `Limit` for more than [`file::MAX_PARTS`] parts.
pub fn open(bytes: &[u8]) -> Result<File<'_>> {
    if bytes.is_empty() {
        return Err(Error::broken("the file is empty", 0));
    }
    let container = TABLE.iter().find(|container| (container.matches)(bytes)).ok_or_else(|| {
        let known: Vec<&str> = TABLE.iter().map(|container| container.mime).collect();
        Error::unsupported(format!("the first bytes are those of none of: {}", known.join(", ")))
    })?;
    let parts = (container.walk)(bytes)?;
    Ok(File { bytes, container, parts })
}

#[cfg(test)]
pub mod samples;
#[cfg(test)]
pub mod tests;
