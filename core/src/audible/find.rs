//! The search for the rhythm: four pulses of one tone with the times of the clause, whatever the tone, its unit (50 to 320 ms)
//! and the pause between the letters (one unit or three).

use super::Layout;
use super::pulses::{Quadruple, quadruples};
use super::spectrum::{HOP, Levels};
use crate::error::Result;
use serde::Serialize;

/// Whether the rhythm is there.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// `label`.
    pub kind: &'static str,
    /// `audio`.
    pub modality: &'static str,
    /// Whether the score reaches [`FOUND`].
    pub found: bool,
    /// 1 for the times of the clause to the letter, 0 for parts that are off by a quarter of a unit.
    pub score: f64,
    /// Where, of the best.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#where: Option<Place>,
}

/// One rhythm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// Seconds from the start of the samples.
    pub spans: Vec<[f64; 2]>,
    /// Seconds.
    pub unit: f64,
    /// Hertz.
    pub frequency: f64,
}

/// The least score of a rhythm that is there.
pub const FOUND: f64 = 0.5;

/// Looks for the rhythm in samples of any length.
///
/// # Errors
/// `Parameter` as [`Layout::checked`].
pub fn find(samples: &[f32], layout: Layout) -> Result<Evidence> {
    let levels = Levels::of(samples, layout.checked(samples.len())?);
    let all: Vec<Quadruple> = (0..levels.bands).flat_map(|band| quadruples(&levels, band)).collect();
    let none = Evidence { kind: "label", modality: "audio", found: false, score: 0.0, r#where: None };
    let Some(Quadruple { span, unit, off, .. }) = all.iter().min_by(|a, b| a.off.total_cmp(&b.off)).copied() else {
        return Ok(none);
    };
    // A tone is seen in the bands beside its own too.
    let same = all.iter().filter(|other| (other.span.0 - span.0).abs() < unit && (other.span.1 - span.1).abs() < unit);
    let band = same.max_by(|a, b| a.level.total_cmp(&b.level)).map_or(0, |loudest| loudest.band);
    let score = (1.0 - f64::from(off) / 0.25).max(0.0);
    let seconds = |looks: f32| f64::from(looks) * HOP;
    let place = Place {
        spans: vec![[seconds(span.0), seconds(span.1)]],
        unit: seconds(unit),
        frequency: levels.lowest + band as f64 * levels.width,
    };
    Ok(Evidence { found: score >= FOUND, score, r#where: Some(place), ..none })
}

#[cfg(test)]
mod tests {
    use super::super::rhythm::{self, Sound};
    use super::*;

    fn noise(state: &mut u32) -> f32 {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*state >> 8) as f32 / 8_388_608.0 - 1.0
    }

    fn with_rhythm(layout: Layout, sound: Sound, loudness: f64, noisy: f32) -> Vec<f32> {
        let silence = vec![0.0; layout.frames(0.5) * layout.channels];
        let mut samples = [silence.clone(), rhythm::make(layout, sound, loudness).unwrap(), silence].concat();
        let mut state = 7;
        samples.iter_mut().for_each(|value| *value += noisy * noise(&mut state));
        samples
    }

    #[test]
    fn our_own_is_found_where_it_is() {
        for (rate, channels) in [(8_000, 1), (16_000, 1), (22_050, 2), (44_100, 2), (48_000, 6), (96_000, 1)] {
            let layout = Layout { rate, channels };
            let seen = find(&with_rhythm(layout, Sound::default(), -23.0, 0.0), layout).unwrap();
            let place = seen.r#where.unwrap();
            assert!(seen.found && seen.score > 0.8, "{rate}: {} {place:?}", seen.score);
            assert!((place.spans[0][0] - 0.5).abs() < 0.02 && (place.spans[0][1] - 1.82).abs() < 0.02, "{rate}: {place:?}");
            assert!((place.unit - 0.12).abs() < 0.004 && (place.frequency - 1_046.5).abs() < 35.0, "{rate}: {place:?}");
        }
    }

    #[test]
    fn other_units_tones_and_letter_pauses_are_found() {
        let layout = Layout { rate: 16_000, channels: 1 };
        for sound in
            [(0.06, 1_046.5), (0.09, 600.0), (0.2, 2_000.0), (0.3, 440.0)].map(|(unit, frequency)| Sound { unit, frequency })
        {
            let samples = with_rhythm(layout, sound, -23.0, 0.0);
            assert!(find(&samples, layout).unwrap().found, "{sound:?}");
            // One unit between the letters instead of three.
            let cut = layout.frames(0.5 + 6.0 * sound.unit)..layout.frames(0.5 + 8.0 * sound.unit);
            let short = [&samples[..cut.start], &samples[cut.end..]].concat();
            assert!(find(&short, layout).unwrap().found, "{sound:?}");
        }
    }

    #[test]
    fn it_is_found_in_noise_and_at_a_border() {
        let layout = Layout { rate: 16_000, channels: 1 };
        assert!(find(&with_rhythm(layout, Sound::default(), -23.0, 0.05), layout).unwrap().found, "3 dB of noise");
        assert!(find(&rhythm::make(layout, Sound::default(), -30.0).unwrap(), layout).unwrap().found);
    }

    #[test]
    fn other_rhythms_are_not_it() {
        let layout = Layout { rate: 16_000, channels: 1 };
        let tone = |units: f64, on: bool| -> Vec<f32> {
            (0..layout.frames(units * 0.12)).map(|at| if on { 0.1 * (at as f32 * 0.4).sin() } else { 0.0 }).collect()
        };
        // Morse for N I, E E E E, S, T T, and I without A.
        for parts in [
            [3.0, 1.0, 1.0, 3.0, 1.0, 1.0, 1.0],
            [1.0; 7],
            [1.0, 1.0, 3.0, 3.0, 3.0, 1.0, 1.0],
            [1.0, 1.0, 3.0, 3.0, 1.0, 3.0, 1.0],
            [1.0, 2.0, 3.0, 3.0, 1.0, 1.0, 1.0],
        ] {
            let body: Vec<f32> = parts.iter().enumerate().flat_map(|(at, units)| tone(*units, at % 2 == 0)).collect();
            let samples = [tone(5.0, false), body, tone(5.0, false)].concat();
            assert!(!find(&samples, layout).unwrap().found, "{parts:?}");
        }
        let mut state = 3;
        let hiss: Vec<f32> = (0..160_000).map(|_| 0.3 * noise(&mut state)).collect();
        assert_eq!(find(&hiss, layout).unwrap().score, 0.0);
        assert_eq!(find(&[0.0; 32_000], layout).unwrap().score, 0.0);
        assert_eq!(find(&[], layout).unwrap().score, 0.0);
        assert_eq!(find(&[f32::NAN; 16_000], layout).unwrap().score, 0.0);
    }
}
