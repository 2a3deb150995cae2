//! The operator: watches Kubernetes and OpenStack, plans, and drives hosts.

pub mod bootstrap;
pub mod clock;
pub mod control;
pub mod kube;
pub mod leftovers;
pub mod model_of;
pub mod offline;
pub mod run;
pub mod serve;
