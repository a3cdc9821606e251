//! Every text of a file's metadata as place, key and value: what traces of generators are looked for in.

use crate::container::exif::Exif;
use crate::container::file::Role;
use crate::container::open;
use crate::error::Result;
use crate::media::kind::text_of;
use crate::media::{self, kind};
use crate::xmp::markup::{Event, Scanner, unescape};
use crate::xmp::usual_prefix;
use serde::Serialize;

/// The most texts of one file that are reported.
const MAX_TEXTS: usize = 512;
/// The most characters of one text that are reported.
const MAX_LENGTH: usize = 4096;

/// One text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text {
    /// The kind of place: `XMP`, `EXIF`, `PNG text`, `COM`, `C2PA`, `tag` for those of films, sound and pictures that are spliced.
    pub place: &'static str,
    /// Keyword, tag, or property with its usual prefix.
    pub key: String,
    /// The text, cut to 4096 characters.
    pub value: String,
}

/// The texts of a file, in file order. Compressed PNG texts and ExtendedXMP are left out; of a C2PA manifest only the names
/// of claim generators are taken, without validating anything.
///
/// # Errors
/// As `metadata::read::read`.
pub fn texts(bytes: &[u8]) -> Result<Vec<Text>> {
    let mut found = Vec::new();
    if let Some(media) = media::find(&bytes)? {
        for text in (media.walk)(&bytes)?.texts {
            if text.key == kind::XMP {
                properties(&mut found, text.value.as_bytes())?;
            } else {
                push(&mut found, "tag", &text.key, &text.value);
            }
        }
        return Ok(found);
    }
    let file = open(bytes)?;
    for part in &file.parts {
        match part.role {
            Role::Xmp => {
                if let Some(content) = file.content(part)? {
                    properties(&mut found, &content.value)?;
                }
            }
            Role::Exif => {
                for (tag, text) in Exif::parse(file.body(part)).iter().flat_map(Exif::texts) {
                    push(&mut found, "EXIF", tag, &text);
                }
            }
            Role::Text | Role::Comment => {
                let place = if part.role == Role::Text { "PNG text" } else { "COM" };
                if let Some(content) = file.content(part)? {
                    push(&mut found, place, &content.keyword, &text_of(&content.value));
                }
            }
            Role::C2pa => claims(&mut found, file.body(part)),
            _ => {}
        }
    }
    Ok(found)
}

fn push(found: &mut Vec<Text>, place: &'static str, key: &str, value: &str) {
    let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if found.len() < MAX_TEXTS && !value.is_empty() {
        found.push(Text { place, key: key.to_owned(), value: value.chars().take(MAX_LENGTH).collect() });
    }
}

/// Attributes, and text under the innermost element that is not RDF's own (a list's item counts as its property).
fn properties(found: &mut Vec<Text>, packet: &[u8]) -> Result<()> {
    let Ok(text) = str::from_utf8(packet) else { return Ok(()) };
    let mut scanner = Scanner::new(text);
    let mut open: Vec<Option<String>> = Vec::new();
    while let Some(event) = scanner.next()? {
        match event {
            Event::Start(tag) => {
                for attribute in tag.attributes.iter().filter(|one| !matches!(one.prefix, "" | "xmlns" | "xml" | "rdf" | "x")) {
                    let prefix = usual_prefix(scanner.namespace(attribute.prefix), attribute.prefix);
                    let value = unescape(text.get(attribute.value.clone()).unwrap_or_default())?;
                    push(found, "XMP", &format!("{prefix}:{}", attribute.local), &value);
                }
                let key = !matches!(tag.prefix, "rdf" | "x" | "");
                open.push(key.then(|| format!("{}:{}", usual_prefix(scanner.namespace(tag.prefix), tag.prefix), tag.local)));
            }
            Event::Text(span, raw) => {
                let inside = text.get(span).unwrap_or_default();
                if let Some(key) = open.iter().rev().flatten().next() {
                    push(found, "XMP", key, &if raw { inside.to_owned() } else { unescape(inside)? });
                }
            }
            Event::End(_) => {
                open.pop();
            }
        }
    }
    Ok(())
}

/// The CBOR texts behind `claim_generator` (C2PA 1), behind the first `name` in `claim_generator_info` (C2PA 2), and behind
/// the `digitalSourceType` of an action.
fn claims(found: &mut Vec<Text>, body: &[u8]) {
    for key in ["claim_generator", "digitalSourceType"] {
        let mut at = 0;
        while let Some(next) = body.get(at..).and_then(|rest| rest.windows(key.len()).position(|window| window == key.as_bytes()))
        {
            at += next + key.len();
            let rest = body.get(at..).unwrap_or_default();
            let rest = match rest.strip_prefix(b"_info") {
                Some(info) => {
                    let info = info.get(..info.len().min(256)).unwrap_or_default();
                    match info.windows(4).position(|window| window == b"name") {
                        Some(name) => info.get(name + 4..).unwrap_or_default(),
                        None => continue,
                    }
                }
                None => rest,
            };
            if let Some(text) = cbor_text(rest) {
                push(found, "C2PA", key, text);
            }
        }
    }
}

/// A CBOR text of up to 65535 bytes at the start (RFC 8949, 3.1, major type 3).
fn cbor_text(bytes: &[u8]) -> Option<&str> {
    let (&first, rest) = bytes.split_first()?;
    let (length, rest) = match first {
        0x60..=0x77 => (usize::from(first - 0x60), rest),
        0x78 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x79 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), rest.get(2..)?),
        _ => return None,
    };
    str::from_utf8(rest.get(..length)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::samples;

    fn of(bytes: &[u8]) -> Vec<(String, String)> {
        texts(bytes).unwrap().into_iter().map(|text| (format!("{} {}", text.place, text.key), text.value)).collect()
    }

    #[test]
    fn properties_have_their_usual_prefix_and_lists_their_property() {
        let xmp = samples::xmp(
            "<rdf:Description xmlns:q='http://iptc.org/std/Iptc4xmpExt/2008-02-29/' xmlns:dc='http://purl.org/dc/elements/1.1/' q:AISystemUsed='A &amp; B'>\
             <dc:creator><rdf:Seq><rdf:li>someone</rdf:li></rdf:Seq></dc:creator></rdf:Description>",
        );
        let bytes = samples::jpeg(&[samples::segment(0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", &xmp[..]].concat())]);
        let found = of(&bytes);
        assert!(found.contains(&("XMP Iptc4xmpExt:AISystemUsed".into(), "A & B".into())), "{found:?}");
        assert!(found.contains(&("XMP dc:creator".into(), "someone".into())), "{found:?}");
    }

    #[test]
    fn comments_are_texts() {
        assert_eq!(of(&samples::jpeg(&[samples::segment(0xFE, b"made by hand")])), [("COM ".into(), "made by hand".into())]);
    }

    #[test]
    fn names_of_claim_generators_are_found_in_both_forms_and_lengths_are_held() {
        let mut found = Vec::new();
        claims(&mut found, b"xx\x6fclaim_generator\x64abcdyy");
        claims(&mut found, b"\x74claim_generator_info\x81\xa1\x64name\x63xyz");
        claims(&mut found, b"claim_generator\x78\xffshort");
        claims(&mut found, b"claim_generator");
        claims(&mut found, b"\x71digitalSourceType\x65a/b/c");
        assert_eq!(found.iter().map(|text| text.value.as_str()).collect::<Vec<_>>(), ["abcd", "xyz", "a/b/c"]);
    }
}
