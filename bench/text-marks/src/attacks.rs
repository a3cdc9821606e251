//! Excerpts of marked texts: how long they must be.

use crate::{Corpus, Random, look, mark};
use countermark_core::text::embed::Profile;

/// What happens to an excerpt.
#[derive(Clone, Copy)]
struct Attack {
    name: &'static str,
    /// Share of marks that are lost.
    lost: f64,
    /// Share of letters (Chinese) or words (English) that are other ones.
    edited: f64,
    /// Share of letters or words that are gone.
    deleted: f64,
    /// Symbols of this alphabet are gone.
    without: Option<char>,
}

const CLEAN: Attack = Attack { name: "clean", lost: 0.0, edited: 0.0, deleted: 0.0, without: None };

/// `0.026` and `0.045` change one context in ten: a context is four characters, and about 2.3 words.
fn attacks(chinese: bool) -> Vec<Attack> {
    let tenth = if chinese { 0.026 } else { 0.045 };
    vec![
        CLEAN,
        Attack { name: "20 % of marks lost", lost: 0.2, ..CLEAN },
        Attack { name: "10 % of contexts edited", edited: tenth, ..CLEAN },
        Attack { name: "20 % lost, 10 % edited", lost: 0.2, edited: tenth, ..CLEAN },
        Attack { name: "alphabet A stripped", without: Some('A'), ..CLEAN },
        Attack { name: "alphabet B stripped (every Cf)", without: Some('B'), ..CLEAN },
        Attack { name: "10 % deleted", deleted: 0.1, ..CLEAN },
        Attack { name: "20 % deleted", deleted: 0.2, ..CLEAN },
        Attack { name: "30 % deleted", deleted: 0.3, ..CLEAN },
        Attack { name: "50 % deleted", deleted: 0.5, ..CLEAN },
        Attack { name: "10 % edited", edited: 0.1, ..CLEAN },
        Attack { name: "20 % edited", edited: 0.2, ..CLEAN },
        Attack { name: "30 % edited", edited: 0.3, ..CLEAN },
    ]
}

fn is_a(unit: u16) -> bool {
    (0xfe03..=0xfe0a).contains(&unit)
}

fn is_b(unit: u16) -> bool {
    (0x2061..=0x2064).contains(&unit)
}

fn is_han(unit: u16) -> bool {
    (0x4e00..=0x9fff).contains(&unit)
}

/// The excerpt that starts at the first letter or word behind `start` and holds `length` of them.
fn excerpt(text: &[u16], chinese: bool, start: usize, length: usize) -> &[u16] {
    let begins = |at: usize| {
        if chinese {
            is_han(text[at])
        } else {
            text[at] != 0x20 && text[at] != 0x0a && (at == 0 || matches!(text[at - 1], 0x20 | 0x0a))
        }
    };
    let mut places = (start..text.len()).filter(|at| begins(*at));
    let from = places.next().unwrap_or(0);
    let to = places.nth(length - 1).unwrap_or(text.len());
    &text[from..to]
}

fn attacked(text: &[u16], attack: Attack, chinese: bool, random: &mut Random) -> Vec<u16> {
    let kept: Vec<u16> = text
        .iter()
        .copied()
        .filter(|unit| {
            let symbol = is_a(*unit) || is_b(*unit);
            let stripped =
                matches!(attack.without, Some('A')) && is_a(*unit) || matches!(attack.without, Some('B')) && is_b(*unit);
            !(stripped || symbol && attack.lost > 0.0 && random.happens(attack.lost))
        })
        .collect();
    if attack.edited == 0.0 && attack.deleted == 0.0 {
        return kept;
    }
    if chinese {
        return kept
            .into_iter()
            .filter_map(|unit| match is_han(unit) {
                true if random.happens(attack.deleted) => None,
                true if random.happens(attack.edited) => Some(0x4e00 + random.below(3_000) as u16),
                _ => Some(unit),
            })
            .collect();
    }
    let mut out = Vec::new();
    for word in kept.split_inclusive(|unit| *unit == 0x20) {
        if random.happens(attack.deleted) {
            continue;
        }
        if random.happens(attack.edited) {
            // Another word, with the marks where they are.
            out.extend(word.iter().map(|unit| if (0x61..=0x7a).contains(unit) { 0x61 + random.below(26) as u16 } else { *unit }));
        } else {
            out.extend_from_slice(word);
        }
    }
    out
}

/// Lengths in Chinese characters and in English words.
const LENGTHS: [&[usize]; 2] = [
    &[16, 32, 48, 64, 80, 110, 140, 170, 200, 300, 400, 500, 600, 700, 900, 1_200, 1_500, 2_000],
    &[16, 24, 32, 40, 50, 70, 90, 110, 140, 200, 260, 300, 340, 400, 500, 700, 900, 1_200],
];

/// A table for each language and profile: share of excerpts found, and of identifiers read; wrong ones counted.
/// `targets`: only the lengths and attacks that have a target.
pub fn lengths(corpora: &[Corpus], trials: usize, targets: bool) -> Result<(), String> {
    let mut random = Random(0x1234_5678_9abc_def1);
    for language in ["zh", "en"] {
        let of_it: Vec<&Corpus> = corpora.iter().filter(|corpus| corpus.language == language).collect();
        if of_it.is_empty() {
            continue;
        }
        let chinese = language == "zh";
        for profile in [Profile::Presence, Profile::Id] {
            let mut wrong = 0;
            let (unit, all) = if chinese { ("characters", LENGTHS[0]) } else { ("words", LENGTHS[1]) };
            let wanted: &[usize] = match (chinese, profile) {
                (true, Profile::Presence) => &[64, 110],
                (true, Profile::Id) => &[140, 600, 900],
                (false, Profile::Presence) => &[40, 70],
                (false, Profile::Id) => &[90, 340, 500],
            };
            let most = if profile == Profile::Id { usize::MAX } else { 400 };
            let lengths: Vec<usize> =
                if targets { wanted.to_vec() } else { all.iter().copied().filter(|length| *length <= most).collect() };
            println!("\n{language}, profile {profile:?}, {unit}; % found, and % identifiers read\n");
            println!("| attack |{}", lengths.iter().map(|length| format!(" {length} |")).collect::<String>());
            println!("|---|{}", "---|".repeat(lengths.len()));
            for attack in attacks(chinese).into_iter().take(if targets { 6 } else { usize::MAX }) {
                let mut row = format!("| {} |", attack.name);
                for length in &lengths {
                    let (mut found, mut read) = (0, 0);
                    for at in 0..trials {
                        let corpus = of_it[at % of_it.len()];
                        let key = random.key();
                        let payload = &random.key()[..16];
                        let text = corpus.passage(length * if chinese { 3 } else { 14 } + 400, &mut random);
                        let marked = mark(&text, &key, profile, payload)?;
                        let start = random.below(200);
                        let cut = excerpt(&marked, chinese, start, *length);
                        let seen = look(&attacked(cut, attack, chinese, &mut random), &key)?;
                        found += usize::from(seen.found);
                        match seen.payload {
                            Some(digits) if payload.starts_with(&digits) => read += 1,
                            Some(_) => wrong += 1,
                            None => {}
                        }
                    }
                    let share = |count: usize| 100.0 * count as f64 / trials as f64;
                    row.push_str(&match profile {
                        Profile::Presence => format!(" {:.1} |", share(found)),
                        Profile::Id => format!(" {:.1} / {:.1} |", share(found), share(read)),
                    });
                }
                println!("{row}");
            }
            println!("\nWrong identifiers accepted: {wrong}.");
        }
    }
    Ok(())
}
