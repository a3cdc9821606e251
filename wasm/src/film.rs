//! Films: the frames' samples and JSON texts in, JSON texts out.

use countermark_core::face;
use wasm_bindgen::prelude::*;

use crate::convert::thrown;

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
