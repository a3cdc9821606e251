//! A picture's luma, small, upright as displayed: what the search for a label works on.

use crate::image::frame::{Format, luma};

/// Luma on the scale 0-255, row by row.
#[derive(Debug, Clone)]
pub struct Grid {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The samples.
    pub data: Vec<f32>,
}

impl Grid {
    /// The displayed picture by means of square blocks, as small as it gets with a shorter side of at least `short` pixels;
    /// smaller pictures stay as they are. Large blocks are read at every second pixel and row.
    pub fn of(samples: &[u8], format: &Format, short: u32) -> Self {
        let (shown_width, shown_height) = format.displayed();
        let block = (format.short_side() / short).max(1);
        let (width, height) = (shown_width / block, shown_height / block);
        let step = if block >= 4 { 2 } else { 1 };
        let taken = (block.div_ceil(step) * block.div_ceil(step)) as f32;
        let pixel_bytes = format.pixel_bytes() as isize;
        let at = |x: u32, y: u32| {
            let (x, y) = format.stored(x, y);
            (y as isize * format.width as isize + x as isize) * pixel_bytes
        };
        // Orientations only swap and mirror, so one step right or down in the displayed picture is one fixed stride.
        let origin = at(0, 0);
        let right = if shown_width > 1 { at(1, 0) - origin } else { 0 };
        let down = if shown_height > 1 { at(0, 1) - origin } else { 0 };
        let mut data = vec![0.0; width as usize * height as usize];
        for (row, line) in data.chunks_exact_mut(width as usize).enumerate() {
            for inner in (0..block).step_by(step as usize) {
                let start = origin + (row as isize * block as isize + inner as isize) * down;
                for (column, sum) in line.iter_mut().enumerate() {
                    for across in (0..block).step_by(step as usize) {
                        let offset = start + (column as isize * block as isize + across as isize) * right;
                        *sum += luma(&samples[offset as usize..], format);
                    }
                }
            }
            line.iter_mut().for_each(|sum| *sum /= taken);
        }
        Self { width: width as usize, height: height as usize, data }
    }

    /// The shorter side.
    pub fn short(&self) -> usize {
        self.width.min(self.height)
    }

    /// Makes the grid smaller so that its shorter side has `short` samples (no smaller side than 1): triangle-weighted means,
    /// rows first.
    pub fn shrunk(&self, short: usize) -> Self {
        let step = self.short() as f32 / short as f32;
        if step <= 1.0 {
            return self.clone();
        }
        let size = |side: usize| ((side as f32 / step).round() as usize).max(1);
        let (width, height) = (size(self.width), size(self.height));
        let weights = Weights::of(self.width, width);
        let mut narrow = vec![0.0; width * self.height];
        for (from, to) in self.data.chunks_exact(self.width).zip(narrow.chunks_exact_mut(width)) {
            for (sum, (first, taps)) in to.iter_mut().zip(&weights.0) {
                *sum = from[*first..].iter().zip(taps).map(|(sample, weight)| sample * weight).sum();
            }
        }
        let mut data = vec![0.0; width * height];
        for (to, (first, taps)) in data.chunks_exact_mut(width).zip(&Weights::of(self.height, height).0) {
            for (from, weight) in narrow[first * width..].chunks_exact(width).zip(taps) {
                to.iter_mut().zip(from).for_each(|(sum, sample)| *sum += sample * weight);
            }
        }
        Self { width, height, data }
    }
}

/// For each sample of the result, the first source sample and the weights from there.
struct Weights(Vec<(usize, Vec<f32>)>);

impl Weights {
    fn of(from: usize, to: usize) -> Self {
        let step = from as f32 / to as f32;
        Self(
            (0..to)
                .map(|index| {
                    let centre = (index as f32 + 0.5) * step - 0.5;
                    let first = ((centre - step).ceil().max(0.0) as usize).min(from - 1);
                    let last = ((centre + step).floor().max(0.0) as usize).min(from - 1);
                    let weights: Vec<f32> =
                        (first..=last).map(|at| (1.0 - (at as f32 - centre).abs() / step).max(1e-6)).collect();
                    let total: f32 = weights.iter().sum();
                    (first, weights.iter().map(|weight| weight / total).collect())
                })
                .collect(),
        )
    }
}

/// Sums and sums of squares over any rectangle of a grid in constant time.
pub struct Sums {
    width: usize,
    plain: Vec<f64>,
    squares: Vec<f64>,
}

impl Sums {
    /// Adds up a grid.
    pub fn of(grid: &Grid) -> Self {
        let width = grid.width + 1;
        let mut plain = vec![0.0; width * (grid.height + 1)];
        let mut squares = plain.clone();
        for (row, line) in grid.data.chunks_exact(grid.width).enumerate() {
            let (mut sum, mut square) = (0.0, 0.0);
            for (column, &sample) in line.iter().enumerate() {
                sum += f64::from(sample);
                square += f64::from(sample) * f64::from(sample);
                let at = (row + 1) * width + column + 1;
                plain[at] = plain[at - width] + sum;
                squares[at] = squares[at - width] + square;
            }
        }
        Self { width, plain, squares }
    }

    /// The sum of squared differences from the mean over a rectangle that lies inside the grid.
    pub fn energy(&self, x: usize, y: usize, width: usize, height: usize) -> f32 {
        let over = |sums: &[f64]| {
            let (top, bottom) = (y * self.width + x, (y + height) * self.width + x);
            sums[bottom + width] - sums[bottom] - sums[top + width] + sums[top]
        };
        let sum = over(&self.plain);
        (over(&self.squares) - sum * sum / (width * height) as f64).max(0.0) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_weights_keep_the_mean_and_the_place() {
        for orientation in 1..=8 {
            let format = Format { width: 200, height: 120, channels: 1, depth: 8, orientation };
            let mut samples = vec![0; format.pixels()];
            let (width, height) = format.displayed();
            for y in 0..height {
                for x in 0..width {
                    let (sx, sy) = format.stored(x, y);
                    samples[(sy * 200 + sx) as usize] = (x / 2 + y / 4) as u8;
                }
            }
            let grid = Grid::of(&samples, &format, 60);
            assert_eq!((grid.width, grid.height), ((width / 2) as usize, (height / 2) as usize));
            let small = grid.shrunk(20);
            assert_eq!(small.short(), 20);
            let step = grid.short() as f32 / 20.0;
            for (x, y) in [(4, 4), (10, 7), (15, 15)] {
                let expected = (x as f32 + 0.5) * step + (y as f32 + 0.5) * step / 2.0;
                assert!((small.data[y * small.width + x] - expected).abs() < 1.5, "{orientation}");
            }
        }
    }

    #[test]
    fn energy_is_that_of_the_rectangle() {
        let grid = Grid { width: 7, height: 5, data: (0..35).map(|i| ((i * 37) % 11) as f32).collect() };
        let inside: Vec<f32> = (1..4).flat_map(|y| (2..6).map(move |x| (y, x))).map(|(y, x)| grid.data[y * 7 + x]).collect();
        let mean = inside.iter().sum::<f32>() / 12.0;
        let expected: f32 = inside.iter().map(|v| (v - mean) * (v - mean)).sum();
        assert!((Sums::of(&grid).energy(2, 1, 4, 3) - expected).abs() < 1e-3);
    }
}
