//! UTF-16 as code points.

/// The code points of UTF-16, lone surrogates as they are, with the number of units before each.
pub fn points(units: &[u16]) -> impl Iterator<Item = (usize, u32)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let first = u32::from(*units.get(at)?);
        let place = at;
        let second = units.get(at + 1).map(|unit| u32::from(*unit));
        at += 1;
        match second {
            Some(low @ 0xdc00..=0xdfff) if (0xd800..=0xdbff).contains(&first) => {
                at += 1;
                Some((place, 0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00)))
            }
            _ => Some((place, first)),
        }
    })
}
