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

#[expect(dead_code, reason = "goes away with the first export that can fail")]
mod convert;

use countermark_core::face;
use napi_derive::napi;

/// The version of the core.
#[napi]
pub fn version() -> String {
    face::version()
}
