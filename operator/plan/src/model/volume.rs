//! Persistent volumes, as far as they decide where a pod may go.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Key, NodeTerm};

/// All that there is of storage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Volumes {
    /// PersistentVolumeClaims.
    pub claims: BTreeMap<Key, VolumeClaim>,
    /// PersistentVolumes, by name.
    pub volumes: BTreeMap<String, Volume>,
    /// StorageClasses, by name.
    pub classes: BTreeMap<String, Class>,
    /// CSIDrivers without which a node takes no pod with their volumes (`preventPodSchedulingIfMissing`).
    pub required_drivers: BTreeSet<String>,
}

/// A PersistentVolumeClaim.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeClaim {
    /// UID.
    pub uid: String,
    /// Its StorageClass; empty is none.
    pub class: String,
    /// `spec.volumeName`, if it is bound (annotation `pv.kubernetes.io/bind-completed`).
    pub volume: Option<String>,
    /// `spec.volumeName` without that annotation: a volume is being bound to it.
    pub binding: Option<String>,
    /// Access modes.
    pub access_modes: Vec<String>,
    /// Requested bytes.
    pub bytes: i64,
    /// `spec.volumeMode`, `Filesystem` if unset.
    pub mode: String,
    /// `spec.selector` of volumes.
    pub selector: Option<super::Selector>,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// Whether its volume is gone, or another's (phase `Lost`).
    pub lost: bool,
    /// Node that was selected for it (`volume.kubernetes.io/selected-node`).
    pub selected_node: Option<String>,
    /// UID of the pod that it belongs to, for an ephemeral volume.
    pub owner_uid: Option<String>,
}

/// A PersistentVolume.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Volume {
    /// Labels.
    pub labels: super::Labels,
    /// Its StorageClass; empty is none.
    pub class: String,
    /// `spec.nodeAffinity.required`; `None` is any node.
    pub node_affinity: Option<Vec<NodeTerm>>,
    /// CSI driver and volume handle.
    pub csi: Option<(String, String)>,
    /// The claim that it is bound to or kept for.
    pub claim: Option<Key>,
    /// UID of that claim, or empty: a claim of the same name made later is another one.
    pub claim_uid: String,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// Access modes.
    pub access_modes: Vec<String>,
    /// Bytes.
    pub bytes: i64,
    /// `spec.volumeMode`, `Filesystem` if unset.
    pub mode: String,
    /// Whether its phase is `Available`.
    pub available: bool,
}

/// A StorageClass.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Class {
    /// Provisioner.
    pub provisioner: String,
    /// Whether its volumes are bound only once a pod is placed (`WaitForFirstConsumer`).
    pub waits: bool,
    /// Where it can make volumes: terms are alternatives; empty is anywhere.
    pub topologies: Vec<NodeTerm>,
}
