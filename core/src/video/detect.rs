//! Looks for the marks of given keys in a film's frames.
//!
//! Each frame is made equally loud everywhere and added to the sum of its stretch of time; what frames have in common, the mark,
//! grows, and what moves does not. A sum is then searched like a picture (`image::detect`). Every look at a sum counts in the
//! p-value: a picture's bound holds for any plane that does not depend on the key, and the n-th look of a key may use 1/(n(n+1)) of
//! the chance of a false finding, which sums up to 1 over all n.

use super::bars::Inner;
use super::embed::{TILES_ACROSS, patterns};
use super::frame::Layout;
use super::label::Display;
use super::sums::{Sums, even, level};
use crate::error::{Error, Result};
use crate::image::carrier::Carrier;
use crate::image::detect::{ACCEPT, COUNTED, Effort, Evidence as Picture, Fit, Flat, Transform};
use crate::image::frame::Format;
use crate::keyed::Key;
use crate::label::find;
use crate::signal::plane::Plane;
use crate::watermark;
use serde::{Deserialize, Serialize};

/// Frames that are also looked at by themselves: first ones of what an encoder codes anew.
const MOST_SINGLE: u64 = 8;
/// Numbers of frames after which the sum of all is looked at.
const LOOKS: [u64; 8] = [2, 4, 8, 12, 20, 32, 64, 128];
/// How many times more a frame that was coded by itself counts in the sum of all: an encoder copies from it, and keeps less of the mark
/// elsewhere; the sum is looked at in these ways, the first one while frames come.
const KEYS: [f32; 3] = [2.0, 0.0, 6.0];
/// Height of pilot and word together, in standard deviations, from which a stretch of time counts as marked once the mark is known.
const MARKED: f64 = 5.0;
/// Seconds from which the label is looked for again, and before which it has to be there (GB 45438-2025, 5.4).
const LABELLED: [f64; 4] = [0.0, 0.6, 1.2, 1.8];
const LABEL_SECONDS: f64 = 2.0;

/// Options of a detector.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// The layout of the frames.
    pub video: Layout,
    /// Each `public` or 64 hexadecimal digits.
    pub keys: Vec<String>,
    /// How hard to search when the film ends.
    pub effort: Effort,
    /// How the frames are shown; only the label depends on it.
    #[serde(default)]
    pub display: Display,
    /// Labels, as given to the embedder, that are looked for at the film's start.
    #[serde(default)]
    pub texts: Vec<Vec<String>>,
}

/// What was found of the label at the film's start.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Labelled {
    /// Always `label`.
    pub kind: &'static str,
    /// Always `video`.
    pub modality: &'static str,
    /// It stands in the first frame, and in all others of the first two seconds that were looked at.
    pub found: bool,
    /// Lowest agreement in the frames that were looked at, 0 to 1.
    pub score: f32,
    /// Seconds of those frames, and whether it stands there.
    pub frames: Vec<(f64, bool)>,
    /// The label that was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Vec<String>>,
    /// Where it stands in the first frame, in displayed pixels (pixels taken as square).
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<find::Place>,
}

/// Where a mark was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Where {
    /// How the tile lies, in stored pixels.
    pub transform: Transform,
    /// Marked stretches of time, seconds from the film's start: `[from, to]`, to about a second.
    pub stretches: Vec<[f64; 2]>,
}

/// What was found of one key.
pub type Evidence = watermark::Evidence<Where>;

/// What a detector says: one finding for each key, in their order.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The findings.
    pub evidence: Vec<Evidence>,
    /// The label; absent where none was asked for or there was no frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Labelled>,
    /// Frames that were looked at.
    pub frames: u64,
}

/// What a key's search knows.
struct Hunt {
    key: Key,
    carrier: Carrier,
    looks: u32,
    best: Option<Found>,
}

/// The best look so far.
struct Found {
    picture: Picture,
    fit: Fit,
    /// ln of the chance of it, all looks included.
    chance: f64,
    /// Samples of the sum's plane for a stored pixel.
    scale: f64,
}

impl Hunt {
    fn read(&self) -> bool {
        self.best.as_ref().is_some_and(|best| best.picture.payload.is_some())
    }

