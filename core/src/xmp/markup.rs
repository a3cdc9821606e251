//! The XML that XMP packets are made of (XMP part 1, 7: well-formed, namespaces, no DTD), read with positions.
//!
//! Not a general parser: a document type, an entity of its own or any encoding but UTF-8 is refused, not interpreted.

use crate::error::{Error, Result};
use std::ops::Range;

/// The deepest nesting that is followed. Real packets stay below 20.
const MAX_DEPTH: usize = 100;
/// The most namespace declarations in scope, and attributes of one element.
const MAX_NAMES: usize = 256;

/// An attribute as it stands.
pub struct Attribute<'a> {
    /// Prefix, empty without one.
    pub prefix: &'a str,
    /// Name after the prefix.
    pub local: &'a str,
    /// The whitespace before it, name, sign and quotes.
    pub span: Range<usize>,
    /// What stands between the quotes.
    pub value: Range<usize>,
}

/// A start tag.
pub struct Tag<'a> {
    /// Prefix, empty without one.
    pub prefix: &'a str,
    /// Name after the prefix.
    pub local: &'a str,
    /// From `<` to `>`.
    pub span: Range<usize>,
    /// Its attributes, namespace declarations included.
    pub attributes: Vec<Attribute<'a>>,
    /// Whether it ends with `/>`.
    pub empty: bool,
}

/// What the scanner meets.
pub enum Event<'a> {
    /// A start tag.
    Start(Tag<'a>),
    /// An end tag, or the end of an empty element: then the span is empty.
    End(Range<usize>),
    /// Text between tags; `true` for CDATA, which is not escaped.
    Text(Range<usize>, bool),
}

