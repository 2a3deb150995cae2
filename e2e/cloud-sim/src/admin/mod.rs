//! The switches of the simulator, below /admin: faults, quota, credentials, options, and what is in the cloud. No login.
mod credentials;
mod servers;
mod settings;
mod things;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    http::{Request, Response},
    inventory,
    state::{Cloud, image::Image},
};

/// A refusal, as a sentence.
struct Refused(u16, String);

type Answer = Result<Value, Refused>;

/// Answers a request below /admin.
pub(crate) fn handle(cloud: &mut Cloud, request: &Request, now: Timestamp) -> Response {
    cloud.revision += u64::from(request.method != "GET");
    match route(cloud, request, now) {
        Ok(body) => Response::json(200, &body),
        Err(Refused(code, text)) => Response::json(code, &json!({"error": text})),
    }
}

fn route(cloud: &mut Cloud, request: &Request, now: Timestamp) -> Answer {
    let segments = request.segments();
    match (request.method.as_str(), &segments[1..]) {
        ("GET", ["state"]) => Ok(state(cloud)),
        ("GET", ["inventory"]) => Ok(inventory::show(cloud)),
        ("GET", ["faults"]) => Ok(cloud.faults.list()),
        ("POST", ["faults"]) => add_faults(cloud, body(request)?),
        ("DELETE", ["faults"]) => Ok(json!({"removed": cloud.faults.remove(None)})),
        ("DELETE", ["faults", id]) => remove_fault(cloud, id),
        ("POST", ["reset"]) => {
            cloud.reset(now);
            Ok(json!({}))
        }
        ("POST", ["tokens", "expire"]) => Ok(json!({"expired": cloud.identity.expire_tokens(|_| true)})),
        ("PUT", ["users", name, "password"]) => credentials::set_password(cloud, name, body(request)?),
        ("DELETE", ["application-credentials", id]) => credentials::revoke(cloud, id),
        ("PUT", ["quotas", project]) => settings::set_quota(cloud, project, &body(request)?),
        ("PUT", ["latencies"]) => settings::set_latencies(cloud, body(request)?),
        ("PUT", ["options"]) => settings::set_options(cloud, body(request)?),
        ("PUT", ["hypervisors", name]) => settings::set_hypervisor(cloud, name, body(request)?),
        ("POST", ["servers"]) => servers::seed(cloud, body(request)?, now),
        ("POST", ["servers", "delete"]) => servers::delete_named(cloud, &body(request)?, now),
        ("PUT", ["servers", id]) => servers::change(cloud, id, body(request)?, now),
        ("DELETE", ["servers", id]) => servers::delete(cloud, id, now),
        ("PUT", ["volumes", id]) => things::set_volume(cloud, id, &body(request)?, now),
        ("DELETE", ["volumes", id]) => Ok(things::delete_volume(cloud, id)),
        ("DELETE", ["ports", id]) => Ok(things::delete_port(cloud, id, now)),
        ("DELETE", ["floatingips", id]) => Ok(things::delete_floating(cloud, id, now)),
        ("DELETE", ["server-groups", id]) => Ok(things::delete_group(cloud, id)),
        ("POST", ["images"]) => add_image(cloud, body(request)?, now),
        ("DELETE", ["images", id]) => remove_image(cloud, id),
        (method, _) => Err(Refused(404, format!("There is no {method} {}; see the crate's README.", request.path))),
    }
}

fn body<T: DeserializeOwned>(request: &Request) -> Result<T, Refused> {
    let parsed = serde_json::from_slice(&request.body);
    parsed.map_err(|error| Refused(400, format!("The body is not understood: {error}.")))
}

fn state(cloud: &Cloud) -> Value {
    let mut statuses: BTreeMap<&str, u64> = BTreeMap::new();
    for server in cloud.compute.alive(None, None) {
        *statuses.entry(server.status()).or_default() += 1;
    }
    let mut volumes: BTreeMap<&str, u64> = BTreeMap::new();
    for volume in cloud.storage.newest_first(None) {
        *volumes.entry(volume.status.as_str()).or_default() += 1;
    }
    let ports = &cloud.networking.ports;
    json!({
        "servers": cloud.compute.count(),
        "serversByStatus": statuses,
        "ports": ports.len(),
        "portsBound": ports.values().filter(|port| !port.device_id.is_empty()).count(),
        "volumes": volumes.values().sum::<u64>(),
        "volumesByStatus": volumes,
        "floatingIps": cloud.networking.floating.len(),
        "serverGroups": cloud.compute.groups.len(),
        "tokensIssued": cloud.identity.issued,
        "requests": cloud.log.counts(),
        "requestsTotal": cloud.log.total(),
        "requestsPerMinute": cloud.log.per_minute(),
        "deferred": cloud.deferred.len(),
        "faults": cloud.faults.list(),
    })
}

/// One rule or a list of them; all are added, or none.
fn add_faults(cloud: &mut Cloud, body: Value) -> Answer {
    let rules = match body {
        Value::Array(rules) => rules,
        rule => vec![rule],
    };
    let mut ids = Vec::new();
    for rule in rules {
        match cloud.faults.add(rule) {
            Ok(id) => ids.push(id),
            Err(error) => {
                for id in ids {
                    cloud.faults.remove(Some(id));
                }
                return Err(Refused(400, error.to_string()));
            }
        }
    }
    Ok(json!({"ids": ids}))
}

fn remove_fault(cloud: &mut Cloud, id: &str) -> Answer {
    let removed = id.parse().map_or(0, |id| cloud.faults.remove(Some(id)));
    if removed == 0 { Err(Refused(404, format!("There is no rule {id}."))) } else { Ok(json!({"removed": removed})) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewImage {
    name: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
}

fn add_image(cloud: &mut Cloud, new: NewImage, now: Timestamp) -> Answer {
    let id = cloud.ids.uuid();
    let NewImage { name, tags, properties } = new;
    let image = Image { id, name, status: "active", tags, properties, created: now, min_disk_gib: 1, min_ram_mib: 0 };
    cloud.images.push(image);
    Ok(json!({"id": id}))
}

fn remove_image(cloud: &mut Cloud, id_or_name: &str) -> Answer {
    let before = cloud.images.len();
    cloud.images.retain(|image| image.name != id_or_name && image.id.to_string() != id_or_name);
    Ok(json!({"removed": before - cloud.images.len()}))
}