    fn look(&mut self, flat: &mut Flat, effort: Effort, scale: f64) -> Result<()> {
        let (picture, fit) = flat.look(&self.carrier, &self.key, effort)?;
        self.looks += 1;
        let Some(fit) = fit else { return Ok(()) };
        let n = f64::from(self.looks);
        let chance = (fit.chance + (n * (n + 1.0)).ln()).min(0.0);
        // A payload counts only if its chance does with all looks.
        let payload = picture.payload.is_some() && chance <= ACCEPT.ln();
        let better = self.best.as_ref().is_none_or(|best| (payload, -chance) > (best.picture.payload.is_some(), -best.chance));
        if better {
            let picture = if payload { picture } else { Picture { payload: None, bits: None, ..picture } };
            let fit = if payload { fit } else { Fit { word: None, ..fit } };
            self.best = Some(Found { picture, fit, chance, scale });
        }
        Ok(())
    }
}

/// A plane of frames in which a whole film's tile has its usual size.
fn flat(plane: Plane) -> Flat {
    let side = plane.width.min(plane.height) as f64 / TILES_ACROSS;
    Flat::new(plane, vec![side])
}

/// Takes frames and looks for marks as they come.
pub struct Detector {
    layout: Layout,
    effort: Effort,
    hunts: Vec<Hunt>,
    sums: Sums,
    singles: u64,
    first: Option<Plane>,
    /// The picture between bars, of all frames so far.
    inner: Option<Inner>,
    display: Display,
    texts: Vec<Vec<String>>,
    label: Option<Labelled>,
}

impl Detector {
    /// Draws the carriers of the keys.
    pub fn new(options: &Options) -> Result<Self> {
        options.video.check()?;
        options.display.check()?;
        let hunts = watermark::keys(&options.keys)?
            .into_iter()
            .map(|key| Ok(Hunt { carrier: Carrier::of(&key, 0..patterns(&key))?, key, looks: 0, best: None }));
        Ok(Self {
            layout: options.video,
            effort: options.effort,
            hunts: hunts.collect::<Result<_>>()?,
            sums: Sums::default(),
            singles: 0,
            first: None,
            inner: None,
            display: options.display,
            texts: options.texts.clone(),
            label: None,
        })
    }

    /// Takes a frame that is shown `seconds` after the film's start; frames come in the order in which they are shown. `fresh`: coded
    /// by itself (a key frame). True once every key's payload was read: further frames only say where else the marks are.
    pub fn frame(&mut self, frame: &[u8], seconds: f64, fresh: bool) -> Result<bool> {
        self.layout.check_frame(frame.len())?;
        if !seconds.is_finite() || seconds < self.sums.end() {
            return Err(Error::parameter("frames must come in the order in which they are shown, with finite times"));
        }
        self.label(frame, seconds)?;
        let inner = Inner::of(frame, &self.layout);
        self.inner = Some(self.inner.map_or(inner, |before| before.with(inner)));
        let plane = even(frame, &self.layout)?;
        self.sums.add(&plane, seconds, fresh);
        let single = (fresh || self.first.is_none()) && self.singles < MOST_SINGLE;
        if single && !self.read() {
            self.singles += 1;
            self.look(&plane, Effort::Direct)?;
        }
        if self.first.is_none() {
            self.first = Some(plane);
        }
        if LOOKS.contains(&self.sums.frames()) && !self.read() {
            let total = level(self.sums.total(KEYS[0]));
            self.look(&total, Effort::Direct)?;
        }
        Ok(self.read())
    }

    /// The findings. Searches harder where a payload was not read so far.
    pub fn finish(&mut self) -> Result<Report> {
        if !self.read() && self.sums.frames() > 0 {
            let several = self.sums.frames() > 1;
            let mut planes = vec![(level(self.sums.total(KEYS[0])), self.effort)];
            if several {
                planes.extend(KEYS[1..].iter().map(|keys| (level(self.sums.total(*keys)), Effort::Direct)));
                // Of a pan that an encoder follows, the first frame says more than the sum; turned ones are too long a search.
                let scan = if self.effort > Effort::Direct { Effort::Scan } else { Effort::Direct };
                planes.extend(self.first.clone().filter(|_| scan > Effort::Direct).map(|first| (first, scan)));
            }
            // Parts of the time: a mark may lie in a part of the film only.
            planes.extend(self.sums.parts().into_iter().map(|part| (level(part), Effort::Direct)));
            for (plane, effort) in planes {
                if self.read() {
                    break;
                }
                self.look(&plane, effort)?;
            }
        }
        let evidence = self.hunts.iter().map(|hunt| self.evidence(hunt)).collect::<Result<_>>()?;
        Ok(Report { evidence, label: self.label.clone(), frames: self.sums.frames() })
    }

