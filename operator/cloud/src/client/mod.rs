//! The client: how calls are paced, proven, sent, repeated and understood.

mod answer;
mod ask;
mod call;
#[cfg(test)]
mod canary_tests;
mod engine;
#[cfg(test)]
mod fake;
mod jitter;
mod login;
mod lookup;
mod methods;
mod openstack;
mod pacer;
mod paging;
mod ports;
#[cfg(test)]
mod proxy_tests;
mod quota;
mod request;
mod sockets;

pub use answer::meaning;
pub(crate) use answer::spent_resources;
pub use call::{Effect, Service};
pub use openstack::OpenStack;
pub use pacer::Pacing;
pub(crate) use paging::{Next, Page};
