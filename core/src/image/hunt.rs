//! The search for one key: what each look says, and what it may cost of the chance of a false finding.

use super::asked::Asked;
use super::carrier::Carrier;
use super::fold::Lie;
use super::spectrum::{Pilot, Reader, Soft, Spectrum, Turn};
use super::transform::{Evidence, Transform, Where};
use crate::error::Result;
use crate::keyed::Key;
use crate::payload::{CHECK, Decoded, LIST, hex};
use crate::stats::tail::{any_of, both, keyed_sum};
use std::f64::consts::LN_2;

/// Chance of a false finding that is accepted, for a file and a key, the search included.
pub(crate) const ACCEPT: f64 = 1e-6;
/// Below this the p-value is a proven bound, but no longer one that the false-alarm study has counted (bench/results/false-alarms.md).
pub(crate) const COUNTED: f64 = 1e-3;
/// Places of the pilot at which the word's chips are read, in one spectrum, of one pattern and of many; and those of them at which the word
/// is decoded.
pub const PLACES: [usize; 2] = [8, 32];
/// The same where payloads are asked for: a known word needs no pilot that stands out.
const ASKED_PLACES: usize = 96;
const AT_ONCE: usize = 2;
/// Parts of a stage's chance of a false finding for marks that are read and for those that are only seen.
const READ: f64 = 0.25;
const SEEN: f64 = 0.75;

/// Parts of the chance of a false finding where payloads are asked for: for marks that nobody named, for the payloads in the stages, and as
/// much again at the places that they tell themselves.
const UNASKED: f64 = 0.5;
const ASKED: f64 = 0.25;

/// One part of the search, and how much of the accepted chance of a false finding it may use: the parts of all stages sum to 1.
#[derive(Clone, Copy)]
pub struct Stage {
    pub part: f64,
    /// Places, forms and patterns at which the pilot is looked for.
    pub looks: f64,
    /// Spectra in which it is looked for.
    pub spectra: f64,
}

/// The search for one key: where it stands, and the best of it.
pub struct Hunt<'a> {
    /// What the key determines.
    pub carrier: &'a Carrier,
    pub asked: Option<&'a Asked>,
    stage: Stage,
    pub best: Option<Found>,
}

/// A pilot, with the word behind it where that was read.
pub struct Found {
    pub pilot: Pilot,
    pub lie: Lie,
    pub decoded: Option<Decoded>,
    /// The payload asked for that was recognised.
    asked: Option<String>,
    /// ln of the chance of this without a mark, the whole search included.
    pub chance: f64,
}

impl<'a> Hunt<'a> {
    /// Nothing was looked at yet.
    pub fn new(carrier: &'a Carrier, asked: Option<&'a Asked>) -> Self {
        Self { carrier, asked, stage: Stage { part: 1.0, looks: 1.0, spectra: 1.0 }, best: None }
    }

    /// What follows is looked at on the account of this stage.
    pub fn begin(&mut self, stage: Stage) {
        self.stage = stage;
    }

    /// What a stage may use for marks that nobody named: all of its part, or half where payloads are asked for.
    fn unasked(&self) -> f64 {
        self.stage.part * if self.asked.is_some() { UNASKED } else { 1.0 }
    }

    /// The chips behind a pilot.
    pub fn soft(&self, spectrum: &Spectrum, pilot: &Pilot) -> Soft {
        let layout = self.carrier.layout(pilot.variant, pilot.form);
        spectrum.soft(&self.carrier.variants[pilot.variant], &layout, self.carrier.coder(pilot.form).length(), pilot)
    }

    /// Places of the pilot that are looked at in a spectrum.
    fn places(&self) -> usize {
        match self.asked {
            Some(_) => ASKED_PLACES,
            None => PLACES[usize::from(self.carrier.variants.len() > 1)],
        }
    }

    /// Looks for the pilot in a spectrum and reads the word at its best places. True when a payload was accepted.
    pub fn read(&mut self, reader: &mut Reader, spectrum: &Spectrum, lie: &Lie, turns: &[Turn]) -> Result<bool> {
        let pilots = reader.search(spectrum, self.carrier, turns, self.places());
        self.follow(spectrum, lie, pilots)
    }

