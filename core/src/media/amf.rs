//! Values of AMF0 as script tags of FLV hold them: where they stand, not what they mean.

use crate::error::{Error, Result};
use std::ops::Range;

const MAX_DEPTH: usize = 16;
/// The most values of one file. Places of key frames are values too.
pub const MAX_VALUES: usize = 1 << 18;
/// The most bytes of keys from the top to a value.
const MAX_PATH: usize = 256;

/// A script: a name and a value.
#[derive(Debug, Default, PartialEq)]
pub struct Script {
    /// Its name.
    pub name: String,
    /// Strings and numbers, in order.
    pub values: Vec<Value>,
    /// The list of properties at the top, if there is one.
    pub list: Option<List>,
}

/// The list of properties at the top.
#[derive(Debug, PartialEq)]
pub struct List {
    /// Where the number of properties stands, of an ECMA array.
    pub count: Option<usize>,
    /// Where the last one ends.
    pub end: usize,
}

/// A string or a number. Ranges count from the start of the script.
#[derive(Debug, PartialEq)]
pub struct Value {
    /// Its keys from the top, joined by points.
    pub path: String,
    /// The property with its key; of an entry of a list without keys the entry.
    pub span: Range<usize>,
    /// The value behind its type, and behind its length of a string.
    pub body: Range<usize>,
    /// A number, which takes 8 bytes.
    pub number: bool,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    script: Script,
    left: usize,
}

fn broken(at: usize) -> Error {
    Error::broken("a script tag of the FLV is not AMF0, or ends early", at)
}

/// Reads a script; `None` where it does not start with a name. `left`: how many values the file may still have.
///
/// # Errors
/// `Broken` (offsets in the script), `Limit` for nesting or counts beyond reason.
pub fn read(bytes: &[u8], left: &mut usize) -> Result<Option<Script>> {
    let mut reader = Reader { bytes, at: 0, script: Script::default(), left: *left };
    if reader.take(1)? != [2] {
        return Ok(None);
    }
    let name = reader.string()?;
    reader.script.name = String::from_utf8_lossy(bytes.get(name).unwrap_or_default()).into_owned();
    // What a player is told by its name alone.
    if reader.at < bytes.len() {
        reader.value("", reader.at, 0)?;
    }
    *left = reader.left;
    Ok(Some(reader.script))
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(count).ok_or_else(|| broken(self.at))?;
        let part = self.bytes.get(self.at..end).ok_or_else(|| broken(self.at))?;
        self.at = end;
        Ok(part)
    }

    fn number(&mut self, width: usize) -> Result<usize> {
        Ok(self.take(width)?.iter().fold(0, |value, &byte| value << 8 | usize::from(byte)))
    }

    fn string(&mut self) -> Result<Range<usize>> {
        let length = self.number(2)?;
        let start = self.at;
        self.take(length)?;
        Ok(start..self.at)
    }

    fn push(&mut self, path: &str, from: usize, start: usize, number: bool) -> Result<()> {
        let limit = || Error::limit(format!("the script tags of the FLV hold more than {MAX_VALUES} values"));
        self.left = self.left.checked_sub(1).ok_or_else(limit)?;
        self.script.values.push(Value { path: path.to_owned(), span: from..self.at, body: start..self.at, number });
        Ok(())
    }

    /// The value here; `from`: where its property starts.
    fn value(&mut self, path: &str, from: usize, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(Error::limit(format!("values of the FLV are nested deeper than {MAX_DEPTH}")));
        }
        let kind = self.number(1)?;
        match kind {
            0 => {
                let start = self.at;
                self.take(8)?;
                self.push(path, from, start, true)
            }
            2 | 12 | 15 => {
                let length = self.number(if kind == 2 { 2 } else { 4 })?;
                let start = self.at;
                self.take(length)?;
                self.push(path, from, start, false)
            }
            3 => self.properties(path, None, depth),
            8 => {
                let count = self.at;
                self.take(4)?;
                self.properties(path, Some(count), depth)
            }
            16 => {
                self.string()?;
                self.properties(path, None, depth)
            }
            10 => {
                for _ in 0..self.number(4)? {
                    self.value(path, self.at, depth + 1)?;
                }
                Ok(())
            }
            1 => self.take(1).map(drop),
            5 | 6 | 13 => Ok(()),
            7 => self.take(2).map(drop),
            11 => self.take(10).map(drop),
            _ => Err(broken(self.at)),
        }
    }

    fn properties(&mut self, path: &str, count: Option<usize>, depth: usize) -> Result<()> {
        loop {
            let from = self.at;
            // Some writers leave the end out at the very end.
            let end = from == self.bytes.len() || self.bytes.get(from..).is_some_and(|rest| rest.starts_with(&[0, 0, 9]));
            if end {
                if depth == 0 {
                    self.script.list = Some(List { count, end: from });
                }
                return if from == self.bytes.len() { Ok(()) } else { self.take(3).map(drop) };
            }
            let key = self.string()?;
            let key = String::from_utf8_lossy(self.bytes.get(key).unwrap_or_default());
            let path = if path.is_empty() { key.into_owned() } else { format!("{path}.{key}") };
            if path.len() > MAX_PATH {
                return Err(Error::limit(format!("a key of the FLV is longer than {MAX_PATH} bytes")));
            }
            self.value(&path, from, depth + 1)?;
        }
    }
}

/// A property of text.
pub fn property(key: &str, text: &str) -> Vec<u8> {
    [&(key.len() as u16).to_be_bytes(), key.as_bytes(), &string(text)].concat()
}

/// A text with its type: short or long.
pub fn string(text: &str) -> Vec<u8> {
    match u16::try_from(text.len()) {
        Ok(length) => [&[2], &length.to_be_bytes()[..], text.as_bytes()].concat(),
        Err(_) => [&[12], &(text.len() as u32).to_be_bytes()[..], text.as_bytes()].concat(),
    }
}

/// A script of these properties.
pub fn script(name: &str, properties: &[Vec<u8>]) -> Vec<u8> {
    [&string(name), &[8][..], &(properties.len() as u32).to_be_bytes(), &properties.concat(), &[0, 0, 9]].concat()
}
