//! PNG (W3C PNG third edition, APNG included) as a row of chunks.

use super::file::{Container, Content, File, MAX_INFLATED, Part, Role, concat, push, u32_be};
use super::inspect::base;
use super::inspection::{Inspection, Picture};
use crate::error::{Error, Result};
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_zlib_with_limit};
use std::borrow::Cow;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const XMP: &str = "XML:com.adobe.xmp";
/// Bytes of a chunk around its data: length, name, checksum.
const FRAME: usize = 12;

pub(super) const CONTAINER: Container = Container {
    mime: "image/png",
    matches: |bytes| bytes.starts_with(SIGNATURE),
    walk,
    inspect,
    content,
    wrap,
    rebody,
    // Right after IHDR: before PLTE and IDAT, where all metadata is legal, and before chunks that count bytes to IDAT.
    place: |pieces, _| pieces.len().min(1),
    assemble: |pieces| Ok(concat(&pieces)),
    metadata_first: true,
    xmp_limit: MAX_INFLATED,
};

fn walk(bytes: &[u8]) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let mut at = SIGNATURE.len();
    let mut pixels = false;
    loop {
        let Some(length) = u32_be(bytes, at) else {
            return Err(Error::broken("the PNG ends before its IEND chunk: it is cut off", bytes.len()));
        };
        let length = length as usize;
        let name = bytes.get(at + 4..).and_then(|rest| rest.first_chunk::<4>().copied()).unwrap_or_default();
        let end = (at + FRAME).checked_add(length).filter(|&end| end <= bytes.len() && length < 1 << 31);
        let Some(end) = end else {
            return Err(Error::broken("a PNG chunk's length points outside the file", at));
        };
        if !name.iter().all(u8::is_ascii_alphabetic) {
            return Err(Error::broken("a PNG chunk's name is not four letters", at + 4));
        }
        if u32_be(bytes, end - 4) != Some(crc(bytes.get(at + 4..end - 4).unwrap_or_default())) {
            return Err(Error::broken(format!("the checksum of the PNG chunk {} is wrong", letters(name)), at));
        }
        let body = at + 8..end - 4;
        if parts.is_empty() {
            if &name == b"CgBI" {
                return Err(Error::unsupported("this is Apple's altered PNG (CgBI): convert it to a standard PNG first"));
            }
            if &name != b"IHDR" || length != 13 {
                return Err(Error::broken("the PNG does not start with its header chunk", at));
            }
            push(&mut parts, Part { name, role: Role::Head, span: 0..end, body })?;
        } else {
            let role = role(name, bytes.get(body.clone()).unwrap_or_default());
            pixels |= &name == b"IDAT";
            push(&mut parts, Part { name, role, span: at..end, body })?;
        }
        at = end;
        if &name == b"IEND" {
            break;
        }
    }
    if !pixels {
        return Err(Error::broken("the PNG holds no picture", at));
    }
    if at < bytes.len() {
        push(&mut parts, Part { name: *b"tail", role: Role::Trailer, span: at..bytes.len(), body: at..bytes.len() })?;
    }
    Ok(parts)
}

fn letters(name: [u8; 4]) -> String {
    name.iter().map(|&byte| char::from(byte)).collect()
}

fn role(name: [u8; 4], body: &[u8]) -> Role {
    match &name {
        b"iCCP" => Role::Icc,
        b"gAMA" | b"cHRM" | b"sRGB" | b"cICP" | b"mDCV" | b"mDCv" | b"cLLI" | b"cLLi" | b"pHYs" => Role::Colour,
        b"eXIf" => Role::Exif,
        b"caBX" => Role::C2pa,
        b"tIME" => Role::Text,
        b"tEXt" | b"zTXt" | b"iTXt" => {
            let keyword = body.split(|&byte| byte == 0).next().unwrap_or_default();
            if keyword == XMP.as_bytes() {
                Role::Xmp
            } else if keyword.to_ascii_uppercase().windows(4).any(|window| window == b"AIGC") {
                // GB 45438-2025, E a: the keyword contains AIGC.
                Role::Label
            } else {
                Role::Text
            }
        }
        // What is bound to the coded samples and cannot move to others.
        b"PLTE" | b"tRNS" | b"IDAT" | b"IEND" | b"acTL" | b"fcTL" | b"fdAT" | b"bKGD" | b"hIST" | b"sBIT" | b"sPLT" => {
            Role::Pixels
        }
        _ => Role::Other,
    }
}

