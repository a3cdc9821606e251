use super::*;
use serde_json::{Value, json};

fn options(mark: Value, more: Value) -> Options {
    let mut all = json!({ "mark": mark, "random": [0.5, 0.5] });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

fn marks() -> Vec<Value> {
    vec![
        json!({ "scheme": "gumbel", "key": "42" }),
        json!({ "scheme": "dual-gumbel", "key": "42" }),
        json!({ "scheme": "sbw", "key": "42" }),
        json!({ "scheme": "sbw", "key": "42", "hash": "left" }),
        json!({ "scheme": "synthid", "key": "public" }),
        json!({ "scheme": "synthid", "key": "public", "hash": "transformers" }),
        json!({ "scheme": "kgw", "key": "15485863", "vocabulary": 64 }),
        json!({ "scheme": "kgw", "key": "15485863", "vocabulary": 64, "hash": "self", "width": 2 }),
    ]
}

/// Numbers from 0 to below 1, the same at every run.
fn noise(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[test]
fn gumbel_and_synthid_choose_as_the_model_does_on_average() {
    // Over contexts, the chance of a token is the model's: 0.5, 0.3, 0.15, 0.05.
    let logits: Vec<f32> = [0.5f32, 0.3, 0.15, 0.05].iter().map(|chance| chance.ln()).collect();
    for mark in [&marks()[0], &marks()[1], &marks()[4], &marks()[5]] {
        let mut next = noise(9);
        let mut counts = [0u32; 4];
        for run in 0..20_000u32 {
            let options = Options { random: Some([next(), next()]), ..options(mark.clone(), json!({})) };
            let pick = pick(&logits, &[], &[run, 7, 7, 7], &options).unwrap();
            assert!(pick.marked);
            counts[pick.token as usize] += 1;
        }
        for (count, chance) in counts.iter().zip([0.5f64, 0.3, 0.15, 0.05]) {
            let spread = (20_000.0 * chance * (1.0 - chance)).sqrt();
            assert!((f64::from(*count) - 20_000.0 * chance).abs() < 4.5 * spread, "{mark} {counts:?}");
        }
    }
}

#[test]
fn leaving_candidates_out_early_changes_nothing() {
    let mut next = noise(3);
    for run in 0..200 {
        let logits: Vec<f32> = (0..300).map(|_| (12.0 * next()) as f32).collect();
        let kept: Vec<Candidate> = logits.iter().enumerate().map(|(at, logit)| (at as u32, *logit)).collect();
        let context = [run, 1, 2, 3];
        let plain = kept.iter().map(|(token, logit)| {
            let inner = -(f64::from(uniform(Candidates::new(5, &context).word(*token))).ln() as f32);
            logit - f64::from(inner).ln() as f32
        });
        assert_eq!(gumbel(5, &kept, &context), highest(plain));
    }
}

#[test]
fn a_repeated_context_is_left_to_chance() {
    let gumbel = marks()[0].clone();
    let tokens = [1, 2, 3, 4, 9, 1, 2, 3, 4];
    let marked = |more: Value, tokens: &[u32]| pick(&[1.0, 2.0], &[], tokens, &options(gumbel.clone(), more)).unwrap().marked;
    assert!(!marked(json!({}), &tokens));
    assert!(marked(json!({ "repeats": "none" }), &tokens));
    // In the prompt it counts only where that is asked for; there the output's first places stay unmarked.
    assert!(marked(json!({ "start": 5 }), &tokens));
    assert!(!marked(json!({ "start": 5, "repeats": "all" }), &tokens));
    assert!(!marked(json!({ "start": 7, "repeats": "all" }), &tokens));
    assert!(marked(json!({ "history": 4 }), &tokens));
    assert!(!marked(json!({ "history": 5 }), &tokens));
    // The empty context before the first token is none of the later ones.
    assert!(marked(json!({}), &[]));
}

#[test]
fn candidates_by_id_choose_as_the_whole_vocabulary() {
    let logits: Vec<f32> = (0..64).map(|at| ((at * 37) % 64) as f32 / 8.0).collect();
    let ids: Vec<u32> = (0..64).rev().collect();
    let turned: Vec<f32> = ids.iter().map(|id| logits[*id as usize]).collect();
    for mark in marks() {
        let options = options(mark, json!({ "topK": 20, "topP": 0.95 }));
        let dense = pick(&logits, &[], &[5, 6, 7, 8], &options).unwrap();
        assert_eq!(dense, pick(&turned, &ids, &[5, 6, 7, 8], &options).unwrap());
        assert!(dense.candidates < 20 && dense.chance > 0.0);
    }
}

#[test]
fn settings_out_of_range_are_named() {
    let wrong = |mark: Value, more: Value, says: &str| {
        let error = pick(&[1.0, 2.0], &[], &[], &options(mark, more)).unwrap_err();
        assert!(error.message.contains(says), "{error}");
    };
    let gumbel = || marks()[0].clone();
    wrong(gumbel(), json!({ "temperature": 0 }), "sbw for the greedy choice");
    wrong(gumbel(), json!({ "temperature": -1 }), "temperature");
    wrong(gumbel(), json!({ "topP": 0 }), "topP");
    wrong(gumbel(), json!({ "minP": 2 }), "minP");
    wrong(gumbel(), json!({ "history": 0 }), "history");
    wrong(gumbel(), json!({ "start": 1 }), "start");
    wrong(gumbel(), json!({ "random": [0.1, 1.0] }), "random");
    wrong(gumbel(), json!({ "random": null }), "random");
    wrong(json!({ "scheme": "gumbel", "key": "18446744073709551616" }), json!({}), "2^64");
    wrong(json!({ "scheme": "gumbel", "key": "x" }), json!({}), "hexadecimal");
    wrong(json!({ "scheme": "gumbel", "key": "1", "width": 0 }), json!({}), "width");
    wrong(json!({ "scheme": "dual-gumbel", "key": "1", "alpha": 2 }), json!({}), "alpha");
    wrong(json!({ "scheme": "sbw", "key": "1", "gamma": 1 }), json!({}), "gamma");
    wrong(json!({ "scheme": "sbw", "key": "1", "delta": -1 }), json!({}), "delta");
    wrong(json!({ "scheme": "synthid" }), json!({}), "key or layers");
    wrong(json!({ "scheme": "synthid", "layers": [] }), json!({}), "layers");
    wrong(json!({ "scheme": "synthid", "key": "public", "tableSize": 256 }), json!({}), "table");
    wrong(json!({ "scheme": "synthid", "key": "public", "hash": "transformers", "tableSize": 300 }), json!({}), "tableSize");
    wrong(json!({ "scheme": "kgw", "key": "1", "vocabulary": 1 }), json!({}), "vocabulary");
    assert!(serde_json::from_value::<Options>(json!({ "mark": { "scheme": "gumbel", "key": "1", "gama": 1 } })).is_err());
    assert!(serde_json::from_value::<Options>(json!({ "mark": { "scheme": "other", "key": "1" } })).is_err());
}

#[test]
fn green_lists_mark_the_greedy_choice() {
    for mark in [marks()[2].clone(), marks()[6].clone()] {
        // Two tokens almost alike: the green one of the two is taken.
        let mut changed = 0;
        for run in 0..64 {
            let pick =
                pick(&[1.0, 1.1], &[], &[run, 1, 2, run], &options(mark.clone(), json!({ "temperature": 0, "random": null })))
                    .unwrap();
            changed += u32::from(pick.token == 0);
        }
        assert!((5..40).contains(&changed), "{mark}: {changed}");
    }
}
