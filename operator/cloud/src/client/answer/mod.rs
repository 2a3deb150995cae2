//! From an answer, or the lack of one, to what it means.

mod classify;
mod missing;
mod reply;
mod words;

pub(crate) use classify::{Again, Failure, classify};
pub(crate) use missing::{late, no_answer, too_long, unreadable};
pub(crate) use reply::{Reply, Unread};
