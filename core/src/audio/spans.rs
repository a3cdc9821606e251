//! In which parts of a sound a mark lies.

/// What it costs to say that a mark begins or ends, in nats: a span has to bring more.
const CHANGE: f64 = 9.0;

/// Slots between two runs below which they are one: a quarter of a second.
const CLOSE: usize = 21;

/// The likeliest runs of marked slots (Viterbi 1967, two states), as slots from and to. For each slot `agreed` says how much it
/// speaks for the mark and `variance` how much of that is chance; `rate` is the agreement that a variance of 1 brings where the
/// mark is.
pub fn spans(agreed: &[f64], variance: &[f64], rate: f64) -> Vec<(usize, usize)> {
    // Log-likelihoods of the best way to each state, and whether it came from the other one.
    let (mut outside, mut inside) = (0.0f64, -CHANGE / 2.0);
    let mut came = Vec::with_capacity(agreed.len());
    for (agreed, variance) in agreed.iter().zip(variance) {
        let gain = rate * agreed - 0.5 * rate * rate * variance;
        let (begin, end) = (outside - CHANGE > inside, inside - CHANGE > outside);
        let (before_out, before_in) = (outside.max(inside - CHANGE), inside.max(outside - CHANGE));
        came.push([end, begin]);
        (outside, inside) = (before_out, before_in + gain);
    }
    let mut marked = inside > outside;
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (slot, [end, begin]) in came.iter().enumerate().rev() {
        if marked {
            match runs.last_mut() {
                Some((from, _)) if *from == slot + 1 => *from = slot,
                _ => runs.push((slot, slot + 1)),
            }
        }
        marked = if marked { !begin } else { *end };
    }
    runs.reverse();
    // Between two that are close the sound spoke against the mark by chance.
    runs.dedup_by(|next, run| {
        let close = next.0 < run.1 + CLOSE;
        if close {
            run.1 = next.1;
        }
        close
    });
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_and_noise_is_not() {
        let noise = |at: usize| f64::from((at as u32).wrapping_mul(2_654_435_761) >> 16) / 32_768.0 - 1.0;
        let variance = vec![0.33; 600];
        let agreed: Vec<f64> = (0..600).map(|at| noise(at) + if (200..320).contains(&at) { 0.5 } else { 0.0 }).collect();
        let found = spans(&agreed, &variance, 1.5);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0.abs_diff(200) < 12 && found[0].1.abs_diff(320) < 12, "{found:?}");
        let none: Vec<f64> = (0..600).map(noise).collect();
        assert!(spans(&none, &variance, 1.5).is_empty());
        assert_eq!(spans(&vec![0.5; 600], &variance, 1.5), [(0, 600)]);
    }
}
