//! Puts a mark into a sound as it comes.
//!
//! Informed spread spectrum (Cox, Miller and Bloom's term): every 48 ms the gains of four slots are chosen in rounds, each of
//! which measures by the detector's own front end how far every code bit and the sync have come, and pushes those that
//! are behind. Bits that the sound already speaks for cost nothing.

use super::bytes;
use super::carrier::{BANDS, BLOCKS, RATE, SLOT, SLOTS};
use super::grid::{self, Analyser, BINS, Energies, FRAME};
use super::loudness::{Quiet, Row, contrast, decibels, factor, spread_back};
use super::mask::{AROUND, Mask};
use super::plan::{Aim, Options, Report};
use super::quality::NoiseToMask;
use super::shape::{HOP, Shaper};
use crate::error::{Error, Result};
use crate::signal::rate::Rate;
use rustfft::num_complex::Complex32;
use std::collections::VecDeque;

/// Slots that are decided together.
const STEP: usize = 4;
/// Slots behind them that have to be known.
const AHEAD: usize = AROUND;
/// Rounds of measuring and pushing.
const ROUNDS: usize = 8;
/// How far a code bit is pushed, in standard deviations of what it is made of.
const AIM: f32 = 12.0;
/// The same for the sync as a whole.
const AIM_SYNC: f32 = 150.0;
/// Part of what is missing that a round adds to the push.
const PUSH: f32 = 0.35;
/// Gain of a cell for its share in the push.
const GAIN: f32 = 2.0;
/// What remains of the sums after a step: a memory of about two seconds.
const KEEP: f32 = 0.975;
/// Slots from which the noise floor and the mean energy are taken: 5 s.
const MEMORY: usize = 416;
/// Strength before anything was measured, dB of amplitude, and its range.
const STRENGTH: f32 = -16.0;
const STRENGTHS: std::ops::RangeInclusive<f32> = -32.0..=0.0;
/// What of a steady second's savings is added to what is allowed now.
const SPEND: f64 = 0.5;
/// Samples of silence before the first.
const BEFORE: usize = FRAME;

/// Marks a sound piece by piece; what comes out, put together, does not depend on how the sound was cut.
pub struct Embedder {
    aim: Aim,
    bands: usize,
    channels: Vec<Channel>,
    /// Input that waits for its difference, interleaved.
    waiting: VecDeque<f32>,
    /// For every cell of all blocks: the number of its sum, and the wanted sign.
    wanted: Vec<(u16, f32)>,
    /// Where in them the sound begins, in slots.
    start: usize,
    mask: Mask,
    analyser: Analyser,
    shaper: Shaper,
    /// Slots that are decided.
    decided: usize,
    /// Energies of the sound's slots, from slot `oldest` on.
    energies: Vec<Energies>,
    oldest: usize,
    quiet: Quiet,
    /// Gains of the last decided slot, and the levels of the last two as they are now.
    last: Row,
    levels: [Row; 2],
    /// For each code bit, and then the sync: what has been reached, and its variance.
    reached: Vec<[f32; 2]>,
    strength: f32,
    tally: Tally,
    made: Vec<f32>,
    finished: bool,
}

/// What was measured so far.
#[derive(Default)]
struct Tally {
    /// Frames of input.
    taken: u64,
    /// Energy of the sound times the allowed ratio, and of the difference, both at 16 kHz.
    earned: f64,
    spent: f64,
    /// The same of the last seconds.
    lately: [f64; 2],
    /// Energies at the input's rate.
    sound: f64,
    difference: f64,
    /// The mark as a whole: agreement and its variance.
    mark: [f64; 2],
    nmr: NoiseToMask,
}

struct Channel {
    down: Rate,
    up: Rate,
    /// Samples at 16 kHz from sample `first` on, and the difference of the same samples.
    host: Vec<f32>,
    difference: Vec<f32>,
    first: i64,
    spectra: Vec<Complex32>,
    /// The difference of the step in work, from its first frame on.
    step: Vec<f32>,
    /// The difference at the input's rate.
    ready: VecDeque<f32>,
}

impl Channel {
    fn part(of: &[f32], first: i64, from: i64, length: usize) -> &[f32] {
        &of[(from - first) as usize..][..length]
    }
}

