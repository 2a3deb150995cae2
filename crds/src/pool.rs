//! `VMPool`: hosts that may differ in flavor and zone but share image, network, bootstrap and policy.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{Condition, Resolved, Room, Template, rules};

/// A pool of container hosts.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "gantry.cloud",
    version = "v1alpha1",
    kind = "VMPool",
    plural = "vmpools",
    shortname = "vmp",
    category = "gantry",
    namespaced,
    doc = "Container hosts that may differ in flavor and zone but share image, network, bootstrap and policy.",
    status = "VMPoolStatus",
    validation = rules::pool_name(),
    scale(spec_replicas_path = ".spec.replicas", status_replicas_path = ".status.replicas", label_selector_path = ".status.selector"),
    printcolumn(name = "Cloud", type_ = "string", json_path = ".spec.cloudName"),
    printcolumn(name = "Hosts", type_ = "integer", json_path = ".status.replicas"),
    printcolumn(name = "Ready", type_ = "integer", json_path = ".status.readyHosts"),
    printcolumn(name = "Drifted", type_ = "integer", json_path = ".status.driftedHosts", priority = 1),
    printcolumn(name = "Room", type_ = "integer", json_path = ".status.room.hosts", priority = 1),
    printcolumn(name = "Max", type_ = "integer", json_path = ".spec.maxHosts"),
    printcolumn(name = "Cost/h", type_ = "string", json_path = ".status.costPerHour"),
    printcolumn(name = "Can Grow", type_ = "string", json_path = ".status.conditions[?(@.type=='CanGrow')].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='CanGrow')].reason"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = rules::min_within_max(), validation = rules::replicas_within_max(), validation = rules::fixed_address_for_one())]
#[serde(rename_all = "camelCase")]
pub struct VMPoolSpec {
    /// Name of an OpenStackCloud in the same namespace. Immutable.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rules::cloud_name(), validation = rules::cloud_name_immutable())]
    pub cloud_name: String,
    /// Exactly this many hosts. Unset, demand decides, between minHosts and maxHosts. Set through the scale subresource too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 5000))]
    pub replicas: Option<i32>,
    /// Hosts that are kept even without demand.
    #[serde(default)]
    #[schemars(range(min = 0, max = 5000))]
    pub min_hosts: i32,
    /// Hosts that are never exceeded.
    #[serde(default = "default_max_hosts")]
    #[schemars(range(min = 0, max = 5000))]
    pub max_hosts: i32,
    /// Sums over the pool's hosts that are never exceeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// Pools with a higher weight are tried first.
    #[serde(default = "default_weight")]
    #[schemars(range(min = 1, max = 100))]
    pub weight: i32,
    /// What a host of this pool is made of. A change counts for hosts created from then on.
    pub template: Template,
    /// When hosts go.
    #[serde(default)]
    pub disruption: Disruption,
}

fn default_max_hosts() -> i32 {
    10
}

fn default_weight() -> i32 {
    10
}

/// Sums that a pool does not exceed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct Limits {
    /// Virtual CPUs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxLength" = 32))]
    #[x_kube(validation = rules::positive_cpu())]
    pub cpu: Option<Quantity>,
    /// Memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxLength" = 32))]
    #[x_kube(validation = rules::positive_memory())]
    pub memory: Option<Quantity>,
}

/// When hosts go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct Disruption {
    /// Hosts that nobody needs.
    #[serde(default)]
    pub consolidation: Consolidation,
}

/// Hosts that nobody needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct Consolidation {
    /// A host that has been empty this long goes. A duration such as `90s`, `5m` or `1h30m`; `Never` keeps empty hosts.
    #[serde(default = "default_after")]
    #[schemars(length(min = 1, max = 20))]
    #[x_kube(validation = rules::consolidation_after())]
    pub after: String,
}

fn default_after() -> String {
    "5m".into()
}

impl Default for Consolidation {
    fn default() -> Self {
        Self { after: default_after() }
    }
}

/// What is known of the pool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct VMPoolStatus {
    /// `Ready`: cloud, image and networks were found. `CanGrow`: nothing stands in the way of one more host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".to_string()]))]
    pub conditions: Vec<Condition>,
    /// The generation of the spec that the status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Hosts that exist, whatever their phase.
    #[serde(default)]
    pub replicas: i32,
    /// Hosts that take pods.
    #[serde(default)]
    pub ready_hosts: i32,
    /// Label selector of the pool's hosts, for the scale subresource.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub selector: String,
    /// Sum of the hosts' prices.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cost_per_hour: String,
    /// Hosts that are not what the template says now; they stay as they are.
    #[serde(default)]
    pub drifted_hosts: i32,
    /// What the template's names, tags and ranges stand for now; hosts keep what they were bought with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolved>,
    /// What the pool can still grow by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Room>,
}
