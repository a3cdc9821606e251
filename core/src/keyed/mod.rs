//! Keys and what is drawn from them: one secret, one independent stream for each purpose.

mod key;
mod stream;

pub use key::Key;
pub use stream::Stream;
