//! The spectrum of a folded tile, and what a carrier reads from it: the pilot, then the soft bits of the code word.

use super::carrier::{Bin, Carrier, FORMS, Layout, TILE, Variant, halves};
use super::fold::{CELLS, Lie};
use crate::signal::fourier::Square;
use crate::stats::tail::{phased_sum, together};
use rustfft::num_complex::Complex32;

/// Frequencies that are kept: -REACH to REACH - 1 in both directions.
const REACH: i32 = 32;
const SIDE: usize = 2 * REACH as usize;
/// Largest size of a frequency, in units of its ring's strength: a picture's own pattern must not outvote all others.
const CLIP: f32 = 3.0;

/// How the tile is turned in the picture: a flip or a quarter turn, as a matrix of -1, 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn(pub [i32; 4]);

impl Turn {
    /// As it was.
    pub const NONE: Turn = Turn([1, 0, 0, 1]);
    /// All eight, the likeliest first.
    pub const ALL: [Turn; 8] = [
        Turn::NONE,
        Turn([-1, 0, 0, 1]),
        Turn([0, -1, 1, 0]),
        Turn([0, 1, -1, 0]),
        Turn([-1, 0, 0, -1]),
        Turn([1, 0, 0, -1]),
        Turn([0, 1, 1, 0]),
        Turn([0, -1, -1, 0]),
    ];

    fn bin(self, bin: Bin) -> Bin {
        let Turn([a, b, c, d]) = self;
        Bin { x: a * bin.x + b * bin.y, y: c * bin.x + d * bin.y }
    }

    /// The lie of the tile that is turned so in `lie`: the map to canonical pixels is first the lie, then the turn undone (the inverse of
    /// a turn is its transpose).
    pub fn undone(self, lie: &Lie) -> Lie {
        let [a, b, c, d] = self.0.map(f64::from);
        Lie { xx: a * lie.xx + c * lie.yx, xy: a * lie.xy + c * lie.yy, yx: b * lie.xx + d * lie.yx, yy: b * lie.xy + d * lie.yy }
    }
}

/// A folded tile's frequencies, each ring scaled to mean square 1.
pub struct Spectrum {
    values: Vec<Complex32>,
}

/// Where the pilot was found.
#[derive(Debug, Clone, Copy)]
pub struct Pilot {
    /// Which of the key's patterns it is of.
    pub variant: usize,
    /// How the tile is turned.
    pub turn: Turn,
    /// Canonical pixels from the fold's origin to the tile's, right and down.
    pub shift: [f64; 2],
    /// Which form the pilot's halves say.
    pub form: usize,
    /// Height of the peak in standard deviations of a picture without mark.
    pub score: f64,
    /// ln of the chance of such a height at one place and form, over the pilot's phases.
    pub chance: f64,
}

impl Pilot {
    /// An upright pilot that is known to lie there.
    pub fn at(variant: usize, shift: [f64; 2], form: usize) -> Self {
        Self { variant, turn: Turn::NONE, shift, form, score: 0.0, chance: 0.0 }
    }
}

/// A pattern and a turn of it, and how loud its frequencies are.
#[derive(Debug, Clone, Copy)]
pub struct Loud {
    loudness: f32,
    variant: usize,
    turn: Turn,
}

impl Loud {
    /// The loudest first; of equals the first pattern.
    pub fn louder(&self, other: &Self) -> std::cmp::Ordering {
        other.loudness.total_cmp(&self.loudness).then(self.variant.cmp(&other.variant))
    }
}

/// A pattern and a turn of it, and how high its pilot stands, in standard deviations.
#[derive(Debug, Clone, Copy)]
pub struct Rank {
    /// Which of the key's patterns.
    pub variant: usize,
    /// How it is turned.
    pub turn: Turn,
    /// Height of the pilot's peak on the coarse grid of shifts.
    pub fit: f64,
}

