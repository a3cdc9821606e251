//! The false alarms in Markdown.

use crate::tail::{Group, fit};
use bench_stand::report::{head, portable, table};
use bench_stand::statistics::{clopper_pearson, quantile};
use bench_stand::{Failure, random};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a file is promised.
const PROMISE: f64 = 1e-6;
/// Where the tail may begin, the strictest first, and how many p-values a fit needs beyond it.
const TAILS: [f64; 6] = [1e-4, 1e-3, 1e-2, 1e-1, 0.3, 0.5];
const ENOUGH: usize = 100;
/// Powers of ten in the table.
const POWERS: i32 = 8;

/// What must be the same for a run to go on.
#[derive(Serialize, Deserialize, PartialEq)]
pub struct Settings {
    pub seed: String,
    pub effort: String,
    pub keys: usize,
    /// Which core was measured: git's hash of its sources.
    pub core: String,
}

/// Up to 256 keys on one picture.
#[derive(Serialize, Deserialize, Default, Clone)]
pub struct Block {
    pub name: String,
    /// The number of the first key.
    pub first: usize,
    pub trials: usize,
    pub seconds: f64,
    /// p-values of at most one half.
    pub small: Vec<f64>,
    /// Scores in hundredths of a standard deviation, in order.
    pub scores: Vec<u32>,
    /// Findings at the detector's own limit.
    pub found: usize,
    /// Payloads that were accepted.
    pub accepted: Vec<String>,
}

/// Git's hash of what is in core/src now, changes included.
pub fn core_of() -> String {
    let run =
        |words: &[&str]| std::process::Command::new("git").args(words).output().map(|output| output.stdout).unwrap_or_default();
    let tree = String::from_utf8_lossy(&run(&["rev-parse", "HEAD:core/src"])).trim().to_owned();
    let changes = run(&["diff", "HEAD", "--", "core/src"]);
    let changed = if changes.is_empty() {
        String::new()
    } else {
        format!("+{:08x}", changes.iter().fold(0u32, |sum, byte| sum.wrapping_mul(16_777_619) ^ u32::from(*byte)))
    };
    format!("{}{changed}", &tree[..tree.len().min(12)])
}

struct Picture {
    name: String,
    trials: usize,
    small: Vec<f64>,
}

pub fn report(
    blocks: &[Block],
    settings: &Settings,
    folders: &[String],
    patterns: bool,
    skipped: &[String],
) -> Result<String, Failure> {
    let mut by_name: BTreeMap<&str, Picture> = BTreeMap::new();
    for block in blocks {
        let picture =
            by_name.entry(&block.name).or_insert_with(|| Picture { name: block.name.clone(), trials: 0, small: Vec::new() });
        picture.trials += block.trials;
        picture.small.extend_from_slice(&block.small);
    }
    let pictures: Vec<Picture> = by_name.into_values().collect();
    let trials: usize = pictures.iter().map(|picture| picture.trials).sum();
    let count = |p: f64| pictures.iter().flat_map(|picture| &picture.small).filter(|one| **one <= p).count();
    let each: Vec<f64> = blocks.iter().map(|block| 1e3 * block.seconds / block.trials.max(1) as f64).collect();
    let inputs: Vec<String> =
        folders.iter().map(|folder| portable(folder)).chain(patterns.then(|| "made patterns".to_owned())).collect();
    let mut text = head(
        "False alarms of the image watermark",
        "cargo run --release -p false-alarms --",
        &[
            format!("inputs: {} pictures of {}", pictures.len(), inputs.join(", ")),
            format!("seed {}; effort {}; core/src {}", settings.seed, settings.effort, settings.core),
        ],
    );
    let accepted: Vec<String> =
        blocks.iter().flat_map(|block| block.accepted.iter().map(|payload| format!("{payload} on {}", block.name))).collect();
    let found: usize = blocks.iter().map(|block| block.found).sum();
    let (_, most) = clopper_pearson(found as u64, trials as u64);
    writeln!(
        text,
        "\n{trials} trials (picture, key) on {} pictures that carry no mark; {:.2} ms a key (median over calls of 256 keys).\n\n\
         Findings at p <= 1e-6: {found}, so that their rate is at most {most:.1e} (95 %, Clopper and Pearson). Payloads accepted: {}{}.\n",
        pictures.len(),
        quantile(&each, 0.5),
        accepted.len(),
        if accepted.is_empty() { String::new() } else { format!(" - **{}**", accepted.join("; ")) },
    )?;
    let mut least: Vec<(f64, &str)> =
        pictures.iter().flat_map(|picture| picture.small.iter().map(|p| (*p, picture.name.as_str()))).collect();
    least.sort_by(|a, b| a.0.total_cmp(&b.0));
    let smallest: Vec<String> = least.iter().take(10).map(|(p, name)| format!("{p:.1e} {name}")).collect();
    writeln!(
        text,
        "Smallest p-values: {}.\n\n{}\n",
        if smallest.is_empty() { "all above 0.5".to_owned() } else { smallest.join(", ") },
        tail(&pictures, settings)?
    )?;

    writeln!(
        text,
        "## Calibration\n\nA p-value is an upper bound of a chance: fewer small ones than nominal are what it promises.\n"
    )?;
    let rows: Vec<Vec<String>> = (1..=POWERS)
        .map(|power| {
            let p = 10f64.powi(-power);
            let (hits, expected) = (count(p), trials as f64 * p);
            let (low, high) = clopper_pearson(hits as u64, trials as u64);
            let verdict = if low > p {
                "**above**"
            } else if high < p {
                "below"
            } else {
                "holds the nominal"
            };
            vec![
                format!("10^-{power}"),
                short(expected),
                hits.to_string(),
                format!("{} - {}", short(low), short(high)),
                verdict.to_owned(),
            ]
        })
        .collect();
    text += &table(&["p at most", "expected", "seen", "share, 95 % (Clopper and Pearson)", "interval"], &rows);
    scores(&mut text, blocks)?;
    worst(&mut text, &pictures)?;
    if !skipped.is_empty() {
        writeln!(text, "\nNot tried: {}.", skipped.join(", "))?;
    }
    Ok(text)
}

