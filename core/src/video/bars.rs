//! The picture inside of bars: letterboxes, and players on a screen of one colour.

use super::frame::Layout;
use crate::signal::plane::Plane;

/// Levels of 8 bits by which samples of a bar differ at most: what encoders leave.
const FLAT: i32 = 4;
/// Least part of each side that a picture has.
const LEAST: f64 = 0.25;

/// A rectangle in stored pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inner {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Inner {
    /// What of a frame is not of one colour from an edge on: all of a frame without bars, nothing of an even one.
    pub fn of(frame: &[u8], layout: &Layout) -> Self {
        let (width, height, wide) = (layout.width as usize, layout.height as usize, layout.sample_bytes());
        let level = |x: usize, y: usize| {
            let at = y * layout.stride() + x * wide;
            if wide == 1 {
                i32::from(frame[at])
            } else {
                i32::from(u16::from_le_bytes([frame[at], frame[at + 1]]) >> (layout.depth - 8))
            }
        };
        let like = |x: usize, y: usize, other: i32| (level(x, y) - other).abs() <= FLAT;
        let row = |y: usize, colour: i32| (0..width).all(|x| like(x, y, colour));
        let column = |x: usize, colour: i32| (0..height).all(|y| like(x, y, colour));
        let (first, last) = (level(0, 0), level(width - 1, height - 1));
        let top = (0..height).take_while(|y| row(*y, first)).count();
        let bottom = (top..height).rev().take_while(|y| row(*y, last)).count();
        let left = (0..width).take_while(|x| column(*x, first)).count();
        let right = (left..width).rev().take_while(|x| column(*x, last)).count();
        Self { left, top, right: width - right, bottom: height - bottom }
    }

    /// The smallest rectangle around both.
    pub fn with(self, other: Self) -> Self {
        let empty = |one: &Self| one.left >= one.right || one.top >= one.bottom;
        if empty(&self) || empty(&other) {
            return if empty(&self) { other } else { self };
        }
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Pixels of the shorter side; none where there are no bars, or nothing that counts as a picture between them.
    pub fn short_side(self, layout: &Layout) -> Option<usize> {
        let (width, height) = (self.right - self.left, self.bottom - self.top);
        let enough = width as f64 >= LEAST * f64::from(layout.width) && height as f64 >= LEAST * f64::from(layout.height);
        let bars = width < layout.width as usize || height < layout.height as usize;
        (enough && bars).then_some(width.min(height))
    }

    /// A frame's plane, `scale` samples a pixel, of which the bars are empty.
    pub fn only(self, mut plane: Plane, scale: f64) -> Plane {
        let at = |pixel: usize| pixel as f64 * scale;
        let inside = |place: usize, from: usize, to: usize| place as f64 >= at(from) && (place + 1) as f64 <= at(to);
        for (y, row) in plane.data.chunks_exact_mut(plane.width).enumerate() {
            let shown = inside(y, self.top, self.bottom);
            row.iter_mut()
                .enumerate()
                .filter(|(x, _)| !shown || !inside(*x, self.left, self.right))
                .for_each(|(_, value)| *value = 0.0);
        }
        plane
    }
}
