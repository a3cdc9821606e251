//! Where scenes begin, and how strong the mark is over time.

use super::mask::Mask;

/// What a scene's first frame gets, as a part of what keeps the floors: an encoder codes it by itself and copies from it. The frames after
/// it pay that back, so that the film keeps the floors on average.
const OPENING: f32 = 1.5;
/// Most of the strength that frames get until it is paid back, and after that.
const PAYING: f32 = 0.7;
const MOST: f32 = 0.85;
/// Least of the strength within a scene.
const LEAST: f32 = 0.45;
/// Part of the way that the strength goes with each frame towards that of the scene: an encoder need not code such a small change.
const PACE: f32 = 0.12;
/// Heights of the word in a scene's first frame, in standard deviations, above which the scene and that frame get less: there the mark
/// stands out, and costs an encoder more than elsewhere. They hold from `LARGE` pixels of the shorter side on; smaller films, over whose few
/// pixels an encoder's errors average out less, have up to `SMALLER` times as high ones.
const CLEAR: f32 = 25.0;
const VERY_CLEAR: f32 = 30.0;
const LARGE: f32 = 540.0;
const SMALLER: f32 = 1.5;
/// A scene begins where cells change by this many levels, and by this many times as much as usually.
const CUT: f32 = 10.0;
const CUT_RATIO: f32 = 4.0;
/// Part of the way that a rising strength goes with each frame, so that nothing flickers. A falling one goes at once.
const RISE: f32 = 0.25;

/// Tells where a scene begins.
pub struct Scene {
    before: Vec<f32>,
    /// Usual change of a cell from frame to frame; none at a scene's first.
    usual: Option<f32>,
    frames: u64,
}

impl Scene {
    /// For frames of so many cells.
    pub fn new(cells: usize) -> Self {
        Self { before: vec![0.0; cells], usual: None, frames: 0 }
    }

    /// Whether the measured frame is the first of a scene.
    pub fn begins(&mut self, mask: &Mask) -> bool {
        let change = mask.mean.iter().zip(&self.before).map(|(a, b)| (a - b).abs()).sum::<f32>() / mask.mean.len() as f32;
        self.before.copy_from_slice(&mask.mean);
        self.frames += 1;
        if self.frames == 1 || self.usual.is_some_and(|usual| change > CUT && change > CUT_RATIO * usual) {
            self.usual = None;
            return true;
        }
        // Fast motion right behind a cut is the scene's own, and no further cut.
        self.usual = Some(self.usual.map_or(change, |usual| usual + 0.2 * (change - usual)));
        false
    }
}

/// How strong the mark is over time.
pub struct Strength {
    /// Heights of the word from which there is enough and more than enough of it.
    clear: f32,
    very_clear: f32,
    /// What keeps the floors: falls at once, rises slowly.
    allowed: f32,
    /// The part of it that is used now, and that the scene's frames go to.
    part: f32,
    scene: f32,
    /// Squared strength that was used above the floors and is not paid back.
    debt: f32,
}

impl Strength {
    /// For films of a shorter side in pixels.
    pub fn new(short: u32) -> Self {
        let smaller = (LARGE / short as f32).clamp(1.0, SMALLER);
        Self { clear: smaller * CLEAR, very_clear: smaller * VERY_CLEAR, allowed: 0.0, part: 0.0, scene: 0.0, debt: 0.0 }
    }

    /// Of a scene's first frame, in which the word stands `height` standard deviations high.
    pub fn open(&mut self, allowed: f32, height: f32) -> f32 {
        let room = (1.0 - self.debt).max(0.0) * (OPENING * OPENING - 1.0);
        self.allowed = allowed;
        self.part = (1.0 + room).sqrt() * (self.very_clear / height.max(self.very_clear));
        self.scene = (self.clear / height.max(self.clear)).powi(2).clamp(LEAST, MOST);
        self.spend()
    }

    /// Of a frame that follows.
    pub fn next(&mut self, allowed: f32) -> f32 {
        self.allowed = allowed.min(self.allowed + RISE * (allowed - self.allowed));
        let aim = if self.debt > 0.0 { self.scene.min(PAYING) } else { self.scene };
        self.part += PACE * (aim - self.part);
        self.spend()
    }

    fn spend(&mut self) -> f32 {
        self.debt = (self.debt + self.part * self.part - 1.0).max(0.0);
        self.part * self.allowed
    }
}
