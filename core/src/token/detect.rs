//! Testing token ids for a mark: exact chances of what is seen, the search for marked parts counted.

use super::green::Hash;
use super::philox::{Candidates, PAD, uniform};
use super::pick::ready;
use super::scheme::{self, Mark, Scheme};
use crate::error::{Error, Result};
use crate::stats::sums::{Values, binomial, gamma, two_gammas, weighted};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::OnceLock;

/// Tokens that one call takes.
const MOST: usize = 1 << 22;
/// Scored tokens below which there is no verdict, and below which a find is called weak.
const LEAST: usize = 40;
const FIRM: usize = 100;
/// Down to this chance the tests were measured; smaller ones follow from the same formulas.
const MEASURED: f64 = 1e-4;

/// What `detect` takes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// The mark that is looked for.
    pub mark: scheme::Options,
    /// Tests of the same text that this one belongs to: keys, tokenizers. Chances are multiplied by it. Default 1.
    pub tries: Option<u64>,
    /// The chance at or below which a mark is found, above 0 and below 1. Default 1e-4.
    pub threshold: Option<f64>,
    /// Also looks for a marked part of the text. Default false.
    #[serde(default)]
    pub scan: bool,
    /// Counts every place, repeated contexts too: chances are then too small where text repeats itself. Default false.
    #[serde(default)]
    pub keep_repeats: bool,
    /// Gives every token's score. Default false.
    #[serde(default)]
    pub each: bool,
    /// What is added up with `gumbel`; default `likelihood`. Other schemes have one statistic each.
    pub statistic: Option<Statistic>,
}

/// What is added up over the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Statistic {
    /// The logarithm of the likelihood ratio: see `ratio`.
    Likelihood,
    /// -ln(1 - u), as vLLM's detector.
    Sum,
}

/// The answer to one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Verdict {
    /// The mark is there.
    #[serde(rename = "found")]
    Found,
    /// No evidence of it, which does not say that it was never there.
    #[serde(rename = "not found")]
    NotFound,
    /// Too few tokens to say.
    #[serde(rename = "cannot tell")]
    CannotTell,
}

/// A part of the text.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// First token and the one after the last.
    pub tokens: [usize; 2],
    /// Scored tokens in it.
    pub scored: usize,
    /// Their score.
    pub score: f64,
    /// Its chance, all parts that were looked at counted, and `tries`.
    pub p_value: f64,
    /// Parts that were looked at.
    pub looks: usize,
}

/// What the test says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The scheme.
    pub scheme: &'static str,
    /// Names a key of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// The answer.
    pub verdict: Verdict,
    /// A find in fewer than 100 scored tokens.
    pub weak: bool,
    /// The chance to see this much or more without the mark; `tries` counted, and the scan where one was asked for.
    pub p_value: f64,
    /// Its logarithm to base 10, which does not run out of range.
    pub log10_p: f64,
    /// Smaller than the chances at which the test was measured.
    pub extrapolated: bool,
    /// The text's score: with `gumbel` the logarithm of the likelihood ratio, or the sum of -ln(1 - u) where that was asked for;
    /// the sum of both keys' weighted ones with `dual-gumbel`; green tokens with
    /// `sbw` and `kgw`; the weighted mean of bits, 0 to 1, with `synthid`.
    pub score: f64,
    /// What the score is on average without the mark.
    pub expected: f64,
    /// Tokens that were given.
    pub tokens: usize,
    /// Tokens that were scored.
    pub scored: usize,
    /// The most telling part, where a scan was asked for and the text is long enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// Every scored token's place and score, where asked for. Bits of `synthid`: their weighted sum, weights 290 down by 9.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub each: Option<Vec<(usize, f64)>>,
}