/// The code word's soft bits, and what is needed to judge them.
pub struct Soft {
    /// One for each code bit, positive for 0.
    pub bits: Vec<f32>,
    /// Standard deviation of the sum of all bits under random signs.
    pub spread: f64,
    /// ln of how much likelier the chips are with a word, whatever it says, than without (`together`).
    pub agreement: f64,
}

impl Soft {
    /// How far the bits speak for a code word, in standard deviations of what they say under random signs.
    pub fn height(&self, word: &[bool]) -> f64 {
        let agreed: f64 = self.bits.iter().zip(word).map(|(soft, bit)| f64::from(if *bit { -soft } else { *soft })).sum();
        agreed / self.spread
    }
}

/// The transforms that reading needs; made once for a picture.
pub struct Reader {
    cells: Square,
    shifts: Square,
    coarse: Square,
    grid: Vec<Complex32>,
}

/// Grid of shifts that are looked at: every canonical pixel; for a choice among many patterns every second one.
const SHIFTS: usize = TILE;
const COARSE: usize = TILE / 2;
/// Patterns and turns of many that are looked at on the fine grid.
const FINE: usize = 48;
/// Power of a frequency beyond which it is no louder, in units of its surroundings.
const LOUDEST: f32 = 6.0;
/// How much more of a mark's energy a frequency of the pilot has than another, less 1.
const PILOT_MORE: f32 = 4.0;
/// Peaks of one pattern and turn, of many.
const PEAKS: usize = 2;

impl Reader {
    /// Plans the transforms.
    pub fn new() -> Self {
        Self { cells: Square::new(CELLS), shifts: Square::new(SHIFTS), coarse: Square::new(COARSE), grid: Vec::new() }
    }

    /// Shifts and forms that `pilots` looks at for one pattern and turn.
    pub const LOOKS: f64 = (SHIFTS * SHIFTS * FORMS) as f64;

    /// How many patterns and turns `search` looks at by phases, the others' frequencies being too weak: of one pattern all turns, of many
    /// patterns three quarters, of many turns of many patterns the loudest quarter.
    pub fn ranked(carrier: &Carrier, turns: usize) -> usize {
        let pairs = carrier.variants.len() * turns;
        match (carrier.variants.len(), turns) {
            (1, _) => pairs,
            (_, 1) => 3 * pairs / 4,
            _ => pairs.div_ceil(4),
        }
    }

    /// Transforms and evens out a folded tile.
    pub fn spectrum(&mut self, mut folded: Vec<Complex32>) -> Spectrum {
        self.cells.forward_turned(&mut folded);
        let mut values = vec![Complex32::default(); SIDE * SIDE];
        for y in -REACH..REACH {
            for x in -REACH..REACH {
                // Cells hold samples of half a canonical pixel around their centre, a quarter pixel from their corner.
                let angle = -std::f32::consts::TAU * (x + y) as f32 * 0.5 / CELLS as f32;
                let at = x.rem_euclid(CELLS as i32) as usize * CELLS + y.rem_euclid(CELLS as i32) as usize;
                values[place(Bin { x, y })] = folded[at] * Complex32::from_polar(1.0, angle);
            }
        }
        even_out(&mut values);
        Spectrum { values }
    }

    /// Patterns and turns by the height of their pilots, best first.
    pub fn rank(&mut self, spectrum: &Spectrum, carrier: &Carrier, among: impl Iterator<Item = Loud>) -> Vec<Rank> {
        let mut ranks: Vec<Rank> = Vec::new();
        for Loud { variant, turn, .. } in among {
            let spread = carrier.variants[variant].against(&mut self.grid, COARSE, |bin| Some(spectrum.at(turn.bin(bin))));
            self.coarse.inverse_turned(&mut self.grid);
            ranks.push(Rank { variant, turn, fit: f64::from(tallest(&self.grid)) / spread });
        }
        ranks.sort_by(|a, b| b.fit.total_cmp(&a.fit));
        ranks
    }

