//! What Gantry tells of clouds and pools: offerings, quota, orphans, what names stand for, room to grow.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Condition;

/// Most orphans in a status; the schema says the same.
pub const ORPHANS_SHOWN: usize = 20;

/// What is known of the cloud.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenStackCloudStatus {
    /// `Ready`: the credentials work and flavors, zones and quota have been read. `CloudInventoryConsistent`: what OpenStack shows agrees
    /// with what the Hosts record; `False` holds everything that could be lost or doubled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".to_string()]))]
    pub conditions: Vec<Condition>,
    /// The generation of the spec that the status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The region that the catalog entry was taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Project id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Servers of this cluster that the last complete list showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub servers: Option<i32>,
    /// Flavor and zone pairs that pools of this cloud may use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offerings: Vec<OfferingStatus>,
    /// Quota and its use, by resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaStatus>,
    /// What real nodes showed; plans go by it instead of the stated reserve. At most 200 are kept, those seen last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub learned: Vec<LearnedStatus>,
    /// What bears this cluster's mark and belongs to no Host, oldest finding first; at most 20 are shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub orphans: Vec<OrphanStatus>,
    /// How many orphans there are, those that are not shown included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orphans_total: Option<i32>,
    /// Short texts for `kubectl get`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub summary: BTreeMap<String, String>,
}

/// One flavor in one zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferingStatus {
    /// Flavor name.
    pub flavor: String,
    /// Availability zone.
    pub zone: String,
    /// Virtual CPUs.
    pub vcpus: i32,
    /// Memory in MiB.
    #[serde(rename = "memoryMiB")]
    pub memory_mib: i64,
    /// Root disk in GiB.
    #[serde(rename = "diskGiB")]
    pub disk_gib: i64,
    /// Extended resources, e.g. `nvidia.com/gpu`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resources: BTreeMap<String, String>,
    /// Price of an hour, a decimal number.
    pub price: String,
    /// Whether Gantry would ask for it now.
    pub available: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Until when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

/// What the node of a host offered to pods once it was ready: the least that was seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct LearnedStatus {
    /// Flavor name.
    pub flavor: String,
    /// Image id.
    #[serde(rename = "imageID")]
    pub image_id: String,
    /// kubelet's maxPods.
    pub max_pods: i32,
    /// kubelet's kubeReserved, CPU.
    pub reserved_cpu: String,
    /// kubelet's kubeReserved, memory.
    pub reserved_memory: String,
    /// Size of the root volume in GiB; 0 if the root disk is the flavor's.
    #[serde(rename = "rootVolumeGiB", default)]
    pub root_volume_gib: i64,
    /// Version of the kubelet; another one is learned anew.
    pub kubelet_version: String,
    /// What pods may use of it.
    pub allocatable: BTreeMap<String, String>,
    /// Volumes that each CSI driver attaches to it; -1 where the driver names no limit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub drivers: BTreeMap<String, i64>,
}

/// Most that is kept of what was learned; the schema says the same.
pub const LEARNED_MAX: usize = 200;

/// Quota of the project; a limit of -1 means none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuotaStatus {
    /// Servers.
    pub instances: QuotaLine,
    /// Virtual CPUs.
    pub cores: QuotaLine,
    /// Memory in MiB.
    #[serde(rename = "memoryMiB")]
    pub memory_mib: QuotaLine,
    /// Ports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<QuotaLine>,
    /// Volumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volumes: Option<QuotaLine>,
    /// Volumes' GiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gigabytes: Option<QuotaLine>,
    /// Floating IPs.
    #[serde(rename = "floatingIPs", default, skip_serializing_if = "Option::is_none")]
    pub floating_ips: Option<QuotaLine>,
    /// Server groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_groups: Option<QuotaLine>,
    /// Servers that one server group takes; -1 for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_group_members: Option<i64>,
}

/// One resource's limit and use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct QuotaLine {
    /// -1 for none.
    pub limit: i64,
    /// In use by the whole project.
    pub used: i64,
}

/// Something in OpenStack, or a token's Secret, that bears this cluster's mark and belongs to no Host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrphanStatus {
    /// What it is.
    pub kind: OrphanKind,
    /// Id; of a Secret its name.
    pub id: String,
    /// Name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// UID of the Host that it was made for, as far as it says so.
    #[serde(rename = "hostUID", default, skip_serializing_if = "Option::is_none")]
    pub host_uid: Option<String>,
    /// When a full pass found it first.
    pub first_seen: Time,
    /// What becomes of it, in words.
    pub message: String,
}

/// Kinds of orphans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum OrphanKind {
    /// A Nova server.
    Server,
    /// A Neutron port.
    Port,
    /// A Cinder volume.
    Volume,
    /// A floating IP.
    FloatingIP,
    /// A Nova server group.
    ServerGroup,
    /// The Secret of a bootstrap token.
    Token,
}

/// What a pool's template stands for now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resolved {
    /// The image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ResolvedRef>,
    /// The ports' networks and what goes with them, in the order of template.ports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<ResolvedPort>,
    /// The network of the floating IPs.
    #[serde(rename = "floatingNetwork", default, skip_serializing_if = "Option::is_none")]
    pub floating_network: Option<ResolvedRef>,
    /// Flavors of the cloud that may be used, cheapest first; at most 100 are shown and used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flavors: Vec<String>,
}

/// What a port's references stand for now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedPort {
    /// The network.
    pub network: ResolvedRef,
    /// Subnets of its addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subnets: Vec<ResolvedRef>,
    /// Security groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security_groups: Vec<ResolvedRef>,
    /// QoS policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qos_policy: Option<ResolvedRef>,
}

/// Something of OpenStack by id and name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct ResolvedRef {
    /// Its id.
    pub id: String,
    /// Its name, as far as it is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// What a pool can still grow by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// How many more hosts of the cheapest flavor that can be had now.
    pub hosts: i32,
    /// What stands in the way of more, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub blocked_by: String,
}
