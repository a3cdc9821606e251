//! The whole picture's spectrum, in which a carrier's frequencies stand like a constellation: its size, turn and stretch say how the
//! tile lies. Computed once for a picture; every guess is then a few look-ups.

use super::carrier::{Bin, TILE, Variant};
use super::fold::Lie;
use super::spectrum::{Spectrum, tallest};
use super::view::View;
use crate::error::Result;
use crate::signal::fourier::{Square, turn};
use crate::signal::resample::resample;
use rustfft::num_complex::Complex32;

/// Points of the spectrum in both directions, for a first and for a finer look.
pub const POINTS: usize = 1024;
/// See POINTS.
pub const FINE_POINTS: usize = 2048;
/// Part of the points that samples of the longer side may fill; the rest is zeros, which makes the spectrum smooth between its points.
const FILLED: f64 = 0.75;
/// Part of each side over which the picture fades out.
const FADE: f32 = 0.06;
/// Half the side of the square over which a frequency's surroundings are measured.
const AROUND: usize = 20;
/// Largest power of a frequency, in units of its surroundings.
const CLIP: f32 = 6.0;
/// Shifts that a guess is tried at, in both directions.
const SHIFTS: usize = 64;

/// A picture's spectrum, evened out.
pub struct Sky {
    /// `values[kx * points + ky]`, phases relative to the picture's centre, mean power of every surrounding 1.
    values: Vec<Complex32>,
    points: usize,
    /// Samples of the analysed plane for one of the base.
    factor: f64,
    /// Sides of the analysed plane.
    pub size: [usize; 2],
    shifts: Square,
    grid: Vec<Complex32>,
}

impl Sky {
    /// Analyses a picture, on POINTS or FINE_POINTS.
    pub fn new(view: &View, points: usize) -> Result<Self> {
        let base = view.base();
        let factor = (FILLED * points as f64 / base.width.max(base.height) as f64).min(1.0);
        let flat = if factor < 1.0 {
            let size = |side: usize| ((side as f64 * factor + 1e-6).floor() as usize).max(1);
            view.flat(resample(base, size(base.width), size(base.height), 1.0 / factor)?)
        } else {
            view.flat(base.clone())
        };
        let mut values = vec![Complex32::default(); points * points];
        let (left, top) = (flat.width / 2, flat.height / 2);
        let fades = [fade(flat.width), fade(flat.height)];
        for y in 0..flat.height {
            let line = &mut values[(y + points - top) % points * points..][..points];
            for (x, value) in flat.row(y).iter().enumerate() {
                line[(x + points - left) % points].re = value * fades[0][x] * fades[1][y];
            }
        }
        Square::new(points).forward_turned(&mut values);
        even_out(&mut values, points);
        Ok(Self { values, points, factor, size: [flat.width, flat.height], shifts: Square::new(SHIFTS), grid: Vec::new() })
    }

    /// The shorter side in samples.
    pub fn short(&self) -> f64 {
        self.size[0].min(self.size[1]) as f64
    }

    /// The longer side in samples.
    pub fn long(&self) -> f64 {
        self.size[0].max(self.size[1]) as f64
    }

    /// The same lie in the base plane.
    pub fn in_base(&self, lie: Lie) -> Lie {
        lie.in_plane(1.0 / self.factor)
    }

    /// Power of each frequency in units of its surroundings, clipped, as bytes: `power[kx * points + ky]`.
    pub fn power(&self) -> Power {
        let clipped = |value: &Complex32| value.norm_sqr().min(CLIP);
        Power::of(self.values.iter().map(clipped).collect(), self.points)
    }

    /// How well a pilot fits a lie, at its best shift: height in standard deviations of a picture without mark.
    pub fn fit(&mut self, variant: &Variant, lie: &Lie) -> f64 {
        let mut grid = std::mem::take(&mut self.grid);
        let spread = variant.against(&mut grid, SHIFTS, |bin| self.read(lie, bin));
        self.shifts.inverse_turned(&mut grid);
        let peak = tallest(&grid);
        self.grid = grid;
        f64::from(peak) / spread
    }

    /// A ring of frequencies where `lie` puts it.
    pub fn ring(&self, ring: &[Bin], lie: &Lie) -> Spectrum {
        Spectrum::of(ring, |bin| self.read(lie, bin))
    }

