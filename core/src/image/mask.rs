//! How much a picture hides: the amplitude that the mark may have at each place, relative to others.

use crate::signal::blur::{gaussian, smallest};
use crate::signal::plane::Plane;

/// The relative amplitude at each place of `luma`, which has one sample a canonical pixel: the local activity, between a floor that
/// keeps flat places carrying and a ceiling. Beside an edge the flat side counts, since it is there that a mark is seen.
pub fn hiding(luma: &Plane) -> Plane {
    let soft = gaussian(luma, 3.0);
    let data = luma.data.iter().zip(&soft.data).map(|(value, soft)| (value - soft).powi(2)).collect();
    let detail = Plane { width: luma.width, height: luma.height, data };
    let activity = gaussian(&detail, 2.5).map(f32::sqrt);
    let calm = smallest(&activity, 2);
    let data = activity.data.iter().zip(&calm.data).map(|(activity, calm)| 0.5 * (activity + calm) + 2.0).collect();
    gaussian(&Plane { width: luma.width, height: luma.height, data }, 1.5).map(|value| value.clamp(1.0, 14.0))
}
