//! Matroska and WebM (RFC 9559): the label is a `SimpleTag` of the whole file (TC260-PG-20257A), XMP one beside it, which is
//! our convention, as Matroska has none.
//!
//! Positions count from the start of the Segment's body. So the tags go where nothing with a position moves: into an element
//! Tags that has room, into space before the first Cluster, before a first Cluster that nobody points behind, or to the end.
//! Coded are the bodies of all Clusters.

use super::ebml::{CRC, Head, Node, VOID, head, size, void};
use super::kind::{Budget, Label, Media, Text, Walk, XMP, beside};
use super::matroska_parts::{
    CLUSTER, CUES, INFO, MUXING_APP, NAME, POSITION, SEEK, SEEK_HEAD, SEEK_ID, SEEK_POSITION, SIMPLE, STRING, Segment, TAG, TAGS,
    TARGETS, TITLE, TRACK_TYPE, TRACKS, UIDS, WRITING_APP, parse, read, room, word,
};
use super::source::{Source, Splice, replace};
use crate::error::{Error, Result};
use crate::xmp::RDF;
use std::ops::Range;

/// The row of the table.
pub const MEDIA: Media =
    Media { name: "Matroska and WebM", matches: |bytes| bytes.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]), walk, write };

/// The name of a tag that holds a packet.
const PACKET: &str = "XMP";

fn walk(source: &dyn Source) -> Result<Walk> {
    let (kind, segments) = parse(source)?;
    let mut found = Walk { mime: "video/matroska", texts: Vec::new(), coded: Vec::new(), c2pa: false };
    let (mut budget, mut pictures, mut sound) = (Budget::new(), false, false);
    for part in segments.iter().flat_map(|segment| &segment.parts) {
        match part.id {
            CLUSTER => found.coded.push(part.inside()),
            TRACKS | INFO | TAGS => {
                budget.take(part.end - part.start)?;
                let node = read(source, part)?;
                let first = found.texts.len();
                match part.id {
                    TAGS => node.inside().iter().filter(|tag| tag.id == TAG).for_each(|tag| tags(tag, tag, &mut found.texts)),
                    INFO => found.texts.extend(node.inside().iter().filter_map(info)),
                    _ => {
                        let kinds = node.inside().iter().filter_map(|track| track.child(TRACK_TYPE)).map(Node::number);
                        kinds.for_each(|kind| (pictures, sound) = (pictures || kind == 1, sound || kind == 2));
                    }
                }
                for _ in first..found.texts.len() {
                    budget.take(0)?;
                }
            }
            _ => {}
        }
    }
    found.mime = match (kind == "webm", sound && !pictures) {
        (true, true) => "audio/webm",
        (true, false) => "video/webm",
        (false, true) => "audio/matroska",
        (false, false) => "video/matroska",
    };
    Ok(found)
}

fn info(node: &Node) -> Option<Text> {
    let key = match node.id {
        TITLE => "Title",
        MUXING_APP => "MuxingApp",
        WRITING_APP => "WritingApp",
        _ => return None,
    };
    Some(Text { place: format!("Info {key}"), key: key.into(), value: word(node.bytes()), offset: node.at, official: false })
}

/// The texts of a Tag, or of a SimpleTag with others inside.
fn tags(tag: &Node, parent: &Node, texts: &mut Vec<Text>) {
    let whole = !tag.child(TARGETS).is_some_and(|targets| targets.inside().iter().any(|node| UIDS.contains(&node.id)));
    for simple in parent.inside().iter().filter(|node| node.id == SIMPLE) {
        let name = simple.child(NAME).map(|node| word(node.bytes())).unwrap_or_default();
        for string in simple.inside().iter().filter(|node| node.id == STRING) {
            let value = word(string.bytes());
            let xmp = name == PACKET && value.contains(RDF);
            texts.push(Text {
                place: format!("Tags SimpleTag {name}"),
                key: if xmp { XMP.into() } else { name.clone() },
                value,
                offset: string.at,
                official: whole && name == "AIGC" && std::ptr::eq(tag, parent),
            });
        }
        tags(tag, simple, texts);
    }
}

/// Takes the texts at these offsets out; true where there was one. Tags that say nothing then go with them.
fn prune(node: &mut Node, dropped: &[u64]) -> bool {
    let Some(inside) = node.inside_mut() else { return false };
    let mut changed = false;
    inside.retain_mut(|child| {
        if dropped.contains(&child.at) && matches!(child.id, STRING | TITLE | MUXING_APP | WRITING_APP) {
            changed = true;
            return false;
        }
        let touched = prune(child, dropped);
        changed |= touched;
        !touched || child.inside().iter().any(|left| matches!(left.id, STRING | SIMPLE))
    });
    changed
}

