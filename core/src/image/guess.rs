//! Guesses of how the tile lies in a picture that was cut, scaled, stretched or rotated.

use super::carrier::{Bin, Carrier, TILE};
use super::fold::Lie;
use super::sky::{Points, Power, Sky};
use super::spectrum::{Loud, Rank, Reader, Turn};

/// Tiles across the shorter side: fewer cannot be read, more occur only where the picture is a small part of a page.
pub const TILES: std::ops::Range<f64> = 0.9..14.0;
/// The same for pages that need a finer look.
pub const MANY_TILES: std::ops::Range<f64> = 8.0..28.0;
/// Samples of the smallest tile that is looked for.
const SMALLEST: f64 = 16.0;
/// A scale error that turns the outermost frequency at the picture's edge by this many cycles is the step of the search.
const STEP_CYCLES: f64 = 0.15;
/// Guesses of the power search that are refined, and angles and sizes a step apart in it.
const REFINED: usize = 40;
const ANGLE: f64 = 0.4;
const SIZE: f64 = 0.007;
/// Largest stretch of one direction against the other.
const STRETCH: f64 = 1.45;

/// Of a key with many patterns: upright sizes at which its patterns are looked for, those where the ring is loudest.
const LOUDEST: usize = 256;
/// Lies with a pattern and a turn whose phases are tried, those whose frequencies are loudest; and as many of each lie in any case: lines of
/// text make the ring loud at many sizes, whose patterns would fill all places. Patterns that are kept of each lie.
const PHASED: usize = 1500;
const OF_ANY: usize = 4;
const OF_EACH: usize = 4;
/// Part of the table of a power search that is looked at with all frequencies, and how many frequencies make that worth its while.
const SHORTLIST: usize = 12;
const MANY: usize = 256;

/// A lie in the sky's plane, and how well it fits.
#[derive(Debug, Clone, Copy)]
pub struct Guess {
    /// How the tile lies.
    pub lie: Lie,
    /// Which of the key's patterns it is of.
    pub variant: usize,
    /// How well it fits; only comparable between guesses of one search.
    pub fit: f64,
}

/// Puts the best fit first.
pub fn best_first(guesses: &mut [Guess]) {
    guesses.sort_by(|a, b| b.fit.total_cmp(&a.fit));
}

/// Upright tiles of every size.
pub fn every_size(sky: &Sky, tiles: std::ops::Range<f64>) -> Vec<Lie> {
    let (mut side, last) = ((sky.short() / tiles.end).max(SMALLEST), sky.short() / tiles.start);
    let mut lies = Vec::new();
    while side < last {
        lies.push(Lie::upright(side));
        side *= 1.0 + scale_step(sky, side);
    }
    lies
}

/// Those of the sizes at which the ring of a key with many patterns is loudest, whatever the pattern. A flip does not change it.
pub fn loudest(power: &Power, ring: &[Bin], sizes: &[Lie]) -> Vec<Lie> {
    let points = Points::of(ring.iter().map(|bin| (bin.x as f32, bin.y as f32)));
    let fit = |lie: &Lie| {
        let scale = power.scale(lie.side());
        power.sum(&points, (scale, scale))
    };
    let mut loud: Vec<(f64, Lie)> = sizes.iter().map(|lie| (fit(lie), *lie)).collect();
    loud.sort_by(|a, b| b.0.total_cmp(&a.0));
    loud.into_iter().take(LOUDEST).map(|(_, lie)| lie).collect()
}

/// Upright (or flipped) tiles of the given sizes, by their phases: the best guesses, best first, and how many were tried.
pub fn upright(
    sky: &mut Sky,
    reader: &mut Reader,
    carrier: &Carrier,
    sizes: &[Lie],
    flipped: bool,
    most: usize,
) -> (Vec<Guess>, f64) {
    let flip = if flipped { -1.0 } else { 1.0 };
    let lies: Vec<Lie> = sizes.iter().map(|lie| Lie { xx: flip * lie.xx, ..*lie }).collect();
    let (mut all, mut tried) = if let [only] = &carrier.variants[..] {
        (lies.iter().map(|lie| Guess { lie: *lie, variant: 0, fit: sky.fit(only, lie) }).collect(), lies.len() as f64)
    } else {
        by_phases(sky, reader, carrier, &lies, &[Turn::NONE])
    };
    best_first(&mut all);
    let mut best: Vec<Guess> = Vec::new();
    for guess in all {
        if best.len() == most {
            break;
        }
        let side = guess.lie.side();
        let far = |one: &Guess| (one.lie.side() / side).ln().abs() > 2.5 * scale_step(sky, side);
        if best.iter().all(|one| one.variant != guess.variant || far(one)) {
            best.push(guess);
        }
    }
    for guess in &mut best {
        let step = scale_step(sky, guess.lie.side());
        for part in [-0.5, 0.5, -0.25, 0.25] {
            let lie = scaled(&guess.lie, 1.0 + part * step);
            let fit = sky.fit(&carrier.variants[guess.variant], &lie);
            tried += 1.0;
            if fit > guess.fit {
                *guess = Guess { lie, fit, ..*guess };
            }
        }
    }
    best_first(&mut best);
    (best, tried)
}

