//! Choosing the next token so that the choice carries the mark.

use super::candidates::{Candidate, Cut, candidates, chances, drawn};
use super::green::{Hash, Kgw};
use super::philox::{Candidates, PAD, uniform};
use super::scheme::{self, Mark, Scheme};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::rc::Rc;

/// Which earlier contexts leave a place unmarked: a context that comes back would choose alike again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Repeats {
    /// None: every place is marked.
    None,
    /// Those of the output.
    Output,
    /// Those of the prompt too, and the output's first places.
    All,
}

/// What `pick` takes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// The mark.
    pub mark: scheme::Options,
    /// Where the output starts among the tokens: the length of the prompt. Default 0.
    #[serde(default)]
    pub start: usize,
    /// 0 to 100; 0 chooses the most probable one, which only green lists can mark. Default 1.
    pub temperature: Option<f64>,
    /// Default 0: all.
    #[serde(default)]
    pub top_k: usize,
    /// Above 0 to 1; default 1.
    pub top_p: Option<f64>,
    /// 0 to 1; default 0.
    pub min_p: Option<f64>,
    /// Default: the output's, and none with `kgw`, as those who made the schemes do it.
    pub repeats: Option<Repeats>,
    /// Places that are looked back over for a repeated context, at least 1. Default 8,192, with `synthid` 1,024.
    pub history: Option<usize>,
    /// Two numbers from 0 to below 1, fresh ones for every token: one for choices that are left to chance, one for which key of
    /// two. Needed by all schemes, since a repeated context is left to chance.
    pub random: Option<[f64; 2]>,
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pick {
    /// The token's id.
    pub token: u32,
    /// Whether the mark had a say.
    pub marked: bool,
    /// The chance that the model gave the token, among the candidates and without the mark.
    pub chance: f64,
    /// Candidates after temperature, top-k, top-p and min-p.
    pub candidates: usize,
}

thread_local! {
    /// The marks used last on this thread: tables are drawn once.
    static READY: RefCell<Vec<(scheme::Options, Rc<Mark>)>> = const { RefCell::new(Vec::new()) };
}

/// A mark made ready, from the last few used on this thread where it is among them.
pub fn ready(options: &scheme::Options) -> Result<Rc<Mark>> {
    const KEPT: usize = 8;
    let known = READY.with_borrow(|list| list.iter().find(|one| one.0 == *options).map(|one| Rc::clone(&one.1)));
    if let Some(mark) = known {
        return Ok(mark);
    }
    let mark = Rc::new(Mark::new(options)?);
    READY.with_borrow_mut(|list| {
        list.insert(0, (options.clone(), Rc::clone(&mark)));
        list.truncate(KEPT);
    });
    Ok(mark)
}

/// Chooses. `ids` empty: the logit at place n is that of token n. `tokens`: prompt and output so far.
pub fn pick(logits: &[f32], ids: &[u32], tokens: &[u32], options: &Options) -> Result<Pick> {
    let mark = ready(&options.mark)?;
    let cut = cut_of(options)?;
    if options.start > tokens.len() {
        return Err(Error::parameter("start lies beyond the tokens"));
    }
    if cut.temperature == 0.0 && !mark.scheme.raises() {
        return Err(Error::parameter(format!(
            "{} marks what is drawn by chance: with temperature 0 nothing is; take sbw for the greedy choice",
            mark.name()
        )));
    }
    let random = random_of(options, cut.temperature)?;
    let kept = candidates(logits, ids, &cut)?;
    let context = context_of(&mark, tokens, options.start);
    let marked = match &context {
        None => false,
        Some(context) => !repeated(&mark, context, tokens, options),
    };
    let place = match context.filter(|_| marked) {
        Some(context) => chosen(&mark, &kept, &context, &cut, random),
        None if cut.temperature == 0.0 => highest(kept.iter().map(|one| one.1)),
        None => drawn(&chances(&kept), random[0]),
    };
    let token = kept.get(place).map_or(0, |one| one.0);
    let chance = chances(&kept).get(place).copied().unwrap_or(0.0);
    Ok(Pick { token, marked, chance, candidates: kept.len() })
}

fn cut_of(options: &Options) -> Result<Cut> {
    let cut = Cut {
        temperature: options.temperature.unwrap_or(1.0),
        top_k: options.top_k,
        top_p: options.top_p.unwrap_or(1.0),
        min_p: options.min_p.unwrap_or(0.0),
    };
    if !(0.0..=100.0).contains(&cut.temperature) {
        return Err(Error::parameter("temperature is 0 to 100"));
    }
    if !(cut.top_p > 0.0 && cut.top_p <= 1.0) {
        return Err(Error::parameter("topP lies above 0 and is at most 1"));
    }
    if !(0.0..=1.0).contains(&cut.min_p) {
        return Err(Error::parameter("minP is 0 to 1"));
    }
    if options.history == Some(0) {
        return Err(Error::parameter("history is at least 1"));
    }
    Ok(cut)
}

fn random_of(options: &Options, temperature: f64) -> Result<[f64; 2]> {
    match options.random {
        Some(random) if random.iter().all(|number| (0.0..1.0).contains(number)) => Ok(random),
        None if temperature == 0.0 => Ok([0.0; 2]),
        _ => Err(Error::parameter("random holds two numbers from 0 to below 1")),
    }
}

