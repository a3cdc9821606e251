//! Loudness of a programme (ITU-R BS.1770-5, annex 1), piece by piece, and a quiet place near its middle.

use super::Layout;
use crate::error::Result;
use serde::Serialize;

/// One second-order filter, direct form II transposed.
#[derive(Debug, Clone, Copy)]
struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
}

impl Biquad {
    fn step(&self, state: &mut [f64; 2], x: f64) -> f64 {
        let y = self.b[0] * x + state[0];
        state[0] = self.b[1] * x - self.a[0] * y + state[1];
        state[1] = self.b[2] * x - self.a[1] * y;
        y
    }

    /// Its gain at `turn` radians a sample, squared.
    fn power(&self, turn: f64) -> f64 {
        let square = |c: [f64; 3]| {
            let re = c[0] + c[1] * turn.cos() + c[2] * (2.0 * turn).cos();
            let im = c[1] * turn.sin() + c[2] * (2.0 * turn).sin();
            re * re + im * im
        };
        square(self.b) / square([1.0, self.a[0], self.a[1]])
    }
}

/// The K-weighting. The standard gives its coefficients for 48 kHz; these are of the analogue filters behind them, which give
/// the same there (the parameters are those of libebur128).
fn weighting(rate: f64) -> [Biquad; 2] {
    let (gain, steep) = (3.999_843_853_973_347, 0.707_175_236_955_419_6);
    let k = (std::f64::consts::PI * 1_681.974_450_955_533 / rate).tan();
    let high = 10f64.powf(gain / 20.0);
    let band = high.powf(0.499_666_774_154_541_6);
    let norm = 1.0 + k / steep + k * k;
    let shelf = Biquad {
        b: [(high + band * k / steep + k * k) / norm, 2.0 * (k * k - high) / norm, (high - band * k / steep + k * k) / norm],
        a: [2.0 * (k * k - 1.0) / norm, (1.0 - k / steep + k * k) / norm],
    };
    let steep = 0.500_327_037_323_877_3;
    let k = (std::f64::consts::PI * 38.135_470_876_024_44 / rate).tan();
    let norm = 1.0 + k / steep + k * k;
    let pass = Biquad { b: [1.0, -2.0, 1.0], a: [2.0 * (k * k - 1.0) / norm, (1.0 - k / steep + k * k) / norm] };
    [shelf, pass]
}

/// Measures pieces of any length.
pub struct Meter {
    layout: Layout,
    filters: [Biquad; 2],
    states: Vec<[[f64; 2]; 2]>,
    step: usize,
    filled: usize,
    weighted: f64,
    plain: f64,
    frames: u64,
    peak: f32,
    /// Weighted power and plain power of every 100 ms.
    steps: Vec<(f32, f32)>,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// LUFS; absent where all of it is below the gate of -70.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loudness: Option<f64>,
    /// The largest sample, 1 is full scale.
    pub peak: f32,
    /// Frames in all.
    pub frames: u64,
    /// The frame in the middle of the quietest 100 ms of the middle third.
    pub quiet: u64,
}

impl Meter {
    /// Nothing was heard yet.
    ///
    /// # Errors
    /// As [`Layout::checked`].
    pub fn new(layout: Layout) -> Result<Self> {
        let layout = layout.checked(0)?;
        Ok(Self {
            layout,
            filters: weighting(f64::from(layout.rate)),
            states: vec![[[0.0; 2]; 2]; layout.channels],
            step: layout.frames(0.1),
            filled: 0,
            weighted: 0.0,
            plain: 0.0,
            frames: 0,
            peak: 0.0,
            steps: Vec::new(),
        })
    }

