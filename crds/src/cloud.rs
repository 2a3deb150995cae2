//! `OpenStackCloud`: one OpenStack project in one region, reached with a clouds.yaml Secret.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{Condition, rules};

/// One OpenStack project in one region.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "gantry.cloud",
    version = "v1alpha1",
    kind = "OpenStackCloud",
    plural = "openstackclouds",
    shortname = "osc",
    category = "gantry",
    namespaced,
    doc = "One OpenStack project in one region, reached with a clouds.yaml Secret.",
    status = "OpenStackCloudStatus",
    validation = rules::cloud_name_length(),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Servers", type_ = "integer", json_path = ".status.servers"),
    printcolumn(name = "Cores", type_ = "string", json_path = ".status.summary.cores"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct OpenStackCloudSpec {
    /// Where the credentials are.
    pub credentials: Credentials,
    /// How fast Gantry may go.
    #[serde(default)]
    pub pacing: Pacing,
    /// Prices per flavor; the first pattern that matches counts. Without a match a price is computed from vCPU and GiB.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    #[x_kube(validation = rules::prices_distinct())]
    pub prices: Vec<Price>,
}

/// A Secret in the cloud's own namespace, as the OpenStack clients write it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// Name of the Secret; its key `clouds.yaml` holds the file, its key `cacert` optionally a CA in PEM.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rules::secret_name())]
    pub secret_name: String,
    /// The entry of clouds.yaml to use.
    #[serde(default = "default_cloud")]
    #[schemars(length(min = 1, max = 253))]
    pub cloud: String,
}

fn default_cloud() -> String {
    "openstack".into()
}

/// Limits that Gantry keeps towards the cloud.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pacing {
    /// API requests per second, all services together.
    #[serde(default = "default_requests")]
    #[schemars(range(min = 1, max = 1000))]
    pub requests_per_second: i32,
    /// Servers that may be in creation at the same time.
    #[serde(default = "default_builds")]
    #[schemars(range(min = 1, max = 1000))]
    pub concurrent_builds: i32,
}

fn default_requests() -> i32 {
    20
}

fn default_builds() -> i32 {
    20
}

impl Default for Pacing {
    fn default() -> Self {
        Self { requests_per_second: default_requests(), concurrent_builds: default_builds() }
    }
}

/// What an hour of a flavor costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Price {
    /// The flavor's name; `*` stands for any run of characters.
    #[schemars(length(min = 1, max = 255))]
    pub flavor: String,
    /// A decimal number, in any currency, the same for all flavors.
    #[schemars(length(min = 1, max = 20))]
    #[x_kube(validation = rules::price())]
    pub per_hour: String,
}

/// What is known of the cloud.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenStackCloudStatus {
    /// `Ready`: the credentials work and flavors, zones and quota have been read.
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
}

/// One resource's limit and use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct QuotaLine {
    /// -1 for none.
    pub limit: i64,
    /// In use by the whole project.
    pub used: i64,
}
