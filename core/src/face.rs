//! The functions that both bindings export: bytes and a JSON text of options in, bytes or a JSON text out.
//! Nothing is computed here; each function reads its options, calls the room that does the work and writes the report.

use crate::container;
use crate::error::{Error, Result};
use crate::image::{detect, embed, quality};
use crate::label::{draw, find};
use crate::media::{
    self,
    source::{Source, Splice},
};
use crate::metadata::{carry, read, text, texts, write};
use crate::payload;
use crate::text::{detect as text_marks, embed as text_mark, fingerprint, strip};
use crate::token;
use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(feature = "full")]
mod film;
#[cfg(feature = "full")]
mod sound;
#[cfg(feature = "full")]
pub use film::*;
#[cfg(feature = "full")]
pub use sound::*;

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

/// The first `bits` bits (a multiple of 8, 8 to 256) of SHA-256 over the UTF-8 of producer, 0x1F, content number; hexadecimal.
pub fn payload_of(producer: &str, produce_id: &str, bits: u32) -> Result<String> {
    payload::of(producer, produce_id, bits)
}

/// Marks the samples. Takes the JSON of `image::embed::Options`, gives that of `image::embed::Report`.
pub fn image_embed(samples: &mut [u8], options_text: &str) -> Result<String> {
    report(&embed::embed(samples, &options(options_text)?)?)
}

/// Looks for marks. Takes the JSON of `image::detect::Options`, gives that of `image::detect::Report`.
pub fn image_detect(samples: &[u8], options_text: &str) -> Result<String> {
    report(&detect::detect(samples, &options(options_text)?)?)
}

