//! The mark as it is laid over the picture: the tile times the mask, at the picture's own resolution, row by row.

use super::carrier::TILE;
use crate::signal::plane::Plane;

/// Samples of the tile's side: two a canonical pixel.
pub const FINE: usize = 2 * TILE;

/// A repeated tile and a mask over a picture `width` pixels wide.
pub struct Overlay {
    /// The tile, scaled to the picture's width: FINE rows.
    columns: Vec<f32>,
    /// The mask, scaled to the picture's width: one row a canonical pixel.
    mask: Vec<f32>,
    width: usize,
    /// Pixels of the picture for a canonical pixel.
    step: f64,
    /// Canonical pixels from the picture's upper left corner to the tile's.
    shift: [f64; 2],
}

impl Overlay {
    /// `tile`: FINE x FINE samples. `mask`: one value a canonical pixel. `step`: pixels of the picture a canonical pixel.
    pub fn new(tile: &[f32], mask: &Plane, width: usize, step: f64, shift: [f64; 2]) -> Self {
        let places: Vec<(usize, [f32; 4])> = (0..width).map(|x| cubic(((x as f64 + 0.5) / step - shift[0]) * 2.0)).collect();
        let mut columns = Vec::with_capacity(FINE * width);
        for row in tile.chunks_exact(FINE) {
            columns.extend(places.iter().map(|(at, weights)| {
                weights.iter().enumerate().map(|(tap, weight)| weight * row[(at + tap) % FINE]).sum::<f32>()
            }));
        }
        let places: Vec<(usize, usize, f32)> = (0..width).map(|x| linear((x as f64 + 0.5) / step, mask.width)).collect();
        let mut wide = Vec::with_capacity(mask.height * width);
        for y in 0..mask.height {
            let row = mask.row(y);
            wide.extend(places.iter().map(|(a, b, part)| row[*a] + part * (row[*b] - row[*a])));
        }
        Self { columns, mask: wide, width, step, shift }
    }

    /// The mark in row `y`, in grey levels for strength 1.
    pub fn row(&self, y: usize, out: &mut [f32]) {
        let (at, weights) = cubic(((y as f64 + 0.5) / self.step - self.shift[1]) * 2.0);
        let line = |tap: usize| &self.columns[(at + tap) % FINE * self.width..][..self.width];
        let (a, b, part) = linear((y as f64 + 0.5) / self.step, self.mask.len() / self.width);
        let (upper, lower) = (&self.mask[a * self.width..][..self.width], &self.mask[b * self.width..][..self.width]);
        let lines = line(0).iter().zip(line(1)).zip(line(2)).zip(line(3));
        for (((value, (((p, q), r), s)), upper), lower) in out.iter_mut().zip(lines).zip(upper).zip(lower) {
            *value = (weights[0] * p + weights[1] * q + weights[2] * r + weights[3] * s) * (upper + part * (lower - upper));
        }
    }
}

/// First of four neighbours in a ring of FINE samples, and their Catmull-Rom weights.
fn cubic(place: f64) -> (usize, [f32; 4]) {
    let floor = place.floor();
    let t = (place - floor) as f32;
    let first = (floor as i64 - 1).rem_euclid(FINE as i64) as usize;
    let (t2, t3) = (t * t, t * t * t);
    let weights = [-0.5 * t + t2 - 0.5 * t3, 1.0 - 2.5 * t2 + 1.5 * t3, 0.5 * t + 2.0 * t2 - 1.5 * t3, 0.5 * (t3 - t2)];
    (first, weights)
}

/// Two neighbours in a row of `length` samples whose first centre is at 0.5, and how far to go from the first to the second.
fn linear(place: f64, length: usize) -> (usize, usize, f32) {
    let place = (place - 0.5).clamp(0.0, (length - 1) as f64);
    let first = place as usize;
    (first, (first + 1).min(length - 1), (place - first as f64) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tile_repeats_at_its_size_and_place() {
        // One cosine across and one down, 3 and 5 cycles a tile.
        let wave = |u: f64, v: f64| ((std::f64::consts::TAU * (3.0 * u + 5.0 * v) / TILE as f64).cos()) as f32;
        let tile: Vec<f32> = (0..FINE * FINE).map(|at| wave((at % FINE) as f64 / 2.0, (at / FINE) as f64 / 2.0)).collect();
        let mask = Plane { width: 100, height: 80, data: vec![2.0; 8000] };
        for step in [0.5, 1.0, 2.3] {
            let width = (100.0 * step) as usize;
            let overlay = Overlay::new(&tile, &mask, width, step, [10.5, 3.25]);
            let mut row = vec![0.0; width];
            for y in [0, (60.0 * step) as usize] {
                overlay.row(y, &mut row);
                for x in [0, 1, width / 2, width - 1] {
                    let wanted = 2.0 * wave((x as f64 + 0.5) / step - 10.5, (y as f64 + 0.5) / step - 3.25);
                    assert!((row[x] - wanted).abs() < 0.01, "{step} {x} {y}: {} {wanted}", row[x]);
                }
            }
        }
    }
}
