//! Where the bits of a mark live: cells of time and frequency, which a key deals out.
//!
//! Time is cut into slots, frequency into bands; a cell is one band in one slot. Blocks of `SLOTS` slots follow each other.
//! A quarter of a block's cells is sync: the same places and signs in every block, so that the detector can find the
//! grid. The others carry the code word: their places and signs differ from block to block and come back after `BLOCKS`.

use crate::error::Result;
use crate::keyed::{Key, Stream};
use crate::payload::{Class, Coder};

/// Samples a second at which everything is measured.
pub const RATE: u32 = 16_000;
/// Samples of a slot: 12 ms.
pub const SLOT: usize = 192;
/// Bands, 250 Hz wide each.
pub const BANDS: usize = 23;
/// Slots of a block: 2.016 s.
pub const SLOTS: usize = 168;
/// Blocks until places and signs come back: 32.3 s.
pub const BLOCKS: usize = 16;
/// Cells of a block that are sync.
const SYNC: usize = 966;
/// What a sound may carry, in the order in which the detector names them.
pub const CLASSES: [Class; 3] = [Class::Short, Class::Standard, Class::Long];

/// A sync cell.
#[derive(Clone, Copy)]
pub struct Sync {
    /// 0 to `SLOTS - 1`.
    pub slot: u16,
    /// 0 to `BANDS - 1`.
    pub band: u16,
    /// +1 or -1.
    pub sign: f32,
}

/// The cells of one key.
pub struct Carrier {
    /// The sync cells of a block.
    pub sync: Vec<Sync>,
    /// For each cell of a block, band after band within a slot: the sign of a sync cell, 0 for the others.
    pub signs: Vec<f32>,
    places: Vec<u16>,
}

/// What the data cells of one class carry: for each cell of all `BLOCKS` blocks the number of its code bit plus 1, negative
/// where its sign is turned; 0 for sync cells.
pub struct Deal {
    /// The class's coder.
    pub coder: Coder,
    /// `BLOCKS * SLOTS * BANDS` numbers.
    pub cells: Vec<i16>,
}

impl Carrier {
    /// Deals the sync cells.
    pub fn new(key: &Key) -> Self {
        let mut stream = key.stream("audio/sync");
        let mut places: Vec<u16> = (0..(SLOTS * BANDS) as u16).collect();
        stream.shuffle(&mut places);
        let mut signs = vec![0.0; SLOTS * BANDS];
        let mut sync: Vec<Sync> = places[..SYNC]
            .iter()
            .map(|place| {
                let sign = stream.sign();
                signs[usize::from(*place)] = sign;
                Sync { slot: place / BANDS as u16, band: place % BANDS as u16, sign }
            })
            .collect();
        // In the order of memory: the same sums, with fewer misses.
        sync.sort_by_key(|cell| (cell.band, cell.slot));
        Self { sync, signs, places: places.split_off(SYNC) }
    }

    /// Deals the data cells of a class.
    pub fn deal(&self, key: &Key, class: Class) -> Result<Deal> {
        let coder = Coder::new(class)?;
        let mut stream = key.stream(&format!("audio/data/{}", class.bits()));
        let mut cells = vec![0; BLOCKS * SLOTS * BANDS];
        let mut bits = Endless { count: coder.length() as u16, round: Vec::new() };
        let mut order = self.places.clone();
        for block in cells.chunks_exact_mut(SLOTS * BANDS) {
            stream.shuffle(&mut order);
            for place in &order {
                let bit = bits.next(&mut stream) as i16 + 1;
                block[usize::from(*place)] = if stream.draw() & 1 == 0 { bit } else { -bit };
            }
        }
        Ok(Deal { coder, cells })
    }
}

/// Every bit once, in random order, again and again.
struct Endless {
    count: u16,
    round: Vec<u16>,
}

impl Endless {
    fn next(&mut self, stream: &mut Stream) -> u16 {
        if self.round.is_empty() {
            self.round = (0..self.count).collect();
            stream.shuffle(&mut self.round);
        }
        self.round.pop().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_has_one_use_and_every_bit_its_share() {
        let key = Key::public();
        let carrier = Carrier::new(&key);
        assert_eq!(carrier.signs.iter().filter(|sign| **sign != 0.0).count(), SYNC);
        for class in CLASSES {
            let deal = carrier.deal(&key, class).unwrap();
            let mut counts = vec![0; deal.coder.length()];
            for (at, cell) in deal.cells.iter().enumerate() {
                assert_eq!(*cell == 0, carrier.signs[at % (SLOTS * BANDS)] != 0.0);
                if *cell != 0 {
                    counts[usize::from(cell.unsigned_abs()) - 1] += 1;
                }
            }
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            assert!(most - least <= 1, "{least} to {most}");
            let (a, b) = deal.cells.split_at(SLOTS * BANDS);
            let same = a.iter().zip(b).filter(|(a, b)| **a != 0 && a == b).count();
            assert!(same < 30, "{same} cells of the second block are those of the first");
        }
    }
}
