use super::*;
use crate::token::pick::pick;
use serde_json::{Value, json};

fn options(mark: &Value, more: Value) -> Options {
    let mut all = json!({ "mark": mark });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

/// Numbers below 2^32, the same at every run.
fn noise(mut state: u64) -> impl FnMut() -> u32 {
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as u32
    }
}

const VOCABULARY: u32 = 5000;

fn marks(key: &str) -> Vec<Value> {
    vec![
        json!({ "scheme": "gumbel", "key": key }),
        json!({ "scheme": "dual-gumbel", "key": key }),
        json!({ "scheme": "sbw", "key": key }),
        json!({ "scheme": "sbw", "key": key, "hash": "left" }),
        json!({ "scheme": "synthid", "key": key }),
        json!({ "scheme": "synthid", "key": key, "hash": "transformers" }),
        json!({ "scheme": "kgw", "key": key, "vocabulary": VOCABULARY }),
        json!({ "scheme": "kgw", "key": key, "vocabulary": VOCABULARY, "hash": "self", "width": 2 }),
    ]
}

const OURS: &str = "1111111111111111111111111111111111111111111111111111111111111111";

/// Text of about two bits a token: eight candidates that the context decides.
fn text(mark: &Value, length: usize, seed: u64) -> Vec<u32> {
    let mut next = noise(seed);
    let mut tokens = Vec::new();
    for _ in 0..length {
        let ids: Vec<u32> = (0..8).map(|_| next() % VOCABULARY).collect();
        let logits: Vec<f32> = (0..8).map(|at| -0.5 * at as f32).collect();
        let random = [f64::from(next()) / 4294967296.0, f64::from(next()) / 4294967296.0];
        let options = serde_json::from_value(json!({ "mark": mark, "random": random })).unwrap();
        tokens.push(pick(&logits, &ids, &tokens, &options).unwrap().token);
    }
    tokens
}

#[test]
fn every_scheme_finds_its_own_mark_and_no_other() {
    for (mark, other) in marks(OURS).iter().zip(marks("public")) {
        let tokens = text(mark, 150, 77);
        let report = detect(&tokens, &options(mark, json!({}))).unwrap();
        assert_eq!((report.verdict, report.weak), (Verdict::Found, false), "{mark}: {report:?}");
        assert!(report.p_value < 1e-6 && report.extrapolated && report.score > report.expected, "{mark}: {report:?}");
        assert!((report.log10_p - report.p_value.log10()).abs() < 1e-9);
        let report = detect(&tokens, &options(&other, json!({}))).unwrap();
        assert_eq!((report.verdict, report.extrapolated), (Verdict::NotFound, false), "{other}: {report:?}");
    }
}

#[test]
fn short_texts_have_no_verdict() {
    let mark = &marks(OURS)[0];
    let tokens = text(mark, 90, 5);
    assert_eq!(detect(&tokens[..39], &options(mark, json!({}))).unwrap().verdict, Verdict::CannotTell);
    let report = detect(&tokens[..60], &options(mark, json!({}))).unwrap();
    assert_eq!((report.verdict, report.weak, report.scored), (Verdict::Found, true, 60));
    let none = detect(&[], &options(mark, json!({ "scan": true }))).unwrap();
    assert_eq!((none.verdict, none.p_value, none.scored), (Verdict::CannotTell, 1.0, 0));
}

#[test]
fn a_marked_part_is_found_in_a_long_text() {
    for mark in marks(OURS) {
        let mut next = noise(8);
        let mut tokens: Vec<u32> = (0..2000).map(|_| next() % VOCABULARY).collect();
        let part = text(&mark, 160, 21);
        tokens.splice(700..700, part);
        let report = detect(&tokens, &options(&mark, json!({ "scan": true }))).unwrap();
        assert_eq!(report.verdict, Verdict::Found, "{mark}: {report:?}");
        let part = report.part.unwrap();
        assert!(part.tokens[0] > 600 && part.tokens[1] < 960 && part.looks > 100, "{mark}: {part:?}");
        // Both halves of the chance are counted.
        assert!(report.p_value <= 2.0 * part.p_value * (1.0 + 1e-9), "{mark}");
    }
}

