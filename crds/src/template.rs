//! The template of a VMPool: what its hosts are made of.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Reserved, rules, schema};

/// What a host is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// Flavors that may be used; Gantry picks by price.
    pub flavors: Flavors,
    /// Availability zones that may be used; none named means every zone of the cloud.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 255)))]
    #[x_kube(validation = rules::plain_zones(), validation = rules::distinct("a zone"))]
    pub zones: Vec<String>,
    /// The image that the root disk is made from.
    pub image: Image,
    /// Ports of the server, the first one carries the node's address.
    #[schemars(length(min = 1, max = 8))]
    pub ports: Vec<Port>,
    /// What the Kubernetes node looks like.
    #[serde(default)]
    pub node: NodeTemplate,
    /// How the server becomes a node.
    #[serde(default)]
    pub bootstrap: Bootstrap,
}

/// Flavors by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct Flavors {
    /// Names of flavors.
    #[schemars(length(min = 1, max = 100), inner(length(min = 1, max = 255)))]
    #[x_kube(validation = rules::distinct("a flavor"))]
    pub names: Vec<String>,
}

/// An image by id or by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = rules::id_or_name())]
pub struct Image {
    /// Glance id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = rules::uuid())]
    pub id: Option<String>,
    /// Image name; must be the name of one active image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub name: Option<String>,
}

/// One port of a server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// The network.
    pub network: NetworkRef,
    /// The subnet that the address comes from; unset, Neutron chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<SubnetRef>,
    /// Security groups; none named means the project's default group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(validation = rules::distinct("a security group"))]
    pub security_groups: Vec<SecurityGroupRef>,
}

macro_rules! reference {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
        #[x_kube(validation = rules::id_or_name())]
        pub struct $name {
            /// Neutron id.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(length(min = 1, max = 64))]
            #[x_kube(validation = rules::uuid())]
            pub id: Option<String>,
            /// Name; must be the name of exactly one that the project can see.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(length(min = 1, max = 255))]
            pub name: Option<String>,
        }
    };
}

reference!(
    /// A network by id or by name.
    NetworkRef
);
reference!(
    /// A subnet by id or by name.
    SubnetRef
);
reference!(
    /// A security group by id or by name.
    SecurityGroupRef
);

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
