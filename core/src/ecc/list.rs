//! The list decoder: successive cancellation that follows the best paths side by side.
//!
//! Tal and Vardy, "List decoding of polar codes" (2015), on log-likelihood ratios (Balatsoukas-Stimming, Parizi and Burg, 2015).
//! All paths stand at the same block at the same time. So when a level is computed anew it is computed for every path, each path
//! into its own slot, and copying a path copies no arrays: at each level it notes which slot its origin had.
//!
//! The check-node rule is min-sum. It needs no scale, and with it a path's penalty is exactly the sum of the magnitudes that the
//! path's code word contradicts, which is what maximum likelihood orders by. The exact rule was tried: it gains 0.04 dB at most,
//! and only if the soft values are true log-likelihood ratios in natural units. Additions, minima and comparisons in a fixed
//! order give the same on every machine.

use super::transform::{Echo, Pending, polar};
use super::tree::Node;

/// A bit as the sign that it gives to a soft value: 0 or this.
const SIGN: u32 = 1 << 31;

/// One level's values, block length 2^level, a slot for every path.
struct Level {
    /// Soft values of the block at hand.
    soft: Vec<f32>,
    /// In which slot each path finds them.
    soft_slot: Vec<u16>,
    /// Outputs, as signs, of the block's first half (0) and second half (1); the level says which half it is of its parent.
    bits: [Vec<u32>; 2],
    /// In which slot each path finds those of the first half. Those of a second half are used before paths change again.
    bits_slot: Vec<u16>,
}

/// A way to go on: path number, whether its data bit is 1, and the penalty then.
#[derive(Clone, Copy)]
struct Way {
    penalty: f32,
    path: usize,
    bit: bool,
}

/// All paths. Each carries its penalty so far and what its data bits add to later inputs.
struct Decoder<'a> {
    nodes: &'a [Vec<Node>],
    echo: Echo,
    list: usize,
    levels: Vec<Level>,
    penalties: Vec<f32>,
    pending: Vec<Pending>,
}

/// The code words that the decoder finds, up to `list` of them, the likeliest first.
pub fn decode(nodes: &[Vec<Node>], echo: Echo, llr: &[f32], list: usize) -> Vec<Vec<bool>> {
    let top = nodes.len() - 1;
    let level = |level: usize| Level {
        soft: if level == top { llr.to_vec() } else { vec![0.0; list << level] },
        soft_slot: vec![0; list],
        bits: [vec![0; list << level], vec![0; if level == top { 0 } else { list << level }]],
        bits_slot: vec![0; list],
    };
    let levels = (0..=top).map(level).collect();
    let mut decoder = Decoder { nodes, echo, list, levels, penalties: vec![0.0], pending: vec![Pending::default()] };
    decoder.block(top, 0);
    let mut order: Vec<usize> = (0..decoder.penalties.len()).collect();
    // A stable sort: of equals the one of the lower slot comes first.
    order.sort_by(|a, b| decoder.penalties[*a].total_cmp(&decoder.penalties[*b]));
    let bits = &decoder.levels[top].bits[0];
    order.into_iter().map(|slot| bits[slot * llr.len()..][..llr.len()].iter().map(|bit| *bit != 0).collect()).collect()
}

impl Level {
    fn soft(&self, path: usize, length: usize) -> &[f32] {
        let slot = usize::from(self.soft_slot[path]);
        &self.soft[slot * length..][..length]
    }
}

