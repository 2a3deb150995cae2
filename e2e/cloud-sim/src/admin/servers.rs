//! Servers that a test puts there, changes or takes away behind everybody's back.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use regex::Regex;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Refused};
use crate::state::{
    Cloud,
    seed::{SeedPort, SeedServer},
    server::{Lock, VmState},
};

/// Most servers in one request.
const MAX_SERVERS: usize = 20_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seeds {
    #[serde(default = "demo")]
    project: String,
    servers: Vec<Seed>,
}

fn demo() -> String {
    "demo".to_owned()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Seed {
    id: Option<Uuid>,
    name: String,
    flavor: Option<String>,
    image: Option<String>,
    zone: Option<String>,
    status: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    tags: BTreeSet<String>,
    #[serde(default)]
    ports: Vec<Port>,
    group: Option<Uuid>,
    #[serde(default)]
    created_ago_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Port {
    id: Option<Uuid>,
    #[serde(default)]
    name: String,
    network: Option<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: BTreeSet<String>,
}

/// All are checked before the first is put there.
pub(super) fn seed(cloud: &mut Cloud, seeds: Seeds, now: Timestamp) -> Answer {
    if seeds.servers.len() > MAX_SERVERS {
        return Err(Refused(400, format!("That is more than {MAX_SERVERS} servers; send them in several requests.")));
    }
    let project = cloud.identity.project(&seeds.project).map(|project| project.id.clone());
    let project = project.ok_or_else(|| Refused(404, format!("There is no project {}.", seeds.project)))?;
    let user = cloud.identity.users.values().find(|user| user.roles.iter().any(|(own, _)| *own == project));
    let user: Arc<str> = user.map_or_else(|| project.clone(), |user| user.id.clone());
    let wanted = seeds.servers.into_iter().map(|seed| resolve(cloud, seed)).collect::<Result<Vec<_>, _>>()?;
    let mut rows = Vec::new();
    for server in wanted {
        let exhausted = |error| Refused(409, format!("{} of the servers are there; then a port got no address: {error:?}.", rows.len()));
        let (id, ports) = cloud.seed_server(server, (&project, &user), now).map_err(exhausted)?;
        rows.push(json!({"id": id, "ports": ports}));
    }
    Ok(json!({"servers": rows}))
}

fn resolve(cloud: &Cloud, seed: Seed) -> Result<SeedServer, Refused> {
    let missing = |kind: &str, name: &str| Refused(404, format!("There is no {kind} {name}."));
    if let Some(id) = seed.id.filter(|id| cloud.compute.any(*id).is_some()) {
        return Err(Refused(409, format!("There is a server {id} already.")));
    }
    let mut flavors = cloud.compute.flavors.iter();
    let name = seed.flavor.unwrap_or_default();
    let flavor = if name.is_empty() { flavors.next() } else { flavors.find(|flavor| flavor.spec.name == name || flavor.id == name) };
    let image = seed.image.map(|text| {
        let found = cloud.images.iter().find(|image| image.name == text || image.id.to_string() == text);
        found.map(|image| image.id).ok_or_else(|| missing("image", &text))
    });
    let port = |port: Port| {
        let text = port.network.unwrap_or_else(|| "apps".to_owned());
        let network = cloud.networking.networks.iter().find(|network| network.name == text || network.id.to_string() == text);
        let network = network.ok_or_else(|| missing("network", &text))?.id;
        Ok(SeedPort { id: port.id, name: port.name, description: port.description, network, tags: port.tags })
    };
    Ok(SeedServer {
        id: seed.id,
        flavor: flavor.ok_or_else(|| missing("flavor", &name))?.clone(),
        image: image.transpose()?.or_else(|| cloud.images.first().map(|image| image.id)),
        state: state(seed.status.as_deref().unwrap_or("ACTIVE"))?,
        ports: seed.ports.into_iter().map(port).collect::<Result<_, _>>()?,
        name: seed.name,
        zone: seed.zone,
        metadata: seed.metadata,
        tags: seed.tags,
        group: seed.group,
        age: Duration::from_millis(seed.created_ago_ms),
    })
}

fn state(status: &str) -> Result<VmState, Refused> {
    Ok(match status {
        "ACTIVE" => VmState::Active,
        "BUILD" => VmState::Building,
        "ERROR" => VmState::Error,
        "SHUTOFF" => VmState::Stopped,
        "PAUSED" => VmState::Paused,
        "SUSPENDED" => VmState::Suspended,
        _ => return Err(Refused(400, format!("{status} is none of ACTIVE, BUILD, ERROR, SHUTOFF, PAUSED, SUSPENDED."))),
    })
}

/// Living servers by id or name.
fn find(cloud: &Cloud, id_or_name: &str) -> Vec<(u64, Uuid)> {
    let id = Uuid::parse_str(id_or_name).ok();
    let all = cloud.compute.alive(None, None);
    all.filter(|server| Some(server.id) == id || server.spec.name == id_or_name).map(|server| (server.seq, server.id)).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    status: Option<String>,
    code: Option<u16>,
    message: Option<String>,
    locked: Option<bool>,
}

pub(super) fn change(cloud: &mut Cloud, id_or_name: &str, change: Change, now: Timestamp) -> Answer {
    let found = find(cloud, id_or_name);
    if found.is_empty() {
        return Err(Refused(404, format!("There is no server {id_or_name}.")));
    }
    let state = change.status.as_deref().map(state).transpose()?;
    for (_, id) in &found {
        if let Some(state) = state {
            let message = change.message.clone().unwrap_or_else(|| "The hypervisor lost it.".to_owned());
            cloud.set_state(*id, state, (change.code.unwrap_or(500), message), now);
        }
        if let (Some(locked), Some(server)) = (change.locked, cloud.compute.get_mut(*id)) {
            server.locked = locked.then_some(Lock { reason: None, is_admins: true });
        }
    }
    Ok(json!({"changed": found.len()}))
}

pub(super) fn delete(cloud: &mut Cloud, id_or_name: &str, now: Timestamp) -> Answer {
    let found = find(cloud, id_or_name);
    found.iter().for_each(|(seq, _)| cloud.remove(*seq, now));
    Ok(json!({"removed": found.len()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    /// Regular expression that the name contains.
    name: String,
    count: Option<usize>,
}

/// The oldest first.
pub(super) fn delete_named(cloud: &mut Cloud, named: &Named, now: Timestamp) -> Answer {
    let pattern = Regex::new(&named.name).map_err(|_| Refused(400, format!("{} is not a regular expression.", named.name)))?;
    let all = cloud.compute.alive(None, None).filter(|server| pattern.is_match(&server.spec.name));
    let mut found: Vec<_> = all.map(|server| (server.seq, server.id)).collect();
    found.sort_unstable();
    found.truncate(named.count.unwrap_or(usize::MAX));
    found.iter().for_each(|(seq, _)| cloud.remove(*seq, now));
    Ok::<Value, _>(json!({"removed": found.iter().map(|(_, id)| id).collect::<Vec<_>>()}))
}