/// Many patterns and turns at many lies, by the phases of those whose frequencies are loudest, and how many these were. Loudness says
/// nothing of phases, so this choice makes no pilot more likely.
fn by_phases(sky: &Sky, reader: &mut Reader, carrier: &Carrier, lies: &[Lie], turns: &[Turn]) -> (Vec<Guess>, f64) {
    let mut loud: Vec<(Loud, usize)> = Vec::with_capacity(OF_ANY * lies.len() + PHASED);
    let mut others: Vec<(Loud, usize)> = Vec::with_capacity(lies.len() * turns.len() * carrier.variants.len());
    for (at, lie) in lies.iter().enumerate() {
        let mut here = sky.ring(&carrier.ring, lie).loudness(carrier, turns);
        if here.len() > OF_ANY {
            here.select_nth_unstable_by(OF_ANY, Loud::louder);
        }
        let (first, rest) = here.split_at(OF_ANY.min(here.len()));
        loud.extend(first.iter().map(|loud| (*loud, at)));
        others.extend(rest.iter().map(|loud| (*loud, at)));
    }
    let more = PHASED.saturating_sub(loud.len());
    if others.len() > more {
        others.select_nth_unstable_by(more, |a, b| a.0.louder(&b.0).then(a.1.cmp(&b.1)));
        others.truncate(more);
    }
    loud.append(&mut others);
    let tried = loud.len() as f64;
    loud.sort_unstable_by(|a, b| a.1.cmp(&b.1).then(a.0.louder(&b.0)));
    let mut guesses = Vec::new();
    for group in loud.chunk_by(|a, b| a.1 == b.1) {
        let lie = &lies[group[0].1];
        let ranks = reader.rank(&sky.ring(&carrier.ring, lie), carrier, group.iter().map(|(loud, _)| *loud));
        let guess = |rank: Rank| Guess { lie: rank.turn.undone(lie), variant: rank.variant, fit: rank.fit };
        guesses.extend(ranks.into_iter().take(OF_EACH).map(guess));
    }
    (guesses, tried)
}

fn scale_step(sky: &Sky, side: f64) -> f64 {
    (STEP_CYCLES * side / (31.0 * 0.5 * sky.long())).clamp(0.001, 0.02)
}

fn scaled(lie: &Lie, by: f64) -> Lie {
    Lie { xx: lie.xx * by, xy: lie.xy * by, yx: lie.yx * by, yy: lie.yy * by }
}

/// Tiles at every angle, flipped or not, and stretched ones, `lies` by their power: the best guesses by phases, and how many were tried.
pub fn turned(sky: &mut Sky, reader: &mut Reader, carrier: &Carrier, lies: &[Lie]) -> (Vec<Guess>, f64) {
    let (mut guesses, tried) = if let [only] = &carrier.variants[..] {
        // Powers are the same after half a turn; the phases are not.
        let either = |lie: &Lie| {
            let both = [*lie, lie.half_turned()].map(|lie| Guess { lie, variant: 0, fit: sky.fit(only, &lie) });
            both.into_iter().max_by(|a, b| a.fit.total_cmp(&b.fit))
        };
        (lies.iter().filter_map(either).collect(), 2.0 * lies.len() as f64)
    } else {
        // The ring is the same after quarter turns and flips too.
        by_phases(sky, reader, carrier, lies, &Turn::ALL)
    };
    best_first(&mut guesses);
    (guesses, tried)
}

