//! What choosing and testing cost.

use crate::schemes::schemes;
use countermark_core::token::detect::{self, detect};
use countermark_core::token::pick::{Options, pick};
use serde_json::json;
use stand::Failure;
use stand::random::{normal, stream};
use std::hint::black_box;
use std::time::Instant;

/// Tokens of the vocabulary, as Qwen's models have them.
pub const VOCABULARY: usize = 151_936;

/// Medians of one scheme.
pub struct Speed {
    /// Its name.
    pub name: &'static str,
    /// Microseconds a token, top-k 100.
    pub pick: f64,
    /// Microseconds a token, the whole vocabulary.
    pub whole: f64,
    /// Texts of 200 tokens a second.
    pub detections: f64,
}

fn median(runs: usize, mut work: impl FnMut(usize) -> Result<(), Failure>) -> Result<f64, Failure> {
    work(0)?;
    let mut times = Vec::new();
    for run in 0..runs {
        let start = Instant::now();
        work(run)?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_unstable_by(f64::total_cmp);
    Ok(times.get(runs / 2).copied().unwrap_or(0.0))
}

/// Measures every scheme; KGW's lists with the same vocabulary.
pub fn speed() -> Result<Vec<Speed>, Failure> {
    let mut chance = stream("speed")?;
    let logits: Vec<Vec<f32>> = (0..4).map(|_| (0..VOCABULARY).map(|_| (3.0 * normal(&mut chance)) as f32).collect()).collect();
    let text: Vec<u32> = (0..200).map(|_| chance.below(VOCABULARY as u32)).collect();
    schemes(0)?
        .into_iter()
        .map(|scheme| {
            let mark = match scheme.name.starts_with("kgw") {
                true => serde_json::from_value(json!({ "scheme": "kgw", "key": "15485863", "vocabulary": VOCABULARY }))?,
                false => scheme.mark.clone(),
            };
            let options: Options =
                serde_json::from_value(json!({ "mark": { "scheme": "gumbel", "key": "0" }, "random": [0.3, 0.5] }))?;
            let options = Options { mark: mark.clone(), top_k: 100, ..options };
            let whole = Options { top_k: 0, ..options.clone() };
            let run = |options: &Options, run: usize| -> Result<(), Failure> {
                let one = logits.get(run % logits.len()).map_or(&[] as &[f32], Vec::as_slice);
                black_box(pick(one, &[], text.get(..50 + run % 100).unwrap_or(&[]), options)?);
                Ok(())
            };
            let test: detect::Options = serde_json::from_value(json!({ "mark": { "scheme": "gumbel", "key": "0" } }))?;
            let test = detect::Options { mark, statistic: scheme.name.starts_with("gumbel").then_some(scheme.statistic), ..test };
            Ok(Speed {
                name: scheme.name,
                pick: 1e6 * median(301, |at| run(&options, at))?,
                whole: 1e6 * median(21, |at| run(&whole, at))?,
                detections: 1.0
                    / median(if scheme.name.starts_with("kgw") { 11 } else { 301 }, |_| {
                        black_box(detect(&text, &test)?);
                        Ok(())
                    })?,
            })
        })
        .collect()
}
