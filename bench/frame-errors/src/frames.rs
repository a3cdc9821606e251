//! Frames through a Gaussian channel.

use countermark_core::ecc::{Code, crc32};
use countermark_core::error::Result;
use countermark_core::keyed::Stream;
use std::time::Instant;

/// Check bits in each frame, after the payload.
pub const CHECK: usize = 32;

/// What became of a run of frames.
#[derive(Default)]
pub struct Count {
    /// Frames whose payload was not given back.
    pub lost: u32,
    /// Those of them for which a wrong payload was given.
    pub undetected: u32,
    /// Seconds that each frame spent in the decoder.
    pub seconds: Vec<f64>,
}

/// Sends `frames` frames at `snr` = Es/N0 (a ratio) and decodes each with every list size. Frame t is the same for the same
/// `seed`, payload and noise, whatever code carries it.
pub fn send(code: &Code, snr: f64, lists: &[usize], frames: u32, seed: u32) -> Result<Vec<Count>> {
    let mut counts: Vec<Count> = lists.iter().map(|_| Count::default()).collect();
    let sigma = (0.5 / snr).sqrt();
    for frame in 0..frames {
        let mut stream = stream(seed, frame);
        let noise: Vec<f64> = (0..code.length().div_ceil(2)).flat_map(|_| pair(&mut stream)).collect();
        let mut info: Vec<bool> = (0..code.info() - CHECK).map(|_| stream.draw() & 1 == 1).collect();
        let check = crc32(&info);
        info.extend((0..CHECK).map(|place| check >> place & 1 == 1));
        let word = code.encode(&info)?;
        // The noise is along the word, so that all codes meet the same.
        let llr = |(bit, noise): (&bool, &f64)| (if *bit { -1.0 } else { 1.0 }) * (1.0 + sigma * noise) * 2.0 / (sigma * sigma);
        let llr: Vec<f32> = word.iter().zip(&noise).map(|pair| llr(pair) as f32).collect();
        for (count, list) in counts.iter_mut().zip(lists) {
            let start = Instant::now();
            let found = code.decode(&llr, *list, passes)?;
            count.seconds.push(start.elapsed().as_secs_f64());
            let right = found.as_ref() == Some(&info);
            count.lost += u32::from(!right);
            count.undetected += u32::from(!right && found.is_some());
        }
    }
    Ok(counts)
}

/// Whether the check bits belong to the payload before them.
fn passes(info: &[bool]) -> bool {
    let (payload, checks) = info.split_at(info.len() - CHECK);
    let check = crc32(payload);
    checks.iter().enumerate().all(|(place, bit)| *bit == (check >> place & 1 == 1))
}

fn stream(seed: u32, frame: u32) -> Stream {
    let mut subkey = [0; 32];
    subkey[..4].copy_from_slice(&seed.to_le_bytes());
    subkey[4..8].copy_from_slice(&frame.to_le_bytes());
    Stream::new(subkey)
}

/// Two independent Gaussian numbers, mean 0, variance 1 (Box and Muller).
fn pair(stream: &mut Stream) -> [f64; 2] {
    let uniform = (f64::from(stream.draw()) + 0.5) / (f64::from(u32::MAX) + 1.0);
    let radius = (-2.0 * uniform.ln()).sqrt();
    let angle = stream.angle();
    [radius * angle.cos(), radius * angle.sin()]
}