impl Embedder {
    /// An embedder for one sound.
    pub fn new(options: &Options) -> Result<Self> {
        let plan = options.plan()?;
        let (carrier, deal) = plan.cells()?;
        let cells = deal.cells.iter().enumerate().map(|(at, cell)| match cell {
            0 => (plan.word.len() as u16, carrier.signs[at % (SLOTS * BANDS)]),
            cell => {
                let bit = cell.unsigned_abs() - 1;
                let turned = (*cell < 0) != plan.word[usize::from(bit)];
                (bit, if turned { -1.0 } else { 1.0 })
            }
        });
        let channel = || Channel {
            down: Rate::new(options.rate, RATE),
            up: Rate::new(RATE, options.rate),
            host: vec![0.0; BEFORE],
            difference: vec![0.0; BEFORE],
            first: -(BEFORE as i64),
            spectra: Vec::new(),
            step: Vec::new(),
            ready: Default::default(),
        };
        Ok(Self {
            aim: plan.aim,
            bands: grid::bands(options.rate),
            channels: (0..options.channels).map(|_| channel()).collect(),
            waiting: Default::default(),
            wanted: cells.collect(),
            start: plan.block * SLOTS,
            mask: Mask::new(),
            analyser: Analyser::new(),
            shaper: Shaper::new(),
            decided: 0,
            energies: Vec::new(),
            oldest: 0,
            quiet: Quiet { mean: 0.0, noise: [0.0; BANDS] },
            last: [0.0; BANDS],
            levels: [[0.0; BANDS]; 2],
            reached: vec![[0.0; 2]; plan.word.len() + 1],
            strength: STRENGTH,
            tally: Tally::default(),
            made: Vec::new(),
            finished: false,
        })
    }

    /// Frames that `push` holds back at most.
    pub fn latency(&self) -> usize {
        let Some(channel) = self.channels.first() else { return 0 };
        let inner = SLOT * (STEP + AHEAD) + SLOT + FRAME / 2 + channel.up.reach();
        let (from, to) = (u64::from(RATE), u64::from(self.aim.rate));
        (inner as u64 * to).div_ceil(from) as usize + channel.down.reach() + 1
    }

    /// Takes interleaved samples and appends those that are done to `output`.
    pub fn push(&mut self, samples: &[f32], output: &mut Vec<f32>) {
        self.tally.taken += (samples.len() / self.channels.len()) as u64;
        self.waiting.extend(samples);
        self.take(samples);
        self.give(output);
    }

    /// Appends what was held back; nothing may be pushed afterwards.
    pub fn finish(&mut self, output: &mut Vec<f32>) {
        self.finished = true;
        let silence = vec![0.0; self.channels.len() * self.aim.rate as usize / 50];
        while !self.waiting.is_empty() {
            self.take(&silence);
            self.give(output);
        }
    }

    /// As `push`, of samples and to samples in little-endian bytes.
    pub fn push_bytes(&mut self, samples: &[u8]) -> Result<Vec<u8>> {
        bytes::check(self.aim.rate, self.channels.len() as u32, samples.len())?;
        if self.finished {
            return Err(Error::parameter("this embedder is finished: make a new one for the next sound"));
        }
        let samples: Vec<f32> = bytes::read(samples).collect();
        let mut output = Vec::new();
        self.push(&samples, &mut output);
        Ok(bytes::write(&output))
    }

    /// As `finish`, to bytes.
    pub fn finish_bytes(&mut self) -> Result<Vec<u8>> {
        let mut output = Vec::new();
        self.finish(&mut output);
        Ok(bytes::write(&output))
    }

    /// What was done so far.
    pub fn report(&self) -> Report {
        let tally = &self.tally;
        self.aim.report(tally.taken, [tally.sound, tally.difference], tally.mark, tally.nmr.decibels())
    }

    fn take(&mut self, samples: &[f32]) {
        let count = self.channels.len();
        let mut row = Vec::with_capacity(samples.len() / count);
        for (at, channel) in self.channels.iter_mut().enumerate() {
            row.clear();
            row.extend(samples.iter().skip(at).step_by(count).map(|value| if value.is_finite() { *value } else { 0.0 }));
            channel.down.push(&row, &mut channel.host);
            channel.difference.resize(channel.host.len(), 0.0);
        }
        loop {
            let need = grid::middle((self.decided + STEP + AHEAD) as i64) + (FRAME / 2) as i64;
            let known = self.channels.first().map_or(0, |channel| channel.first + channel.host.len() as i64);
            if known < need {
                break;
            }
            self.measure();
            self.step();
        }
    }

