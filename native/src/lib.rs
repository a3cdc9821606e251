//! Bytes and JSON texts in, bytes and JSON texts out. No arithmetic here.

use countermark_core::face;
use napi_derive::napi;

#[napi]
pub fn version() -> String {
    face::version()
}
