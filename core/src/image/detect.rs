//! Looks for the marks of given keys.

use super::carrier::{Carrier, FORMS, TILE};
use super::embed::{SMALLEST_TILE, TILES, tile_side};
use super::fold::Lie;
use super::frame::Format;
use super::guess::{Guess, turned, upright};
use super::sky::{Power, Sky};
use super::spectrum::{Pilot, Reader, SHIFTS, Spectrum, Turn};
use super::view::View;
use crate::error::{Error, Result};
use crate::keyed::Key;
use crate::payload::{CHECK, Decoded, LIST, hex};
use crate::stats::tail::{any_of, both, keyed_sum};
use serde::{Deserialize, Serialize};

/// Chance of a false finding that is accepted, for a file and a key, the search included.
const ACCEPT: f64 = 1e-6;
/// Below this the p-value is a proven bound, but no longer one that the study has counted.
const COUNTED: f64 = 1e-6;
/// Guesses that are followed: of upright tiles, of turned ones.
const UPRIGHT: usize = 6;
const TURNED: usize = 8;
/// The most keys of one call.
const MOST_KEYS: usize = 256;

/// How hard to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Pictures that are whole, at whatever size, turned by quarter turns or flipped.
    Direct,
    /// Also cut and scaled ones.
    Scan,
    /// Also rotated and stretched ones.
    Full,
}

/// Options of `detect`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// The layout of the samples.
    pub image: Format,
    /// Each `public` or 64 hexadecimal digits.
    pub keys: Vec<String>,
    /// How hard to search.
    pub effort: Effort,
}

/// How the picture was changed since it was marked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transform {
    /// Pixels now for a canonical pixel, 1/128 of a tile's side.
    pub scale: f64,
    /// Degrees clockwise, -180..180.
    pub rotation: f64,
    /// True for a picture that was flipped (left and right) before it was rotated.
    pub mirrored: bool,
    /// Pixels from the upper left corner to a tile's, each below one tile's side.
    pub offset: [f64; 2],
}

/// Where a mark was found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Where {
    /// How the tile lies now.
    pub transform: Transform,
}

/// What was found of one key.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// Always `watermark`.
    pub kind: &'static str,
    /// Always `image`.
    pub modality: &'static str,
    /// A mark of this key is there.
    pub found: bool,
    /// Upper bound of the chance of a finding like this without a mark of this key, the search included.
    pub p_value: f64,
    /// True where `p_value` lies below what the false-alarm study has counted.
    pub extrapolated: bool,
    /// Height of the pilot's peak in standard deviations.
    pub score: f64,
    /// What it carries, hexadecimal; absent where it is there but cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// Bits of `payload`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits: Option<usize>,
    /// The key's name.
    pub key_id: String,
    /// Where it lies.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<Where>,
}

/// What `detect` says: one finding for each key, in their order.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The findings.
    pub evidence: Vec<Evidence>,
}

/// Looks for each key's mark. Not finding one is a result, not an error.
pub fn detect(samples: &[u8], options: &Options) -> Result<Report> {
    options.image.check(samples.len())?;
    if options.keys.len() > MOST_KEYS {
        return Err(Error::limit(format!("{} keys are over the limit of {MOST_KEYS}: ask in several calls", options.keys.len())));
    }
    let keys = options.keys.iter().map(|text| Key::parse(text)).collect::<Result<Vec<_>>>()?;
    let mut picture = Picture::new(samples, &options.image);
    let evidence = keys.iter().map(|key| picture.look(key, options.effort)).collect::<Result<_>>()?;
    Ok(Report { evidence })
}

/// One picture and what was computed of it so far; keys share it.
struct Picture {
    view: View,
    reader: Reader,
    direct: Vec<(Lie, Spectrum)>,
    sides: Vec<f64>,
    sky: Option<Sky>,
    power: Option<Power>,
}

impl Picture {
    fn new(samples: &[u8], format: &Format) -> Self {
        Self {
            view: View::new(samples, format),
            reader: Reader::new(),
            direct: Vec::new(),
            sides: direct_sides(format.short_side()),
            sky: None,
            power: None,
        }
    }

