//! Texts that the key did not mark: as they are, with symbols at random, marked by another key, with marks moved from elsewhere.

use crate::{Corpus, Random, mark};
use countermark_core::text::detect::{self, Evidence};
use countermark_core::text::embed::Profile;
use std::time::{Duration, Instant};

const KINDS: [&str; 4] = ["unmarked", "symbols at random", "another key's mark", "marks moved to other text"];

fn is_symbol(unit: u16) -> bool {
    (0xfe03..=0xfe0a).contains(&unit) || (0x2061..=0x2064).contains(&unit)
}

fn made(kind: usize, text: Vec<u16>, corpus: &Corpus, key: &str, random: &mut Random) -> Result<Vec<u16>, String> {
    let profile = if random.happens(0.5) { Profile::Id } else { Profile::Presence };
    let payload = &random.key()[..16];
    Ok(match kind {
        0 => text,
        1 => text
            .into_iter()
            .flat_map(|unit| {
                let symbol = match random.below(12) {
                    0 => Some(0xfe03 + random.below(8) as u16),
                    1 => Some(0x2061 + random.below(4) as u16),
                    _ => None,
                };
                symbol.into_iter().chain([unit])
            })
            .collect(),
        2 => mark(&text, &random.key(), profile, payload)?,
        _ => {
            // The key's own marks, in their order, in a text that they were not made for, as densely.
            let source = mark(&corpus.passage(text.len(), random), key, profile, payload)?;
            let mut symbols = source.iter().copied().filter(|unit| is_symbol(*unit));
            let mut since = 0;
            let mut out = Vec::new();
            for pair in text.windows(2) {
                out.push(pair[0]);
                since += 1;
                let place = pair.iter().all(|unit| (0x4e00..=0x9fff).contains(unit)) || pair[1] == 0x20;
                if place && since >= 6 {
                    out.extend(symbols.next());
                    since = 0;
                }
            }
            out
        }
    })
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

/// One kind's row.
fn counted(kind: usize, corpora: &[Corpus], trials: usize, end: Instant) -> Result<String, String> {
    let mut random = Random(0xfeed_beef_1357_2468 + kind as u64);
    let (mut found, mut read) = (0, 0);
    let mut under = [0usize; 6];
    // A search that finds symbols takes a thousand times as long as one that finds none.
    let trials = if kind == 0 { trials } else { trials / 10 };
    let mut count = 0;
    for at in 0..trials {
        if at % 100 == 0 && Instant::now() >= end {
            break;
        }
        count += 1;
        let corpus = &corpora[at % corpora.len()];
        let key = random.key();
        let length = 100 + random.below(900);
        let text = corpus.passage(length, &mut random);
        let text = made(kind, text, corpus, &key, &mut random)?;
        let seen: Evidence = detect::detect(&text, &detect::Options { keys: vec![key] })
            .map_err(|error| error.to_string())?
            .evidence
            .swap_remove(0);
        found += usize::from(seen.found);
        read += usize::from(seen.payload.is_some());
        for (level, count) in under.iter_mut().enumerate() {
            *count += usize::from(seen.p_value <= 10f64.powi(-(level as i32 + 1)));
        }
    }
    let counts: String = under.iter().map(|count| format!(" {count} |")).collect();
    Ok(format!("| {} | {count} | {found} | {read} |{counts}", KINDS[kind]))
}
