//! Claims, volumes and StorageClasses as they are written.

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::storage::v1 as storage;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::Deserialize;

use super::selectors::NodeSelector;
use super::{Amounts, Given, LabelSelector, Requirements, meta};

/// A PersistentVolumeClaim.
#[derive(Clone, Debug, Default, Deserialize, Resource)]
#[resource(inherit = "core::PersistentVolumeClaim")]
#[serde(default)]
pub struct Claim {
    /// Metadata.
    #[serde(deserialize_with = "meta::lean")]
    pub metadata: ObjectMeta,
    /// Spec.
    pub spec: Given<ClaimSpec>,
    /// Status.
    pub status: Given<VolumeStatus>,
}

/// Its spec.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ClaimSpec {
    /// StorageClass: absent is the cluster's default, empty is none.
    pub storage_class_name: Option<String>,
    /// Volume.
    pub volume_name: Given<String>,
    /// Access modes.
    pub access_modes: Given<Vec<String>>,
    /// How much.
    pub resources: Given<Requirements>,
    /// `Filesystem` or `Block`.
    pub volume_mode: Given<String>,
    /// Of volumes.
    pub selector: Option<LabelSelector>,
}

/// A PersistentVolume.
#[derive(Clone, Debug, Default, Deserialize, Resource)]
#[resource(inherit = "core::PersistentVolume")]
#[serde(default)]
pub struct Volume {
    /// Metadata.
    #[serde(deserialize_with = "meta::lean")]
    pub metadata: ObjectMeta,
    /// Spec.
    pub spec: Given<VolumeSpec>,
    /// Status.
    pub status: Given<VolumeStatus>,
}

/// Its spec.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct VolumeSpec {
    /// StorageClass.
    pub storage_class_name: Given<String>,
    /// Where it can be used.
    pub node_affinity: Given<VolumeAffinity>,
    /// By a CSI driver.
    pub csi: Option<Csi>,
    /// By the in-tree plugin that became the Cinder driver.
    pub cinder: Option<Cinder>,
    /// The claim that it is bound to or kept for.
    pub claim_ref: Option<ClaimRef>,
    /// Access modes.
    pub access_modes: Given<Vec<String>>,
    /// How much.
    pub capacity: Amounts,
    /// `Filesystem` or `Block`.
    pub volume_mode: Given<String>,
}

/// Where a volume can be used.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct VolumeAffinity {
    /// Required.
    pub required: Option<NodeSelector>,
}

/// A volume of a CSI driver.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Csi {
    /// Driver.
    pub driver: Given<String>,
    /// The driver's name for it.
    pub volume_handle: Given<String>,
}

/// A volume of Cinder.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Cinder {
    /// Id.
    #[serde(rename = "volumeID")]
    pub volume_id: Given<String>,
}

/// A claim.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ClaimRef {
    /// Namespace.
    pub namespace: Given<String>,
    /// Name.
    pub name: Given<String>,
    /// UID.
    pub uid: Given<String>,
}

/// The status of a claim or a volume.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct VolumeStatus {
    /// Phase.
    pub phase: Given<String>,
}

/// A StorageClass.
#[derive(Clone, Debug, Default, Deserialize, Resource)]
#[resource(inherit = "storage::StorageClass")]
#[serde(default, rename_all = "camelCase")]
pub struct Class {
    /// Metadata.
    #[serde(deserialize_with = "meta::lean")]
    pub metadata: ObjectMeta,
    /// Provisioner.
    pub provisioner: Given<String>,
    /// `Immediate` or `WaitForFirstConsumer`.
    pub volume_binding_mode: Given<String>,
    /// Where it makes volumes.
    pub allowed_topologies: Given<Vec<Topology>>,
}

/// Where volumes can be made.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Topology {
    /// All must hold.
    pub match_label_expressions: Given<Vec<TopologyLabel>>,
}

/// A label with one of some values.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TopologyLabel {
    /// Label key.
    pub key: Given<String>,
    /// Values.
    pub values: Given<Vec<String>>,
}
