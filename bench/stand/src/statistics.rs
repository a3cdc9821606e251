//! What is said of many trials.

/// ln of the gamma function for arguments from 1 (Stirling's series after a shift to 10 and more).
fn ln_gamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 10.0 {
        shift -= x.ln();
        x += 1.0;
    }
    let square = x * x;
    shift + (x - 0.5) * x.ln() - x
        + 0.5 * std::f64::consts::TAU.ln()
        + (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / (1260.0 * square)) / square) / x
}

/// The chance of at most `hits` of `trials`, each with chance `p`.
fn at_most(hits: u64, trials: u64, p: f64) -> f64 {
    let n = trials as f64;
    let term =
        |k: f64| (ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0) + k * p.ln() + (n - k) * (-p).ln_1p()).exp();
    // Terms far below the mean do not count.
    let spread = (n * p * (1.0 - p)).sqrt().max(1.0);
    let first = (n * p - 40.0 * spread).floor().max(0.0) as u64;
    let last = hits.min((n * p + 40.0 * spread).ceil() as u64);
    (first..=last).map(|k| term(k as f64)).sum::<f64>().min(1.0)
}

/// Clopper and Pearson's exact 95 % interval of a share (1934).
pub fn clopper_pearson(hits: u64, trials: u64) -> (f64, f64) {
    // The largest p at which `holds`, which holds below a bound.
    let bound = |holds: &dyn Fn(f64) -> bool| {
        let (mut low, mut high) = (0.0f64, 1.0f64);
        for _ in 0..200 {
            // Shares near zero want relative, not absolute exactness.
            let middle = if low > 0.0 { (low * high).sqrt() } else { high * 0.1 };
            if middle < 1e-15 || high / low < 1.0 + 1e-9 {
                break;
            }
            if holds(middle) { low = middle } else { high = middle }
        }
        high
    };
    let low = if hits == 0 { 0.0 } else { bound(&|p| 1.0 - at_most(hits - 1, trials, p) < 0.025) };
    let high = if hits >= trials { 1.0 } else { bound(&|p| at_most(hits, trials, p) > 0.025) };
    (low, high)
}

/// The value below which `share` of the numbers lie; NaN for none.
pub fn quantile(numbers: &[f64], share: f64) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = share * last as f64;
    let low = at.floor() as usize;
    sorted[low] + (at - low as f64) * (sorted[(low + 1).min(last)] - sorted[low])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_tables() {
        // 0 of 10: 1 - 0.025^(1/10); 5 of 10: 0.1871 to 0.8129 (Clopper and Pearson 1934).
        let (low, high) = clopper_pearson(0, 10);
        assert!(low == 0.0 && (high - 0.3085).abs() < 1e-4, "{high}");
        let (low, high) = clopper_pearson(5, 10);
        assert!((low - 0.1871).abs() < 1e-4 && (high - 0.8129).abs() < 1e-4, "{low} {high}");
        let (low, high) = clopper_pearson(10, 10);
        assert!(high == 1.0 && (low - 0.6915).abs() < 1e-4, "{low}");
        // 0 of a million: three in a million and a bit.
        let (_, high) = clopper_pearson(0, 1_000_000);
        assert!((high - 3.689e-6).abs() < 1e-8, "{high}");
        let (low, high) = clopper_pearson(1_000, 1_000_000);
        assert!((low - 9.39e-4).abs() < 2e-6 && (high - 1.064e-3).abs() < 2e-6, "{low} {high}");
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        assert_eq!(quantile(&[3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0], 0.25), 1.25);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
