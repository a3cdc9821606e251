//! The attacker who also knows what the pictures carry: a payload is a hash of two fields of the label, which stands in the file. Which
//! code bit sways which frequency can then be learned, and with it any payload written.

use crate::attacker::{TILE, Tile, best_shift, likeness, moved};
use countermark_core::signal::fourier::Square;
use rustfft::num_complex::Complex32;

/// Code bits that sway one frequency: its real and its imaginary part have one each.
const BITS: usize = 2;

/// What was learned of one form of the key.
pub struct Model {
    /// What all pictures have in common.
    mean: Tile,
    /// For each frequency the code bits that sway it most, and how.
    sways: Vec<[(usize, Complex32); BITS]>,
}

impl Model {
    /// The pattern of a code word.
    pub fn pattern(&self, word: &[bool]) -> Tile {
        let sign = |bit: usize| if word[bit] { -1.0 } else { 1.0 };
        self.mean
            .iter()
            .zip(&self.sways)
            .map(|(mean, sways)| mean + sways.iter().map(|(bit, sway)| sway * sign(*bit)).sum::<Complex32>())
            .collect()
    }
}

/// A model for each of the patterns that the tiles were found to have in common.
pub fn learned(tiles: &[&Tile], words: &[&Vec<bool>], patterns: &[Tile]) -> Vec<Model> {
    let mut square = Square::new(TILE);
    let mut classes: Vec<Vec<(Tile, &Vec<bool>)>> = patterns.iter().map(|_| Vec::new()).collect();
    for (tile, word) in tiles.iter().zip(words) {
        let fits: Vec<f32> = patterns.iter().map(|one| likeness(&mut square, tile, one)).collect();
        let Some(class) = (0..fits.len()).max_by(|a, b| fits[*a].total_cmp(&fits[*b])) else { continue };
        let (x, y, _) = best_shift(&mut square, tile, &patterns[class]);
        classes[class].push((moved(tile, TILE - x, TILE - y), *word));
    }
    classes.into_iter().filter(|class| !class.is_empty()).map(|class| model(&class)).collect()
}

fn model(class: &[(Tile, &Vec<bool>)]) -> Model {
    let length = class[0].1.len();
    let part = 1.0 / class.len() as f32;
    let signs: Vec<Vec<f32>> =
        class.iter().map(|(_, word)| word.iter().map(|bit| if *bit { -part } else { part }).collect()).collect();
    let mut model =
        Model { mean: vec![Complex32::default(); TILE * TILE], sways: vec![[(0, Complex32::default()); BITS]; TILE * TILE] };
    for at in 0..TILE * TILE {
        let mean = class.iter().map(|(tile, _)| tile[at]).sum::<Complex32>() * part;
        model.mean[at] = mean;
        if mean == Complex32::default() {
            continue;
        }
        let (mut across, mut down) = (vec![0.0f32; length], vec![0.0f32; length]);
        for ((tile, _), signs) in class.iter().zip(&signs) {
            let value = tile[at] - mean;
            across.iter_mut().zip(signs).for_each(|(sum, sign)| *sum += value.re * sign);
            down.iter_mut().zip(signs).for_each(|(sum, sign)| *sum += value.im * sign);
        }
        let mut order: Vec<usize> = (0..length).collect();
        let size = |bit: &usize| across[*bit].hypot(down[*bit]);
        order.select_nth_unstable_by(BITS, |a, b| size(b).total_cmp(&size(a)));
        for (sway, bit) in model.sways[at].iter_mut().zip(order) {
            *sway = (bit, Complex32::new(across[bit], down[bit]));
        }
    }
    model
}
