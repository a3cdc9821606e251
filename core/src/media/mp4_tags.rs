//! The texts of MP4 and QuickTime: keyed and keyless item lists, user data, XMP.

use super::bmff::atom::{Atom, number};
use super::kind::{Budget, Text, XMP, text_of};
use crate::error::{Error, Result};

/// The key of the label.
pub const KEY: &str = "AIGC";
/// The longest text that is read.
const MAX_TEXT: usize = 16 << 20;

/// A text and the way to its box: indices into the lists of boxes.
#[derive(Debug, Clone, PartialEq)]
pub struct Tag {
    /// What is reported.
    pub text: Text,
    /// From the root; empty for the root itself.
    pub path: Vec<usize>,
}

/// All texts below a moov or a top-level meta.
///
/// # Errors
/// `Limit` for a text, or texts, beyond reason: one that is not read might be a label.
pub fn tags(root: &Atom, budget: &mut Budget) -> Result<Vec<Tag>> {
    let mut list = List { found: Vec::new(), budget };
    let place = text_of(&root.kind);
    if root.kind == *b"meta" {
        list.meta(root, &place, &[])?;
    } else {
        list.inside(root, &place, &[])?;
    }
    Ok(list.found)
}

/// The handler of a meta box.
pub fn handler(meta: &Atom) -> Option<&[u8]> {
    meta.child(b"hdlr")?.bytes().get(8..12)
}

/// The keys of a meta box, in order; item `n` of the list has key `n - 1`.
pub fn keys(meta: &Atom) -> Option<Vec<([u8; 4], String)>> {
    let bytes = meta.child(b"keys")?.bytes();
    let mut rest = bytes.get(8..)?;
    let mut keys = Vec::new();
    while let (Some(size), Some(space)) = (number(rest, 0, 4), rest.get(4..).and_then(<[u8]>::first_chunk)) {
        let (Some(value), Some(next)) = (rest.get(8..size as usize), rest.get(size as usize..)) else { break };
        keys.push((*space, text_of(value)));
        rest = next;
    }
    Some(keys)
}

/// What was found so far.
struct List<'a> {
    found: Vec<Tag>,
    budget: &'a mut Budget,
}

