//! The metadata label of GB 45438-2025, Annex E: strict when written, tolerant when read.

use crate::error::{Error, Result};
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt;

/// The seven keys in the order of Annex E c) to i).
pub const KEYS: [&str; 7] =
    ["Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2"];
/// What Tencent Cloud writes instead.
const TENCENT: [&str; 4] = ["ServiceProvider", "ServiceUser", "Time", "ContentId"];
/// The longest label that is written, and of which the raw text is reported, in bytes. Our own bound: the standard has none.
pub const MAX_LABEL: usize = 32_768;

/// A label to write.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Record {
    /// `1` is generated, `2` may be, `3` is suspected.
    pub label: String,
    /// Name or code of the provider.
    pub content_producer: String,
    /// The provider's number of this content.
    #[serde(rename = "ProduceID")]
    pub produce_id: String,
    /// The provider's own protection; may be empty.
    #[serde(rename = "ReservedCode1")]
    pub reserved_code1: String,
    /// Name or code of the propagating platform.
    pub content_propagator: String,
    /// The platform's number of this content.
    #[serde(rename = "PropagateID")]
    pub propagate_id: String,
    /// The platform's own protection; may be empty.
    #[serde(rename = "ReservedCode2")]
    pub reserved_code2: String,
}

impl Record {
    fn values(&self) -> [&str; 7] {
        [
            &self.label,
            &self.content_producer,
            &self.produce_id,
            &self.reserved_code1,
            &self.content_propagator,
            &self.propagate_id,
            &self.reserved_code2,
        ]
    }

    /// Refuses what a writer must not write: rules M5 to M7 of the label, and a total beyond [`MAX_LABEL`].
    ///
    /// # Errors
    /// `Parameter`, naming the field.
    pub fn check(&self) -> Result<()> {
        if !matches!(self.label.as_str(), "1" | "2" | "3") {
            return Err(Error::parameter(format!("Label must be \"1\", \"2\" or \"3\", not \"{}\"", self.label)));
        }
        for (key, value) in KEYS.iter().zip(self.values()) {
            let reserved = key.starts_with("Reserved");
            if value.is_empty() && !reserved {
                return Err(Error::parameter(format!("{key} must not be empty")));
            }
            if !value.chars().all(|character| writable(character) || (reserved && character == '"')) {
                return Err(Error::parameter(format!(
                    "{key} may not hold control characters, quotation marks or backslashes: use the provider code or a name without them"
                )));
            }
        }
        if self.to_json().len() > MAX_LABEL {
            return Err(Error::parameter(format!("the label is longer than {MAX_LABEL} bytes")));
        }
        Ok(())
    }

    /// Rule M8: the first one who writes is also the propagator (Annex E, note 1).
    ///
    /// # Errors
    /// `Parameter`.
    pub fn check_first(&self) -> Result<()> {
        if self.content_propagator != self.content_producer || self.propagate_id != self.produce_id {
            return Err(Error::parameter(
                "the first label of a file names its producer as the propagator too: ContentPropagator must equal ContentProducer, and PropagateID must equal ProduceID",
            ));
        }
        Ok(())
    }

    /// Whether the producer's part (rule M16) is that of a label that was read.
    pub fn same_producer_part(&self, other: &Fields) -> bool {
        // Many leave the reserved field out.
        self.values().iter().zip(&other.0).take(4).all(|(ours, theirs)| theirs.as_deref().unwrap_or_default() == *ours)
    }

    /// The bare object, keys in the order of Annex E, no spaces.
    pub fn to_json(&self) -> String {
        let mut out = String::from("{");
        for (key, value) in KEYS.iter().zip(self.values()) {
            if out.len() > 1 {
                out.push(',');
            }
            // `check` leaves nothing but quotes to escape.
            out.push_str(&format!("\"{key}\":\"{}\"", value.replace('"', "\\\"")));
        }
        out.push('}');
        out
    }
}

/// What a label can hold without being damaged on its way through JSON and XML. Wider than M7, which names what values are "mainly"
/// made of: a provider's name may be Chinese, and readers warn of it.
fn writable(character: char) -> bool {
    !character.is_control() && !matches!(character, '"' | '\\' | '\u{FFFE}' | '\u{FFFF}')
}

/// Rule M7: code points 0x21, 0x23-0x5B, 0x5D-0x7E.
fn plain(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)
}

