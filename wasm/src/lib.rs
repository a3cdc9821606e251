//! Countermark for browsers. Bytes and JSON texts in, bytes and JSON texts out; no arithmetic here.
//!
//! Everything runs on the calling thread: a page calls it from a worker. Samples that a function takes as
//! `&mut [u8]` are copied into the module and back, so that the caller's array is changed as on Node.
//! What the options and reports hold is written at `countermark_core::face`.

mod convert;
#[cfg(feature = "full")]
mod film;
#[cfg(feature = "full")]
mod marking;
#[cfg(feature = "full")]
mod sound;

use countermark_core::face;
use wasm_bindgen::prelude::*;

use convert::thrown;

/// The version of the core.
#[wasm_bindgen]
pub fn version() -> String {
    face::version()
}

/// The first bits of the hash of producer and content number.
#[wasm_bindgen(js_name = payloadOf)]
pub fn payload_of(producer: &str, produce_id: &str, bits: u32) -> Result<String, JsValue> {
    face::payload_of(producer, produce_id, bits).map_err(thrown)
}

/// Looks for marks.
#[wasm_bindgen(js_name = imageDetect)]
pub fn image_detect(samples: &[u8], options: &str) -> Result<String, JsValue> {
    face::image_detect(samples, options).map_err(thrown)
}

/// Looks for a drawn label.
#[wasm_bindgen(js_name = labelDetect)]
pub fn label_detect(samples: &[u8], options: &str) -> Result<String, JsValue> {
    face::label_detect(samples, options).map_err(thrown)
}

/// What the headers of a file say.
#[wasm_bindgen(js_name = fileInspect)]
pub fn file_inspect(bytes: &[u8]) -> Result<String, JsValue> {
    face::file_inspect(bytes).map_err(thrown)
}

/// The ranges of bytes that the decoder needs.
#[wasm_bindgen(js_name = codedRanges)]
pub fn coded_ranges(bytes: &[u8]) -> Result<String, JsValue> {
    face::coded_ranges(bytes).map_err(thrown)
}

/// Every text of the file's metadata.
#[wasm_bindgen(js_name = metadataTexts)]
pub fn metadata_texts(bytes: &[u8]) -> Result<String, JsValue> {
    face::metadata_texts(bytes).map_err(thrown)
}

/// Finds every metadata label.
#[wasm_bindgen(js_name = metadataRead)]
pub fn metadata_read(bytes: &[u8]) -> Result<String, JsValue> {
    face::metadata_read(bytes).map_err(thrown)
}

/// Reads a label that stands in any text.
#[wasm_bindgen(js_name = labelParse)]
pub fn label_parse(label: &str) -> Result<String, JsValue> {
    face::label_parse(label).map_err(thrown)
}

/// The text of a label.
#[wasm_bindgen(js_name = labelText)]
pub fn label_text(options: &str) -> Result<String, JsValue> {
    face::label_text(options).map_err(thrown)
}

/// The two properties of an XMP packet.
#[wasm_bindgen(js_name = xmpRead)]
pub fn xmp_read(packet: &[u8]) -> Result<String, JsValue> {
    face::xmp_read(packet).map_err(thrown)
}

/// Looks for character marks.
#[wasm_bindgen(js_name = textDetect)]
pub fn text_detect(text: &[u8], options: &str) -> Result<String, JsValue> {
    face::text_detect(text, options).map_err(thrown)
}
