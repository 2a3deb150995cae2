//! The switches of the simulator, below /admin: faults, quota, credentials, latencies, hypervisors, images, counts. No login.
use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    config::Quota,
    http::{Request, Response},
    state::{Cloud, image::Image},
};

/// A refusal, as a sentence.
struct Refused(u16, String);

type Answer = Result<Value, Refused>;

/// Answers a request below /admin.
pub(crate) fn handle(cloud: &mut Cloud, request: &Request, now: Timestamp) -> Response {
    match route(cloud, request, now) {
        Ok(body) => Response::json(200, &body),
        Err(Refused(code, text)) => Response::json(code, &json!({"error": text})),
    }
}

fn route(cloud: &mut Cloud, request: &Request, now: Timestamp) -> Answer {
    let segments = request.segments();
    match (request.method.as_str(), &segments[1..]) {
        ("GET", ["state"]) => Ok(state(cloud)),
        ("GET", ["faults"]) => Ok(cloud.faults.list()),
        ("POST", ["faults"]) => add_faults(cloud, body(request)?),
        ("DELETE", ["faults"]) => Ok(json!({"removed": cloud.faults.remove(None)})),
        ("DELETE", ["faults", id]) => remove_fault(cloud, id),
        ("POST", ["reset"]) => {
            cloud.reset(now);
            Ok(json!({}))
        }
        ("POST", ["tokens", "expire"]) => Ok(json!({"expired": cloud.identity.expire_tokens(|_| true)})),
        ("PUT", ["users", name, "password"]) => set_password(cloud, name, body(request)?),
        ("DELETE", ["application-credentials", id]) => revoke_credential(cloud, id),
        ("PUT", ["quotas", project]) => set_quota(cloud, project, &body(request)?),
        ("PUT", ["latencies"]) => set_latencies(cloud, body(request)?),
        ("PUT", ["hypervisors", name]) => set_hypervisor(cloud, name, body(request)?),
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
    let ports = &cloud.networking.ports;
    json!({
        "servers": cloud.compute.count(),
        "serversByStatus": statuses,
        "ports": ports.len(),
        "portsBound": ports.values().filter(|port| !port.device_id.is_empty()).count(),
        "serverGroups": cloud.compute.groups.len(),
        "tokensIssued": cloud.identity.issued,
        "requests": cloud.requests,
        "requestsTotal": cloud.requests.values().sum::<u64>(),
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
struct Password {
    password: String,
}

/// The user's tokens end with the old password, as in Keystone; here also for the services' caches.
fn set_password(cloud: &mut Cloud, name: &str, new: Password) -> Answer {
    let user = cloud.identity.users.values_mut().find(|user| user.name == name);
    let user = user.ok_or_else(|| Refused(404, format!("There is no user {name}.")))?;
    user.password = new.password;
    let id = user.id.clone();
    let expired = cloud.identity.expire_tokens(|token| token.caller.user == id && token.app_credential.is_none());
    Ok(json!({"expired": expired}))
}

/// Deletes an application credential, by id or name, and ends its tokens at once.
fn revoke_credential(cloud: &mut Cloud, id_or_name: &str) -> Answer {
    let mut all = cloud.identity.app_credentials.values();
    let found = all.find(|credential| credential.id == id_or_name || credential.name == id_or_name);
    let id = found.map(|credential| credential.id.clone());
    let id = id.ok_or_else(|| Refused(404, format!("There is no application credential {id_or_name}.")))?;
    cloud.identity.delete_app_credential(&id);
    let expired = cloud.identity.expire_tokens(|token| token.app_credential.as_deref() == Some(&id));
    Ok(json!({"expired": expired}))
}

/// Changes some limits of a project, by id or name.
fn set_quota(cloud: &mut Cloud, project: &str, changes: &BTreeMap<String, i64>) -> Answer {
    let found = cloud.identity.project(project).map(|project| project.id.clone());
    let id = found.ok_or_else(|| Refused(404, format!("There is no project {project}.")))?;
    let mut quota = json!(cloud.compute.quota(&id));
    for (name, limit) in changes {
        if quota.get(name).is_none() {
            return Err(Refused(400, format!("There is no quota for {name}.")));
        }
        quota[name] = json!(limit);
    }
    let quota: Quota = serde_json::from_value(quota).map_err(|error| Refused(400, error.to_string()))?;
    cloud.compute.quotas.insert(id, quota);
    Ok(json!(quota))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Latencies {
    build_ms: Option<u64>,
    delete_ms: Option<u64>,
    action_ms: Option<u64>,
    token_lifetime_ms: Option<u64>,
    token_cache_ms: Option<u64>,
}

/// For what is accepted from now on.
fn set_latencies(cloud: &mut Cloud, new: Latencies) -> Answer {
    let config = &mut cloud.config;
    let set = |place: &mut Duration, ms: Option<u64>| *place = ms.map_or(*place, Duration::from_millis);
    set(&mut config.build_latency, new.build_ms);
    set(&mut config.delete_latency, new.delete_ms);
    set(&mut config.action_latency, new.action_ms);
    set(&mut config.token_lifetime, new.token_lifetime_ms);
    set(&mut config.token_cache, new.token_cache_ms);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HypervisorChange {
    up: Option<bool>,
    vcpus: Option<u32>,
    memory_mib: Option<u64>,
}

fn set_hypervisor(cloud: &mut Cloud, name: &str, change: HypervisorChange) -> Answer {
    let mut all = cloud.compute.hypervisors.iter_mut();
    let place = all.find(|place| &*place.name == name);
    let place = place.ok_or_else(|| Refused(404, format!("There is no hypervisor {name}.")))?;
    place.is_up = change.up.unwrap_or(place.is_up);
    place.vcpus = change.vcpus.unwrap_or(place.vcpus);
    place.memory_mib = change.memory_mib.unwrap_or(place.memory_mib);
    Ok(json!({"name": name, "up": place.is_up, "vcpus": place.vcpus, "memoryMib": place.memory_mib}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewImage {
    name: String,
    #[serde(default)]
    tags: Vec<String>,
}

fn add_image(cloud: &mut Cloud, new: NewImage, now: Timestamp) -> Answer {
    let id = Uuid::new_v4();
    let NewImage { name, tags } = new;
    let image = Image { id, name, status: "active", tags, created: now, min_disk_gib: 1, min_ram_mib: 0 };
    cloud.images.push(image);
    Ok(json!({"id": id}))
}

fn remove_image(cloud: &mut Cloud, id_or_name: &str) -> Answer {
    let before = cloud.images.len();
    cloud.images.retain(|image| image.name != id_or_name && image.id.to_string() != id_or_name);
    Ok(json!({"removed": before - cloud.images.len()}))
}