/// The seven values of a label that was read, in the order of [`KEYS`]; `None` for an absent one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields([Option<String>; 7]);

impl Fields {
    /// The producer, if the label names one.
    pub fn producer(&self) -> Option<&str> {
        self.0[1].as_deref()
    }

    fn get(&self, key: usize) -> &str {
        self.0.get(key).and_then(Option::as_deref).unwrap_or_default()
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in KEYS.iter().zip(&self.0) {
            if let Some(value) = value {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

/// Where a label departs from the standard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Number of the rule, `M3` to `M13`.
    pub rule: &'static str,
    /// What is wrong, in a sentence.
    pub message: String,
}

/// A label that was read.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// What it says, when it is an object at all.
    pub fields: Option<Fields>,
    /// Whether it has Tencent Cloud's keys.
    pub tencent: bool,
    /// Where it departs from the standard.
    pub problems: Vec<Problem>,
}

/// Whether a text that stands where any text may stand is a label: an object with the keys of one, or `AIGC{…}`.
pub fn looks_like(text: &str) -> bool {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let has = |key: &str| text.contains(&format!("\"{key}\""));
    match text.strip_prefix("AIGC") {
        Some(rest) => rest.trim_start_matches([':', '=', ' ', '\0']).starts_with('{'),
        None => {
            text.starts_with('{')
                && (has("AIGC") || (has("Label") && has("ContentProducer")) || (has("ServiceProvider") && has("ContentId")))
        }
    }
}

/// Reads a label in any form that was met: bare, wrapped, as a text in a text, numbers for texts.
pub fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let mut problem = |rule, message: String| reading.problems.push(Problem { rule, message });
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let text = text.strip_prefix("AIGC").map_or(text, |rest| rest.trim_start_matches([':', '=', ' ', '\0']));
    if text.len() > MAX_LABEL {
        problem("M3", format!("the label is longer than {MAX_LABEL} bytes and was not read"));
        return reading;
    }
    let mut pairs = match serde_json::from_str::<Pairs>(text) {
        Ok(pairs) => pairs.0,
        Err(failure) => {
            problem("M3", format!("the label is not a JSON object: {failure}"));
            return reading;
        }
    };
    if let [(key, value)] = pairs.as_mut_slice()
        && key == "AIGC"
    {
        let inner = match value {
            Member::Object(pairs) => Some(std::mem::take(&mut pairs.0)),
            Member::Other(Value::String(text)) => serde_json::from_str::<Pairs>(text).ok().map(|pairs| pairs.0),
            Member::Other(_) => None,
        };
        match inner {
            Some(inner) => pairs = inner,
            None => {
                problem("M3", "the label under the key AIGC is not a JSON object".to_owned());
                return reading;
            }
        }
    }
    let mut fields = Fields::default();
    let mut tencent = 0;
    for (key, value) in &pairs {
        let Some(slot) = KEYS.iter().position(|known| known == key).and_then(|at| fields.0.get_mut(at)) else {
            tencent += usize::from(TENCENT.contains(&key.as_str()));
            problem("M4", format!("the label has the key {key}, which the standard does not know"));
            continue;
        };
        let text = match value {
            Member::Other(Value::String(text)) => text.clone(),
            Member::Other(Value::Number(number)) => {
                problem(if key == "Label" { "M5" } else { "M4" }, format!("{key} is a number and not a text"));
                number.to_string()
            }
            _ => {
                problem("M4", format!("{key} is not a text"));
                continue;
            }
        };
        if slot.is_some() {
            problem("M3", format!("the label has the key {key} twice"));
        } else {
            *slot = Some(text);
        }
    }
    let absent: Vec<&str> = KEYS.iter().zip(&fields.0).filter(|(_, value)| value.is_none()).map(|(key, _)| *key).collect();
    if !absent.is_empty() {
        problem("M4", format!("the label lacks {}", absent.join(", ")));
    }
    for (key, value) in KEYS.iter().zip(&fields.0) {
        let Some(value) = value else { continue };
        match *key {
            "Label" if !matches!(value.as_str(), "1" | "2" | "3") => problem("M5", "Label is none of 1, 2 and 3".to_owned()),
            "ContentProducer" | "ProduceID" if value.is_empty() => problem("M6", format!("{key} is empty")),
            _ => {}
        }
        if !value.bytes().all(|byte| plain(byte) || (key.starts_with("Reserved") && byte == b'"')) {
            problem("M7", format!("{key} holds characters beyond printable ASCII without spaces, quotes and backslashes"));
        }
    }
    for (key, service) in [(1, '1'), (4, '2')] {
        let code = fields.get(key);
        // A name is allowed in this place: only what is meant to be a code is held to the rules of codes. And the first
        // propagator is the producer, whose code says generation.
        if code.len() == 27
            && code.starts_with("00")
            && (key == 1 || code != fields.get(1))
            && let Some(message) = provider_code_problem(code, Some(service))
        {
            problem("M9", message);
        }
    }
    reading.tencent = tencent >= 2;
    reading.fields = Some(fields);
    reading
}

/// What is wrong with a provider code (rule M9), `None` when nothing is.
///
/// 27 digits and capital letters: `00`, subject type, binding method, an 18-character subject code, service type (`1`
/// generation, `2` propagation), four of the provider's own; `00000` for the last five when they are not used. Where the
/// subject is bound by its unified social credit code (`11`), the check character of GB 32100-2015 must be right.
/// `service`: the type that the place asks for.
pub fn provider_code_problem(code: &str, service: Option<char>) -> Option<String> {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let bytes = code.as_bytes();
    if bytes.len() != 27 || !bytes.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) {
        return Some("a provider code has 27 digits and capital letters".to_owned());
    }
    if !code.starts_with("00") {
        return Some("a provider code starts with 00".to_owned());
    }
    let extension = code.get(22..)?;
    if extension != "00000" {
        let kind = extension.chars().next()?;
        if !matches!(kind, '1' | '2') {
            return Some(
                "the 23rd character of a provider code is 1 (generation) or 2 (propagation), or the last five are 00000"
                    .to_owned(),
            );
        }
        if service.is_some_and(|service| service != kind) {
            return Some(format!("the 23rd character of the provider code is {kind}, which is not the service of this field"));
        }
    }
    if code.get(2..4) != Some("11") {
        return None;
    }
    // GB 32100-2015, 4.5: weights 3^(i-1) mod 31.
    let (mut sum, mut weight) = (0, 1);
    let subject = bytes.get(4..22)?;
    let (check, digits) = subject.split_last()?;
    for byte in digits {
        let Some(value) = ALPHABET.iter().position(|known| known == byte) else {
            return Some("the social credit code in the provider code holds a letter that is not used there".to_owned());
        };
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    let expected = ALPHABET.get((31 - sum % 31) % 31);
    (expected != Some(check)).then(|| "the check character of the social credit code in the provider code is wrong".to_owned())
}

/// The members of an object in their order, doubles kept: serde_json's own map would hide them.
struct Pairs(Vec<(String, Member)>);

/// The value of a member.
enum Member {
    Object(Pairs),
    Other(Value),
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    let value = if key == "AIGC" { map.next_value::<Wrapped>()?.0 } else { Member::Other(map.next_value()?) };
                    pairs.push((key, value));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// What stands under the key AIGC.
struct Wrapped(Member);

impl<'de> Deserialize<'de> for Wrapped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Wrapped;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object or a text")
            }

