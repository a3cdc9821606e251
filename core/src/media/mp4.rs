//! MP4, QuickTime, M4A, M4V and 3GP, whole or fragmented.
//!
//! The coded samples are the bodies of all `mdat` boxes in file order: moving moov, or our own writing, leaves their hash.

use super::bmff::atom::{Atom, Body, number};
use super::bmff::heads::{Head, heads};
use super::bmff::layout::{self, Layout};
use super::bmff::{C2PA_ID, is_picture};
use super::kind::{Budget, Label, Media, Text, Walk, XMP, in_order, text_of, without_label};
use super::mp4_tags::{KEY, Tag, entry, handler, item, keyed, keys, table, tags};
use super::source::{Source, Splice, Window, replace};
use crate::error::{Error, Result};
use std::ops::Range;

/// The row of the table.
pub const MEDIA: Media = Media { name: "MP4 and QuickTime", matches, walk, write };

/// The XMP box (XMP part 3, 2.3.2).
const XMP_ID: [u8; 16] = [0xBE, 0x7A, 0xCF, 0xCB, 0x97, 0xA9, 0x42, 0xE8, 0x9C, 0x71, 0x99, 0x94, 0x91, 0xE3, 0xAF, 0xAC];

fn matches(bytes: &[u8]) -> bool {
    match bytes.get(4..8) {
        // Raw pictures of Canon share the structure.
        Some(b"ftyp") => !is_picture(bytes) && bytes.get(8..12) != Some(b"crx "),
        // QuickTime from before brands.
        Some(b"moov" | b"mdat" | b"wide" | b"skip" | b"free" | b"pnot") => bytes.starts_with(&[0]),
        _ => false,
    }
}

fn walk(source: &dyn Source) -> Result<Walk> {
    let source = Window::new(source);
    let heads = heads(&source)?;
    let head = only_moov(&heads)?;
    let mut moov = Atom::read(&layout::whole(&source, head)?, head.start)?;
    check(&mut moov, source.length())?;
    let mut budget = Budget::new();
    let mut found = Walk { mime: mime(&source, &moov)?, texts: texts(&moov, &mut budget)?, coded: Vec::new(), c2pa: false };
    for head in &heads {
        match &head.kind {
            b"mdat" if head.body < head.end => found.coded.push(head.inside()),
            b"uuid" => uuid(&source, head, &mut budget, &mut found)?,
            b"meta" => {
                let meta = Atom::read(&layout::whole(&source, head)?, head.start)?;
                found.texts.extend(texts(&meta, &mut budget)?);
            }
            _ => {}
        }
    }
    in_order(&mut found.texts);
    Ok(found)
}

fn only_moov(heads: &[Head]) -> Result<&Head> {
    let mut all = heads.iter().filter(|head| head.kind == *b"moov");
    let first = all.next().ok_or_else(|| Error::broken("there is no box moov: the file ends early, or is only a segment", 0))?;
    match all.next() {
        None => Ok(first),
        Some(second) => Err(Error::broken("there are two boxes moov", second.start as usize)),
    }
}

/// Sample tables must point into the file, as far as its samples are in it.
fn check(moov: &mut Atom, length: u64) -> Result<()> {
    if moov.child(b"cmov").is_some() {
        return Err(Error::unsupported("the movie header is compressed (cmov), which is not read"));
    }
    for trak in moov.inside_mut().into_iter().flatten().filter(|atom| atom.kind == *b"trak") {
        let minf = trak.child(b"mdia").and_then(|mdia| mdia.child(b"minf"));
        let dref = minf.and_then(|minf| minf.child(b"dinf")).and_then(|dinf| dinf.child(b"dref"));
        // Of one entry, the flag says that the samples are in this file.
        if dref.and_then(|dref| number(dref.bytes(), 16, 4)).is_some_and(|flags| flags & 1 == 0) {
            continue;
        }
        layout::offsets(trak, &mut |kind, offset| match kind != *b"saio" && offset > length {
            true => Err(Error::broken("a table points behind the end of the file, which ends early", length as usize)),
            false => Ok(()),
        })?;
    }
    Ok(())
}

