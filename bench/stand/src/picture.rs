//! Pictures from files, as samples that the core takes.

use crate::{Failure, made};
use countermark_core::image::frame::Format;
use image::{ColorType, DynamicImage};
use std::path::{Path, PathBuf};

/// A picture's samples as they were decoded, little-endian where they have 16 bits.
#[derive(Clone)]
pub struct Picture {
    /// Row by row.
    pub samples: Vec<u8>,
    /// Their layout.
    pub format: Format,
}

/// Where a picture comes from: a file, or a made pattern's name.
#[derive(Clone)]
pub struct Source {
    /// Folder and file, or `made:` and the pattern's name.
    pub name: String,
    path: Option<PathBuf>,
}

impl Source {
    /// The pictures of `folders` in name order, then the made patterns where they are wanted.
    pub fn list(folders: &[String], patterns: bool) -> Result<Vec<Self>, Failure> {
        let mut all = Vec::new();
        for folder in folders {
            let read = std::fs::read_dir(folder).map_err(|cause| format!("{folder}: {cause}"))?;
            let mut paths = read.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, Failure>>()?;
            paths.retain(|path| {
                path.extension().is_some_and(|end| ["png", "jpg", "jpeg", "webp"].iter().any(|one| end.eq_ignore_ascii_case(one)))
            });
            paths.sort();
            let base = Path::new(folder).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            all.extend(paths.into_iter().map(|path| {
                let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                Self { name: format!("{base}/{file}"), path: Some(path) }
            }));
        }
        if patterns {
            all.extend(made::NAMES.iter().map(|name| Self { name: format!("made:{name}"), path: None }));
        }
        Ok(all)
    }

    /// A made pattern.
    pub fn made(name: &str) -> Self {
        Self { name: format!("made:{name}"), path: None }
    }

    /// Decodes or makes it.
    pub fn load(&self) -> Result<Picture, Failure> {
        match &self.path {
            Some(path) => Ok(Picture::of(image::open(path)?)),
            None => made::picture(self.name.trim_start_matches("made:"), made::WIDTH, made::HEIGHT),
        }
    }

    /// Width and height from the header.
    pub fn size(&self) -> Result<(u32, u32), Failure> {
        match &self.path {
            Some(path) => Ok(image::image_dimensions(path)?),
            None => Ok((made::WIDTH, made::HEIGHT)),
        }
    }
}

impl Picture {
    /// 8-bit RGB.
    pub fn rgb(samples: Vec<u8>, width: u32, height: u32) -> Self {
        Self { samples, format: Format { width, height, channels: 3, depth: 8, orientation: 1 } }
    }

    fn of(decoded: DynamicImage) -> Self {
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
