//! From energies of cells to the numbers that carry the mark: levels against their neighbours, and what they are worth.

use super::carrier::BANDS;
use super::grid::Energies;

/// Numbers of one slot, a band each.
pub type Row = [f32; BANDS];

/// Share of each of the four neighbours in frequency that is taken away.
const BESIDE: f32 = 0.12;
/// A level differs from its neighbours by at most this, in dB: what is beyond says nothing.
const CLIP: f32 = 6.0;
/// How far above the noise floor, the 10 % quantile of its band, a cell has to be.
const ABOVE_NOISE: f32 = 1.0;
/// Energies this much below the mean of all cells count for nothing: 32 dB.
const FAINT: f32 = 6.3e-4;
/// Part of the mean energy that is added before a logarithm is taken.
const FLOOR: f32 = 1e-4;
/// Energy below everything that is heard; keeps logarithms finite.
const NOTHING: f32 = 1e-12;

/// The quiet of a sound: what it takes to see whether a cell is worth something.
#[derive(Debug, Clone, Copy)]
pub struct Quiet {
    /// Mean energy of a cell.
    pub mean: f32,
    /// The noise floor of each band.
    pub noise: Row,
}

impl Quiet {
    /// Of these rows.
    pub fn of<'a>(rows: impl Iterator<Item = &'a Energies> + Clone) -> Self {
        let (mut sum, mut count) = (0.0f64, 0usize);
        for row in rows.clone() {
            sum += row.iter().map(|energy| f64::from(*energy)).sum::<f64>();
            count += 1;
        }
        let mut noise = [0.0; BANDS];
        let mut column = Vec::with_capacity(count);
        for (band, noise) in noise.iter_mut().enumerate() {
            column.clear();
            column.extend(rows.clone().map(|row| row[band]));
            if !column.is_empty() {
                let tenth = column.len() / 10;
                *noise = *column.select_nth_unstable_by(tenth, f32::total_cmp).1;
            }
        }
        Self { mean: (sum / (count.max(1) * BANDS) as f64) as f32, noise }
    }

    /// Levels in dB.
    pub fn levels(&self, energies: &Energies) -> Row {
        let floor = self.mean * FLOOR + NOTHING;
        energies.map(|energy| decibels(energy + floor))
    }

    /// What each cell is worth, 0 to 1. Bands from `bands` on are worth nothing.
    pub fn weights(&self, energies: &Energies, bands: usize) -> Row {
        let faint = self.mean * FAINT + NOTHING;
        std::array::from_fn(|band| {
            let energy = energies[band];
            if band < bands { energy / (energy + ABOVE_NOISE * self.noise[band] + faint) } else { 0.0 }
        })
    }
}

/// Levels against their neighbours in time and frequency, clipped: what the sound itself does slowly is gone.
pub fn contrast(before: &Row, here: &Row, after: &Row) -> Row {
    let mut steps = [0.0; BANDS + 4];
    for band in 0..BANDS {
        steps[band + 2] = here[band] - 0.5 * (before[band] + after[band]);
    }
    // At the edges the outermost band stands for those beyond.
    (steps[0], steps[1]) = (steps[2], steps[2]);
    (steps[BANDS + 2], steps[BANDS + 3]) = (steps[BANDS + 1], steps[BANDS + 1]);
    std::array::from_fn(|band| {
        let beside = steps[band] + steps[band + 1] + steps[band + 3] + steps[band + 4];
        (steps[band + 2] - BESIDE * beside).clamp(-CLIP, CLIP)
    })
}

/// The part of `contrast` that looks across frequency, turned round: how much each cell of a slot helps the wanted ones.
pub fn spread_back(wanted: &Row) -> Row {
    let mut padded = [0.0; BANDS + 4];
    padded[2..BANDS + 2].copy_from_slice(wanted);
    std::array::from_fn(|band| {
        padded[band + 2] - BESIDE * (padded[band] + padded[band + 1] + padded[band + 3] + padded[band + 4])
    })
}

/// 10 times the decimal logarithm of a positive, normal number; wrong by less than 0.0001.
///
/// By exponent and a polynomial, not by the system's function, so that both engines give the same bits.
pub fn decibels(value: f32) -> f32 {
    let bits = value.to_bits();
    let exponent = (bits >> 23) as i32 - 127;
    let part = f32::from_bits(bits & 0x007f_ffff | 0x3f80_0000) - 1.0;
    let inner = 0.441_740_3 + part * (-0.266_029_9 + part * (0.146_314_34 - part * 0.044_004_69));
    const DECIBELS: f32 = 3.010_3;
    DECIBELS * (exponent as f32 + part + part * (1.0 - part) * inner)
}

/// 10 to the power of `decibels / 20`: a factor of amplitude.
pub fn factor(decibels: f32) -> f32 {
    // 2 to the power of x: whole part by the exponent, the rest by Taylor's series around a half.
    let power = decibels * 0.166_096_4;
    // Rounded down by hand: without a processor's own instruction `floor` is a call.
    let near = power as i32;
    let whole = near.saturating_sub(i32::from(near as f32 > power));
    let part = (power - whole as f32 - 0.5) * std::f32::consts::LN_2;
    let series = 1.0 + part * (1.0 + part * (0.5 + part * (1.0 / 6.0 + part * (1.0 / 24.0 + part * (1.0 / 120.0)))));
    f32::from_bits((whole.saturating_add(127).clamp(1, 254) as u32) << 23) * series * std::f32::consts::SQRT_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decibels_and_factors_are_those_of_the_definition() {
        for at in -60..60 {
            let value = 1.37f32.powi(at);
            assert!((decibels(value) - 10.0 * value.log10()).abs() < 1e-3, "{value}");
            let level = at as f32 * 0.413;
            assert!((factor(level) / 10f32.powf(level / 20.0) - 1.0).abs() < 1e-5, "{level}");
        }
    }

    #[test]
    fn slow_changes_leave_no_contrast() {
        let ramp = |slot: f32| -> Row { std::array::from_fn(|_| 3.0 * slot) };
        assert!(contrast(&ramp(0.0), &ramp(1.0), &ramp(2.0)).iter().all(|value| value.abs() < 1e-5));
        let mut here = ramp(1.0);
        here[7] += 4.0;
        let contrast = contrast(&ramp(0.0), &here, &ramp(2.0));
        assert!((contrast[7] - 4.0).abs() < 1e-5 && (contrast[8] + 0.48).abs() < 1e-5);
    }

    #[test]
    fn quiet_cells_are_worth_little() {
        let rows: Vec<Energies> = (0..50).map(|slot| std::array::from_fn(|_| if slot % 2 == 0 { 1.0 } else { 1e-6 })).collect();
        let quiet = Quiet::of(rows.iter());
        assert!(quiet.weights(&rows[0], BANDS)[3] > 0.99 && quiet.weights(&rows[1], BANDS)[3] < 0.01);
        assert_eq!(quiet.weights(&rows[0], 3)[3], 0.0);
    }
}
