//! Puts a mark into a whole sound.

use super::bytes;
pub use super::plan::{Options, Report};
use super::stream::Embedder;
use crate::error::Result;

/// Samples that are marked at a time.
const PIECE: usize = 1 << 16;

/// Marks interleaved samples, 32-bit floating-point numbers in little-endian bytes, in place. A sound that cannot carry a mark is
/// left as it is, and the report says why.
pub fn embed(samples: &mut [u8], options: &Options) -> Result<Report> {
    bytes::check(options.rate, options.channels, samples.len())?;
    let frames = samples.len() / bytes::SIZE / options.channels as usize;
    let seconds = options.seconds.or(Some(frames as f64 / f64::from(options.rate)));
    let mut embedder = Embedder::new(&Options { seconds, ..options.clone() })?;
    let before = samples.to_vec();
    let (mut piece, mut marked, mut at) = (Vec::new(), Vec::new(), 0);
    let mut write = |marked: &mut Vec<f32>, samples: &mut [u8]| {
        for (four, value) in samples[at..].as_chunks_mut::<{ bytes::SIZE }>().0.iter_mut().zip(marked.iter()) {
            *four = value.to_le_bytes();
        }
        at += marked.len() * bytes::SIZE;
        marked.clear();
    };
    let length = PIECE * options.channels as usize * bytes::SIZE;
    for from in (0..before.len()).step_by(length) {
        piece.clear();
        piece.extend(bytes::read(&before[from..(from + length).min(before.len())]));
        embedder.push(&piece, &mut marked);
        write(&mut marked, samples);
    }
    embedder.finish(&mut marked);
    write(&mut marked, samples);
    let report = embedder.report();
    if !report.embedded {
        samples.copy_from_slice(&before);
    }
    Ok(report)
}
