//! What the best code of a length could do: the normal approximation.

use std::f64::consts::{LN_2, SQRT_2};

/// The frame error rate of the best code of `length` bits that carries `info` bits over the Gaussian channel with two inputs,
/// at `snr` = Es/N0 (a ratio, not dB), nearly.
///
/// Polyanskiy, Poor and Verdu, "Channel coding rate in the finite blocklength regime" (2010), equation 223 with the term
/// log2(n) / 2. It speaks of decoders that must name one word; check bits that choose from a list are outside it.
pub fn normal_approximation(length: usize, info: usize, snr: f64) -> f64 {
    let (capacity, dispersion) = information(snr);
    let n = length as f64;
    tail((n * capacity - info as f64 + 0.5 * n.log2()) / (n * dispersion).sqrt())
}

/// Mean and variance of the information density in bits: the soft value of a 0 is Gaussian, mean 4 `snr`, variance 8 `snr`.
fn information(snr: f64) -> (f64, f64) {
    let (mut mass, mut first, mut second) = (0.0, 0.0, 0.0);
    for step in -1800..=1800 {
        let deviation = f64::from(step) / 200.0;
        let density = (-deviation * deviation / 2.0).exp();
        let llr = 4.0 * snr + (8.0 * snr).sqrt() * deviation;
        let bits = 1.0 - (-llr).exp().ln_1p() / LN_2;
        mass += density;
        first += density * bits;
        second += density * bits * bits;
    }
    let mean = first / mass;
    (mean, second / mass - mean * mean)
}

/// The probability that a standard Gaussian number exceeds `at`.
fn tail(at: f64) -> f64 {
    // Numerical Recipes, erfcc: relative error below 1.2e-7.
    const TERMS: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let z = at.abs() / SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * z);
    let half = 0.5 * t * (TERMS.iter().rev().fold(0.0, |sum, term| sum * t + term) - z * z).exp();
    if at >= 0.0 { half } else { 1.0 - half }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_come_out() {
        // Gaussian tables: 1.96 leaves 2.5 %. The two-input Gaussian channel carries half a bit at Es/N0 = -2.82 dB.
        assert!((tail(1.959_964) - 0.025).abs() < 1e-6 && (tail(-1.959_964) - 0.975).abs() < 1e-6);
        assert!((information(10f64.powf(-0.282)).0 - 0.5).abs() < 1e-3);
    }
}
