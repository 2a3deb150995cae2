//! Tags of what has tags: ports, networks, subnets, security groups, floating IPs, QoS policies.
use std::collections::BTreeSet;

use serde_json::json;
use uuid::Uuid;

use super::{
    Call,
    error::{Answer, NeutronError},
    ports,
};
use crate::{http::Response, state::Cloud};

/// The tags of a resource that is the caller's.
fn of<'a>(cloud: &'a mut Cloud, call: &Call<'_>, (kind, text): (&str, &str)) -> Result<&'a mut BTreeSet<String>, NeutronError> {
    let missing = || match kind {
        "ports" => NeutronError::not_found("Port", text),
        "networks" => NeutronError::not_found("Network", text),
        "subnets" => NeutronError::not_found("Subnet", text),
        "security-groups" => NeutronError::new(404, "SecurityGroupNotFound", format!("Security group {text} does not exist")),
        "floatingips" => NeutronError::new(404, "FloatingIPNotFound", format!("Floating IP {text} could not be found")),
        "policies" => NeutronError::new(404, "QosPolicyNotFound", format!("QoS policy {text} could not be found.")),
        _ => NeutronError::no_resource(),
    };
    let id = Uuid::parse_str(text).map_err(|_| missing())?;
    let networking = &mut cloud.networking;
    let found = match kind {
        "ports" => networking.ports.get_mut(&id).map(|port| (&port.project, &mut port.tags)),
        "networks" => networking.networks.iter_mut().find(|one| one.id == id).map(|network| (&network.project, &mut network.tags)),
        "subnets" => networking.subnets.iter_mut().find(|one| one.id == id).map(|subnet| (&subnet.project, &mut subnet.tags)),
        "security-groups" => networking.groups.iter_mut().find(|one| one.id == id).map(|group| (&group.project, &mut group.tags)),
        "floatingips" => networking.floating.get_mut(&id).map(|floating| (&floating.project, &mut floating.tags)),
        "policies" => networking.qos_policies.get_mut(&id).map(|policy| (&policy.project, &mut policy.tags)),
        _ => None,
    };
    found.filter(|(owner, _)| call.may_see(owner)).map(|(_, tags)| tags).ok_or_else(missing)
}

pub(super) fn tags(cloud: &mut Cloud, call: &Call<'_>, what: (&str, &str), rest: &[&str]) -> Answer {
    let own = of(cloud, call, what)?;
    let missing = |tag: &str| NeutronError::new(404, "TagNotFound", format!("Tag {tag} could not be found."));
    match (call.request.method.as_str(), rest) {
        ("GET", []) => Ok(Response::json(200, &json!({"tags": own}))),
        ("PUT", []) => {
            let body = call.request.json().unwrap_or_default();
            *own = ports::tags(&body["tags"])?;
            Ok(Response::json(200, &json!({"tags": own})))
        }
        ("DELETE", []) => {
            own.clear();
            Ok(Response::empty(204))
        }
        ("GET", [tag]) if own.contains(*tag) => Ok(Response::empty(204)),
        ("PUT", [tag]) => {
            own.extend(ports::tags(&json!([tag]))?);
            Ok(Response::empty(201))
        }
        ("DELETE", [tag]) if own.remove(*tag) => Ok(Response::empty(204)),
        (_, [tag]) => Err(missing(tag)),
        _ => Err(NeutronError::no_resource()),
    }
}