    /// The energies of the slots that the next step needs.
    fn measure(&mut self) {
        let until = self.decided + STEP + AHEAD + 1;
        let mut powers = [vec![0.0; BINS], vec![0.0; BINS]];
        while self.oldest + self.energies.len() < until {
            let slot = (self.oldest + self.energies.len()) as i64;
            powers.iter_mut().for_each(|powers| powers.fill(0.0));
            let [a, b] = &mut powers;
            for channel in &self.channels {
                let frame =
                    |slot: i64| Channel::part(&channel.host, channel.first, grid::middle(slot) - (FRAME / 2) as i64, FRAME);
                let second = if (slot as usize) + 1 < until { slot + 1 } else { slot };
                self.analyser.add_powers([frame(slot), frame(second)], a, b);
            }
            self.energies.push(grid::energies(a, 1.0));
            if (slot as usize) + 1 < until {
                self.energies.push(grid::energies(b, 1.0));
            }
        }
        let old = (self.decided.saturating_sub(MEMORY)).saturating_sub(self.oldest);
        if old > MEMORY {
            self.energies.drain(..old);
            self.oldest += old;
        }
        if self.decided.is_multiple_of(4 * STEP) || self.decided < 80 {
            let recent = self.energies.len().saturating_sub(MEMORY);
            self.quiet = Quiet::of(self.energies[recent..].iter());
        }
    }

    /// Decides the next slots.
    fn step(&mut self) {
        let (begin, end) = (self.decided, self.decided + STEP);
        let energies = |slot: usize| &self.energies[slot - self.oldest];
        let strength = factor(self.strength);
        let caps: [Row; STEP] = std::array::from_fn(|at| {
            let slot = begin + at;
            // Before the very first slot nothing is known: it stands for those.
            let around: [Energies; 2 * AROUND + 1] = std::array::from_fn(|one| *energies((slot + one).saturating_sub(AROUND)));
            let mut caps = self.mask.caps(&around, strength, self.quiet.mean);
            caps[self.bands..].fill(0.0);
            caps
        });
        // The slot before, whose last neighbour is decided only now, and the four.
        let open: Vec<i64> = (begin as i64 - 1..end as i64).collect();
        let weights: Vec<Row> = open
            .iter()
            .map(|slot| if *slot < 0 { [0.0; BANDS] } else { self.quiet.weights(energies(*slot as usize), self.bands) })
            .collect();
        let cells: [[(u16, f32); BANDS]; STEP + 1] = std::array::from_fn(|at| {
            let slot = (self.start + begin + at + BLOCKS * SLOTS - 1) % (BLOCKS * SLOTS);
            std::array::from_fn(|band| self.wanted[slot * BANDS + band])
        });
        let mut variance: Vec<f32> = self.reached.iter().map(|[_, variance]| *variance).collect();
        for (weights, cells) in weights.iter().zip(&cells) {
            for (weight, (sum, _)) in weights.iter().zip(cells) {
                variance[usize::from(*sum)] += weight * weight;
            }
        }
        let spread: Vec<f32> = variance.iter().map(|variance| (variance + 1e-6).sqrt()).collect();
        let sync = spread.len() - 1;

        // Frames from the one between the slot before and the first to the one behind the last.
        let frames = 2 * STEP + 1;
        let start = (2 * begin * HOP) as i64 - HOP as i64;
        for channel in &mut self.channels {
            let samples = Channel::part(&channel.host, channel.first, start, (frames - 1) * HOP + SLOT);
            self.shaper.spectra(samples, frames, &mut channel.spectra);
        }
        let mut push = vec![0.0f32; spread.len()];
        let mut gains = [[0.0f32; BANDS]; STEP];
        let mut agreed = vec![0.0f32; spread.len()];
        let mut levels = [[0.0; BANDS]; STEP + 2];
        for round in 0..=ROUNDS {
            if caps.iter().flatten().any(|cap| *cap > 0.0) || self.last.iter().any(|gain| *gain != 0.0) {
                self.shape(&gains, true);
            } else {
                self.channels.iter_mut().for_each(|channel| channel.step.clear());
            }
            levels = self.levels_now(begin);
            agreed.iter_mut().zip(&self.reached).for_each(|(agreed, [reached, _])| *agreed = *reached);
            for at in 0..=STEP {
                let before = if at == 0 { &self.levels[0] } else { &levels[at - 1] };
                let contrast = contrast(before, &levels[at], &levels[at + 1]);
                for ((value, weight), (sum, sign)) in contrast.iter().zip(&weights[at]).zip(&cells[at]) {
                    agreed[usize::from(*sum)] += value * weight * sign;
                }
            }
            if round == ROUNDS {
                break;
            }
            for (at, ((push, agreed), spread)) in push.iter_mut().zip(&agreed).zip(&spread).enumerate() {
                let aim = if at == sync { AIM_SYNC } else { AIM };
                *push = (*push + PUSH * (aim - agreed / spread)).max(0.0);
            }
            let pulls: Vec<Row> = (0..=STEP)
                .map(|at| {
                    let mut wanted = [0.0; BANDS];
                    for ((wanted, weight), (sum, sign)) in wanted.iter_mut().zip(&weights[at]).zip(&cells[at]) {
                        let sum = usize::from(*sum);
                        *wanted = push[sum] / spread[sum] * sign * weight;
                    }
                    spread_back(&wanted)
                })
                .collect();
            for at in 0..STEP {
                for band in 0..BANDS {
                    let after = if at + 2 <= STEP { pulls[at + 2][band] } else { 0.0 };
                    let pull = pulls[at + 1][band] - 0.5 * (pulls[at][band] + after);
                    let cap = caps[at][band];
                    gains[at][band] = (GAIN * pull * cap * cap).clamp(-cap, cap);
                }
            }
        }
        self.pay(&mut gains, start);
        if self.channels.iter().any(|channel| !channel.step.is_empty()) {
            levels = self.levels_now(begin);
        }
        self.settle(&levels, &weights, &cells);
        self.commit(&gains, start);
        self.last = gains[STEP - 1];
        self.levels = [levels[STEP - 1], levels[STEP]];
        self.decided = end;
    }

