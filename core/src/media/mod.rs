//! Files of any size: the label goes in by splicing, in bounded memory.
//!
//! A kind reads what it needs through a [`source::Source`], says what texts it found and where its coded samples lie, and
//! plans a new file as a list of [`source::Splice`]s: runs of the old file and new bytes.

#![cfg_attr(not(feature = "full"), allow(dead_code))]

mod aiff;
mod amf;
mod ape;
mod avi;
mod bmff;
#[cfg(feature = "full")]
pub mod carry;
mod ebml;
mod flac;
mod flv;
mod gif;
mod heif;
mod id3;
mod id3_chunk;
mod id3_frame;
mod jxl;
pub mod kind;
mod matroska;
mod matroska_parts;
mod mp3;
mod mp4;
mod mp4_tags;
mod ogg;
mod ogg_page;
mod riff;
pub mod source;
mod svg;
mod svg_coded;
mod tagged;
mod tiff;
mod vorbis_comment;
mod wav;

use crate::error::{Error, Result};
pub use kind::{Label, Media, Text, Walk};
use sha2::{Digest, Sha256};
use source::Source;

/// Every kind that is handled; without the feature `full` only pictures. The linker leaves the others out.
pub static TABLE: &[Media] = &[
    heif::MEDIA,
    gif::MEDIA,
    tiff::MEDIA,
    jxl::MEDIA,
    svg::MEDIA,
    #[cfg(feature = "full")]
    mp4::MEDIA,
    #[cfg(feature = "full")]
    wav::MEDIA,
    #[cfg(feature = "full")]
    matroska::MEDIA,
    #[cfg(feature = "full")]
    avi::MEDIA,
    #[cfg(feature = "full")]
    flv::MEDIA,
    #[cfg(feature = "full")]
    aiff::MEDIA,
    #[cfg(feature = "full")]
    flac::MEDIA,
    #[cfg(feature = "full")]
    mp3::MEDIA,
    #[cfg(feature = "full")]
    ogg::MEDIA,
];

/// The kind of a file by its first bytes, `None` for one that is not in the table.
///
/// # Errors
/// What reading the source gives.
pub fn find(source: &dyn Source) -> Result<Option<&'static Media>> {
    let head = source.read(0, source.length().min(kind::HEAD) as usize)?;
    Ok(TABLE.iter().find(|media| (media.matches)(&head)))
}

/// The kind of a file by its first bytes.
///
/// # Errors
/// `Unsupported` for a kind that is not in the table, and what reading the source gives.
pub fn kind(source: &dyn Source) -> Result<&'static Media> {
    find(source)?.ok_or_else(|| Error::unsupported(format!("the first bytes are those of none of: {}", known())))
}

/// The names of all kinds.
pub fn known() -> String {
    TABLE.iter().map(|media| media.name).collect::<Vec<_>>().join(", ")
}

/// SHA-256 of the coded samples, in the order of the walk.
///
/// # Errors
/// What reading the source gives.
pub fn digest(source: &dyn Source, walk: &Walk) -> Result<[u8; 32]> {
    let mut hash = Sha256::new();
    for range in &walk.coded {
        source::pieces(range, |at, count| {
            hash.update(&source.read(at, count)?);
            Ok(())
        })?;
    }
    Ok(hash.finalize().into())
}

#[cfg(test)]
pub mod samples;
