//! Error correction: from the soft values of a mark back to its bits.
//!
//! What it reaches, beside theory and beside a plain polar code, is in bench/results/frame-errors.md.

mod crc;
mod frozen;
mod list;
mod transform;
mod tree;

pub use crc::crc32;

use crate::error::{Error, Result};
use transform::{Echo, convolve, polar, unconvolve};
use tree::Node;

/// The most list words that a decoder follows.
pub const LIST_LIMIT: usize = 1024;

/// The largest magnitude of a soft value: sums of 1024 of them are still finite.
const SOFT_LIMIT: f32 = 1e30;

/// A polar code with a convolution before it, made for list decoding with check bits.
///
/// The code itself checks nothing: the list always holds words, and `accept` tells whether one is meant. So the information bits
/// are payload and check bits together, in any order: where the check bits stand changes nothing. 32 bits of `crc32` let noise
/// pass with a probability of about list / 2^32.
pub struct Code {
    /// `true` for each input that carries no information.
    frozen: Vec<bool>,
    nodes: Vec<Vec<Node>>,
    echo: Echo,
    info: usize,
}

impl Code {
    /// A code of `length` bits (256, 512 or 1024) that carries `info` bits (1 to `length`), check bits included.
    pub fn new(length: usize, info: usize) -> Result<Self> {
        Self::build(length, info, frozen::CHOSEN, transform::DENSE)
    }

    /// The polar code of the same size as textbooks make it, without a convolution: what `new` is measured against.
    pub fn plain(length: usize, info: usize) -> Result<Self> {
        Self::build(length, info, frozen::USUAL, 0)
    }

    fn build(length: usize, info: usize, weight: f64, echo: Echo) -> Result<Self> {
        if ![256, 512, 1024].contains(&length) {
            return Err(Error::parameter(format!("a code is 256, 512 or 1024 bits long, not {length}")));
        }
        if !(1..=length).contains(&info) {
            return Err(Error::parameter(format!("a code of {length} bits carries 1 to {length} bits, not {info}")));
        }
        let frozen = frozen::frozen(length, info, weight);
        Ok(Self { nodes: tree::nodes(&frozen), frozen, echo, info })
    }

    /// Bits of a code word.
    pub fn length(&self) -> usize {
        self.frozen.len()
    }

    /// Information bits, check bits included.
    pub fn info(&self) -> usize {
        self.info
    }

    /// The code word of `info` bits, as many as `self.info()`. The code is linear: zeros give zeros, sums give sums.
    pub fn encode(&self, info: &[bool]) -> Result<Vec<bool>> {
        if info.len() != self.info {
            return Err(Error::parameter(format!("this code carries {} bits, not {}", self.info, info.len())));
        }
        let mut info = info.iter();
        let mut word: Vec<bool> = self.frozen.iter().map(|frozen| !frozen && info.next().is_some_and(|bit| *bit)).collect();
        convolve(&mut word, self.echo);
        polar(&mut word);
        Ok(word)
    }

    /// The information bits that `accept` takes, or `None` if it takes none of the list.
    ///
    /// `llr` holds a soft value for each bit of the code word, `self.length()` of them: positive for 0, negative for 1, 0 for
    /// unknown; a log-likelihood ratio in any unit, the same for all, of magnitude up to 1e30. `list` (1 to `LIST_LIMIT`) is how
    /// many words are followed; time and memory grow with it. `accept` sees the words found, the likeliest first, until it takes
    /// one. Words and order depend on `llr` and `list` alone, on every machine alike.
    pub fn decode(&self, llr: &[f32], list: usize, mut accept: impl FnMut(&[bool]) -> bool) -> Result<Option<Vec<bool>>> {
        if llr.len() != self.length() {
            return Err(Error::parameter(format!("this code wants {} soft values, not {}", self.length(), llr.len())));
        }
        if !llr.iter().all(|soft| soft.abs() <= SOFT_LIMIT) {
            return Err(Error::parameter("a soft value is not a number or beyond 1e30"));
        }
        if !(1..=LIST_LIMIT).contains(&list) {
            return Err(Error::parameter(format!("a list holds 1 to {LIST_LIMIT} words, not {list}")));
        }
        Ok(list::decode(&self.nodes, self.echo, llr, list)
            .into_iter()
            .map(|word| self.information(word))
            .find(|info| accept(info)))
    }

    /// The information bits of a code word.
    fn information(&self, mut word: Vec<bool>) -> Vec<bool> {
        polar(&mut word);
        unconvolve(&mut word, self.echo);
        word.iter().zip(&self.frozen).filter(|(_, frozen)| !**frozen).map(|(bit, _)| *bit).collect()
    }
}

#[cfg(test)]
mod tests;
