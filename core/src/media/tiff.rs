//! TIFF 6.0 and BigTIFF: XMP is tag 700 of the first directory. What is new goes to the end of the file: pages, samples and
//! everything else stay where they are.

use super::kind::{Budget, Label, Media, Text, Walk, XMP, packets, text_of};
use super::source::{Source, Splice, Window, replace};
use crate::container::tiff::{MAX_DIRECTORIES, MAX_TAGS};
use crate::error::{Error, Result};
use std::collections::BTreeSet;
use std::ops::Range;

/// The row of the table.
pub const MEDIA: Media = Media { name: "TIFF", matches, walk, write };

const TAG_XMP: u16 = 700;
const DESCRIPTION: u16 = 270;
const SUB_DIRECTORIES: u16 = 330;
const EXIF: u16 = 0x8769;
const USER_COMMENT: u16 = 0x9286;
const C2PA: u16 = 52545;
/// Offsets of samples and the tags of their lengths: strips, tiles, an embedded JPEG.
const SAMPLES: [(u16, u16); 3] = [(273, 279), (324, 325), (513, 514)];
/// The longest text.
const MAX_TEXT: u64 = 16 << 20;
/// The most strips or tiles of all directories.
const MAX_STRIPS: u64 = 1 << 22;

fn matches(bytes: &[u8]) -> bool {
    [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|start| bytes.starts_with(*start))
}

/// How numbers stand in this file.
#[derive(Clone, Copy)]
struct Form {
    little: bool,
    big: bool,
}

/// One tag.
#[derive(Clone)]
struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// Where its 12 or 20 bytes stand.
    at: u64,
    /// Where its value stands.
    value: Range<u64>,
}

/// A directory.
struct Directory {
    /// Where it starts.
    at: u64,
    entries: Vec<Entry>,
    /// Where the next one is; 0: nowhere.
    next: u64,
}

impl Form {
    fn of(source: &dyn Source) -> Result<Self> {
        let head = source.read(0, 4)?;
        Ok(Self { little: head.starts_with(b"II"), big: head.contains(&b'+') })
    }

    fn number(self, bytes: &[u8]) -> u64 {
        let join = |value: u64, &byte: &u8| value << 8 | u64::from(byte);
        if self.little { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) }
    }

    fn bytes(self, value: u64, width: usize) -> Vec<u8> {
        let mut bytes = value.to_le_bytes().get(..width).unwrap_or_default().to_vec();
        if !self.little {
            bytes.reverse();
        }
        bytes
    }

    fn read(self, source: &dyn Source, at: u64, width: usize) -> Result<u64> {
        Ok(self.number(&source.read(at, width)?))
    }

    /// Bytes of a count of entries, of one entry, of an offset.
    fn sizes(self) -> (u64, u64, usize) {
        if self.big { (8, 20, 8) } else { (2, 12, 4) }
    }

    fn first(self, source: &dyn Source) -> Result<u64> {
        if self.big { self.read(source, 8, 8) } else { self.read(source, 4, 4) }
    }

    fn directory(self, source: &dyn Source, at: u64) -> Result<Directory> {
        let (count_size, entry_size, wide) = self.sizes();
        let count = self.read(source, at, count_size as usize)?;
        if count > MAX_TAGS {
            return Err(Error::broken(format!("a directory has {count} entries"), at as usize));
        }
        let start = at + count_size;
        let bytes = source.read(start, (count * entry_size) as usize)?.into_owned();
        let mut entries = Vec::new();
        for (index, entry) in bytes.chunks_exact(entry_size as usize).enumerate() {
            let field = |from: usize, to: usize| self.number(entry.get(from..to).unwrap_or_default());
            let (tag, kind, count) = (field(0, 2) as u16, field(2, 4) as u16, field(4, 4 + wide));
            let size = match kind {
                1 | 2 | 6 | 7 => 1,
                3 | 8 => 2,
                4 | 9 | 11 | 13 => 4,
                5 | 10 | 12 | 16 | 17 | 18 => 8,
                // Not defined: such a tag is left alone.
                _ => 0,
            };
            let length = count.saturating_mul(size);
            let at = start + index as u64 * entry_size;
            let place = at + 4 + wide as u64;
            let value = if length <= wide as u64 { place } else { field(4 + wide, 4 + 2 * wide) };
            entries.push(Entry { tag, kind, count, at, value: value..value.saturating_add(length) });
        }
        let next = self.read(source, start + count * entry_size, wide)?;
        Ok(Directory { at, entries, next })
    }

    /// The numbers of an entry.
    fn numbers(self, source: &dyn Source, entry: &Entry) -> Result<Vec<u64>> {
        let width = match entry.kind {
            1 => 1,
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            _ => return Ok(Vec::new()),
        };
        if entry.count > MAX_STRIPS {
            return Err(Error::limit(format!("a directory has more than {MAX_STRIPS} strips")));
        }
        let bytes = bytes(source, entry)?;
        Ok(bytes.chunks_exact(width).map(|number| self.number(number)).collect())
    }
}

