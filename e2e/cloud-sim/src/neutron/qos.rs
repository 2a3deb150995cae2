//! QoS policies, without their rules.
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Call,
    error::{Answer, NeutronError},
    networks, ports,
};
use crate::{
    clock,
    http::Response,
    state::{Cloud, floating::QosPolicy},
};

pub(super) fn rows(cloud: &Cloud, call: &Call<'_>) -> Vec<Value> {
    let row = |policy: &QosPolicy| {
        json!({
            "id": policy.id, "name": policy.name, "tenant_id": &*policy.project, "project_id": &*policy.project,
            "shared": policy.is_shared, "is_default": false, "rules": [], "description": "", "tags": policy.tags,
            "created_at": clock::seconds(policy.created), "updated_at": clock::seconds(policy.created), "revision_number": 0,
        })
    };
    let seen = cloud.networking.qos_policies.values().filter(|policy| policy.is_shared || call.may_see(&policy.project));
    seen.map(row).collect()
}

/// Neutron's default policy leaves this to admins.
pub(super) fn create(cloud: &mut Cloud, call: &Call<'_>) -> Answer {
    if !call.caller.is_admin {
        return Err(NeutronError::policy("rule:create_policy"));
    }
    let asked = networks::body(call, "policy")?;
    let (id, name) = (cloud.ids.uuid(), asked["name"].as_str().unwrap_or_default().to_owned());
    let owner = asked["project_id"].as_str().and_then(|id| cloud.identity.projects.get(id));
    let project = owner.map_or_else(|| call.project.clone(), |project| project.id.clone());
    let (is_shared, tags) = (asked["shared"].as_bool().unwrap_or(false), ports::tags(&asked["tags"])?);
    cloud.networking.qos_policies.insert(id, QosPolicy { id, name, project, is_shared, tags, created: call.now });
    networks::made("policy", rows(cloud, call), id)
}

pub(super) fn delete(cloud: &mut Cloud, call: &Call<'_>, text: &str) -> Answer {
    let id = Uuid::parse_str(text).ok().filter(|id| cloud.networking.qos_policies.contains_key(id));
    let missing = || NeutronError::new(404, "QosPolicyNotFound", format!("QoS policy {text} could not be found."));
    let id = id.ok_or_else(missing)?;
    if !call.caller.is_admin {
        return Err(NeutronError::policy("rule:delete_policy"));
    }
    if let Some(port) = cloud.networking.ports.values().find(|port| port.qos_policy == Some(id)) {
        let text = format!("QoS Policy {id} is used by port {}.", port.id);
        return Err(NeutronError::new(409, "QosPolicyInUse", text));
    }
    cloud.networking.qos_policies.remove(&id);
    Ok(Response::empty(204))
}
