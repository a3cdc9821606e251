//! Breaks small files of every kind at random and has the core read and mark them.
//!
//!     npm run bench:fuzz -- [runs, default 1000000] [seed, default 1] [part of the names of kinds, default all]...
//!
//! A run fails where the core panics, takes more than a second, or writes a file in which it does not find exactly one label.
//! The report names the kind, the number of the run and the seed, which make the same file again.

#[path = "../../../core/src/media/samples.rs"]
mod films;
#[path = "../../../core/src/container/samples.rs"]
#[allow(dead_code)]
mod pictures;

use countermark_core::face;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

const LABEL: &str = r#"{"aigc":{"Label":"1","ContentProducer":"Example-Lab","ProduceID":"c-1","ReservedCode1":"","ContentPropagator":"Example-Lab","PropagateID":"c-1","ReservedCode2":""},"digitalSourceType":"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia","replace":true}"#;
const SLOW: Duration = Duration::from_secs(1);
/// Values at which lengths and counts break.
const EDGES: [u32; 10] = [0, 1, 7, 8, 0x7F, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFF0, 0xFFFF_FFFF];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        // xorshift64*.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound.max(1)
    }
}

fn broken(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(out.len());
        match random.below(8) {
            0..=2 => {
                if let Some(byte) = out.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            3 => {
                let edge = EDGES.get(random.below(EDGES.len())).copied().unwrap_or_default();
                let digits = if random.below(2) == 0 { edge.to_be_bytes() } else { edge.to_le_bytes() };
                for (place, digit) in out.iter_mut().skip(at).zip(digits) {
                    *place = digit;
                }
            }
            4 => out.truncate(at.max(1)),
            5 => {
                // A run once more, as boxes, chunks and tags double.
                let run: Vec<u8> = out.iter().skip(at).take(random.below(64)).copied().collect();
                let to = random.below(out.len());
                out.splice(to..to, run);
            }
            6 => {
                let end = (at + random.below(32)).min(out.len());
                out.drain(at..end);
            }
            _ => {
                if let Some(byte) = out.get_mut(at) {
                    *byte = random.below(256) as u8;
                }
            }
        }
        if out.is_empty() {
            out.push(0);
        }
    }
    out
}

/// What went wrong, if anything did.
fn exercise(bytes: &[u8]) -> Result<bool, String> {
    let start = Instant::now();
    let done = catch_unwind(AssertUnwindSafe(|| {
        let _ = face::metadata_read(bytes);
        let _ = face::file_inspect(bytes);
        let _ = face::coded_digest_source(&bytes);
        match face::metadata_write(bytes, LABEL) {
            Err(_) => Ok(false),
            Ok(marked) => match face::metadata_read(&marked) {
                Ok(report) if report.matches("\"format\":\"aigc\"").count() == 1 => Ok(true),
                Ok(report) => Err(format!("written, but not one label: {report}")),
                Err(error) => Err(format!("written, but cannot be read: {error}")),
            },
        }
    }));
    let outcome = done.map_err(|_| "panic".to_owned())?;
    if start.elapsed() > SLOW {
        return Err(format!("took {:?}", start.elapsed()));
    }
    outcome
}

fn main() {
    let mut given = std::env::args().skip(1);
    let mut number = |default: u64| given.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (runs, seed) = (number(1_000_000), number(1));
    let parts: Vec<String> = given.collect();
    let wanted = |name: &str| parts.is_empty() || parts.iter().any(|part| name.contains(part.as_str()));
    let all = films::all().into_iter().chain(pictures::all());
    let kinds: Vec<(&str, Vec<u8>)> = all.filter(|(name, _)| wanted(name)).collect();
    let mut out = std::io::stdout();
    let mut failures = 0u64;
    let each = runs.div_ceil(kinds.len().max(1) as u64);
    let start = Instant::now();
    for (name, bytes) in &kinds {
        let sources = [Some(bytes.clone()), face::metadata_write(bytes, LABEL).ok()];
        let sources: Vec<Vec<u8>> = sources.into_iter().flatten().collect();
        let (mut marked, mut shown) = (0u64, 0);
        for run in 0..each {
            let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (run + 1).wrapping_mul(0xD1B5_4A32_D192_ED03) | 1);
            let source = sources.get(random.below(sources.len())).unwrap_or(bytes);
            match exercise(&broken(source, &mut random)) {
                Ok(written) => marked += u64::from(written),
                Err(what) => {
                    failures += 1;
                    if shown < 3 {
                        shown += 1;
                        let _ = writeln!(out, "FAILED {name}, run {run}, seed {seed}: {what}");
                    }
                }
            }
        }
        let _ = writeln!(out, "{name}: {each} runs, {marked} of them could still be marked");
    }
    let _ = writeln!(out, "{} runs, {failures} failures, {:.0} s", each * kinds.len() as u64, start.elapsed().as_secs_f64());
    if failures > 0 {
        std::process::exit(1);
    }
}
