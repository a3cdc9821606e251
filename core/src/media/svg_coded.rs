//! What of an SVG a signature covers: all of the file but what our own writer puts in, changes or takes out.
//!
//! Only inside `metadata` right under the root, which is never drawn, and only where nothing else could hide in it: our
//! properties with text or RDF inside, descriptions, RDF and `metadata` that hold nothing but them.

use crate::error::{Error, Result};
use crate::xmp::markup::{Event, Scanner, Tag, unescape};
use crate::xmp::{RDF, is_ours};
use std::ops::Range;

/// The most places that are left out.
const MAX_PLACES: usize = 65_536;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Root,
    Metadata,
    Rdf,
    Description,
    Property,
    Other,
}

/// An element that is open.
struct Open {
    kind: Kind,
    start: usize,
    /// End of its start tag.
    inner: usize,
    /// Whether that tag is all of it.
    empty: bool,
    /// Whether it holds only attributes that our writer gives it; of a property: whether nothing else can hide inside.
    bare: bool,
    /// Places that were known before it.
    mark: usize,
}

/// The places of the root element, which starts at `text`'s beginning, that are left out: in order, apart from each other.
///
/// # Errors
/// As `Scanner::next`; `Limit` for more places than anybody writes.
pub fn left_out(text: &str) -> Result<Vec<Range<usize>>> {
    let (mut out, mut open): (Vec<Range<usize>>, Vec<Open>) = (Vec::new(), Vec::new());
    let mut scanner = Scanner::new(text);
    let mut space: Option<String> = None;
    while let Some(event) = scanner.next()? {
        match event {
            Event::Start(tag) => {
                let uri = scanner.namespace(tag.prefix);
                let rdf = uri == Some(RDF);
                let parent = open.last().map(|outer| outer.kind);
                let inside = open.iter().any(|outer| outer.kind == Kind::Metadata);
                let held = open.iter_mut().find(|outer| outer.kind == Kind::Property);
                let free = held.is_none();
                if let Some(property) = held {
                    property.bare &= rdf && quiet(text, &scanner, &tag);
                }
                let kind = match (parent, tag.local) {
                    (None, _) => Kind::Root,
                    (Some(Kind::Root), "metadata") if uri == space.as_deref() => Kind::Metadata,
                    // XMP's own wrapper may be between.
                    (_, "RDF") if rdf && inside && free => Kind::Rdf,
                    (Some(Kind::Rdf), "Description") if rdf => Kind::Description,
                    _ if inside && free && is_ours(tag.prefix, tag.local, uri) => Kind::Property,
                    _ => Kind::Other,
                };
                if kind == Kind::Root {
                    space = uri.map(str::to_owned);
                }
                let (mark, mut bare) = (out.len(), true);
                for attribute in &tag.attributes {
                    let uri = (!attribute.prefix.is_empty()).then(|| scanner.namespace(attribute.prefix)).flatten();
                    let value = text.get(attribute.value.clone()).unwrap_or_default();
                    let known = unescape(value).is_ok();
                    let declared = attribute.prefix == "xmlns" && attribute.local == "rdf" && value == RDF;
                    if inside && free && known && attribute.prefix != "xmlns" && is_ours(attribute.prefix, attribute.local, uri) {
                        add(&mut out, attribute.span.clone())?;
                    } else {
                        let about = kind == Kind::Description && uri == Some(RDF) && attribute.local == "about" && known;
                        bare &= about || (declared && matches!(kind, Kind::Rdf | Kind::Description));
                    }
                }
                if kind == Kind::Property {
                    bare = quiet(text, &scanner, &tag);
                }
                open.push(Open { kind, start: tag.span.start, inner: tag.span.end, empty: tag.empty, bare, mark });
            }
            Event::Text(span, raw) => {
                if let Some(property) = open.iter_mut().find(|outer| outer.kind == Kind::Property) {
                    property.bare &= raw || unescape(text.get(span).unwrap_or_default()).is_ok();
                }
            }
            Event::End(span) => {
                if let Some(element) = open.pop() {
                    end(text, &element, span, &mut out)?;
                }
            }
        }
    }
    Ok(out)
}

fn end(text: &str, element: &Open, end: Range<usize>, out: &mut Vec<Range<usize>>) -> Result<()> {
    let known = out.get(element.mark..).unwrap_or_default();
    let inside: usize = known.iter().filter(|place| place.start >= element.inner).map(Range::len).sum();
    let nothing = inside == end.start - element.inner;
    let whole = element.start..end.end;
    match element.kind {
        Kind::Property => {
            let value = text.get(whole.clone()).unwrap_or_default();
            if !element.bare || value.contains("<!--") || value.contains("<?") {
                return Ok(());
            }
        }
        Kind::Metadata | Kind::Rdf | Kind::Description if nothing && element.bare => {}
        // `<a/>` and `<a></a>` are the same: our writer opens an empty one.
        Kind::Root | Kind::Rdf if nothing && element.empty => return add(out, element.inner - 2..element.inner - 1),
        Kind::Root | Kind::Rdf if nothing => {
            let kept = known.iter().filter(|place| place.start < element.inner).count();
            out.truncate(element.mark + kept);
            return add(out, element.inner..end.end);
        }
        _ => return Ok(()),
    }
    out.truncate(element.mark);
    add(out, whole)
}

/// Whether a tag in or of a property says nothing that a browser could act on.
fn quiet(text: &str, scanner: &Scanner, tag: &Tag) -> bool {
    tag.attributes.iter().all(|one| {
        let uri = (!one.prefix.is_empty()).then(|| scanner.namespace(one.prefix)).flatten();
        let named = uri == Some(RDF) || one.prefix == "xmlns" || (one.prefix.is_empty() && one.local == "xmlns");
        (named || (one.prefix == "xml" && one.local == "lang"))
            && unescape(text.get(one.value.clone()).unwrap_or_default()).is_ok()
    })
}

fn add(out: &mut Vec<Range<usize>>, place: Range<usize>) -> Result<()> {
    if out.len() >= MAX_PLACES {
        return Err(Error::limit(format!("the SVG holds more than {MAX_PLACES} places of metadata")));
    }
    out.push(place);
    Ok(())
}
