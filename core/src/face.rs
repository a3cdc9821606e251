//! The functions that both bindings export: bytes and a JSON text of options in, bytes or a JSON text out.
//! Nothing is computed here; each function reads its options, calls the room that does the work and writes the report.

use crate::error::{Error, Result};
use crate::label::{draw, find};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads options, naming the offending field when they do not fit.
pub(crate) fn options<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::parameter(format!("options are not what this function takes: {error}")))
}

/// Writes a report. Our reports hold no map with non-text keys and no failing serializer, so this cannot fail in practice.
pub(crate) fn report<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::parameter(format!("report could not be written: {error}")))
}

/// The version of the core, as in Cargo.toml.
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Draws the explicit label into the samples; `font` is a TrueType font, empty for the built-in one. Takes the JSON of
/// `label::draw::Options`, gives that of `label::draw::Report`.
pub fn label_draw(samples: &mut [u8], font: &[u8], options_text: &str) -> Result<String> {
    report(&draw::draw(samples, font, &options(options_text)?)?)
}

/// Looks for an explicit label that `label_draw` drew with the built-in font. Takes the JSON of `label::find::Options`, gives that
/// of `label::find::Evidence`.
pub fn label_detect(samples: &[u8], options_text: &str) -> Result<String> {
    report(&find::find(samples, &options(options_text)?)?)
}
