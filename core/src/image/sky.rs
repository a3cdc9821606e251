//! The whole picture's spectrum, in which a carrier's frequencies stand like a constellation: its size, turn and stretch say how the
//! tile lies. Computed once for a picture; every guess is then a few look-ups.

use super::carrier::{Bin, TILE, Variant};
use super::fold::Lie;
use super::spectrum::Spectrum;
use super::view::View;
use crate::error::Result;
use crate::signal::fourier::Square;
use crate::signal::resample::resample;
use crate::signal::round::nearest;
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

    /// Points of the spectrum in each direction.
    pub fn points(&self) -> usize {
        self.points
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
        let peak = grid.iter().map(|value| value.re.abs() + value.im.abs()).fold(0.0, f32::max);
        self.grid = grid;
        f64::from(peak) / spread
    }

    /// A ring of frequencies where `lie` puts it.
    pub fn ring(&self, ring: &[Bin], lie: &Lie) -> Spectrum {
        Spectrum::of(ring, |bin| self.read(lie, bin))
    }

    /// How far the power of a ring of frequencies, where `lie` puts it, is above that of its surroundings, in standard deviations: large
    /// where a tile is repeated so.
    pub fn loudness(&self, ring: &[Bin], lie: &Lie) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        for value in ring.iter().filter_map(|bin| self.read(lie, *bin)) {
            sum += f64::from(value.norm_sqr().min(CLIP));
            count += 1.0;
        }
        (sum - count) / f64::max(count, 1.0).sqrt()
    }

    /// A carrier's frequency where `lie` puts it, between the points by straight lines; none beyond the highest frequency.
    fn read(&self, lie: &Lie, bin: Bin) -> Option<Complex32> {
        let (x, y) = place(lie, bin, self.points)?;
        let side = self.points;
        let (fx, fy) = (x.floor(), y.floor());
        let (px, py) = ((x - fx) as f32, (y - fy) as f32);
        let at = |dx: i64, dy: i64| {
            let (x, y) = ((fx as i64 + dx).rem_euclid(side as i64) as usize, (fy as i64 + dy).rem_euclid(side as i64) as usize);
            self.values[x * side + y]
        };
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
    fn of(values: Vec<f32>, points: usize) -> Self {
        let values = smooth(&values, points);
        let half = &values[..points / 2 * points];
        let coarse: Vec<u8> = half.iter().map(|value| (value * 40.0).min(255.0) as u8).collect();
        let count = coarse.len() as f64;
        let mean = coarse.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
        let square = coarse.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / count;
        Self { points, values, coarse, mean, deviation: (square - mean * mean).sqrt().max(1e-9) }
    }

    /// Sum over `points` times `scale`, in standard deviations. Points beyond the highest frequency are left out.
    pub fn sum(&self, points: &[(f32, f32)], scale: (f32, f32)) -> f64 {
        let (mut sum, mut count) = (0u32, 0u32);
        let side = self.points as i32;
        let limit = side / 2 - 1;
        for (x, y) in points {
            let (x, y) = (nearest(x * scale.0) as i32, nearest(y * scale.1) as i32);
            // The other half is the mirror image.
            let (x, y) = if x < 0 { (-x, -y) } else { (x, y) };
            if x < limit && y.abs() < limit {
                sum += u32::from(self.coarse[(x * side + (y & (side - 1))) as usize]);
                count += 1;
            }
        }
        (f64::from(sum) - f64::from(count) * self.mean) / (f64::from(count.max(20)).sqrt() * self.deviation)
    }

    /// Weighted mean over all of a carrier's frequencies where `lie` puts them.
    pub fn all(&self, bins: &[(Bin, f32)], lie: &Lie) -> f64 {
        let mut sum = 0.0;
        let side = self.points as i64;
        for (bin, weight) in bins {
            let Some((x, y)) = place(lie, *bin, self.points) else { continue };
            let (fx, fy) = (x.floor(), y.floor());
            let (px, py) = ((x - fx) as f32, (y - fy) as f32);
            let (x, y) = (fx as i64 & (side - 1), fy as i64 & (side - 1));
            let (right, below) = ((x + 1) & (side - 1), (y + 1) & (side - 1));
            let at = |x: i64, y: i64| self.values[(x * side + y) as usize];
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
    let around = boxed(&values.iter().map(|value| value.norm_sqr()).collect::<Vec<_>>(), side);
    values.iter_mut().zip(around).for_each(|(value, around)| *value *= 1.0 / around.max(1e-12).sqrt());
}

/// Means over squares of 2 AROUND + 1 points; the plane is a torus.
fn boxed(values: &[f32], side: usize) -> Vec<f32> {
    let across = running(values, side);
    let turned: Vec<f32> = (0..side * side).map(|at| across[at % side * side + at / side]).collect();
    let both = running(&turned, side);
    (0..side * side).map(|at| both[at % side * side + at / side]).collect()
}

fn running(values: &[f32], side: usize) -> Vec<f32> {
    let mut out = vec![0.0; values.len()];
    let part = 1.0 / (2 * AROUND + 1) as f64;
    for (line, out) in values.chunks_exact(side).zip(out.chunks_exact_mut(side)) {
        let mut sum: f64 = (0..2 * AROUND + 1).map(|at| f64::from(line[(at + side - AROUND) % side])).sum();
        for (at, out) in out.iter_mut().enumerate() {
            *out = (sum * part) as f32;
            sum += f64::from(line[(at + AROUND + 1) % side]) - f64::from(line[(at + side - AROUND) % side]);
        }
    }
    out
}

/// A binomial filter of 3 x 3 points, about 0.7 points wide; the plane is a torus.
fn smooth(values: &[f32], side: usize) -> Vec<f32> {
    let mut across = vec![0.0; values.len()];
    for (line, out) in values.chunks_exact(side).zip(across.chunks_exact_mut(side)) {
        for (at, out) in out.iter_mut().enumerate() {
            *out = 0.25 * (line[(at + side - 1) % side] + line[(at + 1) % side]) + 0.5 * line[at];
        }
    }
    let mut out = vec![0.0; values.len()];
    for (row, line) in out.chunks_exact_mut(side).enumerate() {
        let [above, here, below] = [row + side - 1, row, row + 1].map(|row| &across[row % side * side..][..side]);
        for (at, out) in line.iter_mut().enumerate() {
            *out = 0.25 * (above[at] + below[at]) + 0.5 * here[at];
        }
    }
    out
}
