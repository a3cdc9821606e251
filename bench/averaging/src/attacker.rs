//! The attacker: knows the source code and the tile's size, has many marked pictures, and no key.

use bench_stand::picture::Picture;
use countermark_core::keyed::Stream;
use countermark_core::signal::blur::{Local, gaussian};
use countermark_core::signal::fourier::Square;
use countermark_core::signal::plane::Plane;
use rayon::prelude::*;
use rustfft::num_complex::Complex32;

/// Side of the pictures in pixels, and of the tile in such pictures.
pub const SIDE: usize = 512;
pub const TILE: usize = 128;
/// The frequencies that carry a mark, in cycles a tile.
const RING: (f32, f32) = (5.5, 27.5);
/// Rounds of alignment, and how often it starts anew from another picture.
const ROUNDS: usize = 12;
const STARTS: usize = 8;
/// Patterns that are kept apart: a key has several forms.
const CLASSES: usize = 2;

/// Patterns of a private key (docs/payload.md).
pub const VARIANTS: u32 = 256;
/// Pairs of the likest pictures that are grown into sets, and the side of the grid on which pairs are compared.
const SEEDS: usize = 6;
const PAIR_SIDE: usize = 64;

/// A tile's frequencies, `grid[kx * TILE + ky]`.
pub type Tile = Vec<Complex32>;

/// Cycles a tile of a place in a `Tile`.
fn radius(at: usize) -> f32 {
    let signed = |k: usize| if k < TILE / 2 { k as f32 } else { k as f32 - TILE as f32 };
    signed(at / TILE).hypot(signed(at % TILE))
}

fn inside(at: usize) -> bool {
    (RING.0..=RING.1).contains(&radius(at))
}

fn plane(picture: &Picture) -> Plane {
    Plane { width: SIDE, height: SIDE, data: picture.luma() }
}

/// What is left of a picture when what can be foretold of it is taken away: two bands, each divided by its own local strength, as the
/// detector does it.
fn residual(luma: &Plane) -> Plane {
    let fine = gaussian(luma, 1.5);
    let coarse = gaussian(&fine, 3.16);
    let less = |a: &Plane, b: &Plane| Plane {
        width: SIDE,
        height: SIDE,
        data: a.data.iter().zip(&b.data).map(|(a, b)| a - b).collect(),
    };
    let (mut upper, lower) = (less(luma, &fine), less(&fine, &coarse));
    let strength = [Local::rms(&upper, 2.4), Local::rms(&lower, 3.5)];
    let mut rows = [vec![0.0; SIDE], vec![0.0; SIDE]];
    for y in 0..SIDE {
        strength[0].row(y, &mut rows[0]);
        strength[1].row(y, &mut rows[1]);
        let line = y * SIDE..(y + 1) * SIDE;
        let values = upper.data[line.clone()].iter_mut().zip(&lower.data[line]);
        for ((value, low), (a, b)) in values.zip(rows[0].iter().zip(&rows[1])) {
            *value = (*value / (a + 0.7)).clamp(-4.0, 4.0) + (low / (b + 0.7)).clamp(-4.0, 4.0);
        }
    }
    upper
}

/// All tiles of a plane on top of each other, as frequencies of the ring.
pub fn folded(plane: &Plane) -> Tile {
    let mut sums = vec![Complex32::default(); TILE * TILE];
    for y in 0..SIDE {
        for (x, value) in plane.row(y).iter().enumerate() {
            sums[y % TILE * TILE + x % TILE].re += value;
        }
    }
    Square::new(TILE).forward_turned(&mut sums);
    sums.iter_mut().enumerate().for_each(|(at, value)| {
        if !inside(at) {
            *value = Complex32::default();
        }
    });
    sums
}

/// A picture's folded residual, every ring of frequencies made equally strong.
pub fn seen(picture: &Picture) -> Tile {
    let mut tile = folded(&residual(&plane(picture)));
    let (mut squares, mut counts) = ([0.0f32; TILE], [0.0f32; TILE]);
    for (at, value) in tile.iter().enumerate() {
        squares[radius(at).round() as usize] += value.norm_sqr();
        counts[radius(at).round() as usize] += f32::from(u8::from(inside(at)));
    }
    for (at, value) in tile.iter_mut().enumerate().filter(|(at, _)| inside(*at)) {
        let ring = radius(at).round() as usize;
        *value *= 1.0 / (squares[ring] / counts[ring].max(1.0)).sqrt().max(1e-9);
        let size = value.norm();
        if size > 3.0 {
            *value *= 3.0 / size;
        }
    }
    tile
}

