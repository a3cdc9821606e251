//! Boxes of the ISO base media file format (ISO/IEC 14496-12), which QuickTime, MP4, AVIF, HEIC and JPEG XL share.

pub mod atom;
pub mod chunks;
pub mod heads;
pub mod iloc;
pub mod layout;

/// The identifier of a C2PA manifest's box `uuid` (C2PA 2.1, A.5).
pub const C2PA_ID: [u8; 16] = [0xD8, 0xFE, 0xC3, 0xD6, 0x1B, 0x0E, 0x48, 0x3C, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7E, 0xC4, 0x81];
/// Major brands of pictures (ISO/IEC 23008-12, AV1 image file format), which are no films.
const PICTURES: [&[u8; 4]; 11] =
    [b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1"];

/// Whether the first bytes are those of an AVIF or HEIC.
pub fn is_picture(head: &[u8]) -> bool {
    head.get(4..8) == Some(b"ftyp") && head.get(8..12).is_some_and(|brand| PICTURES.iter().any(|one| brand == *one))
}