    fn look(&mut self, key: &Key, effort: Effort) -> Result<Evidence> {
        let carrier = Carrier::new(key)?;
        let mut hunt = Hunt::new(&carrier);
        let done = self.whole(&mut hunt)?
            || effort >= Effort::Scan && self.upright(&mut hunt, false)?
            || effort >= Effort::Full && (self.upright(&mut hunt, true)? || self.turned(&mut hunt)?);
        let _ = done;
        Ok(hunt.evidence(key, self.view.block as f64))
    }

    /// Upright tiles of every size, flipped or not.
    fn upright(&mut self, hunt: &mut Hunt, flipped: bool) -> Result<bool> {
        let mut sky = self.take_sky()?;
        let (guesses, tried) = upright(&mut sky, hunt.carrier, flipped, UPRIGHT);
        self.sky = Some(sky);
        hunt.looks += tried * Sky::LOOKS;
        self.follow(hunt, &guesses)
    }

    /// Rotated and stretched tiles.
    fn turned(&mut self, hunt: &mut Hunt) -> Result<bool> {
        let mut sky = self.take_sky()?;
        if self.power.is_none() {
            self.power = Some(sky.power());
        }
        let mut guesses = self.power.as_ref().map(|power| turned(&sky, power, hunt.carrier)).unwrap_or_default();
        for guess in &mut guesses {
            guess.fit = sky.fit(hunt.carrier, &guess.lie);
        }
        hunt.looks += guesses.len() as f64 * Sky::LOOKS;
        self.sky = Some(sky);
        guesses.sort_by(|a, b| b.fit.total_cmp(&a.fit));
        guesses.truncate(TURNED);
        self.follow(hunt, &guesses)
    }

    fn take_sky(&mut self) -> Result<Sky> {
        self.sky.take().map_or_else(|| Sky::new(self.view.base()), Ok)
    }

