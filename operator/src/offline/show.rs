//! A plan for people and for programs.

mod document;
mod node;
mod table;
mod words;

use std::time::Duration;

pub use document::document;
pub use table::table;
pub(super) use words::amount;

/// How long it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Reading the input.
    pub read: Duration,
    /// Planning.
    pub plan: Duration,
}
