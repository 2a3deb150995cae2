//! Floating IPs as Neutron writes them.

use super::limits::tags;
use super::{page, tags_and};
use crate::{FloatingIp, FloatingIpSpec, Result};
use serde::Deserialize;
use serde_json::{Value, json};

page!(FloatingIps, WireFloatingIp, floatingips, floatingips_links);

/// `GET /floatingips/{id}` and the answer to `POST /floatingips`.
#[derive(Deserialize)]
pub(crate) struct OneFloatingIp {
    pub floatingip: WireFloatingIp,
}

/// A floating IP.
#[derive(Deserialize)]
pub(crate) struct WireFloatingIp {
    id: String,
    floating_ip_address: String,
    #[serde(default)]
    floating_network_id: String,
    #[serde(default)]
    port_id: Option<String>,
    #[serde(default)]
    status: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    created_at: Option<String>,
}

impl From<WireFloatingIp> for FloatingIp {
    fn from(wire: WireFloatingIp) -> Self {
        Self {
            id: wire.id,
            address: wire.floating_ip_address,
            network_id: wire.floating_network_id,
            port_id: wire.port_id.filter(|id| !id.is_empty()),
            status: wire.status,
            tags: tags_and(wire.tags, wire.description),
            created: wire.created_at,
        }
    }
}

/// The body of `POST /floatingips`. The mark is the description: tags at birth are not common here.
///
/// # Errors
/// [`crate::Error::BadSpec`] if the mark is none that can be written.
pub(crate) fn body(spec: &FloatingIpSpec) -> Result<Value> {
    tags(&[], &spec.mark)?;
    let description = spec.mark.description();
    Ok(json!({"floatingip": {"floating_network_id": spec.network_id, "port_id": spec.port_id, "description": description}}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mark;
    use crate::client::Page;

    fn mark() -> Mark {
        Mark { host: Some("1".to_owned()), cluster: "2".to_owned() }
    }

    #[test]
    fn a_floating_ip_is_asked_for_with_its_port_and_mark() {
        let spec = FloatingIpSpec { network_id: "n".to_owned(), port_id: "p".to_owned(), mark: mark() };
        let expected = json!({"floatingip": {"floating_network_id": "n", "port_id": "p", "description": "gantry-host:1 gantry-cluster:2"}});
        assert_eq!(body(&spec).unwrap(), expected);
    }

    #[test]
    fn floating_ips_are_read_with_their_marks() {
        let text = r#"{"floatingips": [{"id": "f", "floating_ip_address": "192.0.2.7", "floating_network_id": "n", "port_id": null, "fixed_ip_address": null,
            "status": "DOWN", "router_id": null, "description": "gantry-host:1 gantry-cluster:2", "tags": [], "created_at": "2026-11-22T23:45:26Z"}]}"#;
        let (found, next) = serde_json::from_str::<FloatingIps>(text).unwrap().split();
        let found: Vec<FloatingIp> = found.into_iter().map(FloatingIp::from).collect();
        let expected = FloatingIp {
            id: "f".to_owned(),
            address: "192.0.2.7".to_owned(),
            network_id: "n".to_owned(),
            port_id: None,
            status: "DOWN".to_owned(),
            tags: mark().tags(),
            created: Some("2026-11-22T23:45:26Z".to_owned()),
        };
        assert_eq!((found[0].mark(), next), (Some(mark()), None));
        assert_eq!(found, [expected]);
    }
}
