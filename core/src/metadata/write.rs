//! Exactly one label in the place that the guide names: the main XMP packet (TC260-PG-20259A).

use super::aigc::Record;
use super::read::{Place, Report, Site, open_any, sites, walked};
use crate::container::file::{File, Piece, Role};
use crate::error::{Error, Result};
use crate::media::kind::{Label, Walk};
use crate::media::source::{Source, Splice, Spliced, join, whole};
use crate::media::{Media, find};
use crate::xmp::{self, Name, Packet};
use serde::Deserialize;

/// What to write. At least one of the two must be given.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// The label.
    #[serde(default)]
    pub aigc: Option<Record>,
    /// IPTC DigitalSourceType as a full URI.
    #[serde(default)]
    pub digital_source_type: Option<String>,
    /// IPTC AISystemUsed: name of the system that made the content.
    #[serde(default)]
    pub ai_system_used: Option<String>,
    /// IPTC AISystemVersionUsed.
    #[serde(default)]
    pub ai_system_version_used: Option<String>,
    /// `xmp:CreateDate`, written only where the packet has none.
    #[serde(default)]
    pub create_date: Option<String>,
    /// Whether labels of the same producer may be replaced. Another producer's never are (Labeling Measures, Article 10).
    #[serde(default)]
    pub replace: bool,
}

/// The file with the label, exactly one copy (GB 45438-2025, 6.1 c). Coded samples and all other metadata stay as they are.
///
/// # Errors
/// `Parameter` for a label that the standard forbids; `Conflict` where a label stands that must not be replaced;
/// `Broken` and `Unsupported` as in `read`; `Limit` where the container cannot hold the packet.
pub fn write(bytes: &[u8], options: &Options) -> Result<Vec<u8>> {
    options.check()?;
    match find(&bytes)? {
        Some(media) => join(&bytes, &splices(&bytes, media, options)?),
        None => pieces(bytes, options),
    }
}

/// As [`write`], of bytes that need not be in memory: how the new file is put together. JPEG, PNG and WebP are read as a whole.
pub fn write_source(source: &dyn Source, options: &Options) -> Result<Vec<Splice>> {
    options.check()?;
    match find(source)? {
        Some(media) => splices(source, media, options),
        None => Ok(vec![Splice::New(pieces(&whole(source)?, options)?)]),
    }
}

impl Options {
    fn check(&self) -> Result<()> {
        if self.aigc.is_none() && self.digital_source_type.is_none() {
            return Err(Error::parameter("nothing to write: give aigc, digitalSourceType, or both"));
        }
        check_source(self.digital_source_type.as_deref())
    }

    /// The properties beside the two main ones.
    fn further(&self) -> Result<Vec<(Name, &str)>> {
        further(&self.ai_system_used, &self.ai_system_version_used, &self.create_date)
    }

    /// The label as JSON, where the labels that stand allow it.
    fn json(&self, sites: &[Site]) -> Result<Option<String>> {
        let Some(record) = &self.aigc else { return Ok(None) };
        record.check()?;
        permit(record, sites, self.replace)?;
        Ok(Some(record.to_json()))
    }
}

/// The properties beside the two main ones, as far as they are given.
pub(super) fn further<'a>(
    system: &'a Option<String>,
    version: &'a Option<String>,
    date: &'a Option<String>,
) -> Result<Vec<(Name, &'a str)>> {
    let given = [(Name::AiSystemUsed, system), (Name::AiSystemVersionUsed, version), (Name::CreateDate, date)];
    let given: Vec<(Name, &str)> = given.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect();
    if given.iter().any(|(_, value)| value.is_empty() || value.len() > 1024 || value.chars().any(char::is_control)) {
        return Err(Error::parameter(
            "aiSystemUsed, aiSystemVersionUsed and createDate must be texts of 1 to 1024 bytes without control characters",
        ));
    }
    Ok(given)
}