/// Where `template` lies in `tile` best, and the height there.
pub fn best_shift(square: &mut Square, tile: &[Complex32], template: &[Complex32]) -> (usize, usize, f32) {
    let mut grid: Tile = tile.iter().zip(template).map(|(a, b)| a * b.conj()).collect();
    square.inverse_turned(&mut grid);
    let mut best = (0, f32::MIN);
    for (at, value) in grid.iter().enumerate() {
        if value.re > best.1 {
            best = (at, value.re);
        }
    }
    (best.0 % TILE, best.0 / TILE, best.1)
}

/// The tile moved by `x` and `y` samples, right and down.
pub fn moved(tile: &[Complex32], x: usize, y: usize) -> Tile {
    let turn = |steps: usize| Complex32::from_polar(1.0, -std::f32::consts::TAU * (steps % TILE) as f32 / TILE as f32);
    tile.iter().enumerate().map(|(at, value)| value * turn(at / TILE * x + at % TILE * y)).collect()
}

/// The plain mean.
pub fn mean(tiles: &[&Tile]) -> Tile {
    let mut sum = vec![Complex32::default(); TILE * TILE];
    for tile in tiles {
        sum.iter_mut().zip(tile.iter()).for_each(|(sum, value)| *sum += value / tiles.len() as f32);
    }
    sum
}

/// The mean's frequencies weighed by how far they stand out of what a mean of `count` tiles without anything in common has.
fn cleaned(mean: &mut Tile, count: usize) {
    let noise = 1.0 / count.max(1) as f32;
    mean.iter_mut().for_each(|value| *value *= (1.0 - 2.0 * noise / value.norm_sqr().max(1e-12)).max(0.0));
}

/// Patterns that the tiles have in common at unknown places: alignment to what is known so far and averaging, in turn, in two classes,
/// from several beginnings; the one that all tiles together fit best.
pub fn aligned(tiles: &[&Tile], stream: &mut Stream) -> Vec<Tile> {
    if let [only] = tiles {
        return vec![(*only).clone()];
    }
    let mut square = Square::new(TILE);
    // Shifts change phases only: frequencies that are strong in all tiles show without alignment.
    let power = tiles.iter().fold(vec![0.0f32; TILE * TILE], |mut sum, tile| {
        sum.iter_mut().zip(tile.iter()).for_each(|(sum, value)| *sum += value.norm_sqr() / tiles.len() as f32);
        sum
    });
    let floor = 1.0 + 2.0 / (tiles.len() as f32).sqrt();
    let weight: Vec<f32> = power.iter().map(|power| (power - floor).max(0.0)).collect();
    let weighed = |tile: &Tile| -> Tile { tile.iter().zip(&weight).map(|(value, weight)| value * weight).collect() };
    let mut best: Option<(f32, Vec<Tile>)> = None;
    for _ in 0..STARTS {
        let mut classes: Vec<Tile> = (0..CLASSES).map(|_| weighed(tiles[stream.below(tiles.len() as u32) as usize])).collect();
        let mut fit = 0.0;
        for _ in 0..ROUNDS {
            let mut sums = vec![(vec![Complex32::default(); TILE * TILE], 0usize); classes.len()];
            fit = 0.0;
            let norms: Vec<f32> =
                classes.iter().map(|class| class.iter().map(|value| value.norm_sqr()).sum::<f32>().sqrt().max(1e-9)).collect();
            for tile in tiles {
                let fits: Vec<_> =
                    classes.iter().zip(&norms).map(|(class, norm)| (best_shift(&mut square, tile, class), norm)).collect();
                let height = |at: &usize| fits[*at].0.2 / fits[*at].1;
                let Some(class) = (0..classes.len()).max_by(|a, b| height(a).total_cmp(&height(b))) else { continue };
                let (x, y, _) = fits[class].0;
                fit += height(&class);
                let back = moved(tile, TILE - x, TILE - y);
                sums[class].0.iter_mut().zip(back).for_each(|(sum, value)| *sum += value);
                sums[class].1 += 1;
            }
            classes = sums
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(sum, count)| {
                    let mut mean: Tile = sum.iter().map(|value| value / count as f32).collect();
                    cleaned(&mut mean, count);
                    weighed(&mean)
                })
                .collect();
        }
        if best.as_ref().is_none_or(|(before, _)| fit > *before) {
            best = Some((fit, classes));
        }
    }
    // The weights have chosen and aligned; strength is that of the embedder, which is known.
    best.map(|(_, classes)| classes).unwrap_or_default()
}

