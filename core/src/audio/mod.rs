//! What is done to the samples of a sound.

pub mod bytes;
mod carrier;
pub mod detect;
pub mod embed;
mod grid;
mod loudness;
mod mask;
mod plan;
mod quality;
mod rates;
mod search;
mod shape;
mod sound;
mod spans;
mod stream;
#[cfg(test)]
mod tests;
mod word;

pub use stream::Embedder;
