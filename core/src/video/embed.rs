//! Marks the frames of a film, one after the other.
//!
//! The pattern is that of pictures (`image::carrier`), so a single frame can be read as a picture. It stays where it is for the
//! whole film: an encoder copies it from frame to frame, and a detector adds frames up. It is computed once; a frame costs a
//! measure of what it hides and one pass of whole numbers over luma.

use super::frame::Layout;
use super::label::{self, Display, Label};
use super::mask::{FLOOR, Mask};
use super::rows::Rows;
use super::scene::{Scene, Strength};
use super::sums;
use crate::error::{Error, Result};
use crate::image::carrier::{Bin, CLASSES, Carrier, FORMS, Layout as Word, TILE, variants};
use crate::image::fold::{Lie, fold};
use crate::image::overlay::{FINE, Overlay};
use crate::image::quality::{C2, psnr};
use crate::image::spectrum::{Pilot, Reader};
use crate::keyed::Key;
use crate::payload::{self, Class};
use crate::signal::plane::Plane;
use crate::watermark::Quality;
use serde::{Deserialize, Serialize};

/// The least shorter side that can carry a mark, in pixels.
pub const MIN_SIDE: u32 = 160;
/// Shorter sides from which 64 and 128 bits fit, in pixels.
const STANDARD_SIDE: u32 = 240;
const LONG_SIDE: u32 = 1080;
/// Tiles across the shorter side: coarser than in pictures, since films are scaled down and coded harder.
pub const TILES_ACROSS: f64 = 2.0;
/// Patterns of a private key that films have: the first of those that pictures have.
const PATTERNS: u32 = 64;
/// Steps of the pattern for one standard deviation, and the most of them.
const PATTERN: f32 = 16.0;
const MOST_PATTERN: f32 = 80.0;
/// Cells of which the similarity is estimated.
const SAMPLES: usize = 4000;
/// Part of what blocks of 4 x 4 pixels say is lost in SSIM that its windows, which are larger and vary more, do lose: measured on the odd
/// clips of `study:video`.
const LOST: f32 = 0.7;
/// Room for what the estimates do not see, in dB and in SSIM.
const PSNR_MARGIN: f64 = 0.05;
const SSIM_MARGIN: f64 = 0.001;

/// Options of an embedder.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// The layout of the frames.
    pub video: Layout,
    /// `public` or 64 hexadecimal digits.
    pub key: String,
    /// 16 or 32 hexadecimal digits; a small film carries only the first 8 of them.
    pub payload: String,
    /// How the frames are shown; only the label depends on it.
    #[serde(default)]
    pub display: Display,
    /// The label for the frames that are to carry one.
    pub label: Option<label::Options>,
    /// False: only the label is drawn.
    #[serde(default = "yes")]
    pub watermark: bool,
    /// The one knob: 42 dB and SSIM 0.985 over red, green and blue for `standard`, 2 dB closer or further for the others, on average
    /// over the film.
    pub quality: Quality,
}

fn yes() -> bool {
    true
}

/// What was done to all frames so far.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// False: the frames are unchanged, and `reason` says why.
    pub embedded: bool,
    /// Why nothing was embedded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Bits of the payload that the film carries.
    pub bits: usize,
    /// Frames that were marked.
    pub frames: u64,
    /// dB over red, green and blue, of all frames together.
    pub psnr: f64,
    /// dB of the frame that was changed most, a scene's first: up to 3.5 dB below what the setting keeps on average.
    pub worst_psnr: f64,
    /// Mean expected SSIM of all frames.
    pub ssim: f64,
    /// Lowest expected SSIM of a frame.
    pub worst_ssim: f64,
    /// The setting that was asked for.
    pub quality: Quality,
    /// The label, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<label::Report>,
}

