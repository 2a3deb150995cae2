//! Ports: list, show, create, update, delete.
use std::{collections::BTreeSet, net::Ipv4Addr};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Call,
    error::{Answer, NeutronError},
    list, view,
};
use crate::{
    http::Response,
    state::{
        Cloud,
        port::{AddressError, NewPort, Port},
    },
};

const MAX_NAME: usize = 255;
const MAX_TAG: usize = 255;
/// What a port may be created with.
const KNOWN: &[&str] = &[
    "name",
    "description",
    "network_id",
    "admin_state_up",
    "mac_address",
    "fixed_ips",
    "device_id",
    "device_owner",
    "security_groups",
    "port_security_enabled",
    "allowed_address_pairs",
    "binding:vnic_type",
    "binding:host_id",
    "binding:profile",
    "tags",
    "tenant_id",
    "project_id",
    "extra_dhcp_opts",
    "propagate_uplink_status",
    "qos_policy_id",
    "dns_name",
    "value_specs",
];

pub(super) fn list(cloud: &Cloud, call: &Call<'_>) -> Answer {
    // The common filters are applied before rows are made, so that a look-up among thousands stays cheap.
    let exact = |name: &str, own: &str| {
        let mut asked = call.request.query.iter().filter(|(key, _)| key == name).peekable();
        asked.peek().is_none() || asked.any(|(_, value)| value == own)
    };
    let tags = call.request.param("tags");
    let mut seen = cloud.networking.ports.values().filter(|port| call.may_see(&port.project)).peekable();
    let example = seen.peek().map(|port| view::port(port, call.caller.is_admin));
    let fits = |port: &&Port| {
        exact("device_id", &port.device_id)
            && exact("name", &port.name)
            && tags.is_none_or(|tags| tags.split(',').all(|tag| port.tags.contains(tag)))
    };
    let rows: Vec<_> = seen.filter(fits).map(|port| view::port(port, call.caller.is_admin)).collect();
    if rows.is_empty() {
        // Unknown filters are refused even if nothing is found.
        list::answer(cloud, call, "ports", example.into_iter().collect())?;
    }
    list::answer(cloud, call, "ports", rows)
}

pub(super) fn find<'a>(cloud: &'a Cloud, call: &Call<'_>, id: &str) -> Result<&'a Port, NeutronError> {
    let port = Uuid::parse_str(id).ok().and_then(|id| cloud.networking.ports.get(&id));
    port.filter(|port| call.may_see(&port.project)).ok_or_else(|| NeutronError::not_found("Port", id))
}

fn show(code: u16, port: &Port, call: &Call<'_>) -> Response {
    Response::json(code, &json!({"port": view::port(port, call.caller.is_admin)}))
}

pub(super) fn get(cloud: &Cloud, call: &Call<'_>, id: &str) -> Answer {
    Ok(show(200, find(cloud, call, id)?, call))
}

fn body(call: &Call<'_>) -> Result<Value, NeutronError> {
    let body = call.request.json().and_then(|mut body| body.get_mut("port").map(Value::take));
    let body = body.filter(Value::is_object);
    body.ok_or_else(|| NeutronError::bad_request("Resource body required"))
}

fn check(call: &Call<'_>, asked: &Value, action: &str) -> Result<(), NeutronError> {
    let names: Vec<_> = asked.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    if let Some(name) = names.iter().find(|name| !KNOWN.contains(name)) {
        return Err(NeutronError::bad_request(format!("Unrecognized attribute(s) '{name}'")));
    }
    for admins in ["binding:host_id", "binding:profile"] {
        if names.contains(&admins) && !call.caller.is_admin {
            return Err(NeutronError::policy(&format!("(rule:{action} and rule:{action}:{admins})")));
        }
    }
    let text = asked["name"].as_str().unwrap_or_default();
    if text.chars().count() > MAX_NAME {
        let text = format!("Invalid input for name. Reason: '{text}' exceeds maximum length of {MAX_NAME}.");
        return Err(NeutronError::bad_request(text));
    }
    Ok(())
}

