//! Puts a mark into samples.

use super::carrier::{CLASSES, Carrier, FORMS, Layout, TILE, variants};
use super::fold::{Lie, fold};
use super::frame::{Format, sample, set_sample, shares};
use super::front::flatten;
use super::luma::blocks;
use super::mask::hiding;
use super::overlay::{FINE, Overlay};
use super::quality::psnr;
use super::spectrum::{Pilot, Reader};
use super::strength::{Floor, strength};
use crate::error::{Error, Result};
use crate::keyed::Key;
use crate::payload::{self, Class};
use crate::signal::plane::Plane;
use crate::signal::resample::resample;
use crate::signal::round::whole;
use crate::watermark::Quality;
use serde::{Deserialize, Serialize};

/// The least shorter side that can carry a mark, in pixels.
pub const MIN_SIDE: u32 = 160;
/// Shorter sides from which 64 and 128 bits fit, in pixels.
const STANDARD_SIDE: u32 = 512;
const LONG_SIDE: u32 = 1024;
/// Weakest mark that is worth embedding, mean square in squared grey levels: below, nothing survives the first encoder.
const LEAST_ENERGY: f64 = 0.02;

/// Options of `embed`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// The layout of the samples.
    pub image: Format,
    /// `public` or 64 hexadecimal digits.
    pub key: String,
    /// 16 or 32 hexadecimal digits; a small picture carries only the first 8 of them.
    pub payload: String,
    /// The one knob.
    pub quality: Quality,
}

/// What `embed` did.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// False: the samples are unchanged, and `reason` says why.
    pub embedded: bool,
    /// Why nothing was embedded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Bits of the payload that the picture carries.
    pub bits: usize,
    /// dB, of the samples as they are now against what they were.
    pub psnr: f64,
    /// Expected from up to 6,000 windows all over the picture; `compare` measures it over all pixels.
    pub ssim: f64,
    /// The setting that was asked for.
    pub quality: Quality,
}

/// Tiles across the shorter side of a picture that is at least STANDARD_SIDE; the detector tries all of them.
pub const TILES_ACROSS: [u32; 3] = [4, 6, 8];
/// Pixels of the smallest tile: below, the ring does not fit between codecs and the grid of pixels.
pub const SMALLEST_TILE: f64 = 64.0;

/// Pixels of a tile's side in a picture with this shorter side.
pub fn tile_side(short: u32) -> f64 {
    let tiles = match short {
        0..640 => TILES_ACROSS[0],
        640..896 => TILES_ACROSS[1],
        _ => TILES_ACROSS[2],
    };
    (f64::from(short) / f64::from(tiles)).max(SMALLEST_TILE)
}

/// The quality that a setting promises for a picture with this shorter side.
fn floor(quality: Quality, short: u32) -> Floor {
    let (psnr, ssim) = match short {
        0..512 => (40.0, 0.975),
        512..1024 => (42.0, 0.985),
        _ => (45.0, 0.992),
    };
    match quality {
        Quality::Standard => Floor { psnr, ssim },
        Quality::High => Floor { psnr: psnr + 2.0, ssim: 1.0 - 0.7 * (1.0 - ssim) },
        Quality::Robust => Floor { psnr: psnr - 2.0, ssim: 1.0 - 1.5 * (1.0 - ssim) },
    }
}

