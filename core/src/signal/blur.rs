//! Smoothing filters, separable, with mirrored borders.

use super::plane::{Plane, mirrored};

/// Gaussian smoothing with standard deviation `sigma` in samples, cut at three standard deviations.
pub fn gaussian(plane: &Plane, sigma: f32) -> Plane {
    let radius = (3.0 * sigma).ceil() as usize;
    let mut taps: Vec<f32> = (0..=radius).map(|at| (-0.5 * (at as f32 / sigma).powi(2)).exp()).collect();
    let sum = taps[0] + 2.0 * taps[1..].iter().sum::<f32>();
    taps.iter_mut().for_each(|tap| *tap /= sum);
    separable(plane, &taps)
}

/// Smoothing with a symmetric filter: `taps[0]` is its middle.
fn separable(plane: &Plane, taps: &[f32]) -> Plane {
    let (width, height, radius) = (plane.width, plane.height, taps.len() - 1);
    let mut wide = vec![0.0; width + 2 * radius];
    let mut across = Plane::new(width, height);
    for (y, out) in across.data.chunks_exact_mut(width).enumerate() {
        let row = plane.row(y);
        wide[radius..radius + width].copy_from_slice(row);
        for at in 1..=radius {
            wide[radius - at] = row[mirrored(-(at as isize), width)];
            wide[radius + width - 1 + at] = row[mirrored((width - 1 + at) as isize, width)];
        }
        for (value, middle) in out.iter_mut().zip(&wide[radius..]) {
            *value = taps[0] * middle;
        }
        for (at, tap) in taps.iter().enumerate().skip(1) {
            let (left, right) = (&wide[radius - at..], &wide[radius + at..]);
            for ((value, a), b) in out.iter_mut().zip(left).zip(right) {
                *value += tap * (a + b);
            }
        }
    }
    let mut down = Plane::new(width, height);
    for (y, out) in down.data.chunks_exact_mut(width).enumerate() {
        for (value, middle) in out.iter_mut().zip(across.row(y)) {
            *value = taps[0] * middle;
        }
        for (at, tap) in taps.iter().enumerate().skip(1) {
            let above = across.row(mirrored(y as isize - at as isize, height));
            let below = across.row(mirrored((y + at) as isize, height));
            for ((value, a), b) in out.iter_mut().zip(above).zip(below) {
                *value += tap * (a + b);
            }
        }
    }
    down
}

/// The smallest value within `radius` samples, in a square.
pub fn smallest(plane: &Plane, radius: usize) -> Plane {
    let (width, height) = (plane.width, plane.height);
    let mut across = plane.clone();
    for (y, out) in across.data.chunks_exact_mut(width).enumerate() {
        let row = plane.row(y);
        for at in 1..=radius.min(width - 1) {
            out[..width - at].iter_mut().zip(&row[at..]).for_each(|(value, other)| *value = value.min(*other));
            out[at..].iter_mut().zip(row).for_each(|(value, other)| *value = value.min(*other));
        }
    }
    let mut down = across.clone();
    for (y, out) in down.data.chunks_exact_mut(width).enumerate() {
        for other in y.saturating_sub(radius)..(y + radius + 1).min(height) {
            out.iter_mut().zip(across.row(other)).for_each(|(value, other)| *value = value.min(*other));
        }
    }
    down
}

/// Root mean square of a plane's surroundings, `sigma` samples wide, on a grid four times coarser.
pub struct Local {
    coarse: Plane,
}

/// Samples from one point of the coarse grid to the next.
const STEP: usize = 4;

impl Local {
    /// Measures `plane`.
    pub fn rms(plane: &Plane, sigma: f32) -> Self {
        let (width, height) = (plane.width.div_ceil(STEP), plane.height.div_ceil(STEP));
        let mut coarse = Plane::new(width, height);
        for (row, out) in coarse.data.chunks_exact_mut(width).enumerate() {
            let rows = row * STEP..((row + 1) * STEP).min(plane.height);
            let count = rows.len();
            for y in rows {
                for (sum, cell) in out.iter_mut().zip(plane.row(y).chunks(STEP)) {
                    *sum += cell.iter().map(|value| value * value).sum::<f32>() / cell.len() as f32;
                }
            }
            out.iter_mut().for_each(|sum| *sum /= count as f32);
        }
        let coarse = gaussian(&coarse, sigma / STEP as f32).map(f32::sqrt);
        Self { coarse }
    }

    /// Writes row `y` of the measured plane's size into `out`, between the grid's points by straight lines.
    pub fn row(&self, y: usize, out: &mut [f32]) {
        let place = ((y as f32 + 0.5) / STEP as f32 - 0.5).max(0.0);
        let (upper, part) = (place as usize, place.fract());
        let (a, b) = (self.coarse.row(upper), self.coarse.row((upper + 1).min(self.coarse.height - 1)));
        let last = self.coarse.width - 1;
        for (cell, chunk) in out.chunks_mut(STEP).enumerate() {
            let at = |column: usize| a[column] + part * (b[column] - a[column]);
            let (before, here, after) = (at(cell.saturating_sub(1)), at(cell), at((cell + 1).min(last)));
            for (inner, value) in chunk.iter_mut().enumerate() {
                let place = (inner as f32 + 0.5) / STEP as f32 - 0.5;
                *value = if place < 0.0 { here - place * (before - here) } else { here + place * (after - here) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(width: usize, height: usize, x: usize, y: usize) -> Plane {
        let mut plane = Plane::new(width, height);
        plane.data[y * width + x] = 1.0;
        plane
    }

    #[test]
    fn a_spot_becomes_a_bell() {
        let soft = gaussian(&spot(41, 31, 20, 15), 2.0);
        for (x, y) in [(20, 15), (23, 15), (20, 11), (17, 18)] {
            let away = ((x as f32 - 20.0).powi(2) + (y as f32 - 15.0).powi(2)) / 8.0;
            let wanted = (-away).exp() / (std::f32::consts::TAU * 4.0);
            assert!((soft.row(y)[x] - wanted).abs() < 4e-4, "{x} {y}: {} {wanted}", soft.row(y)[x]);
        }
        assert!((soft.data.iter().sum::<f32>() - 1.0).abs() < 1e-4);
    }

    #[test]
    fn small_planes_do_not_lose_their_mean() {
        for (width, height) in [(1, 1), (2, 3), (5, 1)] {
            let flat = Plane { width, height, data: vec![3.0; width * height] };
            assert!(gaussian(&flat, 3.5).data.iter().all(|value| (value - 3.0).abs() < 1e-5));
        }
    }

    #[test]
    fn the_smallest_within_reach_wins() {
        let plane = spot(9, 7, 4, 3).map(|value| 1.0 - value);
        let low = smallest(&plane, 2);
        for y in 0..7usize {
            for x in 0..9usize {
                let inside = x.abs_diff(4) <= 2 && y.abs_diff(3) <= 2;
                assert_eq!(low.row(y)[x] == 0.0, inside, "{x} {y}");
            }
        }
    }

    #[test]
    fn local_strength_follows_the_plane() {
        let plane = Plane { width: 64, height: 50, data: (0..64 * 50).map(|at| if at % 64 < 32 { 2.0 } else { -6.0 }).collect() };
        let local = Local::rms(&plane, 4.0);
        let mut row = vec![0.0; 64];
        local.row(49, &mut row);
        assert!((row[2] - 2.0).abs() < 0.05 && (row[61] - 6.0).abs() < 0.05, "{row:?}");
    }
}
