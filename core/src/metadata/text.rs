//! The label and the XMP packet as texts, for files whose bytes are spliced outside the core (documents).

use super::aigc::{self, Fields, MAX_LABEL, Problem, Record};
use super::read::{Place, Site};
use super::write::{check_source, further, permit};
use crate::error::Result;
use crate::xmp::{self, Name, Packet};
use serde::{Deserialize, Serialize};

/// A label that was read from a text.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Parsed {
    /// Whether the text has the shape of a label: the question for places where any text may stand.
    pub looks_like: bool,
    /// The text, trimmed and cut to [`MAX_LABEL`] bytes.
    pub raw: String,
    /// `tencent` for Tencent Cloud's own keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<&'static str>,
    /// The fields that could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aigc: Option<Fields>,
    /// Where the label departs from the standard, M3 to M9.
    pub problems: Vec<Problem>,
}

/// Reads a label in any form that was met; never fails.
pub fn parse(text: &str) -> Parsed {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let reading = aigc::read(text);
    let mut end = text.len().min(MAX_LABEL);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Parsed {
        looks_like: aigc::looks_like(text),
        raw: text.get(..end).unwrap_or_default().to_owned(),
        variant: reading.tencent.then_some("tencent"),
        aigc: reading.fields,
        problems: reading.problems,
    }
}

/// A label to write, and those that stand in the file already.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The label.
    pub aigc: Record,
    /// IPTC DigitalSourceType as a full URI; it is checked only.
    #[serde(default)]
    pub digital_source_type: Option<String>,
    /// Whether labels of the same producer may be replaced. Another producer's never are (Labeling Measures, Article 10).
    #[serde(default)]
    pub replace: bool,
    /// What stands in the file.
    #[serde(default)]
    pub standing: Vec<Standing>,
}

/// One label of a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    location: String,
    offset: usize,
    raw: String,
}

/// The text of the label: the bare object, keys in the order of Annex E.
///
/// # Errors
/// `Parameter` for a label that the standard forbids; `Conflict` where a label stands that must not be replaced.
pub fn compose(request: &Request) -> Result<String> {
    request.aigc.check()?;
    check_source(request.digital_source_type.as_deref())?;
    let sites: Vec<Site> = request.standing.iter().map(Standing::site).collect();
    permit(&request.aigc, &sites, request.replace)?;
    Ok(request.aigc.to_json())
}

impl Standing {
    fn site(&self) -> Site {
        let reading = aigc::read(&self.raw);
        Site {
            format: "aigc",
            variant: None,
            location: self.location.clone(),
            offset: self.offset,
            raw: self.raw.clone(),
            aigc: reading.fields,
            problem: None,
            problems: reading.problems,
            place: Place::Part(0),
        }
    }
}

/// What [`edit`] takes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Edit {
    /// Text of the property TC260:AIGC; absent: it stays as it is.
    #[serde(default)]
    pub aigc: Option<String>,
    /// IPTC DigitalSourceType as a full URI; absent: it stays as it is.
    #[serde(default)]
    pub digital_source_type: Option<String>,
    /// IPTC AISystemUsed; absent: it stays as it is.
    #[serde(default)]
    pub ai_system_used: Option<String>,
    /// IPTC AISystemVersionUsed; absent: it stays as it is.
    #[serde(default)]
    pub ai_system_version_used: Option<String>,
    /// `xmp:CreateDate`, written only where the packet has none.
    #[serde(default)]
    pub create_date: Option<String>,
}

/// An XMP packet with these properties, every other byte kept; a new packet where it is empty.
///
/// # Errors
/// `Parameter` for a source type that is no URI and a system that is no text, `Broken`, `Unsupported` and `Limit` as for packets in pictures.
pub fn edit(packet: &[u8], edit: &Edit) -> Result<Vec<u8>> {
    check_source(edit.digital_source_type.as_deref())?;
    let (aigc, source) = (edit.aigc.as_deref(), edit.digital_source_type.as_deref());
    let more = further(&edit.ai_system_used, &edit.ai_system_version_used, &edit.create_date)?;
    Ok(xmp::with_further(Packet::read(packet)?.with(aigc, source)?, &more)?.into_bytes())
}

