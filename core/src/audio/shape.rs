//! From wanted changes of level, cell by cell, to the difference that makes them.

use super::carrier::{BANDS, SLOT};
use super::grid::{FIRST, FRAME, WIDTH};
use super::loudness::{Row, factor};
use crate::signal::line::Line;
use rustfft::num_complex::Complex32;

/// Samples from frame to frame: frames with odd numbers lie in the middle of slots, even ones between two.
pub const HOP: usize = SLOT / 2;
/// Zeros on each side of a frame's samples: room for the filter's tails.
const MARGIN: usize = (FRAME - SLOT) / 2;
/// The frequencies that are touched.
const TOUCHED: std::ops::Range<usize> = FIRST - 2..FIRST + WIDTH * BANDS + 2;

/// The spectra of a run of frames, and the difference that gains make of them. The same window stands before and after
/// the change, a root of Hann's, so that gains of 0 dB would give the sound back.
pub struct Shaper {
    line: Line,
    window: Vec<f32>,
    /// For each touched frequency the band's middle below it, counted from 1, and how far it lies above that.
    places: [(usize, f32); Self::TOUCHED],
    /// Two frames a row: one real, one imaginary.
    rows: Vec<Complex32>,
}

impl Shaper {
    /// Plans and window.
    pub fn new() -> Self {
        let window = (0..SLOT).map(|at| (std::f64::consts::PI * at as f64 / SLOT as f64).sin() as f32).collect();
        let places = std::array::from_fn(|at| {
            // The middle of band 0 lies 1.5 frequencies behind FIRST.
            let place = (at as f32 + 0.5) / WIDTH as f32;
            (place as usize, place.fract())
        });
        Self { line: Line::new(FRAME), window, places, rows: Vec::new() }
    }

    /// The touched frequencies of `count` frames, `HOP` samples apart. `samples` starts with the first sample of the first frame's
    /// window, `SLOT` samples long.
    pub fn spectra(&mut self, samples: &[f32], count: usize, spectra: &mut Vec<Complex32>) {
        self.rows.clear();
        self.rows.resize(count.div_ceil(2) * FRAME, Complex32::default());
        for frame in 0..count {
            let row = &mut self.rows[frame / 2 * FRAME + MARGIN..][..SLOT];
            let samples = &samples[frame * HOP..][..SLOT];
            for ((value, sample), window) in row.iter_mut().zip(samples).zip(&self.window) {
                if frame % 2 == 0 {
                    value.re = sample * window;
                } else {
                    value.im = sample * window;
                }
            }
        }
        self.line.forward(&mut self.rows);
        spectra.clear();
        for frame in 0..count {
            let row = &self.rows[frame / 2 * FRAME..][..FRAME];
            spectra.extend(TOUCHED.map(|at| {
                let (here, there) = (row[at], row[FRAME - at].conj());
                if frame % 2 == 0 { (here + there) * 0.5 } else { (here - there) * Complex32::new(0.0, -0.5) }
            }));
        }
    }

    /// Adds the difference of the frames whose `gains` (dB) are given to `into`, which starts with the first sample of the first
    /// frame's window.
    pub fn add(&mut self, spectra: &[Complex32], gains: &[Row], into: &mut [f32]) {
        self.rows.clear();
        self.rows.resize(gains.len().div_ceil(2) * FRAME, Complex32::default());
        for (frame, (spectrum, gains)) in spectra.chunks_exact(TOUCHED.len()).zip(gains).enumerate() {
            let row = &mut self.rows[frame / 2 * FRAME..][..FRAME];
            let mut bands = [0.0; BANDS + 2];
            for (change, gain) in bands[1..].iter_mut().zip(gains) {
                *change = if *gain == 0.0 { 0.0 } else { factor(*gain) - 1.0 };
            }
            for ((at, value), (low, part)) in TOUCHED.zip(spectrum).zip(&self.places) {
                // Straight lines between the middles of bands, to nothing beyond the outermost.
                let value = value * (bands[*low] + (bands[low + 1] - bands[*low]) * part);
                if frame % 2 == 0 {
                    row[at] = value;
                    row[FRAME - at] = value.conj();
                } else {
                    row[at] += Complex32::new(-value.im, value.re);
                    row[FRAME - at] += Complex32::new(value.im, value.re);
                }
            }
        }
        self.line.inverse(&mut self.rows);
        for frame in 0..gains.len() {
            let row = &self.rows[frame / 2 * FRAME + MARGIN..][..SLOT];
            for ((into, value), window) in into[frame * HOP..].iter_mut().zip(row).zip(&self.window) {
                *into += if frame % 2 == 0 { value.re } else { value.im } * window * (1.0 / FRAME as f32);
            }
        }
    }
}

impl Shaper {
    /// Numbers that `spectra` gives for each frame.
    pub const TOUCHED: usize = TOUCHED.end - TOUCHED.start;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_everywhere_is_a_gain() {
        let count = 12;
        let samples: Vec<f32> =
            (0..(count - 1) * HOP + SLOT).map(|at| (std::f32::consts::TAU * 1_500.0 * at as f32 / 16_000.0).sin()).collect();
        let mut shaper = Shaper::new();
        let mut spectra = Vec::new();
        shaper.spectra(&samples, count, &mut spectra);
        let mut difference = vec![0.0; samples.len()];
        shaper.add(&spectra, &vec![[6.0; BANDS]; count], &mut difference);
        let wanted = 10f32.powf(0.3) - 1.0;
        for (at, (difference, sample)) in difference.iter().zip(&samples).enumerate().skip(SLOT).take(samples.len() - 2 * SLOT) {
            assert!((difference - sample * wanted).abs() < 0.01, "{at}: {difference} {sample}");
        }
        let mut none = vec![0.0; samples.len()];
        shaper.add(&spectra, &vec![[0.0; BANDS]; count], &mut none);
        assert!(none.iter().all(|value| value.abs() < 1e-6));
    }
}
