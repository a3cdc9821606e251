//! What the metadata of a file says about its origin: the AIGC label of GB 45438-2025 and IPTC's DigitalSourceType.

pub mod aigc;
pub mod carry;
pub mod read;
pub mod text;
pub mod texts;
pub mod write;

#[cfg(test)]
mod chunk_tests;
#[cfg(test)]
mod media_tests;
#[cfg(test)]
mod sound_tests;
#[cfg(test)]
mod tests;