    /// Looks for the label in the first frame and in a few more of the first two seconds.
    fn label(&mut self, frame: &[u8], seconds: f64) -> Result<()> {
        let due = match &self.label {
            None => !self.texts.is_empty(),
            Some(label) => LABELLED.get(label.frames.len()).is_some_and(|due| seconds >= *due) && seconds < LABEL_SECONDS,
        };
        if !due {
            return Ok(());
        }
        let samples = self.layout.luma(frame);
        let depth = if self.layout.depth > 8 { 16 } else { 8 };
        let Layout { width, height, .. } = self.layout;
        let image = Format { width, height, channels: 1, depth, orientation: self.display.orientation() };
        let seen = find::find(&samples, &find::Options { image, texts: self.texts.clone() })?;
        match &mut self.label {
            Some(label) => {
                label.found &= seen.found;
                label.score = label.score.min(seen.score);
                label.frames.push((seconds, seen.found));
            }
            None => {
                self.label = Some(Labelled {
                    kind: "label",
                    modality: "video",
                    found: seen.found,
                    score: seen.score,
                    frames: vec![(seconds, seen.found)],
                    text: seen.text,
                    place: seen.place,
                });
            }
        }
        Ok(())
    }

    fn read(&self) -> bool {
        self.hunts.iter().all(Hunt::read)
    }

    fn look(&mut self, plane: &Plane, effort: Effort) -> Result<()> {
        let scale = plane.width.min(plane.height) as f64 / f64::from(self.layout.short_side());
        // Between bars the tile has the size that belongs to what is shown there, or, where they are the film's own, to the whole.
        let between = self.inner.and_then(|inner| Some((inner, inner.short_side(&self.layout)?)));
        let mut flat = match between {
            Some((inner, short)) => {
                let sides = [f64::from(self.layout.short_side()), short as f64].map(|side| side * scale / TILES_ACROSS);
                Flat::new(inner.only(plane.clone(), scale), sides.to_vec())
            }
            None => flat(plane.clone()),
        };
        for hunt in self.hunts.iter_mut().filter(|hunt| !hunt.read()) {
            hunt.look(&mut flat, effort, scale)?;
        }
        Ok(())
    }

    fn evidence(&self, hunt: &Hunt) -> Result<Evidence> {
        let empty = Evidence {
            kind: "watermark",
            modality: "video",
            found: false,
            p_value: 1.0,
            extrapolated: false,
            score: 0.0,
            payload: None,
            asked: None,
            bits: None,
            key_id: hunt.key.id(),
            place: None,
        };
        let Some(best) = &hunt.best else { return Ok(empty) };
        // Smaller numbers are zero in floating point, which would claim certainty.
        let p_value = best.chance.exp().clamp(1e-300, 1.0);
        let found = p_value <= ACCEPT;
        let place = match &best.picture.place {
            Some(place) if found => {
                let transform = place.transform.scaled(1.0 / best.scale);
                Some(Where { transform, stretches: self.stretches(hunt, &best.fit)? })
            }
            _ => None,
        };
        Ok(Evidence {
            found,
            p_value,
            extrapolated: p_value < COUNTED,
            score: best.picture.score,
            payload: best.picture.payload.clone(),
            bits: best.picture.bits,
            place,
            ..empty
        })
    }

    /// Stretches of time in which a known mark is seen. A gap between two of them that is not longer than one of the sums counts as
    /// marked: fast motion may hide it there.
    fn stretches(&self, hunt: &Hunt, fit: &Fit) -> Result<Vec<[f64; 2]>> {
        let mut all: Vec<[f64; 2]> = Vec::new();
        for (plane, [from, to]) in self.sums.each() {
            if flat(level(plane)).height(&hunt.carrier, fit)? < MARKED {
                continue;
            }
            match all.last_mut() {
                Some(last) if from - last[1] <= 1.5 * self.sums.span() => last[1] = to,
                _ => all.push([from, to]),
            }
        }
        Ok(all.into_iter().map(|stretch| stretch.map(|second| (second * 100.0).round() / 100.0)).collect())
    }
}
