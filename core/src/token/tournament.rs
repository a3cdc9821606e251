//! SynthID-Text (Dathathri et al., Nature 634:818, 2024): every candidate has one bit a layer, and a tournament of layers
//! prefers candidates whose bits are set. Two hashes give the bits: that of the reference implementation
//! (google-deepmind/synthid-text 0.2.1, Apache-2.0) and that of the Transformers library (Apache-2.0), which looks them up in
//! a table drawn by PyTorch's generator on a CPU.

use super::twister::Twister;
use crate::stats::sums::Values;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The linear congruential generator with which both accumulate their hashes.
fn accumulate(hash: i64, data: i64) -> i64 {
    hash.wrapping_add(data).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1)
}

/// Where a candidate's bits come from.
pub enum Bits {
    /// Twelve further rounds of the hash, each shifted right by five; the bit is the 31st.
    Reference {
        /// SHA-256 of the layers' keys modulo 2^63 - 1.
        start: i64,
    },
    /// A table of bits, looked up by the hash modulo its length, a power of two.
    Table(Vec<u8>),
}

/// Layers and hash of one key.
pub struct Tournament {
    /// One key a layer.
    pub layers: Vec<i64>,
    /// The hash.
    pub bits: Bits,
    /// What a token's score is drawn from without the mark, as independent parts.
    pub values: Vec<Values>,
}

impl Tournament {
    /// With the hash of the reference implementation.
    pub fn reference(layers: Vec<i64>) -> Self {
        let bytes: Vec<u8> = layers.iter().flat_map(|layer| layer.to_le_bytes()).collect();
        // The digest as one big-endian number modulo 2^63 - 1: 64 bits at a time, the highest first.
        let start = Sha256::digest(&bytes).iter().fold(0u128, |sum, byte| (sum * 256 + u128::from(*byte)) % i64::MAX as u128);
        Self::with(layers, Bits::Reference { start: start as i64 })
    }

    /// With the table of the Transformers library: `sampling_table_size` (a power of two) and `sampling_table_seed`.
    pub fn table(layers: Vec<i64>, size: usize, seed: u64) -> Self {
        Self::with(layers, Bits::Table(Twister::new(seed).bits(size)))
    }

    fn with(layers: Vec<i64>, bits: Bits) -> Self {
        let bare = Self { layers, bits, values: Vec::new() };
        Self { values: bare.distribution(), ..bare }
    }

    /// The hash of a context, oldest token first.
    pub fn context(&self, context: &[u32]) -> i64 {
        let start = if let Bits::Reference { start } = self.bits { start } else { 1 };
        context.iter().fold(start, |hash, token| accumulate(hash, i64::from(*token)))
    }

    /// The hash of a candidate after a context.
    pub fn candidate(&self, context: i64, token: u32) -> i64 {
        accumulate(context, i64::from(token))
    }

    /// The part of a candidate's hash that decides its bits: two candidates that share it share all bits.
    pub fn state(&self, candidate: i64) -> i64 {
        match &self.bits {
            Bits::Reference { .. } => candidate,
            Bits::Table(table) => candidate & (table.len() as i64 - 1),
        }
    }

    /// The bit of one layer.
    pub fn bit(&self, candidate: i64, layer: i64) -> bool {
        let key = accumulate(candidate, layer);
        match &self.bits {
            Bits::Reference { .. } => {
                let mixed = (0..12).fold(key, |hash, _| accumulate(hash, 1) >> 5);
                (mixed >> 30) & 1 == 1
            }
            Bits::Table(table) => table.get((key & (table.len() as i64 - 1)) as usize) == Some(&1),
        }
    }

    /// The score of a candidate: its set bits, weighted.
    pub fn score(&self, candidate: i64) -> f64 {
        self.layers.iter().enumerate().map(|(at, layer)| if self.bit(candidate, *layer) { self.weight(at) } else { 0.0 }).sum()
    }

    /// The weight of a layer: the reference detector's fall evenly from 10 to 1; times the number of layers less one they are
    /// whole numbers.
    fn weight(&self, layer: usize) -> f64 {
        (10 * (self.layers.len() - 1) - 9 * layer).max(1) as f64
    }

    /// The largest score.
    pub fn most(&self) -> f64 {
        (0..self.layers.len()).map(|layer| self.weight(layer)).sum()
    }

    /// What scores are drawn from without the mark, as independent parts. A table's hash has as many states as the table has
    /// entries, each as likely as the others: the scores of all of them are the distribution, whatever the table holds.
    fn distribution(&self) -> Vec<Values> {
        match &self.bits {
            Bits::Reference { .. } => {
                (0..self.layers.len()).map(|layer| Values::new(vec![(0.0, 0.5), (self.weight(layer), 0.5)])).collect()
            }
            Bits::Table(table) => {
                let mut counts = BTreeMap::new();
                for state in 0..table.len() as i64 {
                    *counts.entry(self.score(state) as i64).or_insert(0u32) += 1;
                }
                let chance = |count: u32| f64::from(count) / table.len() as f64;
                vec![Values::new(counts.into_iter().map(|(score, count)| (score as f64, chance(count))).collect())]
            }
        }
    }

    /// Runs the tournament: `chances` of the candidates, which sum to one, are changed in place. `p <- p (1 + g - sum(g p))`,
    /// layer by layer.
    pub fn reweigh(&self, context: i64, tokens: &[u32], chances: &mut [f64]) {
        let hashes: Vec<i64> = tokens.iter().map(|token| self.candidate(context, *token)).collect();
        for layer in &self.layers {
            let set: Vec<f64> = hashes.iter().map(|hash| f64::from(u8::from(self.bit(*hash, *layer)))).collect();
            let mass: f64 = set.iter().zip(chances.iter()).map(|(bit, chance)| bit * chance).sum();
            chances.iter_mut().zip(&set).for_each(|(chance, bit)| *chance *= 1.0 + bit - mass);
        }
    }
}