/// Lies at which the carrier's frequencies stand out, best first: those of the pilot, and of a key with many patterns those of the ring,
/// which are the same for all such keys. Power says nothing of phases, so this choice makes no pilot more likely.
pub fn by_power(sky: &Sky, power: &Power, carrier: &Carrier) -> Vec<Lie> {
    let energy = |bins: &[Bin], share: f32| -> Vec<(Bin, f32)> {
        let whole: f32 = bins.iter().map(|bin| bin.shape().powi(2)).sum();
        bins.iter().map(|bin| (*bin, share * bin.shape().powi(2) / whole)).collect()
    };
    let (mut guesses, bins) = if let [only] = &carrier.variants[..] {
        let mut guesses = rotated(sky, power, &only.pilot, 180.0, false);
        guesses.extend(rotated(sky, power, &only.pilot, 180.0, true));
        guesses.extend(stretched(sky, power, &only.pilot));
        let mut bins = energy(&only.pilot, 0.2);
        bins.extend(energy(&carrier.layout(0, 0).bins, 0.8));
        (guesses, bins)
    } else {
        let mut guesses = rotated(sky, power, &carrier.ring, 90.0, false);
        guesses.extend(stretched(sky, power, &carrier.ring));
        (guesses, energy(&carrier.ring, 1.0))
    };
    best_first(&mut guesses);
    guesses.truncate(REFINED);
    for guess in &mut guesses {
        *guess = climb(power, &bins, guess.lie, sky.long());
    }
    best_first(&mut guesses);
    let mut different: Vec<Lie> = Vec::new();
    for guess in guesses {
        if different.iter().all(|one| apart(one, &guess.lie) > 0.003) {
            different.push(guess.lie);
        }
    }
    different
}

/// Sizes that the power search tries, as factors for points in cycles a tile.
fn sizes(sky: &Sky) -> Vec<f64> {
    let (first, last) = ((sky.short() / TILES.end).max(SMALLEST), sky.short() / TILES.start);
    // A picture smaller than a tile has none.
    let count = ((last / first).ln() / SIZE).max(0.0) as usize;
    (0..count).map(|at| first * (SIZE * at as f64).exp()).collect()
}

/// How loud the points are at each place of a table; the least number where nothing was tried. `points` of a row from the given
/// frequencies, `scale` of a place. Of many frequencies every other one chooses the places at which all are looked at.
fn sweep(
    power: &Power,
    bins: &[Bin],
    [rows, columns]: [usize; 2],
    points: impl Fn(usize, &[Bin]) -> Points,
    scale: impl Fn(usize, usize) -> Option<(f32, f32)>,
) -> Vec<f32> {
    let mut fits = vec![f32::MAX; rows * columns];
    let pass = |fits: &mut [f32], bins: &[Bin], least: f32| {
        for (row, line) in fits.chunks_exact_mut(columns).enumerate() {
            let points = points(row, bins);
            for (column, fit) in line.iter_mut().enumerate() {
                let here = if *fit < least { None } else { scale(row, column) };
                *fit = here.map_or(f32::MIN, |scale| power.sum(&points, scale) as f32);
            }
        }
    };
    if bins.len() < MANY {
        pass(&mut fits, bins, f32::MIN);
        return fits;
    }
    let some: Vec<Bin> = bins.iter().copied().step_by(2).collect();
    pass(&mut fits, &some, f32::MIN);
    let mut order: Vec<f32> = fits.iter().copied().filter(|fit| *fit > f32::MIN).collect();
    let place = order.len() / SHORTLIST;
    let least = order.select_nth_unstable_by(place, |a, b| b.total_cmp(a)).1.to_owned();
    pass(&mut fits, bins, least);
    fits
}

/// How many steps of the table are one at this size: of fewer tiles each frequency is as sharp, but nearer to the middle.
fn stride(sky: &Sky, side: f64) -> usize {
    match sky.long() / side {
        ..1.6 => 4,
        ..3.2 => 2,
        _ => 1,
    }
}

/// Tiles at angles below `degrees`, flipped or not.
fn rotated(sky: &Sky, power: &Power, bins: &[Bin], degrees: f64, flipped: bool) -> Vec<Guess> {
    let sizes = sizes(sky);
    if sizes.is_empty() {
        return Vec::new();
    }
    let flip = if flipped { -1.0f64 } else { 1.0 };
    let turn = |row: usize| (row as f64 * ANGLE).to_radians().sin_cos();
    let points = |row: usize, bins: &[Bin]| {
        let (sine, cosine) = turn(row);
        Points::of(bins.iter().map(|bin| {
            let (x, y) = (flip * f64::from(bin.x), f64::from(bin.y));
            ((cosine * x - sine * y) as f32, (sine * x + cosine * y) as f32)
        }))
    };
    let scale = |row: usize, column: usize| {
        let stride = stride(sky, sizes[column]);
        let scale = power.scale(sizes[column]);
        (row.is_multiple_of(stride) && column.is_multiple_of(stride)).then_some((scale, scale))
    };
    let mut fits = sweep(power, bins, [(degrees / ANGLE) as usize, sizes.len()], points, scale);
    peaks(&mut fits, sizes.len(), REFINED)
        .into_iter()
        .map(|(angle, size, fit)| {
            let (sine, cosine) = turn(angle);
            let step = TILE as f64 / sizes[size];
            // The point of frequency k is (lie transposed) k: columns of the rotation become rows of the lie.
            let lie = Lie { xx: step * flip * cosine, xy: step * flip * sine, yx: -step * sine, yy: step * cosine };
            Guess { lie, variant: 0, fit }
        })
        .collect()
}

