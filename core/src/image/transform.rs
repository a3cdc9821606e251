//! How a picture was changed since it was marked, as its tile's place tells, and what is found of a key with it.

use super::carrier::TILE;
use super::fold::Lie;
use super::spectrum::Pilot;
use crate::watermark;
use serde::Serialize;

/// How the picture was changed since it was marked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transform {
    /// Pixels now for a canonical pixel, 1/128 of a tile's side.
    pub scale: f64,
    /// Degrees clockwise, -180..180.
    pub rotation: f64,
    /// True for a picture that was flipped (left and right) before it was rotated.
    pub mirrored: bool,
    /// Pixels from the upper left corner to a tile's, each below one tile's side.
    pub offset: [f64; 2],
}

impl Transform {
    /// The lie of the tile in stored pixels, of which a sample of the plane that was looked at has `block` on a side.
    pub(crate) fn of(lie: &Lie, pilot: &Pilot, block: f64) -> Self {
        let Lie { xx, xy, yx, yy } = pilot.turn.undone(lie);
        let map = [xx, xy, yx, yy];
        let determinant = map[0] * map[3] - map[1] * map[2];
        let scale = block / determinant.abs().sqrt();
        let mirrored = determinant < 0.0;
        // Canonical right, as a direction in the picture: the first column of the inverse map.
        let (right_x, right_y) = (map[3] / determinant, -map[2] / determinant);
        let rotation = if mirrored { (-right_y).atan2(-right_x) } else { right_y.atan2(right_x) };
        // The tile's corner: where the map gives the pilot's shift.
        let [u, v] = pilot.shift;
        let corner = [(map[3] * u - map[1] * v) / determinant * block, (map[0] * v - map[2] * u) / determinant * block];
        let side = TILE as f64 * scale;
        let round = |value: f64, digits: f64| (value * digits).round() / digits;
        Self {
            scale: round(scale, 1e4),
            rotation: round(rotation.to_degrees(), 100.0),
            mirrored,
            offset: corner.map(|place| round(place.rem_euclid(side), 10.0)),
        }
    }

    /// The same in a picture with `factor` times as many pixels on a side.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        let offset = self.offset.map(|place| (place * factor * 10.0).round() / 10.0);
        Self { scale: (self.scale * factor * 1e4).round() / 1e4, offset, ..self }
    }
}

/// Where a mark was found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Where {
    /// How the tile lies now.
    pub transform: Transform,
}

/// What was found of one key.
pub type Evidence = watermark::Evidence<Where>;
