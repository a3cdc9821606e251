//! The Mersenne Twister (Matsumoto and Nishimura 1998, MT19937) as PyTorch's CPU generator uses it: green lists and tables of
//! the Transformers library are drawn from it.

const WORDS: usize = 624;
const SHIFT: usize = 397;

/// The generator of `torch.Generator("cpu")`.
pub struct Twister {
    state: [u32; WORDS],
    at: usize,
}

impl Twister {
    /// `manual_seed`: of the seed's 64 bits the low 32 count.
    pub fn new(seed: u64) -> Self {
        let mut state = [0; WORDS];
        state[0] = seed as u32;
        for at in 1..WORDS {
            let before: u32 = state[at - 1];
            state[at] = 1_812_433_253u32.wrapping_mul(before ^ (before >> 30)).wrapping_add(at as u32);
        }
        Self { state, at: WORDS }
    }

    fn refill(&mut self) {
        let mix = |high: u32, low: u32| {
            let both = (high & 0x8000_0000) | (low & 0x7fff_ffff);
            (both >> 1) ^ (0u32.wrapping_sub(low & 1) & 0x9908_b0df)
        };
        for at in 0..WORDS - SHIFT {
            self.state[at] = self.state[at + SHIFT] ^ mix(self.state[at], self.state[at + 1]);
        }
        for at in WORDS - SHIFT..WORDS - 1 {
            self.state[at] = self.state[at + SHIFT - WORDS] ^ mix(self.state[at], self.state[at + 1]);
        }
        self.state[WORDS - 1] = self.state[SHIFT - 1] ^ mix(self.state[WORDS - 1], self.state[0]);
        self.at = 0;
    }

    /// The next 32 bits.
    pub fn draw(&mut self) -> u32 {
        if self.at == WORDS {
            self.refill();
        }
        let mut word = self.state[self.at];
        self.at += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// `torch.randint(0, 2, (size,))`.
    pub fn bits(&mut self, size: usize) -> Vec<u8> {
        (0..size).map(|_| (self.draw() & 1) as u8).collect()
    }

    /// The first `some` items of `torch.randperm(size)`.
    pub fn permutation(&mut self, size: u32, some: u32) -> Vec<u32> {
        let mut items: Vec<u32> = (0..size).collect();
        let some = some.min(size);
        for at in 0..some.min(size.saturating_sub(1)) {
            items.swap(at as usize, (at + self.draw() % (size - at)) as usize);
        }
        items.truncate(some as usize);
        items
    }

    /// Whether `item` is among the first `some` of `torch.randperm(size)`: the permutation's swaps are followed for this one
    /// item only.
    pub fn among(&mut self, item: u32, size: u32, some: u32) -> bool {
        let mut place = item;
        for at in 0..some.min(size.saturating_sub(1)) {
            let other = at + self.draw() % (size - at);
            if other == place {
                // What stands at `at` after its swap stays there.
                return true;
            }
            if at == place {
                place = other;
            }
        }
        place < some
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_mt19937() {
        // The C++ standard, [rand.predef]: the 10,000th number of mt19937 with its default seed 5489 is 4123659995.
        let mut twister = Twister::new(5489);
        let last = (0..10_000).map(|_| twister.draw()).last();
        assert_eq!(last, Some(4_123_659_995));
    }

    #[test]
    fn following_one_item_gives_what_the_permutation_gives() {
        for (size, some) in [(1, 1), (2, 1), (50, 12), (50, 49), (50, 50), (1000, 250)] {
            let green = Twister::new(7).permutation(size, some);
            let followed: Vec<u32> = (0..size).filter(|item| Twister::new(7).among(*item, size, some)).collect();
            let mut sorted = green.clone();
            sorted.sort_unstable();
            assert_eq!(followed, sorted, "{some} of {size}");
        }
    }
}
