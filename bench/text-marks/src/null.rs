//! Texts that the key did not mark: as they are, with symbols at random, marked by another key, with marks moved from elsewhere.
//! Moved marks that come to stand behind the very letters they were made for (set phrases that both texts have) are where the
//! key puts them, so they are evidence and no chance: passages with and without such marks are counted apart.

use crate::{Corpus, Random, mark};
use countermark_core::text::detect::{self, Evidence};
use countermark_core::text::embed::Profile;
use std::collections::HashSet;
use std::time::{Duration, Instant};

const KINDS: [&str; 4] = ["unmarked", "symbols at random", "another key's mark", "marks moved to other text"];

fn is_symbol(unit: u16) -> bool {
    (0xfe03..=0xfe0a).contains(&unit) || (0x2061..=0x2064).contains(&unit)
}

/// Every symbol with the letters before it that choose it (as `core/src/text/lexer.rs` counts them, for Chinese and English).
fn contexts(text: &[u16]) -> Vec<(Vec<u16>, u16)> {
    let mut letters: Vec<u16> = Vec::new();
    let mut found = Vec::new();
    for unit in text.iter().copied() {
        let small = if (0x41..=0x5a).contains(&unit) { unit | 0x20 } else { unit };
        if is_han(small) || (0x61..=0x7a).contains(&small) {
            letters.push(small);
        } else if is_symbol(unit) {
            let mut weight = 0;
            let context = letters.iter().rev().take_while(|letter| {
                let goes_on = weight < 8;
                weight += if is_han(**letter) { 2 } else { 1 };
                goes_on
            });
            found.push((context.copied().collect(), unit));
        }
    }
    found
}

fn is_han(unit: u16) -> bool {
    (0x4e00..=0x9fff).contains(&unit)
}

/// A passage of one kind, and how many of its symbols stand behind the letters that the key made them for.
fn made(kind: usize, text: Vec<u16>, corpus: &Corpus, key: &str, random: &mut Random) -> Result<(Vec<u16>, usize), String> {
    let profile = if random.happens(0.5) { Profile::Id } else { Profile::Presence };
    let payload = &random.key()[..16];
    Ok(match kind {
        0 => (text, 0),
        1 => {
            let symbol = |random: &mut Random| match random.below(12) {
                0 => Some(0xfe03 + random.below(8) as u16),
                1 => Some(0x2061 + random.below(4) as u16),
                _ => None,
            };
            (text.into_iter().flat_map(|unit| symbol(random).into_iter().chain([unit])).collect(), 0)
        }
        2 => (mark(&text, &random.key(), profile, payload)?, 0),
        _ => {
            // The key's own marks, in their order, in a text that they were not made for, as densely.
            let source = mark(&corpus.passage(text.len(), random), key, profile, payload)?;
            let mut symbols = source.iter().copied().filter(|unit| is_symbol(*unit));
            let mut since = 0;
            let mut out = Vec::new();
            for pair in text.windows(2) {
                out.push(pair[0]);
                since += 1;
                let place = pair.iter().all(|unit| is_han(*unit)) || pair[1] == 0x20;
                if place && since >= 6 {
                    out.extend(symbols.next());
                    since = 0;
                }
            }
            let made_for: HashSet<(Vec<u16>, u16)> = contexts(&source).into_iter().collect();
            let own = contexts(&out).into_iter().filter(|one| made_for.contains(one)).count();
            (out, own)
        }
    })
}

#[derive(Default)]
struct Counts {
    passages: usize,
    found: usize,
    read: usize,
    under: [usize; 6],
}

impl Counts {
    fn add(&mut self, seen: &Evidence) {
        self.passages += 1;
        self.found += usize::from(seen.found);
        self.read += usize::from(seen.payload.is_some());
        for (level, count) in self.under.iter_mut().enumerate() {
            *count += usize::from(seen.p_value <= 10f64.powi(-(level as i32 + 1)));
        }
    }

    fn row(&self, name: &str) -> String {
        let counts: String = self.under.iter().map(|count| format!(" {count} |")).collect();
        format!("| {name} | {} | {} | {} |{counts}", self.passages, self.found, self.read)
    }
}

/// Counts p-values at most 10^-1 to 10^-6, and payloads, over `trials` passages of a kind, with one key each, or as many
/// as the time allows.
pub fn alarms(corpora: &[Corpus], trials: usize, seconds: u64) -> Result<(), String> {
    println!(
        "| passages that the key did not mark | passages | found | payloads | p <= 0.1 | 0.01 | 1e-3 | 1e-4 | 1e-5 | 1e-6 |\n|---|---|---|---|---|---|---|---|---|---|"
    );
    let end = Instant::now() + Duration::from_secs(seconds);
    let rows = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..KINDS.len()).map(|kind| scope.spawn(move || counted(kind, corpora, trials, end))).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| "a thread broke off".to_owned())?).collect::<Vec<_>>()
    });
    for row in rows {
        println!("{}", row?);
    }
    Ok(())
}

/// One kind's rows.
fn counted(kind: usize, corpora: &[Corpus], trials: usize, end: Instant) -> Result<String, String> {
    let mut random = Random(0xfeed_beef_1357_2468 + kind as u64);
    // Without and with symbols behind the letters that they were made for.
    let mut counts = [Counts::default(), Counts::default()];
    // A search that finds symbols takes a thousand times as long as one that finds none.
    let trials = if kind == 0 { trials } else { trials / 10 };
    for at in 0..trials {
        if at % 100 == 0 && Instant::now() >= end {
            break;
        }
        let corpus = &corpora[at % corpora.len()];
        let key = random.key();
        let length = 100 + random.below(900);
        let text = corpus.passage(length, &mut random);
        let (text, own) = made(kind, text, corpus, &key, &mut random)?;
        let seen: Evidence = detect::detect(&text, &detect::Options { keys: vec![key] })
            .map_err(|error| error.to_string())?
            .evidence
            .swap_remove(0);
        if own > 0 && seen.p_value <= 1e-3 {
            eprintln!("{own} of {} symbols behind their own letters: {:.1e}", contexts(&text).len(), seen.p_value);
        }
        counts[usize::from(own > 0)].add(&seen);
    }
    let [without, with] = &counts;
    Ok(match with.passages {
        0 => without.row(KINDS[kind]),
        _ => format!("{}\n{}", without.row(KINDS[kind]), with.row("the same, some behind the letters they were made for")),
    })
}
