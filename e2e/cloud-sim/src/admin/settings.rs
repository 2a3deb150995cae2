//! What may be changed while a cloud runs: quota, latencies, options, hypervisors.
use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::json;

use super::{Answer, Refused};
use crate::{config::Quota, state::Cloud};

/// Changes some limits of a project, by id or name.
pub(super) fn set_quota(cloud: &mut Cloud, project: &str, changes: &BTreeMap<String, i64>) -> Answer {
    let found = cloud.identity.project(project).map(|project| project.id.clone());
    let id = found.ok_or_else(|| Refused(404, format!("There is no project {project}.")))?;
    let mut quota = json!(cloud.compute.quota(&id));
    for (name, limit) in changes {
        if quota.get(name).is_none() {
            return Err(Refused(400, format!("There is no quota for {name}.")));
        }
        quota[name] = json!(limit);
    }
    let quota: Quota = serde_json::from_value(quota).map_err(|error| Refused(400, error.to_string()))?;
    cloud.compute.quotas.insert(id, quota);
    Ok(json!(quota))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Latencies {
    build_ms: Option<u64>,
    delete_ms: Option<u64>,
    action_ms: Option<u64>,
    volume_ms: Option<u64>,
    volume_delete_ms: Option<u64>,
    token_lifetime_ms: Option<u64>,
    token_cache_ms: Option<u64>,
}

/// For what is accepted from now on.
pub(super) fn set_latencies(cloud: &mut Cloud, new: Latencies) -> Answer {
    let config = &mut cloud.config;
    let set = |place: &mut Duration, ms: Option<u64>| *place = ms.map_or(*place, Duration::from_millis);
    set(&mut config.build_latency, new.build_ms);
    set(&mut config.delete_latency, new.delete_ms);
    set(&mut config.action_latency, new.action_ms);
    set(&mut config.volume_latency, new.volume_ms);
    set(&mut config.volume_delete_latency, new.volume_delete_ms);
    set(&mut config.token_lifetime, new.token_lifetime_ms);
    set(&mut config.token_cache, new.token_cache_ms);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct HypervisorChange {
    up: Option<bool>,
    vcpus: Option<u32>,
    memory_mib: Option<u64>,
}

pub(super) fn set_hypervisor(cloud: &mut Cloud, name: &str, change: HypervisorChange) -> Answer {
    let mut all = cloud.compute.hypervisors.iter_mut();
    let place = all.find(|place| &*place.name == name);
    let place = place.ok_or_else(|| Refused(404, format!("There is no hypervisor {name}.")))?;
    place.is_up = change.up.unwrap_or(place.is_up);
    place.vcpus = change.vcpus.unwrap_or(place.vcpus);
    place.memory_mib = change.memory_mib.unwrap_or(place.memory_mib);
    Ok(json!({"name": name, "up": place.is_up, "vcpus": place.vcpus, "memoryMib": place.memory_mib}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Options {
    keep_port_tags: Option<bool>,
    reclaim_interval_ms: Option<u64>,
    late_quota_check: Option<bool>,
    has_block_storage: Option<bool>,
}

/// How the cloud is set up, for what comes from now on.
pub(super) fn set_options(cloud: &mut Cloud, new: Options) -> Answer {
    let config = &mut cloud.config;
    config.keep_port_tags = new.keep_port_tags.unwrap_or(config.keep_port_tags);
    config.late_quota_check = new.late_quota_check.unwrap_or(config.late_quota_check);
    config.has_block_storage = new.has_block_storage.unwrap_or(config.has_block_storage);
    config.reclaim_instance_interval = new.reclaim_interval_ms.map_or(config.reclaim_instance_interval, Duration::from_millis);
    Ok(json!({}))
}
