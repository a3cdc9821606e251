//! What a language model leaves to choose from: its logits after temperature, top-k, top-p and min-p.

use crate::error::{Error, Result};
use std::cmp::Ordering;

/// How far the choice is cut down. None of them set: the whole vocabulary.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// Logits are divided by it; 0 is the greedy choice.
    pub temperature: f64,
    /// The most probable so many; 0 for all.
    pub top_k: usize,
    /// The fewest that hold this much chance together, above 0 to 1.
    pub top_p: f64,
    /// Those with at least this part of the largest chance, 0 to 1.
    pub min_p: f64,
}

/// One candidate: its id and its logit after temperature.
pub type Candidate = (u32, f32);

/// Greater logit first, then smaller id.
fn order(a: &Candidate, b: &Candidate) -> Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

/// Candidates, most probable first. `ids` empty: the logit at place n is that of token n.
pub fn candidates(logits: &[f32], ids: &[u32], cut: &Cut) -> Result<Vec<Candidate>> {
    if !ids.is_empty() && ids.len() != logits.len() {
        return Err(Error::parameter("there are not as many candidates as logits"));
    }
    if logits.len() > i32::MAX as usize {
        return Err(Error::limit("more logits than tokens have ids"));
    }
    let temperature = if cut.temperature > 0.0 { cut.temperature as f32 } else { 1.0 };
    let top_k = if cut.temperature > 0.0 { cut.top_k } else { 0 };
    let id = |at: usize| ids.get(at).copied().unwrap_or(at as u32);
    let mut kept: Vec<Candidate> = Vec::new();
    // The least of the best so far: what lies below cannot be among the best any more.
    let mut least = f32::NEG_INFINITY;
    for (at, logit) in logits.iter().enumerate() {
        if *logit > f32::NEG_INFINITY && *logit >= least {
            kept.push((id(at), *logit));
            if top_k > 0 && kept.len() >= 4 * top_k {
                kept.select_nth_unstable_by(top_k - 1, order);
                kept.truncate(top_k);
                least = kept.iter().map(|one| one.1).fold(f32::INFINITY, f32::min);
            }
        }
    }
    if top_k > 0 && kept.len() > top_k {
        kept.select_nth_unstable_by(top_k - 1, order);
        kept.truncate(top_k);
    }
    if kept.iter().any(|one| one.1 == f32::INFINITY) {
        return Err(Error::parameter("a logit is infinite"));
    }
    if kept.is_empty() {
        return Err(Error::parameter("no logit is a number: there is nothing to choose from"));
    }
    kept.iter_mut().for_each(|one| one.1 /= temperature);
    let whole = top_k == 0 && cut.top_p >= 1.0 && cut.min_p <= 0.0;
    if !whole {
        kept.sort_unstable_by(order);
        nucleus(&mut kept, cut);
    }
    Ok(kept)
}

/// Cuts a sorted list by top-p and min-p; the first is always kept.
fn nucleus(kept: &mut Vec<Candidate>, cut: &Cut) {
    let chances = chances(kept);
    let mut sum = 0.0;
    let largest = chances.first().copied().unwrap_or(0.0);
    let count = chances
        .iter()
        .take_while(|chance| {
            let goes_on = sum < cut.top_p && **chance >= cut.min_p * largest;
            sum += **chance;
            goes_on
        })
        .count();
    kept.truncate(count.max(1));
}

/// The chances of candidates: the softmax of their logits.
pub fn chances(kept: &[Candidate]) -> Vec<f64> {
    let largest = kept.iter().map(|one| one.1).fold(f32::NEG_INFINITY, f32::max);
    let mut chances: Vec<f64> = kept.iter().map(|one| f64::from(one.1 - largest).exp()).collect();
    let sum: f64 = chances.iter().sum();
    chances.iter_mut().for_each(|chance| *chance /= sum);
    chances
}

/// The place that a number from 0 to below 1 falls on, chances laid end to end.
pub fn drawn(chances: &[f64], number: f64) -> usize {
    let mut left = number * chances.iter().sum::<f64>();
    let last = chances.iter().rposition(|chance| *chance > 0.0).unwrap_or(0);
    for (at, chance) in chances.iter().enumerate() {
        left -= chance;
        if left < 0.0 {
            return at;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Cut = Cut { temperature: 1.0, top_k: 0, top_p: 1.0, min_p: 0.0 };

    #[test]
    fn cuts_keep_the_best() {
        let logits: Vec<f32> = (0..5000).map(|at| ((at * 7919) % 5000) as f32 / 500.0).collect();
        let kept = candidates(&logits, &[], &Cut { top_k: 3, temperature: 2.0, ..ALL }).unwrap();
        let best: Vec<f32> = kept.iter().map(|one| one.1).collect();
        assert_eq!(best, [4999.0f32 / 1000.0, 4998.0 / 1000.0, 4997.0 / 1000.0]);
        assert_eq!(logits[kept[0].0 as usize], 4999.0 / 500.0);
        // 0.64, 0.24, 0.09, 0.03: the first two hold 0.8.
        let four = [3.0, 2.0, 1.0, 0.0];
        assert_eq!(
            candidates(&four, &[9, 8, 7, 6], &Cut { top_p: 0.8, ..ALL }).unwrap().iter().map(|one| one.0).collect::<Vec<_>>(),
            [9, 8]
        );
        assert_eq!(candidates(&four, &[], &Cut { top_p: 0.1, ..ALL }).unwrap().len(), 1);
        assert_eq!(candidates(&four, &[], &Cut { min_p: 0.1, ..ALL }).unwrap().len(), 3);
        assert_eq!(candidates(&four, &[], &ALL).unwrap().len(), 4);
    }

    #[test]
    fn what_is_no_number_is_no_candidate() {
        assert_eq!(candidates(&[f32::NAN, 1.0, f32::NEG_INFINITY], &[], &ALL).unwrap(), [(1, 1.0)]);
        assert!(candidates(&[f32::NAN], &[], &ALL).is_err());
        assert!(candidates(&[f32::INFINITY], &[], &ALL).is_err());
        assert!(candidates(&[1.0], &[1, 2], &ALL).is_err());
    }

    #[test]
    fn numbers_fall_on_chances() {
        let chances = [0.25, 0.0, 0.5, 0.25, 0.0];
        assert_eq!(
            [0.0, 0.2499, 0.25, 0.7499, 0.75, 0.999_999_999_999].map(|number| drawn(&chances, number)),
            [0, 0, 2, 2, 3, 3]
        );
        assert_eq!(drawn(&chances, 1.0), 3);
    }
}
