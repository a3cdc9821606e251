//! The two properties of an XMP packet (ISO 16684-1) that are ours to read and write; every other byte of a packet stays.

pub(crate) mod markup;

use crate::error::{Error, Result};
use markup::{Event, Scanner, Tag, escape, unescape};
use std::ops::Range;

/// Namespace of RDF.
pub(crate) const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
/// Namespace of the AIGC property (TC260-PG-20259A).
const TC260: &str = "http://www.tc260.org.cn/ns/AIGC/1.0/";
/// Namespace of IPTC's extension schema.
const IPTC: &str = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/";
const NOTE: &str = "http://ns.adobe.com/xmp/note/";
const XMP: &str = "http://ns.adobe.com/xap/1.0/";
/// What points into the old file or shows the old picture: gain maps, motion photos, depth maps and their index.
const BOUND: [&str; 7] = [
    "http://ns.adobe.com/hdr-gain-map/1.0/",
    "http://ns.google.com/photos/1.0/container/",
    "http://ns.google.com/photos/1.0/container/item/",
    "http://ns.google.com/photos/1.0/camera/",
    "http://ns.google.com/photos/1.0/image/",
    "http://ns.google.com/photos/1.0/depthmap/",
    "http://ns.adobe.com/xap/1.0/g/img/",
];
/// The most properties of one kind that a packet may hold before it counts as hostile.
const MAX_PROPERTIES: usize = 64;

/// Which property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// `TC260:AIGC`.
    Aigc,
    /// `Iptc4xmpExt:DigitalSourceType`.
    DigitalSourceType,
    /// `Iptc4xmpExt:AISystemUsed` (IPTC 2025.1).
    AiSystemUsed,
    /// `Iptc4xmpExt:AISystemVersionUsed` (IPTC 2025.1).
    AiSystemVersionUsed,
    /// `xmp:CreateDate`.
    CreateDate,
}

/// One occurrence of a property.
#[derive(Debug, Clone)]
pub struct Property {
    /// Which property.
    pub name: Name,
    /// What it says, unescaped.
    pub value: String,
    /// All of it: the element, or the attribute with the space before it.
    pub span: Range<usize>,
    /// Only the value, if a new one can stand in its place.
    inner: Option<Range<usize>>,
    /// Whether it is an attribute.
    attribute: bool,
    /// Whether it is in the namespace that the standard names.
    pub official: bool,
}

/// What a packet holds for us.
pub struct Packet<'a> {
    text: &'a str,
    /// The two properties, in the order of the packet.
    pub properties: Vec<Property>,
    /// Properties that are bound to the old file's pixels or length.
    bound: Vec<Range<usize>>,
    /// Declarations of their namespaces.
    declared: Vec<Range<usize>>,
    /// `xmpNote:HasExtendedXMP`.
    note: Option<Range<usize>>,
    /// Where a new description goes: the start of the end tag of rdf:RDF, or the end of an empty one.
    home: Option<Home>,
    /// The `rdf:about` of the first description, as it stands.
    about: Option<&'a str>,
}

struct Home {
    at: usize,
    /// For `<rdf:RDF/>`: name of the tag, which must be opened.
    empty: Option<String>,
    /// Whether the prefix `rdf` is bound to RDF there.
    prefix: bool,
}

/// What is open while a packet is read.
struct Open {
    start: usize,
    /// End of the start tag.
    inner: usize,
    kind: Kind,
    value: String,
    /// Only text was met inside.
    plain: bool,
    official: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Property(Name),
    Bound,
    Note,
    Rdf,
    Other,
}

