//! Neutron's quota of a project, with and without usage.
use serde_json::json;

use super::{
    Call,
    error::{Answer, NeutronError},
};
use crate::{http::Response, state::Cloud};

fn check(call: &Call<'_>, project: &str) -> Result<(), NeutronError> {
    if call.may_see(project) { Ok(()) } else { Err(NeutronError::policy("rule:get_quota")) }
}

/// Rows: resource, limit, used.
fn rows(cloud: &Cloud, project: &str) -> [(&'static str, i64, i64); 9] {
    let networking = &cloud.networking;
    let count = |items: usize| i64::try_from(items).unwrap_or(i64::MAX);
    let networks = networking.networks.iter().filter(|network| &*network.project == project).count();
    let subnets = networking.subnets.iter().filter(|subnet| &*subnet.project == project).count();
    let groups = networking.groups.iter().filter(|group| &*group.project == project).count();
    [
        ("network", 100, count(networks)),
        ("subnet", 100, count(subnets)),
        ("subnetpool", -1, 0),
        ("port", cloud.compute.quota(project).ports, networking.ports_of(project)),
        ("router", 10, count(networking.routers.values().filter(|router| &*router.project == project).count())),
        ("floatingip", cloud.compute.quota(project).floating_ips, networking.floating_of_project(project)),
        ("rbac_policy", 10, 0),
        ("security_group", 10, count(groups)),
        ("security_group_rule", 100, 0),
    ]
}

pub(super) fn details(cloud: &Cloud, call: &Call<'_>, project: &str) -> Answer {
    check(call, project)?;
    let mut quota = json!({});
    for (name, limit, used) in rows(cloud, project) {
        quota[name] = json!({"limit": limit, "used": used, "reserved": 0});
    }
    Ok(Response::json(200, &json!({"quota": quota})))
}

pub(super) fn show(cloud: &Cloud, call: &Call<'_>, project: &str) -> Answer {
    check(call, project)?;
    let mut quota = json!({"project_id": project});
    rows(cloud, project).into_iter().for_each(|(name, limit, _)| quota[name] = json!(limit));
    Ok(Response::json(200, &json!({"quota": quota})))
}

/// Only the limits of ports and floating IPs are kept; the others nobody reaches here.
pub(super) fn update(cloud: &mut Cloud, call: &Call<'_>, project: &str) -> Answer {
    if !call.caller.is_admin {
        return Err(NeutronError::policy("rule:update_quota"));
    }
    let known = cloud.identity.projects.get(project).map(|project| project.id.clone());
    let known = known.ok_or_else(NeutronError::no_resource)?;
    let body = call.request.json().unwrap_or_default();
    let asked = &body["quota"];
    let is_forced = asked["force"].as_bool().unwrap_or(false);
    for (name, _, used) in rows(cloud, project) {
        if let Some(limit) = asked[name].as_i64().filter(|limit| (0..used).contains(limit) && !is_forced) {
            let text = format!("Quota limit {limit} for {name} must be greater than or equal to already used {used}");
            return Err(NeutronError::bad_request(text));
        }
    }
    let mut quota = cloud.compute.quota(project);
    quota.ports = asked["port"].as_i64().unwrap_or(quota.ports);
    quota.floating_ips = asked["floatingip"].as_i64().unwrap_or(quota.floating_ips);
    cloud.compute.quotas.insert(known, quota);
    show(cloud, call, project)
}

/// Back to what every project starts with.
pub(super) fn reset(cloud: &mut Cloud, call: &Call<'_>, project: &str) -> Answer {
    if !call.caller.is_admin {
        return Err(NeutronError::policy("rule:delete_quota"));
    }
    let known = cloud.identity.projects.get(project).map(|project| project.id.clone());
    let known = known.ok_or_else(NeutronError::no_resource)?;
    let mut quota = cloud.compute.quota(project);
    (quota.ports, quota.floating_ips) = (cloud.config.quota.ports, cloud.config.quota.floating_ips);
    cloud.compute.quotas.insert(known, quota);
    Ok(Response::empty(204))
}
