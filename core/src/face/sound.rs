//! What both bindings export for sound: interleaved samples, 32-bit floating-point numbers in little-endian bytes.

use super::{options, report};
use crate::audible::{Layout, clip, find as rhythm, loudness};
use crate::audio::{self, bytes};
use crate::error::Result;

/// Marks interleaved samples of a sound, 32-bit floating-point numbers in little-endian bytes, in place. Takes the JSON of
/// `audio::embed::Options`, gives that of `audio::embed::Report`.
pub fn audio_embed(samples: &mut [u8], options_text: &str) -> Result<String> {
    report(&audio::embed::embed(samples, &options(options_text)?)?)
}

/// Looks for marks in interleaved samples of a sound. Takes the JSON of `audio::detect::Options`, gives that of
/// `audio::detect::Report`.
pub fn audio_detect(samples: &[u8], options_text: &str) -> Result<String> {
    report(&audio::detect::detect(samples, &options(options_text)?)?)
}

/// Marks a sound piece by piece: bytes in, bytes out, as `audio_embed` takes them.
pub struct AudioEmbedder(audio::Embedder);

impl AudioEmbedder {
    /// Takes the JSON of `audio::embed::Options`.
    pub fn new(options_text: &str) -> Result<Self> {
        audio::Embedder::new(&options(options_text)?).map(Self)
    }

    /// Samples of a channel that are held back at most.
    pub fn latency(&self) -> u32 {
        self.0.latency() as u32
    }

    /// Takes samples, whole frames of all channels, and gives those that are done.
    pub fn push(&mut self, samples: &[u8]) -> Result<Vec<u8>> {
        self.0.push_bytes(samples)
    }

    /// Gives what was held back. Nothing can be pushed afterwards.
    pub fn finish(&mut self) -> Result<Vec<u8>> {
        self.0.finish_bytes()
    }

    /// What was done so far: the JSON of `audio::embed::Report`.
    pub fn report(&self) -> Result<String> {
        report(&self.0.report())
    }
}

/// The rhythm label as a clip between two frames of a programme. Takes the JSON of `audible::clip::Options`, gives interleaved samples.
pub fn rhythm_make(options_text: &str) -> Result<Vec<u8>> {
    Ok(bytes::write(&clip::rhythm(&options(options_text)?)?))
}

/// A spoken label as a clip between two frames of a programme. Takes the JSON of `audible::clip::Options`, gives interleaved samples.
pub fn voice_fit(samples: &[u8], options_text: &str) -> Result<Vec<u8>> {
    Ok(bytes::write(&clip::voice(&bytes::read(samples).collect::<Vec<f32>>(), &options(options_text)?)?))
}

/// Looks for the rhythm label. Takes the JSON of `audible::Layout`, gives that of `audible::find::Evidence`.
pub fn rhythm_detect(samples: &[u8], options_text: &str) -> Result<String> {
    report(&rhythm::find(&bytes::read(samples).collect::<Vec<f32>>(), options::<Layout>(options_text)?)?)
}

/// Measures loudness, piece by piece.
pub struct LoudnessMeter(loudness::Meter);

impl LoudnessMeter {
    /// Takes the JSON of `audible::Layout`.
    pub fn new(options_text: &str) -> Result<Self> {
        loudness::Meter::new(options(options_text)?).map(Self)
    }

    /// Takes samples, whole frames of all channels.
    pub fn push(&mut self, samples: &[u8]) -> Result<()> {
        self.0.push(bytes::read(samples))
    }

    /// What was heard until now: the JSON of `audible::loudness::Report`.
    pub fn report(&self) -> Result<String> {
        report(&self.0.report())
    }
}
