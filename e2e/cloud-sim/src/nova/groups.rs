//! Server groups: two may have one name; members are the living servers that were created with the hint.
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Call, error::NovaError};
use crate::{
    http::Response,
    state::{Cloud, compute::ServerGroup},
};

const POLICIES: [&str; 4] = ["anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity"];

pub(super) fn groups(cloud: &mut Cloud, call: &Call<'_>, rest: &[&str]) -> Answer {
    match (call.request.method.as_str(), rest) {
        ("GET", []) => {
            let own = cloud.compute.groups.values().filter(|group| group.project == call.project);
            // Server groups know no marker: pages are counted.
            let counted = |name, otherwise| call.request.param(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
            let (offset, limit) = (counted("offset", 0), counted("limit", cloud.config.max_limit));
            let rows: Vec<_> = own.skip(offset).take(limit).map(|group| view(group, call.minor)).collect();
            Ok(Response::json(200, &json!({"server_groups": rows})))
        }
        ("POST", []) => create(cloud, call),
        ("GET", [id]) => {
            let id = find(cloud, call, id)?;
            Ok(Response::json(200, &json!({"server_group": view(&cloud.compute.groups[&id], call.minor)})))
        }
        ("DELETE", [id]) => {
            let id = find(cloud, call, id)?;
            cloud.compute.groups.remove(&id);
            Ok(Response::empty(204))
        }
        _ => Err(NovaError::not_found("The resource could not be found.")),
    }
}

fn find(cloud: &Cloud, call: &Call<'_>, text: &str) -> Result<Uuid, NovaError> {
    let group = Uuid::parse_str(text).ok().and_then(|id| cloud.compute.groups.get(&id));
    let group = group.filter(|group| call.caller.is_admin || group.project == call.project);
    let missing = || NovaError::not_found(format!("Instance group {text} could not be found."));
    group.map(|group| group.id).ok_or_else(missing)
}

fn view(group: &ServerGroup, minor: u16) -> Value {
    let mut row = json!({"id": group.id, "name": group.name, "members": group.members});
    if minor >= 64 {
        let rules = group.max_server_per_host.map_or_else(|| json!({}), |most| json!({"max_server_per_host": most}));
        (row["policy"], row["rules"]) = (json!(group.policy), rules);
    } else {
        (row["policies"], row["metadata"]) = (json!([group.policy]), json!({}));
    }
    if minor >= 13 {
        (row["project_id"], row["user_id"]) = (json!(&*group.project), json!(&*group.user));
    }
    row
}

fn create(cloud: &mut Cloud, call: &Call<'_>) -> Answer {
    let body = call.request.json().unwrap_or_default();
    let asked = &body["server_group"];
    let policy = if call.minor >= 64 { asked["policy"].as_str() } else { asked["policies"][0].as_str() };
    let (Some(name), Some(policy)) = (asked["name"].as_str(), policy) else {
        return Err(NovaError::bad_request("A server group needs name and policy."));
    };
    if !POLICIES.contains(&policy) {
        let text = format!("Invalid input for field/attribute policy. Value: {policy}. '{policy}' is not one of {POLICIES:?}");
        return Err(NovaError::bad_request(text.replace('"', "'")));
    }
    let has_rules = asked["rules"].as_object().is_some_and(|rules| !rules.is_empty());
    if has_rules && policy != "anti-affinity" {
        return Err(NovaError::bad_request("Only anti-affinity policy supports rules."));
    }
    let limit = cloud.compute.quota(&call.project).server_groups;
    let used = cloud.compute.groups.values().filter(|group| group.project == call.project).count();
    if limit >= 0 && i64::try_from(used).is_ok_and(|used| used >= limit) {
        return Err(NovaError::forbidden("Quota exceeded, too many server groups."));
    }
    let most = asked["rules"]["max_server_per_host"].as_u64().and_then(|most| u32::try_from(most).ok());
    let group = ServerGroup {
        id: cloud.ids.uuid(),
        name: name.to_owned(),
        policy: policy.to_owned(),
        max_server_per_host: most,
        project: call.project.clone(),
        user: call.caller.user.clone(),
        members: Vec::new(),
    };
    let body = json!({"server_group": view(&group, call.minor)});
    cloud.compute.groups.insert(group.id, group);
    Ok(Response::json(200, &body))
}
