//! The tags of a sound file around samples that were coded anew: encoders keep only those that they know.

use super::source::Source;
use super::tagged::Tagged;
use super::{find, flac, kind::Budget, ogg};
use crate::error::{Error, Result};

/// The samples of `encoded` with the tags of `source`, both MP3, AAC, FLAC or Ogg; `None` for other kinds.
///
/// # Errors
/// `Unsupported` for two kinds of file; what reading either gives.
pub fn carry(source: &[u8], encoded: &[u8]) -> Result<Option<Vec<u8>>> {
    let [Some(one), Some(other)] = [find(&source)?, find(&encoded)?] else { return Ok(None) };
    let (one, other) = ((one.walk)(&source)?.mime, (other.walk)(&encoded)?.mime);
    if !matches!(one, "audio/mpeg" | "audio/aac" | "audio/flac" | "audio/ogg") {
        return Ok(None);
    }
    if one != other {
        return Err(Error::unsupported(format!("metadata is carried between files of one kind, not from {one} to {other}")));
    }
    if one == "audio/ogg" {
        return ogg::carry(&source, &encoded).map(Some);
    }
    let inside = |bytes: &[u8]| -> Result<std::ops::Range<u64>> { Ok(Tagged::of(&bytes, &mut Budget::new())?.inside) };
    let (from, into) = (inside(source)?, inside(encoded)?);
    let part = |bytes: &[u8], start: u64, end: u64| -> Result<Vec<u8>> {
        Ok((&bytes as &dyn Source).read(start, (end - start) as usize)?.into_owned())
    };
    let middle =
        if one == "audio/flac" { flac::carry(&source, &from, &encoded, &into)? } else { part(encoded, into.start, into.end)? };
    Ok(Some([part(source, 0, from.start)?, middle, part(source, from.end, source.len() as u64)?].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::samples;

    fn texts(bytes: &[u8]) -> Vec<(String, String)> {
        let walk = (find(&bytes).unwrap().unwrap().walk)(&bytes).unwrap();
        let mut texts: Vec<_> = walk.texts.into_iter().map(|text| (text.key, text.value)).collect();
        texts.sort();
        texts
    }

    #[test]
    fn other_kinds_are_left_to_others() {
        assert_eq!(carry(b"RIFF\0\0\0\0WEBP", b"RIFF\0\0\0\0WEBP").unwrap(), None);
        assert!(carry(&samples::mp3(), &samples::ogg(true, 1, &["A=b"], 1).concat()).is_err());
    }

    #[test]
    fn the_tags_of_one_stand_around_the_samples_of_the_other() {
        let list = |texts: &[&str]| samples::comments(texts);
        let flac = |texts: &[&str]| samples::flac(&[(4, &list(texts)), (6, b"a picture")]);
        let ogg = |texts: &[&str]| samples::ogg(true, 7, texts, 4).concat();
        let picture = format!("METADATA_BLOCK_PICTURE={}", "A".repeat(70_000));
        let pairs = [
            (flac(&["TITLE=kept", "MOOD=x"]), samples::flac(&[(4, &list(&["encoder=y"]))])),
            (ogg(&["TITLE=kept", &picture]), ogg(&["encoder=y"])),
            ([samples::id3(4, 0, &samples::id3_frame(b"TIT2", 0, b"\x03kept")), samples::mp3()].concat(), samples::mp3()),
        ];
        for (source, encoded) in pairs {
            let made = carry(&source, &encoded).unwrap().unwrap();
            assert_eq!(texts(&made), texts(&source));
            assert!(made.windows(4).any(|four| four == b"kept"));
            let coded =
                |bytes: &[u8]| crate::media::digest(&bytes, &(find(&bytes).unwrap().unwrap().walk)(&bytes).unwrap()).unwrap();
            assert_eq!(coded(&made), coded(&encoded), "the samples are those of the other");
        }
    }
}