    /// A carrier's frequency where `lie` puts it, between the points by straight lines; none beyond the highest frequency.
    fn read(&self, lie: &Lie, bin: Bin) -> Option<Complex32> {
        let (x, y) = place(lie, bin, self.points)?;
        let side = self.points;
        let (column, row, px, py) = cell(x, y, side);
        let (right, below) = ((column + 1) & (side - 1), (row + 1) & (side - 1));
        let at =
            |dx: usize, dy: usize| self.values[if dx == 0 { column } else { right } * side + if dy == 0 { row } else { below }];
        let left = at(0, 0) * (1.0 - py) + at(0, 1) * py;
        let right = at(1, 0) * (1.0 - py) + at(1, 1) * py;
        Some(left * (1.0 - px) + right * px)
    }
}

/// The point of the spectrum for a carrier's frequency; none beyond the highest frequency.
fn place(lie: &Lie, bin: Bin, points: usize) -> Option<(f64, f64)> {
    let scale = points as f64 / TILE as f64;
    let (x, y) = (f64::from(bin.x) * scale, f64::from(bin.y) * scale);
    let point = (lie.xx * x + lie.yx * y, lie.xy * x + lie.yy * y);
    let limit = points as f64 / 2.0 - 2.0;
    (point.0.abs() < limit && point.1.abs() < limit).then_some(point)
}

/// The cell of a torus in which a point lies, and how far in it: `side` is a power of two, the point within it about 0.
fn cell(x: f64, y: f64, side: usize) -> (usize, usize, f32, f32) {
    // Made positive, since cutting the fraction off is quicker than rounding down.
    let (x, y) = (x + side as f64, y + side as f64);
    let (column, row) = (x as i32, y as i32);
    let part = |place: f64, whole: i32| (place - f64::from(whole)) as f32;
    (column as usize & (side - 1), row as usize & (side - 1), part(x, column), part(y, row))
}

/// Points of a constellation in cycles a tile, a whole number of LANES; those that fill up lie outside of any spectrum.
pub struct Points {
    x: Vec<f32>,
    y: Vec<f32>,
}

/// Points that are looked up together.
const LANES: usize = 16;

impl Points {
    /// The points one by one.
    pub fn of(points: impl Iterator<Item = (f32, f32)>) -> Self {
        let (mut x, mut y): (Vec<f32>, Vec<f32>) = points.unzip();
        let whole = x.len().next_multiple_of(LANES);
        x.resize(whole, OUTSIDE);
        y.resize(whole, OUTSIDE);
        Self { x, y }
    }
}

/// Beyond every spectrum at every scale, but within what `sum` can round.
const OUTSIDE: f32 = 1e5;
/// A number that leaves no room for a fraction, 1.5 * 2^23, and its bits: the lowest bits of a sum with it are the nearest whole number.
const ROUND: f32 = 12_582_912.0;
const ROUND_BITS: i32 = 0x4b40_0000;

/// Powers of a spectrum, for guesses that do not look at phases.
pub struct Power {
    points: usize,
    values: Vec<f32>,
    /// The same, smoothed and in steps of 1/40: small enough for a processor's cache.
    coarse: Vec<u8>,
    mean: f64,
    deviation: f64,
}

impl Power {
    fn of(mut values: Vec<f32>, points: usize) -> Self {
        each_way(&mut values, points, smooth);
        let half = &values[..points / 2 * points];
        let mut coarse: Vec<u8> = half.iter().map(|value| (value * 40.0).min(255.0) as u8).collect();
        let count = coarse.len() as f64;
        let mean = coarse.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
        let square = coarse.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / count;
        // The mean of the picture; `sum` puts here what lies outside.
        coarse[0] = 0;
        Self { points, values, coarse, mean, deviation: (square - mean * mean).sqrt().max(1e-9) }
    }

    /// A frequency of k cycles a tile of `side` samples lies at this times k.
    pub fn scale(&self, side: f64) -> f32 {
        (self.points as f64 / side) as f32
    }

