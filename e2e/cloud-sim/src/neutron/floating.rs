//! Floating IPs: taken from an external network, pointed at a port behind a router that leads there.
use std::net::Ipv4Addr;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Call,
    error::{Answer, NeutronError},
    list, networks, ports,
};
use crate::{
    clock,
    http::Response,
    state::{
        Cloud,
        floating::{FloatingIp, Target},
    },
};

/// What a floating IP may be created with; Neutron lists no tags here.
const KNOWN: &[&str] = &[
    "floating_network_id",
    "port_id",
    "fixed_ip_address",
    "floating_ip_address",
    "subnet_id",
    "description",
    "tenant_id",
    "project_id",
    "qos_policy_id",
    "dns_name",
    "dns_domain",
];

fn row(cloud: &Cloud, floating: &FloatingIp) -> Value {
    let target = floating.target;
    let port = target.and_then(|target| cloud.networking.ports.get(&target.port));
    let details = port.map(|port| {
        json!({
            "name": port.name, "network_id": port.network, "mac_address": port.mac, "admin_state_up": port.admin_state_up,
            "status": if port.is_active { "ACTIVE" } else { "DOWN" }, "device_id": port.device_id, "device_owner": port.device_owner,
        })
    });
    json!({
        "id": floating.id, "tenant_id": &*floating.project, "project_id": &*floating.project,
        "floating_ip_address": floating.address, "floating_network_id": floating.network,
        "router_id": target.map(|target| target.router), "port_id": target.map(|target| target.port),
        "fixed_ip_address": target.map(|target| target.fixed), "status": if target.is_some() { "ACTIVE" } else { "DOWN" },
        "description": floating.description, "port_details": details, "qos_policy_id": null, "tags": floating.tags,
        "created_at": clock::seconds(floating.created), "updated_at": clock::seconds(floating.updated), "revision_number": 0,
    })
}

pub(super) fn list(cloud: &mut Cloud, call: &Call<'_>) -> Answer {
    let omission = cloud.faults.list_rule("floatingips", false);
    let hides = |floating: &FloatingIp| omission.as_ref().is_some_and(|rule| rule.hides(&floating.description));
    let seen = cloud.networking.floating.values().filter(|floating| call.may_see(&floating.project) && !hides(floating));
    let rows = seen.map(|floating| row(cloud, floating)).collect();
    list::answer(cloud, call, "floatingips", rows)
}

fn find<'a>(cloud: &'a Cloud, call: &Call<'_>, text: &str) -> Result<&'a FloatingIp, NeutronError> {
    let found = Uuid::parse_str(text).ok().and_then(|id| cloud.networking.floating.get(&id));
    let missing = || NeutronError::new(404, "FloatingIPNotFound", format!("Floating IP {text} could not be found"));
    found.filter(|floating| call.may_see(&floating.project)).ok_or_else(missing)
}

fn show(cloud: &Cloud, call: &Call<'_>, id: Uuid, code: u16) -> Answer {
    let row = row(cloud, find(cloud, call, &id.to_string())?);
    Ok(Response::json(code, &json!({"floatingip": row})))
}

pub(super) fn get(cloud: &Cloud, call: &Call<'_>, id: &str) -> Answer {
    let id = find(cloud, call, id)?.id;
    show(cloud, call, id, 200)
}

pub(super) fn create(cloud: &mut Cloud, call: &Call<'_>) -> Answer {
    let asked = networks::body(call, "floatingip")?;
    check_names(call, &asked)?;
    let limit = cloud.compute.quota(&call.project).floating_ips;
    if limit >= 0 && cloud.networking.floating_of_project(&call.project) >= limit {
        return Err(NeutronError::over_quota("floatingip"));
    }
    let network = external(cloud, &asked)?;
    let id = cloud.ids.uuid();
    let wanted = asked["floating_ip_address"].as_str().and_then(|text| text.parse().ok());
    let target = target(cloud, call, &asked, (id, network))?;
    let taken = cloud.networking.take_address(network, None, wanted);
    let (subnet, address) = taken.map_err(|error| ports::address_error(&error, network))?;
    let floating = FloatingIp {
        id,
        project: call.project.clone(),
        network,
        subnet,
        address,
        target: None,
        description: asked["description"].as_str().unwrap_or_default().to_owned(),
        tags: std::collections::BTreeSet::new(),
        created: call.now,
        updated: call.now,
    };
    cloud.networking.floating.insert(id, floating);
    cloud.networking.associate(id, target, call.now);
    show(cloud, call, id, 201)
}

