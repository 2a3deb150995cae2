//! A real Kubernetes for the end-to-end tests: finds or builds its programs, runs a control plane, leaves nothing behind.
//!
//! [`ControlPlane`] is what a kubeadm cluster's control plane is to its nodes and clients: the Node and RBAC authorizers,
//! NodeRestriction, bootstrap tokens, the ConfigMaps that `kubeadm join` reads. Nodes either have a kubelet of their own,
//! or carry [`FAKE_NODE_ANNOTATION`] and are played by kwok.
//!
//! Whatever it makes outside its directory carries the name gantry: the bridge `gantry0`, the iptables chains `GANTRY`,
//! network namespaces `gantry-*`. After a `kill -9` of the harness the kernel kills its programs, and the next start
//! clears the rest.

pub mod binaries;
mod control_plane;
mod files;
pub mod image;
mod kubeadm;
mod kubeconfig;
mod log_file;
pub mod network;
mod options;
mod owner;
mod pki;
mod ports;
pub mod processes;
mod programs;
mod spawner;
mod stale;
mod state_dir;

#[cfg(test)]
mod bridge_tests;
#[cfg(test)]
mod tests;

pub use control_plane::ControlPlane;
pub use options::{Address, AfterStop, Options};
pub use stale::NETNS_PREFIX;

/// The annotation, with its value, of nodes without a kubelet: kwok keeps them Ready and runs their pods.
pub const FAKE_NODE_ANNOTATION: (&str, &str) = ("kwok.x-k8s.io/node", "fake");
