//! The source's metadata around pixels that were encoded anew: encoders drop it.

use crate::container::exif::without_thumbnail;
use crate::container::file::{File, Part, Piece, Role};
use crate::container::jpeg::{self, density, set_density};
use crate::container::png::profile_start;
use crate::container::{open, photoshop, tiff};
use crate::error::{Error, Result};
use crate::xmp::Packet;
use std::borrow::Cow;

/// The most bytes of Photoshop resources in one segment.
const MAX_PHOTOSHOP: usize = 65_000;

/// The coded pixels of `encoded` with the metadata of `source`, both files of one kind.
///
/// Of MP3, AAC, FLAC and Ogg all tags are carried, but for what speaks of the samples. Of pictures: EXIF, XMP, ICC (unless `encoded` has its own, or its colour space is not that of the new samples),
/// Photoshop/IPTC, comments, texts, dates, pixel density, colour chunks, C2PA (whose hash no longer fits). What is not:
/// thumbnails and previews that show the old pixels, gain maps and motion-photo properties, whatever follows the
/// picture, and segments that nobody knows. EXIF orientation is carried: the encoder must have got the stored pixels, not
/// turned ones.
///
/// # Errors
/// `Unsupported` for two kinds of file; `Broken`, `Limit` as in `read`, of either file.
pub fn carry(source: &[u8], encoded: &[u8]) -> Result<Vec<u8>> {
    #[cfg(feature = "full")]
    if let Some(sound) = crate::media::carry::carry(source, encoded)? {
        return Ok(sound);
    }
    let (source, encoded) = (open(source)?, open(encoded)?);
    if source.container.mime != encoded.container.mime {
        return Err(Error::unsupported(format!(
            "metadata is carried between files of one kind, not from {} to {}",
            source.container.mime, encoded.container.mime
        )));
    }
    if source.container.mime == "image/tiff" {
        return tiff::carry(&source, &encoded, fits(&source, &encoded), packet(&source)?);
    }
    let carried = collect(&source, &encoded)?;
    let mut pieces: Vec<Piece> =
        encoded.parts.iter().filter(|part| !replaced(part, &encoded, &carried)).map(|part| encoded.piece(part)).collect();
    let spacing = source.with(Role::Jfif).find_map(|part| density(source.bytes.get(part.span.clone())?));
    if let (Some(spacing), Some(piece)) = (spacing, pieces.iter_mut().find(|piece| piece.role == Role::Jfif)) {
        set_density(piece.bytes.to_mut(), spacing);
    }
    if source.container.metadata_first {
        let at = encoded.place(&pieces, Role::Exif);
        pieces.splice(at..at, carried.into_iter().map(|(_, piece)| piece));
    } else {
        for (_, piece) in carried {
            let at = encoded.place(&pieces, piece.role);
            pieces.insert(at, piece);
        }
    }
    encoded.assemble(pieces)
}

/// The source's main packet without what is bound to its old pixels.
fn packet(source: &File) -> Result<Option<Vec<u8>>> {
    let Some(part) = source.with(Role::Xmp).next() else { return Ok(None) };
    let Some(content) = source.content(part)? else { return Ok(None) };
    let changed = Packet::read(&content.value)?.unbound(false)?;
    Ok(Some(changed.map_or_else(|| content.value.to_vec(), String::into_bytes)))
}

/// Whether the source's profile is one of the new samples' colour space.
fn fits(source: &File, encoded: &File) -> bool {
    profile_space(source).is_some_and(|space| Ok(space) == sample_space(encoded))
}

/// Whether a part of the encoded file makes way for what is carried.
fn replaced(part: &Part, encoded: &File, carried: &[([u8; 4], Piece)]) -> bool {
    match part.role {
        // A profile of the source comes only where the encoded file has none, and then its other colour chunks go.
        Role::Colour if &part.name != b"pHYs" => {
            !encoded.has(Role::Icc)
                && carried.iter().any(|(name, piece)| matches!(piece.role, Role::Icc | Role::Colour) && name != b"pHYs")
        }
        Role::Colour => carried.iter().any(|(name, _)| name == b"pHYs"),
        Role::Exif | Role::Xmp | Role::XmpExtended | Role::Photoshop | Role::Comment | Role::Text | Role::Label | Role::C2pa => {
            carried.iter().any(|(_, piece)| piece.role == part.role)
        }
        _ => false,
    }
}

/// The source's metadata in its order, ready to stand elsewhere.
fn collect<'a>(source: &File<'a>, encoded: &File) -> Result<Vec<([u8; 4], Piece<'a>)>> {
    let own_profile = encoded.has(Role::Icc);
    let profile_fits = fits(source, encoded);
    let extended = keeps_extended(source)?;
    let resources: Vec<&[u8]> = source.with(Role::Photoshop).map(|part| source.body(part)).collect();
    let mut resources = photoshop::without_thumbnails(&resources);
    let mut carried = Vec::new();
    for part in &source.parts {
        let kept = match part.role {
            Role::Exif => match without_thumbnail(source.body(part)) {
                Some(block) => source.rebody(part, &block)?,
                None => source.piece(part),
            },
            Role::Xmp => match source.content(part)? {
                Some(content) => match Packet::read(&content.value)?.unbound(!extended)? {
                    Some(packet) => source.wrap(Role::Xmp, packet.as_bytes())?,
                    None => source.piece(part),
                },
                None => continue,
            },
            Role::XmpExtended if extended => source.piece(part),
            Role::Icc if !own_profile && profile_fits => source.piece(part),
            Role::Colour if !own_profile || &part.name == b"pHYs" => source.piece(part),
            Role::Photoshop => match &mut resources {
                // All that is left stands where the first segment stood.
                Some(left) => {
                    for body in std::mem::take(left).chunks(MAX_PHOTOSHOP) {
                        carried.push((part.name, source.wrap(Role::Photoshop, body)?));
                    }
                    continue;
                }
                None => source.piece(part),
            },
            Role::Comment | Role::Text | Role::Label | Role::C2pa => source.piece(part),
            _ => continue,
        };
        carried.push((part.name, kept));
    }
    for (_, piece) in &mut carried {
        piece.from = None;
    }
    Ok(carried)
}

/// Whether ExtendedXMP can be carried: not when it holds a picture or a depth map of the old pixels.
fn keeps_extended(source: &File) -> Result<bool> {
    let segments: Vec<(usize, &[u8])> = source.with(Role::XmpExtended).map(|part| (part.span.start, source.body(part))).collect();
    for one in jpeg::extended(&segments)? {
        if Packet::read(&one.packet)?.unbound(false)?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Data colour space of the source's profile (ICC.1, 7.2.8).
fn profile_space(source: &File) -> Option<[u8; 4]> {
    let part = source.with(Role::Icc).next()?;
    let body = source.body(part);
    let profile: Cow<[u8]> = match source.container.mime {
        // Number of this piece and count of pieces.
        "image/jpeg" => Cow::Borrowed(body.get(2..)?),
        "image/png" => Cow::Owned(profile_start(body)?),
        // The length of the first sub-block.
        "image/gif" => Cow::Borrowed(body.get(1..)?),
        _ => Cow::Borrowed(body),
    };
    profile.get(16..20)?.first_chunk().copied()
}

/// The colour space that a profile of the encoded samples must have.
fn sample_space(encoded: &File) -> Result<[u8; 4]> {
    Ok(match encoded.inspect()?.colour {
        "grey" => *b"GRAY",
        "cmyk" | "ycck" => *b"CMYK",
        _ => *b"RGB ",
    })
}
