//! Asks of every symbol in a text whether the key puts it there, and what the answers are worth.

use super::carrier::{Carrier, Place};
use super::class::{Class, class, value_a, value_b};
use super::embed::Profile;
use super::identifier::{self, Read};
use super::lexer::{Lexer, MOST};
use super::points::point;
use crate::error::{Error, Result};
use crate::keyed::Key;
use crate::stats::binomial::{Trials, ln_tail, ln_weighted_tail};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// ln of the chance of a false finding that a text is given: 1e-6, all keys and tests together.
const ACCEPT: f64 = -13.815_510_557_964_274;
/// Shares of that chance: the test of both alphabets, that of alphabet B alone, and that of the identifier. Tails come in steps of
/// symbols: with two keys, 22 bits of both alphabets are enough from a share of 0.48 on, and twelve symbols of B from 0.12 on.
const SHARES: [f64; 3] = [0.5, 0.35, 0.15];
/// Letters without a mark that end a marked stretch: six times the usual distance.
const APART: usize = 100;
/// Symbols that are weighed. More tell nothing new, and exact tails take time.
const WEIGHED: usize = 1 << 16;
/// Keys of one call.
const MOST_KEYS: usize = 1_000;

/// What is asked of `detect`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// Each `public` or 64 hexadecimal digits; at most 1,000.
    pub keys: Vec<String>,
}

/// A stretch of the text that is marked, in UTF-16 units from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// First unit.
    pub start: usize,
    /// Behind the last one.
    pub end: usize,
}

/// Where the mark stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Where {
    /// In the order of the text.
    pub spans: Vec<Span>,
}

/// One key's finding.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    kind: &'static str,
    modality: &'static str,
    /// Whether the chance is at most 1e-6.
    pub found: bool,
    /// Bound of the chance, over the choice of keys, that unmarked text, or text of other keys, looks as marked; number of
    /// keys and tests counted. Exact for one key and one test.
    pub p_value: f64,
    /// Which profile the text was marked with, as the strongest test says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Hexadecimal digits of the payload's first `bits`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// 40 or 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
    /// `public` or eight digits.
    pub key_id: String,
    /// Symbols behind different letters that could be asked; those that carry bits which were not read could not.
    pub symbols: usize,
    /// Those that the key puts there.
    pub matches: usize,
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    place: Option<Where>,
}

impl Evidence {
    /// The marked stretches.
    pub fn spans(&self) -> &[Span] {
        self.place.as_ref().map_or(&[], |place| &place.spans)
    }
}

/// What `detect` says, one finding a key, in their order.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// One a key.
    pub evidence: Vec<Evidence>,
}

/// A symbol as it stands in the text.
struct Found {
    at: usize,
    /// Where its context starts.
    from: usize,
    /// Letters before it.
    letters: usize,
    context: [u32; MOST],
    length: usize,
    /// Symbols in a row behind the same letters.
    count: usize,
}

/// A symbol that is asked of: its value, its alphabet, its unit.
struct Asked {
    value: u8,
    is_a: bool,
    at: usize,
}

/// Looks for the marks of each key.
pub fn detect(units: &[u16], options: &Options) -> Result<Report> {
    if options.keys.len() > MOST_KEYS {
        return Err(Error::limit(format!("at most {MOST_KEYS} keys are searched for in one call")));
    }
    let found = symbols(units);
    let keys = options.keys.len().max(1) as f64;
    let evidence = options
        .keys
        .iter()
        .map(|text| {
            let key = Key::parse(text)?;
            Ok(judge(units, &Carrier::new(&key), &key, &found, keys).0)
        })
        .collect::<Result<Vec<Evidence>>>()?;
    Ok(Report { evidence })
}

/// Units that hold a symbol which the key accounts for; none where its mark is not found.
pub(super) fn accounted(units: &[u16], key: &str) -> Result<Vec<usize>> {
    let key = Key::parse(key)?;
    let found = symbols(units);
    let (evidence, answers) = judge(units, &Carrier::new(&key), &key, &found, 1.0);
    if !evidence.found {
        return Ok(Vec::new());
    }
    Ok(answers.into_iter().filter(|(_, answer)| *answer == Answer::Fits).map(|(at, _)| at).collect())
}

/// Every symbol with letters enough before it.
fn symbols(units: &[u16]) -> Vec<Found> {
    let marked = |unit: &u16| matches!(*unit, 0xfe03..=0xfe0a | 0x2061..=0x2064);
    let Some(last) = units.iter().rposition(marked) else { return Vec::new() };
    let mut found = Vec::new();
    let mut lexer = Lexer::default();
    let text = &units[..=last];
    let mut next = 0;
    loop {
        next += lexer.read_small(&text[next..], next);
        let at = next;
        let Some((code, length)) = point(text, at) else { break };
        next += length;
        let kind = class(code);
        // Symbols are not read: the embedder does not read its own.
        if kind != Class::Symbol {
            lexer.read(code, kind, at);
        } else if let Some(run) = found.last_mut().filter(|run: &&mut Found| run.at + run.count == at) {
            run.count += 1;
        } else if let Some((context, letters, from)) = lexer.context() {
            found.push(Found { at, from, letters: lexer.letters(), context, length: letters, count: 1 });
        }
    }
    found
}

