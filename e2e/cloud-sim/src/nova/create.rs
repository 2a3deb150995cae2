//! POST /servers: every check that Nova makes before it accepts, in its order and words.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::json;
use uuid::Uuid;

use super::{Answer, Call, disks, error::NovaError, python::Py, schema};
use crate::{
    http::Response,
    state::{
        Cloud,
        quota::{Usage, exceeded},
        server::{Flavor, Nic, ServerSpec},
    },
};

const MAX_METADATA: usize = 128;
/// Most servers in one request.
const MAX_COUNT: u32 = 1000;

pub(super) fn server(cloud: &mut Cloud, call: &Call<'_>) -> Answer {
    let malformed = || NovaError::bad_request("Malformed request body");
    let body: Py = serde_json::from_slice(&call.request.body).map_err(|_| malformed())?;
    let asked = schema::server(&body, call.minor)?;
    let count = count(asked)?;
    let spec = spec(cloud, call, &body, asked, count)?;
    check_quota(cloud, call, &spec, count)?;
    disks::check_free(cloud, call, &spec.disks)?;
    let reservation = cloud.ids.reservation();
    let created: Vec<Uuid> = (0..count)
        .map(|index| {
            let mut spec = spec.clone();
            if count > 1 {
                spec.name = format!("{}-{}", spec.name, index + 1);
            }
            let owner = (&call.project, &call.caller.user);
            cloud.create_server(spec, owner, (reservation.clone(), index), call.request_id, call.now)
        })
        .collect();
    if asked.get("return_reservation_id") == Some(&Py::Bool(true)) {
        return Ok(Response::json(202, &json!({"reservation_id": reservation})));
    }
    Ok(accepted(cloud, created[0], &spec, asked))
}

fn accepted(cloud: &Cloud, id: Uuid, spec: &ServerSpec, asked: &Py) -> Response {
    let base = &cloud.base_url;
    let href = format!("{base}/compute/v2.1/servers/{id}");
    let groups: Vec<_> = spec.security_groups.iter().map(|name| json!({"name": name})).collect();
    let password = asked.get("adminPass").and_then(Py::as_str).map_or_else(|| cloud.ids.alphanumeric(12), str::to_owned);
    let body = json!({"server": {
        "id": id,
        "links": [
            {"rel": "self", "href": href},
            {"rel": "bookmark", "href": format!("{base}/compute/servers/{id}")},
        ],
        "OS-DCF:diskConfig": "MANUAL",
        "security_groups": groups,
        "adminPass": password,
    }});
    Response::json(202, &body).with("location", href)
}

fn count(asked: &Py) -> Result<u32, NovaError> {
    let number = |name: &str| match asked.get(name) {
        Some(Py::Int(n)) => u32::try_from(*n).ok(),
        Some(Py::Str(text)) => text.parse().ok(),
        _ => None,
    };
    let (min, max) = (number("min_count").unwrap_or(1), number("max_count"));
    let max = max.unwrap_or(min);
    if min > max {
        return Err(NovaError::bad_request("min_count must be <= max_count"));
    }
    Ok(max.clamp(1, MAX_COUNT))
}

fn spec(cloud: &Cloud, call: &Call<'_>, body: &Py, asked: &Py, count: u32) -> Result<ServerSpec, NovaError> {
    let text = |name: &str| asked.get(name).and_then(Py::as_str).map(str::to_owned);
    let (zone, host) = zone(cloud, call, asked)?;
    let flavor = flavor(cloud, asked)?;
    let disks = disks::parse(cloud, call, asked, count)?;
    let image = if disks.is_empty() { image(cloud, asked)? } else { None };
    let metadata = metadata(asked)?;
    let key_name = text("key_name");
    let has_key = |name: &String| cloud.compute.key_pairs.contains_key(&(call.caller.user.clone(), name.clone()));
    if !key_name.as_ref().is_none_or(has_key) {
        return Err(NovaError::bad_request("Invalid key_name provided."));
    }
    let security_groups = security_groups(cloud, call, asked)?;
    let nics = nics(cloud, call, asked, count)?;
    let group = group(cloud, call, body)?;
    let name = text("name").unwrap_or_default();
    Ok(ServerSpec {
        hostname: text("hostname").unwrap_or_else(|| hostname(&name)),
        name,
        flavor,
        image,
        nics,
        disks,
        metadata,
        tags: strings(asked.get("tags")).collect(),
        zone,
        host,
        group,
        security_groups,
        user_data: text("user_data").map(Arc::from),
        key_name,
        description: text("description"),
        config_drive: matches!(asked.get("config_drive"), Some(Py::Bool(true))),
    })
}

