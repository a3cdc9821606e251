//! Draws the explicit label (GB 45438-2025, 5.2: a text on an edge or corner, legible, its glyphs at least 5 % of the shorter
//! side high). What a reader sees is what counts, so sizes are those of the rasterised ink and places those of the picture as
//! it is displayed.

use super::font::{Bitmap, Font, Line};
use super::ink::{self, Luminance, Scheme};
use crate::error::{Error, Result};
use crate::image::frame::{Format, sample, set_sample};
use serde::{Deserialize, Serialize};

/// The least height of glyphs as a share of the shorter side (GB 45438-2025, 5.2).
pub const LEAST_RATIO: f32 = 0.05;
/// The height that is drawn unless told: a margin for rounding and for a service that crops a little.
const RATIO: f32 = 0.055;
/// The largest height that may be asked for.
const MOST_RATIO: f32 = 0.25;
/// Below this height in pixels, ideographs run together.
const LEAST_INK: f32 = 10.0;
/// Below this shorter side a label of legible ink would hide the picture.
const LEAST_SIDE: u32 = 64;
/// Lines that may be asked for, and lines after breaking.
const MOST_LINES: usize = 3;
const MOST_BROKEN_LINES: usize = 6;
/// Distance from the edges, as a share of the shorter side.
const MARGIN: f32 = 0.02;

/// Where the label stands. All places touch the outer 15 % of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Position {
    TopLeft,
    Top,
    TopRight,
    Left,
    Right,
    BottomLeft,
    Bottom,
    #[default]
    BottomRight,
}

impl Position {
    /// Shares of the free width and height that lie left of and above the label, in halves.
    fn halves(self) -> (u32, u32) {
        match self {
            Self::TopLeft => (0, 0),
            Self::Top => (1, 0),
            Self::TopRight => (2, 0),
            Self::Left => (0, 1),
            Self::Right => (2, 1),
            Self::BottomLeft => (0, 2),
            Self::Bottom => (1, 2),
            Self::BottomRight => (2, 2),
        }
    }
}

/// What is to be drawn.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// The picture's layout.
    pub image: Format,
    /// One to three lines, the one that the law asks for first.
    pub text: Vec<String>,
    /// Bottom right unless told.
    #[serde(default)]
    pub position: Position,
    /// Ink height of the lowest line as a share of the shorter side, 0.05 to 0.25 (default 0.055).
    pub ratio: Option<f32>,
}

/// A rectangle in displayed pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Rectangle {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

/// What was drawn.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The label with its padding, in displayed pixels.
    #[serde(rename = "box")]
    pub area: Rectangle,
    /// Rows of ink of the lowest line, in pixels.
    pub ink_height: u32,
    /// The shorter side, in pixels.
    pub short_side: u32,
    /// `inkHeight / shortSide`.
    pub ratio: f32,
    /// Contrast ratio (WCAG 2.2) between the ink and the worst pixel around it, measured on the written samples.
    pub contrast: f32,
    /// The lines as they stand in the picture: long ones are broken, and a later one that does not fit is left out.
    pub text: Vec<String>,
    /// Where.
    pub position: Position,
}

/// Draws the label into the samples, upright in displayed orientation. `font`: a TrueType font, empty for the built-in one.
///
/// Errors: Parameter (text, ratio, a character that the font lacks), Unsupported (font; a shorter side under 64 pixels),
/// Limit (the first line cannot be made to fit).
pub fn draw(samples: &mut [u8], font: &[u8], options: &Options) -> Result<Report> {
    let format = &options.image;
    format.check(samples.len())?;
    check(options)?;
    let font = Font::open(font)?;
    let layout = lay_out(&font, options)?;
    let canvas = Canvas { format: *format, area: layout.area };
    let luminance = Luminance::new();
    let behind: Vec<_> = canvas.places().map(|(x, y)| canvas.read(samples, x, y)).collect();
    let scheme = ink::scheme(&behind, &luminance);
    for (x, y) in canvas.places() {
        canvas.blend(samples, x, y, layout.shape(x, y), layout.cover(x, y), &scheme);
    }
    let ink = luminance.of([scheme.ink; 3]);
    let contrast = canvas
        .places()
        .filter(|&(x, y)| layout.around(x, y))
        .map(|(x, y)| ink::contrast(ink, luminance.of(canvas.read(samples, x, y).0)))
        .fold(f32::INFINITY, f32::min);
    Ok(Report {
        area: layout.area,
        ink_height: layout.ink_height,
        short_side: format.short_side(),
        ratio: layout.ink_height as f32 / format.short_side() as f32,
        contrast: (contrast * 100.0).floor() / 100.0,
        text: layout.text,
        position: options.position,
    })
}

