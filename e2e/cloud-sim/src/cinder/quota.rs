//! What a project may use of block storage, and does use.
use serde_json::json;

use super::{
    Call,
    error::{Answer, CinderError},
};
use crate::{http::Response, state::Cloud};

/// Snapshots and backups are not simulated; their limits are Cinder's defaults.
const OTHERS: [(&str, i64); 4] = [("snapshots", 10), ("backups", 10), ("backup_gigabytes", 1000), ("per_volume_gigabytes", -1)];

pub(super) fn limits(cloud: &Cloud, call: &Call<'_>) -> Response {
    let quota = cloud.compute.quota(&call.project);
    let (volumes, gib) = cloud.storage.usage(&call.project);
    let absolute = json!({
        "maxTotalVolumes": quota.volumes, "maxTotalVolumeGigabytes": quota.gigabytes, "maxTotalSnapshots": 10,
        "maxTotalBackups": 10, "maxTotalBackupGigabytes": 1000, "totalVolumesUsed": volumes, "totalGigabytesUsed": gib,
        "totalSnapshotsUsed": 0, "totalBackupsUsed": 0, "totalBackupGigabytesUsed": 0,
    });
    Response::json(200, &json!({"limits": {"rate": [], "absolute": absolute}}))
}

pub(super) fn show(cloud: &Cloud, call: &Call<'_>, project: &str) -> Answer {
    if !call.may_see(project) {
        return Err(CinderError::policy("volume_extension:quotas:show"));
    }
    let quota = cloud.compute.quota(project);
    let (volumes, gib) = cloud.storage.usage(project);
    let rows = [("volumes", quota.volumes, volumes), ("gigabytes", quota.gigabytes, gib)];
    let rows = rows.into_iter().chain(OTHERS.into_iter().map(|(name, limit)| (name, limit, 0)));
    let has_usage = call.request.param("usage").is_some_and(|text| matches!(text.to_lowercase().as_str(), "true" | "1"));
    let mut set = json!({"id": project});
    for (name, limit, used) in rows {
        set[name] = if has_usage { json!({"limit": limit, "in_use": used, "reserved": 0}) } else { json!(limit) };
    }
    Ok(Response::json(200, &json!({"quota_set": set})))
}

/// Only the limits of volumes and gigabytes are kept; the others nobody reaches here.
pub(super) fn update(cloud: &mut Cloud, call: &Call<'_>, project: &str) -> Answer {
    call.require_admin("volume_extension:quotas:update")?;
    let known = cloud.identity.projects.get(project).map(|project| project.id.clone());
    let known = known.ok_or_else(|| CinderError::not_found(format!("Could not find project: {project}.")))?;
    let body = call.request.json().unwrap_or_default();
    let asked = &body["quota_set"];
    let mut quota = cloud.compute.quota(project);
    quota.volumes = asked["volumes"].as_i64().unwrap_or(quota.volumes);
    quota.gigabytes = asked["gigabytes"].as_i64().unwrap_or(quota.gigabytes);
    cloud.compute.quotas.insert(known, quota);
    show(cloud, call, project)
}
