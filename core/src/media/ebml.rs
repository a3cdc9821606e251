//! Elements of EBML (RFC 8794): a head of identifier and size, and small trees of them in memory.

use super::source::Source;
use crate::container::png::crc;
use crate::error::{Error, Result};
use std::ops::Range;

/// `Void`: space that says nothing.
pub const VOID: u32 = 0xEC;
/// `CRC-32` over what follows it in its parent.
pub const CRC: u32 = 0xBF;
/// The deepest nesting in memory.
const MAX_DEPTH: usize = 12;
/// The longest head: identifier and size.
const MAX_HEAD: u64 = 12;

/// Where an element stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// The identifier with its marker bits.
    pub id: u32,
    /// Where it starts.
    pub start: u64,
    /// Where its body starts.
    pub body: u64,
    /// Where it ends; of one of unknown size, where its parent does until somebody knows better.
    pub end: u64,
    /// The size is unknown, as live streams have it.
    pub open: bool,
}

impl Head {
    /// All of it.
    pub fn span(&self) -> Range<u64> {
        self.start..self.end
    }

    /// Its body.
    pub fn inside(&self) -> Range<u64> {
        self.body..self.end
    }
}

fn cut(at: u64) -> Error {
    Error::broken("an EBML element's length points outside its parent, or the file ends early", at as usize)
}

/// A number of variable width: bytes that it takes, and its value without the marker; `None` for reserved forms.
fn vint(bytes: &[u8], widest: u32) -> Option<(usize, u64)> {
    let width = bytes.first()?.leading_zeros() + 1;
    let raw = bytes.get(..width as usize).filter(|_| width <= widest)?;
    let all = raw.iter().fold(0, |value, &byte| value << 8 | u64::from(byte));
    Some((width as usize, all & !(1 << (7 * width))))
}

/// The head at `at` in an element, or a file, that ends at `limit`.
///
/// # Errors
/// `Broken` where there is none, or where its body ends outside.
pub fn head(source: &dyn Source, at: u64, limit: u64) -> Result<Head> {
    let count = limit.checked_sub(at).ok_or_else(|| cut(at))?.min(MAX_HEAD);
    parse(&source.read(at, count as usize)?, at, limit).ok_or_else(|| cut(at))
}

fn parse(bytes: &[u8], at: u64, limit: u64) -> Option<Head> {
    let (first, _) = vint(bytes, 4)?;
    let id = bytes.get(..first)?.iter().fold(0, |value, &byte| value << 8 | u32::from(byte));
    let (second, size) = vint(bytes.get(first..)?, 8)?;
    let body = at.checked_add((first + second) as u64)?;
    let open = size == (1 << (7 * second)) - 1;
    let end = if open { limit } else { body.checked_add(size)? };
    (body <= limit && end <= limit).then_some(Head { id, start: at, body, end, open })
}

/// An element in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The identifier with its marker bits.
    pub id: u32,
    /// Where its body starts in the file; 0 of a new one.
    pub at: u64,
    /// What it holds.
    pub body: Body,
}

/// What an element holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// Elements.
    Inside(Vec<Node>),
}

impl Node {
    /// A new element of bytes.
    pub fn leaf(id: u32, bytes: &[u8]) -> Self {
        Self { id, at: 0, body: Body::Bytes(bytes.to_vec()) }
    }

    /// A new element of elements.
    pub fn tree(id: u32, inside: Vec<Node>) -> Self {
        Self { id, at: 0, body: Body::Inside(inside) }
    }

    /// The element at `head`, whose whole bytes are given, with everything inside it; `master` says which hold elements.
    ///
    /// # Errors
    /// `Broken` for a length that points outside, `Limit` for nesting beyond reason.
    pub fn read(bytes: &[u8], head: &Head, master: fn(u32) -> bool) -> Result<Self> {
        let body = bytes.get((head.body - head.start) as usize..).unwrap_or_default();
        node(head.id, body, head.body, master, 0)
    }

    /// Elements inside.
    pub fn inside(&self) -> &[Node] {
        match &self.body {
            Body::Inside(inside) => inside,
            Body::Bytes(_) => &[],
        }
    }

