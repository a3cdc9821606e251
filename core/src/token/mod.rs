//! The token mark: a watermark in the choice of tokens, put in while a language model samples and read from token ids alone.
//!
//! `scheme` holds the settings, `candidates` what the model leaves to choose from, `pick` the choice, `detect` the test.

pub mod candidates;
pub mod detect;
pub mod green;
pub mod philox;
pub mod pick;
pub mod scheme;
pub mod tournament;
pub mod twister;
