//! An APEv2 tag behind the frames of a sound file: its texts, and the same tag without some of them.

use super::id3_frame::KEY;
use super::kind::{Budget, Text, text_of};
use super::source::Source;
use crate::error::{Error, Result};
use std::ops::Range;

/// Bytes of the footer, and of a header.
const FRAME: usize = 32;
/// Longer texts are no labels.
const MAX_TEXT: usize = 1 << 20;
const MAX_ITEMS: usize = 1 << 14;

/// A tag in the file.
pub(super) struct Ape {
    /// The whole tag in the file.
    pub(super) span: Range<u64>,
    bytes: Vec<u8>,
    items: Vec<Item>,
}

/// Positions in the tag.
struct Item {
    span: Range<usize>,
    value: usize,
    key: String,
    text: bool,
}

impl Ape {
    /// Reads the tag at `span`, which ends with a footer.
    ///
    /// # Errors
    /// `Broken` for items that point outside, `Limit` for too much.
    pub(super) fn read(source: &dyn Source, span: Range<u64>, budget: &mut Budget) -> Result<Self> {
        budget.bytes(span.end - span.start)?;
        let bytes = source.read(span.start, (span.end - span.start) as usize)?.into_owned();
        let end = bytes.len().saturating_sub(FRAME);
        let mut at = if bytes.starts_with(b"APETAGEX") && end >= FRAME { FRAME } else { 0 };
        let mut items = Vec::new();
        while at < end {
            let item = item(bytes.get(..end).unwrap_or_default(), at);
            let item = item.ok_or_else(|| Error::broken("an item of an APE tag points outside", span.start as usize + at))?;
            if items.len() >= MAX_ITEMS {
                return Err(Error::limit(format!("an APE tag has more than {MAX_ITEMS} items")));
            }
            at = item.span.end;
            items.push(item);
        }
        Ok(Self { span, bytes, items })
    }

    /// Every text that may be a label.
    ///
    /// # Errors
    /// `Limit` for a label that is too long, and as `Budget::take`.
    pub(super) fn texts(&self, budget: &mut Budget) -> Result<Vec<Text>> {
        let mut texts = Vec::new();
        for item in self.items.iter().filter(|item| item.text) {
            let value = self.bytes.get(item.value..item.span.end).unwrap_or_default();
            if value.len() > MAX_TEXT && item.key.eq_ignore_ascii_case(KEY) {
                return Err(Error::limit(format!("APE {KEY} is longer than {MAX_TEXT} bytes")));
            }
            if value.len() <= MAX_TEXT {
                budget.take(value.len() as u64)?;
                let (place, offset) = (format!("APE {}", item.key), self.span.start + item.value as u64);
                texts.push(Text { place, key: item.key.clone(), value: text_of(value), offset, official: false });
            }
        }
        Ok(texts)
    }

    /// The tag without the texts at these offsets, `None` where it holds none of them.
    pub(super) fn without(&self, dropped: &[u64]) -> Option<Vec<u8>> {
        let kept = |item: &&Item| !(item.text && dropped.contains(&(self.span.start + item.value as u64)));
        let items: Vec<&Item> = self.items.iter().filter(kept).collect();
        if items.len() == self.items.len() {
            return None;
        }
        let body = items.iter().filter_map(|item| self.bytes.get(item.span.clone())).collect::<Vec<_>>().concat();
        let size = ((body.len() + FRAME) as u32).to_le_bytes();
        // Header and footer differ in one flag.
        let frame = |bytes: &[u8]| {
            let (head, tail) = (bytes.get(..12).unwrap_or_default(), bytes.get(20..).unwrap_or_default());
            [head, &size, &(items.len() as u32).to_le_bytes(), tail].concat()
        };
        let start = if self.bytes.starts_with(b"APETAGEX") { self.bytes.get(..FRAME).map(frame) } else { None };
        let end = self.bytes.get(self.bytes.len().saturating_sub(FRAME)..).map(frame);
        Some([start.unwrap_or_default(), body, end.unwrap_or_default()].concat())
    }
}

/// Size of the value, flags, key in ASCII, zero, value.
fn item(bytes: &[u8], at: usize) -> Option<Item> {
    let rest = bytes.get(at..)?;
    let &[a, b, c, d, flags, ..] = rest.first_chunk::<8>()?;
    let key = rest.get(8..)?.iter().take(256).position(|&byte| byte == 0)?;
    let value = at + 8 + key + 1;
    let end = value.checked_add(u32::from_le_bytes([a, b, c, d]) as usize).filter(|&end| end <= bytes.len())?;
    let key = text_of(rest.get(8..8 + key)?);
    Some(Item { span: at..end, value, key, text: flags & 6 == 0 })
}