/// Marks `samples` in place. A picture that cannot carry a mark is left as it is, and the report says why.
pub fn embed(samples: &mut [u8], options: &Options) -> Result<Report> {
    let format = &options.image;
    format.check(samples.len())?;
    let key = Key::parse(&options.key)?;
    let bytes = payload::unhex(&options.payload)?;
    if bytes.len() != 8 && bytes.len() != 16 {
        return Err(Error::parameter("payload must be 16 or 32 hexadecimal digits"));
    }
    let short = format.short_side();
    let promised = floor(options.quality, short);
    let none = |reason: &str| Report {
        embedded: false,
        reason: Some(reason.to_owned()),
        bits: 0,
        psnr: psnr(0.0),
        ssim: 1.0,
        quality: options.quality,
    };
    if short < MIN_SIDE {
        return Ok(none(&format!("the shorter side has {short} pixels; a mark needs {MIN_SIDE}")));
    }
    let plan = Plan::of(&key, &bytes, format)?;
    let class = CLASSES[plan.form];
    let canonical = canonical(samples, format, plan.step)?;
    let mask = hiding(&canonical);
    let gain = plan.informed(&canonical, &mask, promised);
    let tile = plan.carrier.variants[0].tile(&plan.layout, &plan.word, &gain, FINE);
    let overlay = Overlay::new(&tile, &mask, format.width as usize, plan.step, plan.shift);
    let (factor, ssim) = strength(samples, format, &overlay, promised);
    let error = add(samples, format, &overlay, factor as f32);
    if error < LEAST_ENERGY {
        return Ok(Report { psnr: psnr(error), ..none("the picture is too flat, too dark or too light to hide a mark") });
    }
    Ok(Report { embedded: true, reason: None, bits: class.bits(), psnr: psnr(error), ssim, quality: options.quality })
}

/// Where the tile of a picture lies, and in which form.
pub struct Place {
    /// Which form.
    pub form: usize,
    /// Which of the key's patterns.
    pub variant: u32,
    /// Whole canonical pixels to the right and down.
    pub shift: [f64; 2],
}

impl Place {
    /// All follow from key, payload and size, so that the same call gives the same picture, and two pictures under one key do not lie
    /// alike.
    pub fn of(key: &Key, payload: &[u8], width: u32, height: u32) -> Self {
        let class = match width.min(height) {
            LONG_SIDE.. if payload.len() == 16 => Class::Long,
            STANDARD_SIDE.. => Class::Standard,
            _ => Class::Short,
        };
        let mut stream = key.stream(&format!("image/place/{}/{width}x{height}", payload::hex(payload)));
        let fitting: Vec<usize> = (0..FORMS).filter(|form| CLASSES[*form] == class).collect();
        let form = fitting[stream.below(fitting.len() as u32) as usize];
        let variant = stream.below(variants(key));
        let shift = [f64::from(stream.below(TILE as u32)), f64::from(stream.below(TILE as u32))];
        Self { form, variant, shift }
    }
}

/// The picture's luma with one sample a canonical pixel.
fn canonical(samples: &[u8], format: &Format, step: f64) -> Result<Plane> {
    let block = (step.floor() as usize).max(1);
    let plane = blocks(samples, format, block);
    let inner = step / block as f64;
    if (inner - 1.0).abs() < 1e-9 {
        return Ok(plane);
    }
    let size = |side: usize| ((side as f64 / inner).floor() as usize).max(1);
    resample(&plane, size(plane.width), size(plane.height), inner)
}

/// What is laid into this picture, and where.
struct Plan {
    /// Of one pattern.
    carrier: Carrier,
    layout: Layout,
    form: usize,
    word: Vec<bool>,
    /// Pixels a canonical pixel.
    step: f64,
    /// Whole canonical pixels.
    shift: [f64; 2],
}

impl Plan {
    fn of(key: &Key, payload: &[u8], format: &Format) -> Result<Self> {
        let Place { form, variant, shift } = Place::of(key, payload, format.width, format.height);
        let carrier = Carrier::of(key, variant..variant + 1)?;
        let word = carrier.coder(form).encode(payload)?;
        let layout = carrier.layout(0, form).into_owned();
        Ok(Self { carrier, layout, form, word, step: tile_side(format.short_side()) / TILE as f64, shift })
    }

