//! `Host`: one Nova server that is, was, or is to be one Kubernetes node. Written by the operator; the write-ahead log of all it creates.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AddressPair, Condition, OnDelete, ServerGroup, Taint, VnicType, rules};

/// One container host.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "gantry.cloud",
    version = "v1alpha1",
    kind = "Host",
    plural = "hosts",
    shortname = "gh",
    category = "gantry",
    namespaced,
    doc = "One Nova server that is, was, or is to be one Kubernetes node. Made by Gantry; its record of everything it creates.",
    status = "HostStatus",
    validation = rules::host_immutable(),
    validation = rules::host_name(),
    printcolumn(name = "Pool", type_ = "string", json_path = ".spec.poolName"),
    printcolumn(name = "Flavor", type_ = "string", json_path = ".spec.flavor"),
    printcolumn(name = "Zone", type_ = "string", json_path = ".spec.zone"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Address", type_ = "string", json_path = ".status.address"),
    printcolumn(name = "Price", type_ = "string", json_path = ".spec.price"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.message", priority = 1),
    printcolumn(name = "Server", type_ = "string", json_path = ".status.serverID", priority = 1),
    printcolumn(name = "Drifted", type_ = "string", json_path = ".status.conditions[?(@.type=='Drifted')].status", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct HostSpec {
    /// The VMPool in the same namespace.
    pub pool_name: String,
    /// The OpenStackCloud in the same namespace.
    pub cloud_name: String,
    /// Flavor name.
    pub flavor: String,
    /// Flavor id, resolved when the host was decided.
    #[serde(rename = "flavorID")]
    pub flavor_id: String,
    /// Availability zone.
    pub zone: String,
    /// Region of the cloud.
    pub region: String,
    /// Image id, resolved when the host was decided.
    #[serde(rename = "imageID")]
    pub image_id: String,
    /// Ports, resolved when the host was decided.
    #[schemars(length(min = 1, max = 8))]
    pub ports: Vec<HostPort>,
    /// The root volume; unset, the root disk is the flavor's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_volume: Option<HostRootVolume>,
    /// The policy of the server group that the server is to be in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_group: Option<ServerGroup>,
    /// The floating IP of the first port.
    #[serde(rename = "floatingIP", default, skip_serializing_if = "Option::is_none")]
    pub floating_ip: Option<HostFloatingIp>,
    /// The user's metadata of the server.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The user's tags of the server.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Key pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_pair: Option<String>,
    /// Whether the server gets a config drive; unset, Nova decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_drive: Option<bool>,
    /// Hints for Nova's scheduler.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scheduler_hints: BTreeMap<String, Vec<String>>,
    /// Labels that the node registers with, the well-known ones included.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Taints that stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub taints: Vec<Taint>,
    /// Taints that others lift.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub startup_taints: Vec<Taint>,
    /// What the node is expected to offer to pods.
    pub allocatable: BTreeMap<String, Quantity>,
    /// kubelet's maxPods.
    pub max_pods: i32,
    /// kubelet's kubeReserved.
    #[serde(default)]
    pub reserved: Reserved,
    /// How the server becomes a node.
    pub bootstrap: HostBootstrap,
    /// Seats that the host keeps for the pods that it was bought for, until they are bound.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 128))]
    pub claims: Vec<HostClaim>,
    /// Price of an hour, a decimal number.
    pub price: String,
    /// Why this host was decided, in words.
    pub reason: String,
}

/// Most claims of a Host; the schema says the same.
pub const CLAIMS_MAX: usize = 128;

/// Seats for pods that are equal to the scheduler.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct HostClaim {
    /// What the pods are like: a number of the planner, in hexadecimal.
    #[schemars(length(min = 1, max = 16))]
    pub shape: String,
    /// How many.
    #[schemars(range(min = 1))]
    pub pods: i32,
}

/// A port, resolved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostPort {
    /// Neutron network id.
    #[serde(rename = "networkID")]
    pub network_id: String,
    /// Its addresses; none means that Neutron chooses.
    #[serde(rename = "fixedIPs", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5))]
    pub fixed_ips: Vec<HostFixedIp>,
    /// Neutron security group ids; empty means the project's default group.
    #[serde(rename = "securityGroupIDs", default, skip_serializing_if = "Vec::is_empty")]
    pub security_group_ids: Vec<String>,
    /// Addresses beside its own that the port may send from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub allowed_address_pairs: Vec<AddressPair>,
    /// How the port is joined to the server; unset, `normal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vnic_type: Option<VnicType>,
    /// Whether the port is secured; unset, the network decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port_security: Option<bool>,
    /// Neutron QoS policy id; unset, the network's.
    #[serde(rename = "qosPolicyID", default, skip_serializing_if = "Option::is_none")]
    pub qos_policy_id: Option<String>,
}

/// One address of a port, resolved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct HostFixedIp {
    /// Neutron subnet id.
    #[serde(rename = "subnetID", default, skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
    /// This very address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A root disk in Cinder, resolved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostRootVolume {
    /// Size in GiB.
    #[serde(rename = "sizeGiB")]
    pub size_gib: i64,
    /// Volume type; unset, Cinder's default.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub volume_type: Option<String>,
    /// Cinder's availability zone; unset, Cinder's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// What becomes of it when the host goes.
    #[serde(default)]
    pub on_delete: OnDelete,
}

