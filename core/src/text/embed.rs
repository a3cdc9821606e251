//! Puts the mark into a text, whole or as it comes, and takes it out again with the key.

use super::carrier::{Carrier, Place};
use super::class::{Class, FIRST_A, FIRST_B, class};
use super::lexer::Lexer;
use super::points::points;
use crate::error::{Error, Result};
use crate::keyed::Key;
use crate::payload::unhex;
use serde::{Deserialize, Serialize};

/// What the mark says. Names a trade of length against content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// That the text is marked: found in the shortest excerpts.
    Presence,
    /// Also which content it is.
    Id,
}

impl Profile {
    /// Letters between two marks, in the units of `class::weight`.
    fn distance(self) -> u32 {
        match self {
            Profile::Presence => 63,
            Profile::Id => 90,
        }
    }

    /// Whether the mark with this number is of alphabet A.
    fn is_a(self, number: u32) -> bool {
        match self {
            Profile::Presence => number % 2 == 1,
            Profile::Id => matches!(number % 5, 1 | 3),
        }
    }
}

/// What is asked of `embed`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// `public` or 64 hexadecimal digits.
    pub key: String,
    /// What the mark says.
    pub profile: Profile,
    /// 16 hexadecimal digits; needed for `id`, and not for `strip`.
    pub payload: Option<String>,
}

/// What the symbols of alphabet A carry.
#[derive(Debug, Clone, Copy)]
struct Carried {
    base: u64,
    further: u64,
}

/// A piece of a text that is marked as it comes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// As in [`Options`], the same for every piece.
    pub key: String,
    /// As in [`Options`].
    pub profile: Profile,
    /// As in [`Options`].
    pub payload: Option<String>,
    /// What the step before gave; none at the start.
    pub state: Option<State>,
    /// Whether the text ends with this piece.
    #[serde(default)]
    pub end: bool,
}

/// What must be known of the text up to now. It holds a few of its last letters, and nothing of the key.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    lexer: Lexer,
    /// Letters since the last mark.
    due: u32,
    /// Letters since a place that was passed over when a mark was due: the next one comes so much sooner.
    passed: Option<u32>,
    /// Marks up to now.
    number: u32,
    /// A high surrogate whose other half has not come.
    half: Option<u16>,
    /// A space that a mark may stand before.
    space: bool,
}

/// The next piece; gives what is ready of it and of what was held back, and the state behind it.
pub fn step(units: &[u16], step: &Step) -> Result<(Vec<u16>, State)> {
    let mut embedder = Embedder::new(&Options { key: step.key.clone(), profile: step.profile, payload: step.payload.clone() })?;
    embedder.state = step.state.clone().unwrap_or_default();
    let mut out = embedder.push(units);
    if step.end {
        out.extend(embedder.end());
    }
    Ok((out, embedder.state))
}

/// A text on its way: give it in pieces, take the same bytes as of the whole.
pub struct Embedder {
    carrier: Carrier,
    pub(super) profile: Profile,
    carried: Carried,
    state: State,
}

impl Embedder {
    /// Starts a text. `id` without a payload of 64 bits is an error.
    pub fn new(options: &Options) -> Result<Self> {
        let key = Key::parse(&options.key)?;
        let carrier = Carrier::new(&key);
        let carried = match (options.profile, &options.payload) {
            (Profile::Presence, _) => Carried { base: 0, further: 0 },
            (Profile::Id, Some(digits)) => {
                let bytes: [u8; 8] = unhex(digits)?
                    .try_into()
                    .map_err(|_| Error::parameter("the text mark takes a payload of 16 hexadecimal digits"))?;
                let payload = u64::from_be_bytes(bytes);
                Carried { base: carrier.tagged(payload >> 24), further: payload & 0xff_ffff }
            }
            (Profile::Id, None) => return Err(Error::parameter("the profile id needs a payload")),
        };
        Ok(Self::with(carrier, options.profile, carried))
    }

    /// An embedder whose symbols of alphabet A carry nothing, to repeat what one of that profile did.
    pub(super) fn repeating(carrier: Carrier, profile: Profile) -> Self {
        Self::with(carrier, profile, Carried { base: 0, further: 0 })
    }

