//! How far a marked picture is from the unmarked one.

use super::frame::{Format, sample};
use crate::error::Result;
use crate::signal::blur::gaussian;
use crate::signal::plane::Plane;
use serde::{Deserialize, Serialize};

/// Constants of SSIM for samples from 0 to 255 (Wang et al. 2004): (0.01 * 255)^2 and (0.03 * 255)^2.
pub const C1: f64 = 6.5025;
/// See C1.
pub const C2: f64 = 58.5225;
/// What PSNR says of two equal pictures, dB: infinity is not a JSON number.
pub const EQUAL: f64 = 99.0;

/// Options of `compare`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// The layout of both pictures.
    pub image: Format,
}

/// What `compare` says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Report {
    /// Peak signal-to-noise ratio over all colour samples, dB; 99 for equal pictures.
    pub psnr: f64,
    /// Structural similarity, 0..1: the mean over colour channels and all pixels, Gaussian window with standard deviation 1.5.
    pub ssim: f64,
}

/// PSNR of a mean squared error in grey levels of 8 bits.
pub fn psnr(error: f64) -> f64 {
    if error <= 0.0 { EQUAL } else { (10.0 * (255.0 * 255.0 / error).log10()).min(EQUAL) }
}

/// Compares the colour samples of two pictures of one layout; alpha is left out.
pub fn compare(a: &[u8], b: &[u8], options: &Options) -> Result<Report> {
    let format = &options.image;
    format.check(a.len())?;
    format.check(b.len())?;
    let (mut error, mut similar) = (0.0, 0.0);
    for channel in 0..format.colours() {
        let (x, y) = (channel_of(a, format, channel), channel_of(b, format, channel));
        error += x.data.iter().zip(&y.data).map(|(x, y)| f64::from(x - y).powi(2)).sum::<f64>();
        similar += ssim(&x, &y);
    }
    let colours = format.colours() as f64;
    Ok(Report { psnr: psnr(error / (colours * format.pixels() as f64)), ssim: similar / colours })
}

fn channel_of(samples: &[u8], format: &Format, channel: usize) -> Plane {
    let data = samples.chunks_exact(format.pixel_bytes()).map(|pixel| sample(pixel, channel, format.depth)).collect();
    Plane { width: format.width as usize, height: format.height as usize, data }
}

fn ssim(x: &Plane, y: &Plane) -> f64 {
    let product = |a: &Plane, b: &Plane| {
        let data = a.data.iter().zip(&b.data).map(|(a, b)| a * b).collect();
        gaussian(&Plane { width: a.width, height: a.height, data }, 1.5)
    };
    // Around mid-grey, so that differences of squares keep their digits.
    let (x, y) = (x.map(|value| value - 128.0), y.map(|value| value - 128.0));
    let (xx, yy, xy) = (product(&x, &x), product(&y, &y), product(&x, &y));
    let (mx, my) = (gaussian(&x, 1.5), gaussian(&y, 1.5));
    let mut sum = 0.0;
    for at in 0..x.data.len() {
        let (a, b) = (f64::from(mx.data[at]), f64::from(my.data[at]));
        let (va, vb) = ((f64::from(xx.data[at]) - a * a).max(0.0), (f64::from(yy.data[at]) - b * b).max(0.0));
        let both = f64::from(xy.data[at]) - a * b;
        let (a, b) = (a + 128.0, b + 128.0);
        sum += (2.0 * a * b + C1) * (2.0 * both + C2) / ((a * a + b * b + C1) * (va + vb + C2));
    }
    sum / x.data.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(depth: u8) -> Options {
        Options { image: Format { width: 32, height: 24, channels: 3, depth, orientation: 1 } }
    }

    #[test]
    fn one_level_everywhere_is_48_decibels() {
        let a: Vec<u8> = (0..32 * 24 * 3).map(|at| (at % 200) as u8 + 20).collect();
        let b: Vec<u8> = a.iter().map(|value| value + 1).collect();
        let report = compare(&a, &b, &options(8)).unwrap();
        assert!((report.psnr - 48.13).abs() < 0.01 && report.ssim > 0.999, "{report:?}");
        assert_eq!(compare(&a, &a, &options(8)).unwrap().psnr, EQUAL);
        let wide: Vec<u8> = b.iter().flat_map(|value| [*value, *value]).collect();
        let base: Vec<u8> = a.iter().flat_map(|value| [*value, *value]).collect();
        assert!((compare(&base, &wide, &options(16)).unwrap().psnr - 48.13).abs() < 0.01);
        assert!(compare(&a, &base, &options(8)).is_err());
    }

    #[test]
    fn noise_on_a_flat_picture_is_dissimilar() {
        // A checkerboard of +-4 on grey: variance 16 against none, so SSIM is near C2 / (16 + C2).
        let flat = vec![128u8; 32 * 24 * 3];
        let rough: Vec<u8> = (0..32 * 24).flat_map(|at| [if (at % 32 + at / 32) % 2 == 0 { 132 } else { 124 }; 3]).collect();
        let report = compare(&flat, &rough, &options(8)).unwrap();
        assert!((report.ssim - C2 / (16.0 + C2)).abs() < 0.01, "{report:?}");
    }
}