fn short(number: f64) -> String {
    if number == 0.0 {
        "0".to_owned()
    } else if number >= 0.01 {
        format!("{number:.3}")
    } else {
        format!("{number:.1e}")
    }
}

/// The tail of the p-values, from the strictest beginning beyond which there are enough.
fn tail(pictures: &[Picture], settings: &Settings) -> Result<String, Failure> {
    let groups = |from: f64| -> Vec<Group> {
        pictures
            .iter()
            .map(|picture| Group {
                trials: picture.trials,
                small: picture.small.iter().copied().filter(|p| *p <= from).collect(),
            })
            .collect()
    };
    let enough = |from: &&f64| groups(**from).iter().map(|group| group.small.len()).sum::<usize>() >= ENOUGH;
    let Some(from) = TAILS.iter().find(enough) else {
        return Ok(format!("Fewer than {ENOUGH} p-values of at most 0.5: no tail to fit."));
    };
    let groups = groups(*from);
    let mut stream = random::stream(&format!("tail {}", settings.seed))?;
    let Some(fit) = fit(&groups, *from, PROMISE, 2_000, &mut stream) else { return Ok("No tail to fit.".to_owned()) };
    Ok(format!(
        "Tail: {} p-values of at most {from}; exponential rate {:.3} (1 = exact, more = safer); chance of p <= 1e-6 by the fit {:.1e} (95 %, pictures resampled: {:.1e} - {:.1e}).",
        groups.iter().map(|group| group.small.len()).sum::<usize>(),
        fit.rate,
        fit.chance,
        fit.interval.0,
        fit.interval.1,
    ))
}

/// Most p-values are 1, since the bound counts every place that was looked at; heights of the pilot's peak say more.
fn scores(text: &mut String, blocks: &[Block]) -> Result<(), Failure> {
    let scores: Vec<f64> = blocks.iter().flat_map(|block| &block.scores).map(|score| f64::from(*score) / 100.0).collect();
    let at = |share: f64| format!("{:.2}", quantile(&scores, share));
    writeln!(text, "\n## Height of the pilot's best peak, in standard deviations\n")?;
    let titles = ["", "median", "90 %", "99 %", "99.9 %", "99.99 %", "largest"];
    let shares = [0.5, 0.9, 0.99, 0.999, 0.9999, 1.0];
    *text += &table(&titles, &[std::iter::once("score".to_owned()).chain(shares.map(at)).collect()]);
    Ok(())
}

/// The pictures with the most small p-values.
fn worst(text: &mut String, pictures: &[Picture]) -> Result<(), Failure> {
    for p in [0.5, 0.1, 0.01, 0.001] {
        let hits = |picture: &Picture| picture.small.iter().filter(|one| **one <= p).count();
        let share = |picture: &Picture| hits(picture) as f64 / picture.trials.max(1) as f64;
        let Some(worst) = pictures.iter().max_by(|a, b| share(a).total_cmp(&share(b))) else { continue };
        if hits(worst) > 0 {
            let (low, high) = clopper_pearson(hits(worst) as u64, worst.trials as u64);
            writeln!(
                text,
                "\nWorst picture at p <= {p}: {}, {} of {} ({} - {}).",
                worst.name,
                hits(worst),
                worst.trials,
                short(low),
                short(high)
            )?;
        }
    }
    Ok(())
}
