//! A picture as the search looks at it: luma, at several sizes, with every part equally loud.

use super::carrier::TILE;
use super::fold::{Lie, fold};
use super::frame::Format;
use super::front::flatten;
use super::luma::blocks;
use super::spectrum::{Reader, Spectrum};
use crate::error::Result;
use crate::signal::plane::Plane;
use crate::signal::resample::resample;

/// The shorter side of the base plane is below twice this, in samples.
const BASE: u32 = 1024;
/// No level has more samples than this.
const MOST: f64 = 2.2e6;

/// A picture's luma and the levels made from it so far.
pub struct View {
    base: Plane,
    /// Stored pixels for a sample of the base.
    pub block: usize,
    /// The base is flattened already.
    even: bool,
    levels: Vec<(i32, Plane)>,
}

impl View {
    /// Reads the picture; its layout has been checked.
    pub fn new(samples: &[u8], format: &Format) -> Self {
        let block = (format.short_side() / BASE).max(1) as usize;
        Self { base: blocks(samples, format, block), block, even: false, levels: Vec::new() }
    }

    /// A view of a plane that `flatten` made equally loud already, such as the sum of a film's frames.
    pub fn even(plane: Plane) -> Self {
        Self { base: plane, block: 1, even: true, levels: Vec::new() }
    }

    /// A plane made from the base, equally loud everywhere.
    pub fn flat(&self, plane: Plane) -> Plane {
        if self.even { plane } else { flatten(plane) }
    }

    /// The base plane.
    pub fn base(&self) -> &Plane {
        &self.base
    }

    /// The spectrum of the picture folded by `lie`, which is in samples of the base.
    pub fn spectrum(&mut self, reader: &mut Reader, lie: &Lie) -> Result<Spectrum> {
        let at = self.level(lie.side())?;
        let (exponent, plane) = &self.levels[at];
        Ok(reader.spectrum(fold(plane, &lie.in_plane(factor(*exponent)))))
    }

    /// The index of the level in which tiles of `side` base samples have about 128 samples.
    fn level(&mut self, side: f64) -> Result<usize> {
        let room = (MOST / self.base.data.len() as f64).sqrt();
        let wanted = (TILE as f64 / side).min(room);
        let exponent = (2.0 * wanted.log2()).round().clamp(-8.0, 6.0) as i32;
        if let Some(at) = self.levels.iter().position(|(one, _)| *one == exponent) {
            return Ok(at);
        }
        let factor = factor(exponent);
        let size = |side: usize| ((side as f64 * factor + 1e-6).floor() as usize).max(1);
        let flat = if exponent == 0 {
            self.flat(self.base.clone())
        } else {
            self.flat(resample(&self.base, size(self.base.width), size(self.base.height), 1.0 / factor)?)
        };
        self.levels.push((exponent, flat));
        Ok(self.levels.len() - 1)
    }
}

/// Samples of a level for one of the base.
fn factor(exponent: i32) -> f64 {
    2f64.powf(f64::from(exponent) / 2.0)
}
