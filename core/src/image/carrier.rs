//! Where the bits of a mark live: frequencies of a square tile that is repeated over the whole picture.
//!
//! All lengths are in canonical pixels, of which a tile has 128 in each direction. A ring of frequencies carries energy; a keyed
//! choice of them is the pilot, whose phases a detector knows and finds the tile by, and all others carry the code word.

use crate::error::Result;
use crate::keyed::{Key, Stream};
use crate::payload::{Class, Coder};
use crate::signal::fourier::Square;
use rustfft::num_complex::Complex32;

/// Canonical pixels of a tile's side.
pub const TILE: usize = 128;
/// The ring in cycles a tile: below, pictures are strong and marks are seen; above, codecs and scaling take everything.
const RING: std::ops::RangeInclusive<f32> = 6.0..=31.0;
/// Frequencies of the pilot, in two halves whose signs tell the forms apart.
pub const PILOTS: usize = 64;
/// The pilot's part of the energy.
const PILOT_SHARE: f32 = 0.2;
/// Ways to lay a code word into the ring; the pilot says which one it is.
pub const FORMS: usize = 4;

/// One frequency, in cycles a tile.
#[derive(Debug, Clone, Copy)]
pub struct Bin {
    /// Across.
    pub x: i32,
    /// Down.
    pub y: i32,
}

impl Bin {
    /// Cycles a tile.
    pub fn radius(self) -> f32 {
        ((self.x * self.x + self.y * self.y) as f32).sqrt()
    }

    /// Relative amplitude that the embedder gives to a frequency: equal energy for every octave, but not below 8 cycles.
    pub fn shape(self) -> f32 {
        1.0 / self.radius().max(8.0).sqrt()
    }
}

/// How one form maps chips to the bits of its code word. A frequency has two chips, its real and its imaginary part.
pub struct Form {
    /// What the word carries.
    pub coder: Coder,
    /// The code bit of each chip.
    pub place: Vec<u16>,
    /// +1 or -1 for each chip.
    pub sign: Vec<f32>,
    /// Signs of the pilot's halves.
    pub halves: [f32; 2],
}

/// Everything that a key determines.
pub struct Carrier {
    /// The pilot's frequencies; the first half of them is one half.
    pub pilot: Vec<Bin>,
    /// Unit numbers: the pilot's phases.
    pub phase: Vec<Complex32>,
    /// Frequencies of the code word.
    pub word: Vec<Bin>,
    /// The forms, in the order of the payload's schema.
    pub forms: Vec<Form>,
}

impl Carrier {
    /// Draws the carrier of a key.
    pub fn new(key: &Key) -> Result<Self> {
        let mut bins = ring();
        key.stream("image/bins").shuffle(&mut bins);
        let word = bins.split_off(PILOTS);
        let mut stream = key.stream("image/pilot");
        let phase = bins.iter().map(|_| Complex32::from_polar(1.0, stream.angle() as f32)).collect();
        let classes = [Class::Standard, Class::Standard, Class::Long, Class::Short];
        let forms = classes
            .iter()
            .enumerate()
            .map(|(at, class)| Form::new(key.stream(&format!("image/form/{at}")), *class, 2 * word.len(), at))
            .collect::<Result<_>>()?;
        Ok(Self { pilot: bins, phase, word, forms })
    }

    /// What `read` gives at the pilot's frequencies against its phases, as a grid of `side` x `side` frequencies whose inverse transform
    /// holds, for every shift of the tile, the correlation with the first half in its real and with the second in its imaginary
    /// parts; and the standard deviation of the sum or difference of both in a picture without mark.
    pub fn against_pilot(&self, side: usize, read: impl Fn(Bin) -> Option<Complex32>) -> (Vec<Complex32>, f64) {
        let mut grid = vec![Complex32::default(); side * side];
        let mut squares = 0.0;
        let cell = |x: i32, y: i32| x.rem_euclid(side as i32) as usize * side + y.rem_euclid(side as i32) as usize;
        for (at, (bin, phase)) in self.pilot.iter().zip(&self.phase).enumerate() {
            let Some(value) = read(*bin) else { continue };
            let value = value * phase.conj() * bin.shape();
            squares += f64::from(value.norm_sqr());
            let half = if at < PILOTS / 2 { Complex32::ONE } else { Complex32::I };
            grid[cell(bin.x, bin.y)] = value * half;
            grid[cell(-bin.x, -bin.y)] = value.conj() * half;
        }
        (grid, (2.0 * squares).sqrt().max(1e-9))
    }

    /// The tile of a code word as `side` x `side` samples (128 or a power of two above), mean square 1 where `gain` is all ones.
    /// `gain` weighs the code bits; the energy of the word's frequencies stays the same.
    pub fn tile(&self, form: usize, word: &[bool], gain: &[f32], side: usize) -> Vec<f32> {
        let Form { place, sign, halves, .. } = &self.forms[form];
        let mut grid = vec![Complex32::default(); side * side];
        let mut put = |bin: Bin, value: Complex32| {
            let at = |x: i32, y: i32| x.rem_euclid(side as i32) as usize * side + y.rem_euclid(side as i32) as usize;
            grid[at(bin.x, bin.y)] = value;
            grid[at(-bin.x, -bin.y)] = value.conj();
        };
        // A frequency and its conjugate together have twice the mean square of one squared amplitude.
        let energy = |bins: &[Bin]| bins.iter().map(|bin| 2.0 * bin.shape().powi(2)).sum::<f32>();
        let level = (PILOT_SHARE / energy(&self.pilot)).sqrt();
        for (at, (bin, phase)) in self.pilot.iter().zip(&self.phase).enumerate() {
            put(*bin, phase * (level * bin.shape() * halves[usize::from(at >= PILOTS / 2)]));
        }
        let chip = |at: usize| {
            let bit = usize::from(place[at]);
            sign[at] * gain[bit] * if word[bit] { -1.0 } else { 1.0 } * std::f32::consts::FRAC_1_SQRT_2
        };
        let values: Vec<Complex32> =
            self.word.iter().enumerate().map(|(at, bin)| Complex32::new(chip(2 * at), chip(2 * at + 1)) * bin.shape()).collect();
        let spent: f32 = values.iter().map(|value| 2.0 * value.norm_sqr()).sum();
        let level = ((1.0 - PILOT_SHARE) / spent.max(f32::MIN_POSITIVE)).sqrt();
        self.word.iter().zip(&values).for_each(|(bin, value)| put(*bin, value * level));
        Square::new(side).inverse_turned(&mut grid);
        grid.iter().map(|value| value.re).collect()
    }
}

impl Form {
    fn new(mut stream: Stream, class: Class, chips: usize, at: usize) -> Result<Self> {
        let coder = Coder::new(class)?;
        let mut place = Vec::with_capacity(chips);
        while place.len() < chips {
            let mut round: Vec<u16> = (0..coder.length() as u16).collect();
            stream.shuffle(&mut round);
            place.extend(round);
        }
        place.truncate(chips);
        let sign = (0..chips).map(|_| stream.sign()).collect();
        let halves = [if at & 1 == 0 { 1.0 } else { -1.0 }, if at & 2 == 0 { 1.0 } else { -1.0 }];
        Ok(Self { coder, place, sign, halves })
    }
}

/// The ring's frequencies without their conjugates.
fn ring() -> Vec<Bin> {
    let reach = RING.end().ceil() as i32;
    let all = (-reach..=reach).flat_map(|y| (0..=reach).map(move |x| Bin { x, y }));
    all.filter(|bin| (bin.x > 0 || bin.y > 0) && RING.contains(&bin.radius())).collect()
}
