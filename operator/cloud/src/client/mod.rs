//! The client: how calls are paced, proven, sent, repeated and understood.

mod answer;
mod ask;
mod call;
mod engine;
#[cfg(test)]
mod fake;
mod login;
mod openstack;
mod pacer;
mod paging;
mod transport;

pub use openstack::OpenStack;
pub use pacer::Pacing;
pub(crate) use paging::Page;