/// What decides the mark at the next place; none where the scheme has no context yet. KGW's looks back into the prompt, the
/// others' starts with the output: [`PAD`] stands for what is missing, 0 with SynthID.
fn context_of(mark: &Mark, tokens: &[u32], start: usize) -> Option<Vec<u32>> {
    let output = tokens.get(start..).unwrap_or(&[]);
    let pad = match &mark.scheme {
        Scheme::Kgw(lists, _) => {
            let width = if lists.hash() == Hash::Own { mark.width - 1 } else { mark.width };
            return if tokens.len() < mark.width { None } else { tokens.get(tokens.len() - width..).map(<[u32]>::to_vec) };
        }
        Scheme::Synthid(_) => 0,
        _ => PAD,
    };
    let missing = mark.width.saturating_sub(output.len());
    let mut context = vec![pad; missing];
    context.extend_from_slice(output.get(output.len() - (mark.width - missing)..).unwrap_or(&[]));
    Some(context)
}

/// Whether the context stood before an earlier place: `repeated_context_mask` of vLLM.
fn repeated(mark: &Mark, context: &[u32], tokens: &[u32], options: &Options) -> bool {
    let scope = options.repeats.unwrap_or(if mark.scheme.skips_repeats() { Repeats::Output } else { Repeats::None });
    let from = match scope {
        Repeats::None => return false,
        Repeats::All if tokens.len() - options.start < mark.width => return true,
        Repeats::All => 0,
        Repeats::Output => options.start,
    };
    let history = options.history.unwrap_or(if matches!(mark.scheme, Scheme::Synthid(_)) { 1024 } else { 8192 });
    let tokens = tokens.get(from..).unwrap_or(&[]);
    let pad = if matches!(mark.scheme, Scheme::Synthid(_)) { 0 } else { PAD };
    (tokens.len().saturating_sub(history)..tokens.len()).any(|place| {
        let mut back =
            (1..=context.len()).map(|step| place.checked_sub(step).and_then(|at| tokens.get(at)).copied().unwrap_or(pad));
        context.iter().rev().all(|token| back.next() == Some(*token))
    })
}

/// The place among the candidates that the mark chooses.
fn chosen(mark: &Mark, kept: &[Candidate], context: &[u32], cut: &Cut, random: [f64; 2]) -> usize {
    match &mark.scheme {
        Scheme::Gumbel(key) => gumbel(*key, kept, context),
        Scheme::DualGumbel(keys, alpha) => {
            let second = *alpha >= 1.0 || (*alpha > 0.0 && random[1] >= 1.0 - alpha);
            gumbel(keys[usize::from(second)], kept, context)
        }
        Scheme::Synthid(tournament) => {
            let ids: Vec<u32> = kept.iter().map(|one| one.0).collect();
            let mut chances = chances(kept);
            tournament.reweigh(tournament.context(context), &ids, &mut chances);
            drawn(&chances, random[0])
        }
        Scheme::Sbw(lists, delta) => {
            let green = |one: &Candidate| lists.green(lists.seed(context, one.0), one.0);
            raised(kept, *delta, green, cut, random[0])
        }
        Scheme::Kgw(lists, delta) => {
            let greens = kgw_greens(lists, kept, context);
            raised(kept, *delta, |one| greens.binary_search(&one.0).is_ok(), cut, random[0])
        }
    }
}

/// Keyed Gumbel-max in single precision, as vLLM computes it on a CPU: the largest of logit - ln(-ln u), the smaller id of equals.
fn gumbel(key: u64, kept: &[Candidate], context: &[u32]) -> usize {
    let mut words = Candidates::new(key, context);
    let mut best = (0, f32::NEG_INFINITY, u32::MAX);
    for (place, (token, logit)) in kept.iter().enumerate() {
        let word = words.word(*token);
        // -ln(-ln u) is below -ln(1 - u), and that is below one more than the leading ones of u's 24 bits, times ln 2.
        let reach = ((!word).leading_zeros().min(24) + 1) as f32 * std::f32::consts::LN_2 + 1e-3;
        if logit + reach < best.1 {
            continue;
        }
        let inner = -(f64::from(uniform(word)).ln() as f32);
        let sum = logit - f64::from(inner).ln() as f32;
        if sum > best.1 || (sum == best.1 && *token < best.2) {
            best = (place, sum, *token);
        }
    }
    best.0
}

/// The choice after `delta` is added to green logits.
fn raised(kept: &[Candidate], delta: f64, green: impl Fn(&Candidate) -> bool, cut: &Cut, random: f64) -> usize {
    let raised: Vec<Candidate> = kept.iter().map(|one| (one.0, if green(one) { one.1 + delta as f32 } else { one.1 })).collect();
    if cut.temperature == 0.0 { highest(raised.iter().map(|one| one.1)) } else { drawn(&chances(&raised), random) }
}

/// The first of the largest.
fn highest(logits: impl Iterator<Item = f32>) -> usize {
    logits.enumerate().fold((0, f32::NEG_INFINITY), |best, (at, logit)| if logit > best.1 { (at, logit) } else { best }).0
}

/// Candidates that the Transformers library looks at one by one.
const TRIED: usize = 40;

/// The green ones among the candidates, sorted by id.
fn kgw_greens(lists: &Kgw, kept: &[Candidate], context: &[u32]) -> Vec<u32> {
    let mut greens: Vec<u32> = match lists.hash() {
        Hash::Left => lists.list(lists.seed(context)),
        Hash::Own => {
            let mut best: Vec<&Candidate> = kept.iter().collect();
            best.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            let seeded = |token: u32| lists.seed(&[context, &[token]].concat());
            best.iter().take(TRIED).map(|one| one.0).filter(|token| lists.green(seeded(*token), *token)).collect()
        }
    };
    greens.sort_unstable();
    greens
}

#[cfg(test)]
#[path = "pick_tests.rs"]
mod tests;
