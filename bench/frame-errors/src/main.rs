//! Frame error rates of the error correction, as a Markdown report: printed, and written to bench/results/frame-errors.md.
//!
//! `cargo run --release -p frame-errors -- [--frames N] [--seed N]`

mod bound;
mod frames;

use bound::normal_approximation;
use countermark_core::ecc::Code;
use frames::{CHECK, Count, send};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, ExitCode};

/// Length and information bits, check bits included.
const CODES: [(usize, usize); 5] = [(512, 64), (512, 96), (512, 160), (1024, 96), (1024, 160)];
const LISTS: [usize; 6] = [1, 8, 16, 32, 64, 128];
/// The list size at which the two constructions are compared.
const COMPARED: usize = 32;
/// Eb/N0 in dB, energy per information bit, check bits counted.
const LEVELS: [f64; 6] = [-0.5, 0.0, 0.5, 1.0, 1.5, 2.0];
/// The frame error rate at which the summary compares.
const TARGET: f64 = 1e-2;
const REPORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../results/frame-errors.md");

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let done = options(std::env::args().skip(1)).and_then(|(frames, seed)| {
        let report = report(frames, seed)?;
        std::io::stdout().write_all(report.as_bytes())?;
        Ok(std::fs::write(REPORT, report)?)
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "frame-errors: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Frames at each point and seed.
fn options(mut words: impl Iterator<Item = String>) -> Result<(u32, u32), Failure> {
    let (mut frames, mut seed) = (500, 1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} wants a number"))?;
        match word.as_str() {
            "--frames" => frames = value.parse()?,
            "--seed" => seed = value.parse()?,
            _ => return Err(format!("unknown option {word}; there are --frames N and --seed N").into()),
        }
    }
    if frames == 0 { Err("--frames is at least 1".into()) } else { Ok((frames, seed)) }
}

/// One code's measurements: for every level the chosen code's counts for every list, then the plain code's.
struct Measured {
    length: usize,
    info: usize,
    levels: Vec<(Vec<Count>, Count)>,
}

/// The whole report.
fn report(frames: u32, seed: u32) -> Result<String, Failure> {
    let mut text = head(frames, seed);
    let mut all = Vec::new();
    for (length, info) in CODES {
        let (code, plain) = (Code::new(length, info)?, Code::plain(length, info)?);
        let mut levels = Vec::new();
        for level in LEVELS {
            let snr = ratio(level) * info as f64 / length as f64;
            let counts = send(&code, snr, &LISTS, frames, seed)?;
            levels.push((counts, send(&plain, snr, &[COMPARED], frames, seed)?.pop().unwrap_or_default()));
        }
        all.push(Measured { length, info, levels });
    }
    summary(&mut text, &all, frames)?;
    times(&mut text, &all)?;
    for measured in &all {
        rates(&mut text, measured, frames)?;
    }
    Ok(text)
}

fn head(frames: u32, seed: u32) -> String {
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(": ").nth(1));
    let commit = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output().map(|output| output.stdout);
    format!(
        "# Frame errors of the error correction\n\nWritten by the command below; not edited by hand.\n\n\
        - command: `cargo run --release -p frame-errors -- --frames {frames} --seed {seed}`\n\
        - machine: {}, one core, {} {}\n- {}\n- commit: {}\n\n\
        Each frame is a random payload and its CRC-32, sent over a Gaussian channel with two inputs. Eb/N0 counts the energy per \
        information bit, the {CHECK} check bits among them; per payload bit it is higher by the number in each code's title. A \
        frame is lost if its payload is not given back; undetected are those of them for which a wrong one is. Every point is \
        {frames} frames, the same for all codes and lists. NA is the normal approximation for the best code of that length and \
        as many bits (Polyanskiy, Poor and Verdu 2010). It is for decoders without a list, so a list with check bits can pass it; \
        the honest bound for the whole is NA of the payload alone. Plain is a polar code by polarization weight 2^(1/4) without \
        convolution.\n",
        processor.unwrap_or("unknown"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        env!("RUSTC_VERSION"),
        commit.map(|commit| String::from_utf8_lossy(&commit).trim().to_owned()).unwrap_or_default(),
    )
}

/// Where each code loses one frame in a hundred.
fn summary(text: &mut String, all: &[Measured], frames: u32) -> std::fmt::Result {
    write!(text, "\n## Eb/N0 in dB for a frame error rate of {TARGET}\n\n| code | NA of payload | NA |")?;
    LISTS.iter().try_for_each(|list| write!(text, " list {list} |"))?;
    writeln!(text, " plain, list {COMPARED} |\n|---|{}", "--:|".repeat(LISTS.len() + 3))?;
    for Measured { length, info, levels } in all {
        let snr = |level: f64| ratio(level) * *info as f64 / *length as f64;
        let bound = |bits| crossing(LEVELS.map(|level| normal_approximation(*length, bits, snr(level))));
        write!(text, "| {length}, {info} | {} | {} |", bound(*info - CHECK), bound(*info))?;
        for list in 0..LISTS.len() {
            let rates = levels.iter().map(|(counts, _)| rate(&counts[list], frames));
            write!(text, " {} |", crossing(rates))?;
        }
        writeln!(text, " {} |", crossing(levels.iter().map(|(_, plain)| rate(plain, frames))))?;
    }
    Ok(())
}

fn times(text: &mut String, all: &[Measured]) -> std::fmt::Result {
    write!(text, "\n## Milliseconds a decode, median\n\n| code |")?;
    LISTS.iter().try_for_each(|list| write!(text, " list {list} |"))?;
    writeln!(text, "\n|---|{}", "--:|".repeat(LISTS.len()))?;
    for Measured { length, info, levels } in all {
        write!(text, "| {length}, {info} |")?;
        for list in 0..LISTS.len() {
            let mut seconds: Vec<f64> = levels.iter().flat_map(|(counts, _)| counts[list].seconds.iter().copied()).collect();
            seconds.sort_by(f64::total_cmp);
            write!(text, " {:.3} |", 1e3 * seconds[seconds.len() / 2])?;
        }
        writeln!(text)?;
    }
    Ok(())
}

fn rates(text: &mut String, Measured { length, info, levels }: &Measured, frames: u32) -> std::fmt::Result {
    let payload = info - CHECK;
    let shift = 10.0 * (*info as f64 / payload as f64).log10();
    writeln!(text, "\n## Code ({length}, {info}): {payload} payload bits, per payload bit {shift:+.2} dB\n")?;
    write!(text, "| Eb/N0, dB | NA of {payload} | NA of {info} |")?;
    LISTS.iter().try_for_each(|list| write!(text, " list {list} |"))?;
    writeln!(text, " plain, list {COMPARED} | undetected |\n|--:|{}", "--:|".repeat(LISTS.len() + 4))?;
    for (level, (counts, plain)) in LEVELS.iter().zip(levels) {
        let snr = ratio(*level) * *info as f64 / *length as f64;
        let bound = |bits| normal_approximation(*length, bits, snr);
        write!(text, "| {level:.1} | {:.1e} | {:.1e} |", bound(payload), bound(*info))?;
        for count in counts.iter().chain([plain]) {
            let rate = rate(count, frames);
            if count.lost == 0 { write!(text, " 0 |")? } else { write!(text, " {rate:.1e} |")? }
        }
        writeln!(text, " {} |", counts.iter().chain([plain]).map(|count| count.undetected).sum::<u32>())?;
    }
    Ok(())
}

fn rate(count: &Count, frames: u32) -> f64 {
    f64::from(count.lost) / f64::from(frames)
}

fn ratio(level: f64) -> f64 {
    10f64.powf(level / 10.0)
}

/// The Eb/N0 at which `rates`, one for each of `LEVELS`, fall through `TARGET`, on a straight line of the logarithm.
fn crossing(rates: impl IntoIterator<Item = f64>) -> String {
    let points: Vec<(f64, f64)> = LEVELS.into_iter().zip(rates.into_iter().map(|rate| (rate / TARGET).max(1e-9).ln())).collect();
    let found = points.windows(2).find(|pair| pair[0].1 > 0.0 && pair[1].1 <= 0.0);
    match (found, points.first()) {
        (Some(pair), _) => format!("{:.2}", pair[0].0 + (pair[1].0 - pair[0].0) * pair[0].1 / (pair[0].1 - pair[1].1)),
        (None, Some((level, rate))) if *rate <= 0.0 => format!("below {level}"),
        _ => "above".to_owned(),
    }
}
