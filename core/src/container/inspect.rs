//! What the headers of a file say, without decoding a pixel.

use super::exif::Exif;
use super::file::{File, Role, contains};
use super::inspection::{Inspection, Picture};
use super::photoshop;
use crate::error::Result;

/// Namespace of Adobe's gain-map properties, which Ultra HDR uses too.
const GAIN_MAP: &[u8] = b"http://ns.adobe.com/hdr-gain-map/1.0/";

/// The report with all that is the same for every container.
pub fn base(file: &File, picture: Picture) -> Result<Inspection> {
    let blocks: Vec<Exif> = file.with(Role::Exif).filter_map(|part| Exif::parse(file.body(part))).collect();
    let mut gain_map = file.has(Role::GainMap);
    for part in file.with(Role::Xmp) {
        if let Some(content) = file.content(part)? {
            gain_map |= contains(&content.value, GAIN_MAP);
        }
    }
    let photoshop: Vec<&[u8]> = file.with(Role::Photoshop).map(|part| file.body(part)).collect();
    Ok(Inspection {
        mime: file.container.mime,
        width: picture.size.0,
        height: picture.size.1,
        channels: picture.channels,
        alpha: picture.alpha,
        depth: picture.depth,
        orientation: blocks.iter().find_map(Exif::orientation).unwrap_or(1),
        animated: picture.animated,
        lossless: picture.lossless,
        colour: picture.colour,
        quality: None,
        subsampling: None,
        progressive: None,
        coding: None,
        palette: None,
        has_icc: file.has(Role::Icc),
        has_exif: file.has(Role::Exif),
        has_xmp: file.has(Role::Xmp),
        has_c2pa: file.has(Role::C2pa),
        has_gain_map: gain_map,
        has_mpf: file.has(Role::Mpf),
        has_thumbnail: blocks.iter().any(Exif::has_thumbnail)
            || file.has(Role::Thumbnail)
            || photoshop::without_thumbnails(&photoshop).is_some(),
        trailing_bytes: file.with(Role::Trailer).map(|part| part.span.len()).sum(),
    })
}