impl<'a> Packet<'a> {
    /// Reads a packet. An empty or blank one is a packet without properties.
    ///
    /// # Errors
    /// `Broken` (offsets inside the packet) where it is not well-formed UTF-8 XML, `Unsupported` for a document type,
    /// own entities or another encoding, `Limit` for nesting or counts beyond reason.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        if matches!(bytes, [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, b'<', ..] | [b'<', 0, ..]) {
            return Err(Error::unsupported("the XMP packet is not in UTF-8, as it must be inside a picture"));
        }
        let text =
            str::from_utf8(bytes).map_err(|error| Error::broken("the XMP packet is not valid UTF-8", error.valid_up_to()))?;
        let mut packet =
            Self { text, properties: Vec::new(), bound: Vec::new(), declared: Vec::new(), note: None, home: None, about: None };
        let mut scanner = Scanner::new(text);
        let mut open: Vec<Open> = Vec::new();
        while let Some(event) = scanner.next()? {
            match event {
                Event::Start(tag) => {
                    let next = packet.start(&scanner, &tag, &open)?;
                    for outer in &mut open {
                        outer.plain = false;
                    }
                    open.push(next);
                }
                Event::Text(span, raw) => {
                    let inside = text.get(span).unwrap_or_default();
                    // The innermost of our properties that is open: its value is all text inside.
                    if let Some(element) = open.iter_mut().rev().find(|element| matches!(element.kind, Kind::Property(_))) {
                        if raw {
                            element.value.push_str(inside);
                        } else {
                            element.value.push_str(&unescape(inside)?);
                        }
                    }
                }
                Event::End(span) => {
                    if let Some(element) = open.pop() {
                        packet.end(element, span)?;
                    }
                }
            }
        }
        Ok(packet)
    }

    fn start(&mut self, scanner: &Scanner<'a>, tag: &Tag<'a>, open: &[Open]) -> Result<Open> {
        let uri = scanner.namespace(tag.prefix);
        let mut kind = match (uri, tag.local) {
            (Some(RDF), "RDF") => Kind::Rdf,
            (Some(NOTE), "HasExtendedXMP") => Kind::Note,
            (Some(XMP), "Thumbnails") => Kind::Bound,
            (Some(uri), _) if BOUND.contains(&uri) => Kind::Bound,
            _ => property(tag.prefix, tag.local, uri).map_or(Kind::Other, Kind::Property),
        };
        if open.iter().any(|outer| matches!(outer.kind, Kind::Bound | Kind::Property(_))) && kind == Kind::Bound {
            kind = Kind::Other;
        }
        if kind == Kind::Rdf && self.home.is_none() && tag.empty {
            let name =
                self.text.get(tag.span.start + 1..).and_then(|rest| rest.split(|c: char| c.is_whitespace() || c == '/').next());
            let prefix = scanner.namespace("rdf") == Some(RDF);
            self.home = Some(Home { at: tag.span.end, empty: name.map(str::to_owned), prefix });
        } else if kind == Kind::Rdf && self.home.is_none() {
            self.home = Some(Home { at: 0, empty: None, prefix: scanner.namespace("rdf") == Some(RDF) });
        }
        let description = uri == Some(RDF) && tag.local == "Description";
        for attribute in &tag.attributes {
            let value = self.text.get(attribute.value.clone()).unwrap_or_default();
            let uri = if attribute.prefix.is_empty() { None } else { scanner.namespace(attribute.prefix) };
            if attribute.prefix == "xmlns" {
                if BOUND.contains(&value) {
                    self.declared.push(attribute.span.clone());
                }
                continue;
            }
            if description && uri == Some(RDF) && attribute.local == "about" && self.about.is_none() {
                self.about = Some(value);
            }
            if uri.is_some_and(|uri| BOUND.contains(&uri))
                && !open.iter().any(|outer| outer.kind == Kind::Bound)
                && kind != Kind::Bound
            {
                self.bound.push(attribute.span.clone());
            }
            if uri == Some(NOTE) && attribute.local == "HasExtendedXMP" {
                self.note = Some(attribute.span.clone());
            }
            if let Some(name) = property(attribute.prefix, attribute.local, uri) {
                let official = uri == Some(namespace(name));
                let (span, inner) = (attribute.span.clone(), Some(attribute.value.clone()));
                self.push(Property { name, value: unescape(value)?, span, inner, attribute: true, official })?;
            }
        }
        let mut value = String::new();
        if let Kind::Property(_) = kind {
            // A URI may stand as a reference instead of a text.
            let reference =
                tag.attributes.iter().find(|one| one.local == "resource" && scanner.namespace(one.prefix) == Some(RDF));
            if let Some(reference) = reference {
                value = unescape(self.text.get(reference.value.clone()).unwrap_or_default())?;
            }
        }
        let plain = tag.attributes.iter().all(|one| one.prefix == "xmlns" || one.local == "xmlns") && !tag.empty;
        let official = matches!(kind, Kind::Property(name) if uri == Some(namespace(name)));
        Ok(Open { start: tag.span.start, inner: tag.span.end, kind, value, plain, official })
    }

    fn end(&mut self, element: Open, span: Range<usize>) -> Result<()> {
        match element.kind {
            Kind::Property(name) => {
                let inner = element.plain.then_some(element.inner..span.start);
                let whole = element.start..span.end;
                let Open { value, official, .. } = element;
                self.push(Property { name, value, span: whole, inner, attribute: false, official })
            }
            Kind::Bound => {
                self.bound.push(element.start..span.end);
                Ok(())
            }
            Kind::Note => {
                self.note = Some(element.start..span.end);
                Ok(())
            }
            Kind::Rdf => {
                if let Some(home) = self.home.as_mut().filter(|home| home.at == 0) {
                    home.at = span.start;
                }
                Ok(())
            }
            Kind::Other => Ok(()),
        }
    }

    fn push(&mut self, property: Property) -> Result<()> {
        if self.properties.len() >= MAX_PROPERTIES {
            return Err(Error::limit(format!("the XMP packet holds more than {MAX_PROPERTIES} labels")));
        }
        self.properties.push(property);
        Ok(())
    }

    /// The packet with these values, each exactly once: in the place of an old value where one stands, else in a
    /// description of its own at the end. `None` leaves a property as it is.
    ///
    /// # Errors
    /// `Broken` for a packet that is XML but has no `rdf:RDF`.
    pub fn with(&self, aigc: Option<&str>, source: Option<&str>) -> Result<String> {
        self.set(&named(aigc, source))
    }

    /// As [`Packet::with`], of any properties.
    pub fn set(&self, values: &[(Name, &str)]) -> Result<String> {
        if self.text.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{FEFF}').is_empty() {
            return Ok(fresh_of(values));
        }
        let mut edits: Vec<(Range<usize>, String)> = Vec::new();
        let mut added = String::new();
        for &(name, value) in values {
            let mut placed = false;
            for old in self.properties.iter().filter(|property| property.name == name) {
                match &old.inner {
                    Some(inner) if !placed && old.official => {
                        edits.push((inner.clone(), escape(value, old.attribute)));
                        placed = true;
                    }
                    _ => edits.push((old.span.clone(), String::new())),
                }
            }
            if !placed {
                added.push_str(&element(name, value));
            }
        }
        if !added.is_empty() {
            let home = self.home.as_ref().ok_or_else(|| Error::broken("the XMP packet has no rdf:RDF to write into", 0))?;
            let declared = if home.prefix { String::new() } else { format!(" xmlns:rdf=\"{RDF}\"") };
            // All descriptions of a packet are about the same thing (ISO 16684-1, 7.4).
            let about = self.about.unwrap_or_default().replace('"', "&quot;");
            let added = format!("<rdf:Description{declared} rdf:about=\"{about}\">{added}</rdf:Description>");
            match &home.empty {
                Some(name) => edits.push((home.at - 2..home.at, format!(">{added}</{name}>"))),
                None => edits.push((home.at..home.at, added)),
            }
        }
        splice(self.text, edits)
    }

    /// The packet without any occurrence of a property.
    pub fn without(&self, name: Name) -> Result<String> {
        let gone = self.properties.iter().filter(|property| property.name == name);
        splice(self.text, gone.map(|property| (property.span.clone(), String::new())).collect())
    }

    /// The packet without what is bound to the old pixels: thumbnails, gain-map and motion-photo properties; with
    /// `alone`, also without the reference to an ExtendedXMP packet. `None` when there is nothing of the kind.
    pub fn unbound(&self, alone: bool) -> Result<Option<String>> {
        let declared = self.declared.iter().filter(|_| !self.bound.is_empty());
        // A declaration on an element that goes is gone with it.
        let declared = declared.filter(|span| !self.bound.iter().any(|outer| outer.start <= span.start && span.end <= outer.end));
        let note = self.note.iter().filter(|_| alone);
        let gone: Vec<_> = self.bound.iter().chain(declared).chain(note).map(|span| (span.clone(), String::new())).collect();
        if gone.is_empty() {
            return Ok(None);
        }
        splice(self.text, gone).map(Some)
    }
}

