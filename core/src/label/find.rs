//! Finds a label that `draw` drew, without knowing how the picture was scaled or cropped since: the outline of its first
//! line is held against the outer bands of the picture at every size that a label can have (normalised correlation of
//! luma, either polarity), coarsely first, then finely, and last glyph by glyph.

use super::draw::{Position, Rectangle};
use super::font::{Font, Line};
use super::grid::{Grid, Sums};
use crate::error::{Error, Result};
use crate::image::frame::Format;
use serde::{Deserialize, Serialize};

/// Ink heights that are searched, as shares of the shorter side. `draw` makes 5 to 7 %; crops of the picture change the share.
const LEAST: f32 = 0.03;
const MOST: f32 = 0.12;
/// Rows of ink in the coarse and in the fine search; each level of the pyramid serves the heights from these to √2 of them.
const COARSE: f32 = 6.0;
const FINE: f32 = 16.0;
/// One size to the next in the coarse search.
const STEP: f32 = 1.06;
/// The label touches this outer share of each side.
const BAND: f32 = 0.2;
/// Candidates that the coarse search passes on: from one template, and in all.
const EACH: usize = 6;
const ALL: usize = 32;
/// What a coarse candidate must reach.
const WORTH: f32 = 0.35;
/// Contrast, in steps of 255 luma levels, below which a window counts as flat.
const FLAT: f32 = 3.0;
/// Padding around the ink that must be free of other marks, in ink heights.
const PADDING: f32 = 0.25;
/// The score from which a label counts as found, when its ink is at least CLEAR rows high.
pub const THRESHOLD: f32 = 0.6;
/// Below CLEAR rows of ink much else looks like a label, so more agreement is asked for, up to STRICT at TINY rows and below.
const CLEAR: f32 = 16.0;
const TINY: f32 = 8.0;
const STRICT: f32 = 0.85;
/// A score with which a label is read beyond doubt: those of other wordings are not looked for then.
const SURE: f32 = 0.9;
/// Texts that may be asked for.
const MOST_TEXTS: usize = 8;

/// What to look for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// The picture's layout.
    pub image: Format,
    /// Labels as given to `draw`: the first line of each is looked for.
    pub texts: Vec<Vec<String>>,
}

/// Where a label was found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The ink of the first line, in displayed pixels.
    #[serde(rename = "box")]
    pub area: Rectangle,
    /// The nearest of the places that `draw` knows.
    pub position: Position,
    /// Ink height as a share of the shorter side.
    pub ratio: f32,
}

/// The finding.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// Always `label`.
    pub kind: &'static str,
    /// Always `image`.
    pub modality: &'static str,
    /// Whether the score reaches the threshold for a label of this height.
    pub found: bool,
    /// Agreement with the best place, 0 to 1: the lower of the whole line's correlation and the mean of its glyphs'.
    pub score: f32,
    /// Correlation of the glyph that agrees least.
    pub weakest: f32,
    /// The label that was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Vec<String>>,
    /// Where it was found.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Looks for any of the labels, drawn with the built-in font.
///
/// Errors: Parameter (no texts or too many, a character that the built-in font lacks).
pub fn find(samples: &[u8], options: &Options) -> Result<Evidence> {
    let format = &options.image;
    format.check(samples.len())?;
    if options.texts.is_empty() || options.texts.len() > MOST_TEXTS {
        return Err(Error::parameter(format!("texts must name 1 to {MOST_TEXTS} labels, not {}", options.texts.len())));
    }
    let font = Font::open(&[])?;
    let levels = levels(&Grid::of(samples, format, (FINE / LEAST) as u32));
    let short = format.short_side() as f32;
    let mut lines = Vec::new();
    for text in &options.texts {
        let first = text.first().ok_or_else(|| Error::parameter("a label in texts has no line: give at least one"))?;
        lines.push((text, font.line(first)?));
    }
    let mut best: Option<(Match, &Vec<String>)> = None;
    for (text, line) in &lines {
        if let Some(found) =
            search(&levels, line).filter(|found| best.as_ref().is_none_or(|(other, _)| found.margin(short) > other.margin(short)))
        {
            let sure = found.score >= SURE;
            best = Some((found, text));
            if sure {
                break;
            }
        }
    }
    let found = best.as_ref().is_some_and(|(found, _)| found.margin(short) >= 0.0);
    let (width, height) = format.displayed();
    Ok(Evidence {
        kind: "label",
        modality: "image",
        found,
        score: best.as_ref().map_or(0.0, |(found, _)| found.score),
        weakest: best.as_ref().map_or(0.0, |(found, _)| found.weakest),
        text: best.as_ref().filter(|_| found).map(|(_, text)| (*text).clone()),
        place: best.as_ref().filter(|_| found).map(|(found, _)| found.place(width, height)),
    })
}

