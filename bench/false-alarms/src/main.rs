//! False alarms of the image detector: many keys are looked for in pictures that no key has marked.
//!
//! `cargo run --release -p false-alarms -- FOLDER... [--keys N] [--effort direct|scan|full] [--patterns] [--limit N] [--jobs N] [--seed
//! TEXT] [--out FILE] [--resume]`
//!
//! Writes a Markdown report, and beside it a .jsonl with a line for each picture and 256 keys, from which `--resume` goes on.

mod report;
mod tail;

use bench_stand::options::Options;
use bench_stand::picture::Picture;
use bench_stand::report::{end, publish, tell};
use bench_stand::source::Source;
use bench_stand::{Failure, random};
use countermark_core::image::detect::{self, Effort, detect};
use rayon::prelude::*;
use report::{Block, Settings};
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Keys of one call, which share the picture's spectra: the most that a call takes.
const TOGETHER: usize = 256;
/// p-values of at most this are kept one by one, for the fit of the tail.
const KEPT: f64 = 0.5;
/// Shorter sides below this carry no mark.
const LEAST_SIDE: u32 = 160;

fn main() -> ExitCode {
    end("false-alarms", run())
}

fn run() -> Result<(), Failure> {
    let options = Options::read(&["keys", "effort", "limit", "jobs", "seed", "out"], &["patterns", "resume"])?;
    let settings = Settings {
        seed: options.text("seed", "1"),
        effort: options.text("effort", "direct"),
        keys: options.number("keys", 1000)?,
        core: report::core_of(),
    };
    let effort: Effort =
        serde_json::from_value(settings.effort.clone().into()).map_err(|_| "--effort is direct, scan or full")?;
    let out = options.text("out", &format!("bench/results/false-alarms-{}.md", settings.effort));
    let log = format!("{}.jsonl", out.trim_end_matches(".md"));
    let limit = options.number("limit", usize::MAX)?;
    let mut skipped = Vec::new();
    let mut sources = Vec::new();
    for source in Source::list(&options.folders, options.has("patterns"))? {
        match source.size() {
            Ok((width, height)) if width.min(height) >= LEAST_SIDE => sources.push(source),
            Ok((width, height)) => skipped.push(format!("{} ({width} x {height})", source.name)),
            Err(cause) => skipped.push(format!("{} ({cause})", source.name)),
        }
    }
    sources = thinned(sources, limit);
    if sources.is_empty() {
        return Err("there is no picture to try: name folders, or give --patterns".into());
    }

    let mut blocks = if options.has("resume") { earlier(&log, &settings)? } else { Vec::new() };
    if blocks.is_empty() {
        if let Some(folder) = std::path::Path::new(&log).parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&log, format!("{}\n", serde_json::to_string(&settings)?))?;
    }
    let known: HashSet<(String, usize)> = blocks.iter().map(|block| (block.name.clone(), block.first)).collect();
    // All pictures before any picture's next keys, so that a run that is cut short has seen all.
    let tasks: Vec<(&Source, usize)> = (0..settings.keys)
        .step_by(TOGETHER)
        .flat_map(|first| sources.iter().map(move |source| (source, first)))
        .filter(|(source, first)| !known.contains(&(source.name.clone(), *first)))
        .collect();
    let file = Mutex::new(OpenOptions::new().append(true).open(&log)?);
    let done = AtomicUsize::new(0);
    let start = Instant::now();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.number("jobs", 2)?).build()?;
    let fresh = pool.install(|| {
        tasks
            .par_iter()
            .with_max_len(1)
            .map(|(source, first)| {
                let block = tried(source, *first, &settings, effort)?;
                write_line(&file, &block)?;
                let count = done.fetch_add(1, Ordering::Relaxed) + 1;
                if count.is_multiple_of(50) || count == tasks.len() {
                    let left = start.elapsed().as_secs_f64() / count as f64 * (tasks.len() - count) as f64;
                    tell(&format!("[{count}/{}] about {:.0} min left", tasks.len(), left / 60.0));
                }
                Ok(block)
            })
            .collect::<Result<Vec<_>, Failure>>()
    })?;
    blocks.extend(fresh);
    blocks.retain(|block| block.first < settings.keys && sources.iter().any(|source| source.name == block.name));
    publish(&report::report(&blocks, &settings, &options.folders, options.has("patterns"), &skipped)?, &out)
}

/// At most `limit` of each folder, spread over it.
fn thinned(sources: Vec<Source>, limit: usize) -> Vec<Source> {
    let folder = |source: &Source| source.name.split(['/', ':']).next().unwrap_or_default().to_owned();
    let count = |name: &str| sources.iter().filter(|source| folder(source) == name).count();
    let mut place = std::collections::HashMap::<String, usize>::new();
    sources
        .iter()
        .filter(|source| {
            let name = folder(source);
            let (all, at) = (count(&name), place.entry(name.clone()).or_default());
            *at += 1;
            name == "made" || all <= limit || (*at * limit) / all > ((*at - 1) * limit) / all
        })
        .cloned()
        .collect()
}

fn write_line(file: &Mutex<File>, block: &Block) -> Result<(), Failure> {
    let mut file = file.lock().map_err(|_| "another thread failed while it wrote")?;
    Ok(writeln!(file, "{}", serde_json::to_string(block)?)?)
}

/// What an earlier run with these settings answered. The last line may be cut short; more keys may be asked now.
fn earlier(log: &str, settings: &Settings) -> Result<Vec<Block>, Failure> {
    let Ok(text) = std::fs::read_to_string(log) else { return Ok(Vec::new()) };
    let mut lines = text.lines();
    let before: Settings = serde_json::from_str(lines.next().unwrap_or_default())?;
    if (Settings { keys: settings.keys, ..before }) != *settings {
        return Err(format!("{log} is of a run with other options or of another core").into());
    }
    let blocks: Vec<Block> = lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
    // Written anew, so that a line cut short is not continued.
    let kept: Vec<String> = blocks.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    std::fs::write(log, format!("{}\n{}\n", serde_json::to_string(settings)?, kept.join("\n")).replace("\n\n", "\n"))?;
    Ok(blocks)
}

/// Up to 256 keys on one picture.
fn tried(source: &Source, first: usize, settings: &Settings, effort: Effort) -> Result<Block, Failure> {
    let Picture { samples, format } = source.load()?;
    let last = settings.keys.min(first + TOGETHER);
    let keys = (first..last)
        .map(|number| random::key(&format!("false alarms {} {}", settings.seed, source.name), &number.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    let start = Instant::now();
    let found = detect(&samples, &detect::Options { image: format, keys, effort, expect: Vec::new() })?;
    let seconds = start.elapsed().as_secs_f64();
    let mut block = Block { name: source.name.clone(), first, trials: found.evidence.len(), seconds, ..Block::default() };
    for evidence in found.evidence {
        block.scores.push((evidence.score * 100.0).round() as u32);
        if evidence.p_value <= KEPT {
            block.small.push(evidence.p_value);
        }
        if evidence.found {
            block.found += 1;
        }
        block.accepted.extend(evidence.payload);
    }
    // What is needed of the scores is how many there are of each.
    block.scores.sort_unstable();
    Ok(block)
}