/// Whether an element or attribute is one of ours. The AIGC property counts in any namespace: the standard only asks that
/// the name contains AIGC (GB 45438-2025, E a).
fn property(prefix: &str, local: &str, uri: Option<&str>) -> Option<Name> {
    if local.eq_ignore_ascii_case("AIGC") && !(prefix.is_empty() && uri.is_none()) {
        return Some(Name::Aigc);
    }
    match (uri, local) {
        (Some(IPTC), "DigitalSourceType") => Some(Name::DigitalSourceType),
        (Some(IPTC), "AISystemUsed") => Some(Name::AiSystemUsed),
        (Some(IPTC), "AISystemVersionUsed") => Some(Name::AiSystemVersionUsed),
        (Some(XMP), "CreateDate") => Some(Name::CreateDate),
        _ => None,
    }
}

/// Whether an element or attribute of this name is one that is ours to write.
pub(crate) fn is_ours(prefix: &str, local: &str, uri: Option<&str>) -> bool {
    property(prefix, local, uri).is_some()
}

fn namespace(name: Name) -> &'static str {
    match name {
        Name::Aigc => TC260,
        Name::CreateDate => XMP,
        Name::DigitalSourceType | Name::AiSystemUsed | Name::AiSystemVersionUsed => IPTC,
    }
}

