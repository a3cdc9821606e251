//! The label as a clip that is put between two frames of a programme: at its loudness, with pauses, and without a jump at the
//! joins. No sample of the programme changes.

use super::rhythm::{self, Sound};
use super::{Layout, loudness::Meter};
use crate::error::{Error, Result};
use serde::Deserialize;

/// Where the clip goes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// Of the programme.
    #[serde(flatten)]
    pub layout: Layout,
    /// LUFS of the programme; absent or null where it is silent or not known: [`UNKNOWN`].
    #[serde(default)]
    pub loudness: Option<f64>,
    /// The frame before the clip, absent where the clip comes first: then no pause stands before it.
    #[serde(default)]
    pub before: Option<Vec<f32>>,
    /// The frame behind the clip, absent where the clip comes last.
    #[serde(default)]
    pub after: Option<Vec<f32>>,
    /// How the rhythm sounds.
    #[serde(default)]
    pub sound: Sound,
    /// Channels of a voice; it has the programme's rate.
    #[serde(default)]
    pub voice_channels: Option<usize>,
}

/// LUFS of a label beside a programme of unknown loudness: the level of broadcasts (EBU R 128).
pub const UNKNOWN: f64 = -23.0;
/// A label is never quieter or louder than this, in LUFS.
const RANGE: (f64, f64) = (-40.0, -12.0);
/// Seconds of silence between the label and the programme.
const PAUSE: f64 = 0.3;
/// Seconds in which a pause leaves the programme's last sample and comes to its next one.
const GLIDE: f64 = 0.005;
/// The largest sample of a voice: -1 dB.
const PEAK: f32 = 0.891;

fn target(options: &Options) -> f64 {
    let asked = options.loudness.filter(|loudness| loudness.is_finite()).unwrap_or(UNKNOWN);
    asked.clamp(RANGE.0, RANGE.1)
}

/// The rhythm with its pauses.
///
/// # Errors
/// `Parameter` for options out of range.
pub fn rhythm(options: &Options) -> Result<Vec<f32>> {
    let layout = options.layout.checked(0)?;
    framed(options, rhythm::make(layout, options.sound, target(options))?)
}

/// A voice with its pauses: its channels become the programme's (of a mono voice each one, else their mean), its loudness the
/// programme's.
///
/// # Errors
/// `Parameter` for options out of range, `Unsupported` for a voice that cannot be heard.
pub fn voice(samples: &[f32], options: &Options) -> Result<Vec<f32>> {
    let layout = options.layout.checked(0)?;
    let own = Layout { rate: layout.rate, channels: options.voice_channels.unwrap_or(layout.channels) }.checked(samples.len())?;
    let mut meter = Meter::new(own)?;
    meter.push(samples.iter().copied())?;
    let report = meter.report();
    let Some(loudness) = report.loudness else {
        return Err(Error::unsupported("the clip of the spoken label is silent"));
    };
    let spread: Vec<f32> = if own.channels == layout.channels {
        samples.to_vec()
    } else {
        let mean = |frame: &[f32]| frame.iter().sum::<f32>() / own.channels as f32;
        let channels =
            |value: f32| (0..layout.channels).map(move |channel| if layout.weight(channel) > 0.0 { value } else { 0.0 });
        samples.chunks_exact(own.channels).flat_map(|frame| channels(mean(frame))).collect()
    };
    // A mono voice in two channels is 3 dB louder.
    let weight = |layout: Layout| (0..layout.channels).map(|channel| layout.weight(channel)).sum::<f64>();
    let more = 10.0 * (weight(layout) / weight(own)).log10();
    let gain = 10f64.powf((target(options) - loudness - more) / 20.0) as f32;
    let gain = gain.min(PEAK / report.peak.max(f32::MIN_POSITIVE));
    framed(options, spread.iter().map(|value| if value.is_finite() { value * gain } else { 0.0 }).collect())
}

