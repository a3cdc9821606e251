//! Repeatable chance. A stream is named by a text, so that leaving something out changes no other draw.

use crate::Failure;
use countermark_core::keyed::{Key, Stream};
use countermark_core::payload;

/// A private key, 64 hexadecimal digits, that two texts decide.
pub fn key(purpose: &str, number: &str) -> Result<String, Failure> {
    Ok(payload::of(&format!("bench key {purpose}"), number, 256)?)
}

/// Random numbers that a text decides.
pub fn stream(name: &str) -> Result<Stream, Failure> {
    Ok(Key::parse(&key("stream", name)?)?.stream("bench"))
}

/// 0 to below 1.
pub fn unit(stream: &mut Stream) -> f64 {
    f64::from(stream.draw()) / 4_294_967_296.0
}

/// A number of the standard normal distribution (Box and Muller).
pub fn normal(stream: &mut Stream) -> f64 {
    let (a, b) = (unit(stream), unit(stream));
    (-2.0 * (1.0 - a).ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}
