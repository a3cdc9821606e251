//! How far the difference lies below what the sound masks.

use super::grid::{Analyser, BINS, FRAME};
use super::loudness::decibels;
use std::collections::VecDeque;

/// Share of a frame in what was measured lately: about a second's.
const RECENT: f32 = 0.02;
/// Half a Bark each.
const BANDS: usize = 44;
/// Samples from frame to frame.
const HOP: usize = FRAME;
/// Fall of masking towards lower and higher bands, in dB a Bark.
const FALL: [f64; 2] = [27.0, 12.0];
/// Frames this much below the loudest do not count: 50 dB.
const ACTIVE: f32 = 1e-5;

/// The mean ratio of noise to mask, in the manner of PEAQ's (ITU-R BS.1387): bands of half a Bark, spreading, an offset of 3 dB
/// below 12 Bark and of a quarter of the Bark number above. Of the sum of the channels, up to 8 kHz.
pub struct NoiseToMask {
    analyser: Analyser,
    /// For each frequency its band.
    band: Vec<usize>,
    /// Bands that have a frequency: the lowest ones are narrower than those lie apart.
    used: f32,
    spread: Vec<[f32; BANDS]>,
    offset: [f32; BANDS],
    sound: VecDeque<f32>,
    difference: VecDeque<f32>,
    sums: [Vec<f32>; 2],
    /// Of each frame with a difference its energy and its ratio in dB.
    frames: Vec<(f32, f32)>,
    lately: f32,
}

impl Default for NoiseToMask {
    fn default() -> Self {
        // In double precision, then rounded: the same on every machine.
        let bark = |at: usize| {
            let hertz = 62.5 * at as f64;
            13.0 * (0.000_76 * hertz).atan() + 3.5 * (hertz / 7_500.0).powi(2).atan()
        };
        let middle = |band: usize| 0.5 * band as f64 + 0.25;
        let band: Vec<usize> = (0..BINS).map(|at| ((2.0 * bark(at)) as usize).min(BANDS - 1)).collect();
        Self {
            analyser: Analyser::new(),
            used: (0..BANDS).filter(|one| band.contains(one)).count() as f32,
            band,
            spread: (0..BANDS)
                .map(|from| {
                    std::array::from_fn(|to| {
                        let distance = middle(to) - middle(from);
                        let fall = if distance < 0.0 { -FALL[0] * distance } else { FALL[1] * distance };
                        10f64.powf(-fall / 10.0) as f32
                    })
                })
                .collect(),
            offset: std::array::from_fn(|band| {
                let down = if middle(band) < 12.0 { 3.0 } else { 0.25 * middle(band) };
                (10f64.powf(-down / 10.0) / 1.3) as f32
            }),
            sound: VecDeque::new(),
            difference: VecDeque::new(),
            sums: [Vec::new(), Vec::new()],
            frames: Vec::new(),
            lately: -20.0,
        }
    }
}

impl NoiseToMask {
    /// Begins a piece.
    pub fn begin(&mut self) {
        self.sums.iter_mut().for_each(Vec::clear);
    }

    /// Adds one channel of the piece.
    pub fn add(&mut self, sound: &[f32], difference: &[f32]) {
        for (sum, channel) in self.sums.iter_mut().zip([sound, difference]) {
            sum.resize(channel.len(), 0.0);
            sum.iter_mut().zip(channel).for_each(|(sum, value)| *sum += value);
        }
    }

    /// Ends a piece and measures the frames that are full.
    pub fn end(&mut self) {
        self.sound.extend(&self.sums[0]);
        self.difference.extend(&self.sums[1]);
        while self.sound.len() >= FRAME {
            self.measure();
            self.sound.drain(..HOP);
            self.difference.drain(..HOP);
        }
    }

    fn measure(&mut self) {
        let row = |samples: &VecDeque<f32>| -> Vec<f32> { samples.iter().take(FRAME).copied().collect() };
        let (sound, difference) = (row(&self.sound), row(&self.difference));
        let (mut powers, mut noise) = (vec![0.0; BINS], vec![0.0; BINS]);
        self.analyser.add_powers([&sound, &difference], &mut powers, &mut noise);
        let (mut bands, mut noises, mut masked) = ([0.0f32; BANDS], [0.0f32; BANDS], [0.0f32; BANDS]);
        for ((band, power), noise) in self.band.iter().zip(&powers).zip(&noise) {
            bands[*band] += power;
            noises[*band] += noise;
        }
        for (energy, spread) in bands.iter().zip(&self.spread) {
            masked.iter_mut().zip(spread).for_each(|(masked, spread)| *masked += energy * spread);
        }
        let energy: f32 = bands.iter().sum();
        let floor = energy * 1e-8 + 1e-12;
        let ratios = noises.iter().zip(&masked).zip(&self.offset);
        let ratio: f32 = ratios.map(|((noise, masked), offset)| noise / (masked * offset + floor)).sum::<f32>() / self.used;
        if noises.iter().any(|noise| *noise > 0.0) {
            let ratio = decibels(ratio + 1e-9);
            self.lately += RECENT * (ratio - self.lately);
            self.frames.push((energy, ratio));
        }
    }

    /// The ratio of the last second or so, in dB.
    pub fn lately(&self) -> f32 {
        self.lately
    }

    /// The mean over all frames that have a difference and are not silent, in dB; -90 where there are none.
    pub fn decibels(&self) -> f64 {
        let loudest = self.frames.iter().map(|(energy, _)| *energy).fold(0.0, f32::max);
        let active = self.frames.iter().filter(|(energy, _)| *energy > loudest * ACTIVE);
        let (sum, count) = active.fold((0.0, 0), |(sum, count), (_, ratio)| (sum + f64::from(*ratio), count + 1));
        if count == 0 { -90.0 } else { sum / f64::from(count) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_noise_is_masked_by_a_loud_sound_only() {
        let mut state = 1u32;
        let mut noise = |level: f32| -> Vec<f32> {
            (0..16_000)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    level * ((state >> 8) as f32 / 8_388_608.0 - 1.0)
                })
                .collect()
        };
        let (loud, soft, difference) = (noise(0.5), noise(0.005), noise(0.01));
        let of = |sound: &[f32]| {
            let mut nmr = NoiseToMask::default();
            nmr.begin();
            nmr.add(sound, &difference);
            nmr.end();
            nmr.decibels()
        };
        let (low, high) = (of(&loud), of(&soft));
        assert!(low < -25.0 && high > 5.0, "{low} {high}");
        assert_eq!(NoiseToMask::default().decibels(), -90.0);
    }
}