/// Marks frames in place.
pub struct Embedder {
    layout: Layout,
    quality: Quality,
    bits: usize,
    reason: Option<String>,
    label: Option<Label>,
    mask: Mask,
    pattern: Option<Pattern>,
    scene: Scene,
    strength: Strength,
    frames: u64,
    error: f64,
    worst_error: f64,
    ssim: f64,
    worst_ssim: f64,
    rows: Rows,
}

/// How many of a key's patterns films have.
pub fn patterns(key: &Key) -> u32 {
    variants(key).min(PATTERNS)
}

/// PSNR in dB and SSIM that a film keeps.
fn floor(quality: Quality) -> (f64, f64) {
    match quality {
        Quality::Standard => (42.0, 0.985),
        Quality::High => (44.0, 0.9895),
        Quality::Robust => (40.0, 0.9775),
    }
}

impl Embedder {
    /// Computes the pattern and renders the label. `font`: a TrueType font, empty for the built-in one.
    pub fn new(font: &[u8], options: &Options) -> Result<Self> {
        let layout = options.video;
        layout.check()?;
        let key = Key::parse(&options.key)?;
        let bytes = payload::unhex(&options.payload)?;
        if bytes.len() != 8 && bytes.len() != 16 {
            return Err(Error::parameter("payload must be 16 or 32 hexadecimal digits"));
        }
        let short = layout.short_side();
        let class = match short {
            LONG_SIDE.. if bytes.len() == 16 => Class::Long,
            STANDARD_SIDE.. => Class::Standard,
            _ => Class::Short,
        };
        let step = f64::from(short) / TILES_ACROSS / TILE as f64;
        let reason = if !options.watermark {
            Some("no watermark was asked for".to_owned())
        } else {
            (short < MIN_SIDE).then(|| format!("the shorter side has {short} pixels; a mark needs {MIN_SIDE}"))
        };
        let label = options.label.as_ref().map(|label| Label::new(&layout, &options.display, font, label)).transpose()?;
        let pattern = if reason.is_none() { Some(Pattern::new(&layout, &key, class, &bytes, step)?) } else { None };
        let mask = Mask::new(&layout, step);
        Ok(Self {
            rows: Rows::new(mask.width * mask.cell),
            scene: Scene::new(mask.width * mask.height),
            label,
            layout,
            quality: options.quality,
            bits: if reason.is_none() { class.bits() } else { 0 },
            reason,
            mask,
            pattern,
            strength: Strength::new(short),
            frames: 0,
            error: 0.0,
            worst_error: 0.0,
            ssim: 0.0,
            worst_ssim: 1.0,
        })
    }

    /// Marks the next frame in place, after drawing the label where `labelled` says so; colour changes only under the label.
    pub fn frame(&mut self, frame: &mut [u8], labelled: bool) -> Result<()> {
        self.layout.check_frame(frame.len())?;
        if labelled && let Some(label) = &mut self.label {
            label.draw(frame, &self.layout);
        }
        let Some(pattern) = &mut self.pattern else { return Ok(()) };
        self.mask.measure(frame, &self.layout);
        let (inside, stride) = (pattern.inside, self.mask.stride(SAMPLES));
        let allowed = allowed(&self.mask, &self.layout, self.quality, inside);
        let strength = if self.scene.begins(&self.mask) {
            let height = pattern.inform(frame, &self.layout, &self.mask, allowed, &mut self.rows)?;
            self.strength.open(allowed, height)
        } else {
            self.strength.next(allowed)
        };
        let error = self.rows.add(frame, &self.layout, &self.mask, &pattern.steps, strength);
        let error = error * self.layout.gain().powi(2);
        let ssim = similarity(&self.mask, &self.layout, inside, f64::from(strength), stride);
        self.frames += 1;
        self.error += error;
        self.worst_error = self.worst_error.max(error);
        self.ssim += ssim;
        self.worst_ssim = self.worst_ssim.min(ssim);
        Ok(())
    }

