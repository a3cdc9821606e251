//! A made language model: at every place some tokens of a vocabulary, with the chances of a Zipf distribution whose exponent
//! gives the entropy that is asked for.

use countermark_core::keyed::Stream;
use stand::random::unit;

/// Tokens of the vocabulary.
pub const VOCABULARY: u32 = 4096;
/// Tokens to choose from at one place.
const CHOICES: usize = 64;

/// How much there is to choose at each place.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// The same entropy at every place.
    Even,
    /// Entropies of an exponential distribution, up to 5.5 bits: most places are nearly certain, as in text.
    Mixed,
}

/// The model.
pub struct Model {
    kind: Kind,
    bits: f64,
    /// Logits of every hundredth of a bit.
    zipf: Vec<Vec<f32>>,
}

fn entropy(logits: &[f64]) -> f64 {
    let sum: f64 = logits.iter().map(|one| one.exp()).sum();
    -logits.iter().map(|one| one.exp() / sum * (one - sum.ln())).sum::<f64>() / std::f64::consts::LN_2
}

/// Logits of a Zipf distribution with `bits` of entropy: its exponent by bisection.
fn zipf(bits: f64) -> Vec<f32> {
    let logits = |exponent: f64| (1..=CHOICES).map(|rank| -exponent * (rank as f64).ln()).collect::<Vec<f64>>();
    let (mut low, mut high) = (0.0, 60.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if entropy(&logits(middle)) > bits { low = middle } else { high = middle }
    }
    logits(low).iter().map(|one| *one as f32).collect()
}

impl Model {
    /// With this entropy a token on average.
    pub fn new(kind: Kind, bits: f64) -> Self {
        Self { kind, bits, zipf: (0..=550).map(|step| zipf(f64::from(step.max(1)) / 100.0)).collect() }
    }

    /// The next place: ids and logits.
    pub fn place(&self, chance: &mut Stream) -> (Vec<u32>, &[f32]) {
        let bits = match self.kind {
            Kind::Even => self.bits,
            Kind::Mixed => self.exponential(unit(chance)),
        };
        let logits = self.zipf.get((bits * 100.0).round() as usize).map_or(&[] as &[f32], Vec::as_slice);
        // An odd stride through a power of two meets no id twice.
        let (first, stride) = (chance.below(VOCABULARY), 2 * chance.below(VOCABULARY / 2) + 1);
        let ids = (0..CHOICES as u32).map(|at| (first + at * stride) % VOCABULARY).collect();
        (ids, logits)
    }

    /// Cut at 5.5 bits, with the scale that keeps the mean: mean = scale (1 - e^(-5.5 / scale)).
    fn exponential(&self, number: f64) -> f64 {
        let mut scale = self.bits;
        for _ in 0..50 {
            scale = self.bits / (1.0 - (-5.5 / scale).exp());
        }
        (-scale * (1.0 - number).ln()).min(5.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stand::random::stream;

    #[test]
    fn entropies_are_what_is_asked() {
        for kind in [Kind::Even, Kind::Mixed] {
            for bits in [0.5, 1.0, 2.0] {
                let model = Model::new(kind, bits);
                let mut chance = stream("model").unwrap();
                let runs = 20_000;
                let mean = (0..runs)
                    .map(|_| entropy(&model.place(&mut chance).1.iter().map(|one| f64::from(*one)).collect::<Vec<f64>>()))
                    .sum::<f64>()
                    / f64::from(runs);
                assert!((mean - bits).abs() < 0.03, "{mean} instead of {bits}");
            }
        }
    }
}