    /// The pilot's best places among the patterns and `turns`, best first, at most `most`.
    pub fn search(&mut self, spectrum: &Spectrum, carrier: &Carrier, turns: &[Turn], most: usize) -> Vec<Pilot> {
        let (pairs, peaks): (Vec<(usize, Turn)>, usize) = if carrier.variants.len() == 1 {
            (turns.iter().map(|turn| (0, *turn)).collect(), most)
        } else {
            // Powers say nothing of phases, so that this choice makes no pilot more likely.
            let mut loud = spectrum.loudness(carrier, turns);
            loud.sort_unstable_by(Loud::louder);
            let ranks = self.rank(spectrum, carrier, loud.into_iter().take(Self::ranked(carrier, turns.len())));
            (ranks.into_iter().take(FINE).map(|rank| (rank.variant, rank.turn)).collect(), PEAKS)
        };
        let mut found: Vec<Pilot> =
            pairs.into_iter().flat_map(|(variant, turn)| self.pilots(spectrum, carrier, variant, turn, peaks)).collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(most);
        found
    }

    /// The best places of one pattern's pilot at one turn, at most `most`, at different shifts.
    pub fn pilots(&mut self, spectrum: &Spectrum, carrier: &Carrier, variant: usize, turn: Turn, most: usize) -> Vec<Pilot> {
        let pattern = &carrier.variants[variant];
        let spread = pattern.against(&mut self.grid, SHIFTS, |bin| Some(spectrum.at(turn.bin(bin))));
        // A shift s of the tile turns frequency k by exp(-2 pi i k s / TILE), so the peak of the sum of exp(+...) lies at s.
        self.shifts.inverse_turned(&mut self.grid);
        let grid = &self.grid;
        let sizes: Vec<f64> =
            pattern.pilot.iter().map(|bin| f64::from(spectrum.at(turn.bin(*bin)).norm() * bin.shape())).collect();
        let mut heights: Vec<f32> = grid.iter().map(|value| value.re.abs() + value.im.abs()).collect();
        let mut found: Vec<Pilot> = Vec::with_capacity(most);
        for _ in 0..most {
            let at = highest(&heights);
            let (x, y) = (at % SHIFTS, at / SHIFTS);
            let beside = |dx: usize, dy: usize| heights[(y + dy) % SHIFTS * SHIFTS + (x + dx) % SHIFTS];
            let form = (0..FORMS).find(|form| {
                let [a, b] = halves(*form);
                a * grid[at].re >= 0.0 && b * grid[at].im >= 0.0
            });
            let here = beside(0, 0);
            let (right, left, below, above) = (beside(1, 0), beside(SHIFTS - 1, 0), beside(0, 1), beside(0, SHIFTS - 1));
            let score = f64::from(here) / spread;
            found.push(Pilot {
                variant,
                turn,
                shift: [x as f64 + peak(left, here, right), y as f64 + peak(above, here, below)],
                form: form.unwrap_or(0),
                score,
                chance: phased_sum(&sizes, score),
            });
            for dy in 0..5 {
                for dx in 0..5 {
                    heights[(y + dy + SHIFTS - 2) % SHIFTS * SHIFTS + (x + dx + SHIFTS - 2) % SHIFTS] = 0.0;
                }
            }
        }
        found
    }
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Spectrum {
    /// A spectrum that `read` gives for a ring of frequencies without their conjugates; what it does not know is nothing.
    pub fn of(ring: &[Bin], read: impl Fn(Bin) -> Option<Complex32>) -> Self {
        let mut values = vec![Complex32::default(); SIDE * SIDE];
        for bin in ring {
            let value = read(*bin).unwrap_or_default();
            values[place(*bin)] = value;
            values[place(Bin { x: -bin.x, y: -bin.y })] = value.conj();
        }
        Self { values }
    }

    fn at(&self, bin: Bin) -> Complex32 {
        self.values[place(bin)]
    }

    /// How loud the frequencies of every pattern and turn are: the power of the ring and, as much more as it has of a mark's energy, of
    /// the pilot, above what a picture has without a mark, in standard deviations of the ring.
    pub fn loudness(&self, carrier: &Carrier, turns: &[Turn]) -> Vec<Loud> {
        let (mut whole, mut count) = (0.0f32, 0.0f32);
        let excess: Vec<f32> =
            self.values.iter().map(|value| if value.re == 0.0 { 0.0 } else { value.norm_sqr().min(LOUDEST) - 1.0 }).collect();
        for bin in &carrier.ring {
            let here = excess[place(*bin)];
            whole += here;
            count += f32::from(u8::from(here != 0.0));
        }
        let part = 1.0 / count.max(1.0).sqrt();
        let mut turned = vec![0.0f32; SIDE * SIDE];
        let mut all = Vec::with_capacity(carrier.variants.len() * turns.len());
        for turn in turns {
            for bin in &carrier.ring {
                turned[place(*bin)] = excess[place(turn.bin(*bin))];
            }
            all.extend(carrier.variants.iter().enumerate().map(|(variant, pattern)| {
                let pilot: f32 = pattern.pilot.iter().map(|bin| turned[place(*bin)]).sum();
                Loud { loudness: part * (whole + PILOT_MORE * pilot), variant, turn: *turn }
            }));
        }
        all
    }

    /// Reads the code word where the pilot says it lies. Chips count by how much of the pilot came through at their radius.
    pub fn soft(&self, variant: &Variant, layout: &Layout, length: usize, pilot: &Pilot) -> Soft {
        // A frequency of the tile with the pilot's turn and shift undone: a factor for each direction.
        let factors = pilot.shift.map(|shift| {
            let step = std::f64::consts::TAU * shift / TILE as f64;
            std::array::from_fn::<_, SIDE, _>(|at| Complex32::from_polar(1.0, (step * (at as f64 - f64::from(REACH))) as f32))
        });
        let factor = |side: usize, at: i32| factors[side][(at + REACH) as usize];
        let undone = |bin: Bin| self.at(pilot.turn.bin(bin)) * (factor(0, bin.x) * factor(1, bin.y));
        let gains: Vec<(f32, f32)> = variant
            .pilot
            .iter()
            .zip(&variant.phase)
            .enumerate()
            .map(|(at, (bin, phase))| {
                let value = undone(*bin) * phase.conj() * layout.halves[at % 2];
                (bin.radius(), value.re)
            })
            .collect();
        let mean = gains.iter().map(|(_, gain)| gain).sum::<f32>() / gains.len() as f32;
        let curve = parabola(&gains);
        let (mut bits, mut parts) = (vec![0.0f32; length], vec![0.0f32; layout.sign.len()]);
        for (at, bin) in layout.bins.iter().enumerate() {
            let weight = curve(bin.radius()).max(0.05 * mean.abs());
            let value = undone(*bin) * weight;
            for (chip, part) in [(2 * at, value.re), (2 * at + 1, value.im)] {
                bits[usize::from(layout.place[chip])] += layout.sign[chip] * part;
                parts[chip] = part;
            }
        }
        let spread = parts.iter().map(|part| f64::from(*part).powi(2)).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        let agreement = together(&bits, &parts);
        Soft { bits, spread, agreement }
    }
}

/// The largest sum of an absolute real and imaginary part, of a whole number of 8.
pub fn tallest(grid: &[Complex32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    for part in grid.chunks_exact(8) {
        for (most, value) in lanes.iter_mut().zip(part) {
            let height = value.re.abs() + value.im.abs();
            *most = if height > *most { height } else { *most };
        }
    }
    lanes.iter().fold(0.0f32, |most, value| most.max(*value))
}

/// Where the largest number stands. In two passes, the first over rows without branches, which a processor does eight at a time.
fn highest(heights: &[f32]) -> usize {
    const ROW: usize = SHIFTS;
    let most = |row: &[f32]| {
        let mut lanes = [0.0f32; 16];
        for part in row.chunks_exact(16) {
            lanes.iter_mut().zip(part).for_each(|(most, value)| *most = if *value > *most { *value } else { *most });
        }
        lanes.iter().fold(0.0f32, |most, value| most.max(*value))
    };
    let (mut best, mut best_row) = (-1.0, 0);
    for (at, row) in heights.chunks_exact(ROW).enumerate() {
        let here = most(row);
        if here > best {
            (best, best_row) = (here, at);
        }
    }
    let row = &heights[best_row * ROW..][..ROW];
    best_row * ROW + row.iter().position(|value| *value == best).unwrap_or(0)
}

fn place(bin: Bin) -> usize {
    (bin.y + REACH) as usize * SIDE + (bin.x + REACH) as usize
}

/// Divides every frequency by the strength of its ring, a mean over five radii, and clips what stands out.
fn even_out(values: &mut [Complex32]) {
    const RADII: usize = 2 * REACH as usize;
    let radius = |at: usize| Bin { x: (at % SIDE) as i32 - REACH, y: (at / SIDE) as i32 - REACH }.radius().round() as usize;
    let (mut squares, mut counts) = ([0.0f64; RADII], [0.0f64; RADII]);
    for (at, value) in values.iter().enumerate() {
        squares[radius(at)] += f64::from(value.norm_sqr());
        counts[radius(at)] += 1.0;
    }
    let rms: Vec<f64> = (0..RADII).map(|at| (squares[at] / f64::max(counts[at], 1.0)).sqrt()).collect();
    for (at, value) in values.iter_mut().enumerate() {
        let here = radius(at);
        let around = here.saturating_sub(2)..=(here + 2).min(RADII - 1);
        let strength = around.clone().map(|at| rms[at]).sum::<f64>() / around.count() as f64;
        *value *= (1.0 / strength.max(1e-9)) as f32;
        let size = value.norm();
        if size > CLIP {
            *value *= CLIP / size;
        }
    }
}

/// Where between its neighbours a peak lies, -0.5..0.5: the vertex of the parabola through the three.
fn peak(before: f32, here: f32, after: f32) -> f64 {
    let bend = f64::from(before - 2.0 * here + after);
    if bend >= -1e-12 { 0.0 } else { (0.5 * f64::from(before - after) / bend).clamp(-0.5, 0.5) }
}

/// The parabola nearest to the points, by least squares; beyond the outermost points it stays as at them.
fn parabola(points: &[(f32, f32)]) -> impl Fn(f32) -> f32 + use<> {
    let (low, high) = points.iter().fold((f32::MAX, f32::MIN), |(low, high), (x, _)| (low.min(*x), high.max(*x)));
    // Abscissas from -1 to 1 keep the normal equations well conditioned.
    let (middle, half) = (f64::from(low + high) / 2.0, (f64::from(high - low) / 2.0).max(1e-6));
    let mut rows = [[0.0f64; 4]; 3];
    for (x, y) in points {
        let t = (f64::from(*x) - middle) / half;
        let powers = [1.0, t, t * t];
        for (row, a) in rows.iter_mut().zip(powers) {
            row.iter_mut().zip(powers).for_each(|(sum, b)| *sum += a * b);
            row[3] += a * f64::from(*y);
        }
    }
    for pivot in 0..3 {
        let lead = rows[pivot][pivot];
        let lead = if lead.abs() < 1e-9 { 1e-9 } else { lead };
        rows[pivot].iter_mut().for_each(|value| *value /= lead);
        let row = rows[pivot];
        for (at, other) in rows.iter_mut().enumerate() {
            if at != pivot {
                let factor = other[pivot];
                other.iter_mut().zip(row).for_each(|(value, part)| *value -= factor * part);
            }
        }
    }
    let [a, b, c] = [rows[0][3], rows[1][3], rows[2][3]];
    move |x: f32| {
        let t = ((f64::from(x.clamp(low, high)) - middle) / half).clamp(-1.0, 1.0);
        (a + t * (b + t * c)) as f32
    }
}
