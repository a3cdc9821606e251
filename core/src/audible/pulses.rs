//! Four pulses in a row in one narrow band, and how well they keep the times of the rhythm.

use super::spectrum::{HOP, Levels};

/// Four pulses that keep the rhythm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quadruple {
    /// Looks from the start of the first pulse to the end of the last.
    pub span: (f32, f32),
    /// Looks of one unit.
    pub unit: f32,
    /// Root mean square of what the seven parts are off, in units.
    pub off: f32,
    /// Decibels of the weakest pulse.
    pub level: f32,
    /// Decibels from the weakest pulse to the loudest pause.
    pub contrast: f32,
    /// Decibels from the pulses to the bands beside theirs.
    pub purity: f32,
    /// Of the levels.
    pub band: usize,
}

/// Bounds of the unit, in seconds.
const UNITS: (f64, f64) = (0.05, 0.32);
/// Most that one part of a unit may be off, in units; rule A1: 25 %.
const OFF: f32 = 0.25;
/// Most that the long parts may be off, in units.
const LONG: f32 = 0.5;
/// Least decibels between pulses and pauses, and between the tone and its neighbours.
const CONTRAST: f32 = 10.0;
const PURITY: f32 = 10.0;
/// Most decibels between the loudest and the weakest pulse, and within one.
const UNEVEN: f32 = 4.0;
/// Levels at which edges are looked for, and how far apart they are.
const LEVELS: std::ops::RangeInclusive<i32> = -14..=0;
const STEP: f32 = 5.0;

/// One stretch above a level, in looks, with its edges between two looks.
#[derive(Debug, Clone, Copy)]
struct Pulse {
    start: f32,
    end: f32,
}

/// Every quadruple of one band; several levels may give the same one.
pub fn quadruples(levels: &Levels, band: usize) -> Vec<Quadruple> {
    let line = levels.band(band);
    let mut found = Vec::new();
    for level in LEVELS {
        let level = level as f32 * STEP;
        let pulses = above(line, level);
        for (at, four) in pulses.windows(4).enumerate() {
            let before = at.checked_sub(1).and_then(|at| pulses.get(at)).map(|pulse| pulse.end);
            let behind = pulses.get(at + 4).map(|pulse| pulse.start);
            found.extend(judged(levels, band, four, before, behind));
        }
    }
    found
}

fn above(line: &[f32], level: f32) -> Vec<Pulse> {
    let mut pulses = Vec::new();
    let mut start = line.first().filter(|first| **first >= level).map(|_| 0.0);
    for (at, two) in line.windows(2).enumerate() {
        let (a, b) = (two[0], two[1]);
        if (a >= level) == (b >= level) {
            continue;
        }
        let edge = at as f32 + (level - a) / (b - a);
        match start.take() {
            Some(begun) => pulses.push(Pulse { start: begun, end: edge }),
            None => start = Some(edge),
        }
    }
    if let Some(begun) = start {
        pulses.push(Pulse { start: begun, end: line.len() as f32 - 1.0 });
    }
    pulses
}

fn judged(levels: &Levels, band: usize, four: &[Pulse], before: Option<f32>, behind: Option<f32>) -> Option<Quadruple> {
    let [a, b, c, d] = four else { return None };
    let parts =
        [a.end - a.start, b.start - a.end, b.end - b.start, c.start - b.end, c.end - c.start, d.start - c.end, d.end - d.start];
    let whole: f32 = parts.iter().sum();
    let (unit, off) =
        [3.0f32, 1.0].into_iter().filter_map(|letter| timed(&parts, whole, letter)).min_by(|x, y| x.1.total_cmp(&y.1))?;
    if !(UNITS.0..=UNITS.1).contains(&(f64::from(unit) * HOP)) {
        return None;
    }
    // Nothing else in this band within a unit, where the sound goes on.
    if before.is_some_and(|end| a.start - end < 0.8 * unit) || behind.is_some_and(|start| start - d.end < 0.8 * unit) {
        return None;
    }
    let line = levels.band(band);
    let inside = |from: f32, to: f32, less: f32| {
        let (from, to) = ((from + less).ceil().max(0.0) as usize, ((to - less).floor().max(0.0) as usize + 1).min(line.len()));
        (from < to).then_some(from..to)
    };
    // Two looks beside an edge hold both sides of it.
    let mut plateaus = Vec::new();
    for pulse in four {
        let range = inside(pulse.start, pulse.end, 2.0)?;
        let (low, high) = extremes(line.get(range)?);
        if high - low > UNEVEN {
            return None;
        }
        plateaus.push((low + high) / 2.0);
    }
    let (level, loudest) = extremes(&plateaus);
    if loudest - level > UNEVEN {
        return None;
    }
    let mut pause = f32::MIN;
    for two in four.windows(2) {
        let range = inside(two[0].end, two[1].start, 2.5)?;
        pause = pause.max(extremes(line.get(range)?).1);
    }
    let contrast = level - pause;
    if contrast < CONTRAST {
        return None;
    }
    let purity =
        four.iter().filter_map(|pulse| Some(purity(levels, band, inside(pulse.start, pulse.end, 2.0)?))).fold(f32::MAX, f32::min);
    (purity >= PURITY).then_some(Quadruple { span: (a.start, d.end), unit, off, level, contrast, purity, band })
}

/// The unit, and how far the parts are off it.
fn timed(parts: &[f32; 7], whole: f32, letter: f32) -> Option<(f32, f32)> {
    let unit = whole / (8.0 + letter);
    let wanted = [1.0, 1.0, 3.0, letter, 1.0, 1.0, 1.0];
    let mut squares = 0.0;
    for (part, units) in parts.iter().zip(wanted) {
        let off = (part / unit - units).abs();
        if off > if units > 1.0 { LONG } else { OFF } {
            return None;
        }
        squares += off * off;
    }
    Some((unit, (squares / 7.0).sqrt()))
}

fn extremes(line: &[f32]) -> (f32, f32) {
    line.iter().fold((f32::MAX, f32::MIN), |(low, high), value| (low.min(*value), high.max(*value)))
}

/// Decibels from a band to the mean of those from 100 to 350 Hz beside it.
fn purity(levels: &Levels, band: usize, looks: std::ops::Range<usize>) -> f32 {
    let (near, far) = ((100.0 / levels.width).ceil() as usize, (350.0 / levels.width) as usize);
    let power = |band: usize| {
        levels.band(band).get(looks.clone()).unwrap_or(&[]).iter().map(|value| 10f32.powf(value / 10.0)).sum::<f32>()
    };
    let beside: Vec<f32> = (near..=far)
        .flat_map(|away| [band.checked_sub(away), Some(band + away)])
        .flatten()
        .filter(|band| *band < levels.bands)
        .map(power)
        .collect();
    let mean = beside.iter().sum::<f32>() / beside.len().max(1) as f32;
    10.0 * (power(band) / mean.max(1e-12)).log10()
}
