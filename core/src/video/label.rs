//! The explicit label of a film (GB 45438-2025, 5.4: from the start, at least 2 seconds, glyphs at least 5 % of the shortest side high):
//! laid over the planes of every frame that is to carry it. White ink on a dark plate that is the same in all frames, so that
//! nothing flickers.

use super::frame::Layout;
use crate::error::{Error, Result};
use crate::image::frame::Format;
use crate::label::draw::{self, Position, Rectangle, Stamp};
use serde::{Deserialize, Serialize};

/// How much of what is behind the plate covers. White behind it is left with a contrast of 6 to 1 against the ink; the least is 4.5
/// (WCAG 2.2, 1.4.3).
const OPACITY: f32 = 0.62;
/// Largest ratio of a pixel's sides.
const MOST_ASPECT: f64 = 16.0;

/// What is to be drawn.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// One to three lines, the one that the law asks for first.
    pub text: Vec<String>,
    /// Bottom right unless told.
    #[serde(default)]
    pub position: Position,
    /// Ink height of the lowest line as a share of the shorter displayed side, 0.05 to 0.25 (default 0.055).
    pub ratio: Option<f32>,
}

/// How stored frames are shown.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Display {
    /// Degrees by which a player turns the stored frame clockwise: 0, 90, 180 or 270.
    #[serde(default)]
    pub rotation: u16,
    /// Width of a pixel over its height.
    #[serde(default = "square")]
    pub aspect: f64,
}

fn square() -> f64 {
    1.0
}

impl Default for Display {
    fn default() -> Self {
        Self { rotation: 0, aspect: 1.0 }
    }
}

impl Display {
    /// Refuses what no player shows.
    pub fn check(&self) -> Result<()> {
        if ![0, 90, 180, 270].contains(&self.rotation) {
            return Err(Error::parameter(format!("rotation must be 0, 90, 180 or 270 degrees, not {}", self.rotation)));
        }
        if !(1.0 / MOST_ASPECT..=MOST_ASPECT).contains(&self.aspect) {
            return Err(Error::parameter(format!("aspect must be from 1/16 to 16, not {}", self.aspect)));
        }
        Ok(())
    }

    /// Width and height as shown, before it is turned: the longer side of a pixel is stretched.
    fn stretched(&self, layout: &Layout) -> (f64, f64) {
        let (width, height) = (f64::from(layout.width), f64::from(layout.height));
        if self.aspect >= 1.0 { (width * self.aspect, height) } else { (width, height / self.aspect) }
    }

    /// The EXIF orientation that turns the same way.
    pub fn orientation(&self) -> u8 {
        match self.rotation {
            90 => 6,
            180 => 3,
            270 => 8,
            _ => 1,
        }
    }

    /// Where a stored place is shown.
    fn shown(&self, layout: &Layout, x: f64, y: f64) -> (f64, f64) {
        let (width, height) = self.stretched(layout);
        let (u, v) = (x * width / f64::from(layout.width), y * height / f64::from(layout.height));
        match self.rotation {
            90 => (height - v, u),
            180 => (width - u, height - v),
            270 => (v, width - u),
            _ => (u, v),
        }
    }
}

/// What is drawn, and where.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The label with its padding, in displayed pixels.
    #[serde(rename = "box")]
    pub area: Rectangle,
    /// Rows of ink of the lowest line, in displayed pixels.
    pub ink_height: u32,
    /// The shorter displayed side, in pixels.
    pub short_side: u32,
    /// `inkHeight / shortSide`.
    pub ratio: f32,
    /// The lines as they stand in the picture.
    pub text: Vec<String>,
    /// Frames that carry it.
    pub frames: u64,
}

/// A part of one plane that the label covers.
struct Patch {
    left: usize,
    top: usize,
    width: usize,
    /// Parts of 256 that the plate takes, then the ink.
    covers: Vec<[u16; 2]>,
}

/// A label for the planes of one layout.
pub struct Label {
    luma: Patch,
    chroma: Patch,
    report: Report,
}

impl Label {
    /// Renders the label. `font`: a TrueType font, empty for the built-in one. Errors as of `label::draw::draw`.
    pub fn new(layout: &Layout, display: &Display, font: &[u8], options: &Options) -> Result<Self> {
        layout.check()?;
        display.check()?;
        let (width, height) = display.stretched(layout);
        let (width, height) = if display.rotation.is_multiple_of(180) { (width, height) } else { (height, width) };
        let image = Format { width: width.round() as u32, height: height.round() as u32, channels: 1, depth: 8, orientation: 1 };
        let request = draw::Options { image, text: options.text.clone(), position: options.position, ratio: options.ratio };
        let stamp = draw::stamp(font, &request)?;
        let whole = (layout.width as usize, layout.height as usize);
        let cover = |x: f64, y: f64| {
            let (x, y) = display.shown(layout, x, y);
            look(&stamp, x - f64::from(stamp.area.x), y - f64::from(stamp.area.y))
        };
        Ok(Self {
            luma: Patch::new(whole, whole, cover),
            chroma: Patch::new(layout.chroma(), whole, cover),
            report: Report {
                area: stamp.area,
                ink_height: stamp.ink_height,
                short_side: image.short_side(),
                ratio: stamp.ink_height as f32 / image.short_side() as f32,
                text: stamp.text.clone(),
                frames: 0,
            },
        })
    }