/// Sets of pictures that may share a pattern, and the mean of each: the likest pairs of all, each with the pictures that fit its aligned
/// mean best, as many as share a pattern on average, at least four.
pub fn sorted(tiles: &[&Tile]) -> Vec<(Vec<usize>, Tile)> {
    let small: Vec<Tile> = tiles.iter().map(|tile| cut(tile)).collect();
    let mut pairs: Vec<(f32, usize, usize)> = (0..tiles.len())
        .into_par_iter()
        .flat_map_iter(|a| {
            let mut square = Square::new(PAIR_SIDE);
            let mut best: Vec<(f32, usize, usize)> = (0..a)
                .map(|b| {
                    let mut grid: Tile = small[a].iter().zip(&small[b]).map(|(a, b)| a * b.conj()).collect();
                    square.inverse_turned(&mut grid);
                    (grid.iter().map(|value| value.re).fold(f32::MIN, f32::max), a, b)
                })
                .collect();
            best.sort_by(|a, b| b.0.total_cmp(&a.0));
            best.truncate(SEEDS);
            best
        })
        .collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let size = tiles.len().div_ceil(VARIANTS as usize).max(4).min(tiles.len());
    pairs.truncate(SEEDS);
    pairs
        .into_par_iter()
        .map(|(_, a, b)| {
            let mut square = Square::new(TILE);
            let (mut set, mut sum) = (vec![a], tiles[a].clone());
            let mut join = |set: &mut Vec<usize>, sum: &mut Tile, one: usize| {
                let (x, y, _) = best_shift(&mut square, tiles[one], sum);
                sum.iter_mut().zip(moved(tiles[one], TILE - x, TILE - y)).for_each(|(sum, value)| *sum += value);
                set.push(one);
            };
            join(&mut set, &mut sum, b);
            while set.len() < size {
                let mut square = Square::new(TILE);
                let fits = (0..tiles.len()).filter(|one| !set.contains(one));
                let fits = fits.map(|one| (best_shift(&mut square, tiles[one], &sum).2, one));
                let Some((_, next)) = fits.max_by(|a, b| a.0.total_cmp(&b.0)) else { break };
                join(&mut set, &mut sum, next);
            }
            (set, sum)
        })
        .collect()
}

/// The low frequencies of a tile, on the grid of pairs.
fn cut(tile: &[Complex32]) -> Tile {
    let half = PAIR_SIDE / 2;
    let place = |k: usize| if k < half { k } else { k + TILE - PAIR_SIDE };
    (0..PAIR_SIDE * PAIR_SIDE).map(|at| tile[place(at / PAIR_SIDE) * TILE + place(at % PAIR_SIDE)]).collect()
}

/// The pattern in grey levels for an estimate: the embedder's own shape of the spectrum.
pub fn pattern(estimate: &[Complex32]) -> Tile {
    estimate.iter().enumerate().map(|(at, value)| value / radius(at).max(8.0).sqrt()).collect()
}

/// The height of the best correlation of two patterns over all shifts, -1 to 1.
pub fn likeness(square: &mut Square, a: &[Complex32], b: &[Complex32]) -> f32 {
    let norm = |tile: &[Complex32]| tile.iter().map(|value| value.norm_sqr()).sum::<f32>().sqrt().max(1e-9);
    best_shift(square, a, b).2 / (norm(a) * norm(b))
}

/// `picture` with the pattern added (or subtracted, for `sign` -1) where it is hidden best, at this PSNR.
pub fn painted(picture: &Picture, pattern: &[Complex32], sign: f32, psnr: f64) -> Picture {
    const SHARES: [f32; 3] = [0.668_8, 1.313_1, 0.255_0];
    let mut tile = pattern.to_vec();
    Square::new(TILE).inverse_turned(&mut tile);
    let luma = plane(picture);
    let soft = gaussian(&luma, 3.0);
    let detail = luma.data.iter().zip(&soft.data).map(|(a, b)| (a - b).powi(2)).collect();
    let mask =
        gaussian(&Plane { width: SIDE, height: SIDE, data: detail }, 2.5).map(|value| (value.sqrt() + 2.0).clamp(1.0, 14.0));
    let change: Vec<f32> =
        (0..SIDE * SIDE).map(|at| mask.data[at] * tile[at / SIDE % TILE * TILE + at % SIDE % TILE].re * sign).collect();
    let made = |factor: f32| -> Vec<u8> {
        let pixels = picture.samples.chunks_exact(3).zip(&change);
        pixels
            .flat_map(|(pixel, change)| {
                [0, 1, 2].map(|c| (f32::from(pixel[c]) + change * factor * SHARES[c] + 0.5).clamp(0.0, 255.0) as u8)
            })
            .collect()
    };
    let error = |samples: &[u8]| {
        samples.iter().zip(&picture.samples).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>()
            / samples.len() as f64
    };
    let budget = 255.0 * 255.0 * 10f64.powf(-psnr / 10.0);
    let largest = change.iter().fold(1e-12f32, |most, value| most.max(value.abs()));
    let (mut low, mut high) = (0.0, 255.0 / largest);
    for _ in 0..18 {
        let middle = 0.5 * (low + high);
        if error(&made(middle)) <= budget { low = middle } else { high = middle }
    }
    Picture { samples: made(low), format: picture.format }
}
