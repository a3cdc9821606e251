//! Where the bits of a mark live: frequencies of a square tile that is repeated over the whole picture.
//!
//! All lengths are in canonical pixels, of which a tile has 128 in each direction. A ring of frequencies carries energy; a keyed
//! choice of them is the pilot, whose phases a detector knows and finds the tile by, and all others carry the code word. A private key
//! has many such patterns and marks each picture with one of them, so that the mean of many pictures shows none.

use crate::error::Result;
use crate::keyed::{Key, Stream};
use crate::payload::{Class, Coder};
use crate::signal::fourier::Square;
use rustfft::num_complex::Complex32;
use std::borrow::Cow;

/// Canonical pixels of a tile's side.
pub const TILE: usize = 128;
/// The ring in cycles a tile: below, pictures are strong and marks are seen; above, codecs and scaling take everything.
const RING: std::ops::RangeInclusive<f32> = 6.0..=27.0;
/// Frequencies of the pilot, every other one of one of two halves, whose signs tell the forms apart.
pub const PILOTS: usize = 64;
/// The pilot's part of the energy: of a key with one pattern, and of a key with many, among which the pilot has to stand out.
const PILOT_SHARE: [f32; 2] = [0.2, 0.26];
/// Ways to lay a code word into the ring; the pilot says which one it is.
pub const FORMS: usize = 4;
/// What the word of each form carries.
pub const CLASSES: [Class; FORMS] = [Class::Standard, Class::Standard, Class::Long, Class::Short];
/// Patterns of a private key. The public key has one: it hides nothing.
const VARIANTS: u32 = 256;

/// How many patterns a key has.
pub fn variants(key: &Key) -> u32 {
    if key.is_public() { 1 } else { VARIANTS }
}

/// Signs of the pilot's halves in a form.
pub fn halves(form: usize) -> [f32; 2] {
    [if form & 1 == 0 { 1.0 } else { -1.0 }, if form & 2 == 0 { 1.0 } else { -1.0 }]
}

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

/// How one form of one pattern maps chips to the bits of its code word. A frequency has two chips, its real and its imaginary part.
#[derive(Clone)]
pub struct Layout {
    /// Frequencies of the code word.
    pub bins: Vec<Bin>,
    /// The code bit of each chip.
    pub place: Vec<u16>,
    /// +1 or -1 for each chip.
    pub sign: Vec<f32>,
    /// Signs of the pilot's halves.
    pub halves: [f32; 2],
}

/// The pilot of one pattern of a key.
pub struct Variant {
    /// The pilot's frequencies, from low to high; every other one is of one half.
    pub pilot: Vec<Bin>,
    /// Unit numbers: the pilot's phases.
    pub phase: Vec<Complex32>,
    /// The pilot's part of the energy.
    share: f32,
    number: u32,
}

/// Everything that a key determines.
pub struct Carrier {
    key: Key,
    /// The patterns.
    pub variants: Vec<Variant>,
    /// All frequencies of the ring, without their conjugates.
    pub ring: Vec<Bin>,
    coders: Vec<Coder>,
    /// Layouts of the only pattern, where there is one, by form.
    ready: Vec<Layout>,
}

impl Carrier {
    /// Draws the pilots of all patterns of a key.
    pub fn new(key: &Key) -> Result<Self> {
        Self::of(key, 0..variants(key))
    }

    /// Draws the pilots of some patterns of a key; they are numbered anew from 0.
    pub fn of(key: &Key, numbers: std::ops::Range<u32>) -> Result<Self> {
        let ring = ring();
        let variants = numbers.map(|number| Variant::new(key, number, &ring).0).collect();
        let coders = CLASSES.iter().map(|class| Coder::new(*class)).collect::<Result<_>>()?;
        let mut carrier = Self { key: key.clone(), variants, ring, coders, ready: Vec::new() };
        if let [only] = &carrier.variants[..] {
            carrier.ready = (0..FORMS).map(|form| carrier.drawn(only, form)).collect();
        }
        Ok(carrier)
    }

    /// What the word of a form carries.
    pub fn coder(&self, form: usize) -> &Coder {
        &self.coders[form]
    }

    /// How a form of a pattern lays its word.
    pub fn layout(&self, variant: usize, form: usize) -> Cow<'_, Layout> {
        match self.ready.get(form) {
            Some(ready) => Cow::Borrowed(ready),
            None => Cow::Owned(self.drawn(&self.variants[variant], form)),
        }
    }

    fn drawn(&self, variant: &Variant, form: usize) -> Layout {
        let (_, bins) = Variant::new(&self.key, variant.number, &self.ring);
        let stream = self.key.stream(&format!("image/form/{form}/{}", variant.number));
        Layout::new(stream, bins, self.coders[form].length(), form)
    }
}

