//! The head of a report in Markdown: on what, with what and how it was made.

use crate::Failure;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode};

fn git(words: &[&str]) -> String {
    let output = Command::new("git").args(words).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}

/// A word of the command line as it reads on another machine: folders as they lie from here.
pub fn portable(word: &str) -> String {
    let path = Path::new(word);
    let Ok(here) = std::env::current_dir() else { return word.to_owned() };
    if !path.is_absolute() {
        return word.to_owned();
    }
    let common = path.components().zip(here.components()).take_while(|(a, b)| a == b).count();
    let up = here.components().skip(common).map(|_| "..".to_owned());
    let parts: Vec<String> =
        up.chain(path.components().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned())).collect();
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// The head; `program`: what stood before the arguments, `facts`: further lines.
pub fn head(title: &str, program: &str, facts: &[String]) -> String {
    let words: Vec<String> = std::env::args().skip(1).map(|word| portable(&word)).collect();
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split(": ").nth(1))
        .unwrap_or("unknown")
        .to_owned();
    let cores = std::thread::available_parallelism().map(usize::from).unwrap_or(1);
    let changed = if git(&["status", "--porcelain", "--", "core"]).is_empty() { "" } else { " with changes" };
    let mut lines = vec![
        format!("command: `{program} {}`", words.join(" ")),
        format!(
            "machine: {processor}, {cores} cores, {} {}; {}",
            std::env::consts::OS,
            std::env::consts::ARCH,
            env!("RUSTC_VERSION")
        ),
        format!("commit: {}{changed}", git(&["show", "-s", "--format=%h of %cs", "HEAD"])),
    ];
    lines.extend_from_slice(facts);
    let lines: Vec<String> = lines.iter().map(|line| format!("- {line}")).collect();
    format!("# {title}\n\nWritten by the command below; not edited by hand.\n\n{}\n", lines.join("\n"))
}

/// A Markdown table; numbers to the right.
pub fn table(titles: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let titles: Vec<String> = titles.iter().map(|title| (*title).to_owned()).collect();
    let rule = format!("|---|{}", "--:|".repeat(titles.len().saturating_sub(1)));
    let mut lines = vec![line(&titles), rule];
    lines.extend(rows.iter().map(|row| line(row)));
    lines.join("\n") + "\n"
}

/// Prints a report and writes it to `path`.
pub fn publish(text: &str, path: &str) -> Result<(), Failure> {
    if let Some(folder) = Path::new(path).parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)?;
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// A line about how far a bench is.
pub fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Ends the program: what failed is said.
pub fn end(name: &str, done: Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell(&format!("{name}: {failure}"));
            ExitCode::FAILURE
        }
    }
}