fn write(source: &dyn Source, walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>> {
    let (_, segments) = parse(source)?;
    let offset = |index: usize| walk.texts.get(index).map(|text| text.offset);
    let plain = |index: &usize| walk.texts.get(*index).is_some_and(|text| text.key != XMP);
    let mut dropped: Vec<u64> = drop.iter().copied().filter(plain).filter_map(offset).collect();
    let simple = |name: &str, value: &str| {
        Node::tree(SIMPLE, vec![Node::leaf(NAME, name.as_bytes()), Node::leaf(STRING, value.as_bytes())])
    };
    let mut new: Vec<Node> = label.aigc.iter().map(|json| simple("AIGC", json)).collect();
    for (index, packet) in beside(walk, label, drop)? {
        dropped.extend(index.and_then(offset));
        new.push(simple(PACKET, &packet));
    }
    let mut new = (!new.is_empty()).then(|| {
        new.insert(0, Node::tree(TARGETS, Vec::new()));
        Node::tree(TAG, new)
    });

    let mut cuts = Vec::new();
    for segment in &segments {
        let (before, mut grown) = (cuts.len(), 0);
        // The first Segment is the one that players show.
        let mut new = new.take();
        for (index, part) in segment.parts.iter().enumerate().filter(|(_, part)| matches!(part.id, TAGS | INFO)) {
            let mut node = read(source, part)?;
            let changed = prune(&mut node, &dropped);
            if let (TAGS, Some(tag)) = (part.id, &new)
                && let Some((range, bytes)) = into(segment, index, &node, tag)
            {
                grown = bytes.len() as i64 - (range.end - range.start) as i64;
                cuts.push((range, bytes));
                new = None;
            } else if changed {
                let length = part.end - part.start;
                let empty = part.id == TAGS && node.child(TAG).is_none();
                let filled = if empty { Some(void(length)) } else { node.fill(length) };
                cuts.push((
                    part.span(),
                    filled.ok_or_else(|| Error::broken("an element cannot be made shorter", part.start as usize))?,
                ));
            }
        }
        if let Some(tag) = new {
            let (more, placed) = place(source, segment, Node::tree(TAGS, vec![tag]))?;
            grown = more as i64;
            cuts.extend(placed);
        }
        if cuts.len() > before {
            // A sum over the whole Segment is no longer right.
            cuts.extend(
                segment.parts.iter().filter(|part| part.id == CRC).map(|part| (part.span(), void(part.end - part.start))),
            );
        }
        if grown != 0 && !segment.head.open {
            // Should the size need more bytes, then only the Segment as a whole moves.
            let field = segment.head.start + 4..segment.head.body;
            let length = (segment.head.end - segment.head.body).saturating_add_signed(grown);
            cuts.push((field.clone(), size(length, (field.end - field.start) as u32)));
        }
    }
    replace(source.length(), cuts)
}

/// A tag into the element Tags at `index`, where there is room or nothing behind.
fn into(segment: &Segment, index: usize, tags: &Node, tag: &Node) -> Option<(Range<u64>, Vec<u8>)> {
    let (start, end) = (segment.parts.get(index)?.start, room(segment, index));
    let mut tags = tags.clone();
    tags.inside_mut()?.push(tag.clone());
    let bytes = if end == segment.head.end { tags.write() } else { tags.fill(end - start)? };
    Some((start..end, bytes))
}

/// A new element Tags: by how much the Segment grows, and what changes.
#[allow(clippy::type_complexity)]
fn place(source: &dyn Source, segment: &Segment, tags: Node) -> Result<(u64, Vec<(Range<u64>, Vec<u8>)>)> {
    let first = segment.parts.iter().position(|part| part.id == CLUSTER).unwrap_or(segment.parts.len());
    for (index, part) in segment.parts.iter().enumerate().take(first).filter(|(_, part)| part.id == VOID) {
        let end = room(segment, index);
        if let Some(bytes) = tags.fill(end - part.start) {
            return Ok((0, vec![(part.start..end, bytes)]));
        }
    }
    let bytes = tags.write();
    let grown = bytes.len() as u64;
    let start = segment.parts.get(first).map_or(segment.head.end, |part| part.start);
    let mut lists = Vec::new();
    for (index, part) in segment.parts.iter().enumerate().filter(|(_, part)| part.id == SEEK_HEAD) {
        lists.push((index, read(source, part)?));
    }
    let behind = |seek: &Node| seek.child(SEEK_POSITION).is_none_or(|node| node.number() >= start - segment.head.body);
    let pointed = lists.iter().flat_map(|(_, list)| list.inside()).any(|seek| seek.id == SEEK && behind(seek));
    if !pointed && !segment.parts.iter().any(|part| part.id == CUES) && !positioned(source, segment.parts.get(first))? {
        return Ok((grown, vec![(start..start, bytes)]));
    }
    let end = segment.head.end;
    let mut cuts = vec![(end..end, bytes)];
    if let Some((index, list)) = lists.into_iter().next()
        && let Some(part) = segment.parts.get(index)
    {
        let to = room(segment, index);
        let list = enter(list, end - segment.head.body, to - part.start, behind);
        cuts.extend(list.map(|list| (part.start..to, list)));
    }
    Ok((grown, cuts))
}

/// Whether a Cluster says where it stands.
fn positioned(source: &dyn Source, cluster: Option<&Head>) -> Result<bool> {
    let Some(cluster) = cluster else { return Ok(false) };
    let mut at = cluster.body;
    for _ in 0..4 {
        if at >= cluster.end {
            break;
        }
        let inside = head(source, at, cluster.end)?;
        if inside.id == POSITION {
            return Ok(true);
        }
        at = inside.end;
    }
    Ok(false)
}

/// The list of places with one more entry, in the room that it has. Where that is too little, entries go for elements before
/// the first Cluster, which every reader meets on its way; `None` where that is not enough.
fn enter(mut list: Node, position: u64, room: u64, behind: impl Fn(&Node) -> bool) -> Option<Vec<u8>> {
    let place: Vec<u8> = position.to_be_bytes().into_iter().skip_while(|&byte| byte == 0).collect();
    let seek = Node::tree(SEEK, vec![Node::leaf(SEEK_ID, &TAGS.to_be_bytes()), Node::leaf(SEEK_POSITION, &place)]);
    list.inside_mut()?.push(seek);
    loop {
        if let Some(bytes) = list.fill(room) {
            return Some(bytes);
        }
        let inside = list.inside_mut()?;
        let spare = inside.iter().rposition(|seek| seek.id == SEEK && !behind(seek))?;
        inside.remove(spare);
    }
}
