//! The list of comments that FLAC, Vorbis and Opus share (Vorbis I, 5): a vendor, and texts `KEY=value` in UTF-8.

use super::kind::{Budget, Text, text_of};
use crate::error::{Error, Result};
use std::ops::Range;

/// The label's key (TC260-PG-202510A).
const KEY: &str = "AIGC";
/// Longer texts are no labels.
const MAX_TEXT: usize = 1 << 20;
const MAX_COMMENTS: usize = 1 << 16;
/// Pictures as text.
const PICTURES: [&str; 2] = ["METADATA_BLOCK_PICTURE", "COVERART"];

/// A list in its bytes.
pub(super) struct Comments<'a> {
    bytes: &'a [u8],
    vendor: Range<usize>,
    /// Where each text stands, without its length.
    list: Vec<Range<usize>>,
    /// Where the list ends: a framing bit or padding may follow.
    end: usize,
}

impl<'a> Comments<'a> {
    /// Reads a list from its start; `base`: where that is in the file, for errors.
    ///
    /// # Errors
    /// `Broken` for lengths that point outside, `Limit` for too many comments.
    pub(super) fn read(bytes: &'a [u8], base: u64) -> Result<Self> {
        let broken = |at: usize| {
            Error::broken(
                "a comment's length points outside its list",
                usize::try_from(base).unwrap_or(usize::MAX).saturating_add(at),
            )
        };
        let number = |at: usize| {
            let four = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
            four.map(|four| u32::from_le_bytes(*four) as usize).ok_or_else(|| broken(at))
        };
        let text = |at: usize| {
            let end = (at + 4).checked_add(number(at)?).filter(|&end| end <= bytes.len());
            Ok::<_, Error>(at + 4..end.ok_or_else(|| broken(at))?)
        };
        let vendor = text(0)?;
        let count = number(vendor.end)?;
        if count > MAX_COMMENTS {
            return Err(if count > bytes.len() / 4 {
                broken(vendor.end)
            } else {
                Error::limit(format!("there are more than {MAX_COMMENTS} comments"))
            });
        }
        let (mut list, mut end) = (Vec::new(), vendor.end + 4);
        for _ in 0..count {
            let one = text(end)?;
            end = one.end;
            list.push(one);
        }
        Ok(Self { bytes, vendor, list, end })
    }

    /// Every text that may be a label, and where its value starts in the list. `place`: the list's name for people.
    ///
    /// # Errors
    /// `Limit` for a label that is too long, and as `Budget::take`.
    pub(super) fn texts(&self, place: &str, budget: &mut Budget) -> Result<Vec<Text>> {
        let mut texts = Vec::new();
        for range in &self.list {
            let text = self.bytes.get(range.clone()).unwrap_or_default();
            let cut = text.iter().position(|&byte| byte == b'=');
            let (key, start) = cut.map_or((&[][..], 0), |cut| (text.get(..cut).unwrap_or_default(), cut + 1));
            let key = text_of(key);
            let label = key.eq_ignore_ascii_case(KEY);
            if !label && (text.len() > MAX_TEXT || PICTURES.iter().any(|picture| key.eq_ignore_ascii_case(picture))) {
                continue;
            }
            if text.len() > MAX_TEXT {
                return Err(Error::limit(format!("{place} {KEY} is longer than {MAX_TEXT} bytes")));
            }
            budget.take(text.len() as u64)?;
            let value = text_of(text.get(start..).unwrap_or_default());
            texts.push(Text {
                place: format!("{place} {key}"),
                key,
                value,
                offset: (range.start + start) as u64,
                official: label,
            });
        }
        Ok(texts)
    }

    /// The list with this label, without the comments for which `gone` holds where their value starts, and with what follows.
    ///
    /// # Errors
    /// `Limit` where lengths do not fit.
    pub(super) fn with(&self, label: Option<&str>, gone: &dyn Fn(u64) -> bool) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(self.bytes.len() + label.map_or(0, str::len) + 9);
        let put = |text: &[&[u8]], out: &mut Vec<u8>| {
            let count = u32::try_from(text.iter().map(|part| part.len()).sum::<usize>());
            out.extend(count.map_err(|_| Error::limit("a comment holds less than 4 GiB"))?.to_le_bytes());
            text.iter().for_each(|part| out.extend_from_slice(part));
            Ok::<_, Error>(())
        };
        let part = |range: &Range<usize>| self.bytes.get(range.clone()).unwrap_or_default();
        let kept = |range: &&Range<usize>| {
            let start = part(range).iter().position(|&byte| byte == b'=').map_or(0, |cut| cut + 1);
            !gone((range.start + start) as u64)
        };
        put(&[part(&self.vendor)], &mut out)?;
        let kept: Vec<&Range<usize>> = self.list.iter().filter(kept).collect();
        out.extend((kept.len() as u32 + u32::from(label.is_some())).to_le_bytes());
        // In front, where no picture pushes it over the end of a page.
        if let Some(label) = label {
            put(&[KEY.as_bytes(), b"=", label.as_bytes()], &mut out)?;
        }
        for range in kept {
            put(&[part(range)], &mut out)?;
        }
        out.extend_from_slice(self.bytes.get(self.end..).unwrap_or_default());
        Ok(out)
    }
}

impl Comments<'_> {
    /// These comments in a list with the vendor of another, and with what follows that.
    ///
    /// # Errors
    /// `Limit` where lengths do not fit.
    pub(super) fn under(&self, other: &Comments) -> Result<Vec<u8>> {
        let too_long = |_| Error::limit("a comment holds less than 4 GiB");
        let vendor = other.bytes.get(other.vendor.clone()).unwrap_or_default();
        let mut out = u32::try_from(vendor.len()).map_err(too_long)?.to_le_bytes().to_vec();
        out.extend_from_slice(vendor);
        out.extend(u32::try_from(self.list.len()).map_err(too_long)?.to_le_bytes());
        out.extend_from_slice(self.bytes.get(self.vendor.end + 4..self.end).unwrap_or_default());
        out.extend_from_slice(other.bytes.get(other.end..).unwrap_or_default());
        Ok(out)
    }
}

/// A list of one vendor and nothing else, for files that have none.
pub(super) fn empty() -> Vec<u8> {
    vec![0; 8]
}