/// A label to be laid over many frames: shares of the plate and of the ink, 0 to 1, at each displayed pixel of `area`, row by row.
pub(crate) struct Stamp {
    pub area: Rectangle,
    pub plate: Vec<f32>,
    pub ink: Vec<f32>,
    pub ink_height: u32,
    pub text: Vec<String>,
}

/// The label that `draw` would lay over a picture of this layout, whatever is behind it. Errors as of `draw`.
pub(crate) fn stamp(font: &[u8], options: &Options) -> Result<Stamp> {
    check(options)?;
    let layout = lay_out(&Font::open(font)?, options)?;
    let Rectangle { width, height, .. } = layout.area;
    let places = || (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    Ok(Stamp {
        area: layout.area,
        plate: places().map(|(x, y)| layout.shape(x, y)).collect(),
        ink: places().map(|(x, y)| layout.cover(x, y)).collect(),
        ink_height: layout.ink_height,
        text: layout.text,
    })
}

fn check(options: &Options) -> Result<()> {
    if options.text.is_empty() || options.text.len() > MOST_LINES {
        return Err(Error::parameter(format!("a label has 1 to {MOST_LINES} lines of text, not {}", options.text.len())));
    }
    if let Some(ratio) = options.ratio.filter(|ratio| !(LEAST_RATIO..=MOST_RATIO).contains(ratio)) {
        return Err(Error::parameter(format!("the label's ratio must be from {LEAST_RATIO} to {MOST_RATIO}, not {ratio}")));
    }
    let short = options.image.short_side();
    if short < LEAST_SIDE {
        return Err(Error::unsupported(format!(
            "a picture with a side of {short} px cannot carry a legible label: it takes at least {LEAST_SIDE} px"
        )));
    }
    Ok(())
}

/// A placed bitmap: its upper left corner inside the label.
struct Placed {
    bitmap: Bitmap,
    x: usize,
    y: usize,
}

struct Layout {
    area: Rectangle,
    padding: f32,
    radius: f32,
    lines: Vec<Placed>,
    ink_height: u32,
    text: Vec<String>,
}

/// Sizes, breaks and places the lines.
fn lay_out(font: &Font, options: &Options) -> Result<Layout> {
    let (width, height) = options.image.displayed();
    let short = options.image.short_side() as f32;
    let ratio = options.ratio.unwrap_or(RATIO);
    let mut text = options.text.clone();
    let (text, em, padding, gap) = loop {
        let lines = text.iter().map(|line| font.line(line)).collect::<Result<Vec<_>>>()?;
        let em = em_of(&lines, short, ratio);
        let (padding, gap) = ((0.02 * short).max(0.3 * em), (0.25 * em).max(2.0));
        let margin = (MARGIN * short).max(1.0);
        let room = |side: u32| side as f32 - 2.0 * margin - 2.0 * padding - 3.0;
        let tall: f32 = lines.iter().map(|line| line.height() * em + 2.0).sum::<f32>() + gap * (lines.len() - 1) as f32;
        let wide = lines.iter().position(|line| line.width() * em > room(width));
        if tall <= room(height) && wide.is_none() {
            break (text, em, padding, gap);
        }
        let broken = wide.and_then(|index| Some((index, break_line(&text[index], &lines[index], room(width) / em)?)));
        match broken {
            Some((index, halves)) if text.len() < MOST_BROKEN_LINES && tall <= room(height) => {
                text.splice(index..=index, halves);
            }
            // What the law asks for stands first; a translation gives way.
            _ if text.len() > 1 && text.len() > kept(&text, &options.text) => text.truncate(text.len() - 1),
            _ => {
                return Err(Error::limit(format!(
                    "the label {:?} does not fit into {width} x {height} pixels at {:.1} % of the shorter side: use a shorter text or scale the picture up",
                    options.text[0],
                    ratio * 100.0
                )));
            }
        }
    };
    place(font, options, text, em, padding, gap)
}

/// How many of the (broken) lines belong to the first line that was asked for.
fn kept(text: &[String], asked: &[String]) -> usize {
    let whole: String = asked[0].split_whitespace().collect();
    let mut joined = String::new();
    for (count, line) in text.iter().enumerate() {
        if joined.len() >= whole.len() {
            return count;
        }
        joined.extend(line.split_whitespace());
    }
    text.len()
}

/// Pixels an em with which every line's ink and every capital is high enough.
fn em_of(lines: &[Line], short: f32, ratio: f32) -> f32 {
    let ink = (ratio * short).max(LEAST_INK);
    let capital = (LEAST_RATIO * short).ceil();
    let needed = |line: &Line| (ink / line.height()).max(line.capital_height().map_or(0.0, |height| capital / height));
    lines.iter().map(needed).fold(0.0, f32::max)
}

/// Breaks a line where at most `room` ems are used: after a space or hyphen, or between two characters outside ASCII.
fn break_line(text: &str, line: &Line, room: f32) -> Option<[String; 2]> {
    let characters: Vec<char> = text.chars().collect();
    let may_break =
        |at: usize| matches!(characters[at - 1], ' ' | '-') || !characters[at - 1].is_ascii() || !characters[at].is_ascii();
    let at = (1..characters.len()).rev().find(|&at| may_break(at) && line.width_to(at - 1) <= room)?;
    let halves = [&characters[..at], &characters[at..]].map(|half| half.iter().collect::<String>().trim().to_owned());
    if halves.iter().any(String::is_empty) { None } else { Some(halves) }
}

fn place(font: &Font, options: &Options, text: Vec<String>, em: f32, padding: f32, gap: f32) -> Result<Layout> {
    let (width, height) = options.image.displayed();
    let short = options.image.short_side() as f32;
    let lines = text.iter().map(|line| font.line(line)).collect::<Result<Vec<_>>>()?;
    let (bitmaps, ink_height) = rasterise(&lines, em, LEAST_RATIO * short);
    let (pad, gap) = (padding.round() as usize, gap.round() as usize);
    let inner = bitmaps.iter().map(|bitmap| bitmap.width).max().unwrap_or(0);
    let stacked = bitmaps.iter().map(|bitmap| bitmap.height).sum::<usize>() + gap * (bitmaps.len() - 1);
    let (outer, tall) = ((inner + 2 * pad) as u32, (stacked + 2 * pad) as u32);
    let margin = (MARGIN * short).round() as u32;
    let (across, down) = options.position.halves();
    let start = |side: u32, size: u32, halves: u32| match halves {
        0 => margin.min(side.saturating_sub(size)),
        1 => side.saturating_sub(size) / 2,
        _ => side.saturating_sub(size + margin),
    };
    let area = Rectangle { x: start(width, outer, across), y: start(height, tall, down), width: outer, height: tall };
    if outer > width || tall > height {
        return Err(Error::limit(format!("the label does not fit into {width} x {height} pixels: use a shorter text")));
    }
    let mut placed = Vec::with_capacity(bitmaps.len());
    let mut y = pad;
    for bitmap in bitmaps {
        let x = pad + (inner - bitmap.width) * across as usize / 2;
        let next = y + bitmap.height + gap;
        placed.push(Placed { bitmap, x, y });
        y = next;
    }
    Ok(Layout { area, padding, radius: 0.8 * padding, lines: placed, ink_height, text })
}

/// Renders the lines and measures the ink: whoever is too low on the bitmap makes all a little larger.
fn rasterise(lines: &[Line], mut em: f32, least: f32) -> (Vec<Bitmap>, u32) {
    loop {
        let bitmaps: Vec<Bitmap> = lines.iter().map(|line| line.render(em)).collect();
        let ink = bitmaps.iter().map(|bitmap| bitmap.ink_rows(&(0..bitmap.width))).min().unwrap_or(0);
        let capitals = bitmaps
            .iter()
            .flat_map(|bitmap| bitmap.glyphs.iter().filter(|glyph| glyph.tall).map(|glyph| bitmap.ink_rows(&glyph.columns)));
        let lowest = capitals.min().unwrap_or(ink).min(ink);
        // The second condition ends the loop for a font whose ink is thinner than half a pixel.
        if lowest as f32 >= least || ink == 0 {
            return (bitmaps, ink as u32);
        }
        em *= 1.01;
    }
}

impl Layout {
    /// Share of ink at a pixel of the label.
    fn cover(&self, x: u32, y: u32) -> f32 {
        let (x, y) = (x as usize, y as usize);
        for line in &self.lines {
            let (Some(column), Some(row)) = (x.checked_sub(line.x), y.checked_sub(line.y)) else { continue };
            if column < line.bitmap.width && row < line.bitmap.height {
                return line.bitmap.coverage[row * line.bitmap.width + column];
            }
        }
        0.0
    }

    /// Distance in pixels to the outline of the rounded plate, negative inside.
    fn distance(&self, x: u32, y: u32) -> f32 {
        let off = |at: u32, size: u32| ((at as f32 + 0.5 - size as f32 / 2.0).abs() - size as f32 / 2.0 + self.radius).max(0.0);
        let (dx, dy) = (off(x, self.area.width), off(y, self.area.height));
        (dx * dx + dy * dy).sqrt() - self.radius
    }

    /// Share of the plate at a pixel of the label: 1 inside, soft at the rounded edge.
    fn shape(&self, x: u32, y: u32) -> f32 {
        (0.5 - self.distance(x, y)).clamp(0.0, 1.0)
    }

    /// Whether a pixel counts as what is behind the text: no ink, and not the outer half of the padding.
    fn around(&self, x: u32, y: u32) -> bool {
        self.cover(x, y) == 0.0 && self.distance(x, y) < -0.5 * self.padding
    }
}

/// The label's pixels in the picture.
struct Canvas {
    format: Format,
    area: Rectangle,
}

impl Canvas {
    /// All places in the label, from its upper left corner.
    fn places(&self) -> impl Iterator<Item = (u32, u32)> + use<> {
        let Rectangle { width, height, .. } = self.area;
        (0..height).flat_map(move |y| (0..width).map(move |x| (x, y)))
    }

    fn offset(&self, x: u32, y: u32) -> usize {
        let (x, y) = self.format.stored(self.area.x + x, self.area.y + y);
        (y as usize * self.format.width as usize + x as usize) * self.format.pixel_bytes()
    }

    /// Colour on the scale 0-255 (grey three times) and alpha (0-1).
    fn read(&self, samples: &[u8], x: u32, y: u32) -> ([f32; 3], f32) {
        let pixel = &samples[self.offset(x, y)..];
        let (depth, colours) = (self.format.depth, self.format.colours());
        let colour = std::array::from_fn(|channel| sample(pixel, channel.min(colours - 1), depth));
        let alpha = if self.format.has_alpha() { sample(pixel, colours, depth) / 255.0 } else { 1.0 };
        (colour, alpha)
    }

    /// Lays `shape` of the plate and `cover` of the ink over a pixel. Both end opaque, whatever was there.
    fn blend(&self, samples: &mut [u8], x: u32, y: u32, shape: f32, cover: f32, scheme: &Scheme) {
        if shape <= 0.0 {
            return;
        }
        let (colour, alpha) = self.read(samples, x, y);
        let shown = alpha + (1.0 - alpha) * shape;
        let under = ink::covered(&(colour, alpha / shown), scheme.plate, scheme.opacity * shape);
        let (depth, colours) = (self.format.depth, self.format.colours());
        let offset = self.offset(x, y);
        let pixel = &mut samples[offset..];
        for (channel, under) in under.into_iter().enumerate().take(colours) {
            set_sample(pixel, channel, depth, under + (scheme.ink - under) * cover);
        }
        if self.format.has_alpha() {
            set_sample(pixel, colours, depth, shown * 255.0);
        }
    }
}
