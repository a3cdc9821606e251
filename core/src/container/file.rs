//! What every container shares: parts, pieces, and a file that was walked to its end.

use super::inspection::Inspection;
use crate::error::{Error, Result};
use std::borrow::Cow;
use std::ops::Range;

/// The most parts that a file may have. A real file has some thousands at most; more is a bomb.
pub const MAX_PARTS: usize = 1 << 20;
/// The most bytes that one compressed text may unfold to.
pub const MAX_INFLATED: usize = 16 << 20;

/// What a part is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The signature and what must come first: SOI; the PNG signature with IHDR; the RIFF header with VP8X.
    Head,
    /// What the decoder needs: coded samples, tables, palettes, animation frames.
    Pixels,
    /// JFIF's APP0.
    Jfif,
    /// A thumbnail segment of its own (JFXX).
    Thumbnail,
    /// An EXIF block.
    Exif,
    /// A main XMP packet.
    Xmp,
    /// A piece of an ExtendedXMP packet (JPEG).
    XmpExtended,
    /// An ICC profile or a piece of one.
    Icc,
    /// A PNG chunk other than iCCP that says what the colours mean, or how large a pixel is.
    Colour,
    /// Photoshop resources with IPTC (JPEG APP13).
    Photoshop,
    /// A comment (JPEG COM).
    Comment,
    /// A keyword and a text, or a date (PNG).
    Text,
    /// A bare AIGC label in a segment of its own.
    Label,
    /// A C2PA manifest (or a piece of one).
    C2pa,
    /// The index of further pictures behind this one (CIPA DC-007).
    Mpf,
    /// A gain-map version segment (ISO 21496-1).
    GainMap,
    /// Known to nobody here; kept.
    Other,
    /// What follows the end of the picture.
    Trailer,
}

/// A run of bytes of the file with one meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The chunk's four letters; for JPEG the marker as `[0xFF, marker, 0, 0]`.
    pub name: [u8; 4],
    /// What it is for.
    pub role: Role,
    /// All its bytes in the file, headers included.
    pub span: Range<usize>,
    /// What it carries, without length, name, identifier and checksum.
    pub body: Range<usize>,
}

/// A part on its way into a new file.
#[derive(Debug, Clone)]
pub struct Piece<'a> {
    /// What it is for.
    pub role: Role,
    /// Where it stood in the file that is changed; `None` for a new one.
    pub from: Option<usize>,
    /// All its bytes, headers included.
    pub bytes: Cow<'a, [u8]>,
}

/// What a part says, unfolded.
pub struct Content<'a> {
    /// The place for people: `APP1 XMP`, `iTXt XML:com.adobe.xmp`, `XMP chunk`.
    pub place: String,
    /// The keyword of a PNG text, else empty.
    pub keyword: String,
    /// The text or packet.
    pub value: Cow<'a, [u8]>,
    /// Where the value starts in the file; for a compressed one, where its part starts.
    pub offset: usize,
}

/// From the file, a part of it and another body to the whole part.
pub(super) type Rebody = fn(&[u8], &Part, &[u8]) -> Result<Vec<u8>>;

/// One kind of file. `container::TABLE` is the only list of them.
pub struct Container {
    /// MIME type.
    pub mime: &'static str,
    pub(super) matches: fn(&[u8]) -> bool,
    pub(super) walk: fn(&[u8]) -> Result<Vec<Part>>,
    pub(super) inspect: fn(&File) -> Result<Inspection>,
    pub(super) content: for<'a> fn(&'a [u8], &Part) -> Result<Option<Content<'a>>>,
    /// A whole part of the given role around a body.
    pub(super) wrap: fn(Role, &[u8]) -> Result<Vec<u8>>,
    /// The same part around another body of the same length.
    pub(super) rebody: Rebody,
    /// Index in a list of pieces where metadata of this role is put.
    pub(super) place: fn(&[Piece], Role) -> usize,
    pub(super) assemble: fn(Vec<Piece>) -> Result<Vec<u8>>,
    /// Whether metadata stands before the picture.
    pub metadata_first: bool,
    /// The largest XMP packet in bytes.
    pub xmp_limit: usize,
}

/// A file that was walked to its end.
pub struct File<'a> {
    /// All its bytes.
    pub bytes: &'a [u8],
    /// What kind it is.
    pub container: &'static Container,
    /// Its parts in file order, without a gap.
    pub parts: Vec<Part>,
}