fn strings(list: Option<&Py>) -> impl Iterator<Item = String> {
    list.map(Py::items).unwrap_or_default().iter().filter_map(Py::as_str).map(str::to_owned)
}

/// A name as Nova makes a hostname of it.
fn hostname(name: &str) -> String {
    let kept = name.to_lowercase().replace([' ', '_', '.'], "-");
    kept.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(63).collect()
}

fn zone(cloud: &Cloud, call: &Call<'_>, asked: &Py) -> Result<(Option<String>, Option<String>), NovaError> {
    let Some(text) = asked.get("availability_zone").and_then(Py::as_str) else { return Ok((None, None)) };
    let (zone, host) = text.split_once(':').map_or((text, None), |(zone, host)| (zone, Some(host.to_owned())));
    if host.is_some() && !call.caller.is_admin {
        return Err(NovaError::policy("servers:create:forced_host"));
    }
    if cloud.config.zones.iter().any(|known| known.name == zone) {
        return Ok((Some(zone.to_owned()), host));
    }
    Err(NovaError::bad_request("The requested availability zone is not available"))
}

fn flavor(cloud: &Cloud, asked: &Py) -> Result<Arc<Flavor>, NovaError> {
    let reference = asked.get("flavorRef").map(Py::text).unwrap_or_default();
    let id = reference.rsplit('/').next().unwrap_or_default();
    let found = cloud.compute.flavor(id).cloned();
    found.ok_or_else(|| NovaError::bad_request(format!("Flavor {id} could not be found.")))
}

fn image(cloud: &Cloud, asked: &Py) -> Result<Option<Uuid>, NovaError> {
    let reference = asked.get("imageRef").and_then(Py::as_str).unwrap_or_default();
    if reference.is_empty() {
        return Err(NovaError::bad_request("Missing imageRef attribute"));
    }
    let id = Uuid::parse_str(reference).ok();
    let found = cloud.images.iter().find(|image| Some(image.id) == id);
    found.map(|image| Some(image.id)).ok_or_else(|| NovaError::bad_request("Can not find requested image"))
}

fn metadata(asked: &Py) -> Result<BTreeMap<String, String>, NovaError> {
    let entries = asked.get("metadata").map(Py::entries).unwrap_or_default();
    if entries.len() > MAX_METADATA {
        let text = format!("Maximum number of metadata items exceeds {MAX_METADATA}");
        return Err(NovaError::forbidden(text));
    }
    Ok(entries.iter().map(|(key, value)| (key.clone(), value.text())).collect())
}

fn security_groups(cloud: &Cloud, call: &Call<'_>, asked: &Py) -> Result<Vec<String>, NovaError> {
    let items = asked.get("security_groups").map(Py::items).unwrap_or_default();
    let names: BTreeSet<_> = items.iter().filter_map(|item| item.get("name")?.as_str()).map(str::to_owned).collect();
    for name in names.iter().filter(|name| *name != "default") {
        if cloud.networking.group(&call.project, name).is_none() {
            let text = format!("Unable to find security_group with name or id '{name}'");
            return Err(NovaError::bad_request(text));
        }
    }
    Ok(if names.is_empty() { vec!["default".to_owned()] } else { names.into_iter().collect() })
}

fn nics(cloud: &Cloud, call: &Call<'_>, asked: &Py, count: u32) -> Result<Vec<Nic>, NovaError> {
    let networks = asked.get("networks");
    match networks.and_then(Py::as_str) {
        Some("none") => Ok(Vec::new()),
        Some(_) => any_network(cloud, call),
        None if networks.is_none_or(|networks| networks.items().is_empty()) => any_network(cloud, call),
        None => {
            let items = networks.map(Py::items).unwrap_or_default().iter();
            let nics = items.map(|item| nic(cloud, call, item, count)).collect::<Result<Vec<_>, _>>()?;
            no_port_twice(&nics)?;
            Ok(nics)
        }
    }
}

fn no_port_twice(nics: &[Nic]) -> Result<(), NovaError> {
    let mut seen = BTreeSet::new();
    let twice = nics.iter().find_map(|nic| match nic {
        Nic::Port(port) if !seen.insert(*port) => Some(port),
        _ => None,
    });
    match twice {
        Some(port) => Err(NovaError::bad_request(format!("Duplicate port {port} is not allowed."))),
        None => Ok(()),
    }
}

