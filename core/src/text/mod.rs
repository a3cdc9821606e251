//! The character mark: invisible characters at keyed places of a finished text. See docs/text.md.

mod carrier;
mod class;
pub mod detect;
mod element;
pub mod embed;
pub mod fingerprint;
mod identifier;
mod lexer;
mod mode;
mod phrases;
mod points;
pub mod strip;
#[cfg(test)]
mod tests;
