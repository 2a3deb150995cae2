//! Servers as Nova writes them from microversion 2.72 on.

use super::page;
use crate::{Fault, Server, ServerStatus};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;

page!(Servers, WireServer, servers, servers_links);

/// `GET /servers/{id}`.
#[derive(Deserialize)]
pub(crate) struct OneServer {
    pub server: WireServer,
}

/// A server; a stub of a down cell has little more than an id.
#[derive(Deserialize)]
pub(crate) struct WireServer {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    status: String,
    #[serde(default, rename = "OS-EXT-STS:task_state")]
    task_state: Option<String>,
    #[serde(default)]
    fault: Option<WireFault>,
    #[serde(default)]
    addresses: Addresses,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    tags: Option<Vec<String>>,
    #[serde(default)]
    flavor: Option<WireServerFlavor>,
    #[serde(default, rename = "OS-EXT-AZ:availability_zone")]
    zone: Option<String>,
    #[serde(default)]
    created: String,
}

#[derive(Deserialize)]
struct WireFault {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct WireServerFlavor {
    original_name: Option<String>,
}

/// Fixed addresses in the order of the text, which a sorted map would lose.
#[derive(Default)]
struct Addresses(Vec<String>);

#[derive(Deserialize)]
struct Address {
    addr: String,
    #[serde(default, rename = "OS-EXT-IPS:type")]
    kind: Option<String>,
}

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Addresses::default())
    }
}

impl<'de> Visitor<'de> for Addresses {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from networks to addresses")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((_, addresses)) = map.next_entry::<serde::de::IgnoredAny, Vec<Address>>()? {
            let fixed = addresses.into_iter().filter(|address| address.kind.as_deref() != Some("floating"));
            self.0.extend(fixed.map(|address| address.addr));
        }
        Ok(self)
    }
}

impl From<WireServer> for Server {
    fn from(wire: WireServer) -> Self {
        Self {
            id: wire.id,
            name: wire.name,
            status: status(wire.status),
            task_state: wire.task_state,
            fault: wire.fault.map(|fault| Fault { code: fault.code, message: fault.message }),
            addresses: wire.addresses.0,
            metadata: wire.metadata,
            tags: wire.tags.unwrap_or_default(),
            flavor: wire.flavor.and_then(|flavor| flavor.original_name),
            zone: wire.zone.filter(|zone| !zone.is_empty()),
            created: wire.created,
        }
    }
}

fn status(word: String) -> ServerStatus {
    match word.as_str() {
        "BUILD" => ServerStatus::Build,
        "ACTIVE" => ServerStatus::Active,
        "ERROR" => ServerStatus::Error,
        "SHUTOFF" => ServerStatus::Shutoff,
        "SOFT_DELETED" => ServerStatus::SoftDeleted,
        "DELETED" => ServerStatus::Deleted,
        "UNKNOWN" | "" => ServerStatus::Unknown,
        _ => ServerStatus::Other(word),
    }
}

#[cfg(test)]
#[path = "nova_tests.rs"]
mod tests;