/// Tests `tokens`, the output's ids without the prompt.
pub fn detect(tokens: &[u32], options: &Options) -> Result<Report> {
    let mark = ready(&options.mark)?;
    if options.statistic.is_some() && !matches!(mark.scheme, Scheme::Gumbel(_)) {
        return Err(Error::parameter("statistic is a choice of gumbel: the other schemes have one each"));
    }
    let statistic = options.statistic.unwrap_or(Statistic::Likelihood);
    let threshold = options.threshold.unwrap_or(MEASURED);
    if !(threshold > 0.0 && threshold < 1.0) {
        return Err(Error::parameter("threshold lies between 0 and 1"));
    }
    if tokens.len() > MOST {
        return Err(Error::limit(format!("more than {MOST} tokens")));
    }
    if tokens.iter().any(|token| *token > i32::MAX as u32) {
        return Err(Error::parameter("a token id is 0 to 2,147,483,647"));
    }
    let tries = (options.tries.unwrap_or(1).max(1) as f64).ln();
    let scores = scores(&mark, tokens, statistic, options.keep_repeats);
    let test = Test::new(&mark, statistic);
    let sum: f64 = scores.iter().map(|one| one.1).sum();
    let scored = scores.len();
    let whole = tries + if scored == 0 { 0.0 } else { test.tail(scored, sum) };
    let (part, ln_p) = match options.scan.then(|| scan(&scores, &test)).flatten() {
        // The text as a whole has one half of the chance, its parts the other.
        Some((mut part, ln_part)) => {
            part.p_value = (ln_part + tries).min(0.0).exp();
            (Some(part), std::f64::consts::LN_2 + whole.min(ln_part + tries))
        }
        None => (None, whole),
    };
    let ln_p = ln_p.min(0.0);
    let p_value = ln_p.exp();
    let verdict = match () {
        () if scored < LEAST => Verdict::CannotTell,
        () if p_value <= threshold => Verdict::Found,
        () => Verdict::NotFound,
    };
    Ok(Report {
        scheme: mark.name(),
        key_id: mark.key_id.clone(),
        verdict,
        weak: verdict == Verdict::Found && scored < FIRM,
        p_value,
        log10_p: ln_p / std::f64::consts::LN_10,
        extrapolated: p_value < MEASURED,
        score: test.shown(scored, sum),
        expected: test.shown(scored, test.mean * scored as f64),
        tokens: tokens.len(),
        scored,
        part,
        each: options.each.then_some(scores),
    })
}

/// Places and scores of the tokens that count as evidence, each context or draw once.
pub fn scores(mark: &Mark, tokens: &[u32], statistic: Statistic, keep_repeats: bool) -> Vec<(usize, f64)> {
    // Before the output's first token there is none; SynthID and KGW score only where the context is whole.
    let mut padded = vec![PAD; mark.width];
    padded.extend_from_slice(tokens);
    let context = |place: usize| padded.get(place..place + mark.width).unwrap_or(&[]);
    let mut seen = HashSet::with_capacity(tokens.len());
    let mut fresh = |context| seen.insert(context) || keep_repeats;
    let mut drawn = HashSet::new();
    let mut fresh_draw = |draw: (i64, u32)| drawn.insert(draw) || keep_repeats;
    let places = tokens.iter().enumerate();
    match &mark.scheme {
        Scheme::Gumbel(key) => {
            let number = |place: usize, token: u32| uniform(Candidates::new(*key, context(place)).word(token));
            let score = |number: f32| match statistic {
                Statistic::Likelihood => ratio(f64::from(number)),
                Statistic::Sum => -f64::from(-number).ln_1p(),
            };
            places
                .filter(|(place, _)| fresh(context(*place)))
                .map(|(place, token)| (place, score(number(place, *token))))
                .collect()
        }
        Scheme::DualGumbel(keys, alpha) => {
            let [first, second] = weights(*alpha);
            let both = |place: usize, token: u32| {
                let part =
                    |key: u64, weight: f64| if weight > 0.0 { weight * exponential(key, context(place), token) } else { 0.0 };
                part(keys[0], first) + part(keys[1], second)
            };
            places.filter(|(place, _)| fresh(context(*place))).map(|(place, token)| (place, both(place, *token))).collect()
        }
        // A list's seed may come back in another context: the same draw is no new evidence.
        Scheme::Sbw(lists, _) => places
            .filter(|(place, _)| fresh(context(*place)))
            .map(|(place, token)| (place, *token, lists.seed(context(place), *token)))
            .filter(|(_, token, seed)| fresh_draw((*seed, *token)))
            .map(|(place, token, seed)| (place, f64::from(u8::from(lists.green(seed, token)))))
            .collect(),
        Scheme::Synthid(tournament) => places
            .skip(mark.width)
            .filter(|(place, _)| fresh(context(*place)))
            .map(|(place, token)| (place, tournament.candidate(tournament.context(context(place)), *token)))
            .filter(|(_, hash)| fresh_draw((tournament.state(*hash), 0)))
            .map(|(place, hash)| (place, tournament.score(hash)))
            .collect(),
        // The library marks repeated contexts too: a pair of context and token counts once.
        Scheme::Kgw(lists, _) => {
            let own = usize::from(lists.hash() == Hash::Own);
            places
                .skip(mark.width - own)
                .filter(|(_, token)| **token < lists.vocabulary)
                .map(|(place, token)| {
                    (place, *token, lists.seed(padded.get(place + own..place + mark.width + own).unwrap_or(&[])))
                })
                // The generator takes the seed's low 32 bits.
                .filter(|(_, token, seed)| fresh_draw((i64::from(*seed as u32), *token)))
                .map(|(place, token, seed)| (place, f64::from(u8::from(lists.green(seed, token)))))
                .collect()
        }
    }
}