    /// What was done so far.
    pub fn report(&self) -> Report {
        let embedded = self.reason.is_none() && self.frames > 0;
        let reason = if embedded { None } else { self.reason.clone().or_else(|| Some("there was no frame".to_owned())) };
        Report {
            embedded,
            reason,
            bits: self.bits,
            frames: self.frames,
            psnr: psnr(self.error / self.frames.max(1) as f64),
            worst_psnr: psnr(self.worst_error),
            ssim: if self.frames == 0 { 1.0 } else { self.ssim / self.frames as f64 },
            worst_ssim: self.worst_ssim,
            quality: self.quality,
            label: self.label.as_ref().map(|label| label.report().clone()),
        }
    }
}

/// The strength at which the frame just measured keeps both floors.
fn allowed(mask: &Mask, layout: &Layout, quality: Quality, inside: f64) -> f32 {
    let (psnr, ssim) = floor(quality);
    let square = f64::from(mask.hides.iter().map(|value| value * value).sum::<f32>()) / mask.hides.len() as f64;
    // A black frame does not get all that the floors allow.
    let square = square.max(f64::from(FLOOR * FLOOR));
    let budget = 255.0 * 255.0 * 10f64.powf(-(psnr + PSNR_MARGIN) / 10.0) / layout.gain().powi(2);
    let most = ((budget - rounding(layout)).max(0.0) / square).sqrt();
    let stride = mask.stride(SAMPLES);
    let enough = |strength: f64| similarity(mask, layout, inside, strength, stride) >= ssim + SSIM_MARGIN;
    if enough(most) {
        return most as f32;
    }
    let (mut low, mut high) = (0.0, most);
    for _ in 0..10 {
        let middle = 0.5 * (low + high);
        if enough(middle) { low = middle } else { high = middle }
    }
    low as f32
}

/// Squared levels of 8 bits that rounding adds.
fn rounding(layout: &Layout) -> f64 {
    if layout.depth == 8 { 1.0 / 12.0 } else { 0.0 }
}

/// Mean SSIM at a strength: the mark is independent of the frame, so each window loses by the variance that is added.
fn similarity(mask: &Mask, layout: &Layout, inside: f64, strength: f64, stride: usize) -> f64 {
    let gain = layout.gain().powi(2) as f32;
    let (scale, rounding) = ((strength * strength * inside) as f32, rounding(layout) as f32);
    let (mut sum, mut count) = (0.0f32, 0.0f32);
    for (hides, variance) in mask.hides.iter().zip(&mask.variance).step_by(stride) {
        let base = 2.0 * gain * variance + C2 as f32;
        sum += base / (base + LOST * gain * (scale * hides * hides + rounding));
        count += 1.0;
    }
    f64::from(sum / count.max(1.0))
}

/// The pattern over a frame.
struct Pattern {
    carrier: Carrier,
    layout: Word,
    form: usize,
    word: Vec<bool>,
    shift: [f64; 2],
    /// Pixels a canonical pixel.
    step: f64,
    /// Part of its energy that lies inside of a window of SSIM.
    inside: f64,
    /// One a pixel, in steps; whether its code bits have other weights than 1.
    steps: Vec<i8>,
    informed: bool,
}

impl Pattern {
    fn new(layout: &Layout, key: &Key, class: Class, payload: &[u8], step: f64) -> Result<Self> {
        // Form, pattern and place follow from key, payload and size, as in pictures.
        let mut stream = key.stream(&format!("video/place/{}/{}x{}", payload::hex(payload), layout.width, layout.height));
        let fitting: Vec<usize> = (0..FORMS).filter(|form| CLASSES[*form] == class).collect();
        let form = fitting[stream.below(fitting.len() as u32) as usize];
        let variant = stream.below(patterns(key));
        let shift = [f64::from(stream.below(TILE as u32)), f64::from(stream.below(TILE as u32))];
        let carrier = Carrier::of(key, variant..variant + 1)?;
        let word = carrier.coder(form).encode(payload)?;
        let inside = inside(&carrier.ring, step);
        let mut pattern = Self {
            layout: carrier.layout(0, form).into_owned(),
            carrier,
            form,
            word,
            shift,
            step,
            inside,
            steps: Vec::new(),
            informed: false,
        };
        pattern.draw(layout, &vec![1.0; pattern.word.len()]);
        Ok(pattern)
    }