    /// The difference of the step for these gains; `whole`: with the frame between the last slot and the next.
    fn shape(&mut self, gains: &[Row; STEP], whole: bool) {
        let mean = |a: &Row, b: &Row| -> Row { std::array::from_fn(|band| 0.5 * (a[band] + b[band])) };
        let mut rows = Vec::with_capacity(2 * STEP + 1);
        let mut before = &self.last;
        for here in gains {
            rows.push(mean(before, here));
            rows.push(*here);
            before = here;
        }
        if whole {
            rows.push(mean(before, &[0.0; BANDS]));
        }
        for channel in &mut self.channels {
            channel.step.clear();
            channel.step.resize(2 * STEP * HOP + SLOT, 0.0);
            self.shaper.add(&channel.spectra, &rows, &mut channel.step);
        }
    }

    /// Levels of the slot before the step, its four, and the one behind them, with the difference so far.
    fn levels_now(&mut self, begin: usize) -> [Row; STEP + 2] {
        let mut powers = vec![vec![0.0; BINS]; STEP + 2];
        let from = grid::middle(begin as i64 - 1) - (FRAME / 2) as i64;
        let start = (2 * begin * HOP) as i64 - HOP as i64;
        let length = SLOT * (STEP + 1) + FRAME;
        for channel in &self.channels {
            let mut marked: Vec<f32> = Channel::part(&channel.host, channel.first, from, length).to_vec();
            for (marked, difference) in marked.iter_mut().zip(Channel::part(&channel.difference, channel.first, from, length)) {
                *marked += difference;
            }
            for (marked, step) in marked[(start - from) as usize..].iter_mut().zip(&channel.step) {
                *marked += step;
            }
            for pair in 0..(STEP + 2) / 2 {
                let (a, b) = powers.split_at_mut(2 * pair + 1);
                let frames = [&marked[2 * pair * SLOT..][..FRAME], &marked[(2 * pair + 1) * SLOT..][..FRAME]];
                self.analyser.add_powers(frames, &mut a[2 * pair], &mut b[0]);
            }
        }
        std::array::from_fn(|at| self.quiet.levels(&grid::energies(&powers[at], 1.0)))
    }

