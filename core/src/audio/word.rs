//! Reads the code word behind a sync.

use super::carrier::{BANDS, BLOCKS, CLASSES, Carrier, Deal, SLOTS};
use super::loudness::Row;
use super::search::Place;
use super::sound::Map;
use crate::error::Result;
use crate::keyed::Key;
use crate::payload::Decoded;

/// Block numbers and classes that are decoded at one place: the likeliest by the energy of their soft bits.
pub const TRIES: usize = 4;
/// Block numbers and classes that there are.
pub const FORMS: f64 = (BLOCKS * CLASSES.len()) as f64;
/// Words that the list decoder follows: eight times those of pictures, since a sound that comes near the limit is worth more time.
pub const LIST: usize = 512;
/// Energy of the soft bits, in standard deviations above noise's, below which decoding has no chance: at the limit it is about 6.
const LEAST: f32 = 2.5;
/// Slots until places and signs come back.
const CYCLE: usize = BLOCKS * SLOTS;

/// The code words of one key.
pub struct Words {
    deals: Vec<Deal>,
}

/// A word that was read.
pub struct Word {
    /// The payload and its code word.
    pub decoded: Decoded,
    /// Agreement of the soft bits with the word, in standard deviations over the choice of signs.
    pub score: f64,
    /// Which of `CLASSES`.
    pub class: usize,
    /// The number of the block in which the window's slot 0 lies.
    pub block: usize,
    /// What each band is worth.
    pub gains: Row,
}

impl Words {
    /// Deals all data cells.
    pub fn new(carrier: &Carrier, key: &Key) -> Result<Self> {
        Ok(Self { deals: CLASSES.iter().map(|class| carrier.deal(key, *class)).collect::<Result<_>>()? })
    }

    /// The word at a place.
    pub fn read(&self, map: &Map, carrier: &Carrier, place: &Place) -> Result<Option<Word>> {
        let window = &place.window;
        let first = window.from + place.shift;
        let mut folded = vec![[0.0f32; BANDS]; (window.to - window.from).min(CYCLE)];
        for slot in window.from..window.to {
            let Some(row) = map.rows.get(window.frame(place.phase, slot)) else { break };
            let into = &mut folded[(slot - window.from) % CYCLE];
            into.iter_mut().zip(row).for_each(|(into, value)| *into += value);
        }
        let signs = |at: usize| &carrier.signs[(first + at) % SLOTS * BANDS..][..BANDS];
        let gains = gains(&folded, signs);
        for row in &mut folded {
            row.iter_mut().zip(&gains).for_each(|(value, gain)| *value *= gain);
        }
        let variance = folded
            .iter()
            .enumerate()
            .flat_map(|(at, row)| row.iter().zip(signs(at)))
            .filter(|(_, sign)| **sign == 0.0)
            .map(|(value, _)| value * value)
            .sum::<f32>();
        if variance <= 0.0 {
            return Ok(None);
        }
        let mut forms = Vec::new();
        for (class, deal) in self.deals.iter().enumerate() {
            for block in 0..BLOCKS {
                let soft = soft(&folded, deal, first + block * SLOTS);
                let energy: f32 = soft.iter().map(|value| value * value).sum();
                let excess = (energy / variance - 1.0) * (soft.len() as f32 / 2.0).sqrt();
                forms.push((excess, class, block, soft));
            }
        }
        forms.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, class, block, soft) in forms.into_iter().take(TRIES).filter(|(excess, ..)| *excess > LEAST) {
            let Some(decoded) = self.deals[class].coder.decode_among(&soft, LIST)? else { continue };
            let agreed: f32 = soft.iter().zip(&decoded.word).map(|(soft, bit)| if *bit { -soft } else { *soft }).sum();
            let score = f64::from(agreed / variance.sqrt());
            return Ok(Some(Word { decoded, score, class, block, gains }));
        }
        Ok(None)
    }

    /// What the cell of `band` in slot `slot` of the count that `place` and `word` mean should say: its sign.
    pub fn sign(&self, carrier: &Carrier, word: &Word, slot: usize, band: usize) -> f32 {
        let at = (slot + word.block * SLOTS) % CYCLE * BANDS + band;
        match self.deals[word.class].cells[at] {
            0 => carrier.signs[at % (SLOTS * BANDS)],
            cell => {
                let bit = word.decoded.word[usize::from(cell.unsigned_abs()) - 1];
                if (cell < 0) != bit { -1.0 } else { 1.0 }
            }
        }
    }
}

/// One number a code bit, positive for 0; `first`: the slot of the cycle that the first row is.
fn soft(folded: &[Row], deal: &Deal, first: usize) -> Vec<f32> {
    // Number 0 collects what is not data.
    let mut sums = vec![0.0f32; deal.coder.length() + 1];
    for (at, row) in folded.iter().enumerate() {
        let cells = &deal.cells[(first + at) % CYCLE * BANDS..][..BANDS];
        for (cell, value) in cells.iter().zip(row) {
            let bit = usize::from(cell.unsigned_abs());
            sums[bit] += if *cell < 0 { -value } else { *value };
        }
    }
    sums.split_off(1)
}

/// How much of the sync each band brings, over its variance: bands that a codec or a telephone took away count for little.
fn gains<'a>(folded: &[Row], signs: impl Fn(usize) -> &'a [f32]) -> Row {
    let (mut agreed, mut squares) = ([0.0f32; BANDS], [0.0f32; BANDS]);
    for (at, row) in folded.iter().enumerate() {
        for (band, sign) in signs(at).iter().enumerate().filter(|(_, sign)| **sign != 0.0) {
            agreed[band] += row[band] * sign;
            squares[band] += row[band] * row[band];
        }
    }
    let around =
        |of: &Row, band: usize| -> f32 { (0..5).map(|at| of[(band + at).saturating_sub(2).min(BANDS - 1)]).sum::<f32>() };
    let all = agreed.iter().sum::<f32>().max(0.0) / squares.iter().sum::<f32>().max(1e-9);
    let usual = squares.iter().sum::<f32>() * 5.0 / BANDS as f32 + 1e-9;
    std::array::from_fn(|band| {
        let gain = (around(&agreed, band) + all * usual) / (around(&squares, band) + usual);
        gain.max(0.05 * all + 1e-6)
    })
}
