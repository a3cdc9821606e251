//! Payloads that a caller asks for: whether a picture carries one of them can be told of a mark far too weak to be read.
//!
//! Reading has to find one word of 2^64; asking tests one. At a place that the pilot only suggests, or that the payload itself tells, the
//! word's chips are compared with the word that the payload has.

use super::carrier::{CLASSES, Carrier};
use super::embed::Place;
use super::spectrum::Pilot;
use crate::error::{Error, Result};
use crate::keyed::Key;
use crate::payload::{hex, unhex};

/// The most payloads of one call.
const MOST: usize = 8;

/// The code word of one payload in one form.
pub struct Word {
    /// Which form.
    pub form: usize,
    /// The bits of the payload that the form carries, hexadecimal.
    pub payload: String,
    /// The code word.
    pub word: Vec<bool>,
}

/// The payloads asked for, as one key would mark them.
pub struct Asked {
    /// How many payloads, each of which has at most one word in a form.
    pub count: usize,
    /// Of every payload in every form that carries it or its first bits.
    pub words: Vec<Word>,
    /// Where each payload would lie in this picture, had it been marked at its present size.
    pub places: Vec<Pilot>,
}

impl Asked {
    /// The payloads of a call. ERR_PARAMETER for what is not 16 or 32 hexadecimal digits, and for more than 8.
    pub fn payloads(texts: &[String]) -> Result<Vec<Vec<u8>>> {
        if texts.len() > MOST {
            return Err(Error::parameter(format!("{} payloads are asked for at once; at most {MOST} can be", texts.len())));
        }
        texts
            .iter()
            .map(|text| match unhex(text) {
                Ok(bytes) if bytes.len() == 8 || bytes.len() == 16 => Ok(bytes),
                _ => Err(Error::parameter("a payload asked for must be 16 or 32 hexadecimal digits")),
            })
            .collect()
    }

    /// `size`: width and height of the picture as stored, where it is one.
    pub fn new(key: &Key, carrier: &Carrier, payloads: &[Vec<u8>], size: Option<(u32, u32)>) -> Result<Self> {
        let (mut words, mut places) = (Vec::new(), Vec::new());
        for payload in payloads {
            for (form, class) in CLASSES.iter().enumerate() {
                if let Some(carried) = payload.get(..class.bits() / 8) {
                    words.push(Word { form, payload: hex(carried), word: carrier.coder(form).encode(payload)? });
                }
            }
            // A maker who gave the first 64 bits of a longer payload marked the picture as those say.
            for length in [8, 16].into_iter().filter(|length| *length <= payload.len()) {
                let Some((width, height)) = size else { continue };
                let Place { form, variant, shift } = Place::of(key, &payload[..length], width, height);
                // The tile's sample 0 lies at the centre of a canonical pixel.
                places.push(Pilot::at(variant as usize, shift.map(|shift| shift + 0.5), form));
            }
        }
        Ok(Self { count: payloads.len(), words, places })
    }
}
