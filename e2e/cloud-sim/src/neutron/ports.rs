//! Ports: list, show, create, update, delete.
use std::{collections::BTreeSet, net::Ipv4Addr, ops::Bound};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Call,
    error::{Answer, NeutronError},
    list, security, view,
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
/// Neutron's `max_fixed_ips_per_port`.
const MAX_FIXED_IPS: usize = 5;
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

pub(super) fn list(cloud: &mut Cloud, call: &Call<'_>) -> Answer {
    let omission = cloud.faults.list_rule("ports", false);
    let is_admin = call.caller.is_admin;
    let seen = |port: &&Port| {
        call.may_see(&port.project) && !omission.as_ref().is_some_and(|rule| rule.hides(&port.name)) && is_wanted(call, port)
    };
    let example = cloud.networking.ports.values().find(|port| call.may_see(&port.project));
    // Unknown filters are refused even if nothing is found.
    list::check_names(call, example.map(|port| view::port(port, is_admin)).as_ref())?;
    let Some((limit, marker)) = list::page_by_id(call)? else {
        let rows = cloud.networking.ports.values().filter(seen).map(|port| view::port(port, is_admin)).collect();
        return list::answer(cloud, call, "ports", rows);
    };
    if let Some(unknown) = marker.filter(|marker| !cloud.networking.ports.contains_key(marker)) {
        return Err(NeutronError::not_found("Port", &unknown.to_string()));
    }
    let from = (marker.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
    let rest = cloud.networking.ports.range(from).map(|(_, port)| port);
    let rows = rest.filter(seen).map(|port| view::port(port, is_admin)).filter(|row| list::accepts(call, row)).take(limit).collect();
    Ok(list::answer_page(cloud, call, "ports", rows, limit))
}

/// The common filters, before rows are made: a look-up among thousands stays cheap.
fn is_wanted(call: &Call<'_>, port: &Port) -> bool {
    let exact = |name: &str, own: &str| {
        let mut asked = call.request.query.iter().filter(|(key, _)| key == name).peekable();
        asked.peek().is_none() || asked.any(|(_, value)| value == own)
    };
    let tags = call.request.param("tags");
    exact("device_id", &port.device_id)
        && exact("name", &port.name)
        && tags.is_none_or(|tags| tags.split(',').all(|tag| port.tags.contains(tag)))
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
        return Err(NeutronError::over_quota("port"));
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
        Err(error) => Err(address_error(&error, network)),
    }
}

pub(super) fn address_error(error: &AddressError, network: Uuid) -> NeutronError {
    match error {
        AddressError::Taken(ip, subnet) => {
            let text = format!("IP address {ip} already allocated in subnet {subnet}");
            NeutronError::new(409, "IpAddressAlreadyAllocated", text)
        }
        AddressError::OutsideSubnets(ip) => {
            let text = format!("IP address {ip} is not a valid IP for any of the subnets on the specified network.");
            NeutronError::new(400, "InvalidIpForNetwork", text)
        }
        AddressError::OutsideSubnet(ip) => {
            let text = format!("IP address {ip} is not a valid IP for the specified subnet.");
            NeutronError::new(400, "InvalidIpForSubnet", text)
        }
        AddressError::UnknownSubnet(subnet) => NeutronError::not_found("Subnet", &subnet.to_string()),
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
    let network = network.filter(|network| call.may_see_network(network));
    let network = network.ok_or_else(|| NeutronError::not_found("Network", &network_id))?;
    if network.is_external && !call.may_see(&network.project) {
        return Err(NeutronError::policy("rule:create_port"));
    }
    let owner = asked["project_id"].as_str().or(asked["tenant_id"].as_str()).filter(|_| call.caller.is_admin);
    let project = owner.and_then(|id| cloud.identity.projects.get(id)).map_or(&call.project, |project| &project.id);
    let security = security::of_new(cloud, call, asked)?;
    Ok(NewPort {
        id: None,
        name: text("name"),
        description: text("description"),
        network: network.id,
        project: project.clone(),
        device_id: text("device_id"),
        device_owner: text("device_owner"),
        mac: asked["mac_address"].as_str().map(str::to_owned),
        fixed_ips: fixed_ips(&asked["fixed_ips"])?,
        security_groups: security.groups,
        port_security: security.is_on,
        allowed_address_pairs: security.pairs,
        vnic_type: security::vnic_type(&asked["binding:vnic_type"])?.unwrap_or_else(|| "normal".to_owned()),
        qos_policy: security::qos_policy(cloud, call, &asked["qos_policy_id"])?,
        tags: if cloud.config.keep_port_tags { tags(&asked["tags"])? } else { BTreeSet::new() },
        admin_state_up: asked["admin_state_up"].as_bool().unwrap_or(true),
        made_by_nova: false,
    })
}

/// Subnet and address, each optional.
type Wanted = (Option<Uuid>, Option<Ipv4Addr>);

fn fixed_ips(asked: &Value) -> Result<Option<Vec<Wanted>>, NeutronError> {
    let Some(items) = asked.as_array() else { return Ok(None) };
    if items.len() > MAX_FIXED_IPS {
        let text = "Invalid input for operation: Exceeded maximum amount of fixed ips per port.";
        return Err(NeutronError::new(400, "InvalidInput", text));
    }
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

pub(super) fn groups(cloud: &Cloud, call: &Call<'_>, asked: &Value) -> Result<Option<Vec<Uuid>>, NeutronError> {
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
    let (vnic_type, policy) =
        (security::vnic_type(&asked["binding:vnic_type"])?, security::qos_policy(cloud, call, &asked["qos_policy_id"])?);
    let pairs = security::of_changed(find(cloud, call, &id.to_string())?, groups.as_deref(), &asked)?;
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
    port.vnic_type = vnic_type.unwrap_or_else(|| std::mem::take(&mut port.vnic_type));
    port.allowed_address_pairs = pairs.unwrap_or_else(|| port.allowed_address_pairs.take());
    if asked.get("qos_policy_id").is_some() {
        port.qos_policy = policy;
    }
    port.updated = call.now;
    Ok(show(200, port, call))
}

pub(super) fn delete(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let port = find(cloud, call, id)?;
    if port.device_owner.starts_with("compute:") && !call.caller.is_admin {
        return Err(NeutronError::policy("rule:delete_port"));
    }
    let id = port.id;
    cloud.lose_port(id, call.now);
    Ok(Response::empty(204))
}
