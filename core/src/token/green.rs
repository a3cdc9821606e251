//! Green lists: a part of the vocabulary, different for every context, whose logits are raised. SBW draws each token's colour
//! on its own (Ceppi and Sanchez, "Flip, Don't Shuffle", arXiv 2609.03844, as vLLM pull request 56859 has it, Apache-2.0); KGW
//! takes the head of a permutation of the vocabulary (Kirchenbauer et al., arXiv 2301.10226, as the Transformers library has
//! it, Apache-2.0).

use super::philox::{PAD, philox, words};
use super::twister::Twister;
use serde::Deserialize;

/// What decides a green list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hash {
    /// The context and the candidate itself.
    #[serde(rename = "self")]
    Own,
    /// The context alone.
    Left,
}

/// SBW's part of one key.
pub struct Sbw {
    /// 64 bits, read as a signed number.
    pub key: i64,
    /// What decides the list.
    pub hash: Hash,
    /// Words below this are green, of 2^31.
    pub bound: u32,
}

/// Bob Jenkins' 32-bit integer hash, of the value plus one.
fn jenkins(value: i64) -> i64 {
    let mut word = value.wrapping_add(1) as i32;
    word = word.wrapping_sub(word.wrapping_shl(6));
    word ^= word >> 17;
    word = word.wrapping_sub(word.wrapping_shl(9));
    word ^= word.wrapping_shl(4);
    word = word.wrapping_sub(word.wrapping_shl(3));
    word ^= word.wrapping_shl(10);
    word ^= word >> 15;
    i64::from(word)
}

fn signed(token: u32) -> i64 {
    if token == PAD { -1 } else { i64::from(token) }
}

impl Sbw {
    /// The seed of a candidate after a context: with the token's id it decides the colour.
    pub fn seed(&self, context: &[u32], token: u32) -> i64 {
        match self.hash {
            Hash::Left => self.key.wrapping_mul(context.iter().map(|token| signed(*token)).fold(0, i64::wrapping_add)),
            Hash::Own => {
                let own = jenkins(i64::from(token));
                let alone = self.key.wrapping_mul(own).wrapping_mul(own);
                let before = context.iter().skip(1).map(|one| self.key.wrapping_mul(jenkins(signed(*one)).wrapping_mul(own)));
                before.fold(alone, i64::min)
            }
        }
    }

    /// Whether a token is green under a seed.
    pub fn green(&self, seed: i64, token: u32) -> bool {
        let outputs = philox([token >> 2, 0, 0, 0], words(seed as u64));
        outputs[(token & 3) as usize] & 0x7fff_ffff < self.bound
    }
}

/// Entries of the table with which KGW's `self` hashes tokens.
const TABLE: u32 = 1_000_003;

/// KGW's part of one key.
pub struct Kgw {
    key: u64,
    hash: Hash,
    /// Tokens of the vocabulary.
    pub vocabulary: u32,
    /// Of which this many are green.
    pub greens: u32,
    table: Vec<u32>,
}

impl Kgw {
    /// `greens` is `int(vocabulary * ratio)`.
    pub fn new(key: u64, hash: Hash, vocabulary: u32, greens: u32) -> Self {
        let table = if hash == Hash::Own { Twister::new(key).permutation(TABLE, TABLE) } else { Vec::new() };
        Self { key, hash, vocabulary, greens, table }
    }

    fn entry(&self, token: u32) -> i64 {
        self.table.get((token % TABLE) as usize).map_or(1, |entry| i64::from(*entry) + 1)
    }

    /// The seed of a green list. `tokens`: the context, and with `self` the candidate as its last; the list of the last token
    /// alone with `left`.
    pub fn seed(&self, tokens: &[u32]) -> u64 {
        let last = tokens.last().copied().unwrap_or(0);
        match self.hash {
            Hash::Left => ((u128::from(self.key) * u128::from(last)) % u128::from(u64::MAX)) as u64,
            Hash::Own => {
                let own = self.entry(last);
                let seeds = tokens.iter().map(|token| (self.key as i64).wrapping_mul(self.entry(*token)).wrapping_mul(own));
                i128::from(seeds.min().unwrap_or(0)).rem_euclid(i128::from(u64::MAX)) as u64
            }
        }
    }

    /// Whether a token is green under a seed.
    pub fn green(&self, seed: u64, token: u32) -> bool {
        Twister::new(seed).among(token, self.vocabulary, self.greens)
    }

    /// The whole green list of a seed.
    pub fn list(&self, seed: u64) -> Vec<u32> {
        Twister::new(seed).permutation(self.vocabulary, self.greens)
    }

    /// What decides a list.
    pub fn hash(&self) -> Hash {
        self.hash
    }
}
