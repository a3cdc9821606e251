//! What a WebP's frame headers say, with the quality that the quantisers of a lossy frame stand for.

use super::file::{File, Role, u24_le, u32_le};
use super::inspect::base;
use super::inspection::{Inspection, Picture};
use crate::error::{Error, Result};

/// Flags of VP8X (RFC 9649, 2.7.1).
pub(super) const FLAG_ICC: u8 = 0x20;
/// The picture has alpha.
pub(super) const FLAG_ALPHA: u8 = 0x10;
/// An EXIF chunk follows.
pub(super) const FLAG_EXIF: u8 = 0x08;
/// An XMP chunk follows.
pub(super) const FLAG_XMP: u8 = 0x04;
/// The picture moves.
const FLAG_ANIMATION: u8 = 0x02;

/// Bytes of an ANMF chunk before its frame (RFC 9649, 2.7.1.2).
const FRAME_HEAD: usize = 16;

/// What one coded frame says.
pub struct Frame {
    /// Width in pixels, 1 to 16384.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// VP8L: whether alpha is coded.
    pub alpha: bool,
    /// Whether it is VP8L.
    lossless: bool,
    quality: Option<u8>,
}

/// Reads the header of a `VP8 ` or `VP8L` chunk; `None` when it is none.
pub fn frame(name: &[u8], body: &[u8]) -> Option<Frame> {
    match name {
        b"VP8L" => {
            let (&0x2F, rest) = body.split_first()? else { return None };
            let bits = u32_le(rest, 0)?;
            let (width, height) = ((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1);
            Some(Frame { width, height, alpha: bits >> 28 & 1 == 1, lossless: true, quality: None })
        }
        b"VP8 " => {
            // RFC 6386, 9.1: frame tag of three bytes, start code, two sizes of 14 bits and their scales.
            let tag = u24_le(body, 0)?;
            if tag & 1 != 0 || body.get(3..6)? != [0x9D, 0x01, 0x2A] {
                return None;
            }
            let sizes = u32_le(body, 6)?;
            let (width, height) = (sizes & 0x3FFF, sizes >> 16 & 0x3FFF);
            if width == 0 || height == 0 {
                return None;
            }
            Some(Frame { width, height, alpha: false, lossless: false, quality: quality(body.get(10..)?) })
        }
        _ => None,
    }
}

pub(super) fn inspect(file: &File) -> Result<Inspection> {
    let broken = |offset| Error::broken("the WebP's frame header contradicts itself", offset);
    let head = file.parts.get(1).filter(|part| part.role == Role::Head).map(|part| file.body(part));
    let flags = head.and_then(|body| body.first().copied()).unwrap_or(0);
    let mut frames = Vec::new();
    let mut alpha = flags & FLAG_ALPHA != 0;
    for part in file.with(Role::Pixels) {
        let body = file.body(part);
        match &part.name {
            b"VP8 " | b"VP8L" => frames.push(frame(&part.name, body).ok_or_else(|| broken(part.span.start))?),
            b"ANMF" => {
                let mut rest = body.get(FRAME_HEAD..).ok_or_else(|| broken(part.span.start))?;
                // ALPH and unknown chunks may stand before the frame.
                loop {
                    let (Some(name), Some(length)) = (rest.get(..4), u32_le(rest, 4)) else {
                        return Err(broken(part.span.start));
                    };
                    let length = length as usize;
                    let coded = rest.get(8..).and_then(|after| after.get(..length)).ok_or_else(|| broken(part.span.start))?;
                    if matches!(name, b"VP8 " | b"VP8L") {
                        frames.push(frame(name, coded).ok_or_else(|| broken(part.span.start))?);
                        break;
                    }
                    rest = rest.get(8 + length + length % 2..).unwrap_or_default();
                }
            }
            b"ALPH" => alpha = true,
            _ => {}
        }
    }
    let first = frames.first().ok_or_else(|| broken(0))?;
    let size = match head {
        Some(body) => match (u24_le(body, 4), u24_le(body, 7)) {
            (Some(width), Some(height)) => (width + 1, height + 1),
            _ => return Err(broken(12)),
        },
        None => (first.width, first.height),
    };
    let alpha = alpha || (head.is_none() && first.alpha);
    let lossless = frames.iter().all(|frame| frame.lossless);
    let picture = Picture {
        size,
        channels: if alpha { 4 } else { 3 },
        alpha,
        depth: 8,
        colour: if lossless { "rgb" } else { "ycc" },
        animated: flags & FLAG_ANIMATION != 0,
        lossless,
    };
    let mut report = base(file, picture)?;
    if !lossless {
        report.subsampling = Some("4:2:0");
        report.quality = frames.iter().find_map(|frame| frame.quality);
    }
    Ok(report)
}

/// The boolean decoder of RFC 6386, section 7, bit by bit: a header has a few dozen bits.
struct Bits<'a> {
    rest: &'a [u8],
    value: u32,
    range: u32,
    count: u8,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let [a, b] = *bytes.first_chunk()?;
        Some(Self { rest: bytes.get(2..)?, value: u32::from(a) << 8 | u32::from(b), range: 255, count: 0 })
    }

    /// One bit of even probability.
    fn bit(&mut self) -> Option<bool> {
        let split = 1 + (((self.range - 1) * 128) >> 8);
        let one = self.value >= split << 8;
        if one {
            self.range -= split;
            self.value -= split << 8;
        } else {
            self.range = split;
        }
        while self.range < 128 {
            self.value <<= 1;
            self.range <<= 1;
            self.count += 1;
            if self.count == 8 {
                self.count = 0;
                let (&next, rest) = self.rest.split_first()?;
                self.value |= u32::from(next);
                self.rest = rest;
            }
        }
        Some(one)
    }

    /// A number of `count` bits, highest first.
    fn number(&mut self, count: u8) -> Option<i32> {
        (0..count).try_fold(0, |sum, _| Some(sum << 1 | i32::from(self.bit()?)))
    }

    /// A number behind a flag and before its sign; zero without the flag.
    fn signed(&mut self, count: u8) -> Option<i32> {
        if !self.bit()? {
            return Some(0);
        }
        let value = self.number(count)?;
        Some(if self.bit()? { -value } else { value })
    }
}