pub(super) fn create(cloud: &mut Cloud, call: &Call<'_>) -> Answer {
    let asked = body(call)?;
    check(call, &asked, "create_port")?;
    let new = new_port(cloud, call, &asked)?;
    let limit = cloud.compute.quota(&new.project).ports;
    if limit >= 0 && cloud.networking.ports_of(&new.project) >= limit {
        return Err(NeutronError::new(409, "OverQuota", "Quota exceeded for resources: ['port']."));
    }
    if let Some(mac) = new.mac.clone() {
        let is_taken = cloud.networking.ports.values().any(|port| port.network == new.network && port.mac == mac);
        if is_taken {
            let text = format!("Unable to complete operation for network {}. The mac address {mac} is in use.", new.network);
            return Err(NeutronError::new(409, "MacAddressInUse", text));
        }
    }
    let network = new.network;
    match cloud.networking.create_port(new, call.now) {
        Ok(port) => Ok(show(201, port, call)),
        Err(error) => Err(address_error(error, network)),
    }
}

fn address_error(error: AddressError, network: Uuid) -> NeutronError {
    match error {
        AddressError::Taken(ip, subnet) => {
            let text = format!("IP address {ip} already allocated in subnet {subnet}");
            NeutronError::new(409, "IpAddressAlreadyAllocated", text)
        }
        AddressError::OutsideSubnets(ip) => {
            let text = format!("IP address {ip} is not a valid IP for any of the subnets on the specified network.");
            NeutronError::new(400, "InvalidIpForNetwork", text)
        }
        AddressError::UnknownSubnet(subnet) => {
            let text = format!(
                "Invalid input for operation: Failed to create port on network {network}, because fixed_ips included invalid subnet {subnet}."
            );
            NeutronError::new(400, "InvalidInput", text)
        }
        AddressError::Exhausted => {
            let text = format!("No more IP addresses available on network {network}.");
            NeutronError::new(409, "IpAddressGenerationFailure", text)
        }
    }
}

fn new_port(cloud: &Cloud, call: &Call<'_>, asked: &Value) -> Result<NewPort, NeutronError> {
    let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    let network_id = text("network_id");
    if network_id.is_empty() {
        return Err(NeutronError::bad_request("Failed to parse request. Required attribute 'network_id' not specified"));
    }
    let network = Uuid::parse_str(&network_id).ok().and_then(|id| cloud.networking.network(id));
    let network = network.filter(|network| call.may_see(&network.project));
    let network = network.ok_or_else(|| NeutronError::not_found("Network", &network_id))?;
    let owner = asked["project_id"].as_str().or(asked["tenant_id"].as_str()).filter(|_| call.caller.is_admin);
    let project = owner.and_then(|id| cloud.identity.projects.get(id)).map_or(&call.project, |project| &project.id);
    Ok(NewPort {
        name: text("name"),
        description: text("description"),
        network: network.id,
        project: project.clone(),
        device_id: text("device_id"),
        device_owner: text("device_owner"),
        mac: asked["mac_address"].as_str().map(str::to_owned),
        fixed_ips: fixed_ips(&asked["fixed_ips"])?,
        security_groups: groups(cloud, call, &asked["security_groups"])?,
        port_security: asked["port_security_enabled"].as_bool().unwrap_or(true),
        allowed_address_pairs: pairs(&asked["allowed_address_pairs"]),
        vnic_type: asked["binding:vnic_type"].as_str().unwrap_or("normal").to_owned(),
        tags: tags(&asked["tags"])?,
        admin_state_up: asked["admin_state_up"].as_bool().unwrap_or(true),
        made_by_nova: false,
    })
}

/// Subnet and address, each optional.
type Wanted = (Option<Uuid>, Option<Ipv4Addr>);

