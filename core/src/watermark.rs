//! What the watermarks of pictures, sound and films share: the one knob, the keys of a call, and what is found of a key.

use crate::error::{Error, Result};
use crate::keyed::Key;
use serde::{Deserialize, Serialize};

/// The most keys of one call: each costs a search of its own.
const MOST_KEYS: usize = 256;

/// Quality against strength. What it means in dB is said by each modality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// Not seen, not heard.
    Standard,
    /// Closer to the original.
    High,
    /// Further from it.
    Robust,
}

/// What was found of one key; `W` says where a mark of that modality lies.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence<W> {
    /// Always `watermark`.
    pub kind: &'static str,
    /// `image`, `audio` or `video`.
    pub modality: &'static str,
    /// A mark of this key is there.
    pub found: bool,
    /// Upper bound of the chance of a finding like this without a mark of this key, the search included.
    pub p_value: f64,
    /// True where `p_value` lies below what the false-alarm study has counted.
    pub extrapolated: bool,
    /// Height of the known pattern's peak in standard deviations, of the look that found most.
    pub score: f64,
    /// What it carries, hexadecimal; absent where it is there but cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// Of the payloads asked for, the one whose code word stands out, where none could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// Bits of `payload`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits: Option<usize>,
    /// The key's name.
    pub key_id: String,
    /// Where it lies.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<W>,
}

/// The keys of a call, each `public` or 64 hexadecimal digits. ERR_LIMIT for more than 256.
pub fn keys(texts: &[String]) -> Result<Vec<Key>> {
    if texts.len() > MOST_KEYS {
        return Err(Error::limit(format!("{} keys are over the limit of {MOST_KEYS}: ask in several calls", texts.len())));
    }
    texts.iter().map(|text| Key::parse(text)).collect()
}
