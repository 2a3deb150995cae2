//! The API of Gantry: the kinds of group `gantry.cloud/v1alpha1`, their validation and their conditions.
//!
//! Architecture invariant: this crate knows Kubernetes' API conventions and nothing else: no client, no planner, no OpenStack.

mod cloud;
pub mod condition;
mod host;
mod names;
mod pool;
mod rules;
mod schema;
mod template;

pub use cloud::{
    Credentials, OfferingStatus, OpenStackCloud, OpenStackCloudSpec, OpenStackCloudStatus, Pacing, Price, QuotaLine, QuotaStatus,
};
pub use condition::Condition;
pub use host::{Host, HostBootstrap, HostPhase, HostPort, HostSpec, HostStatus, Reserved};
pub use names::*;
pub use pool::{Consolidation, Disruption, Limits, VMPool, VMPoolSpec, VMPoolStatus};
pub use schema::definitions;
pub use template::{
    Bootstrap, Flavors, Image, Kubeadm, NetworkRef, NodeTemplate, Port, SecurityGroupRef, SubnetRef, Taint, TaintEffect, Template,
};
