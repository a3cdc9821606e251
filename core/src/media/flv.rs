//! FLV: the label is a property of the script `onMetaData` (TC260-PG-20257A). XMP is the property `liveXML` of `onXMPData`
//! (XMP part 3, 2.3.4) where that is there; a new packet is the same property of `onMetaData`, which is our convention: of a
//! second script ffmpeg makes a stream of data that was not there before.
//!
//! The script stands before the samples, so these move; the places that it names itself are set right. Coded are the bodies
//! of all audio and video tags.

use super::amf::{self, Script, Value};
use super::kind::{Budget, Label, Media, Text, Walk, XMP, beside, text_of};
use super::source::{Source, Splice, Window, replace};
use crate::error::{Error, Result};
use crate::xmp::RDF;
use std::ops::Range;

/// The row of the table.
pub const MEDIA: Media = Media { name: "FLV", matches: |head| head.starts_with(b"FLV\x01"), walk, write };

const META: &str = "onMetaData";
const PACKET: &str = "onXMPData";
const LIVE: &str = "liveXML";
/// Bytes of a tag's head, and of the size behind its body.
const HEAD: u64 = 11;
const BACK: u64 = 4;
const MAX_TAGS: usize = 1 << 23;

/// A script tag that we know.
struct Known {
    /// Where its head starts.
    start: u64,
    body: Range<u64>,
    script: Script,
}

