//! Changes of the sampling rate of a stream, by windowed sinc filters (Smith and Gossett 1984), one for each phase.

use std::f64::consts::PI;

/// Zero crossings of the sinc on each side, at the lower of the two rates.
const CROSSINGS: f64 = 16.0;
/// Pass band, as a part of half the lower rate.
const PASS: f64 = 0.94;

/// One channel from one rate to another, piece by piece: the output does not depend on how the input is cut.
///
/// Output sample m lies at the time of input sample m * from / to; there is no delay in time, but an output comes out only once
/// `reach` more input samples have come in.
pub struct Rate {
    from: u64,
    to: u64,
    taps: usize,
    /// Filters of all phases one after another, `taps` numbers each.
    filters: Vec<f32>,
    /// Input from `start` on; what lies before the first sample is silence.
    held: Vec<f32>,
    /// Index of `held[0]` in the input.
    start: i64,
    /// Outputs given so far.
    given: u64,
}

impl Rate {
    /// From `from` to `to` samples a second, both above 0.
    pub fn new(from: u32, to: u32) -> Self {
        let common = gcd(from.max(1), to.max(1));
        let (from, to) = (u64::from(from.max(1) / common), u64::from(to.max(1) / common));
        if from == to {
            return Self { from: 1, to: 1, taps: 1, filters: vec![1.0], held: Vec::new(), start: 0, given: 0 };
        }
        // Cycles an input sample that pass.
        let cut = 0.5 * PASS * (to as f64 / from as f64).min(1.0);
        let half = (CROSSINGS / (2.0 * cut)).ceil() as i64;
        let taps = 2 * half as usize;
        let mut filters = Vec::with_capacity(taps * to as usize);
        for phase in 0..to {
            let place = phase as f64 / to as f64;
            let filter = (1 - half..=half).map(|at| kernel(at as f64 - place, cut, half as f64));
            let first = filters.len();
            filters.extend(filter);
            let sum: f64 = filters[first..].iter().sum();
            filters[first..].iter_mut().for_each(|tap| *tap /= sum);
        }
        let filters = filters.into_iter().map(|tap| tap as f32).collect();
        Self { from, to, taps, filters, held: vec![0.0; half as usize - 1], start: 1 - half, given: 0 }
    }

    /// Input samples after the place of an output that it needs.
    pub fn reach(&self) -> usize {
        self.taps / 2
    }

    /// Takes input and appends what can be computed to `output`.
    pub fn push(&mut self, input: &[f32], output: &mut Vec<f32>) {
        self.held.extend_from_slice(input);
        let back = self.taps as i64 / 2 - i64::from(self.taps > 1);
        loop {
            let place = self.given * self.from;
            let (whole, phase) = ((place / self.to) as i64, (place % self.to) as usize);
            let first = (whole - back - self.start) as usize;
            let Some(input) = self.held.get(first..first + self.taps) else { break };
            let filter = &self.filters[phase * self.taps..][..self.taps];
            output.push(product(input, filter));
            self.given += 1;
        }
        let next = (self.given * self.from / self.to) as i64 - back - self.start;
        let done = (next.max(0) as usize).min(self.held.len());
        self.held.drain(..done);
        self.start += done as i64;
    }
}

/// Sums side by side, so that they do not wait for each other.
fn product(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a_eights, b_eights) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a_eights.remainder().iter().zip(b_eights.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_eights.zip(b_eights) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// A sinc that passes `cut` cycles a sample, under a window of Blackman over `half` samples on each side.
fn kernel(place: f64, cut: f64, half: f64) -> f64 {
    let angle = 2.0 * PI * cut * place;
    let sinc = if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle };
    let turn = PI * (place / half).clamp(-1.0, 1.0);
    sinc * (0.42 + 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos())
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f64, rate: f64, count: usize) -> Vec<f32> {
        (0..count).map(|at| (std::f64::consts::TAU * hertz * at as f64 / rate).sin() as f32).collect()
    }

    #[test]
    fn a_tone_stays_the_tone_and_what_is_too_high_goes() {
        for (from, to) in
            [(48_000, 16_000), (44_100, 16_000), (16_000, 44_100), (8_000, 16_000), (16_000, 192_000), (16_000, 16_000)]
        {
            let mut output = Vec::new();
            Rate::new(from, to).push(&tone(1_000.0, f64::from(from), from as usize / 4), &mut output);
            let wanted = tone(1_000.0, f64::from(to), output.len());
            let middle = output.len() / 8..output.len() * 7 / 8;
            let worst = output[middle.clone()].iter().zip(&wanted[middle]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 2e-3, "{from} to {to}: {worst}");
        }
        let mut output = Vec::new();
        Rate::new(48_000, 16_000).push(&tone(10_000.0, 48_000.0, 12_000), &mut output);
        assert!(output[100..].iter().all(|value| value.abs() < 2e-3));
    }

    #[test]
    fn pieces_do_not_matter() {
        let input: Vec<f32> = (0..5_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 16) as f32 / 65_536.0 - 0.5).collect();
        let mut whole = Vec::new();
        Rate::new(44_100, 16_000).push(&input, &mut whole);
        let (mut rate, mut pieces) = (Rate::new(44_100, 16_000), Vec::new());
        for piece in input.chunks(37) {
            rate.push(piece, &mut pieces);
        }
        assert_eq!(whole, pieces);
        assert!(whole.len() > 1_790);
    }
}