fn fixed_ips(asked: &Value) -> Result<Option<Vec<Wanted>>, NeutronError> {
    let Some(items) = asked.as_array() else { return Ok(None) };
    let parse = |item: &Value| {
        let subnet = item["subnet_id"].as_str().map(|id| Uuid::parse_str(id).map_err(|_| id));
        let ip = item["ip_address"].as_str().map(|ip| ip.parse().map_err(|_| ip));
        let bad = |text: &str| {
            let text = format!("Invalid input for fixed_ips. Reason: '{text}' is not a valid value.");
            NeutronError::bad_request(text)
        };
        Ok((subnet.transpose().map_err(bad)?, ip.transpose().map_err(bad)?))
    };
    items.iter().map(parse).collect::<Result<_, _>>().map(Some)
}

fn groups(cloud: &Cloud, call: &Call<'_>, asked: &Value) -> Result<Option<Vec<Uuid>>, NeutronError> {
    let Some(items) = asked.as_array() else { return Ok(None) };
    let find = |item: &Value| {
        let text = item.as_str().unwrap_or_default();
        let id = Uuid::parse_str(text).ok();
        let found = cloud.networking.groups.iter().find(|group| Some(group.id) == id && call.may_see(&group.project));
        found
            .map(|group| group.id)
            .ok_or_else(|| NeutronError::new(404, "SecurityGroupNotFound", format!("Security group {text} does not exist")))
    };
    items.iter().map(find).collect::<Result<_, _>>().map(Some)
}

fn pairs(asked: &Value) -> Value {
    if asked.is_array() { asked.clone() } else { json!([]) }
}

/// Tags, as at creation and in the tag calls.
pub(super) fn tags(asked: &Value) -> Result<BTreeSet<String>, NeutronError> {
    let items = asked.as_array().into_iter().flatten().filter_map(Value::as_str);
    let tags: BTreeSet<_> = items.map(str::to_owned).collect();
    match tags.iter().find(|tag| tag.chars().count() > MAX_TAG) {
        Some(tag) => {
            let text = format!("Invalid input for tags. Reason: '{tag}' exceeds maximum length of {MAX_TAG}.");
            Err(NeutronError::bad_request(text))
        }
        None => Ok(tags),
    }
}

pub(super) fn update(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let asked = body(call)?;
    check(call, &asked, "update_port")?;
    let id = find(cloud, call, id)?.id;
    let groups = groups(cloud, call, &asked["security_groups"])?;
    let Some(port) = cloud.networking.ports.get_mut(&id) else {
        return Err(NeutronError::not_found("Port", &id.to_string()));
    };
    let text = |name: &str, old: &str| asked[name].as_str().unwrap_or(old).to_owned();
    port.name = text("name", &port.name);
    port.description = text("description", &port.description);
    port.device_id = text("device_id", &port.device_id);
    port.device_owner = text("device_owner", &port.device_owner);
    port.admin_state_up = asked["admin_state_up"].as_bool().unwrap_or(port.admin_state_up);
    port.port_security = asked["port_security_enabled"].as_bool().unwrap_or(port.port_security);
    port.security_groups = groups.unwrap_or_else(|| port.security_groups.clone());
    if asked["allowed_address_pairs"].is_array() {
        port.allowed_address_pairs = asked["allowed_address_pairs"].clone();
    }
    port.updated = call.now;
    Ok(show(200, port, call))
}

pub(super) fn delete(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let port = find(cloud, call, id)?;
    if port.device_owner.starts_with("compute:") && !call.caller.is_admin {
        return Err(NeutronError::policy("rule:delete_port"));
    }
    let (id, device) = (port.id, port.device_id.clone());
    cloud.networking.delete_port(id);
    // Neutron tells Nova, which takes the address out of the server at once.
    if let Some(server) = Uuid::parse_str(&device).ok().and_then(|server| cloud.compute.get_mut(server)) {
        server.ports.retain(|port| *port != id);
        server.addresses.retain(|address| address.port != id);
    }
    Ok(Response::empty(204))
}
