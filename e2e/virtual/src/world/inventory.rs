//! What is in the cloud, seen past all faults: for guests and for the checks, never for the operator.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use gantry_cloud_sim::Simulator;
use gantry_crds::{META_CLUSTER, META_HOST};
use serde::Deserialize;
use serde_json::Value;

/// Everything that is not deleted, of all projects.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    /// Nova servers.
    pub servers: Vec<Server>,
    /// Neutron ports.
    pub ports: Vec<Port>,
    /// Cinder volumes.
    #[serde(default)]
    pub volumes: Vec<Volume>,
    /// Floating IPs.
    #[serde(default)]
    pub floating_ips: Vec<FloatingIp>,
    /// Nova server groups.
    pub server_groups: Vec<ServerGroup>,
}

/// A server.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Status, as the API shows it.
    pub status: String,
    /// Metadata.
    pub metadata: BTreeMap<String, String>,
    /// User data in base64.
    pub user_data: Option<String>,
    /// Its size.
    pub flavor: Flavor,
    /// Addresses.
    pub addresses: Vec<String>,
}

/// A server's size.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Flavor {
    /// Name.
    pub name: String,
    /// vCPUs.
    pub vcpus: i64,
    /// Memory in MiB.
    pub memory_mib: i64,
}

/// A port.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Description.
    pub description: String,
}

/// A volume.
#[derive(Clone, Debug, Deserialize)]
pub struct Volume {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Metadata.
    pub metadata: BTreeMap<String, String>,
}

/// A floating IP.
#[derive(Clone, Debug, Deserialize)]
pub struct FloatingIp {
    /// Id.
    pub id: String,
    /// Description.
    pub description: String,
}

/// A server group.
#[derive(Clone, Debug, Deserialize)]
pub struct ServerGroup {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// One thing in the cloud and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thing {
    /// `server`, `port`, `volume`, `floating IP`, `server group`.
    pub kind: &'static str,
    /// Id.
    pub id: String,
    /// Name, where it has one.
    pub name: String,
    /// UID of the Host that it bears, if it is one host's.
    pub host: Option<String>,
    /// UID of the cluster that it bears, if any.
    pub cluster: Option<String>,
}

impl Inventory {
    /// Reads it.
    ///
    /// # Errors
    /// If the simulator does not tell.
    pub fn read(simulator: &Simulator) -> Result<Self> {
        let told = simulator.admin("GET", "inventory", Value::Null).map_err(|why| anyhow!("the simulator tells no inventory: {why}"))?;
        serde_json::from_value(told).context("the simulator's inventory is not understood")
    }

    /// Everything, with whose it is.
    pub fn things(&self) -> Vec<Thing> {
        let meta = |kind, id: &str, name: &str, metadata: &BTreeMap<String, String>| Thing {
            kind,
            id: id.into(),
            name: name.into(),
            host: metadata.get(META_HOST).cloned(),
            cluster: metadata.get(META_CLUSTER).cloned(),
        };
        let words = |kind, id: &str, name: &str, words: &str| Thing {
            kind,
            id: id.into(),
            name: name.into(),
            host: word(words, META_HOST),
            cluster: word(words, META_CLUSTER),
        };
        let servers = self.servers.iter().map(|server| meta("server", &server.id, &server.name, &server.metadata));
        let volumes = self.volumes.iter().map(|volume| meta("volume", &volume.id, &volume.name, &volume.metadata));
        let ports =
            self.ports.iter().map(|port| words("port", &port.id, &port.name, &format!("{} {}", port.tags.join(" "), port.description)));
        let ips = self.floating_ips.iter().map(|ip| words("floating IP", &ip.id, "", &ip.description));
        let groups = self.server_groups.iter().map(|group| Thing {
            kind: "server group",
            id: group.id.clone(),
            name: group.name.clone(),
            host: None,
            cluster: group.name.strip_prefix("gantry/").and_then(|rest| rest.split('/').next()).map(str::to_owned),
        });
        servers.chain(volumes).chain(ports).chain(ips).chain(groups).collect()
    }

    /// Servers that bear this cluster's UID.
    pub fn servers_of<'a>(&'a self, cluster: &'a str) -> impl Iterator<Item = &'a Server> {
        self.servers.iter().filter(move |server| server.metadata.get(META_CLUSTER).is_some_and(|uid| uid == cluster))
    }
}

fn word(words: &str, key: &str) -> Option<String> {
    let prefix = format!("{key}:");
    words.split_whitespace().find_map(|word| word.strip_prefix(&prefix)).map(str::to_owned)
}
