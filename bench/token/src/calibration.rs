//! Whether chances are what they say: unmarked texts, and how often their chance is at or below a level.

use crate::model::VOCABULARY;
use crate::schemes::{Scheme, schemes};
use countermark_core::stats::sums::binomial;
use countermark_core::token::detect::{Test, scores};
use countermark_core::token::pick::ready;
use stand::Failure;
use stand::random::stream;
use stand::report::tell;
use std::collections::HashMap;

/// Levels that are counted.
pub const LEVELS: [f64; 4] = [1e-1, 1e-2, 1e-3, 1e-4];
/// Tokens of a text.
pub const LENGTH: usize = 60;
/// Keys that texts take turns with.
const KEYS: u64 = 6;

/// Counts of one scheme.
pub struct Calibration {
    /// Its name.
    pub name: &'static str,
    /// Texts.
    pub texts: usize,
    /// Texts at or below each level.
    pub seen: [u64; 4],
    /// As many as there should be: `texts` times the level, or times the largest chance not above it that the score can take.
    pub expected: [f64; 4],
}

/// Texts of tokens with the frequencies of a Zipf distribution, so that contexts and pairs come back as they do in text.
struct Texts {
    bounds: Vec<u64>,
    chance: countermark_core::keyed::Stream,
}

impl Texts {
    fn new(name: &str) -> Result<Self, Failure> {
        let weights: Vec<f64> = (1..=VOCABULARY).map(|rank| 1.0 / (f64::from(rank) + 2.7)).collect();
        let sum: f64 = weights.iter().sum();
        let mut below = 0.0;
        let bounds = weights
            .iter()
            .map(|weight| {
                below += weight / sum;
                (below * 4_294_967_296.0) as u64
            })
            .collect();
        Ok(Self { bounds, chance: stream(name)? })
    }

    fn text(&mut self) -> Vec<u32> {
        (0..LENGTH)
            .map(|_| {
                let number = u64::from(self.chance.draw());
                self.bounds.partition_point(|bound| *bound <= number).min(VOCABULARY as usize - 1) as u32
            })
            .collect()
    }
}

/// Counts of the scheme at `place` among all.
pub fn calibration(place: usize, texts: usize) -> Result<Calibration, Failure> {
    let keyed: Vec<Scheme> = (0..KEYS)
        .map(|number| schemes(number)?.into_iter().nth(place).ok_or_else(|| Failure::from("no such scheme")))
        .collect::<Result<_, _>>()?;
    let marks = keyed.iter().map(|scheme| ready(&scheme.mark)).collect::<Result<Vec<_>, _>>()?;
    let tests: Vec<Test> = marks.iter().map(|mark| Test::new(mark)).collect();
    let first = keyed.first().ok_or("no scheme")?;
    let mut made = Texts::new(&format!("calibration {}", first.name))?;
    let (mut seen, mut expected) = ([0; 4], [0.0; 4]);
    let mut attainable: HashMap<usize, [f64; 4]> = HashMap::new();
    for number in 0..texts {
        let (mark, test) = match (marks.get(number % marks.len()), tests.get(number % marks.len())) {
            (Some(mark), Some(test)) => (mark, test),
            _ => continue,
        };
        let list = scores(mark, &made.text(), false);
        let sum: f64 = list.iter().map(|one| one.1).sum();
        let z = (sum - test.mean * list.len() as f64) / (test.spread * (list.len() as f64).sqrt());
        // The largest level is reached from about 1.3 on.
        let ln_p = if z > 0.9 { test.tail(list.len(), sum) } else { 0.0 };
        let wanted =
            attainable.entry(list.len()).or_insert_with(|| if first.steps { steps(list.len(), test.mean) } else { LEVELS });
        for at in 0..LEVELS.len() {
            seen[at] += u64::from(ln_p <= LEVELS[at].ln());
            expected[at] += wanted[at];
        }
    }
    tell(&format!("{} calibrated", first.name));
    Ok(Calibration { name: first.name, texts, seen, expected })
}

/// The largest chances at or below the levels that a count of green tokens can have.
fn steps(scored: usize, chance: f64) -> [f64; 4] {
    LEVELS.map(|level| {
        (0..=scored as u64)
            .map(|hits| binomial(scored as u64, hits, chance))
            .find(|ln_p| *ln_p <= level.ln())
            .map_or(0.0, f64::exp)
    })
}
