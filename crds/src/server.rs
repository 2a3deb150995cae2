//! What a host's server is bought as: flavor, image, root volume, server group, floating IP.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{NetworkRef, rules, schema};

/// `rootVolume.zone` that means the zone of the host itself.
pub const SAME_AS_HOST: &str = "SameAsHost";

/// Flavors by name, or by what they have; what is asked for together must all be true of a flavor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = rules::names_or_ranges())]
#[serde(rename_all = "camelCase")]
pub struct Flavors {
    /// Names of flavors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 100), inner(length(min = 1, max = 255)))]
    #[x_kube(validation = rules::distinct("a flavor"))]
    pub names: Vec<String>,
    /// Every flavor with so many virtual CPUs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vcpus: Option<CpuRange>,
    /// Every flavor with so much memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryRange>,
    /// Every flavor with these extra specs; in a value `*` stands for any run of characters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::extra_specs")]
    pub extra_specs: BTreeMap<String, String>,
}

/// Virtual CPUs from and to, both included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = rules::cpu_range())]
pub struct CpuRange {
    /// At least so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub min: Option<i32>,
    /// At most so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub max: Option<i32>,
}

/// Memory from and to, both included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = rules::memory_range())]
pub struct MemoryRange {
    /// At least so much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxLength" = 32))]
    #[x_kube(validation = rules::flavor_memory())]
    pub min: Option<Quantity>,
    /// At most so much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxLength" = 32))]
    #[x_kube(validation = rules::flavor_memory())]
    pub max: Option<Quantity>,
}

/// An image by id, by name, or the newest one that bears tags and properties.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = rules::one_way_to_an_image())]
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
    /// The newest active image that bears all of these tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 10), inner(length(min = 1, max = 255)))]
    #[x_kube(validation = rules::distinct("a tag"))]
    pub tags: Vec<String>,
    /// The newest active image that has all of these properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::image_properties")]
    pub properties: BTreeMap<String, String>,
}

/// A root disk in Cinder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RootVolume {
    /// Size, a whole number of GiB or TiB, such as `40Gi`.
    #[schemars(extend("maxLength" = 8))]
    #[x_kube(validation = rules::volume_size())]
    pub size: Quantity,
    /// Name of a volume type; unset, Cinder's default type.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub volume_type: Option<String>,
    /// Cinder's availability zone, or `SameAsHost` where Cinder's zones are called as Nova's; unset, Cinder's default zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub zone: Option<String>,
    /// What becomes of the volume when its host goes.
    #[serde(default)]
    pub on_delete: OnDelete,
}

/// What becomes of a volume when its host goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OnDelete {
    /// It goes too.
    #[default]
    Delete,
    /// It stays, detached, and is nobody's but yours from then on.
    Keep,
}

/// How the hosts of a pool are spread over hypervisors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = rules::only_anti_affinity_counts())]
#[serde(rename_all = "camelCase")]
pub struct ServerGroup {
    /// Nova's policy.
    pub policy: GroupPolicy,
    /// With `anti-affinity`, so many of the pool's hosts may share a hypervisor; unset, one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_servers_per_hypervisor: Option<i32>,
}

/// Nova's policies of server groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GroupPolicy {
    /// All on one hypervisor.
    Affinity,
    /// Each on a hypervisor of its own; where there is none, no host.
    AntiAffinity,
    /// On one hypervisor as far as it goes.
    SoftAffinity,
    /// Each on a hypervisor of its own as far as it goes.
    SoftAntiAffinity,
}

impl GroupPolicy {
    /// The word of the Nova API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Affinity => "affinity",
            Self::AntiAffinity => "anti-affinity",
            Self::SoftAffinity => "soft-affinity",
            Self::SoftAntiAffinity => "soft-anti-affinity",
        }
    }
}

/// A floating IP of each host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct FloatingIp {
    /// The external network that it comes from.
    pub network: NetworkRef,
}
