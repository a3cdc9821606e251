//! GIF 89a: XMP is an application extension whose packet stands there as it is, with a trailer that leads every decoder to
//! its end (XMP part 3, 1.1.2).

use super::kind::{Budget, Label, Media, Text, Walk, XMP, packets, text_of};
use super::source::{Source, Splice, Window, replace};
use crate::container::file::MAX_PARTS;
use crate::container::gif;
use crate::error::{Error, Result};
use std::ops::Range;

/// The row of the table.
pub const MEDIA: Media = Media { name: "GIF", matches, walk, write };

/// Bytes of the extension before the packet: introducer, label, length, application.
const BEFORE: u64 = 14;
/// The longest packet and comment.
const MAX_TEXT: u64 = 16 << 20;

fn matches(bytes: &[u8]) -> bool {
    bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a")
}

/// What a block is.
#[derive(PartialEq)]
enum Kind {
    Xmp,
    Comment,
    /// An application's: loops, profiles.
    Application,
    Picture,
    End,
}

struct Block {
    kind: Kind,
    span: Range<u64>,
}

fn byte(source: &dyn Source, at: u64) -> Result<u8> {
    let read = source.read(at, 1).map_err(|_| Error::broken("the GIF ends early", at as usize))?;
    Ok(read.first().copied().unwrap_or_default())
}

fn table(flags: u8) -> u64 {
    if flags & 0x80 != 0 { 3 << ((flags & 7) + 1) } else { 0 }
}

/// Behind the sub-blocks that start at `at`.
fn skip(source: &dyn Source, mut at: u64) -> Result<u64> {
    loop {
        let length = byte(source, at)?;
        at += 1 + u64::from(length);
        if length == 0 {
            return Ok(at);
        }
    }
}

/// All blocks behind the global table, up to the end of the picture.
fn blocks(source: &dyn Source) -> Result<Vec<Block>> {
    let mut at = 13 + table(byte(source, 10)?);
    let mut found = Vec::new();
    let mut pictures = false;
    loop {
        let start = at;
        let introducer = byte(source, at)?;
        pictures |= introducer == 0x2C;
        let (kind, end) = match introducer {
            0x3B if !pictures => return Err(Error::broken("the GIF holds no picture", at as usize)),
            0x3B => (Kind::End, at + 1),
            0x2C => (Kind::Picture, skip(source, at + 10 + table(byte(source, at + 9)?) + 1)?),
            0x21 => {
                let kind = match byte(source, at + 1)? {
                    0xFE => Kind::Comment,
                    0xFF if source.read(at + 2, 12).is_ok_and(|name| name.get(1..) == Some(gif::XMP)) => Kind::Xmp,
                    0xFF => Kind::Application,
                    _ => Kind::Picture,
                };
                (kind, skip(source, at + 2)?)
            }
            other => return Err(Error::broken(format!("a block starts with {other:#04X}"), at as usize)),
        };
        if found.len() >= MAX_PARTS {
            return Err(Error::limit(format!("the GIF has more than {MAX_PARTS} blocks")));
        }
        if end > source.length() {
            return Err(Error::broken("the GIF ends early", start as usize));
        }
        let last = kind == Kind::End;
        found.push(Block { kind, span: start..end });
        if last {
            return Ok(found);
        }
        at = end;
    }
}

fn walk(source: &dyn Source) -> Result<Walk> {
    let source = &Window::new(source) as &dyn Source;
    let mut found = Walk { mime: "image/gif", texts: Vec::new(), coded: Vec::new(), c2pa: false };
    let (blocks, mut budget) = (blocks(source)?, Budget::new());
    // The version, which writing may raise, is not part of the picture.
    let start = blocks.first().map_or(13, |block| block.span.start);
    found.coded.push(6..start);
    for block in blocks {
        match block.kind {
            Kind::Picture | Kind::End => found.coded.push(block.span),
            Kind::Xmp => {
                budget.take(block.span.end - block.span.start)?;
                let (offset, bytes) = packet(source, &block.span)?;
                let value = text_of(&bytes);
                found.texts.push(Text {
                    place: "application extension XMP".into(),
                    key: XMP.into(),
                    value,
                    offset,
                    official: true,
                });
            }
            Kind::Comment => {
                budget.take(block.span.end - block.span.start)?;
                let value = text_of(&unblock(source, block.span.start + 2)?);
                found.texts.push(Text {
                    place: "comment".into(),
                    key: "comment".into(),
                    value,
                    offset: block.span.start + 3,
                    official: false,
                });
            }
            Kind::Application => {
                found.c2pa |= source.read(block.span.start + 3, gif::C2PA.len()).is_ok_and(|name| *name == *gif::C2PA);
            }
        }
    }
    Ok(found)
}

/// Where a packet starts, and its bytes: as it stands, or in sub-blocks as some write it.
fn packet(source: &dyn Source, span: &Range<u64>) -> Result<(u64, Vec<u8>)> {
    let start = span.start + BEFORE;
    if let Some(end) = span.end.checked_sub(gif::MAGIC as u64).filter(|&end| end >= start && end - start <= MAX_TEXT)
        && gif::is_magic(&source.read(end, gif::MAGIC)?)
    {
        return Ok((start, source.read(start, (end - start) as usize)?.into_owned()));
    }
    Ok((start + 1, unblock(source, start)?))
}

fn unblock(source: &dyn Source, mut at: u64) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let length = byte(source, at)?;
        if length == 0 {
            return Ok(all);
        }
        all.extend_from_slice(&source.read(at + 1, usize::from(length))?);
        if all.len() as u64 > MAX_TEXT {
            return Err(Error::limit("a text of the GIF is too long"));
        }
        at += 1 + u64::from(length);
    }
}

fn extension(packet: &str) -> Vec<u8> {
    let mut out = vec![0x21, 0xFF, 11];
    out.extend(gif::XMP);
    out.extend(packet.as_bytes());
    out.extend(gif::magic());
    out
}

fn write(source: &dyn Source, walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>> {
    let source = &Window::new(source) as &dyn Source;
    let blocks = blocks(source)?;
    let mut cuts: Vec<(Range<u64>, Vec<u8>)> = Vec::new();
    let holds = |offset: u64| blocks.iter().find(|block| block.span.contains(&offset)).map(|block| block.span.clone());
    for text in drop.iter().filter_map(|&index| walk.texts.get(index)).filter(|text| text.key != XMP) {
        cuts.extend(holds(text.offset).map(|span| (span, Vec::new())));
    }
    for (index, packet) in packets(walk, label, drop)? {
        match index.and_then(|index| walk.texts.get(index)) {
            Some(text) => cuts.extend(holds(text.offset).map(|span| (span, extension(&packet)))),
            None => {
                // Behind the loop count, which some look for right behind the table, and before the first picture.
                let home = blocks.iter().find(|block| matches!(block.kind, Kind::Picture | Kind::End));
                let at = home.map_or(source.length(), |block| block.span.start);
                cuts.push((at..at, extension(&packet)));
            }
        }
    }
    // Extensions came with 89a.
    if *source.read(0, 6)? == *b"GIF87a" {
        cuts.push((4..5, b"9".to_vec()));
    }
    replace(source.length(), cuts)
}
