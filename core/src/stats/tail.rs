//! Upper bounds of chances, as natural logarithms, since they leave the range of floating-point numbers.
//!
//! The scores are sums over parts whose signs or phases a key draws, divided by the root of the sum of their squares. Such a
//! sum is sub-Gaussian whatever the parts are, so the bounds hold for every picture, over the choice of keys.

/// ln of the chance that one normalised keyed sum reaches `score`: exp(-score^2 / 2).
///
/// For uniform phases the moment generating function of |F| cos(phase) is I0(t|F|) <= exp(t^2 |F|^2 / 4), for signs it is
/// cosh(t x) <= exp(t^2 x^2 / 2) (Hoeffding 1963); Chernoff's bound of their products gives this. It is not below the true
/// chance, and for scores above 3 about `score * 2.5` times above that of a Gaussian.
pub fn keyed_sum(score: f64) -> f64 {
    if score <= 0.0 { 0.0 } else { -0.5 * score * score }
}

/// ln of the chance that at least one of exp(`ln_count`) looks reaches what a single one reaches with exp(`ln_chance`).
pub fn any_of(ln_count: f64, ln_chance: f64) -> f64 {
    (ln_count + ln_chance).min(0.0)
}

/// ln of the chance that the product of two independent chances is as small as theirs (Fisher 1932, for two):
/// P(p q <= u) = u (1 - ln u).
pub fn both(a: f64, b: f64) -> f64 {
    let u = a + b;
    (u + (1.0 - u).ln()).min(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from 0 to 1, the same at every run.
    fn noise() -> impl FnMut() -> f64 {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 53) as f64
        }
    }

    #[test]
    fn keyed_sums_of_uneven_parts_stay_below_the_bound() {
        let mut next = noise();
        let parts: Vec<f64> = (1..=20).map(|at| 1.0 / f64::from(at)).collect();
        let norm = (parts.iter().map(|part| part * part).sum::<f64>() / 2.0).sqrt();
        let runs = 200_000;
        let mut over = [0u32; 4];
        for _ in 0..runs {
            let score = parts.iter().map(|part| part * (next() * std::f64::consts::TAU).cos()).sum::<f64>() / norm;
            over.iter_mut().zip([1.0, 2.0, 2.5, 3.0]).for_each(|(count, level)| *count += u32::from(score >= level));
        }
        for (count, level) in over.iter().zip([1.0, 2.0, 2.5, 3.0]) {
            assert!(f64::from(*count) / f64::from(runs) <= keyed_sum(level).exp(), "{count} above {level}");
        }
        assert!(over[1] > 1_000, "{over:?}");
    }

    #[test]
    fn two_chances_together_are_a_chance() {
        let mut next = noise();
        let runs = 200_000;
        let mut over = 0;
        for _ in 0..runs {
            if both(next().ln(), next().ln()) <= 0.01f64.ln() {
                over += 1;
            }
        }
        // 2,000 expected, standard deviation 45.
        assert!((1_800..2_200).contains(&over), "{over}");
        assert!((both(-50.0, -30.0) - (-80.0 + 81f64.ln())).abs() < 1e-9);
        assert_eq!(any_of(3.0, -2.0), 0.0);
    }
}
