//! What stands at a place: a keyed function of the letters before it. The detector needs no list of places; it asks of every
//! symbol that it finds whether it is the one that the key puts behind these letters.

use super::lexer::MOST;
use crate::keyed::Key;
use siphasher::sip::SipHasher24;
use std::hash::Hasher;

/// Bits of the identifier and its tag, as the rows of [`Place::rows`] see them.
pub const BASE: u32 = 56;
/// Further bits of the payload on longer text.
pub const FURTHER: u32 = 24;

/// Keyed pseudo-random functions: SipHash-2-4 (Aumasson, Bernstein 2012) under subkeys of the mark.
pub struct Carrier {
    places: SipHasher24,
    tags: SipHasher24,
}

/// What the key says of one context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(u64);

fn hasher(key: &Key, purpose: &str) -> SipHasher24 {
    let mut half = [0; 16];
    half.copy_from_slice(&key.subkey(purpose)[..16]);
    SipHasher24::new_with_key(&half)
}

impl Carrier {
    /// The functions of one key.
    pub fn new(key: &Key) -> Self {
        Self { places: hasher(key, "text/character"), tags: hasher(key, "text/tag") }
    }

    /// The place behind these folded letters.
    pub fn place(&self, letters: &[u32]) -> Place {
        let mut bytes = [0; 4 * MOST];
        for (into, letter) in bytes.chunks_exact_mut(4).zip(letters) {
            into.copy_from_slice(&letter.to_le_bytes());
        }
        let mut hasher = self.places;
        hasher.write(&bytes[..4 * letters.len().min(MOST)]);
        Place(hasher.finish())
    }

    /// The 56 bits that the mark carries: the payload's first 40, and a keyed tag of 16 over them.
    pub fn tagged(&self, prefix: u64) -> u64 {
        let mut hasher = self.tags;
        hasher.write(&prefix.to_le_bytes());
        prefix << 16 | hasher.finish() & 0xffff
    }
}

impl Place {
    /// Symbol of alphabet B, 0..=3.
    pub fn b(self) -> u8 {
        (self.0 >> 3 & 3) as u8
    }

    /// Symbol of alphabet A where nothing is carried, 0..=7.
    pub fn a(self) -> u8 {
        (self.0 & 7) as u8
    }

    /// Whether a symbol of alphabet A here carries the further bits: one in five does.
    pub fn further(self) -> bool {
        (self.0 >> 8).is_multiple_of(5)
    }

    /// The three rows of the random linear code at this place: bit j of the symbol is the parity of row j and the bits carried.
    pub fn rows(self) -> [u64; 3] {
        let mask = (1u64 << if self.further() { FURTHER } else { BASE }) - 1;
        [1u64, 2, 3].map(|at| mixed(self.0.wrapping_add(at.wrapping_mul(0x9e37_79b9_7f4a_7c15))) & mask)
    }

    /// Symbol of alphabet A that carries `bits`: the 56 of [`Carrier::tagged`], or the further 24.
    pub fn carrying(self, bits: u64) -> u8 {
        self.rows().iter().enumerate().fold(self.a(), |value, (at, row)| value ^ ((row & bits).count_ones() as u8 & 1) << at)
    }

    /// A number that tells contexts apart.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// The output function of SplitMix64 (Steele, Lea, Flood 2014).
pub fn mixed(seed: u64) -> u64 {
    let a = (seed ^ seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let b = (a ^ a >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    b ^ b >> 31
}
