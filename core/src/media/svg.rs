//! SVG: RDF inside the element `metadata` (SVG 1.1, 21). No guide names a place: this is our own convention, and that of XMP
//! part 3. Only text is put in; the rest of the file stays byte for byte.

use super::kind::{Label, Media, Text, Walk, XMP, packets};
use super::source::{Source, Splice};
use super::svg_coded::left_out;
use crate::error::{Error, Result};
use crate::xmp::RDF;
use crate::xmp::markup::{Event, Scanner};
use std::ops::Range;

/// The row of the table.
pub const MEDIA: Media = Media { name: "SVG", matches, walk, write };

/// The longest picture.
const MAX_TEXT: u64 = 64 << 20;

fn matches(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    bytes.starts_with(b"<")
        && bytes.windows(5).find_map(|window| match window {
            [b'<', b's', b'v', b'g', after] => Some(after.is_ascii_whitespace() || matches!(after, b'>' | b'/')),
            // Another document that holds a picture.
            [b'<', first, ..] if first.is_ascii_alphabetic() => Some(false),
            _ => None,
        }) == Some(true)
}

/// What matters of the text.
struct Picture {
    /// The root's start tag.
    root: Range<usize>,
    /// Whether it is empty.
    empty: bool,
    /// The elements `metadata` right under the root, and whether RDF stands there.
    metadata: Vec<(Range<usize>, bool)>,
}

fn text(source: &dyn Source) -> Result<String> {
    if source.length() > MAX_TEXT {
        return Err(Error::limit(format!("an SVG of more than {MAX_TEXT} bytes is not read")));
    }
    let bytes = source.read(0, source.length() as usize)?;
    if matches!(&*bytes, [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..]) {
        return Err(Error::unsupported("the SVG is not in UTF-8"));
    }
    let text = str::from_utf8(&bytes).map_err(|error| Error::broken("the SVG is not valid UTF-8", error.valid_up_to()))?;
    Ok(text.to_owned())
}

/// Where the root starts: behind declaration, comments and document type, which XMP's reader does not take.
fn root(text: &str) -> Result<usize> {
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let skip =
            |opening: &str, closing: &str| rest.starts_with(opening).then(|| rest.find(closing).map(|end| end + closing.len()));
        at += if rest.starts_with(|c: char| c.is_whitespace() || c == '\u{FEFF}') {
            rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}').len()
        } else if let Some(end) = skip("<?", "?>").or_else(|| skip("<!--", "-->")) {
            end.ok_or_else(|| Error::broken("the SVG ends early", at))?
        } else if rest.starts_with("<!DOCTYPE") {
            let subset = rest.find('[').filter(|open| rest.find('>').is_some_and(|close| *open < close));
            let from = subset.and_then(|open| Some(open + rest.get(open..)?.find(']')?)).unwrap_or_default();
            let close = rest.get(from..).and_then(|rest| rest.find('>'));
            from + close.ok_or_else(|| Error::broken("the SVG ends early", at))? + 1
        } else if rest.starts_with('<') {
            return Ok(at);
        } else {
            return Err(Error::broken("the SVG has no root", at));
        };
    }
}

/// An error of the scanner, of the file.
fn placed(mut error: Error, from: usize) -> Error {
    error.offset = error.offset.map(|inside| inside + from as u64);
    error.message = error.message.replace("the XMP packet", "the SVG");
    error
}

