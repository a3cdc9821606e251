//! The 32 check bits that tell a decoded word from noise.

/// The polynomial 0x04C11DB7 with its bits reversed, as a register that shifts to the right wants it.
const POLYNOMIAL: u32 = 0xedb8_8320;

/// CRC-32/ISO-HDLC (ISO/IEC 13239; the one of Ethernet, gzip and PNG) over a list of bits of any length.
///
/// Polynomial 0x04C11DB7, register all ones at the start, complemented at the end. Bits enter in list order; to get the
/// published value of a byte string, list each byte's lowest bit first. Start and end keep an all-zero word from passing.
pub fn crc32(bits: &[bool]) -> u32 {
    !bits.iter().fold(u32::MAX, |register, bit| {
        let out = (register & 1 == 1) != *bit;
        (register >> 1) ^ if out { POLYNOMIAL } else { 0 }
    })
}
