//! The token mark for browsers, a module of its own. Numbers and JSON texts in, JSON texts out; no arithmetic here.

#[path = "../../src/convert.rs"]
mod convert;

use countermark_core::face;
use wasm_bindgen::prelude::*;

use convert::thrown;

/// Chooses the next token with a mark.
#[wasm_bindgen(js_name = tokenPick)]
pub fn token_pick(logits: &[f32], ids: &[u32], tokens: &[u32], options: &str) -> Result<String, JsValue> {
    face::token_pick(logits, ids, tokens, options).map_err(thrown)
}

/// Tests token ids for a mark.
#[wasm_bindgen(js_name = tokenDetect)]
pub fn token_detect(tokens: &[u32], options: &str) -> Result<String, JsValue> {
    face::token_detect(tokens, options).map_err(thrown)
}
