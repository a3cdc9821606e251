//! Rounding that every processor does in two additions.

/// Adding this leaves no room for a fraction: 1.5 * 2^23.
const SHIFT: f32 = 12_582_912.0;

/// The nearest whole number, of two equally near ones the even one; `value` is between -2^22 and 2^22. The same as
/// `round_ties_even`, which is a function call for each number on processors without an instruction for it.
#[inline]
pub fn nearest(value: f32) -> f32 {
    (value + SHIFT) - SHIFT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_as_the_standard_library_does() {
        for at in -8_000..8_000 {
            let value = at as f32 / 16.0;
            assert_eq!(nearest(value), value.round_ties_even(), "{value}");
        }
        for value in [0.499_999_97, -0.500_000_06, 4_194_303.5, -4_194_303.5, 255.5] {
            assert_eq!(nearest(value), value.round_ties_even(), "{value}");
        }
    }
}