impl<'a> File<'a> {
    /// What the headers say.
    pub fn inspect(&self) -> Result<Inspection> {
        (self.container.inspect)(self)
    }

    /// The bytes that a part carries, as they stand in the file.
    pub fn body(&self, part: &Part) -> &'a [u8] {
        self.bytes.get(part.body.clone()).unwrap_or_default()
    }

    /// Parts of one role, in file order.
    pub fn with(&self, role: Role) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |part| part.role == role)
    }

    /// Whether a part of this role is there.
    pub fn has(&self, role: Role) -> bool {
        self.with(role).next().is_some()
    }

    /// The ranges of bytes that the decoder needs, in file order, neighbours joined: coded samples, tables, palettes, frames,
    /// and the header of a PNG. Writing metadata changes where they lie, never what they hold (rule M12), so that a hash over
    /// them binds a label to its content. Colour profiles, orientation and the canvas of a WebP are not among them.
    pub fn coded(&self) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let needed = |role| role == Role::Pixels || (role == Role::Head && self.container.mime == "image/png");
        for part in self.parts.iter().filter(|part| needed(part.role)) {
            match ranges.last_mut() {
                Some(last) if last.end == part.span.start => last.end = part.span.end,
                _ => ranges.push(part.span.clone()),
            }
        }
        ranges
    }

    /// What a part says, unfolded; `None` for a compressed text under a keyword that nobody asks for.
    ///
    /// # Errors
    /// `Broken` for a text that contradicts itself, `Limit` for one of more than [`MAX_INFLATED`] bytes.
    pub fn content(&self, part: &Part) -> Result<Option<Content<'a>>> {
        (self.container.content)(self.bytes, part)
    }

    /// The file as a list to change: piece `i` is part `i`.
    pub fn pieces(&self) -> Vec<Piece<'a>> {
        self.parts.iter().map(|part| self.piece(part)).collect()
    }

    /// One part as a piece.
    pub fn piece(&self, part: &Part) -> Piece<'a> {
        let bytes = self.bytes.get(part.span.clone()).unwrap_or_default();
        Piece { role: part.role, from: Some(part.span.start), bytes: Cow::Borrowed(bytes) }
    }

    /// A new piece of this role around a body.
    ///
    /// # Errors
    /// `Limit` when the container cannot hold a body so long.
    pub fn wrap(&self, role: Role, body: &[u8]) -> Result<Piece<'a>> {
        Ok(Piece { role, from: None, bytes: Cow::Owned((self.container.wrap)(role, body)?) })
    }

    /// A part around another body of the same length: EXIF that was changed in place.
    pub fn rebody(&self, part: &Part, body: &[u8]) -> Result<Piece<'a>> {
        let bytes = (self.container.rebody)(self.bytes, part, body)?;
        Ok(Piece { role: part.role, from: Some(part.span.start), bytes: Cow::Owned(bytes) })
    }

    /// Where in a list of pieces metadata of this role belongs.
    pub fn place(&self, pieces: &[Piece], role: Role) -> usize {
        (self.container.place)(pieces, role)
    }

    /// Writes the pieces, with the sizes, flags and indices that the container keeps about them.
    pub fn assemble(&self, pieces: Vec<Piece>) -> Result<Vec<u8>> {
        (self.container.assemble)(pieces)
    }
}

/// All pieces one after another.
pub(super) fn concat(pieces: &[Piece]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pieces.iter().map(|piece| piece.bytes.len()).sum());
    for piece in pieces {
        out.extend_from_slice(&piece.bytes);
    }
    out
}

/// Adds a part within the limit of [`MAX_PARTS`].
pub(super) fn push(parts: &mut Vec<Part>, part: Part) -> Result<()> {
    if parts.len() >= MAX_PARTS {
        return Err(Error::limit(format!("the file has more than {MAX_PARTS} parts")));
    }
    parts.push(part);
    Ok(())
}

/// A text in UTF-8, or else in Latin-1.
pub fn text_of(bytes: &[u8]) -> String {
    str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|&byte| char::from(byte)).collect(), str::to_owned)
}

/// Big-endian number at `at`.
pub(super) fn u16_be(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Big-endian number at `at`.
pub(super) fn u32_be(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Little-endian number at `at`.
pub(super) fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Little-endian number of three bytes at `at`.
pub(super) fn u24_le(bytes: &[u8], at: usize) -> Option<u32> {
    let [a, b, c] = *bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes([a, b, c, 0]))
}

/// Whether `needle` occurs in `hay`.
pub fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}
