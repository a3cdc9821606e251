//! What every kind shares: the row of the table, what a walk gives, what is written.

use super::source::{Source, Splice};
use crate::container::exif::Exif;
pub use crate::container::file::text_of;
use crate::error::{Error, Result};
use crate::xmp::{self, Name, Packet};
use serde::Serialize;
use std::ops::Range;

/// From a file, its walk, a label and indices of texts to the splices of the new file.
pub type Write = fn(&dyn Source, &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>>;

/// One kind of file. `media::TABLE` is the only list of them.
pub struct Media {
    /// Its name in errors.
    pub name: &'static str,
    /// Whether the first [`HEAD`] bytes (fewer of a shorter file) are of this kind.
    pub matches: fn(&[u8]) -> bool,
    /// Walks the structure to its end.
    pub walk: fn(&dyn Source) -> Result<Walk>,
    /// Plans the file with `label` in the place that the guide names, and without the texts of `walk` at the indices `drop`.
    /// Of an XMP packet at such an index only the AIGC property goes.
    pub write: Write,
}

/// Bytes from which a kind is told.
pub const HEAD: u64 = 1024;

/// The key of a [`Text`] that is a whole XMP packet.
pub const XMP: &str = "xmp";

/// How the place of a [`Text`] begins that stood in a packed box: its offset is that of the box.
pub const PACKED: &str = "brob box";

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

/// What is known of a file whose samples nobody changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// MIME type.
    #[serde(rename = "type")]
    pub mime: &'static str,
    /// Bytes of coded samples.
    pub coded_bytes: u64,
    /// An XMP packet is there.
    pub has_xmp: bool,
    /// A C2PA manifest is there.
    pub has_c2pa: bool,
}

impl Walk {
    /// What is reported of it.
    pub fn facts(&self) -> Facts {
        Facts {
            mime: self.mime,
            coded_bytes: self.coded.iter().map(|range| range.end - range.start).sum(),
            has_xmp: self.texts.iter().any(|text| text.key == XMP),
            has_c2pa: self.c2pa,
        }
    }
}

/// A tag of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// The place for people: `moov/udta/meta ilst AIGC`, `ID3v2 TXXX AIGC`, `LIST INFO AIGC`.
    pub place: String,
    /// The tag's key, [`XMP`] for a whole XMP packet.
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
    /// Further properties of an XMP packet, where the kind has one.
    pub further: Vec<(Name, String)>,
}

impl Label {
    /// A packet with all of this label. `old`: the packet that stands there.
    ///
    /// # Errors
    /// As `Packet::read` and `Packet::with`.
    pub fn packet(&self, old: Option<&str>) -> Result<String> {
        let (aigc, source) = (self.aigc.as_deref(), self.digital_source_type.as_deref());
        let text = match old {
            Some(old) => Packet::read(old.as_bytes())?.with(aigc, source)?,
            None => xmp::fresh(aigc, source),
        };
        let further: Vec<(Name, &str)> = self.further.iter().map(|(name, value)| (*name, value.as_str())).collect();
        xmp::with_further(text, &further)
    }
}

/// A packet without its AIGC property.
///
/// # Errors
/// As `Packet::read`.
pub fn without_label(packet: &str) -> Result<String> {
    Packet::read(packet.as_bytes())?.without(Name::Aigc)
}

/// What the texts of one file may take in memory: tags may overlap, so the length of the file is no bound.
pub struct Budget {
    bytes: u64,
    count: usize,
}

/// The most bytes, and the most texts, of one file.
const MAX_BYTES: u64 = 64 << 20;
const MAX_TEXTS: usize = 4096;

impl Budget {
    /// Nothing is taken yet.
    pub fn new() -> Self {
        Self { bytes: MAX_BYTES, count: MAX_TEXTS }
    }

    /// One more text of so many bytes, before it is read.
    ///
    /// # Errors
    /// `Limit` where that is too much.
    pub fn take(&mut self, bytes: u64) -> Result<()> {
        let left = self.bytes.checked_sub(bytes).zip(self.count.checked_sub(1));
        let limit = || Error::limit(format!("the file holds more than {MAX_TEXTS} texts, or {MAX_BYTES} bytes of them"));
        (self.bytes, self.count) = left.ok_or_else(limit)?;
        Ok(())
    }

    /// Bytes that are held beside the texts.
    ///
    /// # Errors
    /// `Limit` where that is too much.
    pub fn bytes(&mut self, bytes: u64) -> Result<()> {
        let limit = || Error::limit(format!("the file holds more than {MAX_BYTES} bytes of texts and headers"));
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(limit)?;
        Ok(())
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

/// How the XMP packets of a file change: for every one that does, its index among the texts and its new text. Where the
/// label's place is XMP, the first official packet takes it; `None` at the end: there is none, and this is a new one.
///
/// # Errors
/// As `Packet::read` and `Packet::with`.
pub fn packets(walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<(Option<usize>, String)>> {
    let mut changed = Vec::new();
    let home = walk.texts.iter().position(|text| text.key == XMP && text.official);
    for (index, text) in walk.texts.iter().enumerate() {
        if Some(index) == home {
            changed.push((Some(index), label.packet(Some(&text.value))?));
        } else if text.key == XMP && drop.contains(&index) {
            changed.push((Some(index), without_label(&text.value)?));
        }
    }
    if home.is_none() {
        changed.push((None, label.packet(None)?));
    }
    Ok(changed)
}

/// As [`packets`], of a kind whose label does not stand in XMP: the first packet takes only the source type.
///
/// # Errors
/// As `Packet::read` and `Packet::with`.
pub fn beside(walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<(Option<usize>, String)>> {
    let source = Label { aigc: None, ..label.clone() };
    let (mut changed, mut due) = (Vec::new(), source.digital_source_type.is_some());
    for (index, text) in walk.texts.iter().enumerate().filter(|(_, text)| text.key == XMP) {
        let mut value = text.value.clone();
        if drop.contains(&index) {
            value = without_label(&value)?;
        }
        if due {
            value = source.packet(Some(&value))?;
            due = false;
        }
        if value != text.value {
            changed.push((Some(index), value));
        }
    }
    if due {
        changed.push((None, source.packet(None)?));
    }
    Ok(changed)
}

/// The comments of an EXIF block that starts at `at` in the file.
pub fn comments(exif: &Exif, at: u64) -> impl Iterator<Item = Text> {
    exif.comments().into_iter().map(move |comment| Text {
        place: format!("EXIF {}", comment.tag),
        key: comment.tag.into(),
        value: exif.text(&comment),
        offset: at + comment.span.start as u64,
        official: false,
    })
}

/// The range in the file of the comment at `offset`, in an EXIF block that starts at `at`.
pub fn comment_at(exif: &Exif, at: u64, offset: u64) -> Option<Range<u64>> {
    let mut all = exif.comments().into_iter().map(|comment| at + comment.span.start as u64..at + comment.span.end as u64);
    all.find(|range| range.start == offset)
}

/// Puts texts into file order.
pub fn in_order(texts: &mut [Text]) {
    texts.sort_by_key(|text| text.offset);
}