/// Walks a document; namespaces are those in scope at the last event.
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
    open: Vec<(&'a str, usize)>,
    names: Vec<(&'a str, String)>,
    ending: bool,
}

impl<'a> Scanner<'a> {
    /// Starts at the beginning of a document.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            open: Vec::new(),
            names: vec![("xml", "http://www.w3.org/XML/1998/namespace".to_owned())],
            ending: false,
        }
    }

    /// The namespace of a prefix, `None` where it is not declared.
    pub fn namespace(&self, prefix: &str) -> Option<&str> {
        self.names.iter().rev().find(|(name, _)| *name == prefix).map(|(_, uri)| uri.as_str())
    }

    /// The next event, `None` at the end of a complete document.
    ///
    /// # Errors
    /// `Broken` where the document is not well-formed, `Unsupported` for a document type or an entity of its own,
    /// `Limit` for nesting or declarations beyond reason.
    pub fn next(&mut self) -> Result<Option<Event<'a>>> {
        if self.ending {
            // The namespaces of the element that ends with this event stay in scope while it is handled.
            self.ending = false;
            self.close();
            return Ok(Some(Event::End(self.at..self.at)));
        }
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            if rest.is_empty() {
                if self.open.is_empty() {
                    return Ok(None);
                }
                return Err(self.broken("ends inside an element"));
            }
            if !rest.starts_with('<') {
                let end = self.at + rest.find('<').unwrap_or(rest.len());
                let span = self.at..end;
                self.at = end;
                if self.open.is_empty() {
                    let outside = self.text.get(span.clone()).unwrap_or_default();
                    if outside.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{FEFF}').is_empty() {
                        continue;
                    }
                    self.at = span.start;
                    return Err(self.broken("has text outside its elements"));
                }
                return Ok(Some(Event::Text(span, false)));
            }
            if rest.starts_with("<!--") {
                self.skip("<!--", "-->")?;
            } else if rest.starts_with("<?") {
                let target = rest.get(2..).unwrap_or_default();
                if target.starts_with("xml ") {
                    self.check_encoding(target)?;
                }
                self.skip("<?", "?>")?;
            } else if rest.starts_with("<![CDATA[") {
                if self.open.is_empty() {
                    return Err(self.broken("has text outside its elements"));
                }
                let start = self.at + "<![CDATA[".len();
                self.skip("<![CDATA[", "]]>")?;
                return Ok(Some(Event::Text(start..self.at - 3, true)));
            } else if rest.starts_with("<!") {
                return Err(Error::unsupported(
                    "the XMP packet declares a document type, which XMP forbids: the metadata cannot be read safely",
                ));
            } else if rest.starts_with("</") {
                return self.end_tag().map(Some);
            } else {
                return self.start_tag().map(Some);
            }
        }
    }

    fn broken(&self, what: &str) -> Error {
        Error::broken(format!("the XMP packet {what}"), self.at)
    }

    fn check_encoding(&self, declaration: &str) -> Result<()> {
        let declaration = declaration.split("?>").next().unwrap_or_default().to_ascii_lowercase();
        if declaration.contains("encoding") && !declaration.contains("utf-8") {
            return Err(Error::unsupported("the XMP packet is not in UTF-8, as it must be inside a picture"));
        }
        Ok(())
    }

    fn skip(&mut self, opening: &str, closing: &str) -> Result<()> {
        let from = self.at + opening.len();
        match self.text.get(from..).unwrap_or_default().find(closing) {
            Some(length) => {
                self.at = from + length + closing.len();
                Ok(())
            }
            None => Err(self.broken("ends inside a comment or instruction")),
        }
    }

    fn close(&mut self) {
        if let Some((_, names)) = self.open.pop() {
            self.names.truncate(names);
        }
    }

    fn end_tag(&mut self) -> Result<Event<'a>> {
        let start = self.at;
        let rest = self.text.get(start + 2..).unwrap_or_default();
        let end = rest.find('>').ok_or_else(|| self.broken("ends inside a tag"))?;
        let name = rest.get(..end).unwrap_or_default().trim_end();
        if self.open.last().is_none_or(|(open, _)| *open != name) {
            return Err(self.broken("closes an element that is not open"));
        }
        self.close();
        self.at = start + 2 + end + 1;
        Ok(Event::End(start..self.at))
    }

    fn start_tag(&mut self) -> Result<Event<'a>> {
        let start = self.at;
        if self.open.len() >= MAX_DEPTH {
            return Err(Error::limit(format!("the XMP packet nests more than {MAX_DEPTH} elements")));
        }
        self.at += 1;
        let name = self.name()?;
        let (prefix, local) = split(name);
        let declared = self.names.len();
        let mut attributes = Vec::new();
        let empty = loop {
            let before = self.at;
            self.spaces();
            let rest = self.text.get(self.at..).unwrap_or_default();
            if rest.starts_with("/>") {
                self.at += 2;
                break true;
            }
            if rest.starts_with('>') {
                self.at += 1;
                break false;
            }
            if self.at == before || attributes.len() >= MAX_NAMES {
                return Err(self.broken("has a malformed tag"));
            }
            let attribute = self.attribute(before)?;
            let uri = || unescape(self.text.get(attribute.value.clone()).unwrap_or_default());
            if attribute.prefix == "xmlns" {
                let uri = uri()?;
                self.names.push((attribute.local, uri));
            } else if attribute.prefix.is_empty() && attribute.local == "xmlns" {
                let uri = uri()?;
                self.names.push(("", uri));
            }
            if self.names.len() > MAX_NAMES {
                return Err(Error::limit(format!("the XMP packet declares more than {MAX_NAMES} namespaces")));
            }
            attributes.push(attribute);
        };
        self.open.push((name, declared));
        self.ending = empty;
        Ok(Event::Start(Tag { prefix, local, span: start..self.at, attributes, empty }))
    }

    fn attribute(&mut self, before: usize) -> Result<Attribute<'a>> {
        let (prefix, local) = split(self.name()?);
        self.spaces();
        self.expect('=')?;
        self.spaces();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let quote =
            rest.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or_else(|| self.broken("has an unquoted attribute"))?;
        let from = self.at + 1;
        let length =
            self.text.get(from..).unwrap_or_default().find(quote).ok_or_else(|| self.broken("ends inside an attribute"))?;
        let value = from..from + length;
        if self.text.get(value.clone()).unwrap_or_default().contains('<') {
            return Err(self.broken("has a tag inside an attribute"));
        }
        self.at = value.end + 1;
        Ok(Attribute { prefix, local, span: before..self.at, value })
    }

    fn name(&mut self) -> Result<&'a str> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/' | '<' | '"' | '\'' | '&' | '\0'));
        let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.')) {
            return Err(self.broken("has a malformed tag"));
        }
        self.at += name.len();
        Ok(name)
    }

    fn spaces(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn expect(&mut self, sign: char) -> Result<()> {
        if !self.text.get(self.at..).unwrap_or_default().starts_with(sign) {
            return Err(self.broken("has a malformed tag"));
        }
        self.at += sign.len_utf8();
        Ok(())
    }
}

fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

/// The text that an escaped one stands for.
///
/// # Errors
/// `Broken` for an ampersand that starts nothing, `Unsupported` for an entity that XML does not know by itself.
pub fn unescape(text: &str) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + 1..).unwrap_or_default();
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        let end = end.ok_or_else(|| Error::broken("the XMP packet has an ampersand that is not escaped", 0))?;
        let name = rest.get(..end).unwrap_or_default();
        let number = |digits: &str, base| u32::from_str_radix(digits, base).ok().and_then(char::from_u32);
        let sign = match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => match name.strip_prefix("#x") {
                Some(digits) => number(digits, 16),
                None => name.strip_prefix('#').and_then(|digits| number(digits, 10)),
            },
        };
        out.push(sign.ok_or_else(|| {
            Error::unsupported("the XMP packet uses an entity of its own, which XMP forbids: the metadata cannot be read safely")
        })?);
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    Ok(out)
}

/// Escapes a text for an element or an attribute in either kind of quotes. Inside an element quotes may stay.
pub fn escape(text: &str, attribute: bool) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for sign in text.chars() {
        match sign {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' if attribute => out.push_str("&quot;"),
            '\'' if attribute => out.push_str("&apos;"),
            _ => out.push(sign),
        }
    }
    out
}
