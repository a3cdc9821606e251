//! Frames of ID3v2 as bytes: numbers, texts, the label, and a new tag.

use super::kind::text_of;
use crate::error::{Error, Result};
use std::ops::Range;

/// The label's description in TXXX (TC260-PG-202510A).
pub(super) const KEY: &str = "AIGC";
/// The owner of a PRIV frame with an XMP packet (XMP part 3, MP3).
pub(super) const XMP_OWNER: &[u8] = b"XMP\0";

/// A number of 28 bits in four bytes of seven.
pub(super) fn syncsafe(bytes: &[u8]) -> Option<usize> {
    let four: [u8; 4] = bytes.try_into().ok()?;
    four.iter().all(|&byte| byte < 128).then(|| four.iter().fold(0, |sum, &byte| sum << 7 | usize::from(byte)))
}

fn safe(number: usize) -> Result<[u8; 4]> {
    let seven = |shift: usize| (number >> shift & 127) as u8;
    match number >> 28 {
        0 => Ok([seven(21), seven(14), seven(7), seven(0)]),
        _ => Err(Error::limit("an ID3 tag holds less than 256 MiB")),
    }
}

/// A tag around its frames.
pub(super) fn assemble(version: u8, flags: u8, body: &[u8]) -> Result<Vec<u8>> {
    let rest = [&[version, 0, flags][..], &safe(body.len())?].concat();
    let footer = if version == 4 && flags & 0x10 != 0 { [b"3DI", &rest[..]].concat() } else { Vec::new() };
    Ok([b"ID3", &rest[..], body, &footer].concat())
}

/// A new tag of version 2.4 with a label and an XMP packet. `old`: the ID3v1 tag of the file, whose texts come along: ffmpeg
/// shows them only where there is no ID3v2.
///
/// # Errors
/// `Limit` where that is too long.
pub(super) fn fresh(json: Option<&str>, packet: Option<&str>, old: Option<&[u8; 128]>) -> Result<Vec<u8>> {
    let mut frames = old.map_or(Ok(Vec::new()), copied)?;
    frames.extend(json.map(|json| label(4, json)).transpose()?);
    frames.extend(packet.map(|packet| packet_frame(4, packet)).transpose()?);
    // ExifTool takes the size of a last frame without padding behind it for a wrong one.
    frames.push(vec![0; 16]);
    assemble(4, 0, &frames.concat())
}

/// The texts of an ID3v1 tag as frames.
fn copied(old: &[u8; 128]) -> Result<Vec<Vec<u8>>> {
    let mut frames = Vec::new();
    let track = if old[125] == 0 { old[126] } else { 0 };
    let texts: [(&[u8; 4], Range<usize>); 5] = [
        (b"TIT2", 3..33),
        (b"TPE1", 33..63),
        (b"TALB", 63..93),
        (b"TDRC", 93..97),
        (b"COMM", 97..if track == 0 { 127 } else { 125 }),
    ];
    for (name, range) in texts {
        let text = old.get(range).unwrap_or_default();
        let text = text.split(|&byte| byte == 0).next().unwrap_or_default().trim_ascii_end();
        if !text.is_empty() {
            let encoding = if str::from_utf8(text).is_ok() { 3 } else { 0 };
            let language: &[u8] = if name == b"COMM" { b"und\0" } else { b"" };
            frames.push(frame(4, name, &[&[encoding], language, text].concat())?);
        }
    }
    if track > 0 {
        frames.push(frame(4, b"TRCK", format!("\u{3}{track}").as_bytes())?);
    }
    if old[127] < 192 {
        frames.push(frame(4, b"TCON", format!("\u{3}{}", old[127]).as_bytes())?);
    }
    Ok(frames)
}

/// A frame without flags.
fn frame(version: u8, name: &[u8; 4], content: &[u8]) -> Result<Vec<u8>> {
    let size = safe(content.len())?;
    let plain = (content.len() as u32).to_be_bytes();
    Ok(match version {
        2 if content.len() >> 24 > 0 => return Err(Error::limit("a frame of ID3v2.2 holds less than 16 MiB")),
        2 => [&name[..3], &plain[1..], content].concat(),
        3 => [name, &plain[..], &[0, 0], content].concat(),
        _ => [name, &size[..], &[0, 0], content].concat(),
    })
}

/// A TXXX frame with the label.
pub(super) fn label(version: u8, json: &str) -> Result<Vec<u8>> {
    // UTF-8 came with 2.4.
    let wide = |text: &str| [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let content = match version {
        4 => [b"\x03AIGC\0", json.as_bytes()].concat(),
        _ if json.is_ascii() => [b"\0AIGC\0", json.as_bytes()].concat(),
        _ => [&[1][..], &wide(KEY), &[0, 0], &wide(json)].concat(),
    };
    frame(version, b"TXXX", &content)
}

/// A PRIV frame with an XMP packet.
pub(super) fn packet_frame(version: u8, packet: &str) -> Result<Vec<u8>> {
    frame(version, b"PRIV", &[XMP_OWNER, packet.as_bytes()].concat())
}

/// A text up to its end mark, and what follows.
pub(super) fn split(encoding: u8, bytes: &[u8]) -> (&[u8], &[u8]) {
    let (width, cut) = match encoding {
        1 | 2 => (2, bytes.chunks_exact(2).position(|pair| pair == [0, 0]).map(|pairs| 2 * pairs)),
        _ => (1, bytes.iter().position(|&byte| byte == 0)),
    };
    let cut = cut.unwrap_or(bytes.len());
    (bytes.get(..cut).unwrap_or_default(), bytes.get(cut + width..).unwrap_or_default())
}

/// A text in one of the four encodings.
pub(super) fn string(encoding: u8, bytes: &[u8]) -> String {
    let wide = |bytes: &[u8], number: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|&pair| number(pair)).collect();
        String::from_utf16_lossy(&units)
    };
    let text = match (encoding, bytes) {
        (1, [0xFE, 0xFF, rest @ ..]) | (2, rest) => wide(rest, u16::from_be_bytes),
        (1, [0xFF, 0xFE, rest @ ..]) | (1, rest) => wide(rest, u16::from_le_bytes),
        _ => text_of(bytes),
    };
    text.trim_end_matches('\0').to_owned()
}
