//! One-dimensional Fourier transforms of a fixed length, with the same bits on every machine.

use super::fourier::same_plan;
use rustfft::{Fft, FftDirection, num_complex::Complex32};
use std::sync::Arc;

/// Plans for one length.
pub struct Line {
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    scratch: Vec<Complex32>,
}

impl Line {
    /// Plans transforms of `length` numbers, a power of two.
    pub fn new(length: usize) -> Self {
        let (forward, inverse) = (same_plan(length, FftDirection::Forward), same_plan(length, FftDirection::Inverse));
        let scratch = forward.get_inplace_scratch_len().max(inverse.get_inplace_scratch_len());
        Self { forward, inverse, scratch: vec![Complex32::default(); scratch] }
    }

    /// Sum over t of `row[t] exp(-2 pi i t k / length)`, not normalised, of every whole row in `rows`.
    pub fn forward(&mut self, rows: &mut [Complex32]) {
        self.forward.process_with_scratch(rows, &mut self.scratch);
    }

    /// The inverse sum (`+2 pi i`), not normalised.
    pub fn inverse(&mut self, rows: &mut [Complex32]) {
        self.inverse.process_with_scratch(rows, &mut self.scratch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_is_one_frequency_and_comes_back() {
        let wave = |at: usize| Complex32::from_polar(1.0, std::f32::consts::TAU * 5.0 * at as f32 / 64.0);
        let mut row: Vec<Complex32> = (0..64).map(wave).collect();
        let mut line = Line::new(64);
        line.forward(&mut row);
        assert!((row[5].re - 64.0).abs() < 1e-3 && row.iter().enumerate().all(|(at, value)| at == 5 || value.norm() < 1e-3));
        line.inverse(&mut row);
        assert!(row.iter().enumerate().all(|(at, value)| (value / 64.0 - wave(at)).norm() < 1e-5));
    }
}
