//! Samples as they cross the bindings: interleaved 32-bit floating-point numbers, little-endian, 1 is full scale.

use crate::error::{Error, Result};

/// Bytes of a sample.
pub const SIZE: usize = 4;
/// The lowest and highest sampling rate.
const RATES: std::ops::RangeInclusive<u32> = 8_000..=192_000;
/// The most channels.
const CHANNELS: u32 = 16;

/// Checks what is said of samples; `bytes` is their length.
pub fn check(rate: u32, channels: u32, bytes: usize) -> Result<()> {
    if !RATES.contains(&rate) {
        return Err(Error::parameter(format!("rate must be 8000 to 192000 samples a second, not {rate}")));
    }
    if !(1..=CHANNELS).contains(&channels) {
        return Err(Error::parameter(format!("channels must be 1 to {CHANNELS}, not {channels}")));
    }
    if !bytes.is_multiple_of(SIZE * channels as usize) {
        return Err(Error::parameter(format!("{bytes} bytes are not whole samples of {channels} channels, 4 bytes each")));
    }
    Ok(())
}

/// The samples in these bytes.
pub fn read(bytes: &[u8]) -> impl ExactSizeIterator<Item = f32> + '_ {
    bytes.as_chunks::<SIZE>().0.iter().map(|four| f32::from_le_bytes(*four))
}

/// The bytes of samples.
pub fn write(samples: &[f32]) -> Vec<u8> {
    samples.iter().flat_map(|value| value.to_le_bytes()).collect()
}