    /// Folds the picture by each guess and reads it.
    fn follow(&mut self, hunt: &mut Hunt, guesses: &[Guess]) -> Result<bool> {
        for guess in guesses {
            let lie = self.sky.as_ref().map_or(guess.lie, |sky| sky.in_base(guess.lie));
            let spectrum = self.view.spectrum(&mut self.reader, &lie)?;
            if hunt.try_spectrum(&mut self.reader, &spectrum, &lie, &[Turn::NONE, Turn::HALF], 2)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The sizes that a tile has in a picture that nothing was cut from.
    fn whole(&mut self, hunt: &mut Hunt) -> Result<bool> {
        for at in 0..self.sides.len() {
            if at == self.direct.len() {
                let lie = Lie::upright(self.sides[at] / self.view.block as f64);
                self.direct.push((lie, self.view.spectrum(&mut self.reader, &lie)?));
            }
            let (lie, spectrum) = &self.direct[at];
            if hunt.try_spectrum(&mut self.reader, spectrum, lie, &[Turn::NONE], 2)? {
                return Ok(true);
            }
        }
        for (lie, spectrum) in &self.direct {
            if hunt.try_spectrum(&mut self.reader, spectrum, lie, &Turn::ALL[1..], 2)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Tile sides in pixels, the likeliest first, that a whole picture with this shorter side can have.
fn direct_sides(short: u32) -> Vec<f64> {
    let mut sides = vec![tile_side(short)];
    let others = TILES.iter().map(|tiles| f64::from(short) / f64::from(*tiles));
    for side in others.chain([TILE as f64, SMALLEST_TILE]) {
        if side >= 16.0 && side <= f64::from(short) && sides.iter().all(|one| (one / side - 1.0).abs() > 0.002) {
            sides.push(side);
        }
    }
    sides
}

/// The search for one key: what was looked at so far, and the best of it.
struct Hunt<'a> {
    carrier: &'a Carrier,
    /// Shifts, forms, turns and sizes looked at so far.
    looks: f64,
    /// Words decoded so far.
    words: f64,
    best: Option<(Pilot, Lie)>,
    read: Option<Reading>,
}

struct Reading {
    decoded: Decoded,
    pilot: Pilot,
    lie: Lie,
    /// ln of the chance.
    chance: f64,
}

impl<'a> Hunt<'a> {
    fn new(carrier: &'a Carrier) -> Self {
        Self { carrier, looks: 0.0, words: 0.0, best: None, read: None }
    }

    /// Looks for the pilot in a spectrum and reads the word at its `most` best places. True when a payload was accepted.
    fn try_spectrum(&mut self, reader: &mut Reader, spectrum: &Spectrum, lie: &Lie, turns: &[Turn], most: usize) -> Result<bool> {
        self.looks += (turns.len() * SHIFTS * SHIFTS * FORMS) as f64;
        for pilot in reader.pilots(spectrum, self.carrier, turns, most) {
            if self.best.as_ref().is_none_or(|(best, _)| pilot.score > best.score) {
                self.best = Some((pilot, *lie));
            }
            self.words += 1.0;
            let soft = spectrum.soft(self.carrier, &pilot);
            let coder = &self.carrier.forms[pilot.form].coder;
            let Some(decoded) = coder.decode(&soft.bits)? else { continue };
            let agreed: f64 =
                soft.bits.iter().zip(&decoded.word).map(|(soft, bit)| f64::from(if *bit { -soft } else { *soft })).sum();
            // The check passes by accident once in 2^32 words, whatever their score; the score is the best of all words' at most.
            let check = any_of((self.words * LIST as f64).ln(), -(CHECK as f64) * std::f64::consts::LN_2);
            let size = (coder.class().bits() + CHECK) as f64 * std::f64::consts::LN_2;
            let word = check + any_of(size, keyed_sum(agreed / soft.spread));
            let chance = both(word, self.pilot_chance(&pilot));
            if chance <= ACCEPT.ln() {
                self.read = Some(Reading { decoded, pilot, lie: *lie, chance });
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn pilot_chance(&self, pilot: &Pilot) -> f64 {
        any_of(self.looks.max(1.0).ln(), keyed_sum(pilot.score))
    }

    fn evidence(&self, key: &Key, block: f64) -> Evidence {
        let empty = Evidence {
            kind: "watermark",
            modality: "image",
            found: false,
            p_value: 1.0,
            extrapolated: false,
            score: 0.0,
            payload: None,
            bits: None,
            key_id: key.id(),
            place: None,
        };
        let (pilot, lie, chance) = match (&self.read, &self.best) {
            (Some(read), _) => (read.pilot, read.lie, read.chance),
            (None, Some((pilot, lie))) => (*pilot, *lie, self.pilot_chance(pilot)),
            (None, None) => return empty,
        };
        // Smaller numbers are zero in floating point, which would claim certainty.
        let p_value = chance.exp().max(1e-300);
        let found = p_value <= ACCEPT;
        Evidence {
            found,
            p_value,
            extrapolated: p_value < COUNTED,
            score: pilot.score,
            payload: self.read.as_ref().map(|read| hex(&read.decoded.payload)),
            bits: self.read.as_ref().map(|read| 8 * read.decoded.payload.len()),
            place: found.then(|| Where { transform: transform(&lie, &pilot, block) }),
            ..empty
        }
    }
}

/// The lie of the tile in stored pixels.
fn transform(lie: &Lie, pilot: &Pilot, block: f64) -> Transform {
    let Turn([a, b, c, d]) = pilot.turn;
    let [a, b, c, d] = [a, b, c, d].map(f64::from);
    // From picture to canonical is first the lie, then the turn undone (its inverse is its transpose).
    let map = [a * lie.xx + c * lie.yx, a * lie.xy + c * lie.yy, b * lie.xx + d * lie.yx, b * lie.xy + d * lie.yy];
    let determinant = map[0] * map[3] - map[1] * map[2];
    let scale = block / determinant.abs().sqrt();
    let mirrored = determinant < 0.0;
    // Canonical right, as a direction in the picture: the first column of the inverse map.
    let (right_x, right_y) = (map[3] / determinant, -map[2] / determinant);
    let rotation = if mirrored { (-right_y).atan2(-right_x) } else { right_y.atan2(right_x) };
    // The tile's corner: where the map gives the pilot's shift.
    let [u, v] = pilot.shift;
    let corner = [(map[3] * u - map[1] * v) / determinant * block, (map[0] * v - map[2] * u) / determinant * block];
    let side = TILE as f64 * scale;
    let round = |value: f64, digits: f64| (value * digits).round() / digits;
    Transform {
        scale: round(scale, 1e4),
        rotation: round(rotation.to_degrees(), 100.0),
        mirrored,
        offset: corner.map(|place| round(place.rem_euclid(side), 10.0)),
    }
}
