//! Takes a provider's own mark out again.

use super::carrier::Carrier;
use super::class::{class, value_a, value_b};
use super::detect;
use super::embed::{Embedder, Options, Profile};
use super::points::points;
use crate::error::Result;
use crate::keyed::Key;

/// The text without the mark of the key and profile. What `embed` made is restored to the unit, whatever the text was: the
/// marking is repeated, and exactly what it put in is left out. Of a text that was edited since, the symbols that the key
/// accounts for are left out, if the mark is found at all; else nothing is.
pub fn strip(units: &[u16], options: &Options) -> Result<Vec<u16>> {
    let carrier = Carrier::new(&Key::parse(&options.key)?);
    let embedder = Embedder::repeating(carrier, options.profile);
    if let Some(text) = replay(units, embedder) {
        return Ok(text);
    }
    let mut gone = detect::accounted(units, &options.key)?.into_iter().peekable();
    Ok(units.iter().enumerate().filter(|(at, _)| gone.next_if_eq(at).is_none()).map(|(_, unit)| *unit).collect())
}

/// The text that gives `units` when it is marked, whatever alphabet A carries; none where a mark is missing or another.
fn replay(units: &[u16], mut embedder: Embedder) -> Option<Vec<u16>> {
    let mut out = Vec::with_capacity(units.len());
    for (place, code) in points(units) {
        let rest = &units[place + if code >= 0x10000 { 2 } else { 1 }..];
        let kind = class(code);
        if !embedder.wants(code, rest) {
            out.extend_from_slice(&units[place..units.len() - rest.len()]);
            embedder.read(code, kind);
            continue;
        }
        // A mark is due here, so this is one, and what comes behind it is what it was put before.
        let (at, is_a) = embedder.here()?;
        let fits = if is_a {
            value_a(code).is_some_and(|value| embedder.profile == Profile::Id || value == at.a())
        } else {
            value_b(code) == Some(at.b())
        };
        let (_, next) = points(rest).next()?;
        let behind = &rest[if next >= 0x10000 { 2 } else { 1 }..];
        if !fits || !embedder.wants(next, behind) {
            return None;
        }
        embedder.mark();
    }
    Some(out)
}
