//! Countermark for browsers. Bytes and JSON texts in, bytes and JSON texts out; no arithmetic here.
//!
//! Everything runs on the calling thread: a page calls it from a worker. Samples that a function takes as
//! `&mut [u8]` are copied into the module and back, so that the caller's array is changed as on Node.
//!
//! ```ignore
//! #[wasm_bindgen(js_name = imageEmbed)]
//! pub fn image_embed(samples: &mut [u8], options: &str) -> Result<String, JsValue> {
//!     face::image_embed(samples, options).map_err(thrown)
//! }
//! ```

#[expect(dead_code, reason = "goes away with the first export that can fail")]
mod convert;

use countermark_core::face;
use wasm_bindgen::prelude::*;

/// The version of the core.
#[wasm_bindgen]
pub fn version() -> String {
    face::version()
}
