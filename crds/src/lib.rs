//! The API of Gantry: the kinds of group `gantry.cloud/v1alpha1`, their validation and their conditions.
//!
//! Architecture invariant: this crate knows Kubernetes' API conventions and nothing else: no client, no planner, no OpenStack.

mod cloud;
pub mod condition;
mod host;
mod names;
mod network;
mod node;
mod pool;
mod rules;
mod schema;
mod server;
mod status;
mod template;

pub use cloud::{Credentials, Device, OpenStackCloud, OpenStackCloudSpec, Orphans, OrphansAction, Pacing, Price};
pub use condition::Condition;
pub use host::{
    CLAIMS_MAX, Host, HostBootstrap, HostClaim, HostFixedIp, HostFloatingIp, HostPhase, HostPort, HostRootVolume, HostSpec, HostStatus,
    Reserved,
};
pub use names::*;
pub use network::{AddressPair, FixedIp, NetworkRef, Port, QosPolicyRef, SecurityGroupRef, SubnetRef, VnicType};
pub use node::{Bootstrap, Kubeadm, NodeTemplate, Taint, TaintEffect};
pub use pool::{Consolidation, Disruption, Limits, VMPool, VMPoolSpec, VMPoolStatus};
pub use schema::definitions;
pub use server::{CpuRange, Flavors, FloatingIp, GroupPolicy, Image, MemoryRange, OnDelete, RootVolume, SAME_AS_HOST, ServerGroup};
pub use status::{
    LEARNED_MAX, LearnedStatus, ORPHANS_SHOWN, OfferingStatus, OpenStackCloudStatus, OrphanKind, OrphanStatus, QuotaLine, QuotaStatus,
    Resolved, ResolvedPort, ResolvedRef, Room,
};
pub use template::Template;