            fn visit_str<E>(self, text: &str) -> std::result::Result<Wrapped, E> {
                Ok(Wrapped(Member::Other(Value::String(text.to_owned()))))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<Wrapped, A::Error> {
                let mut map = map;
                let mut pairs = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    pairs.push((key, Member::Other(map.next_value()?)));
                }
                Ok(Wrapped(Member::Object(Pairs(pairs))))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A record with codes of nobody: the subject code is made up of zeros with a right check character.
    pub fn record() -> Record {
        Record {
            label: "1".into(),
            content_producer: "001191110000000000000010000".into(),
            produce_id: "0b5e6c1e-1111-4222-8333-444455556666".into(),
            reserved_code1: r#"{"SecurityData":{"Type":"T"}}"#.into(),
            content_propagator: "001191110000000000000010000".into(),
            propagate_id: "0b5e6c1e-1111-4222-8333-444455556666".into(),
            reserved_code2: String::new(),
        }
    }

    fn rules(text: &str) -> Vec<&'static str> {
        read(text).problems.iter().map(|problem| problem.rule).collect()
    }

    #[test]
    fn what_is_written_reads_back_without_a_problem() {
        let json = record().to_json();
        let reading = read(&json);
        let reported = serde_json::to_string(reading.fields.as_ref().unwrap()).unwrap();
        assert_eq!(reported, json);
        assert!(record().same_producer_part(reading.fields.as_ref().unwrap()));
        assert!(read(&format!("{{\"AIGC\":{json}}}")).fields.as_ref().is_some_and(|fields| record().same_producer_part(fields)));
        assert!(reading.problems.iter().all(|problem| problem.rule == "M9"), "{:?}", reading.problems);
    }

