//! The study of the token mark: `npm run study:token`, which is `cargo run --release --package token-study -- [--texts N] [--calibrate N]`.
//! Writes bench/results/token.md; with `--chances` nothing but the chances without a mark, into token-chances.md; with `--speed`
//! nothing but the speed, into token-speed.md.

mod calibration;
mod model;
mod parts;
mod power;
mod schemes;
mod speed;

use calibration::{LENGTH, LEVELS, by_key, calibration};
use countermark_core::token::detect::{Statistic, scores};
use countermark_core::token::pick::ready;
use countermark_core::token::scheme::Scheme as Kind;
use model::{Kind as Shape, Model, VOCABULARY};
use power::{Power, by_threshold, power};
use schemes::schemes;
use stand::Failure;
use stand::options::Options;
use stand::report::{end, head, publish, table};
use std::process::ExitCode;

const REPORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../results/token.md");
const CHANCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../results/token-chances.md");
const SPEED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../results/token-speed.md");
const BITS: [f64; 3] = [0.5, 1.0, 2.0];
const TARGETS: [usize; 3] = [260, 85, 30];
const SHOWN: [usize; 11] = [30, 40, 60, 85, 100, 150, 200, 260, 300, 350, 400];

fn main() -> ExitCode {
    end("token-study", study())
}

fn study() -> Result<(), Failure> {
    let options = Options::read(&["texts", "calibrate", "out"], &["chances", "speed"])?;
    let texts = options.number("texts", 1000)?;
    let unmarked = options.number("calibrate", 1_000_000)?;
    if options.has("chances") {
        return chances(unmarked, &options.text("out", CHANCES));
    }
    if options.has("speed") {
        let start = head("Speed of the token mark", "cargo run --release --package token-study --", &[]);
        return publish(&(start + &speeds()?), &options.text("out", SPEED));
    }
    let facts = [
        format!("made language model: at every place 64 tokens of {VOCABULARY}, Zipf; {texts} marked texts of 400 tokens a row"),
        format!("calibration: {unmarked} unmarked texts of {LENGTH} tokens a row, frequencies of a Zipf distribution"),
    ];
    let mut report = head("The token mark", "cargo run --release --package token-study --", &facts);
    report += "\nTexts found of 100, by length in tokens, at a chance of 1e-2 (and of 1e-3) or below. \"95 of 100\": from this length on.\n";
    for shape in [Shape::Even, Shape::Mixed] {
        for (bits, target) in BITS.into_iter().zip(TARGETS) {
            let model = Model::new(shape, bits);
            let mut rows = Vec::new();
            for scheme in schemes(0)? {
                rows.push(power(&scheme, &model, shape, bits, texts)?);
            }
            rows.extend(references(&model, shape, bits, texts)?);
            let kind =
                if shape == Shape::Even { "the same at every place" } else { "mixed: exponentially distributed over places" };
            report += &format!("\n## {bits} bits a token, {kind}\n\n");
            if shape == Shape::Even {
                report += &format!("Target: 95 of 100 at 1e-2 by {target} tokens.\n\n");
            }
            report += &power_table(&rows, texts);
        }
    }
    report += &published();
    report += &calibrations(unmarked)?;
    report += &parts::parts(texts.min(300))?;
    report += &speeds()?;
    publish(&report, &options.text("out", REPORT))
}

/// SynthID's own detectors: mean and weighted mean of bits against thresholds from unmarked texts.
fn references(model: &Model, shape: Shape, bits: f64, texts: usize) -> Result<Vec<Power>, Failure> {
    let scheme = schemes(0)?.into_iter().nth(3).ok_or("no scheme")?;
    let mark = ready(&scheme.mark)?;
    let Kind::Synthid(tournament) = &mark.scheme else { return Err("not a tournament".into()) };
    let weighted = |tokens: &[u32]| scores(&mark, tokens, Statistic::Likelihood, false);
    let even = |tokens: &[u32]| {
        let padded = tokens;
        scores(&mark, tokens, Statistic::Likelihood, false)
            .iter()
            .map(|(place, _)| {
                let context = padded.get(place - mark.width..*place).unwrap_or(&[]);
                let hash = tournament.candidate(tournament.context(context), padded.get(*place).copied().unwrap_or(0));
                (*place, tournament.layers.iter().filter(|layer| tournament.bit(hash, **layer)).count() as f64)
            })
            .collect::<Vec<(usize, f64)>>()
    };
    Ok(vec![
        by_threshold("SynthID's weighted mean, threshold from unmarked texts", &scheme, model, shape, bits, texts, &weighted)?,
        by_threshold("SynthID's mean, threshold from unmarked texts", &scheme, model, shape, bits, texts, &even)?,
    ])
}

