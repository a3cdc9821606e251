//! The words of a command line: folders, and options that have a value or none.

use crate::Failure;
use std::collections::HashMap;

/// What was asked.
pub struct Options {
    /// Words that are no option.
    pub folders: Vec<String>,
    values: HashMap<String, String>,
}

impl Options {
    /// Reads the program's words. `valued` and `flags`: the names of options with and without a value, `--` left out.
    pub fn read(valued: &[&str], flags: &[&str]) -> Result<Self, Failure> {
        let mut words = std::env::args().skip(1);
        let mut options = Self { folders: Vec::new(), values: HashMap::new() };
        while let Some(word) = words.next() {
            match word.strip_prefix("--") {
                None => options.folders.push(word),
                Some(name) if flags.contains(&name) => drop(options.values.insert(name.to_owned(), String::new())),
                Some(name) if valued.contains(&name) => {
                    let value = words.next().ok_or_else(|| format!("{word} wants a value"))?;
                    options.values.insert(name.to_owned(), value);
                }
                Some(_) => {
                    return Err(format!("unknown option {word}; there are --{}", [valued, flags].concat().join(", --")).into());
                }
            }
        }
        Ok(options)
    }

    /// Whether a flag was given.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A text, or what stands for it.
    pub fn text(&self, name: &str, otherwise: &str) -> String {
        self.values.get(name).cloned().unwrap_or_else(|| otherwise.to_owned())
    }

    /// A number, or what stands for it.
    pub fn number(&self, name: &str, otherwise: usize) -> Result<usize, Failure> {
        self.values
            .get(name)
            .map_or(Ok(otherwise), |value| value.parse().map_err(|_| format!("--{name} wants a number, not {value}").into()))
    }
}
