//! The explicit label of a picture (GB 45438-2025, 5.2): drawn, and found again.

pub mod draw;
pub mod find;
pub mod font;
mod grid;
mod ink;
