//! Networks, subnets and security groups that a project makes for itself.
use std::net::Ipv4Addr;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Call,
    error::{Answer, NeutronError},
    ports, view,
};
use crate::{
    http::Response,
    state::{
        Cloud,
        network::{Network, SecurityGroup, Subnet},
    },
};

/// Smallest and largest prefix of a subnet, in bits.
const PREFIX_BITS: std::ops::RangeInclusive<u8> = 8..=30;

pub(super) fn body(call: &Call<'_>, key: &str) -> Result<Value, NeutronError> {
    let body = call.request.json().and_then(|mut body| body.get_mut(key).map(Value::take));
    body.filter(Value::is_object).ok_or_else(|| NeutronError::bad_request("Resource body required"))
}

/// The row that was just made, as Neutron answers it.
pub(super) fn made(key: &str, rows: Vec<Value>, id: Uuid) -> Answer {
    let row = rows.into_iter().find(|row| row["id"] == id.to_string()).unwrap_or_default();
    Ok(Response::json(201, &json!({key: row})))
}

pub(super) fn create(cloud: &mut Cloud, call: &Call<'_>) -> Answer {
    let asked = body(call, "network")?;
    let (id, name) = (cloud.ids.uuid(), asked["name"].as_str().unwrap_or_default().to_owned());
    let (tags, project) = (ports::tags(&asked["tags"])?, call.project.clone());
    let is_external = asked["router:external"].as_bool().unwrap_or(false);
    let is_shared = asked["shared"].as_bool().unwrap_or(false);
    if (is_external || is_shared) && !call.caller.is_admin {
        let attribute = if is_external { "router:external" } else { "shared" };
        return Err(NeutronError::policy(&format!("(rule:create_network and rule:create_network:{attribute})")));
    }
    cloud.networking.networks.push(Network { id, name, project, subnets: Vec::new(), is_external, is_shared, tags, created: call.now });
    made("network", view::networks(cloud, call), id)
}

pub(super) fn delete(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let found = Uuid::parse_str(id).ok().and_then(|id| cloud.networking.network(id)).filter(|own| call.may_see(&own.project));
    let id = found.map(|network| network.id).ok_or_else(|| NeutronError::not_found("Network", id))?;
    let subnets: Vec<_> = cloud.networking.subnets.iter().filter(|subnet| subnet.network == id).map(|subnet| subnet.id).collect();
    let is_routed = cloud.networking.routers.values().any(|router| router.interfaces.iter().any(|own| subnets.contains(own)));
    let has_floating = cloud.networking.floating.values().any(|floating| floating.network == id);
    if is_routed || has_floating || cloud.networking.ports.values().any(|port| port.network == id) {
        let text = format!("Unable to complete operation on network {id}. There are one or more ports still in use on the network.");
        return Err(NeutronError::new(409, "NetworkInUse", text));
    }
    cloud.networking.networks.retain(|network| network.id != id);
    cloud.networking.subnets.retain(|subnet| subnet.network != id);
    Ok(Response::empty(204))
}

pub(super) fn create_subnet(cloud: &mut Cloud, call: &Call<'_>) -> Answer {
    let asked = body(call, "subnet")?;
    let cidr = asked["cidr"].as_str().unwrap_or_default();
    let prefix = cidr.split_once('/').and_then(|(ip, bits)| Some((ip.parse::<Ipv4Addr>().ok()?, bits.parse().ok()?)));
    let prefix = prefix
        .filter(|(_, bits)| PREFIX_BITS.contains(bits))
        .ok_or_else(|| NeutronError::bad_request(format!("Invalid input for cidr. Reason: '{cidr}' is not a valid IP subnet.")))?;
    let text = asked["network_id"].as_str().unwrap_or_default();
    let name = asked["name"].as_str().unwrap_or_default().to_owned();
    let id = cloud.ids.uuid();
    let mut networks = cloud.networking.networks.iter_mut();
    let network = networks.find(|network| network.id.to_string() == text && call.may_see(&network.project));
    let network = network.ok_or_else(|| NeutronError::not_found("Network", text))?;
    let mut subnet = Subnet::new((id, name), network.id, call.project.clone(), prefix, call.now);
    subnet.tags = ports::tags(&asked["tags"])?;
    network.subnets.push(id);
    cloud.networking.subnets.push(subnet);
    made("subnet", view::subnets(cloud, call), id)
}

pub(super) fn create_group(cloud: &mut Cloud, call: &Call<'_>) -> Answer {
    let asked = body(call, "security_group")?;
    let (id, name) = (cloud.ids.uuid(), asked["name"].as_str().unwrap_or_default().to_owned());
    let (project, tags) = (call.project.clone(), ports::tags(&asked["tags"])?);
    cloud.networking.groups.push(SecurityGroup { id, name, project, tags, created: call.now });
    made("security_group", view::groups(cloud, call), id)
}

pub(super) fn delete_group(cloud: &mut Cloud, call: &Call<'_>, text: &str) -> Answer {
    let mut own = cloud.networking.groups.iter().filter(|group| call.may_see(&group.project));
    let id = own.find(|group| group.id.to_string() == text).map(|group| group.id);
    let id = id.ok_or_else(|| NeutronError::new(404, "SecurityGroupNotFound", format!("Security group {text} does not exist")))?;
    if cloud.networking.ports.values().any(|port| port.security_groups.contains(&id)) {
        return Err(NeutronError::new(409, "SecurityGroupInUse", format!("Security Group {id} in use.")));
    }
    cloud.networking.groups.retain(|group| group.id != id);
    Ok(Response::empty(204))
}