impl List<'_> {
    fn push(&mut self, path: &[usize], place: String, key: &str, value: &[u8], offset: u64, official: bool) -> Result<()> {
        if value.len() > MAX_TEXT {
            return Err(Error::limit(format!("{place} is longer than {MAX_TEXT} bytes")));
        }
        self.budget.take(value.len() as u64)?;
        let text = Text { place, key: key.to_owned(), value: text_of(value), offset, official };
        self.found.push(Tag { text, path: path.to_vec() });
        Ok(())
    }

    fn inside(&mut self, parent: &Atom, place: &str, path: &[usize]) -> Result<()> {
        for (index, atom) in parent.inside().iter().enumerate() {
            let path = [path, &[index]].concat();
            let here = format!("{place}/{}", text_of(&atom.kind));
            match &atom.kind {
                b"trak" | b"udta" => self.inside(atom, &here, &path)?,
                b"meta" => self.meta(atom, &here, &path)?,
                _ if parent.kind == *b"udta" => self.user(atom, here, &path)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// An item of user data.
    fn user(&mut self, atom: &Atom, place: String, path: &[usize]) -> Result<()> {
        let bytes = atom.bytes();
        match &atom.kind {
            b"XMP_" => self.push(path, place, XMP, bytes, atom.at, false)?,
            // QuickTime: length, language, text, and the same again.
            [0xA9, ..] => {
                let mut at = 0;
                while let Some(length) = number(bytes, at, 2).filter(|&length| length > 0) {
                    let Some(value) = bytes.get(at + 4..at + 4 + length as usize) else { break };
                    self.push(path, place.clone(), &text_of(&atom.kind), value, atom.at + at as u64 + 4, false)?;
                    at += 4 + value.len();
                }
            }
            b"AIGC" => {
                // With or without version and flags.
                let skip = if bytes.starts_with(&[0; 4]) { 4 } else { 0 };
                self.push(path, place, KEY, bytes.get(skip..).unwrap_or_default(), atom.at + skip as u64, false)?;
            }
            // 3GPP: version and flags, language, text.
            b"titl" | b"dscp" | b"cprt" | b"perf" | b"auth" | b"gnre" => {
                self.push(path, place, &text_of(&atom.kind), bytes.get(6..).unwrap_or_default(), atom.at + 6, false)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn meta(&mut self, meta: &Atom, place: &str, path: &[usize]) -> Result<()> {
        let Some(list) = meta.inside().iter().position(|atom| atom.kind == *b"ilst") else { return Ok(()) };
        let keyed = handler(meta) == Some(b"mdta");
        let keys = keys(meta).unwrap_or_default();
        for (index, item) in meta.inside().get(list).map(Atom::inside).unwrap_or_default().iter().enumerate() {
            let key = match keyed {
                true => (u32::from_be_bytes(item.kind) as usize).checked_sub(1).and_then(|at| keys.get(at)).cloned(),
                false => Some((*b"    ", text_of(&item.kind))),
            };
            let Some((space, mut key)) = key else { continue };
            let path = [path, &[list, index]].concat();
            for (kind, offset, body) in boxes(item.bytes(), item.at) {
                match kind {
                    b"name" if item.kind == *b"----" => key = text_of(body.get(4..).unwrap_or_default()),
                    b"data" => {
                        let (Some(form), Some(value)) = (number(body, 0, 4), body.get(8..)) else { continue };
                        let official = place == "moov/udta/meta" && keyed && space == *b"mdta" && key == KEY && form == 1;
                        let place = format!("{place} ilst {key}");
                        match form {
                            0 | 1 => self.push(&path, place, &key, value, offset + 8, official)?,
                            2 | 5 => self.push(&path, place, &key, wide(value).as_bytes(), offset + 8, false)?,
                            _ => {}
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// UTF-16 in the order of the file.
fn wide(bytes: &[u8]) -> String {
    let units: Vec<u16> =
        bytes.chunks_exact(2).filter_map(|pair| pair.first_chunk().map(|pair| u16::from_be_bytes(*pair))).collect();
    String::from_utf16_lossy(&units)
}

/// The boxes of an item, as far as they fit: letters, place of the body in the file, body.
fn boxes(mut bytes: &[u8], mut at: u64) -> Vec<(&[u8; 4], u64, &[u8])> {
    let mut found = Vec::new();
    while let (Some(size), Some(kind)) = (number(bytes, 0, 4), bytes.get(4..).and_then(<[u8]>::first_chunk)) {
        let (Some(body), Some(rest)) = (bytes.get(8..size as usize), bytes.get(size as usize..)) else { break };
        found.push((kind, at + 8, body));
        at += size;
        bytes = rest;
    }
    found
}

/// The item of a keyed list that holds a text.
pub fn item(index: u32, value: &str) -> Atom {
    // Well-known type 1 is UTF-8; no locale.
    let data = Atom::leaf(*b"data", [&1u32.to_be_bytes(), &[0; 4], value.as_bytes()].concat());
    let mut body = Vec::new();
    // A label of 32 KiB cannot pass 4 GiB.
    let _ = data.write(&mut body);
    Atom::leaf(index.to_be_bytes(), body)
}

/// A keyed meta box with one text; `keys`: the body of its table of keys, and the number of the text's.
pub fn keyed((keys, number): &(Vec<u8>, u32), value: &str) -> Atom {
    let handler = [&[0; 8][..], b"mdta", &[0; 13]].concat();
    let list = Atom::tree(*b"ilst", Vec::new(), vec![item(*number, value)]);
    Atom::tree(*b"meta", vec![0; 4], vec![Atom::leaf(*b"hdlr", handler), Atom::leaf(*b"keys", keys.clone()), list])
}

/// A table of one key.
pub fn table(key: &str) -> (Vec<u8>, u32) {
    ([&[0, 0, 0, 0, 0, 0, 0, 1][..], &entry(key)].concat(), 1)
}

/// The entry of a key.
pub fn entry(key: &str) -> Vec<u8> {
    [&(8 + key.len() as u32).to_be_bytes(), b"mdta".as_slice(), key.as_bytes()].concat()
}
