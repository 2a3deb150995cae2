//! What planning needs of Kubernetes' objects: the only way from what the API server or a file says to the model, so that the rest of
//! each object is never stored.

mod affinity;
mod amounts;
mod daemon;
mod intern;
mod namespace;
mod node;
mod placement;
mod pod;
mod requests;
mod storage;
pub mod wire;

pub use amounts::amounts;
pub use daemon::daemon_set;
pub use intern::Interner;
pub use namespace::namespace;
pub use node::node;
pub use pod::{Origin, pod};
pub use storage::{Drivers, class, csi_driver, drivers, volume, volume_claim};

#[cfg(test)]
mod tests;
