//! Arithmetic on planes of numbers: filters, resampling, Fourier transforms. Nothing here knows what a picture is.

pub mod blur;
pub mod fourier;
pub mod plane;
pub mod resample;
pub mod round;
