//! `text-marks FILE... [--lengths N | --targets N | --false N [--seconds N] | --speed] [--odd | --even]`: texts of one paragraph a line, whose names start
//! with their language (`zh-`, `en-`). Prints Markdown.
#![allow(clippy::print_stdout)]

mod attacks;
mod null;

use countermark_core::text::detect::{self, Evidence};
use countermark_core::text::embed::{self, Profile};

/// Numbers that are the same at every run (xorshift64*).
pub struct Random(pub u64);

impl Random {
    /// The next 32 bits.
    pub fn draw(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    /// 0 to `bound - 1`.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u64::from(self.draw()) * bound as u64) >> 32) as usize
    }

    /// True in `chance` of all cases.
    pub fn happens(&mut self, chance: f64) -> bool {
        f64::from(self.draw()) < chance * 4_294_967_296.0
    }

    /// A key of 64 digits.
    pub fn key(&mut self) -> String {
        (0..8).map(|_| format!("{:08x}", self.draw())).collect()
    }
}

/// A language's paragraphs.
pub struct Corpus {
    /// `zh` or `en`.
    pub language: String,
    /// One after the other.
    pub paragraphs: Vec<Vec<u16>>,
}

impl Corpus {
    /// Paragraphs from a random place on, of at least `units`.
    pub fn passage(&self, units: usize, random: &mut Random) -> Vec<u16> {
        let mut at = random.below(self.paragraphs.len());
        let mut text = Vec::new();
        while text.len() < units {
            text.extend_from_slice(&self.paragraphs[at]);
            text.push(0x0a);
            at = (at + 1) % self.paragraphs.len();
        }
        text
    }
}

/// A finding with the true key among two.
pub fn look(text: &[u16], key: &str) -> Result<Evidence, String> {
    let keys = vec![key.to_owned(), "public".to_owned()];
    let mut report = detect::detect(text, &detect::Options { keys }).map_err(|error| error.to_string())?;
    Ok(report.evidence.swap_remove(0))
}

/// The marked text.
pub fn mark(text: &[u16], key: &str, profile: Profile, payload: &str) -> Result<Vec<u16>, String> {
    embed::embed(text, &embed::Options { key: key.to_owned(), profile, payload: Some(payload.to_owned()) })
        .map_err(|error| error.to_string())
}

/// Seconds of processor time of this thread (Linux), which other programs do not lengthen.
fn clock() -> Result<f64, String> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").map_err(|error| format!("processor time: {error}"))?;
    let nanoseconds: f64 = text.split(' ').next().and_then(|one| one.parse().ok()).ok_or("processor time is not told here")?;
    Ok(nanoseconds / 1e9)
}

fn speed(corpora: &[Corpus]) -> Result<(), String> {
    println!(
        "| text | bytes (UTF-8) | embed id, MB/s of processor time | detect, MB/s | detect unmarked, MB/s | marks | bytes added |\n|---|---|---|---|---|---|---|"
    );
    let mut random = Random(7);
    for corpus in corpora {
        let text = corpus.passage(4_000_000, &mut random);
        let bytes = String::from_utf16_lossy(&text).len();
        let mut best = [f64::MAX; 3];
        let mut marks = 0;
        for _ in 0..5 {
            let start = clock()?;
            let marked = mark(&text, "public", Profile::Id, "9f2c5511aa03be77")?;
            best[0] = best[0].min(clock()? - start);
            marks = marked.len() - text.len();
            for (at, one) in [(1, &marked), (2, &text)] {
                let start = clock()?;
                let report = detect::detect(one, &detect::Options { keys: vec!["public".to_owned()] })
                    .map_err(|error| error.to_string())?;
                best[at] = best[at].min(clock()? - start);
                if report.evidence[0].found != (at == 1) {
                    return Err("a wrong finding".to_owned());
                }
            }
        }
        let rate = |seconds: f64| bytes as f64 / 1e6 / seconds;
        println!(
            "| {} | {bytes} | {:.0} | {:.0} | {:.0} | {marks} | {:.1} % |",
            corpus.language,
            rate(best[0]),
            rate(best[1]),
            rate(best[2]),
            300.0 * marks as f64 / bytes as f64
        );
    }
    Ok(())
}

fn run() -> Result<(), String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |flag: &str| {
        words.iter().position(|word| word == flag).map(|at| words.get(at + 1).and_then(|n| n.parse().ok()).unwrap_or(1_000))
    };
    let has = |flag: &str| words.iter().any(|word| word == flag);
    let mut corpora = Vec::new();
    for path in words.iter().filter(|word| word.ends_with(".txt")) {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        let name = std::path::Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let paragraphs = text
            .lines()
            .filter(|line| line.chars().count() > 20)
            .enumerate()
            .filter(|(at, _)| if has("--odd") { at % 2 == 0 } else { !has("--even") || at % 2 == 1 })
            .map(|(_, line)| line.encode_utf16().collect())
            .collect();
        corpora.push(Corpus { language: name.get(..2).unwrap_or("en").to_owned(), paragraphs });
    }
    if corpora.is_empty() {
        return Err("name at least one text file".to_owned());
    }
    if let Some(trials) = number("--lengths") {
        attacks::lengths(&corpora, trials, false)?;
    }
    if let Some(trials) = number("--targets") {
        attacks::lengths(&corpora, trials, true)?;
    }
    if let Some(trials) = number("--false") {
        null::alarms(&corpora, trials, number("--seconds").unwrap_or(1_000_000) as u64)?;
    }
    if has("--speed") {
        speed(&corpora)?;
    }
    Ok(())
}

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            std::process::ExitCode::FAILURE
        }
    }
}