/// Of symbols in a row the key chooses the one that is asked of, which is as good as one that stands alone: marks of several
/// providers may stand side by side.
fn asked(units: &[u16], run: &Found, place: Place) -> Asked {
    let at = run.at + (place.number() >> 40) as usize % run.count;
    let code = units.get(at).map_or(0, |unit| u32::from(*unit));
    let a = value_a(code);
    Asked { value: a.or(value_b(code)).unwrap_or(0), is_a: a.is_some(), at }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// Another symbol stands behind the same letters already.
    Repeated,
    /// It tells nothing: a symbol that carries bits which are not known.
    Silent,
    Fits,
    Wrong,
}

fn judge(units: &[u16], carrier: &Carrier, key: &Key, found: &[Found], keys: f64) -> (Evidence, Vec<(usize, Answer)>) {
    let places: Vec<Place> = found.iter().map(|one| carrier.place(&one.context[..one.length])).collect();
    let symbols: Vec<Asked> = found.iter().zip(&places).map(|(run, place)| asked(units, run, *place)).collect();
    let mut known = HashSet::with_capacity(found.len().min(WEIGHED));
    let mut sums = [Sum::default(), Sum::default()];
    let mut carriers = Vec::new();
    let mut answers = Vec::with_capacity(found.len());
    for (one, place) in symbols.iter().zip(&places) {
        if known.len() < WEIGHED && !known.insert(place.number()) {
            answers.push(Answer::Repeated);
            continue;
        }
        let fits = one.value == if one.is_a { place.a() } else { place.b() };
        answers.push(if fits { Answer::Fits } else { Answer::Wrong });
        if known.len() < WEIGHED {
            sums[usize::from(!one.is_a)].add(fits);
            if one.is_a {
                carriers.push((*place, one.value));
            }
        }
    }
    let [a, b] = sums;
    let read = identifier::read(carrier, &carriers, ACCEPT + (SHARES[2] / keys).ln());
    let tests = [
        ln_weighted_tail(a.trials(0.125, 3), b.trials(0.25, 2), 3 * a.hits + 2 * b.hits),
        ln_tail(b.count, b.hits, 0.25),
        read.map_or(0.0, |one| one.ln_chance),
    ];
    let chance = |at: usize| (tests[at] - SHARES[at].ln() + keys.ln()).min(0.0);
    let best = (0..3).min_by(|x, y| chance(*x).total_cmp(&chance(*y))).unwrap_or(0);
    let ln_chance = chance(best);
    let is_found = ln_chance <= ACCEPT;
    let read = read.filter(|_| is_found && chance(2) <= ACCEPT);
    let presence = best == 0 && read.is_none();
    if !presence {
        carried(&mut answers, &symbols, &places, read);
    }
    let weighed = |answer: &&Answer| matches!(answer, Answer::Fits | Answer::Wrong);
    let evidence = Evidence {
        kind: "watermark",
        modality: "text",
        found: is_found,
        // A bound is never 0.
        p_value: ln_chance.exp().max(1e-300),
        profile: is_found.then_some(if presence { Profile::Presence } else { Profile::Id }),
        payload: read.map(|one| format!("{:0width$x}", one.payload, width = one.bits as usize / 4)),
        bits: read.map(|one| one.bits),
        key_id: key.id(),
        symbols: answers.iter().filter(weighed).count(),
        matches: answers.iter().filter(|one| **one == Answer::Fits).count(),
        place: is_found.then(|| Where { spans: spans(found, &answers) }),
    };
    (evidence, symbols.iter().map(|one| one.at).zip(answers).collect())
}

/// Asks the symbols of alphabet A again: by the bits that they carry where those are known.
fn carried(answers: &mut [Answer], symbols: &[Asked], places: &[Place], read: Option<Read>) {
    for ((answer, one), place) in answers.iter_mut().zip(symbols).zip(places) {
        if !one.is_a || *answer == Answer::Repeated {
            continue;
        }
        let bits = read.and_then(|read| if place.further() { read.further } else { Some(read.carried) });
        *answer = match bits {
            None => Answer::Silent,
            Some(bits) if place.carrying(bits) == one.value => Answer::Fits,
            Some(_) => Answer::Wrong,
        };
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    count: usize,
    hits: usize,
}

impl Sum {
    fn add(&mut self, hit: bool) {
        self.count += 1;
        self.hits += usize::from(hit);
    }

    fn trials(self, chance: f64, weight: usize) -> Trials {
        Trials { count: self.count, chance, weight }
    }
}

/// Stretches in which symbols of the key follow each other, each with at least three; wrong ones in a row part them.
fn spans(found: &[Found], answers: &[Answer]) -> Vec<Span> {
    let mut all: Vec<(Span, usize, usize)> = Vec::new();
    let mut wrong = 0;
    for (one, answer) in found.iter().zip(answers) {
        match answer {
            Answer::Wrong => wrong += 1,
            Answer::Fits => {
                match all.last_mut() {
                    Some((span, count, letters)) if one.letters - *letters <= APART && wrong < 4 => {
                        span.end = one.at + 1;
                        *count += 1;
                        *letters = one.letters;
                    }
                    _ => all.push((Span { start: one.from, end: one.at + 1 }, 1, one.letters)),
                }
                wrong = 0;
            }
            Answer::Repeated | Answer::Silent => {}
        }
    }
    all.into_iter().filter(|(_, count, _)| *count >= 3).map(|(span, ..)| span).collect()
}
