//! Countermark for Node. Bytes and JSON texts in, bytes and JSON texts out; no arithmetic here.
//!
//! Two patterns, see `convert`: `now` for what takes about a millisecond or less, `later` for what goes over all samples.
//! What the options and reports hold is written at `countermark_core::face`.

mod convert;

use countermark_core::face;
use napi::bindgen_prelude::{AsyncTask, Buffer};
use napi_derive::napi;

use convert::{Job, later};

/// The version of the core.
#[napi]
pub fn version() -> String {
    face::version()
}

/// Draws a label. `samples` are changed in place on the pool's thread: leave them alone until the promise settles.
#[napi(ts_return_type = "Promise<string>")]
pub fn label_draw(mut samples: Buffer, font: Buffer, options: String) -> AsyncTask<Job> {
    later(move || face::label_draw(&mut samples, &font, &options))
}

/// Looks for a drawn label.
#[napi(ts_return_type = "Promise<string>")]
pub fn label_detect(samples: Buffer, options: String) -> AsyncTask<Job> {
    later(move || face::label_detect(&samples, &options))
}
