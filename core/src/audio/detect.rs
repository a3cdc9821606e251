//! Looks for the marks of given keys.

use super::bytes;
use super::carrier::{BANDS, BLOCKS, Carrier, RATE, SLOTS};
use super::rates::{self, COARSE, Guess};
use super::search::{PIECE, Place, Search, Window};
use super::sound::{FINE, FINES, Map, Sound};
use super::spans::spans;
use super::word::{FORMS, LIST, TRIES, Word, Words};
use crate::error::Result;
use crate::keyed::Key;
use crate::payload::{CHECK, hex};
use crate::stats::tail::{any_of, both, keyed_sum};
use crate::watermark;
use serde::{Deserialize, Serialize};
use std::f64::consts::LN_2;

/// Chance of a false finding that is accepted, for a file and a key, the search included.
const ACCEPT: f64 = 1e-6;
/// Below this the p-value is a proven bound, but no longer one that the false-alarm study has counted.
const COUNTED: f64 = 1e-3;
/// Places at which the word is read, of a stage.
const PLACES: usize = 6;
/// A shorter sound holds no mark, in seconds.
const SHORTEST: f64 = 0.4;
/// Seconds of activity (see `Map::activity`) below which nothing can be hidden: a tone's two ends bring 0.1.
const LEAST_ACTIVITY: f64 = 0.2;

/// How hard to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// At the speed at which it was marked.
    Direct,
    /// Also at other speeds, tempos and pitches, up to 6 %.
    Full,
}

/// Options of `detect`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// Samples a second, 8000 to 192000.
    pub rate: u32,
    /// 1 to 16; interleaved.
    pub channels: u32,
    /// Each `public` or 64 hexadecimal digits.
    pub keys: Vec<String>,
    /// How hard to search.
    pub effort: Effort,
}

/// Where a mark was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Where {
    /// The marked parts, from and to in seconds.
    pub spans: Vec<[f64; 2]>,
    /// Frequencies now for a frequency then.
    pub speed: f64,
    /// Time then for a time now: 1.05 plays 5 % faster.
    pub tempo: f64,
    /// Seconds from the beginning to the first start of a block.
    pub offset: f64,
}

/// What was found of one key.
pub type Evidence = watermark::Evidence<Where>;

/// What `detect` says: one finding for each key, in their order.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The findings.
    pub evidence: Vec<Evidence>,
    /// False where this sound could not carry a mark at all, so that finding none says nothing.
    pub carries: bool,
    /// Why it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Looks for each key's mark. Not finding one is a result, not an error.
pub fn detect(samples: &[u8], options: &Options) -> Result<Report> {
    bytes::check(options.rate, options.channels, samples.len())?;
    let keys = watermark::keys(&options.keys)?;
    let sound = Sound::new(samples, options.rate, options.channels);
    let seconds = sound.length() as f64 / f64::from(RATE);
    let map = sound.map(0..sound.frames(), 1.0);
    let reason = if seconds < SHORTEST {
        Some(format!("the sound is {seconds:.2} s long; a mark needs {SHORTEST} s"))
    } else if map.activity() < LEAST_ACTIVITY {
        Some("the sound is silent or a lasting tone: nothing can be hidden in it".to_owned())
    } else {
        None
    };
    let mut listener = Listener { sound, map, coarse: None };
    let evidence = keys
        .iter()
        .map(|key| if reason.is_none() { listener.look(key, options.effort) } else { Ok(Hunt::nothing(key)) })
        .collect::<Result<_>>()?;
    Ok(Report { evidence, carries: reason.is_none(), reason })
}

/// One sound and what was computed of it so far; keys share it.
struct Listener {
    sound: Sound,
    map: Map,
    coarse: Option<rates::Coarse>,
}

/// The search for one key: where it stands, and the best of it.
struct Hunt<'a> {
    carrier: &'a Carrier,
    words: Words,
    best: Option<Found>,
}

struct Found {
    place: Place,
    ratio: f64,
    word: Option<Word>,
    /// ln of the chance of this without a mark, the whole search included.
    chance: f64,
}

