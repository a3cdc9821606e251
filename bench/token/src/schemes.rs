//! The marks that are measured, each with the settings that its makers give as default.

use crate::model::VOCABULARY;
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
}

fn scheme(name: &'static str, steps: bool, mark: Value) -> Result<Scheme, Failure> {
    Ok(Scheme { name, steps, mark: serde_json::from_value(mark)? })
}

/// All, with keys that a number decides.
pub fn schemes(number: u64) -> Result<Vec<Scheme>, Failure> {
    let key = (0x9e37_79b9_7f4a_7c15u64.wrapping_mul(number + 1) >> 1).to_string();
    let ours = stand::random::key("token", &number.to_string())?;
    Ok(vec![
        scheme("gumbel", false, json!({ "scheme": "gumbel", "key": key }))?,
        scheme("dual-gumbel, alpha 0.1", false, json!({ "scheme": "dual-gumbel", "key": key }))?,
        scheme("synthid, reference hash", false, json!({ "scheme": "synthid", "key": ours }))?,
        scheme("synthid, Transformers table", false, json!({ "scheme": "synthid", "key": ours, "hash": "transformers" }))?,
        scheme("sbw self, gamma 0.5, delta 2", true, json!({ "scheme": "sbw", "key": key }))?,
        scheme("kgw left, gamma 0.25, delta 2", true, json!({ "scheme": "kgw", "key": key, "vocabulary": VOCABULARY }))?,
    ])
}
