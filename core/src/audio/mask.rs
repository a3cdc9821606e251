//! How far the level of each cell may be moved without being heard.

use super::carrier::BANDS;
use super::grid::{Energies, FIRST, WIDTH};
use super::loudness::{Row, decibels, factor};

/// A cell louder than its surroundings may be moved by this power of the ratio less: quiet cells carry the mark.
const EVEN: f32 = 0.45;
/// Masking of a band by itself, in dB below it.
const MASKED: f64 = -14.0;
/// The mark may stand this much above what is masked, in dB; what makes it heard is the sum over neighbouring cells.
const ABOVE_MASK: f32 = 12.0;
/// Fall of masking towards higher and lower bands, in dB a Bark.
const FALL: [f64; 2] = [10.0, 25.0];
/// No cell is moved by more, in dB.
const MOST: f32 = 8.0;
/// Slots on each side that make a cell's surroundings.
pub const AROUND: usize = 2;
/// Slots fainter than this stay as they are: 45 dB below the running mean, or about -75 dB of full scale.
const SILENT: f32 = 3e-5;
const INAUDIBLE: f32 = 3e-9;

/// The masking of one frequency by another.
pub struct Mask {
    spread: [Row; BANDS],
}

impl Mask {
    /// Spreading over the Bark scale (Traunmüller's simple form is close to Zwicker's: 13 atan, 3.5 atan).
    pub fn new() -> Self {
        // In double precision, then rounded: the same on every machine.
        let bark: [f64; BANDS] = std::array::from_fn(|band| {
            let hertz = 62.5 * (FIRST + WIDTH * band) as f64 + 93.75;
            13.0 * (0.000_76 * hertz).atan() + 3.5 * (hertz / 7_500.0).powi(2).atan()
        });
        let spread = std::array::from_fn(|from| {
            std::array::from_fn(|to| {
                let distance = bark[to] - bark[from];
                let fall = if distance >= 0.0 { FALL[0] * distance } else { -FALL[1] * distance };
                10f64.powf((MASKED - fall) / 10.0) as f32
            })
        });
        Self { spread }
    }

    /// The most that each cell of the middle one of `around` may be moved, in dB. `strength` is a factor of amplitude, `mean`
    /// the running mean energy of a cell.
    pub fn caps(&self, around: &[Energies], strength: f32, mean: f32) -> Row {
        let Some(here) = around.get(around.len() / 2) else { return [0.0; BANDS] };
        let total: f32 = here.iter().sum::<f32>() / BANDS as f32;
        if total < (mean * SILENT).max(INAUDIBLE) {
            return [0.0; BANDS];
        }
        let local = around.iter().flatten().sum::<f32>() / (around.len() * BANDS) as f32 + 1e-12;
        let mut masked = [0.0f32; BANDS];
        for (energy, spread) in here.iter().zip(&self.spread) {
            for (masked, spread) in masked.iter_mut().zip(spread) {
                *masked += energy * spread;
            }
        }
        let above = factor(ABOVE_MASK);
        std::array::from_fn(|band| {
            let ratio = here[band] / local + 1e-4;
            let even = strength * factor(-2.0 * EVEN * decibels(ratio));
            let most = above * (masked[band] / (here[band] + 1e-12)).sqrt();
            (2.0 * decibels(1.0 + even.min(most))).min(MOST)
        })
    }
}