impl Variant {
    /// The pilot, one frequency of each of as many groups of like radius, so that no pilot is luckier than others; and all other
    /// frequencies of the ring.
    fn new(key: &Key, number: u32, ring: &[Bin]) -> (Self, Vec<Bin>) {
        let mut stream = key.stream(&format!("image/pilot/{number}"));
        let (mut pilot, mut rest) = (Vec::with_capacity(PILOTS), Vec::with_capacity(ring.len()));
        for group in 0..PILOTS {
            let group = &ring[group * ring.len() / PILOTS..(group + 1) * ring.len() / PILOTS];
            let chosen = stream.below(group.len() as u32) as usize;
            pilot.push(group[chosen]);
            rest.extend_from_slice(&group[..chosen]);
            rest.extend_from_slice(&group[chosen + 1..]);
        }
        let phase = pilot.iter().map(|_| Complex32::from_polar(1.0, stream.angle() as f32)).collect();
        (Self { pilot, phase, share: PILOT_SHARE[usize::from(!key.is_public())], number }, rest)
    }

    /// What `read` gives at the pilot's frequencies against its phases, as a grid of `side` x `side` frequencies whose inverse transform
    /// holds, for every shift of the tile, the correlation with the first half in its real and with the second in its imaginary
    /// parts; and the standard deviation of the sum or difference of both in a picture without mark. `grid` is overwritten.
    pub fn against(&self, grid: &mut Vec<Complex32>, side: usize, read: impl Fn(Bin) -> Option<Complex32>) -> f64 {
        grid.clear();
        grid.resize(side * side, Complex32::default());
        let mut squares = 0.0;
        let cell = |x: i32, y: i32| x.rem_euclid(side as i32) as usize * side + y.rem_euclid(side as i32) as usize;
        for (at, (bin, phase)) in self.pilot.iter().zip(&self.phase).enumerate() {
            let Some(value) = read(*bin) else { continue };
            let value = value * phase.conj() * bin.shape();
            squares += f64::from(value.norm_sqr());
            let half = [Complex32::ONE, Complex32::I][at % 2];
            grid[cell(bin.x, bin.y)] = value * half;
            grid[cell(-bin.x, -bin.y)] = value.conj() * half;
        }
        (2.0 * squares).sqrt().max(1e-9)
    }

    /// The tile of a code word as `side` x `side` samples (128 or a power of two above), mean square 1 where `gain` is all ones.
    /// `gain` weighs the code bits; the energy of the word's frequencies stays the same.
    pub fn tile(&self, layout: &Layout, word: &[bool], gain: &[f32], side: usize) -> Vec<f32> {
        let Layout { bins, place, sign, halves } = layout;
        let mut grid = vec![Complex32::default(); side * side];
        let mut put = |bin: Bin, value: Complex32| {
            let at = |x: i32, y: i32| x.rem_euclid(side as i32) as usize * side + y.rem_euclid(side as i32) as usize;
            grid[at(bin.x, bin.y)] = value;
            grid[at(-bin.x, -bin.y)] = value.conj();
        };
        // A frequency and its conjugate together have twice the mean square of one squared amplitude.
        let energy = |bins: &[Bin]| bins.iter().map(|bin| 2.0 * bin.shape().powi(2)).sum::<f32>();
        let level = (self.share / energy(&self.pilot)).sqrt();
        for (at, (bin, phase)) in self.pilot.iter().zip(&self.phase).enumerate() {
            put(*bin, phase * (level * bin.shape() * halves[at % 2]));
        }
        let chip = |at: usize| {
            let bit = usize::from(place[at]);
            sign[at] * gain[bit] * if word[bit] { -1.0 } else { 1.0 } * std::f32::consts::FRAC_1_SQRT_2
        };
        let values: Vec<Complex32> =
            bins.iter().enumerate().map(|(at, bin)| Complex32::new(chip(2 * at), chip(2 * at + 1)) * bin.shape()).collect();
        let spent: f32 = values.iter().map(|value| 2.0 * value.norm_sqr()).sum();
        let level = ((1.0 - self.share) / spent.max(f32::MIN_POSITIVE)).sqrt();
        bins.iter().zip(&values).for_each(|(bin, value)| put(*bin, value * level));
        Square::new(side).inverse_turned(&mut grid);
        grid.iter().map(|value| value.re).collect()
    }
}

impl Layout {
    fn new(mut stream: Stream, bins: Vec<Bin>, length: usize, form: usize) -> Self {
        let chips = 2 * bins.len();
        let mut place = Vec::with_capacity(chips + length);
        while place.len() < chips {
            let mut round: Vec<u16> = (0..length as u16).collect();
            stream.shuffle(&mut round);
            place.extend(round);
        }
        place.truncate(chips);
        let sign = (0..chips).map(|_| stream.sign()).collect();
        Self { bins, place, sign, halves: halves(form) }
    }
}

/// The ring's frequencies without their conjugates, from low to high; those of one radius from top to bottom, then from left to right.
fn ring() -> Vec<Bin> {
    let reach = RING.end().ceil() as i32;
    let all = (-reach..=reach).flat_map(|y| (0..=reach).map(move |x| Bin { x, y }));
    let mut ring: Vec<Bin> = all.filter(|bin| (bin.x > 0 || bin.y > 0) && RING.contains(&bin.radius())).collect();
    ring.sort_by_key(|bin| bin.x * bin.x + bin.y * bin.y);
    ring
}
