//! The audible label of GB 45438-2025, 5.3: the rhythm short-long short-short or a voice, at the loudness of what it stands
//! beside; and the search for the rhythm. Samples are interleaved numbers, full scale is 1.

pub mod clip;
pub mod find;
pub mod loudness;
mod pulses;
pub mod rhythm;
mod spectrum;

use crate::error::{Error, Result};
use serde::Deserialize;

/// How samples lie.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Layout {
    /// Samples a second of one channel, 8000 to 192 000.
    pub rate: u32,
    /// 1 to 8; six are L, R, C, LFE, Ls, Rs.
    pub channels: usize,
}

impl Layout {
    /// The layout, once it holds for that many numbers.
    ///
    /// # Errors
    /// `Parameter` for a rate or a count of channels out of range, and for samples that do not fill their last frame.
    pub fn checked(self, samples: usize) -> Result<Self> {
        if !(8_000..=192_000).contains(&self.rate) {
            return Err(Error::parameter(format!("the rate is {} samples a second; 8000 to 192000 are handled", self.rate)));
        }
        if !(1..=8).contains(&self.channels) {
            return Err(Error::parameter(format!("the sound has {} channels; 1 to 8 are handled", self.channels)));
        }
        if !samples.is_multiple_of(self.channels) {
            return Err(Error::parameter(format!("{samples} numbers are no whole frames of {} channels", self.channels)));
        }
        Ok(self)
    }

    /// The weight of a channel in the loudness (ITU-R BS.1770-5, table 3): the low-frequency one does not count.
    fn weight(self, channel: usize) -> f64 {
        match (self.channels, channel) {
            (6.., 3) => 0.0,
            (5, 3 | 4) | (6.., 4 | 5) => 1.41,
            _ => 1.0,
        }
    }

    /// Frames of so many seconds.
    fn frames(self, seconds: f64) -> usize {
        (seconds * f64::from(self.rate)).round() as usize
    }
}