impl Listener {
    fn look(&mut self, key: &Key, effort: Effort) -> Result<Evidence> {
        let carrier = Carrier::new(key);
        let mut hunt = Hunt { words: Words::new(&carrier, key)?, carrier: &carrier, best: None };
        if !self.plain(&mut hunt)? && effort == Effort::Full {
            self.changed(&mut hunt)?;
        }
        hunt.evidence(key, &self.sound, &self.map)
    }

    /// The sound at its own speed: as a whole, and in windows from one piece to half of it.
    fn plain(&self, hunt: &mut Hunt) -> Result<bool> {
        let slots = self.map.rows.len() / FINES;
        let whole = Window { from: 0, to: slots, tempo: 1.0 };
        let mut search = Search::new(hunt.carrier);
        let mut places: Vec<(Place, f64)> = Vec::new();
        let mut take = |search: &mut Search, windows: Vec<Window>, part: f64| {
            let looks = windows.len() as f64 * Search::LOOKS;
            for window in windows {
                let found = search.places(&self.map, window, 0..FINES);
                places.extend(found.into_iter().take(4).map(|place| {
                    let seen = any_of(looks.ln(), keyed_sum(place.score));
                    (place, seen - part.ln())
                }));
            }
        };
        take(&mut search, vec![whole], 0.5);
        let scales: Vec<usize> = (0..).map(|power| PIECE << power).take_while(|length| *length < slots).collect();
        for length in &scales {
            // The shortest overlap more: a marked second that lies across two windows would be in neither.
            let step = if *length == PIECE { PIECE / 4 } else { length / 2 };
            let windows = (0..slots.saturating_sub(PIECE / 2))
                .step_by(step)
                .map(|from| Window { from, to: (from + length).min(slots), tempo: 1.0 })
                .collect();
            take(&mut search, windows, 0.3 / scales.len() as f64);
        }
        hunt.follow(&self.map, places, 0.8, 1.0)
    }

    /// The sound at other speeds: guesses from a part of it, then refined on more and more of it.
    fn changed(&mut self, hunt: &mut Hunt) -> Result<bool> {
        let coarse = self.coarse.take().unwrap_or_else(|| rates::Coarse::new(&self.sound, &self.map));
        let (guesses, looks) = coarse.guesses(hunt.carrier);
        for Guess { place, ratio } in guesses.into_iter().take(COARSE) {
            let map = coarse.map(&self.sound, ratio);
            let (places, more) = rates::refine(&map, hunt.carrier, place);
            let looks = looks + more;
            let places = places
                .into_iter()
                .map(|place| (place, any_of(looks.ln(), keyed_sum(place.score)) - (0.2f64 / COARSE as f64).ln()))
                .collect();
            if hunt.follow(&map, places, 0.2 / COARSE as f64, ratio)? {
                hunt.shift(coarse.first());
                self.coarse = Some(coarse);
                return Ok(true);
            }
        }
        self.coarse = Some(coarse);
        Ok(false)
    }
}

