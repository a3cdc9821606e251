//! From samples to the energies of cells.

use super::carrier::{BANDS, RATE, SLOT};
use crate::signal::line::Line;
use rustfft::num_complex::Complex32;

/// Samples of a frame: 16 ms, a little longer than a slot.
pub const FRAME: usize = 256;
/// Frequencies of a frame: 62.5 Hz each, the highest at 8 kHz.
pub const BINS: usize = FRAME / 2 + 1;
/// The first frequency of the first band; with the three behind it that is 281 to 531 Hz.
pub const FIRST: usize = 5;
/// Frequencies of a band.
pub const WIDTH: usize = 4;

/// The energies of the bands in one frame, 1 for a full-scale square wave in a rough way.
pub type Energies = [f32; BANDS];

/// The bands that a sound of this sampling rate has.
pub fn bands(rate: u32) -> usize {
    let hertz = RATE as usize / FRAME;
    let highest = (rate as f32 * 0.46 / hertz as f32) as usize;
    (highest.saturating_sub(FIRST) / WIDTH).min(BANDS)
}

/// Where slot `slot` has its middle, in samples.
pub fn middle(slot: i64) -> i64 {
    slot * SLOT as i64 + SLOT as i64 / 2
}

/// Power spectra under a window of Hann.
pub struct Analyser {
    line: Line,
    window: Vec<f32>,
    frame: Vec<Complex32>,
}

impl Analyser {
    /// Plans and window.
    pub fn new() -> Self {
        // Tables in double precision, then rounded: the last digit of a system's cosine does not come through.
        let cosine = |at: usize| (std::f64::consts::TAU * at as f64 / FRAME as f64).cos();
        // The window's mean square is 3/8; with this a full-scale sine has a power of about 1/2.
        let level = (8.0f64 / 3.0).sqrt() / FRAME as f64 * std::f64::consts::SQRT_2;
        Self {
            line: Line::new(FRAME),
            window: (0..FRAME).map(|at| (level * (0.5 - 0.5 * cosine(at))) as f32).collect(),
            frame: vec![Complex32::default(); FRAME],
        }
    }

    /// Adds the powers of the frequencies of two frames of `FRAME` samples to `first` and `second`, `BINS` numbers each.
    pub fn add_powers(&mut self, frames: [&[f32]; 2], first: &mut [f32], second: &mut [f32]) {
        // Two real rows are one complex one.
        for (((value, a), b), window) in self.frame.iter_mut().zip(frames[0]).zip(frames[1]).zip(&self.window) {
            *value = Complex32::new(a * window, b * window);
        }
        self.line.forward(&mut self.frame);
        for (at, (first, second)) in first.iter_mut().zip(second).enumerate() {
            let (here, there) = (self.frame[at], self.frame[(FRAME - at) % FRAME].conj());
            *first += (here + there).norm_sqr() * 0.25;
            *second += (here - there).norm_sqr() * 0.25;
        }
    }
}

/// The energies of the bands, whose edges lie `ratio` times as high as usual.
pub fn energies(powers: &[f32], ratio: f32) -> Energies {
    if ratio == 1.0 {
        return std::array::from_fn(|band| powers[FIRST + WIDTH * band..][..WIDTH].iter().sum());
    }
    // The sum of powers up to a place between two frequencies, each of which covers half a step on both sides.
    let mut below = [0.0f32; BINS + 1];
    for (at, power) in powers.iter().enumerate().take(BINS) {
        below[at + 1] = below[at] + power;
    }
    let up_to = |edge: f32| {
        let place = (edge * ratio + 0.5).clamp(0.0, BINS as f32 - 0.001);
        let whole = place as usize;
        below[whole] + (below[whole + 1] - below[whole]) * (place - whole as f32)
    };
    let edge = |band: usize| (FIRST + WIDTH * band) as f32 - 0.5;
    std::array::from_fn(|band| (up_to(edge(band + 1)) - up_to(edge(band))).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_in_its_band_and_stays_there_at_another_speed() {
        let tone = |hertz: f32| -> Vec<f32> {
            (0..FRAME).map(|at| (std::f32::consts::TAU * hertz * at as f32 / RATE as f32).sin()).collect()
        };
        let mut analyser = Analyser::new();
        let (mut a, mut b) = (vec![0.0; BINS], vec![0.0; BINS]);
        analyser.add_powers([&tone(1_656.25), &tone(1_656.25 * 1.05)], &mut a, &mut b);
        for (powers, ratio) in [(&a, 1.0), (&b, 1.05)] {
            let energies = energies(powers, ratio);
            // 1,656 Hz is the middle of band 5.
            assert!((energies[5] - 0.5).abs() < 0.02, "{energies:?}");
            assert!(energies.iter().enumerate().all(|(band, energy)| band == 5 || *energy < 0.01), "{energies:?}");
        }
        assert_eq!(bands(48_000), BANDS);
        assert_eq!(bands(8_000), 13);
    }
}
