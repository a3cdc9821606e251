//! What changes pictures, texts and files: a page that only looks at them does without.

use countermark_core::face;
use wasm_bindgen::prelude::*;

use crate::convert::thrown;

/// Marks samples; they are changed in place.
#[wasm_bindgen(js_name = imageEmbed)]
pub fn image_embed(samples: &mut [u8], options: &str) -> Result<String, JsValue> {
    face::image_embed(samples, options).map_err(thrown)
}

/// PSNR and SSIM of two pictures.
#[wasm_bindgen(js_name = imageCompare)]
pub fn image_compare(a: &[u8], b: &[u8], options: &str) -> Result<String, JsValue> {
    face::image_compare(a, b, options).map_err(thrown)
}

/// Draws a label; `samples` are changed in place.
#[wasm_bindgen(js_name = labelDraw)]
pub fn label_draw(samples: &mut [u8], font: &[u8], options: &str) -> Result<String, JsValue> {
    face::label_draw(samples, font, options).map_err(thrown)
}

/// Writes the metadata label; gives the new file.
#[wasm_bindgen(js_name = metadataWrite)]
pub fn metadata_write(bytes: &[u8], options: &str) -> Result<Vec<u8>, JsValue> {
    face::metadata_write(bytes, options).map_err(thrown)
}

/// The coded pixels of `encoded` with the metadata of `source`.
#[wasm_bindgen(js_name = metadataCarry)]
pub fn metadata_carry(source: &[u8], encoded: &[u8]) -> Result<Vec<u8>, JsValue> {
    face::metadata_carry(source, encoded).map_err(thrown)
}

/// An XMP packet with other values of the two properties.
#[wasm_bindgen(js_name = xmpWrite)]
pub fn xmp_write(packet: &[u8], options: &str) -> Result<Vec<u8>, JsValue> {
    face::xmp_write(packet, options).map_err(thrown)
}

/// The text (UTF-16, little-endian) with the character mark.
#[wasm_bindgen(js_name = textEmbed)]
pub fn text_embed(text: &[u8], options: &str) -> Result<Vec<u8>, JsValue> {
    face::text_embed(text, options).map_err(thrown)
}

/// The text without the character mark of the key.
#[wasm_bindgen(js_name = textStrip)]
pub fn text_strip(text: &[u8], options: &str) -> Result<Vec<u8>, JsValue> {
    face::text_strip(text, options).map_err(thrown)
}

/// Digests by which copies of a text are found again.
#[wasm_bindgen(js_name = textFingerprint)]
pub fn text_fingerprint(text: &[u8]) -> Result<String, JsValue> {
    face::text_fingerprint(text).map_err(thrown)
}

/// The next piece of a text that is marked as it comes.
#[wasm_bindgen(js_name = textStep)]
pub fn text_step(text: &[u8], options: &str) -> Result<Vec<u8>, JsValue> {
    face::text_step(text, options).map_err(thrown)
}
