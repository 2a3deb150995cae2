//! Nodes as they are written.

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::Deserialize;

use super::{Amounts, Given, meta};

/// A Node.
#[derive(Clone, Debug, Default, Deserialize, Resource)]
#[resource(inherit = "core::Node")]
#[serde(default)]
pub struct Node {
    /// Metadata.
    #[serde(deserialize_with = "meta::lean")]
    pub metadata: ObjectMeta,
    /// Spec.
    pub spec: Given<NodeSpec>,
    /// Status.
    pub status: Given<NodeStatus>,
}

/// Its spec.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NodeSpec {
    /// Taints.
    pub taints: Given<Vec<Taint>>,
    /// Cordoned.
    pub unschedulable: Given<bool>,
    /// Provider's id.
    #[serde(rename = "providerID")]
    pub provider_id: Given<String>,
}

/// A taint.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Taint {
    /// Key.
    pub key: Given<String>,
    /// Value.
    pub value: Given<String>,
    /// Effect.
    pub effect: Given<String>,
}

/// Its status.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NodeStatus {
    /// What pods may use.
    pub allocatable: Amounts,
    /// Conditions.
    pub conditions: Given<Vec<Condition>>,
    /// What runs there.
    #[serde(rename = "nodeInfo")]
    pub node_info: Given<NodeInfo>,
}

/// What runs on a node.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NodeInfo {
    /// Version of the kubelet.
    pub kubelet_version: Given<String>,
}

/// A condition.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// Type.
    #[serde(rename = "type")]
    pub type_: Given<String>,
    /// `True`, `False` or `Unknown`.
    pub status: Given<String>,
}
