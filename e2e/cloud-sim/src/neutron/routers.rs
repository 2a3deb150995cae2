//! Routers, as far as floating IPs need them: a gateway and interfaces. Their ports do not show as ports.
use std::net::Ipv4Addr;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Call,
    error::{Answer, NeutronError},
    networks,
};
use crate::{
    clock,
    http::Response,
    state::{Cloud, floating::Router},
};

/// Network, subnet and address of a gateway.
type Gateway = (Uuid, Uuid, Ipv4Addr);

pub(super) fn rows(cloud: &Cloud, call: &Call<'_>) -> Vec<Value> {
    let row = |router: &Router| {
        let gateway = router.gateway.map(|(network, subnet, address)| {
            json!({
                "network_id": network, "enable_snat": true,
                "external_fixed_ips": [{"subnet_id": subnet, "ip_address": address}],
            })
        });
        json!({
            "id": router.id, "name": router.name, "tenant_id": &*router.project, "project_id": &*router.project,
            "admin_state_up": true, "status": "ACTIVE", "external_gateway_info": gateway, "description": "", "routes": [],
            "availability_zones": [], "availability_zone_hints": [], "flavor_id": null, "tags": [],
            "created_at": clock::seconds(router.created), "updated_at": clock::seconds(router.created), "revision_number": 1,
        })
    };
    cloud.networking.routers.values().filter(|router| call.may_see(&router.project)).map(row).collect()
}

fn find<'a>(cloud: &'a mut Cloud, call: &Call<'_>, text: &str) -> Result<&'a mut Router, NeutronError> {
    let router = Uuid::parse_str(text).ok().and_then(|id| cloud.networking.routers.get_mut(&id));
    router.filter(|router| call.may_see(&router.project)).ok_or_else(|| NeutronError::not_found("Router", text))
}

/// Takes an address for a gateway on the external network that is asked for.
fn gateway(cloud: &mut Cloud, asked: &Value) -> Result<Option<Gateway>, NeutronError> {
    let Some(text) = asked["external_gateway_info"]["network_id"].as_str() else { return Ok(None) };
    let network = Uuid::parse_str(text).ok().and_then(|id| cloud.networking.network(id));
    let network = network.ok_or_else(|| NeutronError::not_found("Network", text))?;
    if !network.is_external {
        let why = format!("Network {text} is not an external network");
        return Err(NeutronError::bad_resource("router", &why));
    }
    let id = network.id;
    let exhausted = |_| NeutronError::new(409, "IpAddressGenerationFailure", format!("No more IP addresses available on network {id}."));
    let (subnet, address) = cloud.networking.take_address(id, None, None).map_err(exhausted)?;
    Ok(Some((id, subnet, address)))
}

pub(super) fn create(cloud: &mut Cloud, call: &Call<'_>) -> Answer {
    let asked = networks::body(call, "router")?;
    let gateway = gateway(cloud, &asked)?;
    let (id, name) = (cloud.ids.uuid(), asked["name"].as_str().unwrap_or_default().to_owned());
    let router = Router { id, name, project: call.project.clone(), gateway, interfaces: Vec::new(), created: call.now };
    cloud.networking.routers.insert(id, router);
    networks::made("router", rows(cloud, call), id)
}

pub(super) fn update(cloud: &mut Cloud, call: &Call<'_>, text: &str) -> Answer {
    let asked = networks::body(call, "router")?;
    let id = find(cloud, call, text)?.id;
    if asked.get("external_gateway_info").is_some() {
        if is_used(cloud, id) {
            let text = format!(
                "Gateway cannot be updated for router {id}, since a gateway to an external network is required by one or more floating IPs."
            );
            return Err(NeutronError::new(409, "RouterExternalGatewayInUseByFloatingIp", text));
        }
        let gateway = gateway(cloud, &asked)?;
        find(cloud, call, text)?.gateway = gateway;
    }
    let router = find(cloud, call, text)?;
    router.name = asked["name"].as_str().map_or_else(|| router.name.clone(), str::to_owned);
    let row = rows(cloud, call).into_iter().find(|row| row["id"] == id.to_string());
    Ok(Response::json(200, &json!({"router": row})))
}

/// Whether a floating IP leads through a router.
fn is_used(cloud: &Cloud, router: Uuid) -> bool {
    cloud.networking.floating.values().any(|floating| floating.target.is_some_and(|target| target.router == router))
}

/// The subnet that a request about an interface names.
fn subnet(cloud: &Cloud, call: &Call<'_>) -> Result<Uuid, NeutronError> {
    let body = call.request.json().unwrap_or_default();
    let Some(text) = body["subnet_id"].as_str() else {
        return Err(NeutronError::bad_resource("router", "Either subnet_id or port_id must be specified"));
    };
    let mut all = cloud.networking.subnets.iter();
    let found = all.find(|subnet| subnet.id.to_string() == text && call.may_see(&subnet.project));
    found.map(|subnet| subnet.id).ok_or_else(|| NeutronError::not_found("Subnet", text))
}

fn interface(router: &Router, subnet: Uuid) -> Response {
    let project = &*router.project;
    Response::json(200, &json!({"id": router.id, "subnet_id": subnet, "subnet_ids": [subnet], "tenant_id": project, "project_id": project}))
}

pub(super) fn add_interface(cloud: &mut Cloud, call: &Call<'_>, text: &str) -> Answer {
    let subnet = subnet(cloud, call)?;
    let router = find(cloud, call, text)?;
    if router.interfaces.contains(&subnet) {
        let why = format!("Router already has a port on subnet {subnet}");
        return Err(NeutronError::bad_resource("router", &why));
    }
    router.interfaces.push(subnet);
    Ok(interface(router, subnet))
}

pub(super) fn remove_interface(cloud: &mut Cloud, call: &Call<'_>, text: &str) -> Answer {
    let subnet = subnet(cloud, call)?;
    let id = find(cloud, call, text)?.id;
    let in_subnet = |port: Uuid| {
        let port = cloud.networking.ports.get(&port);
        port.is_some_and(|port| port.fixed_ips.iter().any(|(own, _)| *own == subnet))
    };
    let mut targets = cloud.networking.floating.values().filter_map(|floating| floating.target);
    if targets.any(|target| target.router == id && in_subnet(target.port)) {
        let text = format!(
            "Router interface for subnet {subnet} on router {id} cannot be deleted, as it is required by one or more floating IPs."
        );
        return Err(NeutronError::new(409, "RouterInterfaceInUseByFloatingIP", text));
    }
    let router = find(cloud, call, text)?;
    if !router.interfaces.contains(&subnet) {
        let text = format!("Router {id} has no interface on subnet {subnet}.");
        return Err(NeutronError::new(404, "RouterInterfaceNotFoundForSubnet", text));
    }
    router.interfaces.retain(|own| *own != subnet);
    Ok(interface(router, subnet))
}

pub(super) fn delete(cloud: &mut Cloud, call: &Call<'_>, text: &str) -> Answer {
    let router = find(cloud, call, text)?;
    let id = router.id;
    if !router.interfaces.is_empty() {
        return Err(NeutronError::new(409, "RouterInUse", format!("Router {id} still has ports")));
    }
    cloud.networking.routers.remove(&id);
    Ok(Response::empty(204))
}
