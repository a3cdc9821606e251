//! A rectangle of numbers.

/// `width` x `height` numbers, row by row.
#[derive(Debug, Clone)]
pub struct Plane {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` numbers.
    pub data: Vec<f32>,
}

impl Plane {
    /// A plane of zeros.
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, data: vec![0.0; width * height] }
    }

    /// The same size, each number changed by `change`.
    pub fn map(&self, change: impl Fn(f32) -> f32) -> Self {
        Self { width: self.width, height: self.height, data: self.data.iter().map(|value| change(*value)).collect() }
    }

    /// One row.
    pub fn row(&self, y: usize) -> &[f32] {
        &self.data[y * self.width..(y + 1) * self.width]
    }
}

/// The index that stands for `at`, which may lie outside `0..length`: the border is a mirror between two samples' centres,
/// so that `-1` is `1`. Repeated until it lies inside.
pub fn mirrored(at: isize, length: usize) -> usize {
    if length == 1 {
        return 0;
    }
    let period = 2 * (length as isize - 1);
    let at = at.rem_euclid(period);
    (if at < length as isize { at } else { period - at }) as usize
}