fn mime(source: &dyn Source, moov: &Atom) -> Result<&'static str> {
    let head = source.read(0, source.length().min(12) as usize)?;
    let brand = if head.get(4..8) == Some(b"ftyp") { head.get(8..12) } else { Some(b"qt  ".as_slice()) };
    let handlers = moov.inside().iter().filter(|atom| atom.kind == *b"trak").filter_map(|trak| handler(trak.child(b"mdia")?));
    let handlers: Vec<&[u8]> = handlers.collect();
    let sound_only = handlers.contains(&b"soun".as_slice()) && !handlers.contains(&b"vide".as_slice());
    Ok(match brand {
        Some(b"qt  ") => "video/quicktime",
        _ if sound_only => "audio/mp4",
        Some([b'3', b'g', ..]) => "video/3gpp",
        _ => "video/mp4",
    })
}

fn texts(root: &Atom, budget: &mut Budget) -> Result<Vec<Text>> {
    Ok(tags(root, budget)?.into_iter().map(|tag| tag.text).collect())
}

fn uuid(source: &dyn Source, head: &Head, budget: &mut Budget, found: &mut Walk) -> Result<()> {
    let inside = head.inside();
    let id = source.read(inside.start, (inside.end - inside.start).min(16) as usize)?;
    if *id == C2PA_ID {
        found.c2pa = true;
    }
    if *id == XMP_ID {
        budget.take(head.end - head.start)?;
        let bytes = layout::whole(source, head)?;
        let value = text_of(bytes.get((inside.start - head.start) as usize + 16..).unwrap_or_default());
        found.texts.push(Text { place: "uuid XMP".into(), key: XMP.into(), value, offset: inside.start + 16, official: false });
    }
    Ok(())
}

fn write(source: &dyn Source, walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>> {
    let source = &Window::new(source) as &dyn Source;
    let heads = heads(source)?;
    let head = only_moov(&heads)?;
    let mut moov = Atom::read(&layout::whole(source, head)?, head.start)?;
    let dropped: Vec<u64> = drop.iter().filter_map(|&index| walk.texts.get(index)).map(|text| text.offset).collect();
    edit(&mut moov, label.aigc.as_deref(), &dropped)?;

    // Boxes beside moov that change, and a new packet right behind it.
    let mut cuts = Vec::new();
    let mut packet = Vec::new();
    let mut placed = label.digital_source_type.is_none();
    for text in walk.texts.iter().filter(|text| text.key == XMP && text.place == "uuid XMP") {
        let Some(home) = heads.iter().find(|head| head.body + 16 == text.offset) else { continue };
        let mut value = text.value.clone();
        if dropped.contains(&text.offset) {
            value = without_label(&value)?;
        }
        if !placed {
            value = source_type(label).packet(Some(&value))?;
            placed = true;
        }
        if value != text.value {
            cuts.push((home.span(), uuid_box(&value)?));
        }
    }
    if !placed {
        packet = uuid_box(&source_type(label).packet(None)?)?;
    }
    let mut metas = Vec::new();
    for head in heads.iter().filter(|head| head.kind == *b"meta") {
        let mut meta = Atom::read(&layout::whole(source, head)?, head.start)?;
        clear(&mut meta, &dropped)?;
        metas.push((head.span(), meta));
    }
    settle(source, &heads, head, moov, packet, cuts, metas)
}

fn source_type(label: &Label) -> Label {
    Label { aigc: None, ..label.clone() }
}

fn uuid_box(packet: &str) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    Atom::leaf(*b"uuid", [&XMP_ID, packet.as_bytes()].concat()).write(&mut out)?;
    Ok(out)
}

/// Puts everything together once the length of moov is known.
fn settle(
    source: &dyn Source,
    heads: &[Head],
    head: &Head,
    mut moov: Atom,
    packet: Vec<u8>,
    mut cuts: Vec<(Range<u64>, Vec<u8>)>,
    metas: Vec<(Range<u64>, Atom)>,
) -> Result<Vec<Splice>> {
    let (room, layout) = loop {
        let room = layout::room(heads, head, moov.length() + packet.len() as u64);
        let mut lengths = vec![(room.span.clone(), room.length)];
        lengths.extend(metas.iter().map(|(span, meta)| (span.clone(), meta.length())));
        let layout = Layout::of(&cuts, &lengths);
        if !layout::promote(&mut moov, &layout)? {
            break (room, layout);
        }
    };
    layout::shift(&mut moov, &layout)?;
    for (span, mut meta) in metas {
        layout::places(&mut meta, &layout)?;
        let mut bytes = Vec::with_capacity(meta.length() as usize);
        meta.write(&mut bytes)?;
        cuts.push((span, bytes));
    }
    let mut bytes = Vec::with_capacity(room.length as usize);
    moov.write(&mut bytes)?;
    bytes.extend(packet);
    room.close(&mut bytes);
    cuts.push((room.span, bytes));
    cuts.extend(layout::others(source, heads, &layout)?);
    replace(source.length(), cuts)
}

