//! Frames added up by stretches of time, in bounded memory.

use super::frame::Layout;
use crate::error::Result;
use crate::image::front::flatten;
use crate::signal::blur::Local;
use crate::signal::plane::Plane;
use crate::signal::resample::resample;

/// Samples of the shorter side in which frames are added up: with two tiles across, three samples for two canonical pixels.
const SHORT: f64 = 384.0;
/// The longer side has at most as many times the shorter's.
const LONGEST: f64 = 4.0;
/// Seconds of the first stretches.
const SPAN: f64 = 1.0;
/// Stretches that are kept. When there are more, two and two become one.
const MOST: usize = 64;
/// How far around a sample of a sum its strength is measured, in samples; and the least of it, as a part of the whole sum's.
const AROUND: f32 = 8.0;
const LEAST: f32 = 0.05;
/// Steps of a kept mean for one unit; `flatten` gives -8 to 8.
const STEPS: f32 = 15.0;

/// A frame, equally loud everywhere, at the size in which frames are added up.
pub fn even(frame: &[u8], layout: &Layout) -> Result<Plane> {
    let (short, long) = (f64::from(layout.short_side()), f64::from(layout.width.max(layout.height)));
    let step = (short / SHORT).max(long / (SHORT * LONGEST));
    let block = (step.floor() as usize).max(1);
    let plane = layout.blocks(frame, block);
    let inner = step / block as f64;
    if (inner - 1.0).abs() < 1e-9 {
        return Ok(flatten(plane));
    }
    let size = |side: usize| ((side as f64 / inner + 1e-6).floor() as usize).max(1);
    Ok(flatten(resample(&plane, size(plane.width), size(plane.height), inner)?))
}

/// A sum, made equally loud everywhere again: what stands still grows with the number of frames and would drown the mark where pictures
/// move and it stands out most.
pub fn level(mut sum: Plane) -> Plane {
    let local = Local::rms(&sum, AROUND);
    let whole = (sum.data.iter().map(|value| value * value).sum::<f32>() / sum.data.len() as f32).sqrt();
    let mut strength = vec![0.0; sum.width];
    for (y, row) in sum.data.chunks_exact_mut(strength.len()).enumerate() {
        local.row(y, &mut strength);
        row.iter_mut().zip(&strength).for_each(|(value, strength)| *value /= strength.max(LEAST * whole).max(f32::MIN_POSITIVE));
    }
    sum
}

/// A stretch of time: the mean of its frames, in steps.
struct Stretch {
    from: f64,
    to: f64,
    frames: u64,
    mean: Vec<i8>,
}

/// Everything that was added.
#[derive(Default)]
pub struct Sums {
    total: Option<Plane>,
    /// The sum of frames that were coded by themselves.
    keys: Option<Plane>,
    frames: u64,
    /// The stretch that still grows, as a sum.
    open: Option<(Plane, f64, u64)>,
    closed: Vec<Stretch>,
    /// Doublings of the stretches' length.
    doubled: u32,
    end: f64,
}

impl Sums {
    /// Adds a frame that is shown at `seconds`, not before those that were added. `fresh`: coded by itself.
    pub fn add(&mut self, plane: &Plane, seconds: f64, fresh: bool) {
        if self.frames == 0 {
            self.end = seconds;
        }
        if self.open.as_ref().is_some_and(|(_, from, _)| seconds - from >= self.span()) {
            self.close(seconds);
        }
        grow(&mut self.total, plane);
        if fresh || self.frames == 0 {
            grow(&mut self.keys, plane);
        }
        self.frames += 1;
        self.end = seconds;
        match &mut self.open {
            Some((sum, _, count)) => {
                sum.data.iter_mut().zip(&plane.data).for_each(|(sum, value)| *sum += value);
                *count += 1;
            }
            None => self.open = Some((plane.clone(), seconds, 1)),
        }
    }

    /// Frames that were added.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// When the last frame is shown; the lowest number before there is one.
    pub fn end(&self) -> f64 {
        if self.frames == 0 { f64::MIN } else { self.end }
    }

    /// Seconds of a stretch.
    pub fn span(&self) -> f64 {
        SPAN * f64::from(1u32 << self.doubled.min(24))
    }

    /// The sum of all frames, to which those that were coded by themselves are added `keys` times more; there is at least one.
    pub fn total(&self, keys: f32) -> Plane {
        let mut sum = self.total.clone().unwrap_or_else(|| Plane::new(1, 1));
        if let Some(more) = &self.keys {
            sum.data.iter_mut().zip(&more.data).for_each(|(sum, value)| *sum += keys * value);
        }
        sum
    }

    /// Every stretch: its mean, from when to when.
    pub fn each(&self) -> impl Iterator<Item = (Plane, [f64; 2])> + '_ {
        let size = self.total.as_ref().map_or((1, 1), |total| (total.width, total.height));
        let closed = self.closed.iter().map(move |stretch| (plane(&stretch.mean, size), [stretch.from, stretch.to]));
        let open = self.open.iter().map(|(sum, from, _)| (sum.clone(), [*from, self.end]));
        closed.chain(open)
    }

    /// Sums of single stretches, of two neighbours, of four and so on, but not of all.
    pub fn parts(&self) -> Vec<Plane> {
        let mut level: Vec<(Plane, f32)> = self.each().map(|(plane, _)| (plane, 1.0)).collect();
        let mut all = Vec::new();
        while level.len() > 1 {
            let pairs = level.chunks(2).map(|pair| {
                let mut sum = pair[0].clone();
                if let Some((other, count)) = pair.get(1) {
                    sum.0.data.iter_mut().zip(&other.data).for_each(|(sum, value)| *sum += value);
                    sum.1 += count;
                }
                sum
            });
            let next: Vec<_> = pairs.collect();
            all.extend(level.into_iter().map(|(plane, _)| plane));
            level = next;
        }
        all
    }

    fn close(&mut self, to: f64) {
        let Some((sum, from, frames)) = self.open.take() else { return };
        let part = STEPS / frames as f32;
        let mean = sum.data.iter().map(|value| (value * part).round() as i8).collect();
        self.closed.push(Stretch { from, to, frames, mean });
        if self.closed.len() < MOST {
            return;
        }
        self.doubled += 1;
        let mut halves = std::mem::take(&mut self.closed).into_iter();
        while let Some(mut one) = halves.next() {
            if let Some(other) = halves.next() {
                let share = one.frames as f32 / (one.frames + other.frames) as f32;
                for (value, next) in one.mean.iter_mut().zip(&other.mean) {
                    *value = (share * f32::from(*value) + (1.0 - share) * f32::from(*next)).round() as i8;
                }
                one.to = other.to;
                one.frames += other.frames;
            }
            self.closed.push(one);
        }
    }
}

fn grow(total: &mut Option<Plane>, plane: &Plane) {
    match total {
        Some(total) => total.data.iter_mut().zip(&plane.data).for_each(|(sum, value)| *sum += value),
        None => *total = Some(plane.clone()),
    }
}

fn plane(mean: &[i8], (width, height): (usize, usize)) -> Plane {
    Plane { width, height, data: mean.iter().map(|value| f32::from(*value)).collect() }
}
