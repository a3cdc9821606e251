use super::*;

fn close(seen: f64, wanted: f64, error: f64) {
    assert!((seen - wanted).abs() <= error, "{seen}, not {wanted}");
}

#[test]
fn factorials() {
    close(ln_factorial(31), (1..=31).map(|n| f64::from(n).ln()).sum(), 1e-12);
    close(ln_factorial(32), (1..=32).map(|n| f64::from(n).ln()).sum(), 1e-12);
    close(ln_factorial(1000), (1..=1000).map(|n| f64::from(n).ln()).sum(), 1e-9);
}

#[test]
fn gamma_tails() {
    // scipy.stats.gamma.logsf(x, shape).
    for (shape, x, wanted) in [
        (1, 3.0, -3.0),
        (64, 63.25096716585621, -0.652_303_182_398_657_1),
        (200, 250.0, -7.637_125_131_361_503),
        (200, 100.0, -9.343_150_072_988_544e-19),
        (64, 296.272_972_957_878_56, -138.493_644_332_671_47),
    ] {
        close(gamma(shape, x), wanted, 1e-9 * f64::abs(wanted).max(1.0));
    }
    assert_eq!(gamma(5, 0.0), 0.0);
}

#[test]
fn binomial_tails() {
    // Sums of exact chances.
    for (trials, hits, chance) in [(10u32, 7u32, 0.5), (40, 15, 0.25), (40, 2, 0.25), (100, 100, 0.5), (60, 1, 0.01)] {
        let choose = |k: u32| (0..k).fold(1.0, |product, at| product * f64::from(trials - at) / f64::from(at + 1));
        let exact: f64 =
            (hits..=trials).map(|k| choose(k) * f64::powi(chance, k as i32) * f64::powi(1.0 - chance, (trials - k) as i32)).sum();
        close(binomial(u64::from(trials), u64::from(hits), chance), exact.ln(), 1e-12);
    }
    assert_eq!(binomial(5, 0, 0.5), 0.0);
    assert_eq!(binomial(5, 6, 0.5), f64::NEG_INFINITY);
}

#[test]
fn two_gammas_are_what_adding_them_up_gives() {
    // Integrated over the second variable by Simpson's rule.
    for (shape, a, b, x) in
        [(5u64, 0.9, 0.1, 9.0), (40, 0.9, 0.1, 55.0), (200, 0.8, 0.2, 230.0), (64, 0.1, 0.9, 200.0), (100, 0.01, 0.99, 130.0)]
    {
        let (n, steps) = (shape as f64, 20_000);
        let (from, to) = (0.0, n + 60.0 * n.sqrt() + 300.0);
        let width = (to - from) / f64::from(steps);
        let part = |at: i32| {
            let h = from + width * f64::from(at);
            let density = if h <= 0.0 { 0.0 } else { ((n - 1.0) * h.ln() - h - ln_factorial(shape - 1)).exp() };
            density * gamma(shape, (x - b * h) / a).exp()
        };
        let sum: f64 = (0..=steps)
            .map(|at| {
                part(at)
                    * if at == 0 || at == steps {
                        1.0
                    } else if at % 2 == 1 {
                        4.0
                    } else {
                        2.0
                    }
            })
            .sum();
        close(two_gammas(shape, a, b, x), (sum * width / 3.0).ln(), 1e-5);
    }
}

#[test]
fn weighted_bits_are_within_a_hundredth_of_exact_convolution() {
    // Weights of the reference detector, 10 down to 1 over 30 layers, times 29: whole numbers.
    let weights: Vec<usize> = (0..30).map(|layer| 290 - 9 * layer).collect();
    let parts: Vec<Values> = weights.iter().map(|weight| Values::new(vec![(0.0, 0.5), (*weight as f64, 0.5)])).collect();
    for count in [10usize, 40] {
        let top: usize = weights.iter().sum::<usize>() * count;
        let mut exact = vec![0.0f64; top + 1];
        exact[0] = 1.0;
        let mut reach = 0;
        for weight in &weights {
            for _ in 0..count {
                for at in (0..=reach).rev() {
                    exact[at] *= 0.5;
                    exact[at + weight] += exact[at];
                }
                reach += weight;
            }
        }
        let mut tail = 0.0;
        let mut seen = 0;
        for at in (0..=top).rev() {
            tail += exact[at];
            if at % 97 == 0 && tail > 1e-12 && tail < 0.999_999 {
                let found = weighted(&parts, count as u64, at as f64).exp();
                // The formula is that of a density: half a step of the lattice is what it may be off at most.
                assert!((found / tail - 1.0).abs() < 0.01, "{count}: {found} at {at}, not {tail}");
                seen += 1;
            }
        }
        assert!(seen > 50, "{seen}");
    }
}

#[test]
fn mills_ratio() {
    // scipy.stats.norm.sf(x) / scipy.stats.norm.pdf(x).
    for (x, wanted) in [
        (0.0, 1.253_314_137_315_500_3),
        (1.0, 0.655_679_542_418_798_5),
        (2.499, 0.354_379_482_772_103_2),
        (2.501, 0.354_150_808_309_545_3),
        (8.0, 0.123_131_963_257_932_4),
    ] {
        close(mills(x), wanted, 1e-12);
    }
}