/// Takes the texts at these offsets out of a tree. True where there was one.
fn clear(root: &mut Atom, dropped: &[u64]) -> Result<bool> {
    let mut gone: Vec<Tag> =
        tags(root, &mut Budget::new())?.into_iter().filter(|tag| dropped.contains(&tag.text.offset)).collect();
    gone.sort_by(|a, b| b.path.cmp(&a.path));
    gone.dedup_by(|a, b| a.path == b.path);
    for tag in &gone {
        let Some((&last, way)) = tag.path.split_last() else { continue };
        let parent = way.iter().try_fold(&mut *root, |atom, &index| atom.inside_mut()?.get_mut(index));
        let Some(list) = parent.and_then(Atom::inside_mut) else { continue };
        if tag.text.key == XMP {
            if let Some(atom) = list.get_mut(last) {
                atom.body = Body::Bytes(without_label(&tag.text.value)?.into_bytes());
            }
        } else if last < list.len() {
            list.remove(last);
        }
    }
    Ok(!gone.is_empty())
}

/// Takes labels out of moov and puts the new one into its place.
fn edit(moov: &mut Atom, label: Option<&str>, dropped: &[u64]) -> Result<()> {
    clear(moov, dropped)?;
    let Some(label) = label else { return Ok(()) };
    let Some(boxes) = moov.inside_mut() else { return Err(Error::broken("the movie header holds no boxes", 0)) };
    let known = boxes.iter_mut().find(|atom| atom.kind == *b"meta" && handler(atom) == Some(b"mdta")).map(mirror);
    if !boxes.iter().any(|atom| atom.kind == *b"udta") {
        boxes.push(Atom::tree(*b"udta", Vec::new(), Vec::new()));
    }
    let udta = boxes.iter_mut().find(|atom| atom.kind == *b"udta").and_then(Atom::inside_mut);
    let Some(udta) = udta else { return Ok(()) };
    let home =
        udta.iter_mut().find(|atom| atom.kind == *b"meta" && handler(atom) == Some(b"mdta") && atom.child(b"keys").is_some());
    match home {
        Some(meta) => add(meta, label),
        None => {
            udta.push(keyed(&known.flatten().unwrap_or_else(|| table(KEY)), label));
            Ok(())
        }
    }
}

/// ffmpeg has one table of keys a file, whichever comes first: with a keyed list under moov already there, both get the same.
fn mirror(meta: &mut Atom) -> Option<(Vec<u8>, u32)> {
    let known = keys(meta)?;
    let index = add_key(meta, &known)?;
    Some((meta.child(b"keys")?.bytes().to_vec(), index))
}

/// A key and its item in a list that is there.
fn add(meta: &mut Atom, label: &str) -> Result<()> {
    let known = keys(meta).unwrap_or_default();
    let Some(number) = add_key(meta, &known) else { return Ok(()) };
    let Some(boxes) = meta.inside_mut() else { return Ok(()) };
    if !boxes.iter().any(|atom| atom.kind == *b"ilst") {
        boxes.push(Atom::tree(*b"ilst", Vec::new(), Vec::new()));
    }
    if let Some(list) = boxes.iter_mut().find(|atom| atom.kind == *b"ilst").and_then(Atom::inside_mut) {
        list.push(item(number, label));
    }
    Ok(())
}

/// The number of the label's key, which is put behind the others where it is not among them.
fn add_key(meta: &mut Atom, known: &[([u8; 4], String)]) -> Option<u32> {
    let index = known.iter().position(|(space, key)| space == b"mdta" && key == KEY);
    let keys = meta.inside_mut()?.iter_mut().find(|atom| atom.kind == *b"keys")?;
    if let (None, Body::Bytes(bytes)) = (index, &mut keys.body) {
        bytes.extend(entry(KEY));
        bytes.get_mut(4..8)?.copy_from_slice(&(known.len() as u32 + 1).to_be_bytes());
    }
    u32::try_from(index.unwrap_or(known.len()) + 1).ok()
}