    /// Computes the steps; `gain` weighs the code bits.
    fn draw(&mut self, layout: &Layout, gain: &[f32]) {
        let tile = self.carrier.variants[0].tile(&self.layout, &self.word, gain, FINE);
        let even = Plane { width: 1, height: 1, data: vec![1.0] };
        let (width, height) = (layout.width as usize, layout.height as usize);
        // Tiles of a whole number of pixels: the others repeat the first.
        let side = (self.step * TILE as f64).round();
        let repeats = (self.step * TILE as f64 - side).abs() < 1e-9;
        let (across, down) = if repeats { (width.min(side as usize), height.min(side as usize)) } else { (width, height) };
        let overlay = Overlay::new(&tile, &even, across, self.step, self.shift);
        let mut row = vec![0.0; across];
        self.steps.clear();
        self.steps.reserve(width * height);
        for y in 0..down {
            overlay.row(y, &mut row);
            let from = self.steps.len();
            self.steps.extend(row.iter().map(|value| (value * PATTERN).round().clamp(-MOST_PATTERN, MOST_PATTERN) as i8));
            repeat(&mut self.steps, from, across, width);
        }
        repeat(&mut self.steps, 0, down * width, height * width);
    }

    /// Weighs the code bits for a scene: those that its first frame speaks against get more, those that it speaks for less, half of
    /// the way. The detector's own front end reads the marked frame; gives how high the word stands there before, in standard deviations.
    fn inform(&mut self, frame: &[u8], layout: &Layout, mask: &Mask, strength: f32, rows: &mut Rows) -> Result<f32> {
        if self.informed {
            self.draw(layout, &vec![1.0; self.word.len()]);
            self.informed = false;
        }
        let mut marked = frame[..layout.luma_bytes()].to_vec();
        rows.add(&mut marked, layout, mask, &self.steps, strength);
        let plane = sums::even(&marked, layout)?;
        let side = plane.width.min(plane.height) as f64 / TILES_ACROSS;
        let spectrum = Reader::new().spectrum(fold(&plane, &Lie::upright(side)));
        let soft = spectrum.soft(&self.carrier.variants[0], &self.layout, self.word.len(), &Pilot::at(0, self.shift, self.form));
        let signed: Vec<f32> = soft.bits.iter().zip(&self.word).map(|(soft, bit)| if *bit { -soft } else { *soft }).collect();
        let sum = signed.iter().sum::<f32>();
        let mean = sum / signed.len() as f32;
        if mean > 0.0 {
            let gain: Vec<f32> = signed.iter().map(|value| 0.5 + 0.5 * (2.0 - value / mean).clamp(0.0, 6.0)).collect();
            self.draw(layout, &gain);
            self.informed = true;
        }
        Ok(sum / soft.spread as f32)
    }
}

/// Appends what lies at `from`, `period` long, again and again until there are `length` from there.
fn repeat(steps: &mut Vec<i8>, from: usize, period: usize, length: usize) {
    for at in (period..length).step_by(period) {
        steps.extend_from_within(from..from + period.min(length - at));
    }
}

/// A Gaussian window of standard deviation 1.5 pixels keeps of a wave of frequency f all but exp(-(2 pi f 1.5)^2) as variance.
fn inside(ring: &[Bin], step: f64) -> f64 {
    let (mut kept, mut whole) = (0.0, 0.0);
    for bin in ring {
        let energy = f64::from(bin.shape()).powi(2);
        let turn = std::f64::consts::TAU * f64::from(bin.radius()) / (TILE as f64 * step) * 1.5;
        kept += energy * (1.0 - (-turn * turn).exp());
        whole += energy;
    }
    kept / whole
}