/// `body` between pauses that begin and end where the programme does.
fn framed(options: &Options, body: Vec<f32>) -> Result<Vec<f32>> {
    let layout = options.layout;
    let pause = |frame: &Option<Vec<f32>>, leaving: bool| -> Result<Vec<f32>> {
        let Some(frame) = frame else { return Ok(Vec::new()) };
        if frame.len() != layout.channels {
            return Err(Error::parameter(format!(
                "a frame of {} numbers stands beside a clip of {} channels",
                frame.len(),
                layout.channels
            )));
        }
        let (length, glide) = (layout.frames(PAUSE), layout.frames(GLIDE));
        Ok((0..length)
            .flat_map(|at| {
                let off = if leaving { at } else { length - 1 - at };
                let part = (off as f64 + 1.0) / (glide as f64 + 1.0);
                let rest = if part >= 1.0 { 0.0 } else { 0.5 + 0.5 * (std::f64::consts::PI * part).cos() };
                frame.iter().map(move |value| if value.is_finite() { value * rest as f32 } else { 0.0 })
            })
            .collect())
    };
    Ok([pause(&options.before, true)?, body, pause(&options.after, false)?].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(channels: usize) -> Options {
        let layout = Layout { rate: 44_100, channels };
        Options { layout, loudness: Some(-20.0), before: None, after: None, sound: Sound::default(), voice_channels: None }
    }

    #[test]
    fn the_joins_do_not_jump() {
        let clip = rhythm(&Options { before: Some(vec![0.5, -0.4]), after: Some(vec![-0.3, 0.2]), ..options(2) }).unwrap();
        let left: Vec<f32> = [0.5].into_iter().chain(clip.iter().step_by(2).copied()).chain([-0.3]).collect();
        let right: Vec<f32> = [-0.4].into_iter().chain(clip.iter().skip(1).step_by(2).copied()).chain([0.2]).collect();
        for side in [left, right] {
            let steepest = side.windows(2).map(|two| (two[1] - two[0]).abs()).fold(0.0, f32::max);
            assert!(steepest < 0.03, "{steepest}");
            assert!(side[4_000..12_000].iter().all(|value| *value == 0.0));
        }
        assert!(rhythm(&Options { before: Some(vec![0.5]), ..options(2) }).is_err());
    }

    #[test]
    fn at_the_ends_there_is_one_pause() {
        let whole = rhythm(&Options { before: Some(vec![0.0]), after: Some(vec![0.0]), ..options(1) }).unwrap().len();
        let first = rhythm(&Options { after: Some(vec![0.0]), ..options(1) }).unwrap().len();
        assert_eq!(whole - first, 13_230);
    }

    #[test]
    fn a_voice_is_as_loud_as_the_programme() {
        let said: Vec<f32> = (0..88_200).map(|at| 0.02 * (at as f32 * 0.05).sin() * (1.0 + (at as f32 * 0.001).sin())).collect();
        for channels in [1, 2, 6] {
            let clip = voice(&said, &Options { voice_channels: Some(1), ..options(channels) }).unwrap();
            assert_eq!(clip.len(), said.len() * channels);
            let mut meter = Meter::new(Layout { rate: 44_100, channels }).unwrap();
            meter.push(clip.iter().copied()).unwrap();
            let heard = meter.report().loudness.unwrap();
            assert!((heard + 20.0).abs() < 0.5, "{channels}: {heard}");
        }
        assert!(voice(&[0.0; 44_100], &Options { voice_channels: Some(1), ..options(2) }).is_err());
    }

    #[test]
    fn a_voice_never_clips() {
        let said: Vec<f32> = (0..44_100).map(|at| if at % 4_410 == 0 { 0.9 } else { 0.001 * (at as f32 * 0.1).sin() }).collect();
        let clip = voice(&said, &Options { voice_channels: Some(1), loudness: Some(-12.0), ..options(1) }).unwrap();
        assert!(clip.iter().all(|value| value.abs() <= PEAK + 1e-6));
    }
}
