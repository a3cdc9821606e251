//! UTF-16 as code points.

/// The code point at a unit, a lone surrogate as it is, and how many units it has.
#[inline]
pub fn point(units: &[u16], at: usize) -> Option<(u32, usize)> {
    let first = u32::from(*units.get(at)?);
    if (0xd800..=0xdbff).contains(&first)
        && let Some(low @ 0xdc00..=0xdfff) = units.get(at + 1).map(|unit| u32::from(*unit))
    {
        return Some((0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00), 2));
    }
    Some((first, 1))
}

/// The code points of UTF-16, lone surrogates as they are, with the number of units before each.
pub fn points(units: &[u16]) -> impl Iterator<Item = (usize, u32)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let place = at;
        let (code, length) = point(units, at)?;
        at += length;
        Some((place, code))
    })
}
