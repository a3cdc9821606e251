//! Looks for the marks of given keys.

use super::asked::Asked;
use super::carrier::{Carrier, TILE};
use super::embed::{SMALLEST_TILE, TILES_ACROSS, tile_side};
use super::fold::Lie;
use super::frame::Format;
use super::guess::{Guess, MANY_TILES, TILES, by_power, every_size, loudest, turned, upright};
pub(crate) use super::hunt::{ACCEPT, COUNTED};
use super::hunt::{Hunt, PLACES, Stage};
use super::sky::{FINE_POINTS, POINTS, Power, Sky};
use super::spectrum::{Pilot, Reader, Soft, Spectrum, Turn};
pub use super::transform::{Evidence, Transform, Where};
use super::view::View;
use crate::error::Result;
use crate::keyed::Key;
use crate::signal::plane::Plane;
use crate::watermark;
use serde::{Deserialize, Serialize};

/// Guesses that are followed: of upright tiles, of turned ones.
const UPRIGHT: usize = 6;
const TURNED: usize = 8;
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
    /// Payloads of 16 or 32 hexadecimal digits, at most 8: whether the picture carries one of them can be told where none can be read.
    #[serde(default)]
    pub expect: Vec<String>,
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
    let keys = watermark::keys(&options.keys)?;
    let payloads = Asked::payloads(&options.expect)?;
    let mut picture = Picture::new(samples, &options.image);
    let evidence = keys.iter().map(|key| picture.look(key, options.effort, &payloads)).collect::<Result<_>>()?;
    Ok(Report { evidence })
}

/// One picture and what was computed of it so far; keys share it.
struct Picture {
    view: View,
    /// As stored, in pixels; of a plane that is no picture nothing.
    size: Option<(u32, u32)>,
    reader: Reader,
    direct: Vec<(Lie, Spectrum)>,
    sides: Vec<f64>,
    sky: Option<Heaven>,
    fine: Option<Heaven>,
}

/// A picture's spectrum, and what was computed of it so far.
struct Heaven {
    sky: Sky,
    power: Power,
    /// Upright tiles of every size.
    sizes: Vec<Lie>,
    /// Of keys with many patterns, whose rings are the same: the sizes at which it is loudest, and turned lies.
    loudest: Option<Vec<Lie>>,
    turned: Option<Vec<Lie>>,
}

impl Heaven {
    fn new(view: &View, points: usize, tiles: std::ops::Range<f64>) -> Result<Self> {
        let sky = Sky::new(view, points)?;
        let (power, sizes) = (sky.power(), every_size(&sky, tiles));
        Ok(Self { sky, power, sizes, loudest: None, turned: None })
    }

    fn upright(&mut self, reader: &mut Reader, carrier: &Carrier, flipped: bool, most: usize) -> (Vec<Guess>, f64) {
        let Self { sky, power, sizes, loudest: loud, .. } = self;
        let sizes =
            if carrier.variants.len() == 1 { sizes } else { loud.get_or_insert_with(|| loudest(power, &carrier.ring, sizes)) };
        upright(sky, reader, carrier, sizes, flipped, most)
    }

    fn turned(&mut self, reader: &mut Reader, carrier: &Carrier) -> (Vec<Guess>, f64) {
        let Self { sky, power, turned: lies, .. } = self;
        if carrier.variants.len() == 1 {
            let lies = by_power(sky, power, carrier);
            return turned(sky, reader, carrier, &lies);
        }
        let lies = lies.get_or_insert_with(|| by_power(sky, power, carrier));
        turned(sky, reader, carrier, lies)
    }
}

impl Picture {
    fn new(samples: &[u8], format: &Format) -> Self {
        let size = Some((format.width, format.height));
        Self { size, ..Self::of(View::new(samples, format), direct_sides(format.short_side())) }
    }

    fn of(view: View, sides: Vec<f64>) -> Self {
        Self { view, size: None, reader: Reader::new(), direct: Vec::new(), sides, sky: None, fine: None }
    }

