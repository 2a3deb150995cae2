//! Volumes, ports, floating IPs and server groups that are changed or taken away behind everybody's back.
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Refused};
use crate::state::{Cloud, volume::VolumeStatus};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStatus {
    status: String,
}

/// Volumes by id or name.
fn volumes(cloud: &Cloud, id_or_name: &str) -> Vec<Uuid> {
    let id = Uuid::parse_str(id_or_name).ok();
    let all = cloud.storage.newest_first(None);
    all.filter(|volume| Some(volume.id) == id || volume.spec.name.as_deref() == Some(id_or_name)).map(|volume| volume.id).collect()
}

pub(super) fn set_volume(cloud: &mut Cloud, id_or_name: &str, new: &NewStatus, now: Timestamp) -> Answer {
    let status = VolumeStatus::parse(&new.status).ok_or_else(|| Refused(400, format!("{} is no status of a volume.", new.status)))?;
    let found = volumes(cloud, id_or_name);
    if found.is_empty() {
        return Err(Refused(404, format!("There is no volume {id_or_name}.")));
    }
    for id in &found {
        let Some(volume) = cloud.storage.get_mut(*id) else { continue };
        (volume.status, volume.updated) = (status, now);
        volume.is_bootable |= status == VolumeStatus::Available && volume.spec.image.is_some();
    }
    Ok(json!({"changed": found.len()}))
}

pub(super) fn delete_volume(cloud: &mut Cloud, id_or_name: &str) -> Value {
    let found = volumes(cloud, id_or_name);
    let removed = found.into_iter().filter_map(|id| cloud.storage.remove(id)).count();
    json!({"removed": removed})
}

pub(super) fn delete_port(cloud: &mut Cloud, id_or_name: &str, now: Timestamp) -> Value {
    let all = cloud.networking.ports.values();
    let found: Vec<_> = all.filter(|port| port.name == id_or_name || port.id.to_string() == id_or_name).map(|port| port.id).collect();
    for id in &found {
        cloud.lose_port(*id, now);
    }
    json!({"removed": found.len()})
}

pub(super) fn delete_floating(cloud: &mut Cloud, id_or_address: &str, now: Timestamp) -> Value {
    let all = cloud.networking.floating.values();
    let fits = all.filter(|floating| floating.id.to_string() == id_or_address || floating.address.to_string() == id_or_address);
    let found: Vec<_> = fits.map(|floating| floating.id).collect();
    let removed = found.into_iter().filter_map(|id| cloud.networking.delete_floating(id, now)).count();
    json!({"removed": removed})
}

pub(super) fn delete_group(cloud: &mut Cloud, id_or_name: &str) -> Value {
    let before = cloud.compute.groups.len();
    cloud.compute.groups.retain(|id, group| group.name != id_or_name && id.to_string() != id_or_name);
    json!({"removed": before - cloud.compute.groups.len()})
}