    /// Sum over `points` times `scale`, in standard deviations. Points beyond the highest frequency are left out.
    pub fn sum(&self, points: &Points, scale: (f32, f32)) -> f64 {
        let (mut sum, mut count) = (0u32, 0i32);
        let side = self.points as i32;
        let (limit, bits) = (side / 2 - 1, side.trailing_zeros());
        for (x, y) in points.x.chunks_exact(LANES).zip(points.y.chunks_exact(LANES)) {
            // Without branches, so that a processor does several at once.
            let mut places = [0u32; LANES];
            for ((place, x), y) in places.iter_mut().zip(x).zip(y) {
                let [x, y] = [x * scale.0, y * scale.1].map(|value| (value + ROUND).to_bits() as i32 - ROUND_BITS);
                // The other half is the mirror image.
                let mirror = x >> 31;
                let (x, y) = ((x ^ mirror) - mirror, (y ^ mirror) - mirror);
                let inside = ((x - limit) & (y - limit) & (-limit - y)) >> 31;
                *place = (((x << bits) | (y & (side - 1))) & inside) as u32;
                count -= inside;
            }
            sum += places.iter().map(|place| u32::from(self.coarse[*place as usize])).sum::<u32>();
        }
        (f64::from(sum) - f64::from(count) * self.mean) / (f64::from(count.max(20)).sqrt() * self.deviation)
    }

    /// Weighted mean over all of a carrier's frequencies where `lie` puts them.
    pub fn all(&self, bins: &[(Bin, f32)], lie: &Lie) -> f64 {
        let mut sum = 0.0;
        let side = self.points;
        for (bin, weight) in bins {
            let Some((x, y)) = place(lie, *bin, self.points) else { continue };
            let (x, y, px, py) = cell(x, y, side);
            let (right, below) = ((x + 1) & (side - 1), (y + 1) & (side - 1));
            let at = |x: usize, y: usize| self.values[x * side + y];
            let value = (at(x, y) * (1.0 - py) + at(x, below) * py) * (1.0 - px)
                + (at(right, y) * (1.0 - py) + at(right, below) * py) * px;
            sum += f64::from(weight * (value - 1.0));
        }
        sum
    }
}

/// 1 in the middle, falling to 0 at both ends.
fn fade(length: usize) -> Vec<f32> {
    let reach = length as f32 * FADE;
    (0..length).map(|at| ((at.min(length - 1 - at) as f32 + 0.5) / reach).min(1.0)).collect()
}

/// Divides every frequency by the strength of its surroundings.
fn even_out(values: &mut [Complex32], side: usize) {
    let mut around: Vec<f32> = values.iter().map(|value| value.norm_sqr()).collect();
    each_way(&mut around, side, running);
    values.iter_mut().zip(around).for_each(|(value, around)| *value *= 1.0 / around.max(1e-12).sqrt());
}

/// Filters the rows of a square plane, then its columns, in place. `filter`: from a row to another one.
fn each_way(plane: &mut [f32], side: usize, filter: impl Fn(&[f32], &mut [f32])) {
    let mut row = vec![0.0; side];
    for _ in 0..2 {
        for line in plane.chunks_exact_mut(side) {
            row.copy_from_slice(line);
            filter(&row, line);
        }
        turn(plane, side);
    }
}

/// Means over 2 AROUND + 1 points of a ring.
fn running(line: &[f32], out: &mut [f32]) {
    let side = line.len();
    let part = 1.0 / (2 * AROUND + 1) as f64;
    let mut sum: f64 = (0..2 * AROUND + 1).map(|at| f64::from(line[(at + side - AROUND) % side])).sum();
    for (at, out) in out.iter_mut().enumerate() {
        *out = (sum * part) as f32;
        sum += f64::from(line[(at + AROUND + 1) % side]) - f64::from(line[(at + side - AROUND) % side]);
    }
}

/// A binomial filter of three points of a ring: in both directions about 0.7 points wide.
fn smooth(line: &[f32], out: &mut [f32]) {
    let side = line.len();
    for (at, out) in out.iter_mut().enumerate() {
        *out = 0.25 * (line[(at + side - 1) % side] + line[(at + 1) % side]) + 0.5 * line[at];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constellation_is_loud_where_it_lies_and_nothing_lies_outside() {
        let points = 64;
        // Cells (5, 3), (7, -2) and their mirror images have power 6, all others 1.
        let mut values = vec![1.0; points * points];
        for (x, y) in [(5i32, 3i32), (7, -2), (-5, -3), (-7, 2)] {
            values[x.rem_euclid(64) as usize * points + y.rem_euclid(64) as usize] = CLIP;
        }
        let power = Power::of(values, points);
        let stars = Points::of([(2.5, 1.5), (-3.5, 1.0)].into_iter());
        let there = power.sum(&stars, (2.0, 2.0));
        assert!(there > 3.0 && power.sum(&stars, (4.0, 4.0)) < 1.0, "{there}");
        assert_eq!(power.sum(&stars, (40.0, 40.0)), 0.0);
    }
}