/// libwebp's quality from the first partition of a key frame (RFC 6386, 9.2 to 9.6).
///
/// libwebp sets `c = f(quality)` and gives segment i the quantiser `127 (1 - c ^ (1 - k a_i))`, where the a_i average to
/// zero over the picture. So the average of `ln(1 - q_i / 127)`, weighted with the shares that the tree probabilities
/// tell, is `ln c`, whatever `sns_strength` was.
fn quality(partition: &[u8]) -> Option<u8> {
    let mut bits = Bits::new(partition)?;
    bits.number(2)?; // colour space, clamping
    let mut segments = None;
    let mut shares = [1.0, 0.0, 0.0, 0.0];
    if bits.bit()? {
        let map = bits.bit()?;
        if bits.bit()? {
            let absolute = bits.bit()?;
            let mut values = [0; 4];
            for value in &mut values {
                *value = bits.signed(7)?;
            }
            for _ in 0..4 {
                bits.signed(6)?; // filter levels
            }
            segments = Some((absolute, values));
        }
        if map {
            let mut tree = [1.0; 3];
            for node in &mut tree {
                if bits.bit()? {
                    *node = f64::from(bits.number(8)?) / 255.0;
                }
            }
            let [top, left, right] = tree;
            shares = [top * left, top * (1.0 - left), (1.0 - top) * right, (1.0 - top) * (1.0 - right)];
        }
    }
    bits.number(1 + 6 + 3)?; // filter type, level, sharpness
    if bits.bit()? && bits.bit()? {
        for _ in 0..8 {
            bits.signed(6)?; // filter deltas
        }
    }
    bits.number(2)?; // partitions
    let base = bits.number(7)?;
    let quantisers = match segments {
        Some((true, values)) => values,
        Some((false, values)) => values.map(|value| value + base),
        None => [base; 4],
    };
    let mut mean = 0.0;
    for (share, quantiser) in shares.iter().zip(quantisers) {
        // libwebp rounds the quantiser down.
        let q = f64::from(quantiser.clamp(0, 127)) + if quantiser > 0 { 0.5 } else { 0.0 };
        mean += share * (1.0 - q.min(126.9) / 127.0).ln();
    }
    let linear = mean.exp().powi(3);
    let quality = if linear < 0.5 { linear * 1.5 } else { (linear + 1.0) / 2.0 };
    Some((quality * 100.0).round().clamp(1.0, 100.0) as u8)
}
