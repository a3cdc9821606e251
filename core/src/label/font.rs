//! A TrueType font as the label needs it: outlines and advances by character, and a line of text as coverage.
//!
//! The tables are read by ttf-parser one by one. Its `Face` would bring 40 kB (brotli) of other tables into the WASM module,
//! and PostScript outlines (`CFF `) 22 kB: such fonts are refused with a message.

use crate::error::{Error, Result};
use ab_glyph_rasterizer::{Point, Rasterizer, point};
use std::ops::Range;
use ttf_parser::{GlyphId, OutlineBuilder, RawFace, Tag, cmap, glyf, head, hhea, hmtx, loca, maxp};

/// The built-in font: Noto Sans SC Bold (OFL-1.1), only ASCII and the characters 人工智能生成合成由内容.
/// `npm run setup` makes it.
pub const BUILT_IN: &[u8] = include_bytes!("../../assets/label.ttf");

/// An opened font.
pub struct Font<'a> {
    cmap: cmap::Table<'a>,
    glyf: glyf::Table<'a>,
    advances: hmtx::Table<'a>,
    units: f32,
}

impl<'a> Font<'a> {
    /// Opens a TrueType font (`.ttf`, or the first face of a `.ttc`). No bytes mean the built-in font.
    ///
    /// Errors: Unsupported for PostScript outlines and for files that are no font or are damaged.
    pub fn open(bytes: &'a [u8]) -> Result<Self> {
        let bytes = if bytes.is_empty() { BUILT_IN } else { bytes };
        Self::tables(bytes).ok_or_else(|| {
            Error::unsupported(
                "the label font cannot be read: give a TrueType font (.ttf with `glyf` outlines); OpenType fonts with PostScript \
                 outlines (most .otf) and WOFF files have to be converted first",
            )
        })
    }

    fn tables(bytes: &'a [u8]) -> Option<Self> {
        let face = RawFace::parse(bytes, 0).ok()?;
        let table = |name| face.table(Tag::from_bytes(name));
        let head = head::Table::parse(table(b"head")?)?;
        let glyphs = maxp::Table::parse(table(b"maxp")?)?.number_of_glyphs;
        let metrics = hhea::Table::parse(table(b"hhea")?)?.number_of_metrics;
        let places = loca::Table::parse(glyphs, head.index_to_location_format, table(b"loca")?)?;
        Some(Self {
            cmap: cmap::Table::parse(table(b"cmap")?)?,
            glyf: glyf::Table::parse(places, table(b"glyf")?)?,
            advances: hmtx::Table::parse(metrics, glyphs, table(b"hmtx")?)?,
            units: f32::from(head.units_per_em.max(1)),
        })
    }

    fn glyph(&self, character: char) -> Option<GlyphId> {
        let tables = self.cmap.subtables.into_iter().filter(|table| table.is_unicode());
        tables.filter_map(|table| table.glyph_index(character.into())).find(|glyph| glyph.0 != 0)
    }

    /// Sets one line of text, left to right, a glyph a character.
    ///
    /// Errors: Parameter for a character that the font lacks, and for a line without ink.
    pub fn line(&self, text: &str) -> Result<Line> {
        let mut glyphs = Vec::new();
        let mut pen = 0.0;
        for (index, character) in text.chars().enumerate() {
            let glyph = self.glyph(character).ok_or_else(|| {
                Error::parameter(format!(
                    "the label font has no character {character:?} (U+{:04X}): give a font that has it with the font option \
                     (--label-font), or use another label text",
                    u32::from(character)
                ))
            })?;
            let mut outline = Outline { scale: 1.0 / self.units, pen, ..Outline::default() };
            // A glyph without outline is a space.
            if self.glyf.outline(glyph, &mut outline).is_some() && !outline.curves.is_empty() {
                glyphs.push(Glyph::of(index, character, outline.curves));
            }
            pen += f32::from(self.advances.advance(glyph).unwrap_or(0)) / self.units;
        }
        if glyphs.is_empty() {
            return Err(Error::parameter("a line of the label has no visible character: give the text that is to be drawn"));
        }
        let bounds = glyphs.iter().fold(Bounds::NONE, |all, glyph| all.with(&glyph.bounds));
        if !(bounds.right - bounds.left > 1e-3
            && bounds.bottom - bounds.top > 1e-3
            && bounds.right - bounds.left < 1e4
            && bounds.bottom - bounds.top < 10.0)
        {
            return Err(Error::unsupported("the label font's outlines have impossible sizes: give another font"));
        }
        Ok(Line { glyphs, bounds })
    }
}

