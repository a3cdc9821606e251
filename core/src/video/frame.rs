//! The frames of a film as they cross the bindings: planes of luma and chroma one after the other.

use crate::error::{Error, Result};
use crate::image::frame::{MAX_PIXELS, MAX_SIDE};
use crate::signal::plane::Plane;
use serde::Deserialize;

/// How much smaller the two planes of colour are than that of luma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Subsampling {
    /// Half as wide and half as high.
    #[default]
    #[serde(rename = "4:2:0")]
    Half,
    /// Half as wide.
    #[serde(rename = "4:2:2")]
    Wide,
    /// As large.
    #[serde(rename = "4:4:4")]
    Full,
    /// No colour.
    #[serde(rename = "4:0:0")]
    Grey,
}

/// The layout of planar frames: luma, then the two planes of colour, without anything between them.
///
/// Rows are `stride` bytes apart in luma (`chromaStride` in the others), by default as long as their samples. `depth`: 8, or 9
/// to 16 for samples in little-endian pairs of bytes, the value in the lower bits, as ffmpeg's `yuv420p10le`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Layout {
    /// Stored width in pixels.
    pub width: u32,
    /// Stored height in pixels.
    pub height: u32,
    /// Bits a sample.
    #[serde(default = "eight")]
    pub depth: u8,
    /// 4:2:0 unless told.
    #[serde(default)]
    pub subsampling: Subsampling,
    /// Whether black is 0 and white the largest value (JPEG's range), and not 16 and 235 of 255.
    #[serde(default)]
    pub full_range: bool,
    /// Bytes from one row of luma to the next.
    #[serde(default)]
    pub stride: Option<usize>,
    /// Bytes from one row of colour to the next.
    #[serde(default)]
    pub chroma_stride: Option<usize>,
}

fn eight() -> u8 {
    8
}

impl Layout {
    /// Refuses a layout that is not handled.
    pub fn check(&self) -> Result<()> {
        if self.width == 0 || self.height == 0 {
            return Err(Error::parameter("a frame has no pixels: width and height must be at least 1"));
        }
        if self.width > MAX_SIDE || self.height > MAX_SIDE || u64::from(self.width) * u64::from(self.height) > MAX_PIXELS {
            return Err(Error::limit(format!(
                "a frame of {} x {} pixels is over the limit of {MAX_SIDE} a side and {MAX_PIXELS} in all: scale it down first",
                self.width, self.height
            )));
        }
        if !(8..=16).contains(&self.depth) {
            return Err(Error::parameter(format!("depth must be 8 to 16 bits a sample, not {}", self.depth)));
        }
        let (chroma, _) = self.chroma();
        if self.stride() < self.width as usize * self.sample_bytes() || self.chroma_stride() < chroma * self.sample_bytes() {
            return Err(Error::parameter("a stride is shorter than a row of samples"));
        }
        if self.stride() > 1 << 20 || self.chroma_stride() > 1 << 20 {
            return Err(Error::limit("a stride is over the limit of 1048576 bytes"));
        }
        Ok(())
    }

    /// Refuses a buffer of another length than one frame.
    pub fn check_frame(&self, bytes: usize) -> Result<()> {
        let needed = self.frame_bytes();
        if bytes == needed {
            Ok(())
        } else {
            Err(Error::parameter(format!("the frame has {bytes} bytes, but this layout needs {needed}")))
        }
    }

    /// Bytes of one sample.
    pub fn sample_bytes(&self) -> usize {
        if self.depth > 8 { 2 } else { 1 }
    }

    /// Bytes from one row of luma to the next.
    pub fn stride(&self) -> usize {
        self.stride.unwrap_or(self.width as usize * self.sample_bytes())
    }

    /// Bytes from one row of colour to the next.
    pub fn chroma_stride(&self) -> usize {
        self.chroma_stride.unwrap_or(self.chroma().0 * self.sample_bytes())
    }

    /// Columns and rows of a plane of colour.
    pub fn chroma(&self) -> (usize, usize) {
        let (width, height) = (self.width as usize, self.height as usize);
        match self.subsampling {
            Subsampling::Half => (width.div_ceil(2), height.div_ceil(2)),
            Subsampling::Wide => (width.div_ceil(2), height),
            Subsampling::Full => (width, height),
            Subsampling::Grey => (0, 0),
        }
    }

    /// Bytes of the plane of luma.
    pub fn luma_bytes(&self) -> usize {
        self.stride() * self.height as usize
    }

    /// Bytes of a frame.
    pub fn frame_bytes(&self) -> usize {
        self.luma_bytes() + 2 * self.chroma_stride() * self.chroma().1
    }

    /// The shorter side in pixels.
    pub fn short_side(&self) -> u32 {
        self.width.min(self.height)
    }

    /// Grey levels of 8 bits in one level of RGB for one of luma: 255/219 where black is 16.
    pub fn gain(&self) -> f64 {
        if self.full_range { 1.0 } else { 255.0 / 219.0 }
    }

    /// Luma without padding, as a grey picture of 8 or 16 bits.
    pub fn luma(&self, frame: &[u8]) -> Vec<u8> {
        let length = self.width as usize * self.sample_bytes();
        let rows = frame.chunks(self.stride()).take(self.height as usize).map(|row| &row[..length]);
        if self.depth == 8 {
            return rows.flatten().copied().collect();
        }
        let shift = 16 - self.depth;
        rows.flat_map(|row| row.chunks_exact(2))
            .flat_map(|pair| (u16::from_le_bytes([pair[0], pair[1]]) << shift).to_le_bytes())
            .collect()
    }

    /// Mean luma, on the scale of 8 bits, of blocks of `block` x `block` pixels; incomplete ones are left out.
    pub fn blocks(&self, frame: &[u8], block: usize) -> Plane {
        let (width, height) = (self.width as usize / block, self.height as usize / block);
        let used = width * block;
        let mut plane = Plane::new(width, height);
        let mut sums = vec![0u32; used];
        let scale = 1.0 / ((block * block) as f32 * f32::from(1u16 << (self.depth - 8)));
        for (y, out) in plane.data.chunks_exact_mut(width).enumerate() {
            sums.fill(0);
            for inner in 0..block {
                let line = &frame[(y * block + inner) * self.stride()..];
                if self.depth == 8 {
                    sums.iter_mut().zip(line).for_each(|(sum, value)| *sum += u32::from(*value));
                } else {
                    let pairs = line.chunks_exact(2);
                    sums.iter_mut().zip(pairs).for_each(|(sum, pair)| *sum += u32::from(u16::from_le_bytes([pair[0], pair[1]])));
                }
            }
            out.iter_mut().zip(sums.chunks_exact(block)).for_each(|(value, cell)| {
                *value = cell.iter().sum::<u32>() as f32 * scale;
            });
        }
        plane
    }
}
