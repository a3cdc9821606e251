//! What marking takes and says, and what is worked towards.

use super::bytes;
use super::carrier::{Carrier, Deal};
use super::loudness::factor;
use crate::error::{Error, Result};
use crate::keyed::Key;
use crate::payload::{self, Class};
use crate::watermark::Quality;
use serde::{Deserialize, Serialize};

/// A shorter sound carries 32 bits, in seconds.
const STANDARD_FROM: f64 = 2.0;
/// 128 bits from here, in seconds.
const LONG_FROM: f64 = 6.0;
/// A shorter sound carries nothing, in seconds.
const SHORTEST: f64 = 0.5;
/// Standard deviations that the mark as a whole must reach where it is made: less could not be read even from the sound itself.
const LEAST: f64 = 14.0;

/// The least ratio of sound to difference in dB. A little is kept for rounding.
fn least_ratio(quality: Quality) -> f32 {
    match quality {
        Quality::Standard => 25.02,
        Quality::High => 30.02,
        Quality::Robust => 22.02,
    }
}

/// The highest mean noise-to-mask ratio that is worked towards, in dB.
fn most_masked(quality: Quality) -> f32 {
    match quality {
        Quality::Standard => -8.4,
        Quality::High => -11.0,
        Quality::Robust => -5.0,
    }
}

/// Options of `embed` and of `Embedder`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// Samples a second, 8000 to 192000.
    pub rate: u32,
    /// 1 to 16; interleaved.
    pub channels: u32,
    /// `public` or 64 hexadecimal digits.
    pub key: String,
    /// 8, 16 or 32 hexadecimal digits; a short sound carries only the first 8 of them.
    pub payload: String,
    /// The one knob.
    pub quality: Quality,
    /// How long the sound will be, where that is known before its end: it decides how many bits are carried. `embed` knows.
    #[serde(default)]
    pub seconds: Option<f64>,
}

/// What marking did.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// False: the sound cannot carry a mark, and `reason` says why. `embed` then leaves the samples unchanged.
    pub embedded: bool,
    /// Why nothing was embedded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Bits of the payload that the sound carries: 32, 64 or 128; 0 where it carries nothing.
    pub bits: usize,
    /// Energy of the sound over that of the difference, all channels, in dB; 99 at most.
    pub snr: f64,
    /// Mean noise-to-mask ratio in dB, see `quality::NoiseToMask`.
    pub nmr: f64,
    /// The setting that was asked for.
    pub quality: Quality,
    /// Length in seconds.
    pub seconds: f64,
}

/// What an embedder works towards.
pub struct Aim {
    /// Samples a second of the input.
    pub rate: u32,
    /// Energy of the difference over that of the sound, at most.
    pub allowed: f64,
    /// Mean ratio of noise to mask, in dB, at most.
    pub masked: f32,
    bits: usize,
    quality: Quality,
}

/// What is put into this sound.
pub struct Plan {
    /// The key.
    pub key: Key,
    /// The code word.
    pub word: Vec<bool>,
    /// The block that the sound begins with.
    pub block: usize,
    /// The aim.
    pub aim: Aim,
    class: Class,
}

impl Options {
    /// Checks the options and codes the payload. The block that the sound begins with follows from key and payload.
    pub fn plan(&self) -> Result<Plan> {
        bytes::check(self.rate, self.channels, 0)?;
        let key = Key::parse(&self.key)?;
        let payload = payload::unhex(&self.payload)?;
        let seconds = self.seconds.unwrap_or(f64::INFINITY);
        let class = match payload.len() {
            4 => Class::Short,
            8 | 16 if seconds < STANDARD_FROM => Class::Short,
            16 if seconds >= LONG_FROM => Class::Long,
            8 | 16 => Class::Standard,
            _ => return Err(Error::parameter("payload must be 8, 16 or 32 hexadecimal digits")),
        };
        let word = payload::Coder::new(class)?.encode(&payload)?;
        let block =
            key.stream(&format!("audio/place/{}", self.payload.to_lowercase())).below(super::carrier::BLOCKS as u32) as usize;
        let allowed = f64::from(factor(-2.0 * least_ratio(self.quality)));
        let aim = Aim { rate: self.rate, allowed, masked: most_masked(self.quality), bits: class.bits(), quality: self.quality };
        Ok(Plan { key, word, block, aim, class })
    }
}

impl Plan {
    /// The cells of the key's sync and of this class.
    pub fn cells(&self) -> Result<(Carrier, Deal)> {
        let carrier = Carrier::new(&self.key);
        let deal = carrier.deal(&self.key, self.class)?;
        Ok((carrier, deal))
    }
}

impl Aim {
    /// The report. `frames` of input; energies of sound and difference; agreement of the whole mark with its variance; noise to
    /// mask in dB.
    pub fn report(&self, frames: u64, [sound, difference]: [f64; 2], [agreed, variance]: [f64; 2], nmr: f64) -> Report {
        let seconds = frames as f64 / f64::from(self.rate);
        let reason = if seconds < SHORTEST {
            Some(format!("the sound is {seconds:.2} s long; a mark needs {SHORTEST} s"))
        } else if difference == 0.0 {
            Some("the sound is silent".to_owned())
        } else if agreed / variance.sqrt().max(1e-9) < LEAST {
            Some(
                "the sound is too short, too quiet or too plain to hide a mark: silence and lasting tones carry nothing"
                    .to_owned(),
            )
        } else {
            None
        };
        let snr = if difference > 0.0 { (10.0 * (sound / difference).log10()).min(99.0) } else { 99.0 };
        let bits = if reason.is_none() { self.bits } else { 0 };
        Report { embedded: reason.is_none(), reason, bits, snr, nmr, quality: self.quality, seconds }
    }
}