/// The prefix that documents call a namespace by; `given` for one that is not known here.
pub fn usual_prefix<'a>(uri: Option<&str>, given: &'a str) -> &'a str {
    match uri {
        Some(IPTC) => "Iptc4xmpExt",
        Some(TC260) => "TC260",
        Some(XMP) => "xmp",
        Some("http://ns.adobe.com/photoshop/1.0/") => "photoshop",
        Some("http://purl.org/dc/elements/1.1/") => "dc",
        _ => given,
    }
}

/// An element that declares its own prefix, so that it can stand anywhere.
fn element(name: Name, value: &str) -> String {
    let (prefix, local) = match name {
        Name::Aigc => ("TC260", "AIGC"),
        Name::DigitalSourceType => ("Iptc4xmpExt", "DigitalSourceType"),
        Name::AiSystemUsed => ("Iptc4xmpExt", "AISystemUsed"),
        Name::AiSystemVersionUsed => ("Iptc4xmpExt", "AISystemVersionUsed"),
        Name::CreateDate => ("xmp", "CreateDate"),
    };
    let (uri, value) = (namespace(name), escape(value, false));
    format!("<{prefix}:{local} xmlns:{prefix}=\"{uri}\">{value}</{prefix}:{local}>")
}

/// A new packet (XMP part 1, 7.3). It ends with `end="w"` so that editors may change it, and has no padding.
pub fn fresh(aigc: Option<&str>, source: Option<&str>) -> String {
    fresh_of(&named(aigc, source))
}

fn named<'a>(aigc: Option<&'a str>, source: Option<&'a str>) -> Vec<(Name, &'a str)> {
    let pairs = [(Name::Aigc, aigc), (Name::DigitalSourceType, source)];
    pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn fresh_of(values: &[(Name, &str)]) -> String {
    let inside: String = values.iter().map(|&(name, value)| element(name, value)).collect();
    format!(
        "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"{RDF}\"><rdf:Description rdf:about=\"\">{inside}</rdf:Description></rdf:RDF></x:xmpmeta>\
         <?xpacket end=\"w\"?>"
    )
}

/// The packet with the padding before its trailer cut down to what `limit` bytes leave, if that is enough.
pub fn fit(packet: String, limit: usize) -> Option<String> {
    if packet.len() <= limit {
        return Some(packet);
    }
    let trailer = packet.rfind("<?xpacket end")?;
    let before = packet.get(..trailer)?;
    let kept = before.trim_end_matches([' ', '\t', '\r', '\n']).len().max(trailer.saturating_sub(packet.len() - limit));
    let fitted = format!("{}{}", before.get(..kept)?, packet.get(trailer..)?);
    (fitted.len() <= limit).then_some(fitted)
}

fn splice(text: &str, mut edits: Vec<(Range<usize>, String)>) -> Result<String> {
    edits.sort_by_key(|(span, _)| (span.start, span.end));
    let mut out = String::with_capacity(text.len() + edits.iter().map(|(_, with)| with.len()).sum::<usize>());
    let mut at = 0;
    for (span, with) in edits {
        if span.start < at {
            // One property inside another: the outer one, which comes first, goes with what it holds.
            if span.end <= at && with.is_empty() {
                continue;
            }
            return Err(Error::broken("the XMP packet nests a label inside a label", span.start));
        }
        out.push_str(text.get(at..span.start).unwrap_or_default());
        out.push_str(&with);
        at = span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Ok(out)
}

/// A packet with further properties; a date of creation that is there stays.
///
/// # Errors
/// As `Packet::read` and `Packet::set`.
pub fn with_further(text: String, further: &[(Name, &str)]) -> Result<String> {
    let packet = Packet::read(text.as_bytes())?;
    let dated = packet.properties.iter().any(|property| property.name == Name::CreateDate);
    let wanted: Vec<(Name, &str)> = further.iter().filter(|(name, _)| !(dated && *name == Name::CreateDate)).copied().collect();
    if wanted.is_empty() {
        return Ok(text);
    }
    packet.set(&wanted)
}

#[cfg(test)]
mod tests;
