//! `OpenStackCloud`: one OpenStack project in one region, reached with a clouds.yaml Secret.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{OpenStackCloudStatus, rules};

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
    printcolumn(
        name = "Consistent",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='CloudInventoryConsistent')].status",
        priority = 1
    ),
    printcolumn(name = "Orphans", type_ = "integer", json_path = ".status.orphansTotal", priority = 1),
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
    /// What devices in flavors become on nodes. Needed until the first node of a flavor has shown what it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    #[x_kube(validation = rules::devices_distinct())]
    pub devices: Vec<Device>,
    /// What is in the project with this cluster's mark and belongs to no Host.
    #[serde(default)]
    pub orphans: Orphans,
}

/// A device that flavors have, and the extended resource by which pods ask for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct Device {
    /// An alias in the flavor's extra spec `pci_passthrough:alias` (`gpu` of `gpu:2`), or a class in `resources:<class>` (`VGPU`).
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// What the device plugin on the nodes calls it, such as `nvidia.com/gpu`.
    #[schemars(length(min = 3, max = 253))]
    #[x_kube(validation = rules::device_resource())]
    pub resource: String,
}

/// What is in the project with this cluster's mark and belongs to no Host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct Orphans {
    /// What to do with it, once two full passes an hour after its creation have found it.
    #[serde(default)]
    pub action: OrphansAction,
}

/// What to do with orphans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OrphansAction {
    /// Tell of them in the status and in Events.
    #[default]
    Report,
    /// Delete them too, a few at a time.
    Delete,
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
