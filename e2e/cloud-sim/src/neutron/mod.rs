//! Neutron: networks, subnets, security groups, ports and quota details.
mod error;
mod floating;
mod list;
mod networks;
mod ports;
mod qos;
mod quota;
mod routers;
mod security;
mod tags;
mod view;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use crate::{
    http::{Request, Response},
    keystone,
    state::{Cloud, identity::Caller, network::Network},
};
use error::{Answer, NeutronError};

/// One authorised request.
struct Call<'a> {
    request: &'a Request,
    caller: Caller,
    project: Arc<str>,
    now: Timestamp,
}

impl Call<'_> {
    fn may_see(&self, owner: &str) -> bool {
        self.caller.is_admin || owner == &*self.project
    }

    /// Everybody sees networks that are shared or lead out.
    fn may_see_network(&self, network: &Network) -> bool {
        network.is_external || network.is_shared || self.may_see(&network.project)
    }
}

/// Answers a request below /networking.
pub(crate) fn handle(cloud: &mut Cloud, request: &Request, path: &[&str], now: Timestamp) -> Response {
    let path = match path {
        [] => return versions(cloud),
        ["v2.0", path @ ..] => path,
        _ => return NeutronError::no_resource().response(),
    };
    let Some(caller) = keystone::authenticate(cloud, request, now) else {
        return keystone::unauthorized(&cloud.base_url);
    };
    // A token without project sees what belongs to no project: nothing.
    let project = caller.project.clone().unwrap_or_default();
    let call = Call { request, caller, project, now };
    route(cloud, &call, path).unwrap_or_else(|error| error.response())
}

fn versions(cloud: &Cloud) -> Response {
    let links = json!([{"rel": "self", "href": format!("{}/networking/v2.0/", cloud.base_url)}]);
    Response::json(200, &json!({"versions": [{"id": "v2.0", "status": "CURRENT", "links": links}]}))
}

fn route(cloud: &mut Cloud, call: &Call<'_>, path: &[&str]) -> Answer {
    match (call.request.method.as_str(), path) {
        ("GET", []) => Ok(Response::json(200, &json!({"resources": []}))),
        ("GET", ["extensions"]) => Ok(Response::json(200, &json!({"extensions": [{"alias": "standard-attr-tag"}]}))),
        ("GET", ["networks"]) => list::answer(cloud, call, "networks", view::networks(cloud, call)),
        ("GET", ["networks", id]) => list::one(call, "Network", "network", id, view::networks(cloud, call)),
        ("GET", ["subnets"]) => list::answer(cloud, call, "subnets", view::subnets(cloud, call)),
        ("GET", ["subnets", id]) => list::one(call, "Subnet", "subnet", id, view::subnets(cloud, call)),
        ("GET", ["security-groups"]) => list::answer(cloud, call, "security_groups", view::groups(cloud, call)),
        ("GET", ["security-groups", id]) => list::one(call, "SecurityGroup", "security_group", id, view::groups(cloud, call)),
        ("POST", ["networks"]) => networks::create(cloud, call),
        ("DELETE", ["networks", id]) => networks::delete(cloud, call, id),
        ("POST", ["subnets"]) => networks::create_subnet(cloud, call),
        ("POST", ["security-groups"]) => networks::create_group(cloud, call),
        ("DELETE", ["security-groups", id]) => networks::delete_group(cloud, call, id),
        ("GET", ["ports"]) => ports::list(cloud, call),
        ("POST", ["ports"]) => ports::create(cloud, call),
        ("GET", ["ports", id]) => ports::get(cloud, call, id),
        ("PUT", ["ports", id]) => ports::update(cloud, call, id),
        ("DELETE", ["ports", id]) => ports::delete(cloud, call, id),
        (_, [kind, id, "tags", rest @ ..]) => tags::tags(cloud, call, (kind, id), rest),
        (_, ["qos", "policies", id, "tags", rest @ ..]) => tags::tags(cloud, call, ("policies", id), rest),
        ("GET", ["floatingips"]) => floating::list(cloud, call),
        ("POST", ["floatingips"]) => floating::create(cloud, call),
        ("GET", ["floatingips", id]) => floating::get(cloud, call, id),
        ("PUT", ["floatingips", id]) => floating::update(cloud, call, id),
        ("DELETE", ["floatingips", id]) => floating::delete(cloud, call, id),
        ("GET", ["routers"]) => list::answer(cloud, call, "routers", routers::rows(cloud, call)),
        ("GET", ["routers", id]) => list::one(call, "Router", "router", id, routers::rows(cloud, call)),
        ("POST", ["routers"]) => routers::create(cloud, call),
        ("PUT", ["routers", id]) => routers::update(cloud, call, id),
        ("PUT", ["routers", id, "add_router_interface"]) => routers::add_interface(cloud, call, id),
        ("PUT", ["routers", id, "remove_router_interface"]) => routers::remove_interface(cloud, call, id),
        ("DELETE", ["routers", id]) => routers::delete(cloud, call, id),
        ("GET", ["qos", "policies"]) => list::answer(cloud, call, "policies", qos::rows(cloud, call)),
        ("GET", ["qos", "policies", id]) => list::one(call, "QosPolicy", "policy", id, qos::rows(cloud, call)),
        ("POST", ["qos", "policies"]) => qos::create(cloud, call),
        ("DELETE", ["qos", "policies", id]) => qos::delete(cloud, call, id),
        ("GET", ["quotas", project, "details.json" | "details"]) => quota::details(cloud, call, project),
        ("GET", ["quotas", project]) => quota::show(cloud, call, project.trim_end_matches(".json")),
        ("DELETE", ["quotas", project]) => quota::reset(cloud, call, project.trim_end_matches(".json")),
        ("PUT", ["quotas", project]) => quota::update(cloud, call, project.trim_end_matches(".json")),
        _ => Err(NeutronError::no_resource()),
    }
}
