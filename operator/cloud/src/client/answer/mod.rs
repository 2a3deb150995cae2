//! From an answer, or the lack of one, to what it means.

mod classify;
mod meaning;
mod missing;
#[cfg(test)]
mod recorded;
mod reply;
mod said;
mod secrets;
mod words;

pub(crate) use classify::{Again, Failure, classify};
pub use meaning::meaning;
pub(crate) use missing::{late, no_answer, page_instead, unreadable};
pub(crate) use reply::Reply;
pub(crate) use secrets::Secrets;
pub(crate) use words::spent_resources;