/// -ln(1 - u) of a token, exponential with mean 1 without the mark.
fn exponential(key: u64, context: &[u32], token: u32) -> f64 {
    -f64::from(-uniform(Candidates::new(key, context).word(token))).ln_1p()
}

/// Shares of tokens and how surprising they are on average, in bits: of the made model of `bench/token` with entropies of an
/// exponential distribution, one bit a token.
const SURPRISES: [(f64, f64); 9] = [
    (0.576, 0.09),
    (0.241, 0.46),
    (0.017, 1.27),
    (0.037, 2.77),
    (0.041, 3.47),
    (0.029, 4.47),
    (0.021, 5.48),
    (0.024, 6.89),
    (0.014, 9.67),
];

/// ln of how much likelier a number is with the mark than without it.
///
/// A token that the model gives the chance p is chosen for a number that is distributed as u^p' with p' = p, of density
/// u^(1/p - 1) / p, and without the mark evenly. Tokens of every chance are mixed as in text, so that sure tokens, which say
/// nothing, add no noise: 7 % fewer tokens are needed at half a bit a token than with the sum of -ln(1 - u), and no more elsewhere.
fn ratio(number: f64) -> f64 {
    let ln = number.ln();
    SURPRISES.iter().map(|(share, bits)| share * bits.exp2() * ((bits.exp2() - 1.0) * ln).exp()).sum::<f64>().ln()
}

/// What `ratio` gives for numbers between 0 and 1, evenly distributed: narrower steps towards 1, where it is steep, and 0.
fn ratios() -> Vec<Values> {
    let ends: Vec<f64> = (2..=24)
        .rev()
        .map(|power| f64::from(-power).exp2())
        .chain((3..=64).map(|step| f64::from(step) / 128.0))
        .chain((33..=62).map(|step| f64::from(step) / 64.0))
        .chain((6..=24).map(|power| 1.0 - f64::from(-power).exp2()))
        .collect();
    let mut values = Vec::new();
    let mut from = 0.0;
    for to in ends.into_iter().chain([1.0]) {
        // Four parts of each step, each at its middle.
        let part = (to - from) / 4.0;
        values.extend((0..4).map(|at| (ratio(from + (f64::from(at) + 0.5) * part), part)));
        from = to;
    }
    vec![Values::new(values)]
}

/// Parts of the two keys. A key with less than a hundredth is left out: it has nothing to say beside the other.
fn weights(alpha: f64) -> [f64; 2] {
    match alpha {
        _ if alpha < 0.01 => [1.0, 0.0],
        _ if alpha > 0.99 => [0.0, 1.0],
        _ => [1.0 - alpha, alpha],
    }
}

/// What sums of scores are worth without the mark.
pub struct Test<'a> {
    kind: Kind<'a>,
    /// A score's mean.
    pub mean: f64,
    /// The square root of its variance.
    pub spread: f64,
}

