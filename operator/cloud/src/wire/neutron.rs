//! Ports, and things with a name, as Neutron writes them.

use super::nova_create::{check_tags, wrong};
use super::{Link, next};
use crate::client::Page;
use crate::{Error, Named, Port, PortSpec, Result};
use serde::Deserialize;
use serde_json::{Value, json};

const NAME_LIMIT_CHARS: usize = 255;

/// A page of `GET /ports`.
#[derive(Deserialize)]
pub(crate) struct Ports {
    ports: Vec<WirePort>,
    #[serde(default)]
    ports_links: Vec<Link>,
}

impl Page for Ports {
    type Item = WirePort;

    fn split(self) -> (Vec<WirePort>, Option<String>) {
        (self.ports, next(self.ports_links))
    }

    fn id(item: &WirePort) -> &str {
        &item.id
    }
}

/// `GET /ports/{id}` and the answer to `POST /ports`.
#[derive(Deserialize)]
pub(crate) struct OnePort {
    pub port: WirePort,
}

/// A port.
#[derive(Deserialize)]
pub(crate) struct WirePort {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    device_id: Option<String>,
    #[serde(default)]
    status: String,
    #[serde(default)]
    fixed_ips: Vec<FixedIp>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    description: Option<String>,
}

#[derive(Deserialize)]
struct FixedIp {
    ip_address: String,
}

impl From<WirePort> for Port {
    fn from(wire: WirePort) -> Self {
        let mut tags = wire.tags;
        if let Some(tag) = wire.description.filter(|tag| !tag.is_empty() && !tags.contains(tag)) {
            tags.push(tag);
        }
        Self {
            id: wire.id,
            name: wire.name,
            device_id: wire.device_id.unwrap_or_default(),
            status: wire.status,
            addresses: wire.fixed_ips.into_iter().map(|ip| ip.ip_address).collect(),
            tags,
        }
    }
}

impl WirePort {
    /// Whether all these tags are on it as tags proper.
    pub fn has_tags(&self, tags: &[String]) -> bool {
        tags.iter().all(|tag| self.tags.contains(tag))
    }
}

/// Whether a cloud takes tags when a port is created: not all have that Neutron extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TagsAtBirth {
    Sent,
    LeftOut,
}

/// The body of `POST /ports`. The first tag is the description as well: a cloud may drop tags without a word.
///
/// # Errors
/// [`crate::Error::BadSpec`] if Neutron would refuse it.
pub(crate) fn body(spec: &PortSpec, tags: TagsAtBirth) -> Result<Value> {
    if spec.name.chars().count() > NAME_LIMIT_CHARS {
        return wrong(format!("a port's name must not exceed {NAME_LIMIT_CHARS} characters"));
    }
    check_tags(&spec.tags)?;
    let description = spec.tags.first().map(String::as_str).unwrap_or_default();
    let mut port = json!({"name": spec.name, "network_id": spec.network_id, "description": description});
    if tags == TagsAtBirth::Sent {
        port["tags"] = json!(spec.tags);
    }
    if let Some(subnet_id) = &spec.subnet_id {
        port["fixed_ips"] = json!([{"subnet_id": subnet_id}]);
    }
    if !spec.security_group_ids.is_empty() {
        port["security_groups"] = json!(spec.security_group_ids);
    }
    Ok(json!({"port": port}))
}

/// Whether an error says that this cloud takes no tags when a port is created.
pub(crate) fn refuses_tags(error: &Error) -> bool {
    let text = error.message();
    text.contains("'tags'") && (text.contains("not allowed in POST") || text.contains("Unrecognized attribute"))
}

/// A page of networks, subnets or security groups.
#[derive(Deserialize)]
pub(crate) struct NamedPage {
    #[serde(rename = "networks", alias = "subnets", alias = "security_groups")]
    items: Vec<WireNamed>,
    #[serde(default, rename = "networks_links", alias = "subnets_links", alias = "security_groups_links")]
    links: Vec<Link>,
}

/// Something with an id, a name and a project.
#[derive(Deserialize)]
pub(crate) struct WireNamed {
    pub id: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub project_id: String,
}

impl Page for NamedPage {
    type Item = WireNamed;

    fn split(self) -> (Vec<WireNamed>, Option<String>) {
        (self.items, next(self.links))
    }

    fn id(item: &WireNamed) -> &str {
        &item.id
    }
}

impl From<WireNamed> for Named {
    fn from(wire: WireNamed) -> Self {
        Self { id: wire.id, name: wire.name }
    }
}

#[cfg(test)]
#[path = "neutron_tests.rs"]
mod tests;
