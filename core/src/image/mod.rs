//! What is done to the samples of a picture.

mod carrier;
pub mod detect;
pub mod embed;
mod fold;
pub mod frame;
mod front;
mod guess;
mod luma;
mod mask;
mod overlay;
pub mod quality;
mod sky;
mod spectrum;
mod strength;
#[cfg(test)]
mod tests;
mod view;