/// A floating IP, resolved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct HostFloatingIp {
    /// Neutron id of the external network.
    #[serde(rename = "networkID")]
    pub network_id: String,
}

/// CPU and memory kept for the system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct Reserved {
    /// CPU, e.g. `200m`.
    #[serde(default = "default_reserved_cpu")]
    #[schemars(extend("maxLength" = 32))]
    #[x_kube(validation = rules::reserved_cpu())]
    pub cpu: Quantity,
    /// Memory, e.g. `512Mi`.
    #[serde(default = "default_reserved_memory")]
    #[schemars(extend("maxLength" = 32))]
    #[x_kube(validation = rules::reserved_memory())]
    pub memory: Quantity,
}

fn default_reserved_cpu() -> Quantity {
    Quantity("200m".into())
}

fn default_reserved_memory() -> Quantity {
    Quantity("512Mi".into())
}

impl Default for Reserved {
    fn default() -> Self {
        Self { cpu: default_reserved_cpu(), memory: default_reserved_memory() }
    }
}

/// How a host's server becomes a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostBootstrap {
    /// `https://host:port` of the API server as the host reaches it.
    pub api_server: String,
}

/// Where a host is in its life, for people; the operator decides by the other fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum HostPhase {
    /// Decided, nothing in the cloud yet.
    #[default]
    Pending,
    /// Port and server are being created.
    Building,
    /// The server is ACTIVE and its node has not registered yet.
    Joining,
    /// The node takes pods.
    Ready,
    /// The node is registered but not ready.
    NotReady,
    /// Pods are being evicted.
    Draining,
    /// Server and port are being deleted.
    Deleting,
    /// Cannot go on; the conditions say why.
    Failed,
}

fn is_zero(number: &i32) -> bool {
    *number == 0
}

/// The ledger of one host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostStatus {
    /// Where the host is in its life.
    #[serde(default)]
    pub phase: HostPhase,
    /// The phase in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// `Launched`, `Joined`, `Ready`, `Empty`, `Failed`; `Drifted`: the host is not what the pool's template says now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".to_string()]))]
    pub conditions: Vec<Condition>,
    /// Neutron port ids, in the order of spec.ports.
    #[serde(rename = "portIDs", default, skip_serializing_if = "Vec::is_empty")]
    pub port_ids: Vec<String>,
    /// Nova server id.
    #[serde(rename = "serverID", default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<String>,
    /// Cinder id of the root volume.
    #[serde(rename = "volumeID", default, skip_serializing_if = "Option::is_none")]
    pub volume_id: Option<String>,
    /// Nova id of the server group that the server was asked into.
    #[serde(rename = "serverGroupID", default, skip_serializing_if = "Option::is_none")]
    pub server_group_id: Option<String>,
    /// Neutron id of the floating IP.
    #[serde(rename = "floatingIPID", default, skip_serializing_if = "Option::is_none")]
    pub floating_ip_id: Option<String>,
    /// The floating IP's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floating_address: Option<String>,
    /// How often a creation was given up because nobody could say whether it had happened; each one doubles the next one's wait.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub create_attempts: i32,
    /// When POST /servers was about to be sent: from then on a server may exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_sent_at: Option<Time>,
    /// The server's address on its first port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// `openstack:///<server id>`.
    #[serde(rename = "providerID", default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// The node, once registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_name: Option<String>,
}