fn bytes(source: &dyn Source, entry: &Entry) -> Result<Vec<u8>> {
    let length = entry.value.end - entry.value.start;
    if length > MAX_STRIPS * 8 {
        return Err(Error::limit(format!("tag {} has {length} bytes", entry.tag)));
    }
    Ok(source.read(entry.value.start, length as usize)?.into_owned())
}

/// All directories: the chain of pages, each with its sub-directories behind it.
fn directories(source: &dyn Source, form: Form) -> Result<Vec<Directory>> {
    let mut found: Vec<Directory> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![form.first(source)?];
    while let Some(at) = waiting.pop() {
        if at == 0 {
            continue;
        }
        if !seen.insert(at) {
            return Err(Error::broken("the directories of the TIFF go in a circle", at as usize));
        }
        if found.len() >= MAX_DIRECTORIES {
            return Err(Error::limit(format!("the TIFF has more than {MAX_DIRECTORIES} directories")));
        }
        let directory = form.directory(source, at)?;
        waiting.push(directory.next);
        for entry in directory.entries.iter().filter(|entry| entry.tag == SUB_DIRECTORIES) {
            let mut inner = form.numbers(source, entry)?;
            if found.len() + waiting.len() + inner.len() > MAX_DIRECTORIES {
                return Err(Error::limit(format!("the TIFF has more than {MAX_DIRECTORIES} directories")));
            }
            inner.reverse();
            waiting.extend(inner);
        }
        found.push(directory);
    }
    if found.is_empty() {
        return Err(Error::broken("the TIFF has no directory", 4));
    }
    Ok(found)
}

fn walk(source: &dyn Source) -> Result<Walk> {
    let source = &Window::new(source) as &dyn Source;
    let form = Form::of(source)?;
    let mut found = Walk { mime: "image/tiff", texts: Vec::new(), coded: Vec::new(), c2pa: false };
    let mut texts = Texts { source, budget: Budget::new(), found: Vec::new() };
    let mut strips = MAX_STRIPS;
    for (page, directory) in directories(source, form)?.iter().enumerate() {
        for entry in &directory.entries {
            match entry.tag {
                TAG_XMP => texts.push(entry, format!("directory {page} tag 700"), XMP, 0, page == 0)?,
                DESCRIPTION => {
                    texts.push(entry, format!("directory {page} ImageDescription"), "ImageDescription", 0, false)?;
                }
                EXIF => {
                    for at in form.numbers(source, entry)? {
                        // A broken EXIF block hides no page and no packet.
                        let Ok(exif) = form.directory(source, at) else { continue };
                        for entry in exif.entries.iter().filter(|entry| entry.tag == USER_COMMENT) {
                            texts.push(entry, "EXIF UserComment".into(), "UserComment", 8, false)?;
                        }
                    }
                }
                C2PA => found.c2pa = true,
                _ => {}
            }
        }
        for (places, lengths) in SAMPLES {
            let numbers = |tag: u16| match directory.entries.iter().find(|entry| entry.tag == tag) {
                Some(entry) => form.numbers(source, entry),
                None => Ok(Vec::new()),
            };
            let count = directory.entries.iter().find(|entry| entry.tag == places).map_or(0, |entry| entry.count);
            let many = || Error::limit(format!("the TIFF has more than {MAX_STRIPS} strips and tiles"));
            strips = strips.checked_sub(count).ok_or_else(many)?;
            for (place, length) in numbers(places)?.into_iter().zip(numbers(lengths)?) {
                let end = place.saturating_add(length);
                if end > source.length() {
                    return Err(Error::broken("the samples go on behind the end of the file", source.length() as usize));
                }
                found.coded.push(place..end);
            }
        }
    }
    found.texts = texts.found;
    Ok(found)
}

/// The texts of a file as they are read.
struct Texts<'a> {
    source: &'a dyn Source,
    budget: Budget,
    found: Vec<Text>,
}

impl Texts<'_> {
    fn push(&mut self, entry: &Entry, place: String, key: &str, skip: u64, official: bool) -> Result<()> {
        let length = entry.value.end - entry.value.start;
        if length > MAX_TEXT {
            return Err(Error::limit(format!("tag {} has {length} bytes", entry.tag)));
        }
        self.budget.take(length)?;
        let bytes = self.source.read(entry.value.start, length as usize)?;
        let value = text_of(bytes.get(skip as usize..).unwrap_or_default());
        self.found.push(Text { place, key: key.into(), value, offset: entry.value.start + skip, official });
        Ok(())
    }
}

