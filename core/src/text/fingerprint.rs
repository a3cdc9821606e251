//! What a text looks like to a search for copies of it: for the provider's own log, as no mark survives retyping.

use super::carrier::mixed;
use super::class::{Class, class, fold};
use super::points::points;
use serde::Serialize;

/// Values of a MinHash.
const VALUES: usize = 64;
/// Ideographs in a row, and words in a row, that make a feature.
const IDEOGRAPHS: usize = 4;
const WORDS: usize = 3;

/// Two digests of the visible text: neither invisible characters, nor punctuation, case, spaces or markup's signs count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fingerprint {
    /// SimHash (Charikar 2002) of 64 bits, hexadecimal: texts that share most features differ in few bits.
    pub simhash: String,
    /// MinHash (Broder 1997), 64 values: the part of equal ones estimates how many features two texts share.
    pub minhash: Vec<u32>,
    /// Different features. Below 100 the digests say little.
    pub features: usize,
}

/// The fingerprint of a text in UTF-16. Features are four ideographs in a row in Chinese and Japanese, three words elsewhere.
pub fn fingerprint(units: &[u16]) -> Fingerprint {
    let mut features = std::collections::HashSet::new();
    let mut ideographs: Vec<u64> = Vec::new();
    let mut words: Vec<u64> = Vec::new();
    let mut word = 0u64;
    let mut take = |row: &mut Vec<u64>, item: u64, length: usize| {
        row.push(item);
        if row.len() >= length {
            let from = row.len() - length;
            features.insert(row[from..].iter().fold(length as u64, |sum, one| mixed(sum.wrapping_mul(31) ^ one)));
        }
    };
    for (_, code) in points(units).chain(std::iter::once((units.len(), 0x0a))) {
        match class(code) {
            Class::Letter | Class::Inner => word = mixed(word ^ u64::from(fold(code))),
            Class::Digit => word = mixed(word ^ u64::from(code)),
            Class::Symbol => {}
            // What nobody sees parts no word.
            Class::Other if matches!(code, 0xad | 0x200b..=0x200f | 0x2060..=0x206f | 0xfe00..=0xfe0f | 0xfeff | 0x27 | 0x2019) =>
                {}
            kind => {
                if word != 0 {
                    take(&mut words, std::mem::take(&mut word), WORDS);
                }
                if kind == Class::Ideograph {
                    take(&mut ideographs, u64::from(code), IDEOGRAPHS);
                }
            }
        }
    }
    let mut votes = [0i64; 64];
    let mut least = [u32::MAX; VALUES];
    for feature in &features {
        for (bit, vote) in votes.iter_mut().enumerate() {
            *vote += if feature >> bit & 1 == 1 { 1 } else { -1 };
        }
        for (at, value) in least.iter_mut().enumerate() {
            *value =
                (*value).min((mixed(feature.wrapping_add((at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))) >> 32) as u32);
        }
    }
    let simhash = votes.iter().enumerate().fold(0u64, |sum, (bit, vote)| sum | u64::from(*vote > 0) << bit);
    Fingerprint { simhash: format!("{simhash:016x}"), minhash: least.to_vec(), features: features.len() }
}
