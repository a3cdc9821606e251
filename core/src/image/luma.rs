//! From samples to a plane of luma, as small as the work on it allows.

use super::frame::{Format, luma};
use crate::signal::plane::Plane;

/// Luma on the scale 0-255, one value for each square block of `block` x `block` stored pixels (their mean); incomplete blocks at
/// the right and bottom are left out. `block` is at least 1 and at most the shorter side.
pub fn blocks(samples: &[u8], format: &Format, block: usize) -> Plane {
    let (width, height) = (format.width as usize / block, format.height as usize / block);
    let stride = format.width as usize * format.pixel_bytes();
    let mut plane = Plane::new(width, height);
    let mut row = vec![0.0; format.width as usize];
    for (y, out) in plane.data.chunks_exact_mut(width).enumerate() {
        for inner in 0..block {
            let start = (y * block + inner) * stride;
            read(&samples[start..start + stride], format, &mut row);
            if block == 1 {
                out.copy_from_slice(&row);
            } else {
                out.iter_mut().zip(row.chunks_exact(block)).for_each(|(sum, cell)| *sum += cell.iter().sum::<f32>());
            }
        }
        if block > 1 {
            let part = 1.0 / (block * block) as f32;
            out.iter_mut().for_each(|sum| *sum *= part);
        }
    }
    plane
}

/// Luma of one row of pixels.
fn read(samples: &[u8], format: &Format, out: &mut [f32]) {
    match (format.channels, format.depth) {
        // Most pictures; without the general case's branches a processor does four pixels at once.
        (3, 8) => out.iter_mut().zip(samples.chunks_exact(3)).for_each(|(value, pixel)| {
            *value = 0.299 * f32::from(pixel[0]) + 0.587 * f32::from(pixel[1]) + 0.114 * f32::from(pixel[2]);
        }),
        (1, 8) => out.iter_mut().zip(samples).for_each(|(value, sample)| *value = f32::from(*sample)),
        _ => {
            let pixels = samples.chunks_exact(format.pixel_bytes());
            out.iter_mut().zip(pixels).for_each(|(value, pixel)| *value = luma(pixel, format));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_means_at_every_layout() {
        let samples: Vec<u8> = (0..7 * 5 * 8).map(|at| (at * 29 % 251) as u8).collect();
        for (channels, depth) in [(1, 8), (2, 8), (3, 8), (4, 8), (1, 16), (3, 16), (4, 16)] {
            let format = Format { width: 7, height: 5, channels, depth, orientation: 1 };
            let samples = &samples[..35 * format.pixel_bytes()];
            let one = blocks(samples, &format, 1);
            let all: Vec<f32> = samples.chunks_exact(format.pixel_bytes()).map(|pixel| luma(pixel, &format)).collect();
            assert!(one.data.iter().zip(&all).all(|(a, b)| (a - b).abs() < 1e-3));
            let two = blocks(samples, &format, 2);
            assert_eq!((two.width, two.height), (3, 2));
            let wanted = (all[9] + all[10] + all[2] + all[3]) / 4.0;
            assert!((two.data[1] - wanted).abs() < 1e-2, "{channels} {depth}");
        }
    }
}