/// Upright tiles that are stretched.
fn stretched(sky: &Sky, power: &Power, bins: &[Bin]) -> Vec<Guess> {
    let sizes = sizes(sky);
    if sizes.is_empty() {
        return Vec::new();
    }
    let reach = (STRETCH.ln() / SIZE) as usize;
    let points = |_: usize, bins: &[Bin]| Points::of(bins.iter().map(|bin| (bin.x as f32, bin.y as f32)));
    let scale = |down: usize, across: usize| {
        let stride = stride(sky, sizes[across.min(down)]);
        let near = across.abs_diff(down) <= reach && down.is_multiple_of(stride) && across.is_multiple_of(stride);
        near.then(|| (power.scale(sizes[across]), power.scale(sizes[down])))
    };
    let mut fits = sweep(power, bins, [sizes.len(); 2], points, scale);
    peaks(&mut fits, sizes.len(), REFINED)
        .into_iter()
        .map(|(down, across, fit)| {
            let lie = Lie { xx: TILE as f64 / sizes[across], xy: 0.0, yx: 0.0, yy: TILE as f64 / sizes[down] };
            Guess { lie, variant: 0, fit }
        })
        .collect()
}

/// The highest points of a table, none within two cells of a higher one: row, column, height.
fn peaks(table: &mut [f32], columns: usize, most: usize) -> Vec<(usize, usize, f64)> {
    let rows = table.len() / columns;
    let mut order: Vec<(f32, u32)> =
        table.iter().enumerate().map(|(at, fit)| (*fit, at as u32)).filter(|(fit, _)| *fit > 2.0).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut found: Vec<(usize, usize, f64)> = Vec::new();
    for (fit, at) in order {
        if found.len() == most {
            break;
        }
        let (row, column) = (at as usize / columns, at as usize % columns);
        if found.iter().all(|(r, c, _)| r.abs_diff(row).min(rows - r.abs_diff(row)) > 2 || c.abs_diff(column) > 2) {
            found.push((row, column, f64::from(fit)));
        }
    }
    found
}

/// Moves a lie to where all of the carrier's frequencies stand out most: by size, angle, stretch and shear, in shrinking steps.
fn climb(power: &Power, bins: &[(Bin, f32)], start: Lie, long: f64) -> Guess {
    let mut guess = Guess { lie: start, variant: 0, fit: power.all(bins, &start) };
    let mut step = 1.2 * start.side() / (31.0 * long);
    for _ in 0..5 {
        for [a, b, c, d] in [[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, -1.0, 0.0], [1.0, 0.0, 0.0, -1.0], [0.0, 1.0, 1.0, 0.0]] {
            for sign in [step, -step] {
                for _ in 0..8 {
                    let Lie { xx, xy, yx, yy } = guess.lie;
                    // The change acts on the picture's side: lie times (1 + change).
                    let lie = Lie {
                        xx: xx + sign * (xx * a + xy * c),
                        xy: xy + sign * (xx * b + xy * d),
                        yx: yx + sign * (yx * a + yy * c),
                        yy: yy + sign * (yx * b + yy * d),
                    };
                    let fit = power.all(bins, &lie);
                    if fit <= guess.fit {
                        break;
                    }
                    guess = Guess { lie, fit, ..guess };
                }
            }
        }
        step *= 0.6;
    }
    guess
}

/// How far two lies are from each other, relative to their size.
fn apart(a: &Lie, b: &Lie) -> f64 {
    let largest =
        [a.xx - b.xx, a.xy - b.xy, a.yx - b.yx, a.yy - b.yy].into_iter().fold(0.0, |most: f64, part| most.max(part.abs()));
    largest * a.side() / TILE as f64
}
