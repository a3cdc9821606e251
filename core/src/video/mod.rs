//! What is done to the frames of a film: the watermark in luma, and its detector.

pub mod detect;
pub mod embed;
pub mod frame;
mod mask;
pub mod sums;
