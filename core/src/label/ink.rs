//! Contrast as WCAG 2.2 measures it, and the plate that brings it about.

/// What the plate aims at. The rule is 4.5 (WCAG 2.2, 1.4.3 level AA; GB 45438-2025 has no number); the rest is for what later
/// compression takes away.
const AIM: f32 = 5.0;
/// Black ink is taken only where it needs this much less plate than white ink.
const FOR_WHITE: f32 = 0.15;

/// Relative luminance (WCAG 2.2) of sRGB samples on the scale 0-255; other colour spaces are taken as sRGB.
pub struct Luminance([f32; 256]);

impl Luminance {
    /// Makes the table of the transfer function.
    pub fn new() -> Self {
        Self(std::array::from_fn(|level| {
            let value = level as f32 / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        }))
    }

    fn linear(&self, sample: f32) -> f32 {
        self.0[(sample + 0.5) as u8 as usize]
    }

    /// 0 (black) to 1 (white).
    pub fn of(&self, colour: [f32; 3]) -> f32 {
        0.2126 * self.linear(colour[0]) + 0.7152 * self.linear(colour[1]) + 0.0722 * self.linear(colour[2])
    }
}

/// Contrast ratio of two luminances, 1 to 21.
pub fn contrast(a: f32, b: f32) -> f32 {
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Ink, and the plate of the opposite colour under it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scheme {
    /// The ink's samples: 255 white, 0 black.
    pub ink: f32,
    /// The plate's samples.
    pub plate: f32,
    /// How much of what is behind the plate covers, 0 to 1.
    pub opacity: f32,
}

/// Chooses ink and the thinnest plate with which every pixel behind the label passes. `behind` has colours and alpha (0-1);
/// where it is transparent the plate is all there is.
pub fn scheme(behind: &[([f32; 3], f32)], luminance: &Luminance) -> Scheme {
    let white = thinnest(behind, luminance, 255.0);
    let black = thinnest(behind, luminance, 0.0);
    if black.opacity + FOR_WHITE < white.opacity { black } else { white }
}

fn thinnest(behind: &[([f32; 3], f32)], luminance: &Luminance, ink: f32) -> Scheme {
    let plate = 255.0 - ink;
    let ink_luminance = luminance.of([ink; 3]);
    let ratio = |pixel: &([f32; 3], f32), opacity| contrast(ink_luminance, luminance.of(covered(pixel, plate, opacity)));
    let mut opacity = 0.0;
    // The pixel that is worst without a plate settles it nearly always; others can overtake it by a little.
    for _ in 0..8 {
        let worst = behind.iter().map(|pixel| (ratio(pixel, opacity), pixel)).min_by(|a, b| a.0.total_cmp(&b.0));
        let Some((reached, pixel)) = worst else { break };
        if reached >= AIM {
            break;
        }
        let (mut low, mut high) = (opacity, 1.0);
        for _ in 0..10 {
            let middle = (low + high) / 2.0;
            if ratio(pixel, middle) >= AIM { high = middle } else { low = middle }
        }
        opacity = high;
    }
    Scheme { ink, plate, opacity }
}

/// A pixel under the plate: what was transparent shows the plate, the rest as much of it as `opacity` says.
pub fn covered(&(colour, alpha): &([f32; 3], f32), plate: f32, opacity: f32) -> [f32; 3] {
    colour.map(|sample| {
        let shown = sample * alpha + plate * (1.0 - alpha);
        shown + (plate - shown) * opacity
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_standard() {
        let l = Luminance::new();
        assert!((contrast(l.of([255.0; 3]), l.of([0.0; 3])) - 21.0).abs() < 1e-3);
        // #767676 on white: the known 4.54.
        assert!((contrast(l.of([118.0; 3]), l.of([255.0; 3])) - 4.54).abs() < 0.01);
    }

    #[test]
    fn the_plate_is_no_thicker_than_needed() {
        let l = Luminance::new();
        assert_eq!(scheme(&[([255.0; 3], 1.0)], &l), Scheme { ink: 0.0, plate: 255.0, opacity: 0.0 });
        assert_eq!(scheme(&[([9.0; 3], 1.0)], &l), Scheme { ink: 255.0, plate: 0.0, opacity: 0.0 });
        let both = scheme(&[([0.0; 3], 1.0), ([255.0; 3], 1.0), ([255.0, 0.0, 0.0], 1.0)], &l);
        assert!(both.ink == 255.0 && both.opacity > 0.5 && both.opacity < 0.6, "{both:?}");
        assert_eq!(scheme(&[([255.0; 3], 0.0)], &l).opacity, 0.0);
    }
}