fn power_table(rows: &[Power], texts: usize) -> String {
    let mut titles = vec!["scheme".to_owned()];
    titles.extend(SHOWN.iter().map(usize::to_string));
    titles.push("95 of 100 at 1e-2 (1e-3)".to_owned());
    let share = |count: Option<&u32>| format!("{:.1}", 100.0 * f64::from(count.copied().unwrap_or(0)) / texts as f64);
    let length = |needed: Option<usize>| needed.map_or("> 400".to_owned(), |length| length.to_string());
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let mut cells = vec![row.name.clone()];
            cells.extend(
                SHOWN.iter().map(|length| format!("{} ({})", share(row.found[0].get(*length)), share(row.found[1].get(*length)))),
            );
            cells.push(format!("{} ({})", length(row.needed[0]), length(row.needed[1])));
            cells
        })
        .collect();
    table(&titles.iter().map(String::as_str).collect::<Vec<_>>(), &lines)
}

/// Figures of others, for comparison only: another model, other texts.
fn published() -> String {
    let rows = [vec![
        "SynthID-Text, 30 layers, Gemma 4, top-k 64, all content".to_owned(),
        "18.1".into(),
        "32.6".into(),
        "59.4".into(),
        "84.7".into(),
        "99.3".into(),
        "100".into(),
    ]];
    format!(
        "\n## As published, not measured here\n\nTexts found of 100 at 1 % false alarms, by scored tokens; \"Watermarking Gemma-4 with SynthID-Text\", report of the Python \
         package synthmark 0.1.0, sections 4.1 to 4.11: a real model's prose, code and short answers together, so its entropy is not one of the above.\n\n{}",
        table(&["", "25", "50", "100", "200", "300", "400"], &rows)
    )
}

/// The chances without a mark alone, at more texts; the report grows row by row. Of kgw, which permutes the vocabulary for every
/// token, a fifth of the texts.
fn chances(texts: usize, out: &str) -> Result<(), Failure> {
    let start = head("Chances of the token mark without a mark", "cargo run --release --package token-study --", &[]);
    let mut rows = Vec::new();
    for (place, scheme) in schemes(0)?.iter().enumerate() {
        rows.push(calibrated(place, if scheme.name.starts_with("kgw") { texts / 5 } else { texts })?);
        publish(&(start.clone() + &chances_table(&rows)), out)?;
    }
    Ok(())
}

fn calibrations(texts: usize) -> Result<String, Failure> {
    let rows = (0..schemes(0)?.len()).map(|place| calibrated(place, texts)).collect::<Result<Vec<_>, Failure>>()?;
    Ok(chances_table(&rows))
}

/// A scheme's row; in its last column every key has a fiftieth of the texts.
fn calibrated(place: usize, texts: usize) -> Result<Vec<String>, Failure> {
    let row = calibration(place, texts, texts as u64)?;
    let mut cells = vec![row.name.to_owned(), row.texts.to_string()];
    cells.extend(row.seen.iter().zip(row.expected).map(|(seen, expected)| {
        let error = 1.96 * (*seen as f64).sqrt().max(1.0) / expected;
        format!("{:.3} ± {error:.3}", *seen as f64 / expected)
    }));
    let (least, most) = by_key(place, (texts / 50).max(100))?;
    cells.push(format!("{least:.2} to {most:.2}"));
    Ok(cells)
}

fn chances_table(rows: &[Vec<String>]) -> String {
    let mut titles = vec!["scheme".to_owned(), "texts".to_owned()];
    titles.extend(LEVELS.iter().map(|level| format!("{level:e}")));
    titles.push("8 keys, each by itself, at 1e-2".to_owned());
    format!(
        "\n## Chances without a mark\n\nTexts of {LENGTH} tokens, frequencies of a Zipf distribution, whose chance is at or below a level, beside how many there should be (95 % interval). Every text has a key of its own (64 tables in turn); in the last column a key has a fiftieth of the \
         texts, whose frequent words are always the same ones. Green tokens are counted whole: there it is the \
         largest chance not above the level that a count can have.\n\n{}",
        table(&titles.iter().map(String::as_str).collect::<Vec<_>>(), rows)
    )
}

fn speeds() -> Result<String, Failure> {
    let rows: Vec<Vec<String>> = speed::speed()?
        .iter()
        .map(|row| {
            let targets = match (row.pick <= 500.0, row.detections >= 5_000.0) {
                (true, true) => "both reached",
                (true, false) => "second missed",
                (false, true) => "first missed",
                (false, false) => "both missed",
            };
            let numbers = [row.pick, row.whole, row.detections].map(|number| format!("{number:.0}"));
            [vec![row.name.to_owned()], numbers.to_vec(), vec![targets.to_owned()]].concat()
        })
        .collect();
    Ok(format!(
        "\n## Speed\n\nOne thread of the core, medians; a vocabulary of {} tokens, KGW's too. Targets: 500 us a token at top-k 100, 5,000 texts a second.\n\n{}",
        speed::VOCABULARY,
        table(&["scheme", "us a token, top-k 100", "us a token, all", "texts of 200 tokens a second", "targets"], &rows)
    ))
}
