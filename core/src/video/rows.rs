//! The pass over luma that lays the mark into a frame.

use super::frame::Layout;
use super::mask::Mask;

/// Steps of the amplitude for one level. Times those of the pattern for one standard deviation it is 256.
const AMPLITUDE: f32 = 16.0;
/// Largest amplitude, so that its product with the pattern fits into 16 bits.
const MOST_AMPLITUDE: f32 = 400.0;

/// Lays the pattern over frames, row by row.
pub struct Rows {
    /// Amplitudes of the cells' rows above and below, in steps, one a pixel.
    upper: Vec<i16>,
    lower: Vec<i16>,
    cells: Vec<f32>,
}

impl Rows {
    /// For rows of `width` pixels, whole cells.
    pub fn new(width: usize) -> Self {
        Self { upper: vec![0; width], lower: vec![0; width], cells: Vec::new() }
    }

    /// Adds the mark and gives the mean squared error in levels of 8 bits.
    pub fn add(&mut self, frame: &mut [u8], layout: &Layout, mask: &Mask, pattern: &[i8], strength: f32) -> f64 {
        let (width, cell) = (layout.width as usize, mask.cell);
        let shift = cell.trailing_zeros();
        let mut error = 0.0f64;
        let mut loaded = None;
        for y in 0..layout.height as usize {
            // Centres of cells lie at half a cell; between them by straight lines.
            let place = (2 * y + 1) as isize - cell as isize;
            let above = place.div_euclid(2 * cell as isize);
            let part = place.rem_euclid(2 * cell as isize) as i32;
            if loaded != Some(above) {
                let row = |at: isize| at.clamp(0, mask.height as isize - 1) as usize;
                self.widen(mask, row(above), strength, false);
                self.widen(mask, row(above + 1), strength, true);
                loaded = Some(above);
            }
            let (upper, lower) = (&self.upper[..width], &self.lower[..width]);
            let steps = &pattern[y * width..][..width];
            let line = &mut frame[y * layout.stride()..][..width * layout.sample_bytes()];
            // `part` is in halves of a pixel.
            let weight = ((part * 16) >> shift) as i16;
            error += if layout.depth == 8 {
                add_bytes(line, upper, lower, weight, steps)
            } else {
                add_pairs(line, upper, lower, weight, steps, layout.depth)
            };
        }
        error / (width * layout.height as usize) as f64
    }

    /// Amplitudes of one row of cells, spread over pixels.
    fn widen(&mut self, mask: &Mask, row: usize, strength: f32, below: bool) {
        let cell = mask.cell;
        self.cells.clear();
        let hides = &mask.hides[row * mask.width..][..mask.width];
        self.cells.extend(hides.iter().map(|value| (value * strength * AMPLITUDE).min(MOST_AMPLITUDE)));
        let out = if below { &mut self.lower } else { &mut self.upper };
        let part = 1.0 / cell as f32;
        let last = mask.width - 1;
        for (at, spread) in out.chunks_exact_mut(cell).enumerate() {
            let (before, here, after) = (self.cells[at.saturating_sub(1)], self.cells[at], self.cells[(at + 1).min(last)]);
            for (inner, value) in spread.iter_mut().enumerate() {
                let place = (inner as f32 + 0.5) * part - 0.5;
                let mixed = if place < 0.0 { here - place * (before - here) } else { here + place * (after - here) };
                *value = mixed as i16;
            }
        }
    }
}

/// Rows of bytes: `weight` of 32 parts lie with the row below. Gives the sum of squared changes.
fn add_bytes(line: &mut [u8], upper: &[i16], lower: &[i16], weight: i16, steps: &[i8]) -> f64 {
    let mut error = 0.0;
    // 255 squared, 4096 times, is within 32 bits.
    let parts = line.chunks_mut(4096).zip(upper.chunks(4096)).zip(lower.chunks(4096)).zip(steps.chunks(4096));
    for (((line, upper), lower), steps) in parts {
        let mut sum = 0i32;
        for (((value, upper), lower), step) in line.iter_mut().zip(upper).zip(lower).zip(steps) {
            let amplitude = upper + (((lower - upper) * weight) >> 5);
            let change = (amplitude * i16::from(*step) + 128) >> 8;
            let before = i16::from(*value);
            let after = (before + change).clamp(0, 255);
            sum += i32::from(after - before) * i32::from(after - before);
            *value = after as u8;
        }
        error += f64::from(sum);
    }
    error
}

/// The same for pairs of bytes of `depth` bits.
fn add_pairs(line: &mut [u8], upper: &[i16], lower: &[i16], weight: i16, steps: &[i8], depth: u8) -> f64 {
    let (most, finer) = ((1i32 << depth) - 1, depth - 8);
    let mut error = 0.0;
    for (((pair, upper), lower), step) in line.chunks_exact_mut(2).zip(upper).zip(lower).zip(steps) {
        let amplitude = upper + (((lower - upper) * weight) >> 5);
        let change = (((i32::from(amplitude) * i32::from(*step)) << finer) + 128) >> 8;
        let before = i32::from(u16::from_le_bytes([pair[0], pair[1]]));
        let after = (before + change).clamp(0, most);
        error += f64::from(after - before).powi(2);
        pair.copy_from_slice(&(after as u16).to_le_bytes());
    }
    error / f64::from(1u32 << finer).powi(2)
}
