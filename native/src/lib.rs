//! Countermark for Node. Bytes and JSON texts in, bytes and JSON texts out; no arithmetic here.
//!
//! Two patterns, see `convert`: `now` for what takes about a millisecond or less, `later` for what goes over all samples.
//!
//! ```ignore
//! #[napi]
//! pub fn payload_of(producer: String, produce_id: String, bits: u32) -> Result<String> {
//!     now(|| face::payload_of(&producer, &produce_id, bits))
//! }
//!
//! #[napi(ts_return_type = "Promise<string>")]
//! pub fn image_embed(mut samples: Buffer, options: String) -> AsyncTask<Job> {
//!     later(move || face::image_embed(&mut samples, &options))
//! }
//! ```

mod convert;

use convert::{Job, later};
use countermark_core::face;
use napi::bindgen_prelude::{AsyncTask, Buffer, Uint8Array};
use napi_derive::napi;

/// The version of the core.
#[napi]
pub fn version() -> String {
    face::version()
}

/// Draws the explicit label into `samples`, in place. An empty `font` means the built-in one.
#[napi(ts_return_type = "Promise<string>")]
pub fn label_draw(mut samples: Buffer, font: Uint8Array, options: String) -> AsyncTask<Job> {
    later(move || face::label_draw(&mut samples, &font, &options))
}

/// Looks for an explicit label that `labelDraw` drew with the built-in font.
#[napi(ts_return_type = "Promise<string>")]
pub fn label_detect(samples: Buffer, options: String) -> AsyncTask<Job> {
    later(move || face::label_detect(&samples, &options))
}
