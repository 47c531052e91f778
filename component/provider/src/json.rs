//! JSON in both directions, as text that is read once and written once.
//!
//! A document is never turned into a tree: what passes through keeps its digits, the order of its keys and its
//! duplicates. `serde_json` does the checking.

mod path;
mod read;
mod write;

pub(crate) use path::Path;
pub(crate) use read::{Json, Object, unescape};
pub(crate) use write::Writer;

/// Why a text is not JSON, or not of the wanted kind; one clause without a subject.
pub(crate) type Problem = alloc::string::String;
