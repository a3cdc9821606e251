//! A picture's samples as they cross the bindings: their layout, reading luma, reading and writing one sample.

use crate::error::{Error, Result};
use serde::Deserialize;

/// The longest side that any function takes, in pixels. Beyond it, coordinates in f32 lose whole pixels.
pub const MAX_SIDE: u32 = 65_535;
/// The most pixels that any function takes: the size that image libraries accept by default (2^28).
pub const MAX_PIXELS: u64 = 1 << 28;

/// The layout of interleaved samples without row padding.
///
/// `channels`: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha (not premultiplied). `depth`: 8, or 16 for little-endian
/// pairs of bytes. `orientation`: EXIF 1-8, how the stored picture is turned when it is shown; it changes no sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Format {
    /// Stored width in pixels.
    pub width: u32,
    /// Stored height in pixels.
    pub height: u32,
    /// Samples a pixel.
    pub channels: u8,
    /// Bits a sample.
    pub depth: u8,
    /// EXIF orientation.
    #[serde(default = "upright")]
    pub orientation: u8,
}

fn upright() -> u8 {
    1
}

impl Format {
    /// Refuses a layout that is not handled, or a buffer of another length.
    pub fn check(&self, bytes: usize) -> Result<()> {
        if self.width == 0 || self.height == 0 {
            return Err(Error::parameter("the picture has no pixels: width and height must be at least 1"));
        }
        if self.width > MAX_SIDE || self.height > MAX_SIDE || u64::from(self.width) * u64::from(self.height) > MAX_PIXELS {
            return Err(Error::limit(format!(
                "a picture of {} x {} pixels is over the limit of {MAX_SIDE} a side and {MAX_PIXELS} in all: scale it down first",
                self.width, self.height
            )));
        }
        if !(1..=4).contains(&self.channels) {
            return Err(Error::parameter(format!("channels must be 1, 2, 3 or 4, not {}", self.channels)));
        }
        if self.depth != 8 && self.depth != 16 {
            return Err(Error::parameter(format!("depth must be 8 or 16 bits a sample, not {}", self.depth)));
        }
        if !(1..=8).contains(&self.orientation) {
            return Err(Error::parameter(format!("orientation must be an EXIF value from 1 to 8, not {}", self.orientation)));
        }
        let needed = self.pixels() * self.pixel_bytes();
        if bytes != needed {
            return Err(Error::parameter(format!("the buffer has {bytes} bytes, but this layout needs {needed}")));
        }
        Ok(())
    }

    /// Pixels in the picture.
    pub fn pixels(&self) -> usize {
        self.width as usize * self.height as usize
    }

    /// The shorter side in pixels.
    pub fn short_side(&self) -> u32 {
        self.width.min(self.height)
    }

    /// Bytes from one pixel to the next.
    pub fn pixel_bytes(&self) -> usize {
        usize::from(self.channels) * usize::from(self.depth / 8)
    }

    /// Colour samples a pixel, alpha left out: 1 or 3.
    pub fn colours(&self) -> usize {
        if self.channels < 3 { 1 } else { 3 }
    }

    /// Whether the last sample of a pixel is alpha.
    pub fn has_alpha(&self) -> bool {
        self.channels == 2 || self.channels == 4
    }

    /// Width and height as shown, after the orientation.
    pub fn displayed(&self) -> (u32, u32) {
        if self.orientation >= 5 { (self.height, self.width) } else { (self.width, self.height) }
    }

    /// The stored place of a displayed pixel (EXIF 2.32, tag 0x0112).
    pub fn stored(&self, x: u32, y: u32) -> (u32, u32) {
        let (right, bottom) = (self.width - 1, self.height - 1);
        match self.orientation {
            2 => (right - x, y),
            3 => (right - x, bottom - y),
            4 => (x, bottom - y),
            5 => (y, x),
            6 => (y, bottom - x),
            7 => (right - y, bottom - x),
            8 => (right - y, x),
            _ => (x, y),
        }
    }
}

/// One sample on the scale 0-255, whatever its depth.
#[inline]
pub fn sample(pixel: &[u8], channel: usize, depth: u8) -> f32 {
    if depth == 8 {
        f32::from(pixel[channel])
    } else {
        f32::from(u16::from_le_bytes([pixel[2 * channel], pixel[2 * channel + 1]])) / 257.0
    }
}

