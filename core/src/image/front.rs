//! The detector's front end: makes every part of a picture speak equally loud, so that strong edges do not drown the mark.

use crate::signal::blur::{Local, gaussian};
use crate::signal::plane::Plane;

/// Standard deviations in canonical pixels: the upper band lies above the first, the lower one between the two.
const BANDS: [f32; 2] = [1.5, 3.5];
/// How far around a sample a band's strength is measured, in canonical pixels.
const AROUND: [f32; 2] = [2.4, 3.5];
/// Added to a band's strength, in grey levels: rounding noise is not amplified to the strength of pictures.
const FLOOR: f32 = 0.7;
/// Largest value of a band, in units of its strength.
const CLIP: f32 = 4.0;

/// The sum of two bands of `luma`, each divided by its own local strength and clipped. `luma` has about one sample a canonical pixel.
pub fn flatten(mut luma: Plane) -> Plane {
    let mut fine = gaussian(&luma, BANDS[0]);
    let coarse = gaussian(&fine, (BANDS[1].powi(2) - BANDS[0].powi(2)).sqrt());
    // In place: planes of large pictures are what memory goes to.
    subtract(&mut luma, &fine);
    subtract(&mut fine, &coarse);
    drop(coarse);
    let (mut flat, lower) = (luma, fine);
    let strength = [Local::rms(&flat, AROUND[0]), Local::rms(&lower, AROUND[1])];
    let width = flat.width;
    let (mut upper_row, mut lower_row) = (vec![0.0; width], vec![0.0; width]);
    for (y, row) in flat.data.chunks_exact_mut(width).enumerate() {
        strength[0].row(y, &mut upper_row);
        strength[1].row(y, &mut lower_row);
        for (((value, other), a), b) in row.iter_mut().zip(lower.row(y)).zip(&upper_row).zip(&lower_row) {
            let upper = (*value / (a + FLOOR)).clamp(-CLIP, CLIP);
            *value = upper + (other / (b + FLOOR)).clamp(-CLIP, CLIP);
        }
    }
    flat
}

fn subtract(from: &mut Plane, other: &Plane) {
    from.data.iter_mut().zip(&other.data).for_each(|(value, other)| *value -= other);
}