    /// Keeps the difference within what the sound allows, and moves the strength to where it uses that up.
    fn pay(&mut self, gains: &mut [Row; STEP], start: i64) {
        let length = STEP * SLOT;
        let energy = |samples: &[f32]| samples.iter().map(|value| f64::from(value * value)).sum::<f64>();
        let sound: f64 =
            self.channels.iter().map(|channel| energy(Channel::part(&channel.host, channel.first, start, length))).sum();
        let allowed = sound * self.aim.allowed;
        self.tally.earned += allowed;
        let cost = |channels: &[Channel]| channels.iter().map(|channel| energy(&channel.step)).sum::<f64>();
        let mut spent = cost(&self.channels);
        let left = (self.tally.earned - self.tally.spent).max(0.0);
        self.tally.lately[0] = 0.95 * self.tally.lately[0] + allowed;
        self.tally.lately[1] = 0.95 * self.tally.lately[1] + spent;
        if spent > left {
            // Near 0 dB the difference is proportional to the gains.
            let scale = (left / spent).sqrt() as f32;
            gains.iter_mut().flatten().for_each(|gain| *gain *= scale);
            self.shape(&*gains, true);
            spent = cost(&self.channels);
        }
        self.tally.spent += spent;
        let [earned, used] = self.tally.lately;
        if used > 0.0 && earned > 0.0 {
            // What was saved is spent within about two seconds.
            let saved = (self.tally.earned - self.tally.spent).max(0.0);
            let over = decibels((used / (earned + SPEND * saved)) as f32);
            let heard = self.tally.nmr.lately() - self.aim.masked;
            let change = (0.2 * over.max(heard)).clamp(-1.0, 1.0);
            self.strength = (self.strength - change).clamp(*STRENGTHS.start(), *STRENGTHS.end());
        }
    }

    /// What the slots that are now finished have reached.
    fn settle(&mut self, levels: &[Row; STEP + 2], weights: &[Row], cells: &[[(u16, f32); BANDS]]) {
        self.reached.iter_mut().for_each(|[sum, variance]| (*sum, *variance) = (*sum * KEEP, *variance * KEEP * KEEP));
        for at in 0..STEP {
            let before = if at == 0 { &self.levels[0] } else { &levels[at - 1] };
            let contrast = contrast(before, &levels[at], &levels[at + 1]);
            for ((value, weight), (sum, sign)) in contrast.iter().zip(&weights[at]).zip(&cells[at]) {
                let [reached, variance] = &mut self.reached[usize::from(*sum)];
                *reached += value * weight * sign;
                *variance += weight * weight;
                self.tally.mark[0] += f64::from(value * weight * sign);
                self.tally.mark[1] += f64::from((value * weight).powi(2));
            }
        }
    }

    /// Adds the step's difference, but for its last frame, which the next step decides, and passes on what is done.
    fn commit(&mut self, gains: &[Row; STEP], start: i64) {
        let length = 2 * STEP * HOP;
        if self.channels.iter().any(|channel| !channel.step.is_empty()) {
            self.shape(gains, false);
        }
        self.tally.nmr.begin();
        for channel in &mut self.channels {
            let at = (start - channel.first) as usize;
            for (difference, step) in channel.difference[at..].iter_mut().zip(&channel.step) {
                *difference += step;
            }
            self.tally.nmr.add(&channel.host[at..][..length], &channel.difference[at..][..length]);
            self.made.clear();
            // The first frame begins before the sound does.
            let early = usize::try_from(-start).unwrap_or(0);
            channel.up.push(&channel.difference[at + early..][..length - early], &mut self.made);
            channel.ready.extend(&self.made);
            channel.host.drain(..at.saturating_sub(BEFORE));
            channel.difference.drain(..at.saturating_sub(BEFORE));
            channel.first += at.saturating_sub(BEFORE) as i64;
        }
        self.tally.nmr.end();
    }

    /// Sends off the frames whose difference is known.
    fn give(&mut self, output: &mut Vec<f32>) {
        let known = self.channels.iter().map(|channel| channel.ready.len()).min().unwrap_or(0);
        let count = known.min(self.waiting.len() / self.channels.len());
        output.reserve(count * self.channels.len());
        for _ in 0..count {
            for channel in &mut self.channels {
                let (Some(before), Some(difference)) = (self.waiting.pop_front(), channel.ready.pop_front()) else { return };
                // What was within full scale stays there: the mark is cut, never the sound.
                let reach = if before.abs() <= 1.0 { 1.0 } else { f32::INFINITY };
                let after = if difference == 0.0 { before } else { (before + difference).clamp(-reach, reach) };
                if before.is_finite() {
                    self.tally.sound += f64::from(before).powi(2);
                    self.tally.difference += f64::from(after - before).powi(2);
                }
                output.push(after);
            }
        }
    }
}
