//! What a watermark carries: schema 1, see docs/payload.md.

use crate::ecc::{Code, crc32};
use crate::error::{Error, Result};
use sha2::{Digest, Sha256};

/// Check bits behind the payload.
pub const CHECK: usize = 32;
/// Words that the list decoder keeps; each has one chance in 2^32 to pass the check by accident.
pub const LIST: usize = 64;
/// The schema's number; it enters the check bits, so that a word of another schema is not read as one of this.
const SCHEMA: u8 = 1;

/// How much a carrier has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A prefix of 32 bits, for small carriers.
    Short,
    /// 64 bits.
    Standard,
    /// 128 bits.
    Long,
}

impl Class {
    /// Payload bits.
    pub fn bits(self) -> usize {
        match self {
            Class::Short => 32,
            Class::Standard => 64,
            Class::Long => 128,
        }
    }

    /// Bits of the code word.
    pub fn length(self) -> usize {
        match self {
            Class::Short | Class::Standard => 512,
            Class::Long => 1024,
        }
    }
}

/// The first `bits` bits (a multiple of 8, 8 to 256) of SHA-256 over the UTF-8 of producer, 0x1F, content number; hexadecimal.
pub fn of(producer: &str, produce_id: &str, bits: u32) -> Result<String> {
    if !bits.is_multiple_of(8) || !(8..=256).contains(&bits) {
        return Err(Error::parameter(format!("a payload has 8 to 256 bits in whole bytes, not {bits}")));
    }
    let digest = Sha256::new().chain_update(producer).chain_update([0x1f]).chain_update(produce_id).finalize();
    Ok(hex(&digest[..bits as usize / 8]))
}

/// Small hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads hexadecimal digits, two a byte.
pub fn unhex(text: &str) -> Result<Vec<u8>> {
    let wrong = || Error::parameter("a payload is an even number of hexadecimal digits");
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong())).collect()
}

/// Payloads of one class to code words and back.
pub struct Coder {
    class: Class,
    code: Code,
}

/// A payload that passed its check.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The payload's bytes.
    pub payload: Vec<u8>,
    /// The code word that carries it.
    pub word: Vec<bool>,
}

impl Coder {
    /// The coder of one class.
    pub fn new(class: Class) -> Result<Self> {
        Ok(Self { class, code: Code::new(class.length(), class.bits() + CHECK)? })
    }

    /// What it carries.
    pub fn class(&self) -> Class {
        self.class
    }

    /// Bits of the code word.
    pub fn length(&self) -> usize {
        self.code.length()
    }

    /// The code word of the payload's first bytes; `payload` has at least as many as the class carries.
    pub fn encode(&self, payload: &[u8]) -> Result<Vec<bool>> {
        let bytes = payload.get(..self.class.bits() / 8).ok_or_else(|| {
            Error::parameter(format!("a payload of {} bits is needed, not of {}", self.class.bits(), 8 * payload.len()))
        })?;
        let mut info: Vec<bool> = bits(bytes).collect();
        let check = self.check(&info);
        info.extend(bits(&check.to_be_bytes()));
        self.code.encode(&info)
    }

    /// The likeliest payload whose check fits, of `LIST` words. `soft`: one number a code bit, positive for 0, with the size of its
    /// reliability.
    pub fn decode(&self, soft: &[f32]) -> Result<Option<Decoded>> {
        self.decode_among(soft, LIST)
    }

    /// As `decode`, of `list` words, 1 to 1,024: each has one chance in 2^32 to pass the check by accident.
    pub fn decode_among(&self, soft: &[f32], list: usize) -> Result<Option<Decoded>> {
        let split = self.class.bits();
        let found = self.code.decode(soft, list, |info| {
            let check = info[split..].iter().fold(0u32, |sum, bit| sum << 1 | u32::from(*bit));
            check == self.check(&info[..split])
        })?;
        let Some(info) = found else { return Ok(None) };
        let payload = info[..split].chunks(8).map(|byte| byte.iter().fold(0u8, |sum, bit| sum << 1 | u8::from(*bit))).collect();
        Ok(Some(Decoded { payload, word: self.code.encode(&info)? }))
    }

    /// CRC-32 over the schema's number, the number of payload bytes, and the payload.
    fn check(&self, payload: &[bool]) -> u32 {
        let head = [SCHEMA, (self.class.bits() / 8) as u8];
        let all: Vec<bool> = bits(&head).chain(payload.iter().copied()).collect();
        crc32(&all)
    }
}

/// The bits of bytes, the highest of each first.
fn bits(bytes: &[u8]) -> impl Iterator<Item = bool> + '_ {
    bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1 == 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_is_a_prefix_of_the_hash() {
        // printf 'Example\x1f42' | sha256sum
        let long = of("Example", "42", 128).unwrap();
        assert_eq!(long, "72d3686493a04b04009a20f034a49e5f");
        assert!(long.starts_with(&of("Example", "42", 64).unwrap()) && long.starts_with(&of("Example", "42", 40).unwrap()));
        for bits in [0, 4, 12, 264] {
            assert!(of("a", "b", bits).is_err());
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_and_nothing_else() {
        let payload: Vec<u8> = (0..16u8).map(|at| at.wrapping_mul(37).wrapping_add(5)).collect();
        for class in [Class::Short, Class::Standard, Class::Long] {
            let coder = Coder::new(class).unwrap();
            let word = coder.encode(&payload).unwrap();
            let soft: Vec<f32> = word.iter().map(|bit| if *bit { -1.0 } else { 1.0 }).collect();
            let decoded = coder.decode(&soft).unwrap().unwrap();
            assert_eq!(decoded.payload, payload[..class.bits() / 8]);
            assert_eq!(decoded.word, word);
            assert!(coder.encode(&payload[..3]).is_err());
            // Every other sign of a key: no word.
            let scrambled: Vec<f32> =
                soft.iter().enumerate().map(|(at, value)| if at * at % 7 < 3 { -value } else { *value }).collect();
            assert!(coder.decode(&scrambled).unwrap().is_none());
        }
    }

    #[test]
    fn hexadecimal_goes_round() {
        assert_eq!(unhex("00fFa1").unwrap(), [0, 255, 161]);
        assert_eq!(hex(&[0, 255, 161]), "00ffa1");
        assert!(unhex("0").is_err() && unhex("0g").is_err());
    }
}
