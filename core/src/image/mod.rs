//! What is done to the samples of a picture.

pub mod frame;