fn content<'a>(bytes: &'a [u8], part: &Part) -> Result<Option<Content<'a>>> {
    let body = bytes.get(part.body.clone()).unwrap_or_default();
    let name = letters(part.name);
    if !matches!(&part.name, b"tEXt" | b"zTXt" | b"iTXt") {
        let value = Cow::Borrowed(body);
        return Ok(Some(Content { place: name, keyword: String::new(), value, offset: part.body.start }));
    }
    let broken = || Error::broken(format!("the PNG chunk {name} contradicts itself"), part.span.start);
    let split = |bytes: &'a [u8]| -> Result<(&'a [u8], &'a [u8])> {
        let end = bytes.iter().position(|&byte| byte == 0).ok_or_else(broken)?;
        Ok((bytes.get(..end).unwrap_or_default(), bytes.get(end + 1..).unwrap_or_default()))
    };
    let (keyword, rest) = split(body)?;
    let (packed, value) = match &part.name {
        b"tEXt" => (false, rest),
        b"zTXt" => (true, rest.strip_prefix(&[0]).ok_or_else(broken)?),
        _ => {
            let packed = *rest.first().ok_or_else(broken)?;
            let (_language, rest) = split(rest.get(2..).ok_or_else(broken)?)?;
            let (_translated, text) = split(rest)?;
            (packed == 1, text)
        }
    };
    if packed && part.role == Role::Text {
        return Ok(None);
    }
    let keyword = String::from_utf8_lossy(keyword).into_owned();
    let place = format!("{name} {keyword}");
    if !packed {
        return Ok(Some(Content { place, keyword, value: Cow::Borrowed(value), offset: part.body.end - value.len() }));
    }
    let value = decompress_to_vec_zlib_with_limit(value, MAX_INFLATED).map_err(|failure| match failure.status {
        TINFLStatus::HasMoreOutput => Error::limit(format!("the PNG text {keyword} unfolds to more than {MAX_INFLATED} bytes")),
        _ => Error::broken(format!("the PNG text {keyword} cannot be unfolded"), part.span.start),
    })?;
    Ok(Some(Content { place, keyword, value: Cow::Owned(value), offset: part.span.start }))
}

/// What an iCCP chunk's profile starts with, unfolded.
pub fn profile_start(body: &[u8]) -> Option<Vec<u8>> {
    let name = body.iter().position(|&byte| byte == 0)?;
    let packed = body.get(name + 2..)?;
    // A profile that is cut, or whose checksum is missing, still says its space in its first bytes.
    Some(decompress_to_vec_zlib_with_limit(packed, 4096).unwrap_or_else(|failure| failure.output))
}

fn wrap(role: Role, body: &[u8]) -> Result<Vec<u8>> {
    match role {
        Role::Xmp => {
            // Not compressed: most readers know this form only. Language and translated keyword stay empty.
            let mut text = XMP.as_bytes().to_vec();
            text.extend([0; 5]);
            text.extend_from_slice(body);
            chunk(*b"iTXt", &text)
        }
        Role::Exif => chunk(*b"eXIf", body),
        _ => Err(Error::unsupported("PNG has no chunk for this")),
    }
}

fn chunk(name: [u8; 4], body: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(body.len()).ok().filter(|&length| length < 1 << 31);
    let length = length.ok_or_else(|| Error::limit("a PNG chunk holds less than 2 GiB"))?;
    let mut out = Vec::with_capacity(body.len() + FRAME);
    out.extend(length.to_be_bytes());
    out.extend(name);
    out.extend_from_slice(body);
    let sum = crc(out.get(4..).unwrap_or_default());
    out.extend(sum.to_be_bytes());
    Ok(out)
}

