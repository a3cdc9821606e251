//! Ogg (RFC 3533) with Vorbis and Opus: the label is the comment `AIGC` of the first such stream (TC260-PG-202510A); nothing
//! names a place for DigitalSourceType. Coded are the bodies of all pages behind a stream's headers, in file order.
//!
//! The number of header pages is kept where the label fits into them, so that nothing behind them changes; else the pages of
//! that stream are numbered anew.

use super::kind::{Budget, Label, Media, Text, Walk, in_order};
use super::ogg_page::{CONTINUED, FIRST, LAST, Page, laid, renumbered};
use super::source::{Source, Splice, Window, join, replace};
use super::vorbis_comment::Comments;
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::ops::Range;

/// The row of the table.
pub(super) const MEDIA: Media = Media { name: "Ogg with Vorbis or Opus", matches: |head| head.starts_with(b"OggS"), walk, write };
/// The most pages, and the most streams, of one file.
const MAX_PAGES: usize = 1 << 22;
const MAX_STREAMS: usize = 4096;

#[derive(Clone, Copy, PartialEq)]
enum Codec {
    Vorbis,
    Opus,
    /// An index of other streams (Skeleton), which holds no samples.
    Index,
}

impl Codec {
    /// By the first packet of a stream.
    fn of(packet: &[u8]) -> Result<Self> {
        let names: [(&[u8], &str); 8] = [
            (b"\x7FFLAC", "FLAC"),
            (b"Speex   ", "Speex"),
            (b"\x80theora", "Theora"),
            (b"OVP80", "VP8"),
            (b"BBCD\0", "Dirac"),
            (b"PCM     ", "PCM"),
            (b"\x80kate", "Kate"),
            (b"CELT    ", "CELT"),
        ];
        match packet {
            [1, b'v', b'o', b'r', b'b', b'i', b's', ..] => Ok(Self::Vorbis),
            [b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', ..] => Ok(Self::Opus),
            [b'f', b'i', b's', b'h', b'e', b'a', b'd', 0, ..] => Ok(Self::Index),
            _ => {
                let name = names.iter().find(|(start, _)| packet.starts_with(start)).map_or("an unknown codec", |(_, name)| name);
                Err(Error::unsupported(format!("the Ogg file holds {name}: only Vorbis and Opus are read")))
            }
        }
    }

    /// The number of header packets, the first included.
    fn headers(self) -> usize {
        match self {
            Self::Vorbis => 3,
            Self::Opus => 2,
            Self::Index => 1,
        }
    }

    fn comment(self) -> &'static [u8] {
        if self == Self::Vorbis { b"\x03vorbis" } else { b"OpusTags" }
    }
}

/// A stream and its header packets behind the first one.
struct Stream {
    codec: Codec,
    serial: u32,
    /// The pages that hold them.
    pages: Vec<Page>,
    packets: Vec<Vec<u8>>,
    /// The packet that goes on with the next page.
    open: bool,
    /// Where the bytes of the comment packet are: positions in it, and in the file.
    pieces: Vec<(usize, u64)>,
    /// Whether samples start on the last header page, against the rules of both.
    shared: bool,
}

impl Stream {
    fn whole(&self) -> bool {
        !self.open && self.packets.len() + 1 >= self.codec.headers()
    }

    /// Takes the header packets of one more page.
    fn take(&mut self, source: &dyn Source, page: Page, coded: &mut Vec<Range<u64>>) -> Result<()> {
        let bytes = page.checked(source)?;
        if (page.flags & CONTINUED != 0) != self.open {
            return Err(page.broken("an Ogg header packet is torn"));
        }
        let mut at = page.head();
        for &lace in &page.lacing {
            if self.whole() {
                coded.push(page.at + at as u64..page.end());
                self.shared = true;
                break;
            }
            if !self.open {
                self.packets.push(Vec::new());
            }
            let part = bytes.get(at..at + usize::from(lace)).unwrap_or_default();
            if let [comment] = self.packets.as_slice() {
                self.pieces.push((comment.len(), page.at + at as u64));
            }
            if let Some(packet) = self.packets.last_mut() {
                packet.extend_from_slice(part);
            }
            at += usize::from(lace);
            self.open = lace == 255;
        }
        self.pages.push(page);
        Ok(())
    }

