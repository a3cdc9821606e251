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

/// ln of the chance that the sum of parts with these sizes and uniform independent phases, the real parts, reaches `score` times the root
/// of half the sum of their squares.
///
/// Chernoff's bound itself, exp(-t s) times the product of I0(t |F|), at about the best t: every t > 0 gives a bound. It is tighter than
/// `keyed_sum` where few parts carry the sum, since phases cannot add up to more than all of their sizes.
pub fn phased_sum(sizes: &[f64], score: f64) -> f64 {
    let square: f64 = sizes.iter().map(|size| size * size).sum();
    if score <= 0.0 || square <= 0.0 {
        return 0.0;
    }
    let sum = score * (0.5 * square).sqrt();
    let mut best = keyed_sum(score);
    let mut t = 2.0 * sum / square;
    for _ in 0..6 {
        let (mut log, mut slope, mut bend) = (0.0, 0.0, 0.0);
        for size in sizes.iter().filter(|size| **size > 0.0) {
            let (ln_i0, ratio) = bessel(t * size);
            log += ln_i0;
            slope += size * ratio;
            bend += size * size * (1.0 - ratio / (t * size) - ratio * ratio);
        }
        best = best.min(log - t * sum);
        // Newton's step to where the slope is the sum, not beyond three times as far.
        t = (t + (sum - slope) / bend.max(1e-12)).clamp(t / 3.0, 3.0 * t);
    }
    best
}

/// ln I0(x) and I1(x) / I0(x) of the modified Bessel functions, by their power series (Abramowitz and Stegun 9.6.10); above 30 the bounds
/// x and 1. `x` is above 0.
fn bessel(x: f64) -> (f64, f64) {
    if x > 30.0 {
        return (x, 1.0);
    }
    let quarter = 0.25 * x * x;
    let (mut zero, mut one, mut term, mut k) = (1.0, 1.0, 1.0, 1.0);
    while term > 1e-13 * zero {
        term *= quarter / (k * k);
        zero += term;
        one += term / (k + 1.0);
        k += 1.0;
    }
    (zero.ln(), 0.5 * x * one / zero)
}

/// ln of how much likelier sums are where one sign is common to all parts of each, than where every part has a random sign of its own: of
/// exp(sum of ln cosh(k `sums`) - sum of ln cosh(k `parts`)) the mean over several k, and 1.
///
/// Under random signs the mean of cosh(k X) over the signs is the product of cosh(k x) over the parts of X, so the mean of the whole is
/// 1, whatever the parts are: it is an e-value (Vovk and Wang 2021). A chance divided by an independent e-value is a chance
/// again (Ignatiadis, Wang and Ramdas 2024).
pub fn together(sums: &[f32], parts: &[f32]) -> f64 {
    let square: f64 = parts.iter().map(|part| f64::from(*part).powi(2)).sum();
    if square <= 0.0 {
        return 0.0;
    }
    let deviation = (square / sums.len() as f64).sqrt();
    let logs = AGREEMENT.map(|agreement| {
        let k = (agreement / deviation) as f32;
        whole(sums, |value| below_ln_cosh(k * value)) - whole(parts, |value| above_ln_cosh(k * value))
    });
    let most = logs.iter().fold(0.0, |most: f64, log| most.max(*log));
    let mean = |weight: f64| logs.iter().map(|log| weight * (log - most).exp()).sum::<f64>() + 0.5 * (-most).exp();
    most + mean(0.5 / AGREEMENT.len() as f64).ln()
}

/// The sum of a logarithm over all values, in lanes that do not wait for each other; sums of a few keep their digits.
fn whole(values: &[f32], log: impl Fn(f32) -> f32) -> f64 {
    let few = |values: &[f32]| {
        let mut lanes = [0.0f32; 8];
        let eights = values.chunks_exact(8);
        let rest: f32 = eights.remainder().iter().map(|value| log(*value)).sum();
        eights.for_each(|eight| lanes.iter_mut().zip(eight).for_each(|(lane, value)| *lane += log(*value)));
        f64::from(lanes.iter().sum::<f32>() + rest)
    };
    values.chunks(512).map(few).sum()
}

/// Sizes of the sums, in standard deviations, that `together` is best at.
const AGREEMENT: [f64; 3] = [0.4, 0.6, 1.0];