/// One size of the picture: `coarse` shows labels of COARSE to √2 COARSE rows, `fine` the same ones larger.
struct Level {
    coarse: Grid,
    coarse_sums: Sums,
    fine: Grid,
    fine_sums: Sums,
    /// Ink heights served, as shares of the shorter side.
    ratios: Vec<f32>,
}

fn levels(base: &Grid) -> Vec<Level> {
    let mut levels = Vec::new();
    let mut from = LEAST;
    while from < MOST {
        let upto = (from * std::f32::consts::SQRT_2).min(MOST);
        let fine = base.shrunk(((FINE / from) as usize).min(base.short()));
        let coarse = fine.shrunk(((COARSE / from) as usize).min(base.short()));
        let steps = ((upto / from).ln() / STEP.ln()).ceil() as i32;
        // A small picture's smallest labels have too few rows to be told from anything else.
        let legible = |ratio: &f32| ratio * coarse.short() as f32 >= 0.8 * COARSE;
        let ratios: Vec<f32> = (0..steps).map(|step| from * STEP.powi(step)).filter(legible).collect();
        if !ratios.is_empty() {
            levels.push(Level { coarse_sums: Sums::of(&coarse), fine_sums: Sums::of(&fine), coarse, fine, ratios });
        }
        from = upto;
    }
    levels
}

/// A line of text at one size, ready for correlation: mean 0, energy 1.
struct Template {
    width: usize,
    height: usize,
    data: Vec<f32>,
    padding: usize,
    glyphs: Vec<std::ops::Range<usize>>,
}

impl Template {
    fn of(line: &Line, ink: f32) -> Self {
        let bitmap = line.render(ink / line.height());
        let padding = (PADDING * ink).round() as usize;
        let (width, height) = (bitmap.width + 2 * padding, bitmap.height + 2 * padding);
        let mut data = vec![0.0; width * height];
        for (row, ink) in bitmap.coverage.chunks_exact(bitmap.width).enumerate() {
            let start = (row + padding) * width + padding;
            data[start..start + bitmap.width].copy_from_slice(ink);
        }
        normalise(&mut data);
        let glyphs = bitmap.glyphs.iter().map(|glyph| glyph.columns.start + padding..glyph.columns.end + padding).collect();
        Self { width, height, data, padding, glyphs }
    }

    /// The part that shows one glyph, with a column at each side.
    fn glyph(&self, columns: &std::ops::Range<usize>) -> (usize, Self) {
        let (start, end) = (columns.start.saturating_sub(1), (columns.end + 1).min(self.width));
        let mut data: Vec<f32> = self.data.chunks_exact(self.width).flat_map(|row| row[start..end].iter().copied()).collect();
        normalise(&mut data);
        (start, Self { width: end - start, height: self.height, data, padding: 0, glyphs: Vec::new() })
    }

    /// Correlation at one place.
    fn at(&self, grid: &Grid, sums: &Sums, x: usize, y: usize) -> f32 {
        let mut sum = 0.0;
        for (row, taps) in self.data.chunks_exact(self.width).enumerate() {
            let start = (y + row) * grid.width + x;
            sum += taps.iter().zip(&grid.data[start..start + self.width]).map(|(tap, sample)| tap * sample).sum::<f32>();
        }
        self.score(sum, sums.energy(x, y, self.width, self.height))
    }

    fn score(&self, sum: f32, energy: f32) -> f32 {
        sum / (energy + FLAT * FLAT * self.data.len() as f32).sqrt()
    }