/// Writes one sample given on the scale 0-255, rounded and held inside the range.
#[inline]
pub fn set_sample(pixel: &mut [u8], channel: usize, depth: u8, value: f32) {
    if depth == 8 {
        pixel[channel] = (value + 0.5) as u8;
    } else {
        let bytes = ((value * 257.0 + 0.5) as u16).to_le_bytes();
        pixel[2 * channel] = bytes[0];
        pixel[2 * channel + 1] = bytes[1];
    }
}

/// Luma of one pixel on the scale 0-255 (ITU-R BT.601 weights, those of JPEG), over mid-grey where it is transparent:
/// what lies under a transparent pixel is not seen and often not kept.
#[inline]
pub fn luma(pixel: &[u8], format: &Format) -> f32 {
    let depth = format.depth;
    let value = if format.colours() == 1 {
        sample(pixel, 0, depth)
    } else {
        0.299 * sample(pixel, 0, depth) + 0.587 * sample(pixel, 1, depth) + 0.114 * sample(pixel, 2, depth)
    };
    if format.has_alpha() {
        let alpha = sample(pixel, usize::from(format.channels) - 1, depth) / 255.0;
        value * alpha + 128.0 * (1.0 - alpha)
    } else {
        value
    }
}

/// How much each colour sample changes for one grey level of luma. Of all changes with the same luma this one has the least mean
/// square over red, green and blue: it is proportional to the weights of luma, and 1.27 dB cheaper than equal changes.
pub fn shares(colours: usize) -> &'static [f32] {
    // w / (w . w) for w = (0.299, 0.587, 0.114).
    if colours == 1 { &[1.0] } else { &[0.668_8, 1.313_1, 0.255_0] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(orientation: u8) -> Format {
        Format { width: 3, height: 2, channels: 1, depth: 8, orientation }
    }

    #[test]
    fn every_orientation_shows_the_corner_that_exif_names() {
        // Stored picture: a b c / d e f. EXIF names where row 0 and column 0 are shown.
        let first = [(0, 0), (2, 0), (2, 1), (0, 1), (0, 0), (0, 1), (2, 1), (2, 0)];
        for orientation in 1..=8 {
            assert_eq!(format(orientation).stored(0, 0), first[usize::from(orientation) - 1], "orientation {orientation}");
        }
    }

    #[test]
    fn every_displayed_pixel_has_a_stored_one_of_its_own() {
        for orientation in 1..=8 {
            let f = format(orientation);
            let (w, h) = f.displayed();
            let mut seen = std::collections::HashSet::new();
            for y in 0..h {
                for x in 0..w {
                    let (sx, sy) = f.stored(x, y);
                    assert!(sx < 3 && sy < 2);
                    assert!(seen.insert((sx, sy)));
                }
            }
            assert_eq!(seen.len(), 6);
        }
    }

    #[test]
    fn samples_round_and_hold_at_both_depths() {
        let mut pixel = [250u8, 3, 0, 0];
        set_sample(&mut pixel, 0, 8, 259.6);
        set_sample(&mut pixel, 1, 8, 12.6);
        assert_eq!(pixel[..2], [255, 13]);
        set_sample(&mut pixel, 1, 16, 254.0);
        assert_eq!(u16::from_le_bytes([pixel[2], pixel[3]]), 65535 - 257);
        set_sample(&mut pixel, 1, 16, 256.0);
        assert_eq!(sample(&pixel, 1, 16), 255.0);
        set_sample(&mut pixel, 0, 8, -3.0);
        assert_eq!(pixel[0], 0);
    }

    #[test]
    fn shares_change_luma_by_one_at_the_least_cost() {
        let weights = [0.299, 0.587, 0.114];
        let change: f32 = shares(3).iter().zip(weights).map(|(share, weight)| share * weight).sum();
        let cost: f32 = shares(3).iter().map(|share| share * share).sum::<f32>() / 3.0;
        assert!((change - 1.0).abs() < 1e-3 && (-10.0 * cost.log10() - 1.27).abs() < 0.01, "{change} {cost}");
    }

    #[test]
    fn a_layout_that_does_not_fit_is_refused() {
        assert!(format(1).check(6).is_ok());
        assert!(format(1).check(7).is_err());
        assert!(format(0).check(6).is_err());
        assert!(Format { width: 0, ..format(1) }.check(0).is_err());
        assert!(Format { width: 65_536, ..format(1) }.check(0).is_err());
        assert!(Format { depth: 12, ..format(1) }.check(6).is_err());
    }
}
