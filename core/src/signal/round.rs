//! Rounding that every processor does in two additions.

/// Adding this leaves no room for a fraction: 1.5 * 2^23.
const SHIFT: f32 = 12_582_912.0;

/// The nearest whole number, of two equally near ones the even one; `value` is between -2^22 and 2^22. The same as
/// `round_ties_even`, which is a function call for each number on processors without an instruction for it.
#[inline]
pub fn nearest(value: f32) -> f32 {
    (value + SHIFT) - SHIFT
}

/// The same as a whole number, from the lowest bits of that sum; `value` is between -2^15 and 2^15. A conversion by `as` costs
/// several instructions for the numbers that do not fit.
#[inline]
pub fn whole(value: f32) -> i16 {
    (value + SHIFT).to_bits() as u16 as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_as_the_standard_library_does() {
        for at in -8_000..8_000 {
            let value = at as f32 / 16.0;
            assert_eq!(nearest(value), value.round_ties_even(), "{value}");
            assert_eq!(f32::from(whole(value)), value.round_ties_even(), "{value}");
        }
        assert_eq!([whole(32_767.0), whole(-32_768.0)], [i16::MAX, i16::MIN]);
        for value in [0.499_999_97, -0.500_000_06, 4_194_303.5, -4_194_303.5, 255.5] {
            assert_eq!(nearest(value), value.round_ties_even(), "{value}");
        }
    }
}
