//! Arithmetic on rows and planes of numbers: filters, resampling, Fourier transforms. Nothing here knows what a picture or a sound is.

pub mod blur;
pub mod fourier;
pub mod line;
pub mod plane;
pub mod rate;
pub mod resample;
pub mod round;
