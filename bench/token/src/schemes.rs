//! The marks that are measured, each with the settings that its makers give as default.

use crate::model::VOCABULARY;
use countermark_core::token::detect::Statistic;
use countermark_core::token::scheme::Options;
use serde_json::{Value, json};
use stand::Failure;

/// One of them.
pub struct Scheme {
    /// Its name in tables.
    pub name: &'static str,
    /// Its settings.
    pub mark: Options,
    /// Whether its score takes whole steps, so that a chance cannot take every value.
    pub steps: bool,
    /// What is added up with `gumbel`.
    pub statistic: Statistic,
}

fn scheme(name: &'static str, steps: bool, mark: Value) -> Result<Scheme, Failure> {
    let statistic = if name.ends_with("(vLLM's)") { Statistic::Sum } else { Statistic::Likelihood };
    Ok(Scheme { name, steps, mark: serde_json::from_value(mark)?, statistic })
}

/// All, with keys that a number decides.
pub fn schemes(number: u64) -> Result<Vec<Scheme>, Failure> {
    (0..7).map(|place| nth(place, number)).collect()
}

/// One of them.
pub fn nth(place: usize, number: u64) -> Result<Scheme, Failure> {
    let key = (0x9e37_79b9_7f4a_7c15u64.wrapping_mul(number + 1) >> 1).to_string();
    let ours = stand::random::key("token", &number.to_string())?;
    match place {
        0 => scheme("gumbel", false, json!({ "scheme": "gumbel", "key": key })),
        1 => scheme("gumbel, sum of -ln(1 - u) (vLLM's)", false, json!({ "scheme": "gumbel", "key": key })),
        2 => scheme("dual-gumbel, alpha 0.1", false, json!({ "scheme": "dual-gumbel", "key": key })),
        3 => scheme("synthid, reference hash", false, json!({ "scheme": "synthid", "key": ours })),
        4 => scheme("synthid, Transformers table", false, json!({ "scheme": "synthid", "key": ours, "hash": "transformers" })),
        5 => scheme("sbw self, gamma 0.5, delta 2", true, json!({ "scheme": "sbw", "key": key })),
        6 => scheme("kgw left, gamma 0.25, delta 2", true, json!({ "scheme": "kgw", "key": key, "vocabulary": VOCABULARY })),
        _ => Err("there are seven schemes".into()),
    }
}
