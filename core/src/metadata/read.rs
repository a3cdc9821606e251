//! Every label of a file, in the place that the guide names (TC260-PG-20259A) and in those where labels were met.

use super::aigc::{self, Fields, MAX_LABEL, Problem};
use crate::container::exif::Exif;
use crate::container::file::{File, Part, Role};
use crate::container::{handles, jpeg, open};
use crate::error::{Error, Result};
use crate::media::kind::{PACKED, Walk, XMP, text_of};
use crate::media::source::{Source, whole};
use crate::media::{find, known};
use crate::xmp::{Name, Packet};
use serde::Serialize;

/// The most labels, and the most texts to unfold, that a file may have before it counts as hostile.
const MAX_SITES: usize = 64;

/// What [`read`] gives; its JSON form is the report of `metadata_read`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// MIME type.
    #[serde(rename = "type")]
    pub mime: &'static str,
    /// Every label, in file order.
    pub sites: Vec<Site>,
    /// IPTC DigitalSourceType as it stands (a full URI by the standard), the first one of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digital_source_type: Option<String>,
    /// Whether a C2PA manifest is there; it is not validated.
    pub c2pa: bool,
}

/// One label.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Site {
    /// Always `aigc`.
    pub format: &'static str,
    /// `tencent` for Tencent Cloud's own keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<&'static str>,
    /// Where, for people: `APP1 XMP`, `iTXt XML:com.adobe.xmp`, `XMP chunk`, `APP1 EXIF UserComment`, `tEXt AIGC`.
    pub location: String,
    /// Where, in bytes from the start of the file; of a compressed label, where its chunk starts.
    pub offset: usize,
    /// The label's text as it was read, unescaped; cut to [`MAX_LABEL`] bytes.
    pub raw: String,
    /// The fields that could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aigc: Option<Fields>,
    /// What is wrong with the label as a whole (M3, M13), as one text; its fields can be judged from `aigc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Where the label departs from the standard.
    pub problems: Vec<Problem>,
    /// Where, for the writer.
    #[serde(skip)]
    pub(super) place: Place,
}

/// Where a label stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the XMP packet of this part.
    Xmp,
    /// In an ExtendedXMP packet.
    Extended,
    /// In the EXIF block of this part.
    Exif { part: usize, start: usize, end: usize },
    /// The whole part is the label.
    Part(usize),
    /// In this text of a walk.
    Text(usize),
}

/// Every label of a file, DigitalSourceType, and whether a C2PA manifest is there. An empty list is the truth about every
/// known place of the whole file; further pictures behind the first one (MPF) are not searched.
///
/// # Errors
/// `Unsupported` for another kind of file, `Broken` where structure, checksum, packet or text cannot be read to the end
/// (then nobody can tell whether there is a label), `Limit` for bombs.
pub fn read(bytes: &[u8]) -> Result<Report> {
    read_source(&bytes)
}

/// As [`read`], of bytes that need not be in memory. JPEG, PNG and WebP are read as a whole.
pub fn read_source(source: &dyn Source) -> Result<Report> {
    match find(source)? {
        Some(media) => walked(&(media.walk)(source)?),
        None => sites(&open_any(&whole(source)?)?),
    }
}

/// Opens one of the kinds that are held in memory; the error for an unknown one names all kinds.
///
/// # Errors
/// `Unsupported` for an unknown kind, and as `container::open`.
pub fn open_any(bytes: &[u8]) -> Result<File<'_>> {
    match handles(bytes) || bytes.is_empty() {
        true => open(bytes),
        false => Err(Error::unsupported(format!("the first bytes are those of none of: JPEG, PNG, WebP, {}", known()))),
    }
}

/// As [`read`], of a file that was walked.
pub(super) fn walked(walk: &Walk) -> Result<Report> {
    let mut report = Report { mime: walk.mime, sites: Vec::new(), digital_source_type: None, c2pa: walk.c2pa };
    let mut unfolded = 0;
    for (index, text) in walk.texts.iter().enumerate() {
        let (offset, place) = (text.offset as usize, Place::Text(index));
        if text.key == XMP {
            count(&mut unfolded)?;
            let shift = (!text.place.starts_with(PACKED)).then_some(offset);
            packet(&mut report, text.value.as_bytes(), &text.place, offset, shift, place)?;
        } else if text.key.to_ascii_uppercase().contains("AIGC") || aigc::looks_like(&text.value) {
            report.push(text.place.clone(), offset, &text.value, place, !text.official)?;
        }
    }
    // Packets report by XMP's own rule; here the packet itself may stand elsewhere.
    for site in &mut report.sites {
        if let Place::Text(index) = site.place
            && walk.texts.get(index).is_some_and(|text| text.key == XMP && !text.official)
            && !site.problems.iter().any(|problem| problem.rule == "M13")
        {
            site.misplaced();
        }
    }
    report.sites.sort_by_key(|site| site.offset);
    Ok(report)
}