fn check_names(call: &Call<'_>, asked: &Value) -> Result<(), NeutronError> {
    let names = asked.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    for name in names {
        match name {
            "tags" | "status" | "router_id" => {
                return Err(NeutronError::bad_request(format!("Attribute '{name}' not allowed in POST")));
            }
            "floating_ip_address" if !call.caller.is_admin => {
                let rule = "(rule:create_floatingip and rule:create_floatingip:floating_ip_address)";
                return Err(NeutronError::policy(rule));
            }
            name if !KNOWN.contains(&name) => {
                return Err(NeutronError::bad_request(format!("Unrecognized attribute(s) '{name}'")));
            }
            _ => {}
        }
    }
    Ok(())
}

fn external(cloud: &Cloud, asked: &Value) -> Result<Uuid, NeutronError> {
    let Some(text) = asked["floating_network_id"].as_str() else {
        let text = "Failed to parse request. Required attribute 'floating_network_id' not specified";
        return Err(NeutronError::bad_request(text));
    };
    let network = Uuid::parse_str(text).ok().and_then(|id| cloud.networking.network(id));
    let network = network.ok_or_else(|| NeutronError::not_found("Network", text))?;
    if !network.is_external {
        let why = format!("Network {text} is not a valid external network");
        return Err(NeutronError::bad_resource("floatingip", &why));
    }
    Ok(network.id)
}

/// Where the request points the floating IP, if anywhere.
fn target(cloud: &Cloud, call: &Call<'_>, asked: &Value, (id, network): (Uuid, Uuid)) -> Result<Option<Target>, NeutronError> {
    let bad = |why: String| NeutronError::bad_resource("floatingip", &why);
    let fixed = asked["fixed_ip_address"].as_str();
    let Some(text) = asked["port_id"].as_str() else {
        let is_dangling = fixed.is_some();
        return if is_dangling { Err(bad("fixed_ip_address cannot be specified without a port_id".to_owned())) } else { Ok(None) };
    };
    let port = ports::find(cloud, call, text)?;
    let (subnet, address): (Uuid, Ipv4Addr) = match (fixed, &port.fixed_ips[..]) {
        (Some(wanted), all) => {
            let found = all.iter().find(|(_, address)| address.to_string() == wanted);
            *found.ok_or_else(|| bad(format!("Port {text} does not have fixed ip {wanted}")))?
        }
        (None, []) => return Err(bad(format!("Cannot add floating IP to port {text} that has no fixed IPv4 addresses"))),
        (None, [only]) => *only,
        (None, _) => {
            let why = "Must provide a specific IPv4 address when assigning a floating IP";
            return Err(bad(format!("Port {text} has multiple fixed IPv4 addresses.  {why}")));
        }
    };
    let Some(router) = cloud.networking.router_between(subnet, network) else {
        let text = format!(
            "External network {network} is not reachable from subnet {subnet}.  Therefore, cannot associate Port {text} with a Floating IP."
        );
        return Err(NeutronError::new(404, "ExternalGatewayForFloatingIPNotFound", text));
    };
    let target = Target { port: port.id, fixed: address, router };
    match cloud.networking.floating_of(port.id, address) {
        Some(other) if other.id != id && other.network == network => {
            let own = cloud.networking.floating.get(&id).map_or_else(|| "None".to_owned(), |own| own.address.to_string());
            let text = format!(
                "Cannot associate floating IP {own} ({id}) with port {text} using fixed IP {address}, as that fixed IP already has a floating IP on external network {network}."
            );
            Err(NeutronError::new(409, "FloatingIPPortAlreadyAssociated", text))
        }
        _ => Ok(Some(target)),
    }
}

pub(super) fn update(cloud: &mut Cloud, call: &Call<'_>, text: &str) -> Answer {
    let asked = networks::body(call, "floatingip")?;
    let (id, network, old) = find(cloud, call, text).map(|floating| (floating.id, floating.network, floating.target))?;
    let target = if asked.get("port_id").is_some() { target(cloud, call, &asked, (id, network))? } else { old };
    if let Some(floating) = cloud.networking.floating.get_mut(&id) {
        let description = asked["description"].as_str().map(str::to_owned);
        floating.description = description.unwrap_or_else(|| std::mem::take(&mut floating.description));
    }
    cloud.networking.associate(id, target, call.now);
    show(cloud, call, id, 200)
}

pub(super) fn delete(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let id = find(cloud, call, id)?.id;
    cloud.networking.delete_floating(id, call.now);
    Ok(Response::empty(204))
}
