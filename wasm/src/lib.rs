//! Countermark for browsers. Bytes and JSON texts in, bytes and JSON texts out; no arithmetic here.
//!
//! Everything runs on the calling thread: a page calls it from a worker. Samples that a function takes as
//! `&mut [u8]` are copied into the module and back, so that the caller's array is changed as on Node.
//! What the options and reports hold is written at `countermark_core::face`.

mod convert;

use countermark_core::face;
use wasm_bindgen::prelude::*;

use convert::thrown;

/// The version of the core.
#[wasm_bindgen]
pub fn version() -> String {
    face::version()
}

/// Draws a label; `samples` are changed in place.
#[wasm_bindgen(js_name = labelDraw)]
pub fn label_draw(samples: &mut [u8], font: &[u8], options: &str) -> Result<String, JsValue> {
    face::label_draw(samples, font, options).map_err(thrown)
}

/// Looks for a drawn label.
#[wasm_bindgen(js_name = labelDetect)]
pub fn label_detect(samples: &[u8], options: &str) -> Result<String, JsValue> {
    face::label_detect(samples, options).map_err(thrown)
}