/// What an XMP packet says in our two properties.
#[derive(Debug, Clone, Serialize)]
pub struct Properties {
    /// In the order of the packet.
    pub properties: Vec<Property>,
}

/// One occurrence of a property.
#[derive(Debug, Clone, Serialize)]
pub struct Property {
    /// `AIGC`, `DigitalSourceType`, `AISystemUsed`, `AISystemVersionUsed` or `CreateDate`.
    pub name: &'static str,
    /// What it says, unescaped.
    pub value: String,
    /// Whether it is in the namespace that the standard names.
    pub official: bool,
    /// Bytes from the start of the packet.
    pub offset: usize,
}

/// Reads the known properties of an XMP packet.
///
/// # Errors
/// As [`edit`].
pub fn properties(packet: &[u8]) -> Result<Properties> {
    let read = Packet::read(packet)?.properties;
    let properties = read.into_iter().map(|one| Property {
        name: match one.name {
            Name::Aigc => "AIGC",
            Name::DigitalSourceType => "DigitalSourceType",
            Name::AiSystemUsed => "AISystemUsed",
            Name::AiSystemVersionUsed => "AISystemVersionUsed",
            Name::CreateDate => "CreateDate",
        },
        value: one.value,
        official: one.official,
        offset: one.span.start,
    });
    Ok(Properties { properties: properties.collect() })
}

#[cfg(test)]
mod tests {
    use super::super::aigc::tests::record;
    use super::*;

    fn request(standing: Vec<Standing>, replace: bool) -> Request {
        Request { aigc: record(), digital_source_type: None, replace, standing }
    }

    fn standing(raw: String) -> Vec<Standing> {
        vec![Standing { location: "here".into(), offset: 7, raw }]
    }

    #[test]
    fn a_text_that_was_composed_parses_without_problems() {
        let text = compose(&request(vec![], false)).unwrap();
        let parsed = parse(&text);
        assert!(parsed.looks_like);
        assert!(parsed.problems.iter().all(|problem| problem.rule == "M9"), "{:?}", parsed.problems);
        assert_eq!(parsed.raw, record().to_json());
    }

    #[test]
    fn what_stands_is_kept_unless_it_is_the_same_producers() {
        let own = record().to_json();
        assert!(compose(&request(standing(own.clone()), false)).is_err());
        assert!(compose(&request(standing(own.clone()), true)).is_ok());
        let foreign = own.replace("001191110000000000000010000", "Somebody-Else");
        assert!(compose(&request(standing(foreign), true)).is_err());
        assert!(compose(&request(standing("broken".into()), true)).is_err());
    }

    #[test]
    fn packets_are_edited_and_read() {
        let edit_it = Edit { digital_source_type: Some("http://example.org/type".into()), ..Edit::default() };
        let packet = edit(b"", &edit_it).unwrap();
        let read = properties(&packet).unwrap().properties;
        assert_eq!((read.len(), read[0].name, read[0].value.as_str()), (1, "DigitalSourceType", "http://example.org/type"));
        assert!(edit(b"", &Edit { digital_source_type: Some("not a URI".into()), ..Edit::default() }).is_err());
        let dated = |date: &str| Edit { ai_system_used: Some("S".into()), create_date: Some(date.into()), ..Edit::default() };
        let once = edit(&packet, &dated("2026-01-02")).unwrap();
        // A date that is there stays.
        assert_eq!(edit(&once, &dated("2027-01-02")).unwrap(), once);
        let said: Vec<_> = properties(&once).unwrap().properties.into_iter().map(|one| (one.name, one.value)).collect();
        let wanted = [("DigitalSourceType", "http://example.org/type"), ("AISystemUsed", "S"), ("CreateDate", "2026-01-02")];
        assert_eq!(said, wanted.map(|(name, value)| (name, value.to_owned())));
        assert!(edit(b"", &Edit { ai_system_used: Some("a\u{7}".into()), ..Edit::default() }).is_err());
        assert!(properties(b"<a").is_err());
    }
}
