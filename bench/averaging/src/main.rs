//! Averaging and collusion: N pictures are marked with one private key; what can be learned of its pattern without the key?
//!
//! `cargo run --release -p averaging -- [FOLDER...] [--most N] [--tests N] [--seed TEXT] [--jobs N] [--out FILE]`
//!
//! Without folders the pictures are made ones. Writes bench/results/averaging.md.

mod attacker;
mod learned;
mod report;

use attacker::{SIDE, TILE, Tile, aligned, best_shift, folded, likeness, mean, moved, painted, pattern, seen};
use bench_stand::options::Options;
use bench_stand::picture::Picture;
use bench_stand::report::{end, publish, tell};
use bench_stand::source::Source;
use bench_stand::{Failure, random};
use countermark_core::image::detect::{self, Effort, Evidence, detect};
use countermark_core::image::embed::{self, Quality, embed};
use countermark_core::payload::{self, Class, Coder};
use countermark_core::signal::fourier::Square;
use countermark_core::signal::plane::Plane;
use learned::{Model, learned};
use rayon::prelude::*;
use report::{Line, Outcome};
use std::process::ExitCode;

/// The way that needs a maker who reuses content numbers.
const REUSED: &str = "plain mean, one content number";
/// How many pictures the attacker has.
const COUNTS: [usize; 7] = [1, 3, 10, 30, 100, 300, 1000];
/// dB that painting a pattern may cost; a mark of standard quality costs 42 in such pictures.
pub const FORGING: [f64; 2] = [46.0, 42.0];
/// dB that subtracting a pattern may cost: too much of it would be a mark of its own.
pub const REMOVING: [f64; 6] = [52.0, 50.0, 48.0, 46.0, 44.0, 42.0];

fn main() -> ExitCode {
    end("averaging", run())
}

/// One marked picture.
struct Marked {
    picture: Picture,
    /// The true pattern: the difference to the original, folded.
    truth: Tile,
    payload: String,
}

fn marked(original: &Picture, key: &str, content: &str) -> Result<Option<Marked>, Failure> {
    let payload = payload::of("Averaging study", content, 64)?;
    let mut picture = original.clone();
    let options =
        embed::Options { image: picture.format, key: key.to_owned(), payload: payload.clone(), quality: Quality::Standard };
    if !embed(&mut picture.samples, &options)?.embedded {
        return Ok(None);
    }
    let data = picture.luma().iter().zip(original.luma()).map(|(a, b)| a - b).collect();
    Ok(Some(Marked { truth: folded(&Plane { width: SIDE, height: SIDE, data }), picture, payload }))
}

fn look(picture: &Picture, key: &str) -> Result<Evidence, Failure> {
    let options = detect::Options { image: picture.format, keys: vec![key.to_owned()], effort: Effort::Direct };
    detect(&picture.samples, &options)?.evidence.pop().ok_or_else(|| "no evidence for a key".into())
}

/// What the attacker knows, and from how many pictures.
struct Knowledge {
    name: &'static str,
    count: usize,
    patterns: Vec<Tile>,
    /// Only where the attacker knows payloads.
    models: Vec<Model>,
}

/// The code word of a payload of 64 bits.
fn word(payload: &str) -> Result<Vec<bool>, Failure> {
    Ok(Coder::new(Class::Standard)?.encode(&payload::unhex(payload)?)?)
}

