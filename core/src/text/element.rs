//! Elements of pages.

use serde::{Deserialize, Serialize};

/// Elements of HTML whose text carries no mark; those whose text is shown count for contexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// Of it the end tag is known.
    pub name: Name,
    /// Whether a reader sees its text.
    pub shown: bool,
}

/// The first eight letters of a name.
pub type Name = [u8; 8];

const RAW: [(&[u8], bool); 12] = [
    (b"script", false),
    (b"style", false),
    (b"svg", false),
    (b"math", false),
    (b"title", false),
    (b"textarea", false),
    (b"pre", true),
    (b"code", true),
    (b"kbd", true),
    (b"samp", true),
    (b"var", true),
    (b"tt", true),
];

/// The element of that name, if its text is left alone.
pub fn element(name: Name) -> Option<Element> {
    RAW.iter()
        .find(|(raw, _)| name.starts_with(raw) && name.get(raw.len()).is_none_or(|next| *next == 0))
        .map(|(_, shown)| Element { name, shown: *shown })
}