    /// The list of comments, and where it starts in its packet.
    fn comments(&self) -> Result<(Comments<'_>, usize)> {
        let name = self.codec.comment();
        let list = self.packets.first().and_then(|packet| packet.strip_prefix(name));
        let list =
            list.ok_or_else(|| Error::broken("the second packet of an Ogg stream is not its comments", self.place(0) as usize))?;
        Ok((Comments::read(list, self.place(name.len()))?, name.len()))
    }

    /// Where a position in the comment packet is in the file.
    fn place(&self, at: usize) -> u64 {
        let piece =
            self.pieces.partition_point(|(start, _)| *start <= at).checked_sub(1).and_then(|index| self.pieces.get(index));
        piece.map_or(0, |(start, place)| place + (at - start) as u64)
    }

    fn texts(&self, official: bool, budget: &mut Budget) -> Result<Vec<Text>> {
        let (list, skip) = self.comments()?;
        let mut texts = list.texts(if self.codec == Codec::Vorbis { "Vorbis comment" } else { "OpusTags" }, budget)?;
        for text in &mut texts {
            text.offset = self.place(text.offset as usize + skip);
            text.official &= official;
        }
        Ok(texts)
    }
}

/// The streams that hold sound, in file order, and the coded ranges.
fn parse(source: &dyn Source, budget: &mut Budget) -> Result<(Vec<Stream>, Vec<Range<u64>>)> {
    let (mut streams, mut coded): (Vec<Stream>, Vec<Range<u64>>) = (Vec::new(), Vec::new());
    let mut active: BTreeMap<u32, usize> = BTreeMap::new();
    let (mut at, mut count, mut beginning) = (0, 0, true);
    while at < source.length() {
        let page = Page::read(source, at)?;
        at = page.end();
        count += 1;
        if count > MAX_PAGES {
            return Err(Error::limit(format!("the Ogg file has more than {MAX_PAGES} pages")));
        }
        if page.flags & FIRST != 0 {
            if !beginning {
                // The next link of a chain.
                whole(&streams, at)?;
                active.clear();
                beginning = true;
            }
            let bytes = page.checked(source)?;
            let codec = Codec::of(bytes.get(page.head()..).unwrap_or_default())?;
            if streams.len() >= MAX_STREAMS {
                return Err(Error::limit(format!("the Ogg file has more than {MAX_STREAMS} streams")));
            }
            let one = page.lacing.iter().position(|&lace| lace < 255).is_some_and(|last| last + 1 == page.lacing.len());
            if !one || active.insert(page.serial, streams.len()).is_some() {
                return Err(page.broken("an Ogg stream's first page holds other than one packet, or starts twice"));
            }
            let (packets, pieces) = (Vec::new(), Vec::new());
            streams.push(Stream { codec, serial: page.serial, pages: Vec::new(), packets, open: false, pieces, shared: false });
            continue;
        }
        beginning = false;
        let stream = active.get(&page.serial).and_then(|&index| streams.get_mut(index));
        let stream = stream.ok_or_else(|| page.broken("an Ogg page belongs to no stream that has begun"))?;
        if stream.codec == Codec::Index {
            continue;
        }
        if !stream.whole() {
            budget.bytes(page.length() as u64)?;
            stream.take(source, page, &mut coded)?;
        } else if page.length() > 0 {
            coded.push(page.body());
        }
    }
    whole(&streams, at)?;
    streams.retain(|stream| stream.codec != Codec::Index);
    match streams.is_empty() {
        true => Err(Error::unsupported("the Ogg file holds no Vorbis or Opus")),
        false => Ok((streams, coded)),
    }
}