/// Refuses a DigitalSourceType that is no full URI.
pub(super) fn check_source(source: Option<&str>) -> Result<()> {
    if let Some(source) = source
        && (!(source.starts_with("http://") || source.starts_with("https://"))
            || source.len() > 1024
            || !source.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"')))
    {
        return Err(Error::parameter("digitalSourceType must be a full URI that starts with http:// or https://"));
    }
    Ok(())
}

/// Of a kind that is spliced.
fn splices(source: &dyn Source, media: &Media, options: &Options) -> Result<Vec<Splice>> {
    let walk = (media.walk)(source)?;
    let found = walked(&walk)?;
    let aigc = options.json(&found.sites)?;
    let mut drop: Vec<usize> = Vec::new();
    for site in found.sites.iter().filter(|_| aigc.is_some()) {
        if let Place::Text(index) = site.place {
            drop.push(index);
        }
    }
    drop.dedup();
    let further = options.further()?.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    let label = Label { aigc, digital_source_type: options.digital_source_type.clone(), further };
    let splices = (media.write)(source, &walk, &label, &drop)?;
    proven(&Spliced::new(source, &splices), media, &walk, &found, &label)?;
    Ok(splices)
}

/// Reads the new file before it is there (rule M11): a damaged structure may be read in spite of its damage, and yet swallow
/// what is written into it.
fn proven(new: &dyn Source, media: &Media, old: &Walk, before: &Report, label: &Label) -> Result<()> {
    let refused = |why: &str| {
        Error::broken(format!("the structure of the file is damaged: {why} once the label is written; nothing was written"), 0)
    };
    let walk = (media.walk)(new).map_err(|error| refused(&format!("it cannot be read ({error})")))?;
    let report = walked(&walk).map_err(|error| refused(&format!("it cannot be read ({error})")))?;
    let one = match (&label.aigc, report.sites.as_slice()) {
        (Some(json), [site]) => site.raw == *json,
        (Some(_), _) => false,
        (None, sites) => sites.iter().map(|site| &site.raw).eq(before.sites.iter().map(|site| &site.raw)),
    };
    if !one {
        return Err(refused("the label is not there exactly once"));
    }
    // Not every kind has a place for it.
    if report.digital_source_type.is_some()
        && label.digital_source_type.is_some()
        && report.digital_source_type != label.digital_source_type
    {
        return Err(refused("another DigitalSourceType stands before the one that was written"));
    }
    let length = |walk: &Walk| walk.coded.iter().map(|range| range.end - range.start).sum::<u64>();
    if length(&walk) != length(old) {
        return Err(refused("the coded samples are not those that they were"));
    }
    Ok(())
}

/// Of a kind that is held in memory.
fn pieces(bytes: &[u8], options: &Options) -> Result<Vec<u8>> {
    let file = open_any(bytes)?;
    let found = sites(&file)?;
    let json = options.json(&found.sites)?;
    let mut pieces: Vec<Option<Piece>> = file.pieces().into_iter().map(Some).collect();
    if json.is_some() {
        clear(&file, &found.sites, &mut pieces)?;
    }
    let home = put(&file, json.as_deref(), options.digital_source_type.as_deref(), &options.further()?, &mut pieces)?;
    let mut pieces: Vec<Piece> = pieces.into_iter().flatten().collect();
    if let Some(piece) = home {
        let at = file.place(&pieces, Role::Xmp);
        pieces.insert(at, piece);
    }
    file.assemble(pieces)
}

/// Whether the labels that stand allow this one.
pub(super) fn permit(record: &Record, sites: &[Site], replace: bool) -> Result<()> {
    let places = || sites.iter().map(|site| format!("{} at byte {}", site.location, site.offset)).collect::<Vec<_>>().join(", ");
    if !sites.is_empty() && !replace {
        return Err(Error::conflict(format!(
            "the file already holds a label ({}): keep it, or ask for its replacement if it is your own",
            places()
        )));
    }
    for site in sites {
        if site.aigc.as_ref().and_then(|fields| fields.producer()) != Some(&record.content_producer) {
            return Err(Error::conflict(format!(
                "the label in {} at byte {} is not of the producer {}: another producer's label is never removed (Labeling Measures, Article 10)",
                site.location, site.offset, record.content_producer
            )));
        }
        if site.place == Place::Extended {
            return Err(Error::conflict("the label stands in ExtendedXMP, which cannot be changed: the file must keep it"));
        }
    }
    // Who only sets the propagation pair keeps the producer's part as it is; anybody else writes a first label.
    let propagates = sites.iter().any(|site| site.aigc.as_ref().is_some_and(|fields| record.same_producer_part(fields)));
    // What a platform puts into the producer's fields when it marks "may be" or "suspected" is not settled.
    if record.label == "1" && !propagates {
        record.check_first()?;
    }
    Ok(())
}

/// Takes away the labels that stand outside XMP.
fn clear<'a>(file: &File<'a>, sites: &[Site], pieces: &mut [Option<Piece<'a>>]) -> Result<()> {
    let mut blocks: Vec<(usize, Vec<u8>)> = Vec::new();
    for site in sites {
        match site.place {
            Place::Part(part) => {
                if let Some(piece) = pieces.get_mut(part) {
                    *piece = None;
                }
            }
            Place::Exif { part, start, end } => {
                if !blocks.iter().any(|(index, _)| *index == part) {
                    blocks.push((part, file.parts.get(part).map(|part| file.body(part).to_vec()).unwrap_or_default()));
                }
                // Blank text in its old place: offsets of a maker note stay right.
                let block = blocks.iter_mut().find(|(index, _)| *index == part);
                if let Some(text) = block.and_then(|(_, block)| block.get_mut(start..end)) {
                    text.fill(0);
                }
            }
            Place::Xmp | Place::Extended | Place::Text(_) => {}
        }
    }
    for (index, block) in blocks {
        if let (Some(part), Some(piece)) = (file.parts.get(index), pieces.get_mut(index)) {
            *piece = Some(file.rebody(part, &block)?);
        }
    }
    Ok(())
}

/// Puts the two properties into the first XMP packet, and takes the label out of any other. The piece that is returned
/// has no place yet.
fn put<'a>(
    file: &File<'a>,
    aigc: Option<&str>,
    source: Option<&str>,
    further: &[(Name, &str)],
    pieces: &mut [Option<Piece<'a>>],
) -> Result<Option<Piece<'a>>> {
    let mut home = None;
    let mut done = false;
    for (index, part) in file.parts.iter().enumerate() {
        if part.role != Role::Xmp {
            continue;
        }
        let Some(content) = file.content(part)? else { continue };
        let packet = Packet::read(&content.value)?;
        let text = if !done {
            xmp::with_further(packet.with(aigc, source)?, further)?
        } else if aigc.is_some() && packet.properties.iter().any(|property| property.name == Name::Aigc) {
            packet.without(Name::Aigc)?
        } else {
            continue;
        };
        let piece = wrap(file, text)?;
        let Some(slot) = pieces.get_mut(index) else { continue };
        // A PNG packet behind the picture moves before it; elsewhere a packet stays where it is.
        let late = file.container.metadata_first && file.parts.iter().take(index).any(|before| before.role == Role::Pixels);
        if !done && late {
            *slot = None;
            home = Some(piece);
        } else {
            *slot = Some(piece);
        }
        done = true;
    }
    if !done {
        home = Some(wrap(file, xmp::with_further(xmp::fresh(aigc, source), further)?)?);
    }
    Ok(home)
}

fn wrap<'a>(file: &File<'a>, text: String) -> Result<Piece<'a>> {
    let limit = file.container.xmp_limit;
    let fitted = xmp::fit(text, limit).ok_or_else(|| {
        Error::limit(format!(
            "the XMP packet would be longer than the {limit} bytes that this kind of file holds: make its other metadata shorter first"
        ))
    })?;
    file.wrap(Role::Xmp, fitted.as_bytes())
}
