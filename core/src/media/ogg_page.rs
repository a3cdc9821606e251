//! Pages of Ogg (RFC 3533, 6): read, laid out, numbered anew.

use super::source::Source;
use crate::error::{Error, Result};
use std::borrow::Cow;
use std::ops::Range;

/// Flags of a page: it goes on with a packet, is its stream's first, its last.
pub(super) const CONTINUED: u8 = 1;
pub(super) const FIRST: u8 = 2;
pub(super) const LAST: u8 = 4;
/// Bytes before the lacing.
const HEADER: usize = 27;
/// The most pages that are numbered anew: each is held until the file is written.
const MAX_RENUMBERED: usize = 1 << 18;

/// A page in a file.
pub(super) struct Page {
    pub(super) at: u64,
    pub(super) flags: u8,
    pub(super) serial: u32,
    pub(super) sequence: u32,
    pub(super) lacing: Vec<u8>,
}

impl Page {
    /// Reads the header of the page at `at`.
    ///
    /// # Errors
    /// `Broken` where there is none, or it ends behind the file.
    pub(super) fn read(source: &dyn Source, at: u64) -> Result<Self> {
        let broken = |message: &str| Error::broken(message, usize::try_from(at).unwrap_or(usize::MAX));
        let cut = || broken("the Ogg file ends inside a page");
        if source.length() - at < HEADER as u64 {
            return Err(cut());
        }
        let head = source.read(at, HEADER)?;
        let head: &[u8; HEADER] = head.first_chunk().ok_or_else(cut)?;
        let &[b'O', b'g', b'g', b'S', 0, flags, _, _, _, _, _, _, _, _, a, b, c, d, e, f, g, h, _, _, _, _, count] = head else {
            return Err(broken("there is no Ogg page where one must start"));
        };
        if source.length() - at < (HEADER + usize::from(count)) as u64 {
            return Err(cut());
        }
        let lacing = source.read(at + HEADER as u64, usize::from(count))?.into_owned();
        let (serial, sequence) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        let page = Self { at, flags, serial, sequence, lacing };
        if page.end() > source.length() {
            return Err(cut());
        }
        Ok(page)
    }

    /// Bytes before the body.
    pub(super) fn head(&self) -> usize {
        HEADER + self.lacing.len()
    }

    /// Bytes of the body.
    pub(super) fn length(&self) -> usize {
        self.lacing.iter().map(|&lace| usize::from(lace)).sum()
    }

    /// Where the page ends.
    pub(super) fn end(&self) -> u64 {
        self.at + (self.head() + self.length()) as u64
    }

    /// The body in the file.
    pub(super) fn body(&self) -> Range<u64> {
        self.at + self.head() as u64..self.end()
    }

    /// An error at this page.
    pub(super) fn broken(&self, message: &str) -> Error {
        Error::broken(message, usize::try_from(self.at).unwrap_or(usize::MAX))
    }

    /// The whole page.
    ///
    /// # Errors
    /// `Broken` where its checksum is another.
    pub(super) fn checked<'a>(&self, source: &'a dyn Source) -> Result<Cow<'a, [u8]>> {
        let bytes = source.read(self.at, self.head() + self.length())?;
        match bytes.get(22..26) == Some(&sum(&bytes)) {
            true => Ok(bytes),
            false => Err(self.broken("an Ogg page's checksum is wrong")),
        }
    }
}

/// CRC-32 with the polynomial 04C11DB7, from the highest bit, without inversions.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut sum, mut bit) = ((byte as u32) << 24, 0);
        while bit < 8 {
            sum = if sum >> 31 == 1 { sum << 1 ^ 0x04C1_1DB7 } else { sum << 1 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
};

/// The checksum of a page, its own place counted as zeros.
fn sum(page: &[u8]) -> [u8; 4] {
    let mut sum = 0u32;
    for (at, &byte) in page.iter().enumerate() {
        let byte = if (22..26).contains(&at) { 0 } else { byte };
        sum = sum << 8 ^ TABLE.get((sum >> 24) as usize ^ usize::from(byte)).copied().unwrap_or(0);
    }
    sum.to_le_bytes()
}

fn seal(page: &mut [u8]) {
    let sum = sum(page);
    if let Some(place) = page.get_mut(22..26) {
        place.copy_from_slice(&sum);
    }
}

/// Header packets in pages, `count` of them where that is possible. `last`: the flags of the last one.
///
/// # Errors
/// `Limit` for more pages than can be counted.
pub(super) fn laid(packets: &[Vec<u8>], count: usize, serial: u32, sequence: u32, last: u8) -> Result<Vec<Vec<u8>>> {
    let mut lacing = Vec::new();
    for packet in packets {
        lacing.extend(std::iter::repeat_n(255, packet.len() / 255));
        lacing.push((packet.len() % 255) as u8);
    }
    let body = packets.concat();
    let count = count.clamp(lacing.len().div_ceil(255), lacing.len());
    let (mut pages, mut lacing, mut body, mut flags) = (Vec::with_capacity(count), lacing.as_slice(), body.as_slice(), 0);
    for page in 0..count {
        // Every later page needs a part, too.
        let (now, later) = lacing.split_at((lacing.len() - (count - page - 1)).min(255));
        let (part, rest) = body.split_at(now.iter().map(|&lace| usize::from(lace)).sum::<usize>().min(body.len()));
        let number = u32::try_from(page).map_err(|_| Error::limit("the Ogg headers need too many pages"))?;
        let end = if page + 1 == count { last } else { 0 };
        // Headers end at the time 0; a page on which none ends has no time.
        let time = if now.iter().any(|&lace| lace < 255) { 0 } else { u64::MAX };
        let mut bytes = [
            b"OggS\0",
            &[flags | end][..],
            &time.to_le_bytes(),
            &serial.to_le_bytes(),
            &sequence.wrapping_add(number).to_le_bytes(),
            &[0; 4],
            &[now.len() as u8],
            now,
            part,
        ]
        .concat();
        seal(&mut bytes);
        pages.push(bytes);
        flags = if now.last() == Some(&255) { CONTINUED } else { 0 };
        (lacing, body) = (later, rest);
    }
    Ok(pages)
}

/// The pages of a stream from `at` to its end, with numbers that are `more` higher: sequence number and checksum.
///
/// # Errors
/// As `Page::read` and `Page::checked`; `Limit` for too many pages.
pub(super) fn renumbered(source: &dyn Source, at: u64, serial: u32, more: u32) -> Result<Vec<(Range<u64>, Vec<u8>)>> {
    let (mut cuts, mut at) = (Vec::new(), at);
    while at < source.length() {
        let page = Page::read(source, at)?;
        at = page.end();
        if page.serial != serial {
            continue;
        }
        if page.flags & FIRST != 0 {
            break;
        }
        if cuts.len() >= MAX_RENUMBERED {
            return Err(Error::limit(format!(
                "the label does not fit into the Ogg stream's header pages, and more than {MAX_RENUMBERED} pages would change: \
                 shorten the comments or their pictures"
            )));
        }
        let mut bytes = page.checked(source)?.into_owned();
        if let Some(place) = bytes.get_mut(18..22) {
            place.copy_from_slice(&page.sequence.wrapping_add(more).to_le_bytes());
        }
        seal(&mut bytes);
        cuts.push((page.at + 18..page.at + 26, bytes.get(18..26).unwrap_or_default().to_vec()));
    }
    Ok(cuts)
}
