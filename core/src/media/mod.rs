//! Sound and video files: the label goes in by splicing, so that a file of any size is handled in bounded memory.
//!
//! A kind reads what it needs through a [`source::Source`], says what texts it found and where its coded samples lie, and
//! plans a new file as a list of [`source::Splice`]s: runs of the old file and new bytes.

pub mod source;
mod wav;

use crate::error::{Error, Result};
use source::{Source, Splice};
use std::ops::Range;

/// One kind of file. [`TABLE`] is the only list of them.
pub struct Media {
    /// Its name in errors.
    pub name: &'static str,
    /// Whether the first 64 bytes (fewer of a shorter file) are of this kind.
    pub matches: fn(&[u8]) -> bool,
    /// Walks the structure to its end.
    pub walk: fn(&dyn Source) -> Result<Walk>,
    /// Plans the file with `label` in the place that the guide names, and without the texts of `walk` at the indices `drop`.
    pub write: fn(&dyn Source, &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>>,
}

/// What a walk over a file gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Walk {
    /// MIME type.
    pub mime: &'static str,
    /// Every text that may be a label or names a generator, in file order.
    pub texts: Vec<Text>,
    /// The coded samples, in the order in which their hash is taken; nothing else changes this hash.
    pub coded: Vec<Range<u64>>,
    /// Whether a C2PA manifest is there; it is not validated.
    pub c2pa: bool,
}

/// A tag of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// The place for people: `moov/udta/meta ilst AIGC`, `ID3v2 TXXX AIGC`, `LIST INFO AIGC`.
    pub place: String,
    /// The tag's key, `xmp` for a whole XMP packet.
    pub key: String,
    /// What it says.
    pub value: String,
    /// Where its value starts in the file.
    pub offset: u64,
    /// True in the place that the guide names for this kind, or that is our convention where it names none.
    pub official: bool,
}

/// What is written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Label {
    /// The bare seven-field object as JSON.
    pub aigc: Option<String>,
    /// IPTC DigitalSourceType as a full URI, where the kind has a place for it.
    pub digital_source_type: Option<String>,
}

/// Every kind that is handled.
pub static TABLE: [Media; 1] = [wav::MEDIA];

/// The kind of a file by its first bytes.
///
/// # Errors
/// `Unsupported` for a kind that is not in the table, and what reading the source gives.
pub fn kind(source: &dyn Source) -> Result<&'static Media> {
    let head = source.read(0, source.length().min(64) as usize)?;
    TABLE.iter().find(|media| (media.matches)(&head)).ok_or_else(|| {
        let known: Vec<&str> = TABLE.iter().map(|media| media.name).collect();
        Error::unsupported(format!("the first bytes are those of none of: {}", known.join(", ")))
    })
}
