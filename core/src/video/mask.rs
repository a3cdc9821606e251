//! How much a frame hides, cheaply: the image watermark's mask (`image::mask`), measured on cells of a few pixels.

use super::frame::Layout;

/// Rows and columns of the small blocks in which detail is measured, about a window of SSIM; every how many of their rows is looked at.
const FINE: usize = 4;
const EVERY: usize = 2;
/// Pixels of a cell's side for a canonical pixel.
const CELL: f64 = 2.8;
/// Added to the activity, so that flat places carry, too: the film's SSIM says how much of it they bear.
pub const FLOOR: f32 = 4.0;

/// What black hides of what lighter places do, and codes of luma between which that rises: noise in black is seen on a dark screen.
const BLACK: f32 = 0.15;
const DARK: [f32; 2] = [16.0, 48.0];

/// Amplitudes and local variances on a grid of cells.
pub struct Mask {
    /// Pixels of a cell's side: 4, 8, 16, ...
    pub cell: usize,
    /// Cells across.
    pub width: usize,
    /// Cells down.
    pub height: usize,
    /// Relative amplitude that each cell hides, 0.15 to 14.
    pub hides: Vec<f32>,
    /// Variance of luma inside of blocks of 4 x 4 pixels, mean over the cell, squared levels of 8 bits.
    pub variance: Vec<f32>,
    /// Mean luma of each cell.
    pub mean: Vec<f32>,
    scratch: Vec<f32>,
    /// Of each column, over the rows of a block that are looked at: luma less 128, and its square.
    sums: Vec<i16>,
    squares: Vec<u16>,
}

impl Mask {
    /// For frames of a layout, `step` pixels a canonical pixel.
    pub fn new(layout: &Layout, step: f64) -> Self {
        let exponent = (CELL * step).log2().round().clamp(2.0, 6.0) as u32;
        let cell = 1usize << exponent;
        let (width, height) = ((layout.width as usize).div_ceil(cell), (layout.height as usize).div_ceil(cell));
        let plane = vec![0.0; width * height];
        let padded = width * cell;
        Self {
            cell,
            width,
            height,
            hides: plane.clone(),
            variance: plane.clone(),
            mean: plane.clone(),
            scratch: plane,
            sums: vec![0; padded],
            squares: vec![0; padded],
        }
    }

    /// Every how many cells one is looked at to see about `samples` of them: odd, so that columns change.
    pub fn stride(&self, samples: usize) -> usize {
        (self.hides.len() / samples).max(1) | 1
    }

    /// Measures the luma of a frame.
    pub fn measure(&mut self, frame: &[u8], layout: &Layout) {
        self.cells(frame, layout);
        self.hiding();
    }

    /// Means, and variances inside of blocks and of cells (`hides`), of each cell.
    fn cells(&mut self, frame: &[u8], layout: &Layout) {
        let (columns, rows) = (layout.width as usize, layout.height as usize);
        let whole = self.width * self.cell;
        let mut totals = vec![[0.0f32; 4]; self.width];
        for row in 0..self.height {
            totals.fill([0.0; 4]);
            let (first, last) = (row * self.cell, ((row + 1) * self.cell).min(rows));
            for top in (first..last).step_by(FINE) {
                let lines = (top..(top + FINE).min(last)).step_by(EVERY);
                let part = 1.0 / (lines.len() * FINE) as f32;
                self.sums.fill(0);
                self.squares.fill(0);
                for y in lines {
                    self.add(&frame[y * layout.stride()..], layout, columns);
                }
                // What lies beyond the last column repeats it.
                for x in columns..whole {
                    (self.sums[x], self.squares[x]) = (self.sums[columns - 1], self.squares[columns - 1]);
                }
                let blocks = self.cell / FINE;
                let cells = self.sums.chunks_exact(self.cell).zip(self.squares.chunks_exact(self.cell)).zip(&mut totals);
                for ((sums, squares), total) in cells {
                    for (sums, squares) in sums.chunks_exact(FINE).zip(squares.chunks_exact(FINE)) {
                        let sum = i32::from(sums[0]) + i32::from(sums[1]) + i32::from(sums[2]) + i32::from(sums[3]);
                        let square =
                            u32::from(squares[0]) + u32::from(squares[1]) + u32::from(squares[2]) + u32::from(squares[3]);
                        let (mean, square) = (sum as f32 * part, square as f32 * part);
                        total[0] += mean;
                        total[1] += square;
                        total[2] += square - mean * mean;
                    }
                    total[3] += blocks as f32;
                }
            }
            let at = row * self.width;
            for (column, [mean, square, inner, count]) in totals.iter().enumerate() {
                let part = 1.0 / count.max(1.0);
                let mean = mean * part;
                self.mean[at + column] = mean + 128.0;
                self.hides[at + column] = (square * part - mean * mean).max(0.0);
                self.variance[at + column] = (inner * part).max(0.0);
            }
        }
    }

