//! Kubernetes' objects as they are written, cut down to the fields that planning reads.
//!
//! Of our own, because the API that the client library was compiled for is older than some of these fields, and because what is not
//! named here is skipped while it is read: managed fields, environments, images.

mod amount;
mod given;
pub(super) mod meta;
mod node;
mod others;
mod pod;
mod selectors;
mod storage;

pub use amount::{Amount, Amounts};
pub use given::Given;
pub use node::{Node, Taint};
pub use others::{CsiDriver, CsiNode, DaemonSet, Namespace, PodTemplate, PriorityClass};
pub use pod::{Container, ContainerStatus, Pod, PodSpec, PodStatus, Port, Requirements};
pub use selectors::{
    Affinity, LabelSelector, NodeSelectorTerm, PodAffinity, PodAffinityTerm, PreferredPod, Requirement, SpreadConstraint, Toleration,
};
pub use storage::{Claim, Class, Topology, TopologyLabel, Volume};
