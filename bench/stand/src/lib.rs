//! What the Rust benches share: pictures, repeatable chance, intervals, and what a reader of a report must know.

pub mod made;
pub mod options;
pub mod picture;
pub mod random;
pub mod report;
pub mod source;
pub mod statistics;

/// Whatever ends a bench.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