fn whole(streams: &[Stream], at: u64) -> Result<()> {
    match streams.iter().all(Stream::whole) {
        true => Ok(()),
        false => Err(Error::broken("an Ogg stream ends inside its headers", usize::try_from(at).unwrap_or(usize::MAX))),
    }
}

fn walk(source: &dyn Source) -> Result<Walk> {
    let mut budget = Budget::new();
    let (streams, coded) = parse(&Window::new(source), &mut budget)?;
    let mut texts = Vec::new();
    for (index, stream) in streams.iter().enumerate() {
        texts.extend(stream.texts(index == 0, &mut budget)?);
    }
    in_order(&mut texts);
    Ok(Walk { mime: "audio/ogg", texts, coded, c2pa: false })
}

fn write(source: &dyn Source, walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>> {
    let source = &Window::new(source) as &dyn Source;
    let (streams, _) = parse(source, &mut Budget::new())?;
    let dropped: Vec<u64> = drop.iter().filter_map(|&index| walk.texts.get(index)).map(|text| text.offset).collect();
    let mut json = label.aigc.as_deref();
    let mut cuts = Vec::new();
    for stream in &streams {
        let (list, skip) = stream.comments()?;
        let gone = |at: u64| dropped.contains(&stream.place(at as usize + skip));
        let new = [stream.codec.comment(), &list.with(json.take(), &gone)?].concat();
        if stream.packets.first() != Some(&new) {
            headers(source, stream, new, &mut cuts)?;
        }
    }
    replace(source.length(), cuts)
}

/// The first stream of `encoded` with the comments of the first stream of `source`, pictures too; the vendor is its own.
///
/// # Errors
/// As the walk of either.
pub(super) fn carry(source: &dyn Source, encoded: &dyn Source) -> Result<Vec<u8>> {
    let (source, encoded) = (&Window::new(source) as &dyn Source, &Window::new(encoded) as &dyn Source);
    let (from, _) = parse(source, &mut Budget::new())?;
    let (into, _) = parse(encoded, &mut Budget::new())?;
    let (Some(from), Some(into)) = (from.first(), into.first()) else {
        return join(encoded, &[Splice::Keep(0..encoded.length())]);
    };
    let (list, own) = (from.comments()?.0, into.comments()?.0);
    let mut cuts = Vec::new();
    headers(encoded, into, [into.codec.comment(), &list.under(&own)?].concat(), &mut cuts)?;
    cuts.sort_by_key(|(range, _)| (range.start, range.end));
    join(encoded, &replace(encoded.length(), cuts)?)
}

/// The header pages of a stream with another comment packet.
fn headers(source: &dyn Source, stream: &Stream, comment: Vec<u8>, cuts: &mut Vec<(Range<u64>, Vec<u8>)>) -> Result<()> {
    let (Some(first), Some(last)) = (stream.pages.first(), stream.pages.last()) else { return Ok(()) };
    if stream.shared {
        return Err(Error::unsupported(
            "samples share a page with the headers of their Ogg stream: write the file anew with ffmpeg -c copy",
        ));
    }
    let mut packets = vec![comment];
    packets.extend(stream.packets.iter().skip(1).cloned());
    let mut pages = laid(&packets, stream.pages.len(), stream.serial, first.sequence, last.flags & LAST)?;
    let more = (pages.len() as u32).wrapping_sub(stream.pages.len() as u32);
    if more != 0 {
        cuts.extend(renumbered(source, last.end(), stream.serial, more)?);
    }
    // Each page in the place of its old one, since others' pages may stand between.
    let behind: Vec<u8> = pages.drain(stream.pages.len().min(pages.len())..).flatten().collect();
    let mut pages = pages.into_iter();
    for page in &stream.pages {
        let mut new = pages.next().unwrap_or_default();
        if page.at == last.at {
            new.extend_from_slice(&behind);
        }
        cuts.push((page.at..page.end(), new));
    }
    Ok(())
}
