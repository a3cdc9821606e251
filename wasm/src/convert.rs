//! What crosses to JavaScript: the core's error with its code.

use countermark_core::error::Error;
use wasm_bindgen::JsValue;

/// Turns the core's error into an `Error` with a `code`: `face::f(…).map_err(thrown)`.
pub fn thrown(error: Error) -> JsValue {
    let thrown = js_sys::Error::new(&error.to_string());
    // Setting a property of a fresh ordinary object cannot fail.
    let _ = js_sys::Reflect::set(&thrown, &"code".into(), &error.code.as_str().into());
    thrown.into()
}