fn write(source: &dyn Source, walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>> {
    let source = &Window::new(source) as &dyn Source;
    let form = Form::of(source)?;
    let length = source.length();
    let directories = directories(source, form)?;
    let mut cuts: Vec<(Range<u64>, Vec<u8>)> = Vec::new();
    for text in drop.iter().filter_map(|&index| walk.texts.get(index)).filter(|text| text.key != XMP) {
        let raw = text_length(source, form, &directories, text.offset)?;
        cuts.push((text.offset..text.offset + raw, vec![0; raw as usize]));
    }
    // Words start at even places (TIFF 6.0, 2).
    let mut end = vec![0; (length % 2) as usize];
    for (index, packet) in packets(walk, label, drop)? {
        let entry = index.and_then(|index| walk.texts.get(index)).and_then(|text| {
            let all = directories.iter().flat_map(|directory| &directory.entries);
            all.clone().find(|entry| entry.tag == TAG_XMP && entry.value.start == text.offset)
        });
        match entry {
            Some(entry) => replace_packet(form, entry, &packet, length, &mut end, &mut cuts)?,
            None => add_packet(source, form, &directories, &packet, length, &mut end, &mut cuts)?,
        }
    }
    cuts.push((length..length, end));
    replace(length, cuts)
}

/// Bytes of the text that starts there.
fn text_length(source: &dyn Source, form: Form, directories: &[Directory], offset: u64) -> Result<u64> {
    for entry in directories.iter().flat_map(|directory| &directory.entries) {
        if entry.tag == DESCRIPTION && entry.value.start == offset {
            return Ok(entry.value.end - offset);
        }
        if entry.tag != EXIF {
            continue;
        }
        for at in form.numbers(source, entry)? {
            let Ok(exif) = form.directory(source, at) else { continue };
            let comment = exif.entries.iter().find(|entry| entry.tag == USER_COMMENT && entry.value.start + 8 == offset);
            if let Some(comment) = comment {
                return Ok(comment.value.end.saturating_sub(offset));
            }
        }
    }
    Err(Error::broken("a text is lost", offset as usize))
}

type Cuts = Vec<(Range<u64>, Vec<u8>)>;

/// In its old place where it fits, else at the end of the file.
fn replace_packet(form: Form, entry: &Entry, packet: &str, length: u64, end: &mut Vec<u8>, cuts: &mut Cuts) -> Result<()> {
    let (_, _, wide) = form.sizes();
    let room = entry.value.end - entry.value.start;
    if packet.len() as u64 <= room && room > wide as u64 {
        let mut bytes = packet.as_bytes().to_vec();
        bytes.resize(room as usize, b' ');
        cuts.push((entry.value.clone(), bytes));
        return Ok(());
    }
    if room > wide as u64 {
        cuts.push((entry.value.clone(), vec![b' '; room as usize]));
    }
    let place = length + end.len() as u64;
    cuts.push((entry.at..entry.at + 4 + 2 * wide as u64, field(form, packet, place)?));
    end.extend_from_slice(packet.as_bytes());
    end.resize(end.len() + end.len() % 2, 0);
    Ok(())
}

/// The entry of a packet: type 7, undefined (TC260-PG-20259A).
fn field(form: Form, packet: &str, place: u64) -> Result<Vec<u8>> {
    let (_, _, wide) = form.sizes();
    if !form.big && place + packet.len() as u64 > u64::from(u32::MAX) {
        return Err(Error::limit("a TIFF of this form holds less than 4 GiB"));
    }
    let (tag, kind) = (form.bytes(TAG_XMP.into(), 2), form.bytes(7, 2));
    Ok([tag, kind, form.bytes(packet.len() as u64, wide), form.bytes(place, wide)].concat())
}

/// A copy of the first directory with one more entry, behind the packet; the header points there.
fn add_packet(
    source: &dyn Source,
    form: Form,
    directories: &[Directory],
    packet: &str,
    length: u64,
    end: &mut Vec<u8>,
    cuts: &mut Cuts,
) -> Result<()> {
    let (count_size, entry_size, wide) = form.sizes();
    let Some(first) = directories.first() else { return Ok(()) };
    let entry = field(form, packet, length + end.len() as u64)?;
    end.extend_from_slice(packet.as_bytes());
    // BigTIFF's numbers have eight bytes.
    end.resize(end.len() + (8 - (length as usize + end.len()) % 8) % 8, 0);
    let place = length + end.len() as u64;
    let old = source.read(first.at + count_size, first.entries.len() * entry_size as usize)?;
    end.extend(form.bytes(first.entries.len() as u64 + 1, count_size as usize));
    let before = first.entries.iter().take_while(|entry| entry.tag < TAG_XMP).count() * entry_size as usize;
    end.extend_from_slice(old.get(..before).unwrap_or_default());
    end.extend(entry);
    end.extend_from_slice(old.get(before..).unwrap_or_default());
    end.extend(form.bytes(first.next, wide));
    if !form.big && length + end.len() as u64 > u64::from(u32::MAX) {
        return Err(Error::limit("a TIFF of this form holds less than 4 GiB"));
    }
    let header = if form.big { 8..16 } else { 4..8 };
    cuts.push((header, form.bytes(place, wide)));
    Ok(())
}
