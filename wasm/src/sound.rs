//! Sound: bytes and JSON texts in, bytes and JSON texts out.

use countermark_core::face;
use wasm_bindgen::prelude::*;

use crate::convert::thrown;

/// Marks a sound; `samples` are changed in place.
#[wasm_bindgen(js_name = audioEmbed)]
pub fn audio_embed(samples: &mut [u8], options: &str) -> Result<String, JsValue> {
    face::audio_embed(samples, options).map_err(thrown)
}

/// Looks for marks in a sound.
#[wasm_bindgen(js_name = audioDetect)]
pub fn audio_detect(samples: &[u8], options: &str) -> Result<String, JsValue> {
    face::audio_detect(samples, options).map_err(thrown)
}

/// Marks a sound piece by piece.
#[wasm_bindgen]
pub struct AudioEmbedder(face::AudioEmbedder);

#[wasm_bindgen]
impl AudioEmbedder {
    /// An embedder for one sound.
    pub fn of(options: &str) -> Result<AudioEmbedder, JsValue> {
        face::AudioEmbedder::new(options).map(AudioEmbedder).map_err(thrown)
    }

    /// Samples of a channel that are held back at most.
    #[wasm_bindgen(getter)]
    pub fn latency(&self) -> u32 {
        self.0.latency()
    }

    /// Takes samples and gives those that are done.
    pub fn push(&mut self, samples: &[u8]) -> Result<Vec<u8>, JsValue> {
        self.0.push(samples).map_err(thrown)
    }

    /// Gives what was held back.
    pub fn finish(&mut self) -> Result<Vec<u8>, JsValue> {
        self.0.finish().map_err(thrown)
    }

    /// What was done so far.
    pub fn report(&self) -> Result<String, JsValue> {
        self.0.report().map_err(thrown)
    }
}

/// The rhythm label as a clip.
#[wasm_bindgen(js_name = rhythmMake)]
pub fn rhythm_make(options: &str) -> Result<Vec<u8>, JsValue> {
    face::rhythm_make(options).map_err(thrown)
}

/// A spoken label as a clip.
#[wasm_bindgen(js_name = voiceFit)]
pub fn voice_fit(samples: &[u8], options: &str) -> Result<Vec<u8>, JsValue> {
    face::voice_fit(samples, options).map_err(thrown)
}

/// Looks for the rhythm label.
#[wasm_bindgen(js_name = rhythmDetect)]
pub fn rhythm_detect(samples: &[u8], options: &str) -> Result<String, JsValue> {
    face::rhythm_detect(samples, options).map_err(thrown)
}

/// Measures loudness, piece by piece.
#[wasm_bindgen]
pub struct LoudnessMeter(face::LoudnessMeter);

#[wasm_bindgen]
impl LoudnessMeter {
    /// A meter that has heard nothing.
    pub fn of(options: &str) -> Result<LoudnessMeter, JsValue> {
        face::LoudnessMeter::new(options).map(LoudnessMeter).map_err(thrown)
    }

    /// Takes samples.
    pub fn push(&mut self, samples: &[u8]) -> Result<(), JsValue> {
        self.0.push(samples).map_err(thrown)
    }

    /// What was heard so far.
    pub fn report(&self) -> Result<String, JsValue> {
        self.0.report().map_err(thrown)
    }
}
