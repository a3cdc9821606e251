//! The one error of the core. It sits on the ground floor and imports nothing.

use std::fmt;

/// Who or what is at fault. The code is stable: programs branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// An option or argument is outside its documented range.
    Parameter,
    /// The file's structure contradicts itself or ends early.
    Broken,
    /// A valid file of a kind, or with a feature, that is not handled.
    Unsupported,
    /// A stated limit (pixels, bytes, nesting, count) was passed.
    Limit,
    /// What the file already holds forbids the request.
    Conflict,
}

impl Code {
    /// The stable spelling that crosses the bindings.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::Parameter => "ERR_PARAMETER",
            Code::Broken => "ERR_BROKEN",
            Code::Unsupported => "ERR_UNSUPPORTED",
            Code::Limit => "ERR_LIMIT",
            Code::Conflict => "ERR_CONFLICT",
        }
    }
}

/// An error with a stable code, a sentence for people, and for broken files the byte offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Who or what is at fault.
    pub code: Code,
    /// What happened and what to do, in one or two sentences.
    pub message: String,
    /// Where in the file, in bytes from its start, when that is known.
    pub offset: Option<u64>,
}

/// What every fallible function of the core returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An option outside its range.
    pub fn parameter(message: impl Into<String>) -> Self {
        Self { code: Code::Parameter, message: message.into(), offset: None }
    }

    /// A file that contradicts itself at `offset`.
    pub fn broken(message: impl Into<String>, offset: usize) -> Self {
        Self { code: Code::Broken, message: message.into(), offset: Some(offset as u64) }
    }

    /// A kind of file or feature that is not handled.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self { code: Code::Unsupported, message: message.into(), offset: None }
    }

    /// A limit that was passed.
    pub fn limit(message: impl Into<String>) -> Self {
        Self { code: Code::Limit, message: message.into(), offset: None }
    }

    /// A request that what the file already holds forbids.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self { code: Code::Conflict, message: message.into(), offset: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            Some(offset) => write!(f, "{} (at byte {offset})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}
