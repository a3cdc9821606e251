//! Pictures as samples that the core takes.

use crate::Failure;
use countermark_core::image::frame::Format;
use image::{ColorType, DynamicImage};

/// A picture's samples as they were decoded, little-endian where they have 16 bits.
#[derive(Clone)]
pub struct Picture {
    /// Row by row.
    pub samples: Vec<u8>,
    /// Their layout.
    pub format: Format,
}

impl Picture {
    /// 8-bit RGB.
    pub fn rgb(samples: Vec<u8>, width: u32, height: u32) -> Self {
        Self { samples, format: Format { width, height, channels: 3, depth: 8, orientation: 1 } }
    }

    /// As it was decoded.
    pub fn of(decoded: DynamicImage) -> Self {
        let (width, height) = (decoded.width(), decoded.height());
        let color = decoded.color();
        let (channels, depth) = match color {
            ColorType::L8 => (1, 8),
            ColorType::La8 => (2, 8),
            ColorType::Rgba8 => (4, 8),
            ColorType::L16 => (1, 16),
            ColorType::La16 => (2, 16),
            ColorType::Rgb16 => (3, 16),
            ColorType::Rgba16 => (4, 16),
            _ => (3, 8),
        };
        let samples = match decoded {
            DynamicImage::ImageLuma8(buffer) => buffer.into_raw(),
            DynamicImage::ImageLumaA8(buffer) => buffer.into_raw(),
            DynamicImage::ImageRgba8(buffer) => buffer.into_raw(),
            DynamicImage::ImageLuma16(buffer) => little(&buffer),
            DynamicImage::ImageLumaA16(buffer) => little(&buffer),
            DynamicImage::ImageRgb16(buffer) => little(&buffer),
            DynamicImage::ImageRgba16(buffer) => little(&buffer),
            other => other.into_rgb8().into_raw(),
        };
        Self { samples, format: Format { width, height, channels, depth, orientation: 1 } }
    }

    /// As 8-bit RGB; alpha is left out.
    pub fn to_rgb(&self) -> Result<Self, Failure> {
        let Format { channels, depth, width, height, .. } = self.format;
        let step = self.format.pixel_bytes();
        let byte = usize::from(depth / 8);
        let place = |channel: usize| if channels < 3 { byte - 1 } else { channel * byte + byte - 1 };
        let samples = self.samples.chunks_exact(step).flat_map(|pixel| [0, 1, 2].map(|channel| pixel[place(channel)])).collect();
        Ok(Self::rgb(samples, width, height))
    }

    /// Cut to `side` x `side` pixels about the middle.
    pub fn middle(&self, side: u32) -> Option<Self> {
        let Format { width, height, .. } = self.format;
        if width < side || height < side {
            return None;
        }
        let (left, top) = (((width - side) / 2) as usize, ((height - side) / 2) as usize);
        let step = self.format.pixel_bytes();
        let rows = self.samples.chunks_exact(width as usize * step).skip(top).take(side as usize);
        let samples = rows.flat_map(|row| row[left * step..(left + side as usize) * step].iter().copied()).collect();
        Some(Self { samples, format: Format { width: side, height: side, ..self.format } })
    }

    /// Luma of ITU-R BT.601 on the scale 0-255; the picture is 8-bit RGB.
    pub fn luma(&self) -> Vec<f32> {
        self.samples
            .chunks_exact(3)
            .map(|pixel| 0.299 * f32::from(pixel[0]) + 0.587 * f32::from(pixel[1]) + 0.114 * f32::from(pixel[2]))
            .collect()
    }

    /// One of the eight ways to turn and flip a square 8-bit RGB picture.
    pub fn symmetry(&self, which: usize) -> Self {
        let side = self.format.width as usize;
        let mut samples = Vec::with_capacity(self.samples.len());
        for y in 0..side {
            for x in 0..side {
                let (a, b) = if which & 1 == 0 { (x, y) } else { (y, x) };
                let a = if which & 2 == 0 { a } else { side - 1 - a };
                let b = if which & 4 == 0 { b } else { side - 1 - b };
                let at = 3 * (b * side + a);
                samples.extend_from_slice(&self.samples[at..at + 3]);
            }
        }
        Self { samples, format: self.format }
    }
}

fn little(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
