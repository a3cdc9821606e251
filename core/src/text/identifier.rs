//! The identifier in alphabet A: every symbol gives three parities of the bits carried, chosen by its context, so any symbols
//! that together determine the bits are enough, in any order. Symbols behind edited letters are wrong ones among them.

use super::carrier::{BASE, Carrier, FURTHER, Place, mixed};
use crate::stats::binomial::ln_tail;

/// A symbol of alphabet A, 0..=7, and its place.
pub type Seen = (Place, u8);

/// Sets of symbols that are tried. With a third of the symbols wrong, one set of nineteen in two thousand is right (2,200 = 1.5^19).
const TRIES: u64 = 3_000;
/// Bits of the prefix that the tag protects.
const PREFIX: u32 = 40;

/// What was read, and the bound of the chance that any prefix fits unmarked text as well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Read {
    /// 40 or 64 bits of the payload, right-aligned.
    pub payload: u64,
    /// 40 or 64.
    pub bits: u32,
    /// The 56 bits carried, to ask of each symbol whether it fits.
    pub carried: u64,
    /// The further 24 bits, where they were read.
    pub further: Option<u64>,
    /// ln of the bound: 2^40 times the chance that one prefix fits as many symbols. Every prefix is counted, so it does not
    /// matter how they were searched (union bound over the choice of keys).
    pub ln_chance: f64,
}

/// The prefix that fits the symbols best among those that were tried, and whose tag is right. `accept`: ln of the chance up to
/// which the further bits are believed.
pub fn read(carrier: &Carrier, seen: &[Seen], accept: f64) -> Option<Read> {
    let (further, base): (Vec<Seen>, Vec<Seen>) = seen.iter().partition(|(place, _)| place.further());
    let (carried, ln_chance) = search(&base, BASE, f64::from(PREFIX), |bits| carrier.tagged(bits >> 16) == bits)?;
    let rest = (ln_chance <= accept).then(|| search(&further, FURTHER, f64::from(FURTHER), |_| true)).flatten();
    let rest = rest.filter(|(_, chance)| *chance <= accept).map(|(bits, _)| bits);
    let prefix = carried >> 16;
    let (payload, bits) = rest.map_or((prefix, PREFIX), |low| (prefix << FURTHER | low, PREFIX + FURTHER));
    Some(Read { payload, bits, carried, further: rest, ln_chance })
}

/// Solves for `width` bits from random sets of symbols; gives those that the most symbols agree with, and the ln of the bound
/// with 2^`free` words counted.
fn search(seen: &[Seen], width: u32, free: f64, valid: impl Fn(u64) -> bool) -> Option<(u64, f64)> {
    let ln_words = free * std::f64::consts::LN_2;
    let agreeing = |bits: u64| seen.iter().filter(|(place, value)| place.carrying(bits) == *value).count();
    let mut best: Option<(u64, usize)> = None;
    if seen.len() * 3 < width as usize {
        return None;
    }
    let rows: Vec<[(u64, bool); 3]> = seen.iter().map(equations).collect();
    let mut order: Vec<usize> = (0..seen.len()).collect();
    // The draws need not be secret; they depend on what was seen, so that the answer is always the same.
    let mut state = seen.iter().fold(0, |sum: u64, (place, _)| sum ^ place.number());
    for _ in 0..TRIES {
        if let Some(bits) = solve(&rows, &mut order, width, &mut state)
            && best.is_none_or(|(known, _)| known != bits)
            && valid(bits)
        {
            let count = agreeing(bits);
            if best.is_none_or(|(_, most)| count > most) {
                best = Some((bits, count));
            }
        }
        // More than half agree: no other word comes near.
        if best.is_some_and(|(_, count)| 2 * count > seen.len() && ln_words + ln_tail(seen.len(), count, 0.125) < -30.0) {
            break;
        }
    }
    let (bits, count) = best?;
    Some((bits, (ln_words + ln_tail(seen.len(), count, 0.125)).min(0.0)))
}

fn equations((place, value): &Seen) -> [(u64, bool); 3] {
    let carried = value ^ place.a();
    let rows = place.rows();
    [0, 1, 2].map(|at| (rows[at], carried >> at & 1 == 1))
}

/// Gaussian elimination over symbols in random order, until all `width` bits are determined.
fn solve(rows: &[[(u64, bool); 3]], order: &mut [usize], width: u32, state: &mut u64) -> Option<u64> {
    // pivots[b]: a row whose highest bit is b, and its right side.
    let mut pivots = [(0u64, false); BASE as usize];
    let mut rank = 0;
    for at in 0..order.len() {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let other = at + (mixed(*state) % (order.len() - at) as u64) as usize;
        order.swap(at, other);
        for (mut row, mut side) in rows[order[at]] {
            while row != 0 {
                let top = 63 - row.leading_zeros() as usize;
                let (pivot, value) = pivots[top];
                if pivot == 0 {
                    pivots[top] = (row, side);
                    rank += 1;
                    break;
                }
                row ^= pivot;
                side ^= value;
            }
        }
        if rank == width {
            let mut bits = 0u64;
            for (top, (row, side)) in pivots.iter().take(width as usize).enumerate() {
                let lower = (row & bits & !(1 << top)).count_ones() & 1 == 1;
                bits |= u64::from(side ^ lower) << top;
            }
            return Some(bits);
        }
    }
    None
}
