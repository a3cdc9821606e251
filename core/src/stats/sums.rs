//! Tails of sums of independent scores: natural logarithms of the chance that a sum is at least as large as the one seen.

/// ln n!: a table's worth of sums below 32, Stirling's series with four terms above (error below 1e-15).
fn ln_factorial(n: u64) -> f64 {
    if n < 32 {
        return (2..=n).map(|factor| (factor as f64).ln()).sum();
    }
    let x = n as f64 + 1.0;
    let inverse = 1.0 / (x * x);
    let series = (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series
}

/// ln of 1 + a + ab + abc + ..., until terms no longer count.
fn ln_series(ratios: impl Iterator<Item = f64>) -> f64 {
    let (mut term, mut sum) = (1.0f64, 0.0f64);
    for ratio in ratios {
        term *= ratio;
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum
}

/// ln P(G >= x), G the sum of `shape` independent exponential variables of mean 1: a gamma variable, whose tail is a sum of
/// Poisson chances, e^-x x^j / j! for j below `shape`.
pub fn gamma(shape: u64, x: f64) -> f64 {
    if shape == 0 {
        return if x > 0.0 { f64::NEG_INFINITY } else { 0.0 };
    }
    if x.is_nan() || x <= 0.0 {
        return 0.0;
    }
    // From the largest term on, downwards and upwards.
    let top = (x.floor() as u64).min(shape - 1);
    let below = ln_series((0..top).rev().map(|j| (j + 1) as f64 / x));
    let above = ln_series((top + 1..shape).map(|j| x / j as f64));
    (top as f64 * x.ln() - x - ln_factorial(top) + (1.0 + below + above).ln()).min(0.0)
}

/// ln P(B >= hits), B binomial with `trials` trials of chance `chance`, 0 to 1.
pub fn binomial(trials: u64, hits: u64, chance: f64) -> f64 {
    if hits == 0 {
        return 0.0;
    }
    if hits > trials || chance <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if chance >= 1.0 {
        return 0.0;
    }
    let odds = chance / (1.0 - chance);
    let top = (((trials + 1) as f64 * chance) as u64).clamp(hits, trials);
    let above = ln_series((top + 1..=trials).map(|k| (trials - k + 1) as f64 / k as f64 * odds));
    let below = ln_series((hits..top).rev().map(|k| (k + 1) as f64 / (trials - k) as f64 / odds));
    let first = ln_factorial(trials) - ln_factorial(top) - ln_factorial(trials - top);
    let first = first + top as f64 * chance.ln() + (trials - top) as f64 * (-chance).ln_1p();
    (first + (1.0 + above + below).ln()).min(0.0)
}

/// ln P(a G + b H >= x), G and H independent gamma variables of one shape; `a` and `b` positive.
///
/// With `a` the smaller one, b H is a mixture of gamma variables of scale `a` whose shapes are larger by a negative binomial
/// number (Moschopoulos 1985); so every part of the mixture has a tail of [`gamma`]'s kind.
pub fn two_gammas(shape: u64, a: f64, b: f64, x: f64) -> f64 {
    let (a, b) = if a <= b { (a, b) } else { (b, a) };
    if shape == 0 || x <= 0.0 {
        return gamma(shape, x);
    }
    let x = x / a;
    let (stay, more) = (a / b, 1.0 - a / b);
    // Poisson sums grow by one term a step, mixture weights by one ratio; both as logarithms, added up from their largest.
    let mut tail = gamma(2 * shape, x);
    let mut next = 2 * shape;
    let mut point = next as f64 * x.ln() - x - ln_factorial(next);
    let mut weight = shape as f64 * stay.ln();
    let mut sum = f64::NEG_INFINITY;
    let mean = shape as f64 * more / stay;
    for extra in 0u64.. {
        let term = weight + tail;
        sum = ln_add(sum, term);
        // Beyond the mean, weights fall at least geometrically and tails are at most 1.
        let ratio = more * (shape + extra) as f64 / (extra + 1) as f64;
        if extra as f64 > mean && ratio < 1.0 && weight - (1.0 - ratio).ln() < sum - 37.0 {
            break;
        }
        tail = ln_add(tail, point).min(0.0);
        next += 1;
        point += x.ln() - (next as f64).ln();
        weight += ratio.ln();
    }
    sum.min(0.0)
}

fn ln_add(a: f64, b: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

/// One score's distribution: values and their chances, which sum to one.
#[derive(Clone)]
pub struct Values(Vec<(f64, f64)>);

impl Values {
    /// Of values with their chances.
    pub fn new(values: Vec<(f64, f64)>) -> Self {
        Self(values)
    }

    /// The mean of a function of the value.
    pub fn mean_of(&self, function: impl Fn(f64) -> f64) -> f64 {
        self.0.iter().map(|(value, chance)| function(*value) * chance).sum()
    }

    /// ln E[e^(t v)] and its first two derivatives.
    fn cumulants(&self, t: f64) -> [f64; 3] {
        let top = self.0.iter().map(|(value, _)| value * t).fold(f64::NEG_INFINITY, f64::max);
        let [mut zeroth, mut first, mut second] = [0.0; 3];
        for (value, chance) in &self.0 {
            let part = chance * (value * t - top).exp();
            zeroth += part;
            first += part * value;
            second += part * value * value;
        }
        let mean = first / zeroth;
        [top + zeroth.ln(), mean, second / zeroth - mean * mean]
    }

    /// The same of one draw from each of `parts`: at `t` 0 the sum's mean and variance.
    pub fn total(parts: &[Values], t: f64) -> [f64; 3] {
        parts.iter().map(|part| part.cumulants(t)).fold([0.0; 3], |sum, one| [sum[0] + one[0], sum[1] + one[1], sum[2] + one[2]])
    }
}

/// ln P(S >= x), S the sum of `count` independent draws from each of `parts`.
///
/// The saddle point of Lugannani and Rice (1980): its relative error is of the order of 1 / number of draws, far out in the
/// tail too. The scores must lie close to each other beside the sum's spread, as weighted bits of many layers do.
pub fn weighted(parts: &[Values], count: u64, x: f64) -> f64 {
    let n = count as f64;
    let total = |t: f64| Values::total(parts, t).map(|one| n * one);
    let [_, mean, variance] = total(0.0);
    let top: f64 = parts.iter().map(|part| part.0.iter().map(|(value, _)| *value).fold(f64::NEG_INFINITY, f64::max) * n).sum();
    if x > top || variance <= 0.0 {
        return if x > mean { f64::NEG_INFINITY } else { 0.0 };
    }
    // Every draw at its largest: what is left of the formula's limit.
    if x >= top - 1e-9 * top.abs().max(1.0) {
        let ln_top = |part: &Values| {
            let largest = part.0.iter().map(|(value, _)| *value).fold(f64::NEG_INFINITY, f64::max);
            part.0.iter().filter(|(value, _)| *value >= largest).map(|(_, chance)| chance).sum::<f64>().ln()
        };
        return n * parts.iter().map(ln_top).sum::<f64>();
    }
    if x <= mean - 8.0 * variance.sqrt() {
        return 0.0;
    }
    // Newton's steps on K'(t) = x, each kept from running away.
    let mut t = (x - mean) / variance;
    let limit = 8.0 / variance.sqrt();
    for _ in 0..60 {
        let [_, slope, curve] = total(t);
        let step = ((x - slope) / curve.max(variance * 1e-12)).clamp(-limit, limit);
        t += step;
        if step.abs() < 1e-10 / variance.sqrt() {
            break;
        }
    }
    let [value, _, curve] = total(t);
    let u = t * curve.sqrt();
    if u.abs() < 1e-3 {
        // At the mean both terms of the formula grow without bound and cancel: between its neighbours it is smooth.
        let step = 2e-3 * variance.sqrt();
        let (low, high) = (weighted_at(&total, mean - step, variance), weighted_at(&total, mean + step, variance));
        return (low + (high - low) * ((x - mean + step) / (2.0 * step))).ln();
    }
    let w = (2.0 * (t * x - value)).max(0.0).sqrt().copysign(t);
    lugannani_rice(w, u)
}

fn weighted_at(total: &dyn Fn(f64) -> [f64; 3], x: f64, variance: f64) -> f64 {
    let [_, mean, _] = total(0.0);
    let mut t = (x - mean) / variance;
    for _ in 0..30 {
        let [_, slope, curve] = total(t);
        t += (x - slope) / curve;
    }
    let [value, _, curve] = total(t);
    lugannani_rice((2.0 * (t * x - value)).max(0.0).sqrt().copysign(t), t * curve.sqrt()).exp()
}

/// ln of Q(w) + phi(w) (1/u - 1/w), without underflow.
fn lugannani_rice(w: f64, u: f64) -> f64 {
    let density = -0.5 * w * w - 0.5 * std::f64::consts::TAU.ln();
    if w < 0.0 {
        let other = (density + (mills(-w) - 1.0 / u + 1.0 / w).max(0.0).ln()).exp();
        return (-other.min(1.0)).ln_1p();
    }
    (density + (mills(w) + 1.0 / u - 1.0 / w).max(0.0).ln()).min(0.0)
}

/// Q(x) / phi(x) of the standard normal distribution, x >= 0 (Mills' ratio): its continued fraction for large x, the series of
/// the distribution function for small ones.
fn mills(x: f64) -> f64 {
    if x < 2.5 {
        // Phi(x) - 1/2 = phi(x) (x + x^3/3 + x^5/15 + ...).
        let mut term = x;
        let mut sum = x;
        for odd in (3..200).step_by(2) {
            term *= x * x / f64::from(odd);
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        return 0.5 * (0.5 * x * x).exp() * std::f64::consts::TAU.sqrt() - sum;
    }
    1.0 / (1..=60).rev().fold(x, |tail, k| x + f64::from(k) / tail)
}

#[cfg(test)]
#[path = "sums_tests.rs"]
mod tests;
