//! Photoshop image resources (Adobe Photoshop file format, "Image resource blocks"), as JPEG carries them in APP13.

/// What stands before the resources in every segment.
pub const IDENTIFIER: &[u8] = b"Photoshop 3.0\0";
/// Thumbnail of Photoshop 4 and of Photoshop 5 and later.
const THUMBNAILS: [[u8; 2]; 2] = [[0x04, 0x09], [0x04, 0x0C]];

/// The resources of all segments of a file without the thumbnails; `None` when there is no thumbnail.
///
/// `bodies` are the segments after their identifier: one stream, cut anywhere. From the first resource that cannot be
/// read on, all is dropped if a thumbnail was seen or may follow, since nobody can say what it shows.
pub fn without_thumbnails(bodies: &[&[u8]]) -> Option<Vec<u8>> {
    let bytes = bodies.concat();
    let mut kept = Vec::new();
    let mut at = 0;
    let mut dropped = false;
    while at < bytes.len() {
        let Some((id, length)) = resource(&bytes, at) else {
            // Zeros as padding are harmless; anything else is not understood.
            let rest = bytes.get(at..).unwrap_or_default();
            dropped |= rest.iter().any(|&byte| byte != 0);
            break;
        };
        if THUMBNAILS.contains(&id) {
            dropped = true;
        } else {
            kept.extend_from_slice(bytes.get(at..at + length).unwrap_or_default());
        }
        at += length;
    }
    dropped.then_some(kept)
}

/// Identifier and whole length of the resource at `at`.
fn resource(bytes: &[u8], at: usize) -> Option<([u8; 2], usize)> {
    let rest = bytes.get(at..)?;
    rest.strip_prefix(b"8BIM")?;
    let id = *rest.get(4..)?.first_chunk::<2>()?;
    let name = usize::from(*rest.get(6)?) + 1;
    let name = name + name % 2;
    let size = u32::from_be_bytes(*rest.get(6 + name..)?.first_chunk()?) as usize;
    let end = 6usize.checked_add(name)?.checked_add(4)?.checked_add(size)?;
    if end > rest.len() {
        return None;
    }
    // The last resource is sometimes not padded.
    Some((id, (end + size % 2).min(rest.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(id: u16, data: &[u8]) -> Vec<u8> {
        let mut out = b"8BIM".to_vec();
        out.extend(id.to_be_bytes());
        out.extend([0, 0]);
        out.extend((data.len() as u32).to_be_bytes());
        out.extend(data);
        if data.len() % 2 == 1 {
            out.push(0);
        }
        out
    }

    #[test]
    fn only_thumbnails_go_even_across_segments() {
        let (iptc, thumbnail, other) = (make(0x0404, b"iptc!"), make(0x040C, &[7; 33]), make(0x03ED, b"dpi "));
        let all = [iptc.clone(), thumbnail, other.clone()].concat();
        let (a, b) = all.split_at(30);
        assert_eq!(without_thumbnails(&[a, b]), Some([iptc.clone(), other.clone()].concat()));
        assert_eq!(without_thumbnails(&[&iptc, &other]), None);
        assert_eq!(without_thumbnails(&[&iptc, b"garbage"]), Some(iptc));
    }
}
