//! The node that a host of a VMPool becomes: labels, taints, reserves, and how it joins.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Reserved, rules, schema};

/// What the Kubernetes node looks like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = rules::taint_stays_or_goes())]
#[serde(rename_all = "camelCase")]
pub struct NodeTemplate {
    /// Labels that the node registers with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::node_labels")]
    pub labels: BTreeMap<String, String>,
    /// Taints that stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    #[x_kube(validation = rules::taints_distinct(), validation = rules::taints_not_reserved())]
    pub taints: Vec<Taint>,
    /// Taints that somebody else lifts when the node is ready for pods; ignored when pods are matched to the pool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    #[x_kube(validation = rules::taints_distinct(), validation = rules::taints_not_reserved())]
    pub startup_taints: Vec<Taint>,
    /// Pods that a node takes at most.
    #[serde(default = "default_max_pods")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_pods: Option<i32>,
    /// CPU and memory kept for the system (kubelet's kubeReserved).
    #[serde(default)]
    pub reserved: Reserved,
}

fn default_max_pods() -> Option<i32> {
    Some(110)
}

impl Default for NodeTemplate {
    fn default() -> Self {
        Self {
            labels: BTreeMap::new(),
            taints: vec![],
            startup_taints: vec![],
            max_pods: default_max_pods(),
            reserved: Reserved::default(),
        }
    }
}

/// A taint of a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, KubeSchema)]
pub struct Taint {
    /// Key.
    #[schemars(length(min = 1, max = 317))]
    #[x_kube(validation = rules::taint_key())]
    pub key: String,
    /// Value.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63))]
    #[x_kube(validation = rules::taint_value())]
    pub value: String,
    /// What it does to pods that do not tolerate it.
    pub effect: TaintEffect,
}

/// What a taint does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum TaintEffect {
    /// New pods stay away.
    NoSchedule,
    /// New pods stay away if they can.
    PreferNoSchedule,
    /// Running pods leave too.
    NoExecute,
}

impl TaintEffect {
    /// The word of the Kubernetes API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
}

/// How a server becomes a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct Bootstrap {
    /// `kubeadm join`, with a token of its own for each host. The image has containerd, kubelet and kubeadm.
    #[serde(default)]
    pub kubeadm: Kubeadm,
}

/// Settings of `kubeadm join`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Kubeadm {
    /// `https://host:port` of the API server as the hosts reach it; unset, it is taken from the ConfigMap kube-public/cluster-info.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 300))]
    #[x_kube(validation = rules::api_server())]
    pub api_server: Option<String>,
}
