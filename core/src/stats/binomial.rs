//! Exact tails of counted matches, as natural logarithms.

/// ln(k!) for k = 0..=n.
fn ln_factorials(n: usize) -> Vec<f64> {
    let mut sum = 0.0;
    std::iter::once(0.0)
        .chain((1..=n).map(|k| {
            sum += (k as f64).ln();
            sum
        }))
        .collect()
}

/// ln P(X = k) for k = 0..=n, X binomial with chance `p` (0 < p < 1).
fn ln_terms(n: usize, p: f64) -> Vec<f64> {
    let ln = ln_factorials(n);
    let (hit, miss) = (p.ln(), (-p).ln_1p());
    (0..=n).map(|k| ln[n] - ln[k] - ln[n - k] + k as f64 * hit + (n - k) as f64 * miss).collect()
}

fn ln_add(a: f64, b: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

/// ln P(X >= k) for k = 0..=n + 1; the last is ln 0.
fn ln_tails(n: usize, p: f64) -> Vec<f64> {
    let mut tails = vec![f64::NEG_INFINITY; n + 2];
    for (k, term) in ln_terms(n, p).into_iter().enumerate().rev() {
        tails[k] = ln_add(tails[k + 1], term).min(0.0);
    }
    tails
}

/// ln P(X >= k), X binomial of `n` trials with chance `p` (0 < p < 1). Exact up to rounding.
pub fn ln_tail(n: usize, k: usize, p: f64) -> f64 {
    if k == 0 { 0.0 } else { ln_tails(n, p).get(k).copied().unwrap_or(f64::NEG_INFINITY) }
}

/// Independent trials of one kind: how many, the chance of each, and what a success counts.
#[derive(Debug, Clone, Copy)]
pub struct Trials {
    /// How many.
    pub count: usize,
    /// 0 < chance < 1.
    pub chance: f64,
    /// At least 1.
    pub weight: usize,
}

/// ln P(a.weight A + b.weight B >= `score`) for independent binomial A and B. Exact up to rounding.
pub fn ln_weighted_tail(a: Trials, b: Trials, score: usize) -> f64 {
    if score == 0 {
        return 0.0;
    }
    let tails = ln_tails(b.count, b.chance);
    ln_terms(a.count, a.chance)
        .into_iter()
        .enumerate()
        .map(|(k, term)| {
            let rest = score.saturating_sub(k * a.weight).div_ceil(b.weight);
            term + tails.get(rest).copied().unwrap_or(f64::NEG_INFINITY)
        })
        .fold(f64::NEG_INFINITY, ln_add)
        .min(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_the_definition() {
        // python3: scipy.stats.binom.sf(k - 1, n, p)
        for (n, k, p, expected) in
            [(10, 10, 0.25, 9.5367431640625e-7), (20, 8, 0.125, 0.001_852_216_646_655), (5, 1, 0.5, 0.96875)]
        {
            assert!((ln_tail(n, k, p).exp() / expected - 1.0).abs() < 1e-3, "{n} {k} {p}: {}", ln_tail(n, k, p).exp());
        }
        assert_eq!(ln_tail(3, 0, 0.1), 0.0);
        assert_eq!(ln_tail(3, 4, 0.1), f64::NEG_INFINITY);
    }

    #[test]
    fn weighted_tails_count_every_outcome() {
        let (a, b) = (Trials { count: 3, chance: 0.125, weight: 3 }, Trials { count: 4, chance: 0.25, weight: 2 });
        for score in 0..=18 {
            let mut sum = 0.0;
            for outcome in 0u32..128 {
                let (hits_a, hits_b) = ((outcome & 7).count_ones(), (outcome >> 3).count_ones());
                if (3 * hits_a + 2 * hits_b) as usize >= score {
                    sum += 0.125f64.powi(hits_a as i32)
                        * 0.875f64.powi(3 - hits_a as i32)
                        * 0.25f64.powi(hits_b as i32)
                        * 0.75f64.powi(4 - hits_b as i32);
                }
            }
            assert!((ln_weighted_tail(a, b, score).exp() - sum).abs() < 1e-12, "{score}");
        }
    }
}