    /// Draws it into a frame, whose length has been checked.
    pub fn draw(&mut self, frame: &mut [u8], layout: &Layout) {
        let (black, white) = if layout.full_range { (0.0, 255.0) } else { (16.0, 235.0) };
        let scale = f32::from(1u16 << (layout.depth - 8));
        let (luma, chroma) = frame.split_at_mut(layout.luma_bytes());
        self.luma.lay(luma, layout.stride(), layout.depth, [black * scale, white * scale]);
        let bytes = layout.chroma_stride() * layout.chroma().1;
        if bytes > 0 {
            for plane in chroma.chunks_exact_mut(bytes) {
                self.chroma.lay(plane, layout.chroma_stride(), layout.depth, [128.0 * scale; 2]);
            }
        }
        self.report.frames += 1;
    }

    /// What is drawn.
    pub fn report(&self) -> &Report {
        &self.report
    }
}

/// Shares of plate and ink at a place of the stamp, between its pixels by straight lines; nothing outside.
fn look(stamp: &Stamp, x: f64, y: f64) -> [f32; 2] {
    let (x, y) = (x - 0.5, y - 0.5);
    let (left, top) = (x.floor(), y.floor());
    let (px, py) = ((x - left) as f32, (y - top) as f32);
    let mut sums = [0.0; 2];
    for (dx, dy, weight) in
        [(0.0, 0.0, (1.0 - px) * (1.0 - py)), (1.0, 0.0, px * (1.0 - py)), (0.0, 1.0, (1.0 - px) * py), (1.0, 1.0, px * py)]
    {
        let (x, y) = (left + dx, top + dy);
        if x >= 0.0 && y >= 0.0 && x < f64::from(stamp.area.width) && y < f64::from(stamp.area.height) {
            let at = y as usize * stamp.area.width as usize + x as usize;
            sums[0] += weight * stamp.plate[at];
            sums[1] += weight * stamp.ink[at];
        }
    }
    sums
}

impl Patch {
    /// The covers of a plane of `size` samples of a frame of `whole` pixels; `cover` gives them at a stored place.
    fn new(size: (usize, usize), whole: (usize, usize), cover: impl Fn(f64, f64) -> [f32; 2]) -> Self {
        let (width, height) = size;
        // Planes of colour may be half as large: their samples lie in the middle of the pixels that they stand for.
        let step = |whole: usize, size: usize| if size == 0 { 1.0 } else { (whole as f64 / size as f64).round().max(1.0) };
        let (across, down) = (step(whole.0, width), step(whole.1, height));
        let at = |x: usize, y: usize| cover((x as f64 + 0.5) * across, (y as f64 + 0.5) * down);
        let (mut left, mut right, mut top, mut bottom) = (width, 0, height, 0);
        for y in 0..height {
            for x in 0..width {
                if at(x, y)[0] > 0.0 {
                    (left, right) = (left.min(x), right.max(x + 1));
                    (top, bottom) = (top.min(y), bottom.max(y + 1));
                }
            }
        }
        let width = right.saturating_sub(left);
        let mut covers = Vec::with_capacity(width * bottom.saturating_sub(top));
        for y in top..bottom.max(top) {
            covers.extend((left..left + width).map(|x| {
                let [plate, ink] = at(x, y);
                [(plate.min(1.0) * OPACITY * 256.0).round() as u16, (ink.min(1.0) * 256.0).round() as u16]
            }));
        }
        Self { left, top, width, covers }
    }

    /// Lays plate and ink, given as samples of `depth` bits, over a plane.
    fn lay(&self, plane: &mut [u8], stride: usize, depth: u8, [plate, ink]: [f32; 2]) {
        if self.width == 0 {
            return;
        }
        let (plate, ink) = (plate as i32, ink as i32);
        let mix = |value: i32, over: i32, part: u16| value + (((over - value) * i32::from(part) + 128) >> 8);
        for (row, covers) in self.covers.chunks_exact(self.width).enumerate() {
            let line = &mut plane[(self.top + row) * stride..];
            if depth == 8 {
                for (value, [under, over]) in line[self.left..].iter_mut().zip(covers) {
                    *value = mix(mix(i32::from(*value), plate, *under), ink, *over).clamp(0, 255) as u8;
                }
            } else {
                for (pair, [under, over]) in line[2 * self.left..].chunks_exact_mut(2).zip(covers) {
                    let value = i32::from(u16::from_le_bytes([pair[0], pair[1]]));
                    let value = mix(mix(value, plate, *under), ink, *over).clamp(0, (1 << depth) - 1);
                    pair.copy_from_slice(&(value as u16).to_le_bytes());
                }
            }
        }
    }
}