fn rebody(_: &[u8], part: &Part, body: &[u8]) -> Result<Vec<u8>> {
    chunk(part.name, body)
}

fn inspect(file: &File) -> Result<Inspection> {
    let broken = || Error::broken("the PNG's header contradicts itself", SIGNATURE.len());
    let head = file.parts.first().map(|part| file.body(part)).unwrap_or_default();
    let (Some(width), Some(height), Some(&[depth, kind, compression, filter, interlace])) =
        (u32_be(head, 0), u32_be(head, 4), head.get(8..).and_then(|rest| rest.first_chunk()))
    else {
        return Err(broken());
    };
    let palette = kind == 3;
    let (colour, samples) = match (kind, depth) {
        (0, 1 | 2 | 4 | 8 | 16) => ("grey", 1),
        (2, 8 | 16) | (3, 1 | 2 | 4 | 8) => ("rgb", 3),
        (4, 8 | 16) => ("grey", 2),
        (6, 8 | 16) => ("rgb", 4),
        _ => return Err(broken()),
    };
    if width == 0 || height == 0 || width >> 31 != 0 || height >> 31 != 0 || compression != 0 || filter != 0 || interlace > 1 {
        return Err(broken());
    }
    let named = |name: &[u8; 4]| file.parts.iter().any(|part| &part.name == name);
    if palette && !named(b"PLTE") {
        return Err(broken());
    }
    let transparent = kind < 4 && named(b"tRNS");
    let picture = Picture {
        size: (width, height),
        channels: samples + u8::from(transparent),
        alpha: kind >= 4 || transparent,
        depth: if palette { 8 } else { depth },
        colour,
        animated: named(b"acTL"),
        lossless: true,
    };
    let mut report = base(file, picture)?;
    report.progressive = Some(interlace == 1);
    report.palette = palette.then_some(depth);
    Ok(report)
}

/// Tables for eight bytes at a time: `TABLES[0]` is the usual one, `TABLES[k]` moves a byte over `k` further zeros.
static TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut i = 0;
    while i < 256 {
        let mut value = i as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xEDB8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        tables[0][i] = value;
        i += 1;
    }
    let mut k = 1;
    while k < 8 {
        let mut i = 0;
        while i < 256 {
            let previous = tables[k - 1][i];
            tables[k][i] = (previous >> 8) ^ tables[0][(previous & 255) as usize];
            i += 1;
        }
        k += 1;
    }
    tables
}

/// CRC-32 of ISO 3309 as PNG uses it (PNG, annex D).
pub fn crc(bytes: &[u8]) -> u32 {
    let [t0, t1, t2, t3, t4, t5, t6, t7] = &TABLES;
    let mut sum = u32::MAX;
    let (blocks, rest) = bytes.as_chunks::<8>();
    for &[a, b, c, d, e, f, g, h] in blocks {
        let [a, b, c, d] = (sum ^ u32::from_le_bytes([a, b, c, d])).to_le_bytes().map(usize::from);
        let [e, f, g, h] = [e, f, g, h].map(usize::from);
        sum = t7[a] ^ t6[b] ^ t5[c] ^ t4[d] ^ t3[e] ^ t2[f] ^ t1[g] ^ t0[h];
    }
    for &byte in rest {
        sum = (sum >> 8) ^ t0[usize::from(sum as u8 ^ byte)];
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc(b"IEND"), 0xAE42_6082);
    }

    #[test]
    fn a_compressed_text_is_bounded() {
        let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![b' '; MAX_INFLATED + 1], 9);
        let body = [b"AIGC\0\0".as_slice(), &bomb].concat();
        let bytes = chunk(*b"zTXt", &body).unwrap();
        let part = Part { name: *b"zTXt", role: Role::Label, span: 0..bytes.len(), body: 8..bytes.len() - 4 };
        let failure = content(&bytes, &part).err().unwrap();
        assert_eq!(failure.code, crate::error::Code::Limit);
    }
}
