//! What a score is worth: chances of reaching it without a mark.

pub mod binomial;
pub mod sums;
pub mod tail;
