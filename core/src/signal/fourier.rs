//! Two-dimensional Fourier transforms of square grids.

use rustfft::{Fft, FftDirection, num_complex::Complex32};
use std::sync::Arc;

/// Plans for one side length; transforms `side` x `side` grids, stored row by row.
pub struct Square {
    side: usize,
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    scratch: Vec<Complex32>,
}

impl Square {
    /// Plans transforms of `side` x `side` numbers; `side` is a power of two.
    pub fn new(side: usize) -> Self {
        let (forward, inverse) = (plan(side, FftDirection::Forward), plan(side, FftDirection::Inverse));
        let length = forward.get_inplace_scratch_len().max(inverse.get_inplace_scratch_len());
        Self { side, forward, inverse, scratch: vec![Complex32::default(); length] }
    }

    /// Columns and rows.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Sum over x, y of `grid[y][x] exp(-2 pi i (x kx + y ky) / side)`, not normalised. The result is stored as
    /// `grid[kx * side + ky]`: turned, which saves half of the work of moving numbers.
    pub fn forward_turned(&mut self, grid: &mut [Complex32]) {
        let plan = self.forward.clone();
        self.transform(&*plan, grid);
    }

    /// The inverse sum (`+2 pi i`), not normalised, of a grid stored as `grid[kx * side + ky]`; the result is `grid[y * side + x]`.
    pub fn inverse_turned(&mut self, grid: &mut [Complex32]) {
        let plan = self.inverse.clone();
        self.transform(&*plan, grid);
    }

    fn transform(&mut self, plan: &dyn Fft<f32>, grid: &mut [Complex32]) {
        plan.process_with_scratch(grid, &mut self.scratch);
        turn(grid, self.side);
        plan.process_with_scratch(grid, &mut self.scratch);
    }
}

/// The processor's best algorithm.
#[cfg(not(target_arch = "wasm32"))]
pub fn plan(side: usize, direction: FftDirection) -> Arc<dyn Fft<f32>> {
    rustfft::FftPlanner::new().plan_fft(side, direction)
}

/// One algorithm for powers of two: the planner would bring in all the others, half a megabyte that a page would have to load.
#[cfg(target_arch = "wasm32")]
pub fn plan(side: usize, direction: FftDirection) -> Arc<dyn Fft<f32>> {
    same_plan(side, direction)
}

/// The same algorithm for powers of two on every machine, and so the same bits: additions in one order, no fused products.
pub fn same_plan(side: usize, direction: FftDirection) -> Arc<dyn Fft<f32>> {
    Arc::new(rustfft::algorithm::Radix4::new(side, direction))
}

/// Columns become rows, in place; in blocks that fit into a processor's first cache. `side` is a power of two.
pub fn turn<T>(grid: &mut [T], side: usize) {
    let block = side.min(16);
    for top in (0..side).step_by(block) {
        for y in top..top + block {
            for x in y + 1..top + block {
                grid.swap(y * side + x, x * side + y);
            }
        }
        for left in (top + block..side).step_by(block) {
            for y in top..top + block {
                for x in left..left + block {
                    grid.swap(y * side + x, x * side + y);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_defining_sum_and_comes_back() {
        let side = 8;
        let mut state = 1u32;
        let start: Vec<Complex32> = (0..side * side)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                Complex32::new((state >> 16) as f32 / 65_536.0, (state & 0xffff) as f32 / 65_536.0)
            })
            .collect();
        let mut grid = start.clone();
        let mut square = Square::new(side);
        square.forward_turned(&mut grid);
        for (kx, ky) in [(0, 0), (3, 0), (0, 5), (2, 7)] {
            let sum: Complex32 = (0..side * side)
                .map(|at| {
                    start[at]
                        * Complex32::from_polar(
                            1.0,
                            -std::f32::consts::TAU * ((at % side * kx + at / side * ky) as f32) / side as f32,
                        )
                })
                .sum();
            assert!((grid[kx * side + ky] - sum).norm() < 1e-3);
        }
        square.inverse_turned(&mut grid);
        for (after, before) in grid.iter().zip(&start) {
            assert!((after / (side * side) as f32 - before).norm() < 1e-5);
        }
    }
}