    /// Judges the pilots of a spectrum by the chips of the word behind them as well, and reads the word where both
    /// stand out most. True when a payload was accepted.
    pub fn follow(&mut self, spectrum: &Spectrum, lie: &Lie, pilots: Vec<Pilot>) -> Result<bool> {
        let Stage { looks, spectra, .. } = self.stage;
        let part = self.unasked();
        let places = (spectra * self.places() as f64).ln();
        let mut all: Vec<(Pilot, Soft)> = Vec::with_capacity(pilots.len());
        for pilot in pilots {
            let soft = self.soft(spectrum, &pilot);
            // Chips with a word agree; how much likelier that makes them divides the chance, place by place.
            let chance = any_of(looks.ln(), pilot.chance - soft.agreement) - (part * SEEN).ln();
            self.keep(Found { pilot, lie: *lie, decoded: None, asked: None, chance });
            all.push((pilot, soft));
        }
        let height = |(pilot, soft): &(Pilot, Soft)| pilot.chance - soft.agreement;
        all.sort_by(|a, b| height(a).total_cmp(&height(b)));
        for (pilot, soft) in all.iter().take(AT_ONCE) {
            let coder = self.carrier.coder(pilot.form);
            let Some(decoded) = coder.decode(&soft.bits)? else { continue };
            // Without a mark the list's words are as good as random: each passes the check once in 2^32, whatever its score, and
            // its score is at most the best of all words'.
            let check = any_of((spectra * (AT_ONCE * LIST) as f64).ln(), -(CHECK as f64) * LN_2);
            let size = (coder.class().bits() + CHECK) as f64 * LN_2;
            let score = any_of(places + size, keyed_sum(soft.height(&decoded.word)));
            let chance = both(check + score, any_of(looks.ln(), pilot.chance)) - (part * READ).ln();
            if chance <= ACCEPT.ln() {
                self.best = Some(Found { pilot: *pilot, lie: *lie, decoded: Some(decoded), asked: None, chance });
                return Ok(true);
            }
        }
        Ok(self.recognise(lie, &all, spectra * self.places() as f64))
    }

    /// Whether the word of a payload asked for stands at one of these places. The chips' signs are independent of how the places were
    /// chosen, so every word has a chance of its own at every place. `tried`: places of the whole stage.
    pub fn recognise(&mut self, lie: &Lie, places: &[(Pilot, Soft)], tried: f64) -> bool {
        let Some(asked) = self.asked else { return false };
        let all = (tried * asked.count as f64).ln();
        let budget = (self.stage.part * ASKED).ln();
        let words = |pilot: &Pilot| {
            let form = pilot.form;
            asked.words.iter().filter(move |one| one.form == form)
        };
        let fits = places.iter().flat_map(|(pilot, soft)| words(pilot).map(move |one| (soft.height(&one.word), pilot, one)));
        let Some((height, pilot, known)) = fits.max_by(|a, b| a.0.total_cmp(&b.0)) else { return false };
        let chance = any_of(all, keyed_sum(height)) - budget;
        let recognised = chance <= ACCEPT.ln();
        let found = Found { pilot: *pilot, lie: *lie, decoded: None, asked: Some(known.payload.clone()), chance };
        if recognised {
            // A pilot that stands out more than the word tells less: not whose content it is.
            let chance = self.best.as_ref().map_or(chance, |best| chance.min(best.chance));
            self.best = Some(Found { chance, ..found });
        } else {
            self.keep(found);
        }
        recognised
    }

    fn keep(&mut self, found: Found) {
        if self.best.as_ref().is_none_or(|best| found.chance < best.chance) {
            self.best = Some(found);
        }
    }

    /// What the search says. `block`: stored pixels for a sample of the plane that was looked at.
    pub fn evidence(&self, key: &Key, block: f64) -> Evidence {
        let empty = Evidence {
            kind: "watermark",
            modality: "image",
            found: false,
            p_value: 1.0,
            extrapolated: false,
            score: 0.0,
            payload: None,
            asked: None,
            bits: None,
            key_id: key.id(),
            place: None,
        };
        let Some(Found { pilot, lie, decoded, asked, chance }) = &self.best else { return empty };
        // Smaller numbers are zero in floating point, which would claim certainty.
        let p_value = chance.exp().clamp(1e-300, 1.0);
        let found = p_value <= ACCEPT;
        Evidence {
            found,
            p_value,
            extrapolated: p_value < COUNTED,
            score: pilot.score,
            payload: decoded.as_ref().map(|decoded| hex(&decoded.payload)),
            asked: asked.clone().filter(|_| found),
            bits: decoded.as_ref().map(|decoded| 8 * decoded.payload.len()),
            place: found.then(|| Where { transform: Transform::of(lie, pilot, block) }),
            ..empty
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recognised_payload_is_told_though_the_pilot_stands_out_more() {
        let key = Key::parse("public").unwrap();
        let carrier = Carrier::new(&key).unwrap();
        let asked = Asked::new(&key, &carrier, &[vec![7; 8]], None).unwrap();
        let pilot = Pilot::at(0, [0.0; 2], 0);
        let bits = asked.words[0].word.iter().map(|bit| if *bit { -1.0 } else { 1.0 }).collect::<Vec<f32>>();
        let lie = Lie::upright(128.0);
        // Heights of 512 / 64 and 512 / 512.
        for (spread, said) in [(64.0, true), (512.0, false)] {
            let mut hunt = Hunt::new(&carrier, Some(&asked));
            hunt.keep(Found { pilot, lie, decoded: None, asked: None, chance: -100.0 });
            let soft = Soft { bits: bits.clone(), spread, agreement: 0.0 };
            assert_eq!(hunt.recognise(&lie, &[(pilot, soft)], 1.0), said);
            let evidence = hunt.evidence(&key, 1.0);
            assert_eq!(evidence.asked.is_some(), said);
            assert!(evidence.found && evidence.p_value <= (-100f64).exp() * 1.001, "{evidence:?}");
        }
    }
}
