//! What is done to the samples of a picture.

mod asked;
pub(crate) mod carrier;
pub mod detect;
pub mod embed;
pub(crate) mod fold;
pub mod frame;
pub(crate) mod front;
mod guess;
mod hunt;
pub(crate) mod luma;
mod mask;
pub(crate) mod overlay;
pub mod quality;
mod sky;
pub(crate) mod spectrum;
mod strength;
#[cfg(test)]
mod tests;
mod transform;
mod view;
