//! Pods as they are written.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::Resource;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Affinity, Amounts, Given, SpreadConstraint, Toleration, meta};

/// A Pod.
#[derive(Clone, Debug, Default, Deserialize, Resource)]
#[resource(inherit = "core::Pod")]
#[serde(default)]
pub struct Pod {
    /// Metadata.
    #[serde(deserialize_with = "meta::lean")]
    pub metadata: ObjectMeta,
    /// Spec.
    pub spec: Given<PodSpec>,
    /// Status.
    pub status: Given<PodStatus>,
}

/// Its spec, or a template's.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodSpec {
    /// Node it is bound to.
    pub node_name: Given<String>,
    /// Who places it.
    pub scheduler_name: Given<String>,
    /// Priority; set at admission.
    pub priority: Option<i32>,
    /// Where a priority that is not set comes from.
    pub priority_class_name: Given<String>,
    /// `Never` or `PreemptLowerPriority`.
    pub preemption_policy: Given<String>,
    /// Labels that its node must have.
    pub node_selector: Given<BTreeMap<String, String>>,
    /// Affinity of all kinds.
    pub affinity: Given<Affinity>,
    /// Tolerations.
    pub tolerations: Given<Vec<Toleration>>,
    /// Topology spread constraints.
    pub topology_spread_constraints: Given<Vec<SpreadConstraint>>,
    /// Whether it uses its node's network.
    pub host_network: Given<bool>,
    /// Containers.
    pub containers: Given<Vec<Container>>,
    /// Init containers, sidecars among them.
    pub init_containers: Given<Vec<Container>>,
    /// What its runtime class takes on top.
    pub overhead: Amounts,
    /// Pod-level resources.
    pub resources: Given<Requirements>,
    /// Volumes.
    pub volumes: Given<Vec<Volume>>,
    /// Claims of devices.
    pub resource_claims: Given<Vec<IgnoredAny>>,
    /// Gates that hold it back.
    pub scheduling_gates: Given<Vec<IgnoredAny>>,
    /// The group that it is placed with.
    pub scheduling_group: Option<IgnoredAny>,
}

/// A container.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Container {
    /// Name.
    pub name: Given<String>,
    /// Resources.
    pub resources: Given<Requirements>,
    /// `Always` makes an init container a sidecar.
    pub restart_policy: Given<String>,
    /// Ports.
    pub ports: Given<Vec<Port>>,
}

/// Requests and limits.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Requirements {
    /// Requests; a status may lack them.
    pub requests: Option<Amounts>,
    /// Limits.
    pub limits: Amounts,
}

/// A container's port.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Port {
    /// In the container.
    pub container_port: Given<i32>,
    /// On the node; 0 is none.
    pub host_port: Given<i32>,
    /// Address on the node.
    #[serde(rename = "hostIP")]
    pub host_ip: Given<String>,
    /// Protocol.
    pub protocol: Given<String>,
}

/// A volume of a pod.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Volume {
    /// Name.
    pub name: Given<String>,
    /// By claim.
    pub persistent_volume_claim: Option<ClaimName>,
    /// With a claim made for the pod.
    pub ephemeral: Option<IgnoredAny>,
}

/// A claim's name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ClaimName {
    /// In the pod's namespace.
    pub claim_name: Given<String>,
}

/// Its status.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodStatus {
    /// Phase; a pod of a cluster always has one.
    pub phase: Given<String>,
    /// Conditions.
    pub conditions: Given<Vec<Condition>>,
    /// Node that it is nominated to.
    pub nominated_node_name: Given<String>,
    /// Containers.
    pub container_statuses: Given<Vec<ContainerStatus>>,
    /// Init containers.
    pub init_container_statuses: Given<Vec<ContainerStatus>>,
    /// What the kubelet set aside for the whole pod.
    pub allocated_resources: Option<Amounts>,
    /// What the whole pod has now.
    pub resources: Given<Requirements>,
}

/// A condition.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Condition {
    /// Type.
    #[serde(rename = "type")]
    pub type_: Given<String>,
    /// `True`, `False` or `Unknown`.
    pub status: Given<String>,
    /// Reason.
    pub reason: Given<String>,
    /// Since when.
    pub last_transition_time: Option<Time>,
}

/// A container's status.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ContainerStatus {
    /// Name.
    pub name: Given<String>,
    /// What the kubelet set aside for it.
    pub allocated_resources: Option<Amounts>,
    /// What it has now.
    pub resources: Given<Requirements>,
}
