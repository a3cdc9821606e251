//! Whether chances are what they say: unmarked texts, and how often their chance is at or below a level.

use crate::model::VOCABULARY;
use crate::schemes::nth;
use countermark_core::stats::sums::binomial;
use countermark_core::token::detect::{Test, scores};
use countermark_core::token::scheme::Mark;
use stand::Failure;
use stand::random::stream;
use stand::report::tell;
use std::collections::HashMap;

/// Levels that are counted.
pub const LEVELS: [f64; 4] = [1e-1, 1e-2, 1e-3, 1e-4];
/// Tokens of a text.
pub const LENGTH: usize = 60;
/// Tables that are drawn at most.
const TABLES: u64 = 64;

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

/// Counts of the scheme at `place` over texts, each with the next of `keys` keys.
pub fn calibration(place: usize, texts: usize, keys: u64) -> Result<Calibration, Failure> {
    let first = nth(place, 0)?;
    // A table takes milliseconds to draw: as many are kept as there are keys. All other marks are made anew for every text.
    let kept = if first.name.ends_with("table") { keys.min(TABLES) } else { 0 };
    let tables = (0..kept).map(|number| Ok(Mark::new(&nth(place, number)?.mark)?)).collect::<Result<Vec<_>, Failure>>()?;
    let mut made = Texts::new(&format!("calibration {} {keys}", first.name))?;
    let (mut seen, mut expected) = ([0; 4], [0.0; 4]);
    let mut attainable: HashMap<usize, [f64; 4]> = HashMap::new();
    for number in 0..texts as u64 {
        let fresh;
        let mark = match tables.get((number % kept.max(1)) as usize) {
            Some(mark) => mark,
            None => {
                fresh = Mark::new(&nth(place, number % keys)?.mark)?;
                &fresh
            }
        };
        let test = Test::new(mark, first.statistic);
        let list = scores(mark, &made.text(), first.statistic, false);
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
    Ok(Calibration { name: first.name, texts, seen, expected })
}

/// The least and the largest share at 1e-2 beside what it should be, over keys, each by itself.
pub fn by_key(place: usize, texts: usize) -> Result<(f64, f64), Failure> {
    let mut shares = (f64::INFINITY, 0.0f64);
    for key in 0..8 {
        let scheme = nth(place, 1000 + key)?;
        let mark = Mark::new(&scheme.mark)?;
        let test = Test::new(&mark, scheme.statistic);
        let mut made = Texts::new(&format!("by key {} {key}", scheme.name))?;
        let (mut seen, mut expected) = (0.0, 0.0);
        for _ in 0..texts {
            let list = scores(&mark, &made.text(), scheme.statistic, false);
            let sum: f64 = list.iter().map(|one| one.1).sum();
            seen += f64::from(u8::from(test.tail(list.len(), sum) <= 1e-2f64.ln()));
            expected += if scheme.steps { steps(list.len(), test.mean)[1] } else { 1e-2 };
        }
        shares = (shares.0.min(seen / expected), shares.1.max(seen / expected));
    }
    tell(&format!("{} calibrated", nth(place, 0)?.name));
    Ok(shares)
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
