//! What a project may use and does use: limits and quota sets.
use serde_json::{Value, json};

use super::{Answer, Call, error::NovaError};
use crate::{
    config::Quota,
    http::Response,
    state::{Cloud, quota::Usage},
};

const KEY_PAIRS: i64 = 100;
const METADATA_ITEMS: i64 = 128;

fn groups(cloud: &Cloud, project: &str) -> usize {
    cloud.compute.groups.values().filter(|group| &*group.project == project).count()
}

pub(super) fn limits(cloud: &Cloud, call: &Call<'_>) -> Answer {
    let asked = call.request.param("tenant_id").filter(|_| call.caller.is_admin);
    let project = asked.unwrap_or(&call.project);
    let (quota, used) = (cloud.compute.quota(project), cloud.compute.usage(project));
    let mut absolute = json!({
        "maxTotalCores": quota.cores, "maxTotalInstances": quota.instances, "maxTotalKeypairs": KEY_PAIRS,
        "maxServerMeta": METADATA_ITEMS, "maxTotalRAMSize": quota.ram, "maxServerGroups": quota.server_groups,
        "maxServerGroupMembers": quota.server_group_members, "totalRAMUsed": used.ram, "totalCoresUsed": used.cores,
        "totalInstancesUsed": used.instances, "totalServerGroupsUsed": groups(cloud, project),
    });
    if call.minor < 57 {
        (absolute["maxPersonality"], absolute["maxPersonalitySize"]) = (json!(5), json!(10240));
        absolute["maxImageMeta"] = json!(METADATA_ITEMS);
    }
    Ok(Response::json(200, &json!({"limits": {"rate": [], "absolute": absolute}})))
}

/// Rows of a quota set: name, limit, used.
fn rows(cloud: &Cloud, project: &str) -> [(&'static str, i64, i64); 7] {
    let (quota, used): (Quota, Usage) = (cloud.compute.quota(project), cloud.compute.usage(project));
    [
        ("cores", quota.cores, used.cores),
        ("instances", quota.instances, used.instances),
        ("key_pairs", KEY_PAIRS, 0),
        ("metadata_items", METADATA_ITEMS, 0),
        ("ram", quota.ram, used.ram),
        ("server_group_members", quota.server_group_members, 0),
        ("server_groups", quota.server_groups, i64::try_from(groups(cloud, project)).unwrap_or(0)),
    ]
}

fn check(call: &Call<'_>, project: &str, rule: &str) -> Result<(), NovaError> {
    if project == &*call.project { Ok(()) } else { call.require_admin(rule) }
}

pub(super) fn quota(cloud: &Cloud, call: &Call<'_>, project: &str) -> Answer {
    check(call, project, "os-quota-sets:show")?;
    let mut set = json!({"id": project});
    rows(cloud, project).into_iter().for_each(|(name, limit, _)| set[name] = json!(limit));
    Ok(Response::json(200, &json!({"quota_set": set})))
}

pub(super) fn quota_detail(cloud: &Cloud, call: &Call<'_>, project: &str) -> Answer {
    check(call, project, "os-quota-sets:detail")?;
    let mut set = json!({"id": project});
    for (name, limit, used) in rows(cloud, project) {
        set[name] = json!({"limit": limit, "in_use": used, "reserved": 0});
    }
    Ok(Response::json(200, &json!({"quota_set": set})))
}

pub(super) fn set_quota(cloud: &mut Cloud, call: &Call<'_>, project: &str) -> Answer {
    call.require_admin("os-quota-sets:update")?;
    let body = call.request.json().unwrap_or_default();
    let asked = body["quota_set"].as_object().cloned().unwrap_or_default();
    let Some(known) = cloud.identity.projects.get(project).map(|project| project.id.clone()) else {
        return Err(NovaError::bad_request(format!("Project ID {project} is not a valid project.")));
    };
    let mut quota = cloud.compute.quota(project);
    for (name, value) in &asked {
        let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        let Some(limit) = number.filter(|limit| *limit >= -1) else {
            if name == "force" {
                continue;
            };
            return Err(NovaError::bad_request(format!("Quota limit for {name} must be -1 or more.")));
        };
        match name.as_str() {
            "instances" => quota.instances = limit,
            "cores" => quota.cores = limit,
            "ram" => quota.ram = limit,
            "server_groups" => quota.server_groups = limit,
            "server_group_members" => quota.server_group_members = limit,
            _ => {}
        }
    }
    cloud.compute.quotas.insert(known, quota);
    let mut set = json!({});
    rows(cloud, project).into_iter().for_each(|(name, limit, _)| set[name] = json!(limit));
    Ok(Response::json::<Value>(200, &json!({"quota_set": set})))
}
