//! Levels of narrow bands over time.

use super::Layout;
use crate::signal::fourier;
use rustfft::{FftDirection, num_complex::Complex32};

/// Seconds from one look to the next.
pub const HOP: f64 = 0.008;
/// Seconds of one look.
const LOOK: f64 = 0.032;
/// Hertz of the lowest and the highest band.
const BANDS: (f64, f64) = (280.0, 3_600.0);

/// Decibels of every band at every look: that of a sine of full scale in one channel is 0.
pub struct Levels {
    /// Hertz from one band to the next.
    pub width: f64,
    /// Bands of one look.
    pub bands: usize,
    /// Looks.
    pub looks: usize,
    /// Hertz of the first band.
    pub lowest: f64,
    /// Band by band, each over time.
    data: Vec<f32>,
}

impl Levels {
    /// Of all channels together.
    pub fn of(samples: &[f32], layout: Layout) -> Self {
        let (length, hop) = (layout.frames(LOOK), f64::from(layout.rate) * HOP);
        let side = length.next_power_of_two();
        let width = f64::from(layout.rate) / side as f64;
        let first = (BANDS.0 / width).ceil() as usize;
        let bands = ((BANDS.1.min(f64::from(layout.rate) * 0.48) / width) as usize + 1).saturating_sub(first);
        let frames = samples.len() / layout.channels;
        // Looks stand around their middle, so that the first one is centred on the first frame.
        let looks = if frames == 0 { 0 } else { ((frames - 1) as f64 / hop) as usize + 1 };
        let mut levels = Self { width, bands, looks, lowest: first as f64 * width, data: vec![0.0; bands * looks] };
        let window: Vec<f32> =
            (0..length).map(|at| 0.5 - 0.5 * (std::f32::consts::TAU * (at as f32 + 0.5) / length as f32).cos()).collect();
        let norm = window.iter().sum::<f32>() / 2.0;
        let plan = fourier::plan(side, FftDirection::Forward);
        let mut scratch = vec![Complex32::default(); plan.get_inplace_scratch_len()];
        let mut grid = vec![Complex32::default(); side];
        for look in 0..looks {
            let start = (look as f64 * hop).round() as isize - length as isize / 2;
            let mut power = vec![0f32; bands];
            // Two channels are one transform of complex numbers: |L|^2 + |R|^2 is half of |Z(k)|^2 + |Z(-k)|^2.
            for pair in (0..layout.channels).step_by(2) {
                grid.fill(Complex32::default());
                for (at, (cell, weight)) in grid.iter_mut().zip(&window).enumerate() {
                    let frame = start + at as isize;
                    if frame < 0 || frame >= frames as isize {
                        continue;
                    }
                    let place = frame as usize * layout.channels + pair;
                    let value =
                        |place: usize| samples.get(place).copied().filter(|value| value.is_finite()).unwrap_or(0.0) * weight;
                    *cell = Complex32::new(value(place), if pair + 1 < layout.channels { value(place + 1) } else { 0.0 });
                }
                plan.process_with_scratch(&mut grid, &mut scratch);
                for (band, sum) in power.iter_mut().enumerate() {
                    let at = first + band;
                    *sum += 0.5 * (grid[at].norm_sqr() + grid[side - at].norm_sqr());
                }
            }
            for (band, sum) in power.iter().enumerate() {
                levels.data[band * looks + look] = 10.0 * (sum / (norm * norm) + 1e-12).log10();
            }
        }
        levels
    }

    /// One band over time.
    pub fn band(&self, band: usize) -> &[f32] {
        &self.data[band * self.looks..(band + 1) * self.looks]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_of_full_scale_is_zero_decibels_in_its_band() {
        for (rate, channels) in [(8_000, 1), (44_100, 2), (48_000, 3)] {
            let layout = Layout { rate, channels };
            let turn = std::f64::consts::TAU * 1_000.0 / f64::from(rate);
            let last = channels - 1;
            let samples: Vec<f32> = (0..rate as usize)
                .flat_map(|at| {
                    (0..channels).map(move |channel| if channel == last { (turn * at as f64).sin() as f32 } else { 0.0 })
                })
                .collect();
            let levels = Levels::of(&samples, layout);
            let best = (0..levels.bands).map(|band| (band, levels.band(band)[60])).max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
            assert!(best.1.abs() < 1.5, "{rate}: {best:?}");
            assert!((levels.lowest + best.0 as f64 * levels.width - 1_000.0).abs() <= levels.width, "{rate}");
        }
    }

    #[test]
    fn sounds_without_frames_have_no_looks() {
        assert_eq!(Levels::of(&[], Layout { rate: 8_000, channels: 1 }).looks, 0);
        assert_eq!(Levels::of(&[0.1], Layout { rate: 8_000, channels: 1 }).looks, 1);
    }
}