impl Decoder<'_> {
    /// Decodes one block for every path: reads the level's soft values, leaves its outputs in the slots of the paths.
    fn block(&mut self, level: usize, block: usize) {
        // Taken out while it is written, so that the rest can be read.
        let mut bits = std::mem::take(&mut self.levels[level].bits[block % 2]);
        match self.nodes[level][block] {
            Node::Known => self.known(level, &mut bits),
            Node::Either => self.either(level, &mut bits),
            Node::Split => self.split(level, block, &mut bits),
        }
        self.levels[level].bits[block % 2] = bits;
        if block.is_multiple_of(2) {
            own(&mut self.levels[level].bits_slot);
        }
    }

    fn known(&mut self, level: usize, bits: &mut [u32]) {
        let length = 1 << level;
        for (path, bits) in bits.chunks_exact_mut(length).take(self.penalties.len()).enumerate() {
            fill(&mut self.pending[path], bits);
            self.penalties[path] += contradicted(self.levels[level].soft(path, length), bits).0;
        }
    }

    fn either(&mut self, level: usize, bits: &mut [u32]) {
        let length = 1 << level;
        let mut ways = Vec::with_capacity(2 * self.penalties.len());
        for (path, bits) in bits.chunks_exact_mut(length).take(self.penalties.len()).enumerate() {
            fill(&mut self.pending[path], bits);
            let (zero, one) = contradicted(self.levels[level].soft(path, length), bits);
            ways.push(Way { penalty: self.penalties[path] + zero, path, bit: false });
            ways.push(Way { penalty: self.penalties[path] + one, path, bit: true });
        }
        for (way, slot) in self.choose(ways) {
            if slot != way.path {
                self.copy(way.path, slot, level);
                bits.copy_within(way.path * length..(way.path + 1) * length, slot * length);
            }
            self.penalties[slot] = way.penalty;
            if way.bit {
                self.pending[slot].flip(self.echo);
                bits[slot * length..][..length].iter_mut().for_each(|bit| *bit ^= SIGN);
            }
        }
    }

    /// The ways that stay and the slot of each, in an order in which no way's origin is overwritten before the way is taken.
    fn choose(&mut self, mut ways: Vec<Way>) -> Vec<(Way, usize)> {
        let before = self.penalties.len();
        let after = self.list.min(2 * before);
        if after < ways.len() {
            let order = |a: &Way, b: &Way| a.penalty.total_cmp(&b.penalty).then(a.path.cmp(&b.path)).then(a.bit.cmp(&b.bit));
            ways.select_nth_unstable_by(after, order);
            ways.truncate(after);
            ways.sort_unstable_by_key(|way| (way.path, way.bit));
        }
        self.penalties.resize(after, 0.0);
        self.pending.resize(after, Pending::default());
        let mut lives = vec![false; before];
        ways.iter().for_each(|way| lives[way.path] = true);
        let mut free = (0..before).filter(|path| !lives[*path]).chain(before..after);
        // Of two ways of one path the second moves, and goes first: the path's slot still holds their common past.
        let mut moves = Vec::with_capacity(after);
        for pair in ways.chunk_by(|a, b| a.path == b.path) {
            if let [_, second] = pair {
                moves.extend(free.next().map(|slot| (*second, slot)));
            }
            moves.extend(pair.first().map(|first| (*first, first.path)));
        }
        moves
    }

    /// Makes `to` a path like `from`, above and at `level`.
    fn copy(&mut self, from: usize, to: usize, level: usize) {
        for level in &mut self.levels[level..] {
            level.soft_slot[to] = level.soft_slot[from];
            level.bits_slot[to] = level.bits_slot[from];
        }
        self.pending[to] = self.pending[from];
    }

    fn split(&mut self, level: usize, block: usize, bits: &mut [u32]) {
        let length = 1 << (level - 1);
        let paths = self.penalties.len();
        let (below, here) = self.halves(level);
        for (path, out) in below.soft.chunks_exact_mut(length).take(paths).enumerate() {
            let (first, second) = here.soft(path, 2 * length).split_at(length);
            for ((out, a), b) in out.iter_mut().zip(first).zip(second) {
                *out = check(*a, *b);
            }
        }
        own(&mut below.soft_slot);
        self.block(level - 1, 2 * block);
        let paths = self.penalties.len();
        let (below, here) = self.halves(level);
        let each = below.soft.chunks_exact_mut(length).zip(below.bits[0].chunks_exact(length));
        for (path, (out, bits)) in each.take(paths).enumerate() {
            let (first, second) = here.soft(path, 2 * length).split_at(length);
            for (((out, a), b), bit) in out.iter_mut().zip(first).zip(second).zip(bits) {
                *out = b + signed(*a, *bit);
            }
        }
        own(&mut below.soft_slot);
        self.block(level - 1, 2 * block + 1);
        let below = &self.levels[level - 1];
        let each = bits.chunks_exact_mut(2 * length).zip(below.bits[1].chunks_exact(length)).zip(&below.bits_slot);
        for ((bits, second), slot) in each.take(self.penalties.len()) {
            let first = &below.bits[0][usize::from(*slot) * length..][..length];
            let (low, high) = bits.split_at_mut(length);
            for ((low, a), b) in low.iter_mut().zip(first).zip(second) {
                *low = a ^ b;
            }
            high.copy_from_slice(second);
        }
    }

    /// The level below `level`, to be written, and `level`, to be read.
    fn halves(&mut self, level: usize) -> (&mut Level, &Level) {
        let (below, here) = self.levels.split_at_mut(level);
        (&mut below[level - 1], &here[0])
    }
}

/// Every path has its own slot.
fn own(slots: &mut [u16]) {
    for (path, slot) in slots.iter_mut().enumerate() {
        *slot = path as u16;
    }
}

/// The block's outputs if all its data bits are zero.
fn fill(pending: &mut Pending, bits: &mut [u32]) {
    if pending.is_over() {
        bits.fill(0);
    } else {
        pending.fill(bits, SIGN);
        polar(bits);
    }
}

fn signed(value: f32, sign: u32) -> f32 {
    f32::from_bits(value.to_bits() ^ sign)
}

/// Min-sum: the soft value of the sum of two bits.
fn check(a: f32, b: f32) -> f32 {
    let (x, y) = (a.abs(), b.abs());
    signed(if x < y { x } else { y }, (a.to_bits() ^ b.to_bits()) & SIGN)
}

/// The sums of the magnitudes that a word contradicts, and that its complement does.
#[inline(always)]
fn contradicted(soft: &[f32], bits: &[u32]) -> (f32, f32) {
    // Eight sums side by side: one after another the additions would wait for each other.
    let mut sums = [[0.0; 8]; 2];
    for (soft, bits) in soft.chunks(8).zip(bits.chunks(8)) {
        for (lane, (soft, bit)) in soft.iter().zip(bits).enumerate() {
            let soft = signed(*soft, *bit);
            sums[0][lane] += if soft < 0.0 { -soft } else { 0.0 };
            sums[1][lane] += if soft > 0.0 { soft } else { 0.0 };
        }
    }
    (sums[0].iter().sum(), sums[1].iter().sum())
}
