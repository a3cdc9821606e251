//! Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC'11), and the two ways in
//! which serving engines ask it about tokens.

/// Multipliers and key increments of the paper.
const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];
const WEYL: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];

/// What stands for a token before the text's first.
pub const PAD: u32 = u32::MAX;

/// The two words that keep contexts and candidates apart in vLLM's `philox4x32-10-v1`.
const CONTEXT_DOMAIN: u32 = 0x574d_4358;
const TOKEN_DOMAIN: u32 = 0x574d_544b;

/// Ten rounds: four words that the counter and the key decide.
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    let [mut k0, mut k1] = key;
    for _ in 0..10 {
        let first = u64::from(MULTIPLIERS[0]) * u64::from(c0);
        let second = u64::from(MULTIPLIERS[1]) * u64::from(c2);
        (c0, c1, c2, c3) = ((second >> 32) as u32 ^ c1 ^ k0, second as u32, (first >> 32) as u32 ^ c3 ^ k1, first as u32);
        k0 = k0.wrapping_add(WEYL[0]);
        k1 = k1.wrapping_add(WEYL[1]);
    }
    [c0, c1, c2, c3]
}

/// The words of a seed, low one first.
pub fn words(seed: u64) -> [u32; 2] {
    [seed as u32, (seed >> 32) as u32]
}

/// One context under one key, ready to be asked about candidates: vLLM's `philox4x32-10-v1`
/// (`vllm/v1/watermarking/prfs/philox.py`, Apache-2.0).
pub struct Candidates {
    state: [u32; 4],
    key: [u32; 2],
    block: u32,
    outputs: [u32; 4],
}

impl Candidates {
    /// Takes in the context, oldest token first, four tokens a call; places before the text's first token hold [`PAD`].
    pub fn new(key: u64, context: &[u32]) -> Self {
        let key = words(key);
        let mut state = [CONTEXT_DOMAIN, context.len() as u32, 0, 0];
        for (number, four) in context.chunks(4).enumerate() {
            for (at, word) in state.iter_mut().enumerate() {
                *word ^= four.get(at).copied().unwrap_or(u32::MAX - at as u32);
            }
            state = philox(state, [key[0] ^ (4 * number) as u32, key[1]]);
        }
        Self { state, key: [key[0] ^ state[3], key[1] ^ TOKEN_DOMAIN], block: u32::MAX, outputs: [0; 4] }
    }

    /// The word of a candidate. One call of Philox serves four neighbouring ids.
    pub fn word(&mut self, token: u32) -> u32 {
        let block = token >> 2;
        if block != self.block {
            self.block = block;
            self.outputs = philox([block, self.state[0], self.state[1], self.state[2]], self.key);
        }
        self.outputs[(token & 3) as usize]
    }
}

/// A word as a number between 0 and 1, both left out: `uint32_to_uniform` of vLLM, a single-precision number.
pub fn uniform(word: u32) -> f32 {
    ((f64::from(word >> 8) + 1.0) / 16_777_217.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers_of_random123() {
        // kat_vectors of the Random123 distribution, philox4x32 10.
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn uniforms_leave_out_both_ends() {
        assert!(uniform(0) > 0.0);
        assert_eq!(uniform(u32::MAX), 1.0 - f32::EPSILON / 2.0);
    }
}
