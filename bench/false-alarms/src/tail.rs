//! The far tail of p-values, where nothing was counted.

use bench_stand::statistics::quantile;
use countermark_core::keyed::Stream;

/// One picture's trials and its p-values of at most the beginning of the tail.
pub struct Group {
    /// Keys that were looked for.
    pub trials: usize,
    /// p-values of at most `from`.
    pub small: Vec<f64>,
}

/// An exponential fit of -ln p beyond -ln `from`.
pub struct Fit {
    /// 1 for exact p-values, more where small ones are rarer than they say.
    pub rate: f64,
    /// The chance of a p-value of at most the goal.
    pub chance: f64,
    /// 95 % interval of `chance`: pictures resampled, since trials on one picture are not independent.
    pub interval: (f64, f64),
}

/// Fits the tail below `from` and continues it to `goal`; None without p-values there.
pub fn fit(groups: &[Group], from: f64, goal: f64, rounds: usize, stream: &mut Stream) -> Option<Fit> {
    let once = |sample: &[&Group]| {
        let trials: usize = sample.iter().map(|group| group.trials).sum();
        let count: usize = sample.iter().map(|group| group.small.len()).sum();
        let excess: f64 = sample.iter().flat_map(|group| &group.small).map(|p| from.ln() - p.max(1e-300).ln()).sum();
        let rate = count as f64 / excess;
        (count > 0 && excess > 0.0).then(|| (rate, count as f64 / trials as f64 * (-rate * (from.ln() - goal.ln())).exp()))
    };
    let (rate, chance) = once(&groups.iter().collect::<Vec<_>>())?;
    let chances: Vec<f64> = (0..rounds)
        .filter_map(|_| {
            let drawn: Vec<&Group> = groups.iter().map(|_| &groups[stream.below(groups.len() as u32) as usize]).collect();
            once(&drawn).map(|(_, chance)| chance)
        })
        .collect();
    Some(Fit { rate, chance, interval: (quantile(&chances, 0.025), quantile(&chances, 0.975)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bench_stand::random;

    #[test]
    fn exact_p_values_are_continued_as_they_are() {
        let mut stream = random::stream("tail test").unwrap();
        let groups: Vec<Group> = (0..50)
            .map(|_| {
                let all = (0..4_000).map(|_| random::unit(&mut stream));
                Group { trials: 4_000, small: all.filter(|p| *p <= 0.01).collect() }
            })
            .collect();
        let found = fit(&groups, 0.01, 1e-6, 400, &mut stream).unwrap();
        assert!((found.rate - 1.0).abs() < 0.1, "{}", found.rate);
        assert!(found.interval.0 < 1e-6 && found.interval.1 > 1e-6, "{:?}", found.interval);
        assert!(fit(&[Group { trials: 5, small: vec![] }], 0.01, 1e-6, 10, &mut stream).is_none());
    }
}
