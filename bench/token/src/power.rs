//! How many tokens a mark needs: texts of the made model, marked, cut to every length.

use crate::model::{Kind, Model};
use crate::schemes::Scheme;
use countermark_core::token::detect::{Test, scores};
use countermark_core::token::pick::{Options, pick, ready};
use countermark_core::token::scheme::Options as Mark;
use serde_json::json;
use stand::Failure;
use stand::random::{stream, unit};
use stand::report::tell;

/// Tokens of a text.
pub const LONGEST: usize = 400;

/// For every length the texts that are found at a level, of `texts`.
pub struct Power {
    /// The scheme's name.
    pub name: String,
    /// Texts found by their chance, one count a length, at 1e-2 and at 1e-3.
    pub found: [Vec<u32>; 2],
    /// Lengths at which 95 of 100 are found.
    pub needed: [Option<usize>; 2],
}

/// Marked texts of a model.
fn marked(mark: &Mark, model: &Model, name: &str, texts: usize) -> Result<Vec<Vec<u32>>, Failure> {
    let options: Options = serde_json::from_value(json!({ "mark": { "scheme": "gumbel", "key": "0" }, "random": [0.0, 0.0] }))?;
    let mut options = Options { mark: mark.clone(), ..options };
    let mut chance = stream(name)?;
    (0..texts)
        .map(|_| {
            let mut tokens = Vec::with_capacity(LONGEST);
            for _ in 0..LONGEST {
                let (ids, logits) = model.place(&mut chance);
                options.random = Some([unit(&mut chance), unit(&mut chance)]);
                tokens.push(pick(logits, &ids, &tokens, &options)?.token);
            }
            Ok(tokens)
        })
        .collect()
}

/// Unmarked texts of a model.
fn plain(model: &Model, name: &str, texts: usize) -> Result<Vec<Vec<u32>>, Failure> {
    let mut chance = stream(name)?;
    let mut text = || {
        (0..LONGEST)
            .map(|_| {
                let (ids, logits) = model.place(&mut chance);
                let chances: Vec<f64> = logits.iter().map(|one| f64::from(*one).exp()).collect();
                let place = countermark_core::token::candidates::drawn(&chances, unit(&mut chance));
                ids.get(place).copied().unwrap_or(0)
            })
            .collect::<Vec<u32>>()
    };
    Ok((0..texts).map(|_| text()).collect())
}

/// Sums of the scores of the first so many tokens: (scored, sum) at every length.
fn prefixes(scores: &[(usize, f64)]) -> Vec<(usize, f64)> {
    let mut sums = vec![(0, 0.0); LONGEST + 1];
    let mut sum = 0.0;
    let mut scored = 0;
    let mut next = scores.iter().peekable();
    for (length, entry) in sums.iter_mut().enumerate() {
        while let Some((_, score)) = next.next_if(|one| one.0 < length) {
            sum += score;
            scored += 1;
        }
        *entry = (scored, sum);
    }
    sums
}

fn needed(found: &[u32], texts: usize) -> Option<usize> {
    let enough = |count: &u32| f64::from(*count) >= 0.95 * texts as f64;
    found.iter().rposition(|count| !enough(count)).map_or(Some(0), |last| (last + 1 < found.len()).then_some(last + 1))
}

/// By exact chances.
pub fn power(scheme: &Scheme, model: &Model, kind: Kind, bits: f64, texts: usize) -> Result<Power, Failure> {
    let mark = ready(&scheme.mark)?;
    let test = Test::new(&mark, scheme.statistic);
    let mut found = [vec![0; LONGEST + 1], vec![0; LONGEST + 1]];
    for tokens in marked(&scheme.mark, model, &format!("power {} {bits} {}", scheme.name, kind == Kind::Even), texts)? {
        for (length, (scored, sum)) in prefixes(&scores(&mark, &tokens, scheme.statistic, false)).iter().enumerate() {
            // Where the score is not above its mean by much, its chance needs no computing.
            let z = (sum - test.mean * *scored as f64) / (test.spread * (*scored as f64).sqrt());
            let ln_p = if *scored > 0 && z > 1.5 { test.tail(*scored, *sum) } else { 0.0 };
            for (counts, level) in found.iter_mut().zip([1e-2f64, 1e-3]) {
                counts[length] += u32::from(ln_p <= level.ln());
            }
        }
    }
    tell(&format!("{} at {bits} bits done", scheme.name));
    Ok(Power { name: scheme.name.to_owned(), needed: [needed(&found[0], texts), needed(&found[1], texts)], found })
}

/// As the reference detector is used: scores per token, thresholds from as many unmarked texts as there are marked ones times
/// four. `score`: a token's score under the mark.
pub fn by_threshold(
    name: &str,
    scheme: &Scheme,
    model: &Model,
    kind: Kind,
    bits: f64,
    texts: usize,
    score: &dyn Fn(&[u32]) -> Vec<(usize, f64)>,
) -> Result<Power, Failure> {
    let seed = format!("power {} {bits} {}", scheme.name, kind == Kind::Even);
    let mean = |sums: Vec<(usize, f64)>| {
        sums.iter().map(|(scored, sum)| if *scored > 0 { sum / *scored as f64 } else { 0.0 }).collect::<Vec<f64>>()
    };
    let null: Vec<Vec<f64>> =
        plain(model, &format!("plain {seed}"), 4 * texts)?.iter().map(|tokens| mean(prefixes(&score(tokens)))).collect();
    let thresholds: Vec<[f64; 2]> = (0..=LONGEST)
        .map(|length| {
            let mut all: Vec<f64> = null.iter().filter_map(|means| means.get(length).copied()).collect();
            all.sort_unstable_by(|a, b| b.total_cmp(a));
            [1e-2, 1e-3].map(|level| all.get((level * all.len() as f64) as usize).copied().unwrap_or(f64::INFINITY))
        })
        .collect();
    let mut found = [vec![0; LONGEST + 1], vec![0; LONGEST + 1]];
    for tokens in marked(&scheme.mark, model, &seed, texts)? {
        for (length, (seen, wanted)) in mean(prefixes(&score(&tokens))).iter().zip(&thresholds).enumerate() {
            for (counts, threshold) in found.iter_mut().zip(wanted) {
                counts[length] += u32::from(seen > threshold);
            }
        }
    }
    tell(&format!("{name} at {bits} bits done"));
    Ok(Power { name: name.to_owned(), needed: [needed(&found[0], texts), needed(&found[1], texts)], found })
}