impl Hunt<'_> {
    /// Reads the word at the likeliest places. True when a payload was accepted. `places`: each with the ln of the chance of its
    /// score, the search included; `part`: how much of the accepted chance this stage may use.
    fn follow(&mut self, map: &Map, mut places: Vec<(Place, f64)>, part: f64, ratio: f64) -> Result<bool> {
        places.sort_by(|a, b| a.1.total_cmp(&b.1).then(b.0.score.total_cmp(&a.0.score)));
        let mut seen: Vec<Place> = Vec::new();
        for (place, chance) in places {
            if seen.iter().any(|one| one.is_like(&place) && one.window == place.window) {
                continue;
            }
            self.keep(Found { place, ratio, word: None, chance });
            seen.push(place);
            if let Some(word) = self.words.read(map, self.carrier, &place)? {
                let words = (PLACES * TRIES) as f64;
                // Without a mark the list's words are as good as random: each passes the check once in 2^32, whatever its score,
                // and its score is at most the best of all words' of all forms.
                let check = any_of((words * LIST as f64).ln(), -(CHECK as f64) * LN_2);
                let size = (8.0 * word.decoded.payload.len() as f64 + CHECK as f64) * LN_2 + (FORMS * PLACES as f64).ln();
                let chance = both(check + any_of(size, keyed_sum(word.score)) - part.ln(), chance);
                if chance <= ACCEPT.ln() {
                    self.best = Some(Found { place, ratio, word: Some(word), chance });
                    return Ok(true);
                }
            }
            if seen.len() >= PLACES {
                break;
            }
        }
        Ok(false)
    }

    fn keep(&mut self, found: Found) {
        if self.best.as_ref().is_none_or(|best| found.chance < best.chance) {
            self.best = Some(found);
        }
    }

    /// The found place counts from `frames` frames later on.
    fn shift(&mut self, frames: usize) {
        if let Some(best) = &mut self.best {
            best.place.phase += frames;
        }
    }

    fn nothing(key: &Key) -> Evidence {
        Evidence {
            kind: "watermark",
            modality: "audio",
            found: false,
            p_value: 1.0,
            extrapolated: false,
            score: 0.0,
            payload: None,
            asked: None,
            bits: None,
            key_id: key.id(),
            place: None,
        }
    }

    fn evidence(&self, key: &Key, sound: &Sound, map: &Map) -> Result<Evidence> {
        let empty = Self::nothing(key);
        let Some(Found { place, ratio, word, chance }) = &self.best else { return Ok(empty) };
        // Smaller numbers are zero in floating point, which would claim certainty.
        let p_value = chance.exp().clamp(1e-300, 1.0);
        let found = p_value <= ACCEPT;
        let lies = found.then(|| {
            let other;
            let map = if *ratio == 1.0 {
                map
            } else {
                other = sound.map(0..sound.frames(), *ratio as f32);
                &other
            };
            Where {
                spans: self.spans(map, place, word.as_ref()),
                speed: (ratio * 1e4).round() / 1e4,
                tempo: (place.window.tempo * 1e4).round() / 1e4,
                offset: (place.offset() * FINE as f64 / f64::from(RATE) * 1e3).round() / 1e3,
            }
        });
        Ok(Evidence {
            found,
            p_value,
            extrapolated: p_value < COUNTED,
            score: place.score,
            payload: word.as_ref().map(|word| hex(&word.decoded.payload)),
            bits: word.as_ref().map(|word| 8 * word.decoded.payload.len()),
            place: lies,
            ..empty
        })
    }

    /// The marked parts in seconds.
    fn spans(&self, map: &Map, place: &Place, word: Option<&Word>) -> Vec<[f64; 2]> {
        let (carrier, tempo) = (self.carrier, place.window.tempo);
        // From the first slot in the sound on: a window's slots are counted from its own phase.
        let before = (place.phase as f64 * tempo / FINES as f64).floor();
        let cycle = (BLOCKS * SLOTS) as f64;
        let lead = (before / cycle).ceil() * cycle;
        let first = place.phase as f64 - before * FINES as f64 / tempo;
        let count = ((map.rows.len() as f64 - first) * tempo / FINES as f64).max(0.0) as usize;
        let (mut agreed, mut variance) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for slot in 0..count {
            let frame = (first + (slot * FINES) as f64 / tempo + 0.5) as usize;
            let Some(row) = map.rows.get(frame) else { break };
            let at = (slot as f64 + lead - before) as usize + place.shift;
            let (mut sum, mut squares) = (0.0f64, 0.0f64);
            for (band, value) in row.iter().enumerate() {
                let sign = match word {
                    Some(word) => self.words.sign(carrier, word, at, band),
                    None => carrier.signs[at % SLOTS * BANDS + band],
                };
                let value = f64::from(value * word.map_or(1.0, |word| word.gains[band]));
                sum += f64::from(sign) * value;
                squares += if sign == 0.0 { 0.0 } else { value * value };
            }
            agreed.push(sum);
            variance.push(squares);
        }
        let offset = before as usize;
        let window = (place.window.from + offset).min(agreed.len())..(place.window.to + offset).min(agreed.len());
        let (sum, squares) = (agreed[window.clone()].iter().sum::<f64>(), variance[window].iter().sum::<f64>());
        let rate = if squares > 0.0 { (sum / squares).max(0.0) } else { 0.0 };
        let second = |slot: usize| {
            let frame = first + (slot as f64 - 0.5) * FINES as f64 / tempo;
            (frame.max(0.0) * FINE as f64 / f64::from(RATE) * 1e3).round() / 1e3
        };
        spans(&agreed, &variance, rate).into_iter().map(|(from, to)| [second(from), second(to)]).collect()
    }
}
