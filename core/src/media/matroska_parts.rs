//! The parts of a Matroska file: identifiers, Segments and the elements in them. Only heads are read, and Clusters are
//! skipped by their size.

use super::ebml::{CRC, Head, Node, VOID, head};
use super::kind::text_of;
use super::source::{Source, Window};
use crate::error::{Error, Result};

const EBML: u32 = 0x1A45_DFA3;
const DOC_TYPE: u32 = 0x4282;
const SEGMENT: u32 = 0x1853_8067;
pub const SEEK_HEAD: u32 = 0x114D_9B74;
pub const SEEK: u32 = 0x4DBB;
pub const SEEK_ID: u32 = 0x53AB;
pub const SEEK_POSITION: u32 = 0x53AC;
pub const INFO: u32 = 0x1549_A966;
pub const TITLE: u32 = 0x7BA9;
pub const MUXING_APP: u32 = 0x4D80;
pub const WRITING_APP: u32 = 0x5741;
pub const TRACKS: u32 = 0x1654_AE6B;
pub const TRACK: u32 = 0xAE;
pub const TRACK_TYPE: u32 = 0x83;
pub const CLUSTER: u32 = 0x1F43_B675;
pub const POSITION: u32 = 0xA7;
pub const CUES: u32 = 0x1C53_BB6B;
pub const TAGS: u32 = 0x1254_C367;
pub const TAG: u32 = 0x7373;
pub const TARGETS: u32 = 0x63C0;
/// Of a track, an edition, a chapter, an attachment.
pub const UIDS: [u32; 4] = [0x63C5, 0x63C9, 0x63C4, 0x63C6];
pub const SIMPLE: u32 = 0x67C8;
pub const NAME: u32 = 0x45A3;
pub const STRING: u32 = 0x4487;
/// The most elements of a Segment, and the most bytes of one that is read.
const MAX_PARTS: usize = 1 << 20;
const MAX_PART: u64 = 16 << 20;

/// A Segment and the elements of it, in order and without gaps.
pub struct Segment {
    /// The Segment itself.
    pub head: Head,
    /// Its elements.
    pub parts: Vec<Head>,
}

fn master(id: u32) -> bool {
    matches!(id, EBML | SEEK_HEAD | SEEK | INFO | TRACKS | TRACK | TAGS | TAG | TARGETS | SIMPLE)
}

/// An element with everything inside.
///
/// # Errors
/// As `Node::read`; `Limit` for one that is too long.
pub fn read(source: &dyn Source, part: &Head) -> Result<Node> {
    if part.end - part.start > MAX_PART {
        return Err(Error::limit(format!("an element of the film's header is longer than {MAX_PART} bytes")));
    }
    Node::read(&source.read(part.start, (part.end - part.start) as usize)?, part, master)
}

/// The type of the document, and all Segments.
///
/// # Errors
/// `Broken` for a length that points outside, or where there are no samples; `Limit` for counts beyond reason.
pub fn parse(source: &dyn Source) -> Result<(String, Vec<Segment>)> {
    let window = Window::new(source);
    let (length, mut at, mut kind, mut segments) = (source.length(), 0, String::new(), Vec::new());
    while at < length {
        let mut one = head(source, at, length)?;
        match one.id {
            SEGMENT => {
                let parts = parts(source, &window, &mut one)?;
                at = one.end;
                segments.push(Segment { head: one, parts });
                continue;
            }
            EBML if !one.open => kind = read(source, &one)?.child(DOC_TYPE).map(|node| word(node.bytes())).unwrap_or(kind),
            VOID | CRC if !one.open => {}
            _ => return Err(Error::broken("there is something that is no part of a Matroska file", at as usize)),
        }
        at = one.end;
    }
    if !segments.iter().any(|segment| segment.parts.iter().any(|part| part.id == CLUSTER)) {
        return Err(Error::broken("there is no Cluster: the file ends early, or holds no samples", length as usize));
    }
    Ok((kind, segments))
}

/// The elements of a Segment; one of unknown size ends where the next Segment starts.
fn parts(source: &dyn Source, window: &Window, segment: &mut Head) -> Result<Vec<Head>> {
    let (mut parts, mut at) = (Vec::new(), segment.body);
    while at < segment.end {
        let mut part = head(source, at, segment.end)?;
        if segment.open && matches!(part.id, EBML | SEGMENT) {
            segment.end = at;
            break;
        }
        if part.open {
            if part.id != CLUSTER {
                return Err(Error::broken("an element has an unknown size that must have a known one", at as usize));
            }
            part.end = cluster_end(window, &part)?;
        }
        if parts.len() >= MAX_PARTS {
            return Err(Error::limit(format!("a Segment has more than {MAX_PARTS} elements")));
        }
        at = part.end;
        parts.push(part);
    }
    Ok(parts)
}

/// A Cluster of unknown size ends before the first element that does not belong into one: those have identifiers of 4 bytes.
fn cluster_end(window: &Window, cluster: &Head) -> Result<u64> {
    let mut at = cluster.body;
    while at < cluster.end {
        let inside = head(window, at, cluster.end)?;
        if inside.id > 0x0FFF_FFFF {
            break;
        }
        if inside.open {
            return Err(Error::broken("a block has an unknown size", at as usize));
        }
        at = inside.end;
    }
    Ok(at)
}

/// A text without the zeros behind it.
pub fn word(bytes: &[u8]) -> String {
    text_of(bytes).trim_end_matches('\0').to_owned()
}

/// Where the element at `index` and the space behind it end.
pub fn room(segment: &Segment, index: usize) -> u64 {
    let behind = segment.parts.iter().skip(index + 1).take_while(|part| part.id == VOID);
    behind.last().or(segment.parts.get(index)).map_or(0, |part| part.end)
}