    /// Weights of the code bits: those that the picture itself speaks against get more, those that it speaks for less. The
    /// detector's own front end says which. One step of half the way: more of it hurts pictures that are cut later.
    fn informed(&self, canonical: &Plane, mask: &Plane, floor: Floor) -> Vec<f32> {
        let even = vec![1.0; self.word.len()];
        let variant = &self.carrier.variants[0];
        let tile = variant.tile(&self.layout, &self.word, &even, TILE);
        let place = |at: usize, shift: f64| (at + TILE - shift as usize) % TILE;
        let mut marked = canonical.clone();
        let squares: f32 = mask.data.iter().map(|value| value * value).sum::<f32>() / mask.data.len() as f32;
        let level = (255.0 * 10f32.powf(-floor.psnr as f32 / 20.0)) / squares.sqrt();
        for y in 0..marked.height {
            let line = &tile[place(y % TILE, self.shift[1]) * TILE..][..TILE];
            let hidden = mask.row(y).to_vec();
            let row = &mut marked.data[y * canonical.width..][..canonical.width];
            for (x, (value, hidden)) in row.iter_mut().zip(hidden).enumerate() {
                *value = (*value + level * hidden * line[place(x % TILE, self.shift[0])]).clamp(0.0, 255.0);
            }
        }
        let spectrum = Reader::new().spectrum(fold(&flatten(marked), &Lie::upright(TILE as f64)));
        // The tile's sample 0 lies at the centre of a canonical pixel.
        let shift = [self.shift[0] + 0.5, self.shift[1] + 0.5];
        let soft = spectrum.soft(variant, &self.layout, self.word.len(), &Pilot::at(0, shift, self.form));
        let signed: Vec<f32> = soft.bits.iter().zip(&self.word).map(|(soft, bit)| if *bit { -soft } else { *soft }).collect();
        let mean = signed.iter().sum::<f32>() / signed.len() as f32;
        if mean <= 0.0 {
            return even;
        }
        signed.iter().map(|value| 0.5 + 0.5 * (2.0 - value / mean).clamp(0.0, 6.0)).collect()
    }
}

/// Adds the mark and gives the mean squared error of the colour samples in grey levels of 8 bits. Fully transparent pixels stay.
fn add(samples: &mut [u8], format: &Format, overlay: &Overlay, factor: f32) -> f64 {
    let mut row = vec![0.0; format.width as usize];
    let bytes = format.pixel_bytes();
    let shares = shares(format.colours());
    let mut error = 0.0f64;
    let mut steps = vec![0i16; 3 * format.width as usize];
    for (y, line) in samples.chunks_exact_mut(format.width as usize * bytes).enumerate() {
        overlay.row(y, &mut row);
        if format.channels == 3 && format.depth == 8 {
            // In two steps, the second without a care for channels: a processor does sixteen samples at once.
            for (three, change) in steps.chunks_exact_mut(3).zip(&row) {
                for (step, share) in three.iter_mut().zip(shares) {
                    *step = whole(change * factor * share);
                }
            }
            // 255 squared, 4096 times, is within 32 bits.
            for (line, steps) in line.chunks_mut(4096).zip(steps.chunks(4096)) {
                let mut sum = 0i32;
                for (value, step) in line.iter_mut().zip(steps) {
                    let before = i16::from(*value);
                    let after = (before + step).clamp(0, 255);
                    sum += i32::from(after - before) * i32::from(after - before);
                    *value = after as u8;
                }
                error += f64::from(sum);
            }
            continue;
        }
        for (pixel, change) in line.chunks_exact_mut(bytes).zip(&row) {
            if format.has_alpha() && sample(pixel, usize::from(format.channels) - 1, format.depth) == 0.0 {
                continue;
            }
            for (channel, share) in shares.iter().enumerate() {
                let before = sample(pixel, channel, format.depth);
                set_sample(pixel, channel, format.depth, before + change * factor * share);
                error += f64::from(sample(pixel, channel, format.depth) - before).powi(2);
            }
        }
    }
    error / (format.pixels() * shares.len()) as f64
}