/// A little below ln cosh(x) = |x| - ln 2 + ln(1 + exp(-2 |x|)), and quick: for the logarithm the first terms of the series of the area
/// tangent, which are all above 0, for exp(-t) the power of 1 - t / 1024, which is below it.
fn below_ln_cosh(x: f32) -> f32 {
    let x = x.abs();
    let mut y = (1.0 - x / 512.0).max(0.0);
    for _ in 0..10 {
        y *= y;
    }
    let u = y / (2.0 + y);
    let square = u * u;
    x - std::f32::consts::LN_2 + u * (2.0 + square * (2.0 / 3.0 + square * 0.4))
}

/// A little above ln cosh(x), and quick: the integral of tanh x <= x - x^3 / 3 + 2 x^5 / 15, for x of any size.
fn above_ln_cosh(x: f32) -> f32 {
    let square = x * x;
    square * (0.5 + square * (-1.0 / 12.0 + square * (1.0 / 45.0)))
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
    fn sums_with_random_phases_stay_below_the_tighter_bound() {
        let mut next = noise();
        // One strong part and many weak ones, and few equal ones.
        for sizes in [(1..=24).map(|at| 1.0 / f64::from(at)).collect::<Vec<_>>(), vec![1.0; 8], vec![1.0; 64]] {
            let norm = (sizes.iter().map(|size| size * size).sum::<f64>() / 2.0).sqrt();
            let runs = 100_000;
            let mut over = [0u32; 4];
            for _ in 0..runs {
                let score = sizes.iter().map(|size| size * (next() * std::f64::consts::TAU).cos()).sum::<f64>() / norm;
                over.iter_mut().zip([1.0, 2.0, 2.5, 3.0]).for_each(|(count, level)| *count += u32::from(score >= level));
            }
            for (count, level) in over.iter().zip([1.0, 2.0, 2.5, 3.0]) {
                let bound = phased_sum(&sizes, level);
                assert!(f64::from(*count) / f64::from(runs) <= bound.exp(), "{count} above {level}: {}", bound.exp());
                assert!(bound <= keyed_sum(level));
            }
            assert!(over[1] > 500, "{over:?}");
        }
        // 64 equal parts at 0.6 of all they can sum up to: 64 (t 0.6 - ln I0(t)) at I1(t) / I0(t) = 0.6.
        let bound = phased_sum(&[1.0; 64], 0.6 * 64.0 / 32f64.sqrt());
        assert!((bound + 25.75).abs() < 0.1, "{bound}");
        assert!(phased_sum(&[1.0; 8], 5.0) < -30.0 && phased_sum(&[], 3.0) == 0.0);
    }

    #[test]
    fn agreeing_parts_are_likelier_and_others_are_not_on_average() {
        let mut next = noise();
        let sizes: Vec<f32> = (0..96).map(|at| 1.0 / (1.0 + (at * 7) as f32 % 5.0)).collect();
        let mut value = |agree: bool| {
            let signs: Vec<f32> = sizes.iter().map(|_| if next() < 0.5 { 1.0 } else { -1.0 }).collect();
            let parts: Vec<f32> =
                sizes.iter().enumerate().map(|(at, size)| size * if agree { signs[at / 3] } else { signs[at] }).collect();
            let sums: Vec<f32> = parts.chunks(3).map(|three| three.iter().sum()).collect();
            together(&sums, &parts)
        };
        let runs = 50_000;
        let (mut mean, mut over) = (0.0, 0u32);
        for _ in 0..runs {
            let log = value(false);
            mean += log.exp() / f64::from(runs);
            over += u32::from(log >= 20f64.ln());
        }
        // Half of it is the 1; rare large values carry part of the rest, so that a sample's mean is mostly below 1.
        assert!(mean > 0.8 && mean < 1.1, "{mean}");
        assert!(over <= runs / 20, "{over}");
        assert!(value(true) > 5.0);
        assert_eq!(together(&[0.0; 4], &[0.0; 8]), 0.0);
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

    #[test]
    fn the_quick_logarithm_is_below_and_near() {
        for at in -2_000..=2_000 {
            let x = f64::from(at) / 200.0;
            let gap = x.cosh().ln() - f64::from(below_ln_cosh(x as f32));
            assert!((-2e-6..7e-4).contains(&gap), "{x}: {gap}");
        }
    }
}
