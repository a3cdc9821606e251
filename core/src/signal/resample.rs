//! Planes at other sizes.

use super::plane::Plane;
use crate::error::{Error, Result};
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::F32;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

/// The plane at `width` x `height`, where one new sample covers `step` old ones in each direction, from the upper left corner
/// on: new `u` lies at old `(u + 0.5) * step - 0.5`. Catmull-Rom, widened by `step` where it shrinks.
pub fn resample(plane: &Plane, width: usize, height: usize, step: f64) -> Result<Plane> {
    let wrong =
        |what: String| Error::parameter(format!("a plane of {} x {} could not be resampled: {what}", plane.width, plane.height));
    let mut out = Plane::new(width, height);
    let from = bytemuck::cast_slice(&plane.data);
    let source = TypedImageRef::<F32>::from_buffer(plane.width as u32, plane.height as u32, from)
        .map_err(|error| wrong(error.to_string()))?;
    let into = bytemuck::cast_slice_mut(&mut out.data);
    let mut target =
        TypedImage::<F32>::from_buffer(width as u32, height as u32, into).map_err(|error| wrong(error.to_string()))?;
    let (across, down) = ((width as f64 * step).min(plane.width as f64), (height as f64 * step).min(plane.height as f64));
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom)).crop(0.0, 0.0, across, down);
    Resizer::new().resize_typed(&source, &mut target, &options).map_err(|error| wrong(error.to_string()))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_wave_keeps_its_place() {
        let wave = |x: f64, y: f64| ((x * 0.11 + y * 0.07) as f32).sin();
        let mut plane = Plane::new(200, 150);
        for y in 0..150 {
            for x in 0..200 {
                plane.data[y * 200 + x] = wave(x as f64, y as f64);
            }
        }
        for step in [0.4, 1.0, 1.37, 2.9] {
            let (width, height) = ((200.0 / step) as usize, (150.0 / step) as usize);
            let other = resample(&plane, width, height, step).unwrap();
            for (u, v) in [(width / 2, height / 2), (width - 12, height - 12), (9, 11)] {
                let wanted = wave((u as f64 + 0.5) * step - 0.5, (v as f64 + 0.5) * step - 0.5);
                let given = other.row(v)[u];
                assert!((given - wanted).abs() < 0.03, "{step} {u} {v}: {given} for {wanted}");
            }
        }
    }
}