#[test]
fn repetition_is_no_evidence() {
    for mark in marks(OURS) {
        let mut next = noise(4);
        let phrase: Vec<u32> = (0..50).map(|_| next() % VOCABULARY).collect();
        let once = detect(&phrase, &options(&mark, json!({}))).unwrap();
        let often = detect(&phrase.repeat(20), &options(&mark, json!({}))).unwrap();
        assert!(often.scored <= once.scored + 5, "{mark}: {} then {}", once.scored, often.scored);
        let kept = detect(&phrase.repeat(20), &options(&mark, json!({ "keepRepeats": true }))).unwrap();
        assert!(kept.scored > 900, "{mark}");
    }
}

#[test]
fn tries_multiply_the_chance() {
    let mark = &marks(OURS)[0];
    let mut next = noise(6);
    let tokens: Vec<u32> = (0..100).map(|_| next() % VOCABULARY).collect();
    let alone = detect(&tokens, &options(mark, json!({}))).unwrap().p_value;
    assert!((detect(&tokens, &options(mark, json!({ "tries": 10 }))).unwrap().p_value - (10.0 * alone).min(1.0)).abs() < 1e-12);
    assert!(detect(&[u32::MAX], &options(mark, json!({}))).is_err());
    assert!(detect(&[1], &options(mark, json!({ "threshold": 1 }))).is_err());
}

#[test]
fn a_likelihood_has_mean_one_and_sees_no_less() {
    // Over numbers as they are without the mark, a likelihood ratio is one on average.
    let steps = 1 << 20;
    let mean: f64 = (0..steps).map(|at| ratio((f64::from(at) + 0.5) / f64::from(steps)).exp()).sum::<f64>() / f64::from(steps);
    assert!((mean - 1.0).abs() < 1e-3, "{mean}");
    let of_steps: f64 = ratios()[0].mean_of(f64::exp);
    assert!((of_steps - 1.0).abs() < 1e-3, "{of_steps}");
    let mark = &marks(OURS)[0];
    let tokens = text(mark, 60, 19);
    let seen = |statistic: &str| detect(&tokens, &options(mark, json!({ "statistic": statistic }))).unwrap().p_value;
    assert!(seen("likelihood") < 1e-4 && seen("sum") < 1e-4);
    assert!(detect(&tokens, &options(&marks(OURS)[2], json!({ "statistic": "sum" }))).is_err());
}

#[test]
fn chances_without_a_mark_are_what_they_say() {
    for mark in marks(OURS) {
        let mut next = noise(31);
        let mut counts = [0u32; 2];
        let runs = if mark["scheme"] == "kgw" { 3_000 } else { 8_000 };
        for _ in 0..runs {
            let tokens: Vec<u32> = (0..60).map(|_| next() % VOCABULARY).collect();
            let p = detect(&tokens, &options(&mark, json!({}))).unwrap().p_value;
            counts[0] += u32::from(p <= 0.1);
            counts[1] += u32::from(p <= 0.01);
        }
        // Binomial scores take steps, so their chance may stay below: never above by more than chance allows.
        let steps = mark["scheme"] == "kgw" || mark["scheme"] == "sbw";
        for (count, level) in counts.iter().zip([0.1, 0.01]) {
            let (wanted, spread) = (f64::from(runs) * level, (f64::from(runs) * level).sqrt());
            assert!(f64::from(*count) < wanted + 4.5 * spread, "{mark}: {counts:?}");
            assert!(f64::from(*count) > wanted * if steps { 0.4 } else { 1.0 } - 4.5 * spread, "{mark}: {counts:?}");
        }
    }
}