    /// Whole frames that follow.
    ///
    /// # Errors
    /// As [`Layout::checked`].
    pub fn push(&mut self, samples: impl ExactSizeIterator<Item = f32>) -> Result<()> {
        let layout = self.layout.checked(samples.len())?;
        let mut channel = 0;
        for sample in samples {
            // What is no number is no sound.
            let sample = if sample.is_finite() { sample } else { 0.0 };
            if let Some([shelf, pass]) = self.states.get_mut(channel) {
                let first = self.filters[0].step(shelf, f64::from(sample));
                let second = self.filters[1].step(pass, first);
                self.weighted += layout.weight(channel) * second * second;
            }
            self.plain += f64::from(sample) * f64::from(sample);
            self.peak = self.peak.max(sample.abs());
            channel += 1;
            if channel < layout.channels {
                continue;
            }
            channel = 0;
            self.frames += 1;
            self.filled += 1;
            if self.filled == self.step {
                self.close();
            }
        }
        Ok(())
    }

    fn close(&mut self) {
        let count = self.filled.max(1) as f64;
        self.steps.push(((self.weighted / count) as f32, (self.plain / count) as f32));
        (self.filled, self.weighted, self.plain) = (0, 0.0, 0.0);
    }

    /// All that was heard until now.
    pub fn report(&self) -> Report {
        Report { loudness: self.loudness(), peak: self.peak, frames: self.frames, quiet: self.quiet() }
    }

    /// Blocks of 400 ms that overlap by three quarters, gated at -70 LUFS and at 10 below the mean of what is left.
    fn loudness(&self) -> Option<f64> {
        let mut blocks: Vec<f64> =
            self.steps.windows(4).map(|four| four.iter().map(|(weighted, _)| f64::from(*weighted)).sum::<f64>() / 4.0).collect();
        if blocks.is_empty() && self.frames > 0 {
            // Shorter than a block: all of it is one.
            let whole: f64 = self.steps.iter().map(|(weighted, _)| f64::from(*weighted) * self.step as f64).sum();
            blocks.push((whole + self.weighted) / self.frames as f64);
        }
        let mean = |over: f64| {
            let loud: Vec<f64> = blocks.iter().copied().filter(|power| units(*power) > over).collect();
            (!loud.is_empty()).then(|| loud.iter().sum::<f64>() / loud.len() as f64)
        };
        let first = units(mean(GATE)?);
        mean((first - 10.0).max(GATE)).map(units)
    }

    fn quiet(&self) -> u64 {
        let count = self.steps.len();
        let middle = count as f64 / 2.0;
        let quietest = (count / 3..count - count / 3).min_by(|&a, &b| {
            let off = |at: usize| (at as f64 + 0.5 - middle).abs();
            // Of places that nobody can hear apart the one nearest to the middle.
            let power = |at: usize| self.steps.get(at).map_or(0.0, |(_, plain)| plain.max(SILENCE));
            power(a).total_cmp(&power(b)).then(off(a).total_cmp(&off(b)))
        });
        quietest.map_or(self.frames / 2, |at| (at * self.step + self.step / 2) as u64)
    }
}

/// LUFS below which nothing counts.
const GATE: f64 = -70.0;
/// Mean square below which all is silence: -80 dB.
const SILENCE: f32 = 1e-8;

fn units(power: f64) -> f64 {
    10.0 * power.max(1e-30).log10() - 0.691
}

