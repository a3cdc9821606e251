//! Bytes and JSON texts in, bytes and JSON texts out. No arithmetic here.

use countermark_core::{error::Error, face};
use wasm_bindgen::prelude::*;

fn fail(error: Error) -> JsValue {
    let thrown = js_sys::Error::new(&error.to_string());
    // Setting a property of a fresh ordinary object cannot fail.
    let _ = js_sys::Reflect::set(&thrown, &"code".into(), &error.code.as_str().into());
    thrown.into()
}

#[wasm_bindgen]
pub fn version() -> String {
    face::version()
}
