//! How strong a mark may be: the largest factor at which the picture keeps the promised quality.

use super::frame::{Format, sample, shares};
use super::overlay::Overlay;
use super::quality::{C1, C2};
use crate::signal::round::nearest;

/// What a picture must keep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Floor {
    /// dB.
    pub psnr: f64,
    /// 0..1.
    pub ssim: f64,
}

/// Rows of an SSIM window; its weights are a Gaussian of standard deviation 1.5 (Wang et al. 2004).
const WINDOW: usize = 11;
/// About how many windows, and how many pixels, are measured: beyond that the estimate gets no better that matters.
const WINDOWS: usize = 6_000;
const PIXELS: usize = 1_000_000;
/// Room for what the estimates do not see, in SSIM and in dB.
const SSIM_MARGIN: f64 = 0.0012;
const PSNR_MARGIN: f64 = 0.03;

/// The factor for `overlay` on `samples` at which both floors hold, and the SSIM expected there. Rounding to whole levels counts for
/// 8-bit pictures.
pub fn strength(samples: &[u8], format: &Format, overlay: &Overlay, floor: Floor) -> (f64, f64) {
    let budget = 255.0 * 255.0 * 10f64.powf(-(floor.psnr + PSNR_MARGIN) / 10.0);
    let changes = Changes::of(format, overlay);
    let by_error = largest(|factor| changes.error(factor, format) <= budget);
    let windows = windows(samples, format, overlay);
    let rounding = if format.depth == 8 { 1.0 / 12.0 } else { 0.0 };
    let factor = largest(|factor| factor <= by_error && similarity(&windows, factor, rounding) >= floor.ssim + SSIM_MARGIN);
    (factor, similarity(&windows, factor, rounding))
}

/// The largest factor that passes, for a test that passes below a bound and fails above it.
fn largest(passes: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 64.0);
    for _ in 0..24 {
        let middle = 0.5 * (low + high);
        if passes(middle) { low = middle } else { high = middle }
    }
    low
}

/// The mark's differences at strength 1 on a part of the rows.
struct Changes(Vec<f32>);

impl Changes {
    fn of(format: &Format, overlay: &Overlay) -> Self {
        let every = format.pixels().div_ceil(PIXELS);
        let mut row = vec![0.0; format.width as usize];
        let mut all = Vec::with_capacity(format.pixels() / every + format.width as usize);
        for y in (every / 2..format.height as usize).step_by(every) {
            overlay.row(y, &mut row);
            all.extend_from_slice(&row);
        }
        // What is left over is thinned out, since the sum is formed two dozen times.
        let thin = all.len().div_ceil(PIXELS / 4);
        Self(if thin > 1 { all.into_iter().step_by(thin | 1).collect() } else { all })
    }

    /// Mean squared error over the colour samples.
    fn error(&self, factor: f64, format: &Format) -> f64 {
        let mut sum = 0.0;
        for share in shares(format.colours()) {
            let factor = factor as f32 * share;
            // Sums of a few hundred keep their digits.
            for part in self.0.chunks(256) {
                sum += f64::from(if format.depth == 8 {
                    part.iter().map(|value| nearest(value * factor).powi(2)).sum::<f32>()
                } else {
                    part.iter().map(|value| (value * factor).powi(2)).sum::<f32>()
                });
            }
        }
        sum / (self.0.len().max(1) * format.colours()) as f64
    }
}

/// Means and products of one window and channel, of the picture and of the mark at strength 1.
struct Window {
    mean: f64,
    variance: f64,
    change: f64,
    change_variance: f64,
    both: f64,
}

/// SSIM at a strength, from the windows' products; clipping at black and white makes it only better.
fn similarity(windows: &[Window], factor: f64, rounding: f64) -> f64 {
    let sum: f64 = windows
        .iter()
        .map(|window| {
            let mean = window.mean + factor * window.change;
            let both = window.variance + factor * window.both;
            let variance = window.variance + 2.0 * factor * window.both + factor * factor * window.change_variance + rounding;
            let level = (2.0 * window.mean * mean + C1) / (window.mean.powi(2) + mean.powi(2) + C1);
            level * (2.0 * both + C2) / (window.variance + variance.max(0.0) + C2)
        })
        .sum();
    if windows.is_empty() { 1.0 } else { sum / windows.len() as f64 }
}

/// Windows on a regular grid over the picture, each at least one window's side from the next.
fn windows(samples: &[u8], format: &Format, overlay: &Overlay) -> Vec<Window> {
    let (width, height) = (format.width as usize, format.height as usize);
    if width < WINDOW || height < WINDOW {
        return Vec::new();
    }
    let step = ((format.pixels() as f64 / WINDOWS as f64).sqrt() as usize).max(5);
    let half = WINDOW as f64 / 2.0 - 0.5;
    let mut weights: Vec<f64> = (0..WINDOW).map(|at| (-(at as f64 - half).powi(2) / (2.0 * 1.5 * 1.5)).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= total);
    let (stride, bytes) = (width * format.pixel_bytes(), format.pixel_bytes());
    let mut all = Vec::new();
    let mut changes = vec![0.0f32; width * WINDOW];
    for top in (0..=height - WINDOW).step_by(step) {
        for (at, row) in changes.chunks_exact_mut(width).enumerate() {
            overlay.row(top + at, row);
        }
        for left in (0..=width - WINDOW).step_by(step) {
            for (channel, share) in shares(format.colours()).iter().enumerate() {
                let mut sums = [0.0f64; 5];
                for (y, vertical) in weights.iter().enumerate() {
                    let start = (top + y) * stride + left * bytes;
                    for (x, horizontal) in weights.iter().enumerate() {
                        let weight = vertical * horizontal;
                        let value = f64::from(sample(&samples[start + x * bytes..], channel, format.depth));
                        let change = f64::from(changes[y * width + left + x] * share);
                        for (sum, term) in sums.iter_mut().zip([value, value * value, change, change * change, value * change]) {
                            *sum += weight * term;
                        }
                    }
                }
                let [mean, square, change, change_square, both] = sums;
                all.push(Window {
                    mean,
                    variance: (square - mean * mean).max(0.0),
                    change,
                    change_variance: (change_square - change * change).max(0.0),
                    both: both - mean * change,
                });
            }
        }
    }
    all
}