/// The amplitude of a tone in all channels that is as loud as `loudness` LUFS while it sounds.
pub fn amplitude(layout: Layout, frequency: f64, loudness: f64) -> f64 {
    let turn = std::f64::consts::TAU * frequency / f64::from(layout.rate);
    let gain: f64 = weighting(f64::from(layout.rate)).iter().map(|filter| filter.power(turn)).product();
    let weights: f64 = (0..layout.channels).map(|channel| layout.weight(channel)).sum();
    (2.0 * 10f64.powf((loudness + 0.691) / 10.0) / (gain * weights)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(layout: Layout, frequency: f64, level: f64, seconds: f64) -> Vec<f32> {
        let turn = std::f64::consts::TAU * frequency / f64::from(layout.rate);
        (0..layout.frames(seconds)).flat_map(|at| vec![(level * (turn * at as f64).sin()) as f32; layout.channels]).collect()
    }

    fn heard(layout: Layout, samples: &[f32], piece: usize) -> Report {
        let mut meter = Meter::new(layout).unwrap();
        for part in samples.chunks(piece * layout.channels) {
            meter.push(part.iter().copied()).unwrap();
        }
        meter.report()
    }

    #[test]
    fn the_standards_own_tones_read_as_it_says() {
        // EBU Tech 3341, cases 1 and 2: a stereo sine of 1 kHz at -23 dBFS reads -23 LUFS, at -33 dBFS -33.
        for rate in [16_000, 44_100, 48_000, 96_000] {
            for wanted in [-23.0, -33.0] {
                let layout = Layout { rate, channels: 2 };
                let report = heard(layout, &tone(layout, 1_000.0, 10f64.powf(wanted / 20.0), 5.0), 977);
                assert!((report.loudness.unwrap() - wanted).abs() < 0.1, "{rate}: {report:?}");
            }
        }
        // BS.1770: a sine of 997 Hz at 0 dBFS in one channel reads -3.01.
        let mono = Layout { rate: 48_000, channels: 1 };
        assert!((heard(mono, &tone(mono, 997.0, 1.0, 3.0), 480).loudness.unwrap() + 3.01).abs() < 0.02);
    }

    #[test]
    fn what_is_quiet_is_gated() {
        // EBU Tech 3341, case 3: 10 s at -36, 60 s at -23, 10 s at -36 dBFS read -23.
        let layout = Layout { rate: 48_000, channels: 2 };
        let part = |decibels: f64, seconds| tone(layout, 1_000.0, 10f64.powf(decibels / 20.0), seconds);
        let report = heard(layout, &[part(-36.0, 10.0), part(-23.0, 60.0), part(-36.0, 10.0)].concat(), 48_000);
        assert!((report.loudness.unwrap() + 23.0).abs() < 0.1, "{report:?}");
        assert_eq!(heard(layout, &vec![0.0; 96_000], 1_000).loudness, None);
    }

    #[test]
    fn pieces_of_any_length_read_the_same() {
        let layout = Layout { rate: 22_050, channels: 1 };
        let samples = tone(layout, 440.0, 0.2, 1.7);
        let whole = heard(layout, &samples, samples.len());
        for piece in [1, 7, 2_205, 5_000] {
            assert_eq!(heard(layout, &samples, piece), whole);
        }
        assert!(heard(layout, &samples[..2_000], 100).loudness.is_some(), "shorter than one block");
    }

    #[test]
    fn a_tone_of_that_amplitude_is_that_loud() {
        for channels in [1, 2, 6] {
            let layout = Layout { rate: 44_100, channels };
            for frequency in [300.0, 1_046.5, 3_000.0] {
                let level = amplitude(layout, frequency, -27.0);
                let read = heard(layout, &tone(layout, frequency, level, 4.0), 4_410).loudness.unwrap();
                assert!((read + 27.0).abs() < 0.05, "{channels} {frequency}: {read}");
            }
        }
    }

    #[test]
    fn the_quiet_place_is_the_pause_near_the_middle() {
        let layout = Layout { rate: 16_000, channels: 1 };
        let mut samples = tone(layout, 500.0, 0.3, 10.0);
        samples[88_000..91_200].fill(0.0);
        samples[8_000..16_000].fill(0.0);
        let quiet = heard(layout, &samples, 160).quiet;
        assert!((88_000..91_200).contains(&quiet), "{quiet}");
    }

    #[test]
    fn samples_that_do_not_fit_are_refused() {
        let mut meter = Meter::new(Layout { rate: 48_000, channels: 2 }).unwrap();
        assert!(meter.push([0.0; 3].into_iter()).is_err());
        assert!(Meter::new(Layout { rate: 4_000, channels: 2 }).is_err());
        assert!(Meter::new(Layout { rate: 48_000, channels: 0 }).is_err());
        meter.push([f32::NAN, f32::INFINITY].into_iter()).unwrap();
        assert_eq!(meter.report().peak, 0.0);
    }
}
