//! Films: the functions that both bindings export.

use super::{options, report};
use crate::error::Result;
use crate::video;

/// Marks the frames of one film.
pub struct VideoEmbedder(video::embed::Embedder);

impl VideoEmbedder {
    /// `font`: a TrueType font for the label, empty for the built-in one. Takes the JSON of `video::embed::Options`.
    pub fn new(font: &[u8], options_text: &str) -> Result<Self> {
        video::embed::Embedder::new(font, &options(options_text)?).map(Self)
    }

    /// Marks the next frame in place; see `video::embed::Embedder::frame`. Gives an empty text.
    pub fn frame(&mut self, samples: &mut [u8], labelled: bool) -> Result<String> {
        self.0.frame(samples, labelled).map(|()| String::new())
    }

    /// What was done so far: the JSON of `video::embed::Report`.
    pub fn report(&self) -> Result<String> {
        report(&self.0.report())
    }
}

/// Looks for marks in the frames of one film.
pub struct VideoDetector(video::detect::Detector);

impl VideoDetector {
    /// Takes the JSON of `video::detect::Options`.
    pub fn new(options_text: &str) -> Result<Self> {
        video::detect::Detector::new(&options(options_text)?).map(Self)
    }

    /// Takes a frame; see `video::detect::Detector::frame`. Gives `true` once every payload was read, `false` before.
    pub fn frame(&mut self, samples: &[u8], seconds: f64, fresh: bool) -> Result<String> {
        report(&self.0.frame(samples, seconds, fresh)?)
    }

    /// The findings: the JSON of `video::detect::Report`.
    pub fn finish(&mut self) -> Result<String> {
        report(&self.0.finish()?)
    }
}