    /// Adds one row of luma to the columns' sums and sums of squares. 128 squared, twice, is within 16 bits.
    fn add(&mut self, line: &[u8], layout: &Layout, columns: usize) {
        let sums = self.sums[..columns].iter_mut().zip(&mut self.squares[..columns]);
        if layout.depth == 8 {
            for ((sum, square), value) in sums.zip(line) {
                let value = i16::from(*value) - 128;
                *sum += value;
                *square += (value * value) as u16;
            }
        } else {
            let shift = layout.depth - 8;
            for ((sum, square), pair) in sums.zip(line.chunks_exact(2)) {
                let value = (u16::from_le_bytes([pair[0], pair[1]]) >> shift).min(255) as i16 - 128;
                *sum += value;
                *square += (value * value) as u16;
            }
        }
    }

    /// From variances and means of cells to what they hide: local activity, of which beside an edge the calm side counts.
    fn hiding(&mut self) {
        let (width, height) = (self.width, self.height);
        // A cell's own detail, and how far it stands out from those around it.
        self.scratch.copy_from_slice(&self.mean);
        smooth(&mut self.scratch, width, height, [1.0 / 3.0, 1.0 / 3.0]);
        let cells = self.hides.iter_mut().zip(&self.mean).zip(&self.scratch);
        cells.for_each(|((value, mean), around)| *value += (mean - around).powi(2));
        smooth(&mut self.hides, width, height, [0.5, 0.25]);
        self.hides.iter_mut().for_each(|value| *value = value.sqrt());
        calmest(&self.hides, &mut self.scratch, width, height);
        self.hides.iter_mut().zip(&self.scratch).for_each(|(value, calm)| *value = 0.5 * (*value + calm) + FLOOR);
        smooth(&mut self.hides, width, height, [0.5, 0.25]);
        for (value, mean) in self.hides.iter_mut().zip(&self.mean) {
            let light = ((mean - DARK[0]) / (DARK[1] - DARK[0])).clamp(0.0, 1.0);
            *value = value.clamp(1.0, 14.0) * (BLACK + (1.0 - BLACK) * light);
        }
    }
}

/// A filter of three taps (`[middle, outer]`) in both directions, whose borders repeat.
fn smooth(values: &mut [f32], width: usize, height: usize, [middle, outer]: [f32; 2]) {
    let mut before = vec![0.0; width];
    for row in values.chunks_exact_mut(width) {
        before.copy_from_slice(row);
        for (x, value) in row.iter_mut().enumerate() {
            *value = middle * *value + outer * (before[x.saturating_sub(1)] + before[(x + 1).min(width - 1)]);
        }
    }
    let mut above = values[..width].to_vec();
    for y in 0..height {
        before.copy_from_slice(&values[y * width..][..width]);
        let below = (y + 1).min(height - 1) * width;
        for x in 0..width {
            values[y * width + x] =
                middle * before[x] + outer * (above[x] + if below == y * width { before[x] } else { values[below + x] });
        }
        std::mem::swap(&mut above, &mut before);
    }
}

/// The smallest of a cell and its eight neighbours.
fn calmest(values: &[f32], out: &mut [f32], width: usize, height: usize) {
    let mut columns = vec![0.0; width];
    for y in 0..height {
        let row = |at: usize| &values[at * width..][..width];
        let (above, here, below) = (row(y.saturating_sub(1)), row(y), row((y + 1).min(height - 1)));
        for (((least, a), b), c) in columns.iter_mut().zip(above).zip(here).zip(below) {
            *least = a.min(*b).min(*c);
        }
        for (x, least) in out[y * width..][..width].iter_mut().enumerate() {
            *least = columns[x].min(columns[x.saturating_sub(1)]).min(columns[(x + 1).min(width - 1)]);
        }
    }
}