    /// The place that stands here, and whether its symbol is of alphabet A.
    pub(super) fn here(&self) -> Option<(Place, bool)> {
        let (letters, length, _) = self.state.lexer.context()?;
        Some((self.carrier.place(&letters[..length]), self.profile.is_a(self.state.number)))
    }

    fn with(carrier: Carrier, profile: Profile, carried: Carried) -> Self {
        Self { carrier, profile, carried, state: State::default() }
    }

    /// The next piece of the text, in UTF-16; what can be given out of it and of what was held back.
    pub fn push(&mut self, units: &[u16]) -> Vec<u16> {
        let mut out = Vec::with_capacity(units.len() + units.len() / 6 + 2);
        let joined: Vec<u16>;
        let mut units = units;
        if let Some(half) = self.state.half.take() {
            joined = std::iter::once(half).chain(units.iter().copied()).collect();
            units = &joined;
        }
        if let Some((last @ 0xd800..=0xdbff, rest)) = units.split_last() {
            self.state.half = Some(*last);
            units = rest;
        }
        for (_, code) in points(units) {
            self.take(code, &mut out);
        }
        out
    }

    /// The text's end: what was held back.
    pub fn end(&mut self) -> Vec<u16> {
        let mut out = Vec::new();
        if let Some(half) = self.state.half.take() {
            self.take(u32::from(half), &mut out);
        }
        if std::mem::take(&mut self.state.space) {
            out.push(0x20);
            self.read(0x20, Class::Space);
        }
        out
    }

    #[inline]
    fn take(&mut self, code: u32, out: &mut Vec<u16>) {
        let kind = class(code);
        if self.state.space {
            self.state.space = false;
            if self.state.lexer.parts(code) {
                out.extend(self.mark());
            }
            out.push(0x20);
            self.read(0x20, Class::Space);
        }
        if self.state.due >= self.profile.distance() {
            if kind == Class::Space && self.state.lexer.before_space() {
                self.state.space = true;
                return;
            }
            if self.state.lexer.inside(code, kind) {
                out.extend(self.mark());
            }
        }
        match code {
            0..=0xffff => out.push(code as u16),
            _ => out.extend([0xd7c0 + (code >> 10) as u16, 0xdc00 + (code & 0x3ff) as u16]),
        }
        self.read(code, kind);
    }

    #[inline]
    pub(super) fn read(&mut self, code: u32, kind: Class) {
        if kind == Class::Space && self.state.due >= self.profile.distance() && self.state.lexer.before_space() {
            self.state.passed.get_or_insert(0);
        }
        self.state.lexer.read(code, kind, 0);
        let progress = self.state.lexer.progress();
        self.state.due = self.state.due.saturating_add(progress);
        if let Some(passed) = &mut self.state.passed {
            *passed = passed.saturating_add(progress);
        }
    }

    /// The symbol of this place; none where too few letters stand before it.
    pub(super) fn mark(&mut self) -> Option<u16> {
        let (place, is_a) = self.here()?;
        let symbol = if is_a {
            let bits = if place.further() { self.carried.further } else { self.carried.base };
            FIRST_A + u16::from(place.carrying(bits))
        } else {
            FIRST_B + u16::from(place.b())
        };
        // Never at once again, so that two marks do not stand side by side.
        self.state.due = self.state.passed.take().unwrap_or(0).min(self.profile.distance() - 1);
        self.state.number = self.state.number.wrapping_add(1);
        Some(symbol)
    }
}

/// The marked text, in UTF-16. Every unit of the text is in it, in its order.
pub fn embed(units: &[u16], options: &Options) -> Result<Vec<u16>> {
    let mut embedder = Embedder::new(options)?;
    let mut out = embedder.push(units);
    out.extend(embedder.end());
    Ok(out)
}

impl Embedder {
    /// Whether a mark comes before `code`, which `rest` follows.
    pub(super) fn wants(&self, code: u32, rest: &[u16]) -> bool {
        if self.state.due < self.profile.distance() || self.state.lexer.context().is_none() {
            return false;
        }
        let kind = class(code);
        self.state.lexer.inside(code, kind)
            || (kind == Class::Space
                && self.state.lexer.before_space()
                && points(rest).next().is_some_and(|(_, next)| self.state.lexer.parts(next)))
    }
}
