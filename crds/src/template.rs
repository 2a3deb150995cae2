//! The template of a VMPool: what its hosts are made of.

use std::collections::BTreeMap;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::{Bootstrap, Flavors, FloatingIp, Image, NodeTemplate, Port, RootVolume, ServerGroup, rules, schema};

/// What a host is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = rules::one_server_group())]
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
    /// Boot from a Cinder volume made from the image; unset, the root disk is the flavor's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_volume: Option<RootVolume>,
    /// Keep the pool's hosts together or apart; Gantry makes the server groups, and as many as their quota of members asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_group: Option<ServerGroup>,
    /// A floating IP for each host, on its first port; deleted with the host.
    #[serde(rename = "floatingIP", default, skip_serializing_if = "Option::is_none")]
    pub floating_ip: Option<FloatingIp>,
    /// Metadata of the server, beside Gantry's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::server_metadata")]
    pub metadata: BTreeMap<String, String>,
    /// Tags of the server, beside Gantry's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 48), inner(length(min = 1, max = 60)))]
    #[x_kube(validation = rules::server_tags(), validation = rules::tags_not_gantry(), validation = rules::distinct("a tag"))]
    pub tags: Vec<String>,
    /// Name of a key pair of the user whose credentials the cloud has; its key may log in where the image lets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub key_pair: Option<String>,
    /// Whether the server gets its metadata and user data on a drive too; unset, Nova and the image decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_drive: Option<bool>,
    /// Hints for Nova's scheduler, as its filters know them; a hint of one value is sent as text, of more as a list.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::scheduler_hints")]
    pub scheduler_hints: BTreeMap<String, Vec<String>>,
    /// What the Kubernetes node looks like.
    #[serde(default)]
    pub node: NodeTemplate,
    /// How the server becomes a node.
    #[serde(default)]
    pub bootstrap: Bootstrap,
}
