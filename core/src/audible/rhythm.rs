//! The rhythm of GB 45438-2025, 5.3 c: short-long short-short, Morse for "AI".
//!
//! The clause gives the order and not the times. Written Morse (ITU-R M.1677-1, part I, 2) has pulses of one and three units,
//! one unit between the pulses of a letter and three between letters: 11 units. Some services leave one unit between the
//! letters; the search takes both.

use super::{Layout, loudness};
use crate::error::{Error, Result};
use serde::Deserialize;

/// Units of the seven parts: pulse, pause, pulse, ... The fourth is the pause between the letters.
pub const PARTS: [f64; 7] = [1.0, 1.0, 3.0, 3.0, 1.0, 1.0, 1.0];

/// How the rhythm sounds.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default)]
pub struct Sound {
    /// Seconds of one unit, 0.05 to 0.3.
    pub unit: f64,
    /// Hertz of the tone, 300 to 3400: telephones carry it.
    pub frequency: f64,
}

impl Default for Sound {
    fn default() -> Self {
        Self { unit: 0.12, frequency: 1_046.5 }
    }
}

/// Seconds in which a pulse rises and falls, by half a cosine: no click.
const RAMP: f64 = 0.008;
/// The largest sample: -3 dB.
const PEAK: f64 = 0.708;

/// The rhythm alone, from the start of its first pulse to the end of its last, at `loudness` LUFS while it sounds.
///
/// # Errors
/// `Parameter` for a unit or frequency out of range.
pub fn make(layout: Layout, sound: Sound, loudness: f64) -> Result<Vec<f32>> {
    if !(0.05..=0.3).contains(&sound.unit) {
        return Err(Error::parameter(format!("the rhythm's unit is {} seconds; 0.05 to 0.3 are taken", sound.unit)));
    }
    if !(300.0..=3_400.0).contains(&sound.frequency) {
        return Err(Error::parameter(format!("the rhythm's tone has {} hertz; 300 to 3400 are taken", sound.frequency)));
    }
    let level = loudness::amplitude(layout, sound.frequency, loudness).min(PEAK);
    let ramp = layout.frames(RAMP);
    let turn = std::f64::consts::TAU * sound.frequency / f64::from(layout.rate);
    let mut samples = Vec::new();
    let mut end = 0.0;
    for (at, part) in PARTS.iter().enumerate() {
        let start = layout.frames(end * sound.unit);
        end += part;
        let length = layout.frames(end * sound.unit) - start;
        for inside in 0..length {
            let edge = (inside.min(length - 1 - inside) as f64 + 0.5) / ramp as f64;
            let rise = 0.5 - 0.5 * (std::f64::consts::PI * edge.min(1.0)).cos();
            let value = if at % 2 == 1 { 0.0 } else { (level * rise * (turn * inside as f64).sin()) as f32 };
            samples.extend((0..layout.channels).map(|channel| if layout.weight(channel) > 0.0 { value } else { 0.0 }));
        }
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pulses_have_the_lengths_of_the_clause() {
        let layout = Layout { rate: 48_000, channels: 1 };
        let samples = make(layout, Sound::default(), -23.0).unwrap();
        assert_eq!(samples.len(), layout.frames(11.0 * 0.12));
        let power = |from: f64, to: f64| {
            let part = &samples[layout.frames(from * 0.12)..layout.frames(to * 0.12)];
            part.iter().map(|value| f64::from(value * value)).sum::<f64>() / part.len() as f64
        };
        let (on, off) = (power(2.2, 4.8), [power(1.0, 2.0), power(5.0, 8.0), power(9.0, 10.0)]);
        assert!([power(0.2, 0.8), power(8.2, 8.8), power(10.2, 10.8)].iter().all(|other| (other / on - 1.0).abs() < 0.05));
        assert!(on > 1e-4 && off.iter().all(|other| *other == 0.0), "{on} {off:?}");
    }

    #[test]
    fn nothing_jumps_and_nothing_clips() {
        let layout = Layout { rate: 44_100, channels: 6 };
        let samples = make(layout, Sound::default(), 0.0).unwrap();
        let left: Vec<f32> = samples.iter().step_by(6).copied().collect();
        let steepest = left.windows(2).map(|two| (two[1] - two[0]).abs()).fold(0.0, f32::max);
        assert!(f64::from(steepest) < PEAK * std::f64::consts::TAU * 1_046.5 / 44_100.0 * 1.05, "{steepest}");
        assert!(left.iter().all(|value| f64::from(value.abs()) <= PEAK + 1e-6));
        assert!(samples.iter().skip(3).step_by(6).all(|value| *value == 0.0), "the low-frequency channel stays silent");
    }

    #[test]
    fn sounds_that_nobody_could_hear_are_refused() {
        let layout = Layout { rate: 16_000, channels: 1 };
        assert!(make(layout, Sound { unit: 0.01, ..Sound::default() }, -23.0).is_err());
        assert!(make(layout, Sound { frequency: 15_000.0, ..Sound::default() }, -23.0).is_err());
        assert!(make(layout, Sound { unit: f64::NAN, ..Sound::default() }, -23.0).is_err());
    }
}
