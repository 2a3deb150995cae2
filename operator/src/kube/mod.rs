//! Kubernetes at the edge: informers, projections, lease, events.

pub mod csr;
pub mod events;
pub mod index;
pub mod informer;
pub mod lease;
pub mod objects;
pub mod project;
pub mod signals;
pub mod store;
pub mod watches;
