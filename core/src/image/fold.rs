//! Adds all tiles of a picture on top of each other, for a guess of how they lie.

use super::carrier::TILE;
use crate::signal::plane::Plane;
use rustfft::num_complex::Complex32;

/// Cells of the folded tile's side: two for each canonical pixel, so that samples can be put into the nearest one.
pub const CELLS: usize = 256;

/// A linear map from a picture's plane to canonical pixels: `u = xx x + xy y`, `v = yx x + yy y`, with the origin at the outer corner of
/// the upper left sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lie {
    /// Canonical pixels to the right for a step to the right.
    pub xx: f64,
    /// Canonical pixels to the right for a step down.
    pub xy: f64,
    /// Canonical pixels down for a step to the right.
    pub yx: f64,
    /// Canonical pixels down for a step down.
    pub yy: f64,
}

impl Lie {
    /// Tiles of `side` samples, upright.
    pub fn upright(side: f64) -> Self {
        let step = TILE as f64 / side;
        Self { xx: step, xy: 0.0, yx: 0.0, yy: step }
    }

    /// The same lie in a plane with `factor` times as many samples on a side.
    pub fn in_plane(self, factor: f64) -> Self {
        Self { xx: self.xx / factor, xy: self.xy / factor, yx: self.yx / factor, yy: self.yy / factor }
    }

    /// The same tile, turned by half a turn.
    pub fn half_turned(self) -> Self {
        Self { xx: -self.xx, xy: -self.xy, yx: -self.yx, yy: -self.yy }
    }

    /// Samples of a tile's side, on average over both directions.
    pub fn side(self) -> f64 {
        TILE as f64 / (self.xx * self.yy - self.xy * self.yx).abs().sqrt()
    }
}

/// The sum of all tiles, CELLS x CELLS, as the real parts of a grid ready for its transform.
pub fn fold(plane: &Plane, lie: &Lie) -> Vec<Complex32> {
    let mut sums = vec![0.0f32; CELLS * CELLS];
    // A turn of 2^32 is one tile, so that wrapping integers do the folding.
    let fixed = |canonical: f64| (canonical / TILE as f64 * 4_294_967_296.0).round() as i64 as u32;
    let (across, down) = (fixed(lie.xx), fixed(lie.yx));
    const SHIFT: u32 = 32 - CELLS.trailing_zeros();
    for y in 0..plane.height {
        let line = y as f64 + 0.5;
        // The first sample's centre; nearest cell by the floor, whose cells' centres lie half a cell to the right.
        let mut u = fixed(lie.xy * line + 0.5 * lie.xx);
        let mut v = fixed(lie.yy * line + 0.5 * lie.yx);
        for value in plane.row(y) {
            let cell = (v >> SHIFT) as usize * CELLS + (u >> SHIFT) as usize;
            sums[cell] += value;
            u = u.wrapping_add(across);
            v = v.wrapping_add(down);
        }
    }
    sums.into_iter().map(|value| Complex32::new(value, 0.0)).collect()
}
