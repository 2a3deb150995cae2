//! Ports as Neutron writes them.

use super::limits::{name, tags};
use super::{page, tags_and};
use crate::{Error, Port, PortSpec, Result};
use serde::Deserialize;
use serde_json::{Value, json};

page!(Ports, WirePort, ports, ports_links);

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
        Self {
            id: wire.id,
            name: wire.name,
            device_id: wire.device_id.unwrap_or_default(),
            status: wire.status,
            addresses: wire.fixed_ips.into_iter().map(|ip| ip.ip_address).collect(),
            tags: tags_and(wire.tags, wire.description),
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

/// The body of `POST /ports`. The tags are the description as well: a cloud may drop tags without a word.
///
/// # Errors
/// [`Error::BadSpec`] if Neutron would refuse it.
pub(crate) fn body(spec: &PortSpec, at_birth: TagsAtBirth) -> Result<Value> {
    name("port", &spec.name)?;
    let marks = tags(&[], &spec.mark)?;
    let mut port = json!({"name": spec.name, "network_id": spec.network_id, "description": spec.mark.description()});
    if at_birth == TagsAtBirth::Sent {
        port["tags"] = json!(marks);
    }
    if !spec.fixed_ips.is_empty() {
        port["fixed_ips"] = spec.fixed_ips.iter().map(fixed_ip).collect();
    }
    if spec.port_security == Some(false) {
        // Neutron refuses it together with groups, and gives the default group unless none is said.
        port["security_groups"] = json!([]);
    } else if !spec.security_group_ids.is_empty() {
        port["security_groups"] = json!(spec.security_group_ids);
    }
    if !spec.allowed_address_pairs.is_empty() {
        port["allowed_address_pairs"] = spec.allowed_address_pairs.iter().map(pair).collect();
    }
    let options = [
        ("binding:vnic_type", spec.vnic_type.as_ref().map(|kind| json!(kind))),
        ("port_security_enabled", spec.port_security.map(|enabled| json!(enabled))),
        ("qos_policy_id", spec.qos_policy_id.as_ref().map(|id| json!(id))),
    ];
    for (key, value) in options {
        if let Some(value) = value {
            port[key] = value;
        }
    }
    Ok(json!({"port": port}))
}

fn fixed_ip(ip: &crate::FixedIp) -> Value {
    pairs([("subnet_id", &ip.subnet_id), ("ip_address", &ip.address)])
}

fn pair(pair: &crate::AddressPair) -> Value {
    pairs([("ip_address", &Some(pair.address.clone())), ("mac_address", &pair.mac)])
}

/// An object of those that are there.
fn pairs<const N: usize>(all: [(&str, &Option<String>); N]) -> Value {
    all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), json!(value.as_ref()?)))).collect::<serde_json::Map<_, _>>().into()
}

/// Whether an error says that this cloud takes no tags when a port is created.
pub(crate) fn refuses_tags(error: &Error) -> bool {
    let text = error.message();
    text.contains("'tags'") && (text.contains("not allowed in POST") || text.contains("Unrecognized attribute"))
}

#[cfg(test)]
#[path = "neutron_port_tests.rs"]
mod tests;