/// Compares two pictures of one layout. Takes the JSON of `image::quality::Options`, gives that of `image::quality::Report`.
pub fn image_compare(a: &[u8], b: &[u8], options_text: &str) -> Result<String> {
    report(&quality::compare(a, b, &options(options_text)?)?)
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

/// What the headers of a file say, without decoding. Gives the JSON of `container::inspection::Inspection` for JPEG, PNG, WebP,
/// GIF and TIFF, that of `media::kind::Facts` for all other kinds.
pub fn file_inspect(bytes: &[u8]) -> Result<String> {
    match media::find(&bytes)? {
        Some(media) if !container::handles(bytes) => report(&(media.walk)(&bytes)?.facts()),
        _ => report(&read::open_any(bytes)?.inspect()?),
    }
}

/// The ranges of bytes that the decoder needs, as a JSON list of `[start, end]`; see `container::file::File::coded`.
pub fn coded_ranges(bytes: &[u8]) -> Result<String> {
    let ends: Vec<(u64, u64)> = match media::find(&bytes)? {
        Some(media) => (media.walk)(&bytes)?.coded.iter().map(|range| (range.start, range.end)).collect(),
        None => container::open(bytes)?.coded().iter().map(|range| (range.start as u64, range.end as u64)).collect(),
    };
    report(&ends)
}

/// Every text of the file's metadata outside XMP, and the simple properties of its XMP. Gives the JSON of a list of
/// `metadata::texts::Text`.
pub fn metadata_texts(bytes: &[u8]) -> Result<String> {
    report(&texts::texts(bytes)?)
}

/// Writes exactly one metadata label, DigitalSourceType, or both; gives the new file. Takes the JSON of
/// `metadata::write::Options`.
pub fn metadata_write(bytes: &[u8], options_text: &str) -> Result<Vec<u8>> {
    write::write(bytes, &options(options_text)?)
}

/// Finds every metadata label. Gives the JSON of `metadata::read::Report`. A file that cannot be read to its end is an
/// error, never a report without labels.
pub fn metadata_read(bytes: &[u8]) -> Result<String> {
    report(&read::read(bytes)?)
}

/// As [`metadata_read`], of bytes that need not be in memory.
pub fn metadata_read_source(source: &dyn Source) -> Result<String> {
    report(&read::read_source(source)?)
}

/// As [`metadata_write`], of bytes that need not be in memory: how the new file is put together.
pub fn metadata_splices(source: &dyn Source, options_text: &str) -> Result<Vec<Splice>> {
    write::write_source(source, &options(options_text)?)
}

/// The coded pixels of `encoded` with the metadata of `source`; see `metadata::carry::carry`.
pub fn metadata_carry(source: &[u8], encoded: &[u8]) -> Result<Vec<u8>> {
    carry::carry(source, encoded)
}

/// Reads a label that stands in any text. Gives the JSON of `metadata::text::Parsed`.
pub fn label_parse(label: &str) -> Result<String> {
    report(&text::parse(label))
}

/// The text of a label, once what stands allows it. Takes the JSON of `metadata::text::Request`.
pub fn label_text(options_text: &str) -> Result<String> {
    text::compose(&options(options_text)?)
}

/// The two properties of an XMP packet. Gives the JSON of `metadata::text::Properties`.
pub fn xmp_read(packet: &[u8]) -> Result<String> {
    report(&text::properties(packet)?)
}

/// An XMP packet with other values of the two properties; an empty one gives a new packet. Takes the JSON of
/// `metadata::text::Edit`.
pub fn xmp_write(packet: &[u8], options_text: &str) -> Result<Vec<u8>> {
    text::edit(packet, &options(options_text)?)
}

/// Chooses the next token with a mark. `ids` empty: the logit at place n is that of token n; `tokens`: prompt and output so far.
/// Takes the JSON of `token::pick::Options`, gives that of `token::pick::Pick`.
pub fn token_pick(logits: &[f32], ids: &[u32], tokens: &[u32], options_text: &str) -> Result<String> {
    report(&token::pick::pick(logits, ids, tokens, &options(options_text)?)?)
}

/// Tests token ids for a mark. Takes the JSON of `token::detect::Options`, gives that of `token::detect::Report`.
pub fn token_detect(tokens: &[u32], options_text: &str) -> Result<String> {
    report(&token::detect::detect(tokens, &options(options_text)?)?)
}

/// SHA-256 of the coded samples, in hexadecimal digits: no metadata changes it. Of the kinds in `media::TABLE`.
pub fn coded_digest_source(source: &dyn Source) -> Result<String> {
    let walk = (media::kind(source)?.walk)(source)?;
    Ok(media::digest(source, &walk)?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// UTF-16, little-endian; a last single byte is none.
fn units(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
}

fn bytes_of(units: &[u16]) -> Vec<u8> {
    units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
}

/// The text (UTF-16, little-endian, lone surrogates allowed) with the character mark. Takes the JSON of `text::embed::Options`.
pub fn text_embed(text: &[u8], options_text: &str) -> Result<Vec<u8>> {
    Ok(bytes_of(&text_mark::embed(&units(text), &options(options_text)?)?))
}

/// The text without the character mark of the key. Takes the JSON of `text::embed::Options`; a payload is not asked for.
pub fn text_strip(text: &[u8], options_text: &str) -> Result<Vec<u8>> {
    Ok(bytes_of(&strip::strip(&units(text), &options(options_text)?)?))
}

/// Looks for character marks. Takes the JSON of `text::detect::Options`, gives that of `text::detect::Report`.
pub fn text_detect(text: &[u8], options_text: &str) -> Result<String> {
    report(&text_marks::detect(&units(text), &options(options_text)?)?)
}

/// Digests by which copies of a text are found again. Gives the JSON of `text::fingerprint::Fingerprint`.
pub fn text_fingerprint(text: &[u8]) -> Result<String> {
    report(&fingerprint::fingerprint(&units(text)))
}

/// The next piece of a text that is marked as it comes. Takes the JSON of `text::embed::Step`. Gives what is ready: its length
/// in bytes (four, little-endian), the text, and then the JSON of `text::embed::State`, to be given with the next piece.
pub fn text_step(text: &[u8], options_text: &str) -> Result<Vec<u8>> {
    let (ready, state) = text_mark::step(&units(text), &options(options_text)?)?;
    let ready = bytes_of(&ready);
    let length = u32::try_from(ready.len()).map_err(|_| Error::limit("a piece of text has at most 2 GiB"))?;
    Ok([length.to_le_bytes().to_vec(), ready, report(&state)?.into_bytes()].concat())
}