fn run() -> Result<(), Failure> {
    let options = Options::read(&["most", "tests", "seed", "jobs", "out"], &[])?;
    let (most, tests) = (options.number("most", 1000)?, options.number("tests", 24)?);
    let seed = options.text("seed", "1");
    let (key, other) = (random::key("averaging", &seed)?, random::key("averaging, another", &seed)?);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.number("jobs", 2)?).build()?;
    let (originals, fresh) = originals(&options.folders, most, tests)?;
    let counts: Vec<usize> = COUNTS.into_iter().filter(|count| *count <= most).collect();
    let (lines, facts) = pool.install(|| -> Result<_, Failure> {
        // Different content: every picture has a content number of its own. Same: one number for all.
        let tiles = |same: bool| -> Result<Vec<(Tile, Vec<bool>)>, Failure> {
            tell(if same { "marking with one content number" } else { "marking with different content numbers" });
            let all = (0..most).into_par_iter().map(|number| {
                let original = originals[number % originals.len()].symmetry(number / originals.len() % 8);
                let content = if same { "reused".to_owned() } else { number.to_string() };
                let marked = marked(&original, &key, &content)?;
                marked.map(|marked| Ok((seen(&marked.picture), word(&marked.payload)?))).transpose()
            });
            Ok(all.collect::<Result<Vec<_>, Failure>>()?.into_iter().flatten().collect())
        };
        let (different, same) = (tiles(false)?, tiles(true)?);
        let mut known = Vec::new();
        for count in &counts {
            tell(&format!("estimating from {count} pictures"));
            let part = |all: &'_ [(Tile, Vec<bool>)]| all.len().min(*count);
            let some: Vec<&Tile> = different[..part(&different)].iter().map(|(tile, _)| tile).collect();
            let words: Vec<&Vec<bool>> = different[..part(&different)].iter().map(|(_, word)| word).collect();
            let reused: Vec<&Tile> = same[..part(&same)].iter().map(|(tile, _)| tile).collect();
            let mut stream = random::stream(&format!("averaging {seed} {count}"))?;
            let common: Vec<Tile> = aligned(&some, &mut stream).iter().map(|tile| pattern(tile)).collect();
            let models = learned(&some, &words, &common);
            let plain = |tiles: &[&Tile]| vec![pattern(&mean(tiles))];
            known.push(Knowledge { name: "plain mean", count: *count, patterns: plain(&some), models: Vec::new() });
            known.push(Knowledge { name: "aligned mean", count: *count, patterns: common.clone(), models: Vec::new() });
            known.push(Knowledge { name: "aligned, payloads known", count: *count, patterns: common, models });
            known.push(Knowledge { name: REUSED, count: *count, patterns: plain(&reused), models: Vec::new() });
        }
        known.sort_by_key(|knowledge| knowledge.name);
        let targets = fresh
            .par_iter()
            .enumerate()
            .map(|(number, original)| {
                let ours = marked(original, &key, &format!("fresh {number}"))?;
                let (reused, others) = (marked(original, &key, "reused")?, marked(original, &other, &format!("fresh {number}"))?);
                Ok(ours.zip(reused).zip(others).map(|((ours, reused), others)| Target {
                    original: original.clone(),
                    ours,
                    reused,
                    others,
                }))
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        let targets: Vec<_> = targets.into_iter().flatten().collect();
        tell("forging and removing");
        let lines = known.iter().map(|knowledge| tried(knowledge, &targets, &key)).collect::<Result<Vec<_>, Failure>>()?;
        let own = own(&targets, &key)?;
        let facts = [originals.len(), different.len(), same.len(), targets.len()];
        Ok(([lines, own].concat(), facts))
    })?;
    publish(&report::report(&lines, facts, &options.folders, &seed), &options.text("out", "bench/results/averaging.md"))
}

/// Squares of 512 pixels: those that are marked for the attacker, and those that he tries his knowledge on.
fn originals(folders: &[String], most: usize, tests: usize) -> Result<(Vec<Picture>, Vec<Picture>), Failure> {
    let sources = if folders.is_empty() {
        (0..tests + most.div_ceil(8).max(1)).map(|number| Source::made(&format!("scene-{number}"))).collect()
    } else {
        Source::list(folders, false)?
    };
    let mut all = Vec::new();
    for source in &sources {
        match source.load() {
            Ok(picture) => all.extend(picture.to_rgb()?.middle(SIDE as u32)),
            Err(cause) => tell(&format!("{}: {cause}", source.name)),
        }
    }
    if all.len() < tests + most.div_ceil(8).max(1) {
        return Err(format!(
            "{} pictures of {SIDE} pixels are not enough for {tests} tests and {most} marked ones in eight ways",
            all.len()
        )
        .into());
    }
    // Spread over the folders: tests are of the same kinds as the rest.
    let every = all.len() / tests.max(1);
    let (mut fresh, mut rest) = (Vec::new(), Vec::new());
    for (at, picture) in all.into_iter().enumerate() {
        if at % every == 0 && fresh.len() < tests { fresh.push(picture) } else { rest.push(picture) }
    }
    Ok((rest, fresh))
}

/// A picture that the attacker's estimate was not made from, and its marks.
struct Target {
    original: Picture,
    ours: Marked,
    /// With the content number that was reused.
    reused: Marked,
    /// Under another key.
    others: Marked,
}

/// The shift and class that fit a marked picture best, as a pattern in its place.
fn in_place(square: &mut Square, tile: &Tile, patterns: &[Tile]) -> Option<Tile> {
    let fit = |one: &Tile, square: &mut Square| (likeness(square, tile, one), one.clone());
    let fits: Vec<_> = patterns.iter().map(|one| fit(one, square)).collect();
    let (_, best) = fits.into_iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
    let (x, y, _) = best_shift(square, tile, &best);
    Some(moved(&best, x, y))
}

fn tried(knowledge: &Knowledge, targets: &[Target], key: &str) -> Result<Line, Failure> {
    let one = |Target { original, ours, reused, others }: &Target| -> Result<Outcome, Failure> {
        let ours = if knowledge.name == REUSED { reused } else { ours };
        let mut square = Square::new(TILE);
        let like = |square: &mut Square, truth: &Tile| {
            knowledge.patterns.iter().map(|one| likeness(square, one, truth)).fold(-1.0, f32::max)
        };
        let (likeness, chance) = (like(&mut square, &ours.truth), like(&mut square, &others.truth));
        let mut outcome = Outcome { likeness, chance, ..Outcome::default() };
        // With payloads known, the attacker writes one of his own choice, and takes out the one that the label names.
        let chosen = payload::of("Somebody else", "chosen", 64)?;
        let written = |payload: &str| -> Result<Vec<Tile>, Failure> {
            let word = word(payload)?;
            Ok(knowledge.models.iter().map(|model| pattern(&model.pattern(&word))).collect())
        };
        let known = !knowledge.models.is_empty();
        let (forging, removing) = if known {
            (written(&chosen)?, written(&ours.payload)?)
        } else {
            (knowledge.patterns.clone(), knowledge.patterns.clone())
        };
        for (at, cost) in FORGING.iter().enumerate() {
            for pattern in &forging {
                let evidence = look(&painted(original, pattern, 1.0, *cost), key)?;
                outcome.forged[at] |= evidence.found;
                outcome.written[at] |=
                    if known { evidence.payload.as_ref() == Some(&chosen) } else { evidence.payload.is_some() };
            }
        }
        if let Some(pattern) = in_place(&mut square, &seen(&ours.picture), &removing) {
            for (at, cost) in REMOVING.iter().enumerate() {
                let evidence = look(&painted(&ours.picture, &pattern, -1.0, *cost), key)?;
                outcome.left[at] = evidence.found;
                outcome.read[at] = evidence.payload.as_ref() == Some(&ours.payload);
            }
        }
        Ok(outcome)
    };
    let outcomes = targets.par_iter().map(one).collect::<Result<Vec<_>, Failure>>()?;
    Ok(Line { name: knowledge.name, count: Some(knowledge.count), outcomes })
}

/// What needs no other picture: each picture's own tiles, its own true pattern (as who has the original knows it), and noise as a measure.
fn own(targets: &[Target], key: &str) -> Result<Vec<Line>, Failure> {
    let ways: [&'static str; 3] =
        ["noise of the same spectrum", "the picture's own tiles", "the pattern itself (needs the original)"];
    ways.iter()
        .map(|way| {
            let one = |(at, Target { ours, others, .. }): (usize, &Target)| -> Result<Outcome, Failure> {
                let mut square = Square::new(TILE);
                let used = match *way {
                    "the picture's own tiles" => pattern(&seen(&ours.picture)),
                    "the pattern itself (needs the original)" => ours.truth.clone(),
                    _ => moved(&others.truth, 7 * at, 31 * at),
                };
                let mut outcome = Outcome {
                    likeness: likeness(&mut square, &used, &ours.truth),
                    chance: likeness(&mut square, &used, &others.truth),
                    ..Outcome::default()
                };
                // Copied to another picture: the next one.
                let target = &targets[(at + 1) % targets.len()].original;
                for (at, cost) in FORGING.iter().enumerate() {
                    let evidence = look(&painted(target, &used, 1.0, *cost), key)?;
                    (outcome.forged[at], outcome.written[at]) = (evidence.found, evidence.payload.is_some());
                }
                for (at, cost) in REMOVING.iter().enumerate() {
                    let evidence = look(&painted(&ours.picture, &used, -1.0, *cost), key)?;
                    (outcome.left[at], outcome.read[at]) = (evidence.found, evidence.payload.as_ref() == Some(&ours.payload));
                }
                Ok(outcome)
            };
            let outcomes = targets.par_iter().enumerate().map(one).collect::<Result<Vec<_>, Failure>>()?;
            Ok(Line { name: way, count: None, outcomes })
        })
        .collect()
}