fn picture(text: &str) -> Result<Picture> {
    let from = root(text)?;
    let inside = text.get(from..).unwrap_or_default();
    let mut scanner = Scanner::new(inside);
    let mut found = Picture { root: 0..0, empty: false, metadata: Vec::new() };
    let (mut depth, mut metadata) = (0usize, None);
    while let Some(event) = scanner.next().map_err(|error| placed(error, from))? {
        match event {
            Event::Start(tag) => {
                let span = from + tag.span.start..from + tag.span.end;
                if depth == 0 {
                    (found.root, found.empty) = (span, tag.empty);
                } else if depth == 1 && tag.local == "metadata" {
                    metadata = Some((span.start, false));
                } else if tag.local == "RDF"
                    && scanner.namespace(tag.prefix) == Some(RDF)
                    && let Some((_, rdf)) = &mut metadata
                {
                    *rdf = true;
                }
                depth += 1;
            }
            Event::End(span) => {
                depth = depth.saturating_sub(1);
                if depth == 1
                    && let Some((start, rdf)) = metadata.take()
                {
                    found.metadata.push((start..from + span.end, rdf));
                }
            }
            Event::Text(..) => {}
        }
    }
    Ok(found)
}

/// The whole file but what is ours.
fn coded(text: &str, root: usize) -> Result<Vec<Range<usize>>> {
    let inside = text.get(root..).unwrap_or_default();
    let (mut ranges, mut at) = (Vec::new(), 0);
    for place in left_out(inside).map_err(|error| placed(error, root))? {
        let (start, end) = (root + place.start, root + place.end);
        if at < start {
            ranges.push(at..start);
        }
        at = end;
    }
    if at < text.len() {
        ranges.push(at..text.len());
    }
    Ok(ranges)
}

/// The bytes of [`coded`].
fn kept(text: &str, root: usize) -> Result<String> {
    Ok(coded(text, root)?.into_iter().filter_map(|range| text.get(range)).collect())
}

fn walk(source: &dyn Source) -> Result<Walk> {
    let text = text(source)?;
    let picture = picture(&text)?;
    let mut found = Walk { mime: "image/svg+xml", texts: Vec::new(), coded: Vec::new(), c2pa: false };
    found.coded = coded(&text, picture.root.start)?.into_iter().map(|range| range.start as u64..range.end as u64).collect();
    if picture.metadata.is_empty() {
        return Ok(found);
    }
    // Prefixes may be declared at the root: the whole document is the packet.
    let value = text.get(picture.root.start..).unwrap_or_default().to_owned();
    found.c2pa = value.contains("c2pa:manifest");
    let official = picture.metadata.iter().any(|(_, rdf)| *rdf);
    let offset = picture.root.start as u64;
    found.texts.push(Text { place: "metadata RDF".into(), key: XMP.into(), value, offset, official });
    Ok(found)
}

fn write(source: &dyn Source, walk: &Walk, label: &Label, drop: &[usize]) -> Result<Vec<Splice>> {
    let mut text = text(source)?;
    let start = picture(&text)?.root.start;
    let before = kept(&text, start)?;
    for (index, packet) in packets(walk, label, drop)? {
        if index.is_some() {
            text.replace_range(start.., &packet);
            continue;
        }
        let picture = picture(&text)?;
        let root = text.get(picture.root.clone()).unwrap_or_default();
        let name = root.trim_start_matches('<').split(|c: char| c.is_whitespace() || matches!(c, '/' | '>')).next();
        let name = name.unwrap_or("svg").to_owned();
        let prefix = name.split_once(':').map_or(String::new(), |(prefix, _)| format!("{prefix}:"));
        // Bare RDF, as drawing programs write it: with XMP's own wrapper readers take the properties for SVG's.
        let from = packet.find("<rdf:RDF").unwrap_or_default();
        let to = packet.find("</rdf:RDF>").map_or(packet.len(), |at| at + "</rdf:RDF>".len());
        let element = format!("<{prefix}metadata>{}</{prefix}metadata>", packet.get(from..to).unwrap_or_default());
        let end = picture.root.end;
        match picture.empty {
            false => text.insert_str(end, &element),
            true => text.replace_range(end - 2..end, &format!(">{element}</{name}>")),
        }
    }
    if kept(&text, start)? != before {
        return Err(Error::unsupported(
            "a label, or RDF, stands outside the element metadata or holds other elements: it counts as a part of the drawing, \
             which marking does not change. Take it out first",
        ));
    }
    Ok(vec![Splice::New(text.into_bytes())])
}