/// As [`read`], of a file that is open.
pub(super) fn sites(file: &File) -> Result<Report> {
    let mut report =
        Report { mime: file.container.mime, sites: Vec::new(), digital_source_type: None, c2pa: file.has(Role::C2pa) };
    let mut unfolded = 0;
    for (index, part) in file.parts.iter().enumerate() {
        match part.role {
            Role::Xmp => {
                count(&mut unfolded)?;
                if let Some(content) = file.content(part)? {
                    let shift = if matches!(content.value, std::borrow::Cow::Borrowed(_)) { Some(content.offset) } else { None };
                    packet(&mut report, &content.value, &content.place, part.span.start, shift, Place::Xmp)?;
                }
            }
            Role::Label => {
                count(&mut unfolded)?;
                if let Some(content) = file.content(part)? {
                    let text = text_of(&content.value);
                    report.push(content.place, content.offset, &text, Place::Part(index), true)?;
                }
            }
            Role::Comment | Role::Text => {
                if let Some(content) = file.content(part)? {
                    let text = text_of(&content.value);
                    if aigc::looks_like(&text) {
                        report.push(content.place, content.offset, &text, Place::Part(index), true)?;
                    }
                }
            }
            Role::Exif => exif(&mut report, file, part, index)?,
            _ => {}
        }
    }
    let extended: Vec<(usize, &[u8])> = file.with(Role::XmpExtended).map(|part| (part.span.start, file.body(part))).collect();
    for one in jpeg::extended(&extended)? {
        packet(&mut report, &one.packet, "APP1 ExtendedXMP", one.offset, None, Place::Extended)?;
    }
    report.sites.sort_by_key(|site| site.offset);
    Ok(report)
}

fn count(unfolded: &mut usize) -> Result<()> {
    *unfolded += 1;
    if *unfolded > MAX_SITES {
        return Err(Error::limit(format!("the file holds more than {MAX_SITES} metadata packets")));
    }
    Ok(())
}

/// The two properties of a packet. `shift`: where the packet starts in the file, if it stands there as it is.
fn packet(report: &mut Report, bytes: &[u8], place: &str, part: usize, shift: Option<usize>, kind: Place) -> Result<()> {
    let packet = Packet::read(bytes).map_err(|mut error| {
        // An offset inside a packet says little; in the file it can be looked up.
        error.offset = error.offset.map(|inside| shift.map_or(part as u64, |shift| inside + shift as u64));
        error
    })?;
    for property in &packet.properties {
        match property.name {
            Name::Aigc => {
                let offset = shift.map_or(part, |shift| shift + property.span.start);
                report.push(place.to_owned(), offset, &property.value, kind, !property.official)?;
            }
            Name::DigitalSourceType => {
                report.digital_source_type.get_or_insert_with(|| property.value.trim().to_owned());
            }
            // Reported by `texts`.
            Name::AiSystemUsed | Name::AiSystemVersionUsed | Name::CreateDate => {}
        }
    }
    Ok(())
}

fn exif(report: &mut Report, file: &File, part: &Part, index: usize) -> Result<()> {
    let body = file.body(part);
    let Some(exif) = Exif::parse(body) else { return Ok(()) };
    let place = file.content(part)?.map(|content| content.place).unwrap_or_default();
    for comment in exif.comments() {
        let text = exif.text(&comment);
        if aigc::looks_like(&text) {
            let (start, end) = (comment.span.start, comment.span.end);
            report.push(
                format!("{place} {}", comment.tag),
                part.body.start + start,
                &text,
                Place::Exif { part: index, start, end },
                true,
            )?;
        }
    }
    Ok(())
}

impl Report {
    fn push(&mut self, location: String, offset: usize, text: &str, place: Place, elsewhere: bool) -> Result<()> {
        if self.sites.len() >= MAX_SITES {
            return Err(Error::limit(format!("the file holds more than {MAX_SITES} labels")));
        }
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        let reading = aigc::read(text);
        let mut end = text.len().min(MAX_LABEL);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut site = Site {
            format: "aigc",
            variant: reading.tencent.then_some("tencent"),
            location,
            offset,
            raw: text.get(..end).unwrap_or_default().to_owned(),
            aigc: reading.fields,
            problem: None,
            problems: reading.problems,
            place,
        };
        if elsewhere || place == Place::Extended {
            site.misplaced();
        }
        site.sum_up();
        self.sites.push(site);
        Ok(())
    }
}

impl Site {
    /// Rule M13.
    fn misplaced(&mut self) {
        let official = match self.place {
            Place::Text(_) => "the place that is meant for the label in files of this kind",
            _ => "the TC260:AIGC property of the main XMP packet",
        };
        self.problems.push(Problem { rule: "M13", message: format!("the label stands in {}, not in {official}", self.location) });
        self.sum_up();
    }

    fn sum_up(&mut self) {
        let whole = self.problems.iter().filter(|problem| matches!(problem.rule, "M3" | "M13"));
        let problem = whole.map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; ");
        self.problem = (!problem.is_empty()).then_some(problem);
    }
}