/// What a file holds: its scripts, its samples, and where its first tag stands.
struct Parts {
    scripts: Vec<Known>,
    coded: Vec<Range<u64>>,
    first: u64,
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

fn parse(source: &dyn Source) -> Result<Parts> {
    let source = Window::new(source);
    let length = source.length();
    let early = |at: u64| Error::broken("the FLV ends early, or a tag's length points outside", at as usize);
    let start = number(&source.read(5, 4)?);
    let first = start + BACK;
    if start < 9 || first > length {
        return Err(early(5));
    }
    let (mut parts, mut at) = (Parts { scripts: Vec::new(), coded: Vec::new(), first }, first);
    let (mut budget, mut values) = (Budget::new(), amf::MAX_VALUES);
    while at < length {
        if length - at < HEAD {
            return Err(early(at));
        }
        let head = source.read(at, HEAD as usize)?;
        let body = at + HEAD..at + HEAD + number(head.get(1..4).unwrap_or_default());
        let next = body.end + BACK;
        if next > length {
            return Err(early(at));
        }
        let kind = head.first().copied().unwrap_or_default();
        match kind & 0x1F {
            8 | 9 => parts.coded.push(body),
            18 if kind & 0x20 != 0 => return Err(Error::unsupported("a script tag of the FLV is encrypted, which is not read")),
            18 => {
                budget.take(body.end - body.start)?;
                if let Some(script) = script(&source, &body, &mut values)? {
                    parts.scripts.push(Known { start: at, body, script });
                }
            }
            _ => {}
        }
        if parts.coded.len() > MAX_TAGS {
            return Err(Error::limit(format!("the FLV has more than {MAX_TAGS} tags")));
        }
        at = next;
    }
    if parts.coded.is_empty() {
        return Err(Error::broken("the FLV ends early, or holds no samples", length as usize));
    }
    Ok(parts)
}

/// The script of a tag, if it is one of ours.
fn script(source: &dyn Source, body: &Range<u64>, values: &mut usize) -> Result<Option<Script>> {
    let bytes = source.read(body.start, (body.end - body.start) as usize)?;
    let ours = [META, PACKET].iter().any(|name| bytes.get(3..).is_some_and(|rest| rest.starts_with(name.as_bytes())));
    if !ours {
        return Ok(None);
    }
    let script =
        amf::read(&bytes, values).map_err(|error| Error { offset: error.offset.map(|inside| inside + body.start), ..error })?;
    Ok(script.filter(|script| [META, PACKET].contains(&script.name.as_str())))
}

fn walk(source: &dyn Source) -> Result<Walk> {
    let parts = parse(source)?;
    let (mut texts, mut budget) = (Vec::new(), Budget::new());
    for known in &parts.scripts {
        for value in known.script.values.iter().filter(|value| !value.number) {
            budget.take((value.body.end - value.body.start) as u64)?;
            let (name, path) = (&known.script.name, &value.path);
            let offset = known.body.start + value.body.start as u64;
            let text = text_of(&source.read(offset, value.body.len())?).trim_end_matches('\0').to_owned();
            let key = if path == LIVE && text.contains(RDF) { XMP.to_owned() } else { path.clone() };
            let official = name == META && path == "AIGC";
            texts.push(Text { place: format!("{name} {path}"), key, value: text, offset, official });
        }
    }
    Ok(Walk { mime: "video/x-flv", texts, coded: parts.coded, c2pa: false })
}

/// A tag of a script at time 0, with the size behind it.
fn tag(script: &[u8]) -> Result<Vec<u8>> {
    let size = size(script.len() as u64)?;
    Ok([&[18], &size[..], &[0; 7], script, &back(script.len() as u64)].concat())
}

fn size(length: u64) -> Result<[u8; 3]> {
    match length.to_be_bytes() {
        [0, 0, 0, 0, 0, a, b, c] => Ok([a, b, c]),
        _ => Err(Error::limit("a tag of an FLV holds less than 16 MiB")),
    }
}

fn back(length: u64) -> [u8; 4] {
    ((length + HEAD) as u32).to_be_bytes()
}

fn write(source: &dyn Source, walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>> {
    let parts = parse(source)?;
    let changed = beside(walk, label, drop)?;
    let home = parts.scripts.iter().find(|known| known.script.name == META && known.script.list.is_some());
    let mut due: Vec<Vec<u8>> = label.aigc.iter().map(|json| amf::property("AIGC", json)).collect();
    due.extend(changed.iter().filter(|(index, _)| index.is_none()).map(|(_, packet)| amf::property(LIVE, packet)));
    let mut cuts: Vec<(Range<u64>, Vec<u8>)> = Vec::new();
    for known in &parts.scripts {
        let at = |inside: usize| known.body.start + inside as u64;
        let (before, mut count) = (cuts.len(), 0i64);
        for value in known.script.values.iter().filter(|value| !value.number) {
            let Some(index) = walk.texts.iter().position(|text| text.offset == at(value.body.start)) else { continue };
            let span = at(value.span.start)..at(value.span.end);
            if let Some((_, packet)) = changed.iter().find(|(other, _)| *other == Some(index)) {
                cuts.push((span, amf::property(LIVE, packet)));
            } else if drop.contains(&index) && walk.texts.get(index).is_some_and(|text| text.key != XMP) {
                let (bytes, less) = without(source, known, value)?;
                count -= less;
                cuts.push((span, bytes));
            }
        }
        if let (Some(list), true) = (&known.script.list, home.is_some_and(|home| home.start == known.start) && !due.is_empty()) {
            count += due.len() as i64;
            cuts.push((at(list.end)..at(list.end), due.concat()));
        }
        if cuts.len() == before {
            continue;
        }
        if let Some(place) = known.script.list.as_ref().and_then(|list| list.count).filter(|_| count != 0) {
            let old = number(&source.read(at(place), 4)?);
            let new = u32::try_from(old.saturating_add_signed(count)).unwrap_or(u32::MAX);
            cuts.push((at(place)..at(place) + 4, new.to_be_bytes().to_vec()));
        }
        let grown: i64 = cuts.iter().skip(before).map(growth).sum();
        let length = (known.body.end - known.body.start).saturating_add_signed(grown);
        cuts.push((known.start + 1..known.start + 4, size(length)?.to_vec()));
        cuts.push((known.body.end..known.body.end + BACK, back(length).to_vec()));
    }
    if home.is_none() && !due.is_empty() {
        cuts.push((parts.first..parts.first, tag(&amf::script(META, &due))?));
    }
    let moved = places(source, &parts, &cuts)?;
    cuts.extend(moved);
    replace(source.length(), cuts)
}

/// What is left of a dropped text, and by how many the properties at the top become fewer. One inside something else is
/// emptied: lists say how many entries they have.
fn without(source: &dyn Source, known: &Known, value: &Value) -> Result<(Vec<u8>, i64)> {
    let top = known.script.list.is_some() && !value.path.contains('.') && !value.path.is_empty();
    let key = source.read(known.body.start + value.span.start as u64, 2)?;
    if top && number(&key) as usize == value.path.len() {
        return Ok((Vec::new(), 1));
    }
    let kind = known.body.start + value.span.start as u64;
    let head = value.body.start - value.span.start;
    let bytes = source.read(kind, head)?;
    // The key, if there is one, stands before a type of 1 byte and a length of 2, or of 4.
    let long = bytes.len().checked_sub(5).and_then(|at| bytes.get(at)).is_some_and(|&kind| kind == 12 || kind == 15);
    let short = bytes.len().checked_sub(3).and_then(|at| bytes.get(at)).is_some_and(|&kind| kind == 2);
    let key = head.saturating_sub(if short || !long { 3 } else { 5 });
    Ok(([bytes.get(..key).unwrap_or_default(), &amf::string("")].concat(), 0))
}

fn growth((range, bytes): &(Range<u64>, Vec<u8>)) -> i64 {
    bytes.len() as i64 - (range.end - range.start) as i64
}

/// The places in the file that `onMetaData` names, and its length, once these cuts are made.
fn places(source: &dyn Source, parts: &Parts, cuts: &[(Range<u64>, Vec<u8>)]) -> Result<Vec<(Range<u64>, Vec<u8>)>> {
    let source = Window::new(source);
    let mut shifts: Vec<(u64, i64)> = cuts.iter().map(|cut| (cut.0.end, growth(cut))).filter(|(_, by)| *by != 0).collect();
    shifts.sort_unstable();
    let moved = |place: u64| {
        let before = shifts.iter().take_while(|(end, _)| *end <= place);
        place.saturating_add_signed(before.map(|(_, by)| by).sum())
    };
    let mut out = Vec::new();
    for known in parts.scripts.iter().filter(|known| known.script.name == META) {
        for value in known.script.values.iter().filter(|value| value.number) {
            let size = value.path == "filesize";
            if !size && value.path != "keyframes.filepositions" && value.path != "lastkeyframelocation" {
                continue;
            }
            let at = known.body.start + value.body.start as u64;
            let Some(raw) = source.read(at, 8)?.first_chunk().copied() else { continue };
            let old = f64::from_be_bytes(raw);
            let place = old as u64;
            // A number that was wrong before stays as it is.
            if place as f64 != old
                || (size && place != source.length())
                || (!size && !(parts.first..source.length()).contains(&place))
            {
                continue;
            }
            if moved(place) != place {
                out.push((at..at + 8, (moved(place) as f64).to_be_bytes().to_vec()));
            }
        }
    }
    Ok(out)
}