/// A rectangle in ems, y downwards from the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Left edge.
    pub left: f32,
    /// Upper edge.
    pub top: f32,
    /// Right edge.
    pub right: f32,
    /// Lower edge.
    pub bottom: f32,
}

impl Bounds {
    const NONE: Self = Self { left: f32::MAX, top: f32::MAX, right: f32::MIN, bottom: f32::MIN };

    fn with(self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

/// A quadratic curve; straight lines have their control point in the middle.
type Curve = [Point; 3];

/// One character's ink.
struct Glyph {
    /// Which character of the line.
    index: usize,
    /// Whether it is a capital or a digit: such a glyph stands for the text's height on its own.
    tall: bool,
    curves: Vec<Curve>,
    bounds: Bounds,
}

impl Glyph {
    fn of(index: usize, character: char, curves: Vec<Curve>) -> Self {
        let bounds = curves
            .iter()
            .flatten()
            .fold(Bounds::NONE, |all, p| all.with(&Bounds { left: p.x, top: p.y, right: p.x, bottom: p.y }));
        Self { index, tall: character.is_uppercase() || character.is_ascii_digit(), curves, bounds }
    }
}

/// A line of text as outlines, in ems.
pub struct Line {
    glyphs: Vec<Glyph>,
    bounds: Bounds,
}

impl Line {
    /// Width of the ink in ems.
    pub fn width(&self) -> f32 {
        self.bounds.right - self.bounds.left
    }

    /// Height of the ink in ems, from the highest to the lowest point of any glyph.
    pub fn height(&self) -> f32 {
        self.bounds.bottom - self.bounds.top
    }

    /// Height in ems of the lowest capital or digit, if the line has any.
    pub fn capital_height(&self) -> Option<f32> {
        self.glyphs.iter().filter(|glyph| glyph.tall).map(|glyph| glyph.bounds.bottom - glyph.bounds.top).reduce(f32::min)
    }

    /// How many ems of ink lie left of the end of the character `index`.
    pub fn width_to(&self, index: usize) -> f32 {
        let right =
            self.glyphs.iter().filter(|glyph| glyph.index <= index).map(|glyph| glyph.bounds.right).fold(f32::MIN, f32::max);
        (right - self.bounds.left).max(0.0)
    }

    /// Rasterises the line at `em` pixels an em. The bitmap is as large as the ink: its first column and row hold ink.
    pub fn render(&self, em: f32) -> Bitmap {
        let (width, height) = ((self.width() * em).ceil() as usize + 1, (self.height() * em).ceil() as usize + 1);
        let mut raster = Rasterizer::new(width, height);
        let place = |p: &Point| point((p.x - self.bounds.left) * em, (p.y - self.bounds.top) * em);
        let mut glyphs = Vec::with_capacity(self.glyphs.len());
        for glyph in &self.glyphs {
            for [from, by, to] in &glyph.curves {
                raster.draw_quad(place(from), place(by), place(to));
            }
            let first = ((glyph.bounds.left - self.bounds.left) * em).floor() as usize;
            let last = ((glyph.bounds.right - self.bounds.left) * em).ceil() as usize;
            glyphs.push(Span { columns: first..last.min(width), tall: glyph.tall });
        }
        let mut coverage = vec![0.0; width * height];
        raster.for_each_pixel(|at, value| {
            if let Some(pixel) = coverage.get_mut(at) {
                *pixel = value.clamp(0.0, 1.0);
            }
        });
        Bitmap { width, height, coverage, glyphs }
    }
}

/// Where a glyph stands in a bitmap.
pub struct Span {
    /// Its columns.
    pub columns: Range<usize>,
    /// Whether it is a capital or a digit.
    pub tall: bool,
}

/// A rasterised line.
pub struct Bitmap {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Share of each pixel that ink covers, 0 to 1, row by row.
    pub coverage: Vec<f32>,
    /// The glyphs, from left to right.
    pub glyphs: Vec<Span>,
}

impl Bitmap {
    /// Rows between the first and the last that has a pixel at least half covered in `columns`: the ink's height as it is seen.
    pub fn ink_rows(&self, columns: &Range<usize>) -> usize {
        let seen = |row: &[f32]| row.get(columns.clone()).is_some_and(|part| part.iter().any(|&c| c >= 0.5));
        let rows: Vec<usize> =
            self.coverage.chunks_exact(self.width).enumerate().filter(|(_, row)| seen(row)).map(|(y, _)| y).collect();
        match (rows.first(), rows.last()) {
            (Some(first), Some(last)) => last - first + 1,
            _ => 0,
        }
    }
}

/// Collects a glyph's contours as curves in ems, y downwards.
#[derive(Default)]
struct Outline {
    curves: Vec<Curve>,
    scale: f32,
    pen: f32,
    start: Point,
    at: Point,
}

impl Outline {
    fn point(&self, x: f32, y: f32) -> Point {
        point(self.pen + x * self.scale, -y * self.scale)
    }

    fn line(&mut self, to: Point) {
        self.curves.push([self.at, point((self.at.x + to.x) / 2.0, (self.at.y + to.y) / 2.0), to]);
        self.at = to;
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.at = self.point(x, y);
        self.start = self.at;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.line(self.point(x, y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let to = self.point(x, y);
        self.curves.push([self.at, self.point(x1, y1), to]);
        self.at = to;
    }

    // `glyf` outlines have no cubic curves.
    fn curve_to(&mut self, _x1: f32, _y1: f32, _x2: f32, _y2: f32, x: f32, y: f32) {
        self.line_to(x, y);
    }

    fn close(&mut self) {
        self.line(self.start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_font_has_every_character_of_the_wordings() {
        let font = Font::open(&[]).unwrap();
        let ascii: String = (0x20u8..0x7f).map(char::from).collect();
        for text in ["AI生成", "AI合成", "人工智能生成合成", "内容由AI生成", "人工智能生成合成内容", &ascii]
        {
            assert!(font.line(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_bitmap_is_as_high_as_its_ink() {
        let line = Font::open(&[]).unwrap().line("AI生成").unwrap();
        for em in [11.0, 32.5, 300.0] {
            let bitmap = line.render(em);
            let rows = bitmap.ink_rows(&(0..bitmap.width));
            assert!((rows as f32 - line.height() * em).abs() < 1.5, "{rows} rows at {em}");
            assert_eq!(bitmap.glyphs.len(), 4);
            assert_eq!(bitmap.glyphs.iter().filter(|glyph| glyph.tall).count(), 2);
        }
    }

    #[test]
    fn a_missing_character_is_named() {
        let error = Font::open(&[]).unwrap().line("AI생성").err().unwrap();
        assert_eq!(error.code.as_str(), "ERR_PARAMETER");
        assert!(error.message.contains('생') && error.message.contains("U+C0DD") && error.message.contains("font"), "{error}");
        assert!(Font::open(&[]).unwrap().line("  ").is_err());
    }

    #[test]
    fn a_damaged_font_never_panics() {
        assert_eq!(Font::open(b"not a font").err().unwrap().code.as_str(), "ERR_UNSUPPORTED");
        let mut state = 1u32;
        for round in 0..3000 {
            let mut bytes = BUILT_IN.to_vec();
            for _ in 0..(1 + round % 8) {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = state as usize % bytes.len();
                bytes[at] = (state >> 13) as u8;
            }
            bytes.truncate(bytes.len() - (round % 3) * (state as usize % 900));
            if let Ok(line) = Font::open(&bytes).and_then(|font| font.line("AI生成")) {
                line.render(if line.width() < 100.0 { 20.0 } else { 0.1 });
            }
        }
    }
}