    /// Correlations at the places `columns` of one row.
    fn along(&self, grid: &Grid, sums: &Sums, y: usize, columns: std::ops::Range<usize>, scores: &mut Vec<f32>) {
        scores.clear();
        scores.resize(columns.len(), 0.0);
        for (row, taps) in self.data.chunks_exact(self.width).enumerate() {
            let start = (y + row) * grid.width + columns.start;
            for (offset, tap) in taps.iter().enumerate() {
                let samples = &grid.data[start + offset..start + offset + scores.len()];
                scores.iter_mut().zip(samples).for_each(|(sum, sample)| *sum += tap * sample);
            }
        }
        for (score, x) in scores.iter_mut().zip(columns) {
            *score = self.score(*score, sums.energy(x, y, self.width, self.height));
        }
    }
}

fn normalise(data: &mut [f32]) {
    let mean = data.iter().sum::<f32>() / data.len().max(1) as f32;
    data.iter_mut().for_each(|tap| *tap -= mean);
    let energy = data.iter().map(|tap| tap * tap).sum::<f32>().sqrt().max(1e-6);
    data.iter_mut().for_each(|tap| *tap /= energy);
}

/// A place that deserves a closer look: the window's corner in shares of the shorter side.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    level: usize,
    ratio: f32,
    x: f32,
    y: f32,
    width: f32,
    score: f32,
}

/// The best place of one line.
struct Match {
    score: f32,
    weakest: f32,
    ratio: f32,
    /// Ink corner and size in shares of the shorter side.
    x: f32,
    y: f32,
    width: f32,
}

impl Match {
    /// How far the score is above what is asked for in a picture with this shorter side.
    fn margin(&self, short: f32) -> f32 {
        let lacking = ((CLEAR - self.ratio * short) / (CLEAR - TINY)).clamp(0.0, 1.0);
        self.score - (THRESHOLD + lacking * (STRICT - THRESHOLD))
    }

    fn place(&self, width: u32, height: u32) -> Place {
        let short = width.min(height) as f32;
        let whole = |share: f32| (share * short).round().max(0.0) as u32;
        let area = Rectangle {
            x: whole(self.x).min(width - 1),
            y: whole(self.y).min(height - 1),
            width: whole(self.width),
            height: whole(self.ratio),
        };
        let third = |start: u32, size: u32, side: u32| (3.0 * (start as f32 + size as f32 / 2.0) / side as f32).floor() as u32;
        let position = match (third(area.x, area.width, width), third(area.y, area.height, height)) {
            (0, 0) => Position::TopLeft,
            (1, 0) => Position::Top,
            (_, 0) => Position::TopRight,
            (0, 1) => Position::Left,
            (_, 1) => Position::Right,
            (0, _) => Position::BottomLeft,
            (1, _) => Position::Bottom,
            _ => Position::BottomRight,
        };
        Place { area, position, ratio: self.ratio }
    }
}

fn search(levels: &[Level], line: &Line) -> Option<Match> {
    let mut candidates = Vec::new();
    for (index, level) in levels.iter().enumerate() {
        for &ratio in &level.ratios {
            coarse(level, index, ratio, line, &mut candidates);
        }
    }
    candidates.sort_by(|a: &Candidate, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        let near = |other: &Candidate| {
            let apart = 0.3 * candidate.ratio;
            (other.x - candidate.x).abs() < apart
                && (other.y - candidate.y).abs() < apart
                && (other.ratio / candidate.ratio).ln().abs() < 0.09
        };
        if kept.len() < ALL && !kept.iter().any(near) {
            kept.push(candidate);
        }
    }
    kept.iter().filter_map(|candidate| fine(&levels[candidate.level], candidate, line)).max_by(|a, b| a.score.total_cmp(&b.score))
}

