//! What the lexer knows of the place where it is.

use super::element::Element;
use serde::{Deserialize, Serialize};

/// Where in the markup the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// What a reader sees, letter by letter.
    Text,
    /// Backticks at the start of code, so many up to now.
    Ticks(u32),
    /// Inline code that so many backticks end, and how many of them stand here.
    Code(u32, u32),
    /// A fenced block: its character, its length.
    Fence(u32, u32),
    /// Behind `<`.
    Less,
    /// Within a tag, so many characters up to now.
    Tag(u32),
    /// An element whose text is left alone.
    Raw(Element),
    /// Behind `](`: open brackets, length.
    Target(u32, u32),
    /// Within an address.
    Address,
    /// Behind `$`.
    Dollar,
    /// Within a formula.
    Formula(Formula),
    /// Within front matter.
    Front,
}

/// What ends a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Formula {
    /// `$`.
    Dollar,
    /// `$$`.
    Dollars,
    /// A backslash and this bracket.
    Bracket(u32),
}

/// A word so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// None yet.
    Fresh,
    /// Of letters only.
    Good,
    /// A name, a number or a contraction.
    Bad,
}