    fn look(&mut self, key: &Key, effort: Effort, payloads: &[Vec<u8>]) -> Result<Evidence> {
        let carrier = Carrier::new(key)?;
        let asked = match payloads {
            [] => None,
            _ => Some(Asked::new(key, &carrier, payloads, self.size)?),
        };
        Ok(self.hunt(&carrier, effort, asked.as_ref())?.evidence(key, self.view.block as f64))
    }

    fn hunt<'a>(&mut self, carrier: &'a Carrier, effort: Effort, asked: Option<&'a Asked>) -> Result<Hunt<'a>> {
        let mut hunt = Hunt::new(carrier, asked);
        // Stops at the first payload that is read, or was asked for.
        let _read = self.whole(&mut hunt)?
            || self.told(&mut hunt)?
            || effort >= Effort::Scan && self.upright(&mut hunt, false)?
            || effort >= Effort::Full && (self.upright(&mut hunt, true)? || self.turned(&mut hunt)? || self.finer(&mut hunt)?);
        Ok(hunt)
    }

    /// The sizes that a tile has in a picture that nothing was cut from.
    fn whole(&mut self, hunt: &mut Hunt) -> Result<bool> {
        let sides = self.sides.len();
        let stage = |part: f64, turns: usize| Stage {
            part,
            looks: (sides * Reader::ranked(hunt.carrier, turns)) as f64 * Reader::LOOKS,
            spectra: sides as f64,
        };
        let [upright, others] = [stage(0.5, 1), stage(0.15, Turn::ALL.len() - 1)];
        hunt.begin(upright);
        for at in 0..sides {
            if at == self.direct.len() {
                let lie = Lie::upright(self.sides[at] / self.view.block as f64);
                self.direct.push((lie, self.view.spectrum(&mut self.reader, &lie)?));
            }
            let (lie, spectrum) = &self.direct[at];
            if hunt.read(&mut self.reader, spectrum, lie, &[Turn::NONE])? {
                return Ok(true);
            }
        }
        hunt.begin(others);
        for (lie, spectrum) in &self.direct {
            if hunt.read(&mut self.reader, spectrum, lie, &Turn::ALL[1..])? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The places at which the payloads asked for lie in a picture that was neither scaled nor cut.
    fn told(&mut self, hunt: &mut Hunt) -> Result<bool> {
        let (Some(asked), Some((lie, spectrum))) = (hunt.asked, self.direct.first()) else { return Ok(false) };
        hunt.begin(Stage { part: 1.0, looks: 1.0, spectra: 1.0 });
        let read: Vec<(Pilot, Soft)> = asked.places.iter().map(|pilot| (*pilot, hunt.soft(spectrum, pilot))).collect();
        Ok(hunt.recognise(lie, &read, read.len() as f64))
    }

    /// Upright tiles of every size, flipped or not.
    fn upright(&mut self, hunt: &mut Hunt, flipped: bool) -> Result<bool> {
        let mut heaven = self.heaven()?;
        let (guesses, tried) = heaven.upright(&mut self.reader, hunt.carrier, flipped, UPRIGHT);
        let done = self.follow(hunt, if flipped { 0.05 } else { 0.15 }, &heaven.sky, &guesses, tried);
        self.sky = Some(heaven);
        done
    }

    /// Small upright tiles in a large picture: the picture may be a part of a page.
    fn finer(&mut self, hunt: &mut Hunt) -> Result<bool> {
        if self.view.base().width.max(self.view.base().height) <= POINTS {
            return Ok(false);
        }
        let mut heaven = self.fine.take().map_or_else(|| Heaven::new(&self.view, FINE_POINTS, MANY_TILES), Ok)?;
        let (guesses, tried) = heaven.upright(&mut self.reader, hunt.carrier, false, UPRIGHT);
        let done = self.follow(hunt, 0.05, &heaven.sky, &guesses, tried);
        self.fine = Some(heaven);
        done
    }

    /// Rotated and stretched tiles.
    fn turned(&mut self, hunt: &mut Hunt) -> Result<bool> {
        let mut heaven = self.heaven()?;
        let (mut guesses, tried) = heaven.turned(&mut self.reader, hunt.carrier);
        guesses.truncate(TURNED);
        let done = self.follow(hunt, 0.1, &heaven.sky, &guesses, tried);
        self.sky = Some(heaven);
        done
    }

    fn heaven(&mut self) -> Result<Heaven> {
        self.sky.take().map_or_else(|| Heaven::new(&self.view, POINTS, TILES), Ok)
    }

    /// Folds the picture by each guess and reads it. `tried`: lies that the guesses are the best of.
    fn follow(&mut self, hunt: &mut Hunt, part: f64, sky: &Sky, guesses: &[Guess], tried: f64) -> Result<bool> {
        let count = guesses.len() as f64;
        hunt.begin(Stage { part, looks: (tried + count) * Reader::LOOKS, spectra: count });
        for guess in guesses {
            let lie = sky.in_base(guess.lie);
            let spectrum = self.view.spectrum(&mut self.reader, &lie)?;
            let pilots = self.reader.pilots(&spectrum, hunt.carrier, guess.variant, Turn::NONE, PLACES[0]);
            if hunt.follow(&spectrum, &lie, pilots)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A plane that `flatten` made equally loud already, such as the sum of a film's frames, and what was computed of it so far.
pub(crate) struct Flat(Picture);

/// How a found mark lies in such a plane, and the word that was read.
#[derive(Clone)]
pub(crate) struct Fit {
    pub lie: Lie,
    pub pilot: Pilot,
    pub word: Option<Vec<bool>>,
    /// ln of the chance of this without a mark, the search included.
    pub chance: f64,
}

impl Flat {
    /// The plane; `sides`: samples that a tile's side may have where nothing was cut away.
    pub fn new(plane: Plane, sides: Vec<f64>) -> Self {
        Self(Picture::of(View::even(plane), sides))
    }

    /// Looks for a key's mark. Places are in samples of the plane.
    pub fn look(&mut self, carrier: &Carrier, key: &Key, effort: Effort) -> Result<(Evidence, Option<Fit>)> {
        let hunt = self.0.hunt(carrier, effort, None)?;
        let evidence = hunt.evidence(key, 1.0);
        let fit = hunt.best.map(|best| Fit {
            lie: best.lie,
            pilot: best.pilot,
            word: best.decoded.map(|decoded| decoded.word),
            chance: best.chance,
        });
        Ok((evidence, fit))
    }

    /// How much of a known mark stands at its place, in standard deviations of a plane without it; of the word where it was read, else
    /// of the pilot.
    pub fn height(&mut self, carrier: &Carrier, fit: &Fit) -> Result<f64> {
        let spectrum = self.0.view.spectrum(&mut self.0.reader, &fit.lie)?;
        let Pilot { variant, form, turn, shift, .. } = fit.pilot;
        let Some(word) = &fit.word else {
            let near = |a: f64, b: f64| (a - b + TILE as f64 / 2.0).rem_euclid(TILE as f64) - TILE as f64 / 2.0;
            let pilots = self.0.reader.pilots(&spectrum, carrier, variant, turn, PLACES[0]).into_iter();
            let same = pilots.filter(|one| one.form == form && (0..2).all(|at| near(one.shift[at], shift[at]).abs() < 2.0));
            return Ok(same.map(|one| one.score).fold(0.0, f64::max));
        };
        let layout = carrier.layout(variant, form);
        Ok(spectrum.soft(&carrier.variants[variant], &layout, carrier.coder(form).length(), &fit.pilot).height(word))
    }
}

/// Tile sides in pixels, the likeliest first, that a whole picture with this shorter side can have.
fn direct_sides(short: u32) -> Vec<f64> {
    let mut sides = vec![tile_side(short)];
    let others = TILES_ACROSS.iter().map(|tiles| f64::from(short) / f64::from(*tiles));
    // Only pictures below 256 pixels have the smallest tile, and a frame does not make them much larger.
    let smallest = (short <= 512).then_some(SMALLEST_TILE);
    for side in others.chain([TILE as f64]).chain(smallest) {
        if side >= 16.0 && side <= f64::from(short) && sides.iter().all(|one| (one / side - 1.0).abs() > 0.002) {
            sides.push(side);
        }
    }
    sides
}