    #[test]
    fn a_writer_is_held_to_the_standard() {
        assert!(record().check().is_ok() && record().check_first().is_ok());
        let wrong = |change: fn(&mut Record)| {
            let mut record = record();
            change(&mut record);
            record.check().is_err()
        };
        assert!(wrong(|r| r.label = "4".into()));
        assert!(wrong(|r| r.content_producer.clear()));
        assert!(wrong(|r| r.propagate_id.clear()));
        assert!(wrong(|r| r.produce_id = "a\nb".into()));
        assert!(wrong(|r| r.produce_id = "a\"b".into()));
        assert!(!wrong(|r| r.content_producer = "示例 公司".into()));
        assert!(wrong(|r| r.reserved_code1 = "a\\b".into()));
        assert!(wrong(|r| r.reserved_code1 = "x".repeat(MAX_LABEL)));
        let mut other = record();
        other.propagate_id = "x".into();
        assert!(other.check().is_ok() && other.check_first().is_err());
        assert!(serde_json::from_str::<Record>(r#"{"Label":"1"}"#).is_err());
    }

    #[test]
    fn a_reader_survives_what_is_in_the_wild() {
        let doubao = r#"{"Label":"1","ContentProducer":"doubao","ProduceID":"e3","ReservedCode1":"","ContentPropagator":"","PropagateID":"","ReservedCode2":""}"#;
        assert!(rules(doubao).is_empty());
        assert_eq!(rules(&doubao.replace("\"1\"", "1")), ["M5"]);
        assert_eq!(rules(&doubao.replace("\"1\"", "\"AIGC\"")), ["M5"]);
        assert_eq!(rules(&doubao.replace("doubao", "腾讯云")), ["M7"]);
        assert_eq!(rules(&doubao.replace("doubao", "")), ["M6"]);
        assert_eq!(rules(&doubao.replace("\"ReservedCode2\":\"\"", "\"Label\":\"1\"")), ["M3", "M4"]);
        assert_eq!(rules(&doubao.replace("\"ReservedCode2\":\"\"", "\"ReservedCode2\":null,\"More\":[1]")), ["M4", "M4", "M4"]);
        for broken in ["", "{", "[]", "1", "{\"AIGC\":[]}", "{\"AIGC\":\"x\"}", &"{\"AIGC\":".repeat(500)] {
            assert_eq!(rules(broken), ["M3"], "{broken}");
        }
        let tencent = read(r#"{"AIGC":{"Label":"1","ServiceProvider":"a","ServiceUser":"b","Time":1,"ContentId":"c"}}"#);
        assert!(tencent.tencent && tencent.fields.is_some());
        let text = serde_json::to_string(&doubao).unwrap();
        assert!(rules(&format!("{{\"AIGC\":{text}}}")).is_empty());
        assert!(
            looks_like(doubao)
                && looks_like("AIGC{}")
                && looks_like(" {\"AIGC\":{}}")
                && !looks_like("AIGC is great")
                && !looks_like("{\"a\":1}")
        );
    }

    #[test]
    fn provider_codes_are_checked_down_to_the_check_character() {
        // Worked example of GB 32100: all zeros but the leading 9 and 1.
        let subject = |check: char| format!("001191110000000000000{check}10000");
        let right: Vec<char> = "0123456789ABCDEFGHJKLMNPQRTUWXY"
            .chars()
            .filter(|&c| provider_code_problem(&subject(c), Some('1')).is_none())
            .collect();
        assert_eq!(right.len(), 1);
        assert!(provider_code_problem("001191000000000000000K10000", Some('1')).is_none());
        assert!(provider_code_problem("001191000000000000000L10000", Some('1')).is_some());
        assert!(provider_code_problem("001191000000000000000K10000", Some('2')).is_some());
        assert!(provider_code_problem("001191000000000000000K00000", Some('2')).is_none());
        assert!(provider_code_problem("001191000000000000000K30000", None).is_some());
        assert!(provider_code_problem("0011", None).is_some());
        assert!(provider_code_problem("001191110102macqd9k64010000", None).is_some());
    }
}