/// The best places of one template in the outer bands.
fn coarse(level: &Level, index: usize, ratio: f32, line: &Line, candidates: &mut Vec<Candidate>) {
    let grid = &level.coarse;
    let short = grid.short() as f32;
    let template = Template::of(line, ratio * short);
    if template.width > grid.width || template.height > grid.height {
        return;
    }
    let (columns, rows) = (grid.width - template.width + 1, grid.height - template.height + 1);
    // The window lies in a band when its padding's inner edge does not leave the band's far side.
    let (across, down) = ((BAND * grid.width as f32) as usize, (BAND * grid.height as f32) as usize);
    let left = across.min(columns);
    let right = (grid.width - across).saturating_sub(template.width).max(left).min(columns);
    let mut best: Vec<Candidate> = Vec::with_capacity(EACH + 1);
    let mut scores = Vec::new();
    for y in 0..rows {
        let outer = y < down || y + template.height > grid.height - down;
        let parts = if outer { [0..columns, 0..0] } else { [0..left, right..columns] };
        for part in parts {
            template.along(grid, &level.coarse_sums, y, part.clone(), &mut scores);
            for (x, score) in part.zip(&scores).filter(|(_, score)| score.abs() >= WORTH) {
                let found = Candidate {
                    level: index,
                    ratio,
                    x: x as f32 / short,
                    y: y as f32 / short,
                    width: template.width as f32 / short,
                    score: score.abs(),
                };
                keep(&mut best, found);
            }
        }
    }
    candidates.append(&mut best);
}

/// Keeps the EACH best, one for each place.
fn keep(best: &mut Vec<Candidate>, found: Candidate) {
    let apart = 0.5 * found.ratio;
    if let Some(other) = best.iter_mut().find(|other| (other.x - found.x).abs() < apart && (other.y - found.y).abs() < apart) {
        if other.score < found.score {
            *other = found;
        }
    } else if best.len() < EACH {
        best.push(found);
    } else if let Some(lowest) =
        best.iter_mut().min_by(|a, b| a.score.total_cmp(&b.score)).filter(|lowest| lowest.score < found.score)
    {
        *lowest = found;
    }
}

/// Looks closer: sizes and places around the candidate, then each glyph on its own.
fn fine(level: &Level, candidate: &Candidate, line: &Line) -> Option<Match> {
    let grid = &level.fine;
    let short = grid.short() as f32;
    let reach = (0.7 * short / level.coarse.short() as f32).ceil() as isize + 1;
    let coarse_padding = (PADDING * candidate.ratio * level.coarse.short() as f32).round() / level.coarse.short() as f32;
    let mut best: Option<(f32, usize, usize, f32, Template)> = None;
    for size in [0.955, 0.97, 0.985, 1.0, 1.015, 1.03, 1.045] {
        let ratio = candidate.ratio * size;
        let template = Template::of(line, ratio * short);
        // The ink's middle stays where the coarse search saw it.
        let shift =
            |share: f32, extent: f32| (share + coarse_padding) * short + extent * (1.0 - size) / 2.0 - template.padding as f32;
        let ink_width = (candidate.width - 2.0 * coarse_padding) * short;
        let (x0, y0) =
            (shift(candidate.x, ink_width).round() as isize, shift(candidate.y, candidate.ratio * short).round() as isize);
        for y in y0 - reach..=y0 + reach {
            for x in x0 - reach..=x0 + reach {
                let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { continue };
                if x + template.width > grid.width || y + template.height > grid.height {
                    continue;
                }
                let score = template.at(grid, &level.fine_sums, x, y);
                if best.as_ref().is_none_or(|(other, ..)| score.abs() > other.abs()) {
                    let Template { width, height, padding, .. } = template;
                    best = Some((score, x, y, ratio, Template { width, height, padding, data: Vec::new(), glyphs: Vec::new() }));
                }
            }
        }
    }
    let (score, x, y, ratio, _) = best?;
    let template = Template::of(line, ratio * short);
    let parts: Vec<f32> = template
        .glyphs
        .iter()
        .map(|columns| {
            let (start, glyph) = template.glyph(columns);
            glyph.at(grid, &level.fine_sums, x + start, y) * score.signum()
        })
        .collect();
    let mean = parts.iter().sum::<f32>() / parts.len().max(1) as f32;
    Some(Match {
        score: score.abs().min(mean).max(0.0),
        weakest: parts.iter().copied().fold(1.0, f32::min),
        ratio,
        x: (x + template.padding) as f32 / short,
        y: (y + template.padding) as f32 / short,
        width: (template.width - 2 * template.padding) as f32 / short,
    })
}
