//! What is done to the frames of a film: the label, the watermark in luma, and how both are found again.

mod bars;
pub mod detect;
pub mod embed;
pub mod frame;
pub mod label;
mod mask;
mod rows;
mod scene;
pub mod sums;
#[cfg(test)]
mod tests;