fn any_network(cloud: &Cloud, call: &Call<'_>) -> Result<Vec<Nic>, NovaError> {
    let mut own = cloud.networking.networks.iter().filter(|network| network.project == call.project);
    match (own.next(), own.next()) {
        (Some(only), None) => Ok(vec![Nic::Network(only.id, None)]),
        (None, _) => Ok(Vec::new()),
        _ => Err(NovaError::conflict("Multiple possible networks found, use a Network ID to be more specific.")),
    }
}

fn nic(cloud: &Cloud, call: &Call<'_>, item: &Py, count: u32) -> Result<Nic, NovaError> {
    let text = |key: &str| item.get(key).and_then(Py::as_str).unwrap_or_default();
    let (port, network) = (text("port"), text("uuid"));
    if !port.is_empty() {
        return port_nic(cloud, call, port, count);
    }
    let mine = |owner: &str| call.caller.is_admin || owner == &*call.project;
    let found = Uuid::parse_str(network).ok().and_then(|id| cloud.networking.network(id));
    if let Some(external) = found.filter(|network| network.is_external && !call.caller.is_admin) {
        let text = format!("It is not allowed to create an interface on external network {}", external.id);
        return Err(NovaError::forbidden(text));
    }
    let Some(found) = found.filter(|network| network.is_shared || mine(&network.project)) else {
        return Err(NovaError::bad_request(format!("Network {network} could not be found.")));
    };
    if found.subnets.is_empty() {
        let text = format!("Network {network} requires a subnet in order to boot instances on.");
        return Err(NovaError::bad_request(text));
    }
    Ok(Nic::Network(found.id, text("fixed_ip").parse().ok()))
}

fn port_nic(cloud: &Cloud, call: &Call<'_>, text: &str, count: u32) -> Result<Nic, NovaError> {
    let mine = |owner: &str| call.caller.is_admin || owner == &*call.project;
    let found = Uuid::parse_str(text).ok().and_then(|id| cloud.networking.ports.get(&id));
    let Some(port) = found.filter(|port| mine(&port.project)) else {
        return Err(NovaError::bad_request(format!("Port id {text} could not be found.")));
    };
    if !port.device_id.is_empty() {
        return Err(NovaError::conflict(format!("Port {text} is still in use.")));
    }
    if port.fixed_ips.is_empty() {
        return Err(NovaError::bad_request(format!("Port {text} requires a FixedIP in order to be used.")));
    }
    if count > 1 {
        let text = "Unable to launch multiple instances with a single configured port ID. Please launch your instance one by one with different ports.";
        return Err(NovaError::bad_request(text));
    }
    Ok(Nic::Port(port.id))
}

fn group(cloud: &Cloud, call: &Call<'_>, body: &Py) -> Result<Option<Uuid>, NovaError> {
    let hint = schema::scheduler_hints(body).and_then(|hints| hints.get("group")).and_then(Py::as_str);
    let Some(text) = hint else { return Ok(None) };
    let found = Uuid::parse_str(text).ok().and_then(|id| cloud.compute.groups.get(&id));
    let Some(group) = found.filter(|group| group.project == call.project) else {
        return Err(NovaError::bad_request(format!("Instance group {text} could not be found.")));
    };
    let limit = cloud.compute.quota(&call.project).server_group_members;
    if limit >= 0 && i64::try_from(group.members.len()).is_ok_and(|members| members >= limit) {
        return Err(NovaError::forbidden("Quota exceeded, too many servers in group"));
    }
    Ok(Some(group.id))
}

fn check_quota(cloud: &Cloud, call: &Call<'_>, spec: &ServerSpec, count: u32) -> Result<(), NovaError> {
    let quota = cloud.compute.quota(&call.project);
    let made = spec.nics.iter().filter(|nic| matches!(nic, Nic::Network(..))).count();
    let ports = i64::try_from(made).unwrap_or(0) * i64::from(count);
    if quota.ports >= 0 && ports > 0 && cloud.networking.ports_of(&call.project) + ports > quota.ports {
        return Err(NovaError::forbidden("Maximum number of ports exceeded"));
    }
    let asked = Usage::of(count, spec.flavor.spec.vcpus, spec.flavor.spec.memory_mib);
    match exceeded(quota, cloud.compute.usage(&call.project), asked) {
        Some(_) if cloud.config.late_quota_check => Ok(()),
        Some(text) => Err(NovaError::forbidden(text)),
        None => Ok(()),
    }
}