enum Kind<'a> {
    Gamma,
    TwoGammas([f64; 2]),
    Binomial(f64),
    Ratios(&'a [Values]),
    Weighted(&'a [Values], f64),
}

/// Drawn once.
static RATIOS: OnceLock<Vec<Values>> = OnceLock::new();

impl<'a> Test<'a> {
    /// Of one mark's scores.
    pub fn new(mark: &'a Mark, statistic: Statistic) -> Self {
        match &mark.scheme {
            Scheme::Gumbel(_) if statistic == Statistic::Sum => Self { kind: Kind::Gamma, mean: 1.0, spread: 1.0 },
            Scheme::Gumbel(_) => {
                let values = RATIOS.get_or_init(ratios);
                let [_, mean, variance] = Values::total(values, 0.0);
                Self { kind: Kind::Ratios(values), mean, spread: variance.sqrt() }
            }
            Scheme::DualGumbel(_, alpha) => {
                let [a, b] = weights(*alpha);
                let kind = if a > 0.0 && b > 0.0 { Kind::TwoGammas([a, b]) } else { Kind::Gamma };
                Self { kind, mean: 1.0, spread: a.hypot(b) }
            }
            Scheme::Sbw(lists, _) => Self::of_greens(f64::from(lists.bound) / f64::from(1u32 << 31)),
            Scheme::Kgw(lists, _) => Self::of_greens(f64::from(lists.greens) / f64::from(lists.vocabulary)),
            Scheme::Synthid(tournament) => {
                let [_, mean, variance] = Values::total(&tournament.values, 0.0);
                Self { kind: Kind::Weighted(&tournament.values, tournament.most()), mean, spread: variance.sqrt() }
            }
        }
    }

    fn of_greens(chance: f64) -> Self {
        Self { kind: Kind::Binomial(chance), mean: chance, spread: (chance * (1.0 - chance)).sqrt() }
    }

    /// ln of the chance that `scored` scores sum up to `sum` or more.
    pub fn tail(&self, scored: usize, sum: f64) -> f64 {
        let scored = scored as u64;
        match &self.kind {
            Kind::Gamma => gamma(scored, sum),
            Kind::TwoGammas([a, b]) => two_gammas(scored, *a, *b, sum),
            Kind::Binomial(chance) => binomial(scored, sum.round() as u64, *chance),
            Kind::Weighted(parts, _) | Kind::Ratios(parts) => weighted(parts, scored, sum),
        }
    }

    /// The score as the report has it.
    fn shown(&self, scored: usize, sum: f64) -> f64 {
        match &self.kind {
            Kind::Weighted(_, total) if scored > 0 => sum / (total * scored as f64),
            _ => sum,
        }
    }
}

/// The most telling part of the text and ln of its chance: lengths grow by half octaves from [`LEAST`] scored tokens, each a
/// quarter of its length further.
fn scan(scores: &[(usize, f64)], test: &Test) -> Option<(Part, f64)> {
    let sums: Vec<f64> = std::iter::once(0.0)
        .chain(scores.iter().scan(0.0, |sum, one| {
            *sum += one.1;
            Some(*sum)
        }))
        .collect();
    let mut looks = 0;
    let mut best: Option<(f64, usize, usize, f64)> = None;
    let mut length = LEAST as f64;
    while (length as usize) < scores.len() {
        let size = length as usize;
        let at = |from: usize| sums.get(from + size).zip(sums.get(from)).map_or(0.0, |(to, from)| to - from);
        let mut top = (0, f64::NEG_INFINITY);
        for from in (0..=scores.len() - size).step_by((size / 4).max(1)) {
            looks += 1;
            if at(from) > top.1 {
                top = (from, at(from));
            }
        }
        // Of parts of one length the one with the largest score has the smallest chance.
        if top.1 > size as f64 * test.mean + 2.0 * test.spread * (size as f64).sqrt() || best.is_none() {
            let ln_p = test.tail(size, top.1);
            if best.is_none_or(|one| ln_p < one.0) {
                best = Some((ln_p, top.0, size, top.1));
            }
        }
        length *= std::f64::consts::SQRT_2;
    }
    let (ln_p, from, size, sum) = best?;
    let place = |at: usize| scores.get(at).map_or(0, |one| one.0);
    let ln_p = ln_p + f64::from(looks as u32).ln();
    let part = Part {
        tokens: [place(from), place(from + size - 1) + 1],
        scored: size,
        score: test.shown(size, sum),
        p_value: 0.0,
        looks,
    };
    Some((part, ln_p))
}

#[cfg(test)]
#[path = "detect_tests.rs"]
mod tests;
