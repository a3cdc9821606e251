//! Countermark's core: all arithmetic and all byte surgery, without files, clock, threads or `unsafe`.
//!
//! `face` is what the two bindings export; the other rooms are laid out in ARCHITECTURE.md.

#[cfg(feature = "full")]
pub mod audible;
#[cfg(feature = "full")]
pub mod audio;
pub mod container;
pub mod ecc;
pub mod error;
pub mod face;
pub mod image;
pub mod keyed;
pub mod label;
pub mod media;
pub mod metadata;
pub mod payload;
pub mod signal;
pub mod stats;
pub mod text;
pub mod token;
pub mod video;
pub mod watermark;
pub mod xmp;
