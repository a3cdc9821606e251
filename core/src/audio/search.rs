//! Looks for the sync of a key: where the grid of blocks lies, and how fast time runs.

use super::carrier::{BANDS, Carrier, SLOTS};
use super::sound::{FINES, Map};

/// Slots of a piece: windows begin and end at pieces.
pub const PIECE: usize = SLOTS / 2;
/// Shifts of one fold that are looked at more closely.
const CLOSER: usize = 2;

/// A part of a sound on which the grid may lie, and the time that a slot takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// The first slot, and the one behind the last.
    pub from: usize,
    /// See `from`.
    pub to: usize,
    /// Playing time: slots last 1 / `tempo` of what they did when they were marked.
    pub tempo: f64,
}

/// A place of the grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Where it was seen.
    pub window: Window,
    /// Frame of the map at which slot 0 has its middle.
    pub phase: usize,
    /// Slot 0 of the window's count is this slot of a block.
    pub shift: usize,
    /// Standard deviations.
    pub score: f64,
}

impl Window {
    /// The frame of the map in which slot `slot` has its middle.
    pub fn frame(&self, phase: usize, slot: usize) -> usize {
        (phase as f64 + (slot * FINES) as f64 / self.tempo + 0.5) as usize
    }
}

impl Place {
    /// Frames of the map from the beginning to the start of a block, 0 to those of a block.
    pub fn offset(&self) -> f64 {
        let block = (SLOTS * FINES) as f64 / self.window.tempo;
        (self.phase as f64 - (self.shift * FINES) as f64 / self.window.tempo - FINES as f64 / 2.0).rem_euclid(block)
    }

    /// Whether both mean the same grid, within half a slot.
    pub fn is_like(&self, other: &Place) -> bool {
        let block = (SLOTS * FINES) as f64;
        let apart = (self.offset() - other.offset()).rem_euclid(block);
        apart.min(block - apart) < FINES as f64 / 2.0
    }
}

/// Folds maps by blocks and holds them against the sync. Folding comes first: what another key's mark repeats is then in the
/// measure of what is normal.
pub struct Search<'a> {
    carrier: &'a Carrier,
    /// Band after band, each block twice, so that a shift is a slice.
    fold: Vec<f32>,
    scores: Vec<f32>,
}

impl<'a> Search<'a> {
    /// Places that one window is looked at.
    pub const LOOKS: f64 = (SLOTS * FINES) as f64;

    /// A search for one key.
    pub fn new(carrier: &'a Carrier) -> Self {
        Self { carrier, fold: vec![0.0; BANDS * 2 * SLOTS], scores: vec![0.0; SLOTS] }
    }

    /// The best places in a window, the best first: at most one for each phase and two shifts.
    pub fn places(&mut self, map: &Map, window: Window, phases: impl Iterator<Item = usize>) -> Vec<Place> {
        let mut places = Vec::new();
        for phase in phases {
            self.fold(map, &window, phase);
            self.correlate();
            for _ in 0..CLOSER {
                let Some(best) = (0..SLOTS).max_by(|a, b| self.scores[*a].total_cmp(&self.scores[*b])) else { break };
                let score = self.score(best);
                self.scores[best] = f32::NEG_INFINITY;
                places.push(Place { window, phase, shift: (SLOTS - best) % SLOTS, score });
            }
        }
        places.sort_by(|a, b| b.score.total_cmp(&a.score));
        places
    }

    /// The score at one place.
    pub fn score_at(&mut self, map: &Map, place: &Place) -> f64 {
        self.fold(map, &place.window, place.phase);
        self.score((SLOTS - place.shift) % SLOTS)
    }

    fn fold(&mut self, map: &Map, window: &Window, phase: usize) {
        self.fold.fill(0.0);
        for slot in window.from..window.to {
            let Some(row) = map.rows.get(window.frame(phase, slot)) else { break };
            let at = slot % SLOTS;
            for (band, value) in row.iter().enumerate() {
                self.fold[band * 2 * SLOTS + at] += value;
            }
        }
        for band in self.fold.chunks_exact_mut(2 * SLOTS) {
            let (first, second) = band.split_at_mut(SLOTS);
            second.copy_from_slice(first);
        }
    }

    /// For each slot at which a block may begin the sum over its sync cells.
    fn correlate(&mut self) {
        self.scores.fill(0.0);
        for cell in &self.carrier.sync {
            let values = &self.fold[usize::from(cell.band) * 2 * SLOTS + usize::from(cell.slot)..][..SLOTS];
            for (score, value) in self.scores.iter_mut().zip(values) {
                *score += cell.sign * value;
            }
        }
    }

    /// The sum over the sync cells of a block that begins at slot `begin`, in standard deviations over the choice of signs.
    fn score(&self, begin: usize) -> f64 {
        let (mut sum, mut squares) = (0.0f64, 0.0f64);
        for cell in &self.carrier.sync {
            let value = f64::from(self.fold[usize::from(cell.band) * 2 * SLOTS + usize::from(cell.slot) + begin]);
            sum += f64::from(cell.sign) * value;
            squares += value * value;
        }
        if squares > 0.0 { sum / squares.sqrt() } else { 0.0 }
    }
}
