//! Namespaces, DaemonSets, PriorityClasses, CSINodes and CSIDrivers as they are written.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::scheduling::v1 as scheduling;
use k8s_openapi::api::storage::v1 as storage;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::Deserialize;

use super::{Given, PodSpec, meta};

/// A Namespace.
#[derive(Clone, Debug, Default, Deserialize, Resource)]
#[resource(inherit = "core::Namespace")]
#[serde(default)]
pub struct Namespace {
    /// Metadata.
    #[serde(deserialize_with = "meta::lean")]
    pub metadata: ObjectMeta,
}

/// A DaemonSet.
#[derive(Clone, Debug, Default, Deserialize, Resource)]
#[resource(inherit = "apps::DaemonSet")]
#[serde(default)]
pub struct DaemonSet {
    /// Metadata.
    #[serde(deserialize_with = "meta::lean")]
    pub metadata: ObjectMeta,
    /// Spec.
    pub spec: Given<DaemonSetSpec>,
}

/// Its spec.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DaemonSetSpec {
    /// Its pods.
    pub template: Given<PodTemplate>,
}

/// A template of pods.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PodTemplate {
    /// Their metadata.
    pub metadata: Given<TemplateMeta>,
    /// Their spec.
    pub spec: Given<PodSpec>,
}

/// Metadata of a template.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TemplateMeta {
    /// Labels.
    pub labels: Given<BTreeMap<String, String>>,
}

/// A PriorityClass.
#[derive(Clone, Debug, Default, Deserialize, Resource)]
#[resource(inherit = "scheduling::PriorityClass")]
#[serde(default, rename_all = "camelCase")]
pub struct PriorityClass {
    /// Metadata.
    #[serde(deserialize_with = "meta::lean")]
    pub metadata: ObjectMeta,
    /// Priority of its pods.
    pub value: Given<i32>,
    /// Whether it is for pods that name none.
    pub global_default: Given<bool>,
    /// `Never` or `PreemptLowerPriority`.
    pub preemption_policy: Given<String>,
}

/// A CSINode.
#[derive(Clone, Debug, Default, Deserialize, Resource)]
#[resource(inherit = "storage::CSINode")]
#[serde(default)]
pub struct CsiNode {
    /// Metadata; the name is the node's.
    #[serde(deserialize_with = "meta::lean")]
    pub metadata: ObjectMeta,
    /// Spec.
    pub spec: Given<CsiNodeSpec>,
}

/// Its spec.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CsiNodeSpec {
    /// Drivers that run on the node.
    pub drivers: Given<Vec<CsiNodeDriver>>,
}

/// A driver on a node.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CsiNodeDriver {
    /// Name.
    pub name: Given<String>,
    /// What it can attach.
    pub allocatable: Given<VolumeCount>,
}

/// A number of volumes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct VolumeCount {
    /// Absent: any number.
    pub count: Option<i64>,
}

/// A CSIDriver.
#[derive(Clone, Debug, Default, Deserialize, Resource)]
#[resource(inherit = "storage::CSIDriver")]
#[serde(default)]
pub struct CsiDriver {
    /// Metadata; the name is the driver's.
    #[serde(deserialize_with = "meta::lean")]
    pub metadata: ObjectMeta,
    /// Spec.
    pub spec: Given<CsiDriverSpec>,
}

/// Its spec.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CsiDriverSpec {
    /// Whether a node without it takes no pod that needs it.
    pub prevent_pod_scheduling_if_missing: Given<bool>,
}
