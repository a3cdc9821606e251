//! Averaging and collusion: N pictures are marked with one private key; what can be learned of its pattern without the key?
//!
//! `cargo run --release -p averaging -- [FOLDER...] [--most N] [--tests N] [--seed TEXT] [--jobs N] [--out FILE]`
//!
//! Without folders the pictures are made ones. Writes bench/results/averaging.md.

mod attacker;
mod learned;
mod report;

use attacker::{SIDE, TILE, Tile, VARIANTS, aligned, best_shift, folded, likeness, mean, moved, painted, pattern, seen, sorted};
use bench_stand::options::Options;
use bench_stand::picture::Picture;
use bench_stand::report::{end, publish, tell};
use bench_stand::source::Source;
use bench_stand::{Failure, random};
use countermark_core::image::detect::{self, Effort, Evidence, detect};
use countermark_core::image::embed::{self, embed};
use countermark_core::keyed::{Key, Stream};
use countermark_core::payload::{self, Class, Coder};
use countermark_core::signal::fourier::Square;
use countermark_core::signal::plane::Plane;
use countermark_core::watermark::Quality;
use learned::{Model, learned};
use rayon::prelude::*;
use report::{Line, Outcome};
use std::collections::BTreeMap;
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
    /// Which of the key's patterns it has.
    variant: u32,
}

/// Which pattern a key marks such a picture with: the second number of its place's stream (docs/payload.md). Only who has the key can tell.
fn variant(key: &str, payload: &str) -> Result<u32, Failure> {
    let mut stream = Key::parse(key)?.stream(&format!("image/place/{payload}/{SIDE}x{SIDE}"));
    // Two forms carry 64 bits.
    stream.below(2);
    Ok(stream.below(VARIANTS))
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
    Ok(Some(Marked {
        truth: folded(&Plane { width: SIDE, height: SIDE, data }),
        picture,
        variant: variant(key, &payload)?,
        payload,
    }))
}

fn look(picture: &Picture, key: &str) -> Result<Evidence, Failure> {
    let options =
        detect::Options { image: picture.format, keys: vec![key.to_owned()], effort: Effort::Direct, expect: Vec::new() };
    detect(&picture.samples, &options)?.evidence.pop().ok_or_else(|| "no evidence for a key".into())
}

/// By the number of a pattern: the estimates of it, and the models of its word.
type Told = BTreeMap<u32, (Vec<Tile>, Vec<Model>)>;

/// What the attacker knows, and from how many pictures.
struct Knowledge {
    name: &'static str,
    count: usize,
    patterns: Vec<Tile>,
    /// Only where the attacker knows payloads.
    models: Vec<Model>,
    /// Only where he is told which pattern each picture has: what he learned of each of the targets'.
    told: Option<Told>,
}

/// What an attacker has of a marked picture.
struct Sample {
    tile: Tile,
    word: Vec<bool>,
    variant: u32,
}

/// The patterns that pictures have in common, and what their payloads say of them.
fn aligned_of(samples: &[&Sample], stream: &mut Stream) -> (Vec<Tile>, Vec<Model>) {
    let tiles: Vec<&Tile> = samples.iter().map(|sample| &sample.tile).collect();
    let words: Vec<&Vec<bool>> = samples.iter().map(|sample| &sample.word).collect();
    let common: Vec<Tile> = aligned(&tiles, stream).iter().map(|tile| pattern(tile)).collect();
    let models = learned(&tiles, &words, &common);
    (common, models)
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
        let tiles = |same: bool| -> Result<Vec<Sample>, Failure> {
            tell(if same { "marking with one content number" } else { "marking with different content numbers" });
            let all = (0..most).into_par_iter().map(|number| {
                let original = originals[number % originals.len()].symmetry(number / originals.len() % 8);
                let content = if same { "reused".to_owned() } else { number.to_string() };
                let marked = marked(&original, &key, &content)?;
                marked
                    .map(|marked| {
                        Ok(Sample { tile: seen(&marked.picture), word: word(&marked.payload)?, variant: marked.variant })
                    })
                    .transpose()
            });
            Ok(all.collect::<Result<Vec<_>, Failure>>()?.into_iter().flatten().collect())
        };
        let (different, same) = (tiles(false)?, tiles(true)?);
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
        let theirs: Vec<u32> = targets.iter().map(|target| target.ours.variant).collect();
        let mut known = Vec::new();
        for count in &counts {
            tell(&format!("estimating from {count} pictures"));
            let some: Vec<&Sample> = different.iter().take(*count).collect();
            let reused: Vec<&Tile> = same.iter().take(*count).map(|sample| &sample.tile).collect();
            let mut stream = random::stream(&format!("averaging {seed} {count}"))?;
            let mut add = |name, patterns, models, told| known.push(Knowledge { name, count: *count, patterns, models, told });
            let plain = |tiles: &[&Tile]| vec![pattern(&mean(tiles))];
            let all: Vec<&Tile> = some.iter().map(|sample| &sample.tile).collect();
            add("plain mean", plain(&all), Vec::new(), None);
            add(REUSED, plain(&reused), Vec::new(), None);
            let (common, models) = aligned_of(&some, &mut stream);
            add("aligned mean", common.clone(), Vec::new(), None);
            add("aligned, payloads known", common, models, None);
            if *count > 3 {
                let sets = sorted(&all);
                let right = sets
                    .iter()
                    .filter(|(set, _)| set.iter().any(|a| set.iter().any(|b| a < b && some[*a].variant == some[*b].variant)));
                tell(&format!("{} of {} sets hold two pictures of one pattern", right.count(), sets.len()));
                add("sorted by likeness", sets.iter().map(|(_, mean)| pattern(mean)).collect(), Vec::new(), None);
            }
            let mut sets: BTreeMap<u32, Vec<&Sample>> = BTreeMap::new();
            some.iter().for_each(|sample| sets.entry(sample.variant).or_default().push(*sample));
            let (common, models) = match sets.values().max_by_key(|set| set.len()) {
                Some(largest) => aligned_of(largest, &mut stream),
                None => (Vec::new(), Vec::new()),
            };
            let mut told = BTreeMap::new();
            for (variant, set) in sets.iter().filter(|(variant, _)| theirs.contains(variant)) {
                told.insert(*variant, aligned_of(set, &mut stream));
            }
            let bare = told.iter().map(|(variant, (patterns, _))| (*variant, (patterns.clone(), Vec::new()))).collect();
            add("told who shares a pattern", common.clone(), Vec::new(), Some(bare));
            add("told, payloads known", common, models, Some(told));
        }
        known.sort_by_key(|knowledge| knowledge.name);
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
        let written = |models: &[Model], payload: &str| -> Result<Vec<Tile>, Failure> {
            let word = word(payload)?;
            Ok(models.iter().map(|model| pattern(&model.pattern(&word))).collect())
        };
        let known = !knowledge.models.is_empty();
        let forging = if known { written(&knowledge.models, &chosen)? } else { knowledge.patterns.clone() };
        // Who is told which pattern a picture has subtracts what he learned of that one, if anything.
        let (patterns, models) = match &knowledge.told {
            None => (&knowledge.patterns, &knowledge.models),
            Some(told) => {
                told.get(&ours.variant).map_or((&knowledge.patterns, &knowledge.models), |(patterns, models)| (patterns, models))
            }
        };
        let removing = if known { written(models, &ours.payload)? } else { patterns.clone() };
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
