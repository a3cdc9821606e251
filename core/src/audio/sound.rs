//! A sound as the detector sees it.

use super::bytes;
use super::carrier::{RATE, SLOT};
use super::grid::{self, Analyser, BINS, Energies, FRAME};
use super::loudness::{Quiet, Row, contrast};
use crate::signal::rate::Rate;
use std::collections::VecDeque;
use std::ops::Range;

/// Samples from one frame of a map to the next: 1.5 ms.
pub const FINE: usize = 24;
/// Frames of a map in a slot.
pub const FINES: usize = SLOT / FINE;

/// Squares of dB, summed over the bands of a slot, above which the slot says something.
const LIVELY: f32 = 0.5;

/// All channels at 16 kHz.
pub struct Sound {
    channels: Vec<Vec<f32>>,
    bands: usize,
}

/// What each cell says, frame by frame of `FINE` samples: levels against their neighbours, times what they are worth.
pub struct Map {
    /// One row a frame.
    pub rows: Vec<Row>,
}

impl Sound {
    /// Reads interleaved samples.
    pub fn new(samples: &[u8], rate: u32, channels: u32) -> Self {
        let count = channels as usize;
        let mut low = vec![Vec::new(); count];
        let mut rates: Vec<Rate> = (0..count).map(|_| Rate::new(rate, RATE)).collect();
        let mut piece = vec![Vec::new(); count];
        let flush = vec![0.0; rates.first().map_or(0, Rate::reach)];
        for part in samples.chunks(bytes::SIZE * count * 16_384) {
            for channel in &mut piece {
                channel.clear();
            }
            for (at, value) in bytes::read(part).enumerate() {
                piece[at % count].push(if value.is_finite() { value } else { 0.0 });
            }
            for ((rate, piece), low) in rates.iter_mut().zip(&piece).zip(&mut low) {
                rate.push(piece, low);
            }
        }
        for (rate, low) in rates.iter_mut().zip(&mut low) {
            rate.push(&flush, low);
        }
        Self { channels: low, bands: grid::bands(rate) }
    }

    /// Samples of a channel.
    pub fn length(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    /// Frames of a map of all of it.
    pub fn frames(&self) -> usize {
        self.length() / FINE
    }

    /// The map of these frames; frame f has its middle at sample `f * FINE`. The bands lie `ratio` times as high as usual.
    pub fn map(&self, range: Range<usize>, ratio: f32) -> Map {
        let energies = self.energies(range.start as i64 - FINES as i64..(range.end + FINES) as i64, ratio);
        let quiet = Quiet::of(energies.iter().step_by(FINES));
        let mut rows = energies;
        // Each row takes the place of the energies a slot before it, which nothing needs any more: long sounds are long.
        let mut levels: VecDeque<Row> = rows.iter().take(2 * FINES).map(|energies| quiet.levels(energies)).collect();
        for at in FINES..rows.len().saturating_sub(FINES) {
            levels.push_back(quiet.levels(&rows[at + FINES]));
            let contrast = contrast(&levels[0], &levels[FINES], &levels[2 * FINES]);
            let weights = quiet.weights(&rows[at], self.bands);
            rows[at - FINES] = std::array::from_fn(|band| contrast[band] * weights[band]);
            levels.pop_front();
        }
        rows.truncate(rows.len().saturating_sub(2 * FINES));
        Map { rows }
    }

    fn energies(&self, range: Range<i64>, ratio: f32) -> Vec<Energies> {
        let count = (range.end - range.start).max(0) as usize;
        let mut analyser = Analyser::new();
        let mut powers = [vec![0.0; BINS], vec![0.0; BINS]];
        let mut frames = [vec![0.0; FRAME], vec![0.0; FRAME]];
        let mut energies = Vec::with_capacity(count + 1);
        for pair in (range.start..range.end).step_by(2) {
            powers.iter_mut().for_each(|powers| powers.fill(0.0));
            for channel in &self.channels {
                for (at, frame) in frames.iter_mut().enumerate() {
                    let start = (pair + at as i64) * FINE as i64 - (FRAME / 2) as i64;
                    match usize::try_from(start).ok().and_then(|start| channel.get(start..start + FRAME)) {
                        Some(samples) => frame.copy_from_slice(samples),
                        None => frame.iter_mut().enumerate().for_each(|(at, value)| {
                            let place = usize::try_from(start + at as i64).ok();
                            *value = place.and_then(|place| channel.get(place)).copied().unwrap_or(0.0);
                        }),
                    }
                }
                let [a, b] = &mut powers;
                analyser.add_powers([&frames[0], &frames[1]], a, b);
            }
            energies.push(grid::energies(&powers[0], ratio));
            energies.push(grid::energies(&powers[1], ratio));
        }
        energies.truncate(count);
        energies
    }
}

impl Map {
    /// Seconds in which cells say something: none in silence and in lasting tones, but for where those begin and end.
    pub fn activity(&self) -> f64 {
        let active = self.rows.iter().filter(|row| row.iter().map(|value| value * value).sum::<f32>() > LIVELY);
        active.count() as f64 * FINE as f64 / f64::from(RATE)
    }
}
