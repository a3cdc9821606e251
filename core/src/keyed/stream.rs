//! Random numbers that a subkey determines: the ChaCha20 key stream (RFC 8439) with a nonce of zeros.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};

/// Bytes that are made at once.
const BLOCK: usize = 256;

/// An endless stream of independent, uniformly distributed numbers.
pub struct Stream {
    cipher: ChaCha20,
    block: [u8; BLOCK],
    used: usize,
}

impl Stream {
    /// The stream of one subkey, from its start.
    pub fn new(subkey: [u8; 32]) -> Self {
        Self { cipher: ChaCha20::new(&subkey.into(), &[0; 12].into()), block: [0; BLOCK], used: BLOCK }
    }

    /// The next four bytes, little-endian.
    pub fn draw(&mut self) -> u32 {
        if self.used == BLOCK {
            self.block.fill(0);
            self.cipher.apply_keystream(&mut self.block);
            self.used = 0;
        }
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&self.block[self.used..self.used + 4]);
        self.used += 4;
        u32::from_le_bytes(bytes)
    }

    /// A number from 0 to `bound - 1`; `bound` is at least 1. Unbiased: numbers above the last whole multiple are drawn again.
    pub fn below(&mut self, bound: u32) -> u32 {
        let bound = bound.max(1);
        let reach = u32::MAX - u32::MAX % bound;
        loop {
            let drawn = self.draw();
            if drawn < reach {
                return drawn % bound;
            }
        }
    }

    /// An angle in radians, from 0 to 2 pi.
    pub fn angle(&mut self) -> f64 {
        f64::from(self.draw()) * (std::f64::consts::TAU / (f64::from(u32::MAX) + 1.0))
    }

    /// +1 or -1.
    pub fn sign(&mut self) -> f32 {
        if self.draw() & 1 == 0 { 1.0 } else { -1.0 }
    }

    /// Puts a list into random order (Fisher-Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = self.below(last as u32 + 1) as usize;
            list.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_chacha20() {
        // RFC 8439, appendix A.1, test vector 1: key and nonce of zeros.
        let mut stream = Stream::new([0; 32]);
        assert_eq!([stream.draw(), stream.draw()], [0xade0_b876, 0x903d_f1a0]);
    }

    #[test]
    fn every_place_of_a_shuffle_is_equally_likely() {
        let mut stream = Stream::new([7; 32]);
        let mut counts = [[0u32; 5]; 5];
        for _ in 0..20_000 {
            let mut list = [0, 1, 2, 3, 4];
            stream.shuffle(&mut list);
            for (place, item) in list.iter().enumerate() {
                counts[place][*item] += 1;
            }
        }
        // 4,000 expected, standard deviation 57.
        assert!(counts.iter().flatten().all(|count| (3_750..4_250).contains(count)), "{counts:?}");
    }
}
