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

/// The first bits of the hash of producer and content number.
#[wasm_bindgen(js_name = payloadOf)]
pub fn payload_of(producer: &str, produce_id: &str, bits: u32) -> Result<String, JsValue> {
    face::payload_of(producer, produce_id, bits).map_err(thrown)
}

/// Marks samples; they are changed in place.
#[wasm_bindgen(js_name = imageEmbed)]
pub fn image_embed(samples: &mut [u8], options: &str) -> Result<String, JsValue> {
    face::image_embed(samples, options).map_err(thrown)
}

/// Looks for marks.
#[wasm_bindgen(js_name = imageDetect)]
pub fn image_detect(samples: &[u8], options: &str) -> Result<String, JsValue> {
    face::image_detect(samples, options).map_err(thrown)
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

/// Writes the metadata label; gives the new file.
#[wasm_bindgen(js_name = metadataWrite)]
pub fn metadata_write(bytes: &[u8], options: &str) -> Result<Vec<u8>, JsValue> {
    face::metadata_write(bytes, options).map_err(thrown)
}

/// Finds every metadata label.
#[wasm_bindgen(js_name = metadataRead)]
pub fn metadata_read(bytes: &[u8]) -> Result<String, JsValue> {
    face::metadata_read(bytes).map_err(thrown)
}

/// The coded pixels of `encoded` with the metadata of `source`.
#[wasm_bindgen(js_name = metadataCarry)]
pub fn metadata_carry(source: &[u8], encoded: &[u8]) -> Result<Vec<u8>, JsValue> {
    face::metadata_carry(source, encoded).map_err(thrown)
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

/// An XMP packet with other values of the two properties.
#[wasm_bindgen(js_name = xmpWrite)]
pub fn xmp_write(packet: &[u8], options: &str) -> Result<Vec<u8>, JsValue> {
    face::xmp_write(packet, options).map_err(thrown)
}

/// Marks the frames of one film.
#[wasm_bindgen]
pub struct VideoEmbedder(face::VideoEmbedder);

/// An embedder for one film.
#[wasm_bindgen(js_name = videoEmbedder)]
pub fn video_embedder(font: &[u8], options: &str) -> Result<VideoEmbedder, JsValue> {
    face::VideoEmbedder::new(font, options).map(VideoEmbedder).map_err(thrown)
}

#[wasm_bindgen]
impl VideoEmbedder {
    /// Marks the next frame; it is changed in place.
    pub fn frame(&mut self, samples: &mut [u8], labelled: bool) -> Result<String, JsValue> {
        self.0.frame(samples, labelled).map_err(thrown)
    }

    /// What was done so far.
    pub fn report(&self) -> Result<String, JsValue> {
        self.0.report().map_err(thrown)
    }
}

/// Looks for marks in the frames of one film.
#[wasm_bindgen]
pub struct VideoDetector(face::VideoDetector);

/// A detector for one film.
#[wasm_bindgen(js_name = videoDetector)]
pub fn video_detector(options: &str) -> Result<VideoDetector, JsValue> {
    face::VideoDetector::new(options).map(VideoDetector).map_err(thrown)
}

#[wasm_bindgen]
impl VideoDetector {
    /// Takes a frame.
    pub fn frame(&mut self, samples: &[u8], seconds: f64, fresh: bool) -> Result<String, JsValue> {
        self.0.frame(samples, seconds, fresh).map_err(thrown)
    }

    /// The findings.
    pub fn finish(&mut self) -> Result<String, JsValue> {
        self.0.finish().map_err(thrown)
    }
}