    /// Elements inside, to be changed.
    pub fn inside_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.body {
            Body::Inside(inside) => Some(inside),
            Body::Bytes(_) => None,
        }
    }

    /// The first element of this kind inside.
    pub fn child(&self, id: u32) -> Option<&Node> {
        self.inside().iter().find(|node| node.id == id)
    }

    /// Its bytes; none of one that holds elements.
    pub fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Bytes(bytes) => bytes,
            Body::Inside(_) => &[],
        }
    }

    /// Its unsigned number.
    pub fn number(&self) -> u64 {
        self.bytes().iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
    }

    fn content(&self) -> Vec<u8> {
        match &self.body {
            Body::Bytes(bytes) => bytes.clone(),
            Body::Inside(inside) => {
                let checked = inside.first().is_some_and(|node| node.id == CRC);
                let rest: Vec<u8> = inside.iter().skip(usize::from(checked)).flat_map(Node::write).collect();
                let sum = if checked { Node::leaf(CRC, &crc(&rest).to_le_bytes()).write() } else { Vec::new() };
                [sum, rest].concat()
            }
        }
    }

    /// Its bytes with its head, check sums anew.
    pub fn write(&self) -> Vec<u8> {
        let content = self.content();
        [tag(self.id), size(content.len() as u64, 1), content].concat()
    }

    /// In exactly so many bytes, the rest being [`VOID`]; `None` where it is longer.
    pub fn fill(&self, room: u64) -> Option<Vec<u8>> {
        let content = self.content();
        for least in [1, 2] {
            let whole =
                [tag(self.id), size(content.len() as u64, least + width(content.len() as u64) - 1), content.clone()].concat();
            match room.checked_sub(whole.len() as u64) {
                None => return None,
                // A single byte is too little for an element: the size takes it.
                Some(1) => {}
                Some(left) => return Some([whole, void(left)].concat()),
            }
        }
        None
    }
}

fn node(id: u32, body: &[u8], at: u64, master: fn(u32) -> bool, depth: usize) -> Result<Node> {
    if !master(id) {
        return Ok(Node { id, at, body: Body::Bytes(body.to_vec()) });
    }
    if depth >= MAX_DEPTH {
        return Err(Error::limit(format!("EBML elements are nested deeper than {MAX_DEPTH}")));
    }
    let (mut inside, mut from) = (Vec::new(), 0);
    while from < body.len() {
        let rest = body.get(from..).unwrap_or_default();
        let head = parse(rest, 0, rest.len() as u64).filter(|head| !head.open).ok_or_else(|| cut(at + from as u64))?;
        let bytes = rest.get(head.body as usize..head.end as usize).unwrap_or_default();
        inside.push(node(head.id, bytes, at + from as u64 + head.body, master, depth + 1)?);
        from += head.end as usize;
    }
    Ok(Node { id, at, body: Body::Inside(inside) })
}

/// An identifier as it is written.
pub fn tag(id: u32) -> Vec<u8> {
    id.to_be_bytes().into_iter().skip_while(|&byte| byte == 0).collect()
}

/// The least width of a size.
fn width(length: u64) -> u32 {
    (1..8).find(|width| length < (1 << (7 * width)) - 1).unwrap_or(8)
}

/// A size in at least so many bytes.
pub fn size(length: u64, least: u32) -> Vec<u8> {
    let width = width(length).max(least).min(8);
    let marked = length | 1 << (7 * width);
    marked.to_be_bytes().into_iter().skip(8 - width as usize).collect()
}

/// Space of exactly so many bytes: none, or at least 2.
pub fn void(length: u64) -> Vec<u8> {
    let Some(mut left) = length.checked_sub(2) else { return Vec::new() };
    let mut out = tag(VOID);
    if left < 127 {
        out.extend(size(left, 1));
    } else {
        left -= 7;
        out.extend(size(left, 8));
    }
    out.resize(length as usize, 0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_voids_and_sums() {
        assert_eq!(crc(b"123456789"), 0xCBF4_3926);
        assert_eq!((size(126, 1), size(127, 1), size(1, 8)), (vec![0xFE], vec![0x40, 127], vec![1, 0, 0, 0, 0, 0, 0, 1]));
        for length in 2..400 {
            let space = void(length);
            let source = space.as_slice();
            assert_eq!(head(&source, 0, length).unwrap().span(), 0..length, "{length}");
            let node = Node::leaf(0x4487, b"text");
            match node.fill(length) {
                Some(bytes) => {
                    assert_eq!(bytes.len() as u64, length);
                    let first = head(&bytes.as_slice(), 0, length).unwrap();
                    assert_eq!(bytes[first.body as usize..first.end as usize], *b"text");
                    assert!(first.end == length || head(&bytes.as_slice(), first.end, length).unwrap().end == length);
                }
                None => assert!(length < 7, "{length}"),
            }
        }
    }
}
