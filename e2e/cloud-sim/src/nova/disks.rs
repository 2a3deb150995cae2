//! `block_device_mapping_v2` of POST /servers: a server that boots from a volume that is there already.
use uuid::Uuid;

use super::{Call, error::NovaError, python::Py};
use crate::state::{
    Cloud,
    server::Disk,
    volume::{Volume, VolumeStatus},
};

/// The volumes of a server, the root first; none if it boots from its image alone.
pub(super) fn parse(cloud: &Cloud, call: &Call<'_>, asked: &Py, count: u32) -> Result<Vec<Disk>, NovaError> {
    let mapping = asked.get("block_device_mapping_v2").map(Py::items).unwrap_or_default();
    let mut disks = Vec::new();
    let mut boot = Vec::new();
    for item in mapping {
        let text = |key: &str| item.get(key).and_then(Py::as_str).unwrap_or_default();
        let index = boot_index(item);
        boot.extend(index);
        match (text("source_type"), text("destination_type")) {
            ("image", "local" | "") => {}
            ("volume", _) => disks.push((index.unwrap_or(i64::MAX), disk(cloud, call, item, index)?)),
            (source, destination) => {
                let text = format!("Block Device Mapping is Invalid: the simulated cloud makes no {destination} of a {source}.");
                return Err(NovaError::bad_request(text));
            }
        }
    }
    boot.sort_unstable();
    let is_sequence = !boot.is_empty() && boot.iter().zip(0..).all(|(index, place)| *index == place);
    if !mapping.is_empty() && !is_sequence {
        let text =
            "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping combination is not valid.";
        return Err(NovaError::bad_request(text));
    }
    if count > 1 && !disks.is_empty() {
        return Err(NovaError::bad_request("Cannot attach one or more volumes to multiple instances"));
    }
    disks.sort_by_key(|(index, _)| *index);
    Ok(disks.into_iter().map(|(_, disk)| disk).collect())
}

/// Negative or absent: not used for booting.
fn boot_index(item: &Py) -> Option<i64> {
    let index = match item.get("boot_index") {
        Some(Py::Int(index)) => i64::try_from(*index).ok(),
        Some(Py::Str(text)) => text.parse().ok(),
        _ => None,
    };
    index.filter(|index| *index >= 0)
}

fn disk(cloud: &Cloud, call: &Call<'_>, item: &Py, index: Option<i64>) -> Result<Disk, NovaError> {
    let id = item.get("uuid").and_then(Py::as_str).unwrap_or_default();
    let volume = volume(cloud, call, id)?;
    if index == Some(0) && !volume.is_bootable {
        return Err(NovaError::bad_request(format!("Block Device {id} is not bootable.")));
    }
    Ok(Disk { volume: volume.id, ends_with_server: item.get("delete_on_termination") == Some(&Py::Bool(true)) })
}

fn volume<'a>(cloud: &'a Cloud, call: &Call<'_>, id: &str) -> Result<&'a Volume, NovaError> {
    let found = Uuid::parse_str(id).ok().filter(|_| cloud.config.has_block_storage).and_then(|id| cloud.storage.get(id));
    let found = found.filter(|volume| call.caller.is_admin || volume.project == call.project);
    found.ok_or_else(|| NovaError::bad_request(format!("Block Device Mapping is Invalid: failed to get volume {id}.")))
}

/// Cinder reserves a volume for one server only; its refusal is passed on in these words.
pub(super) fn check_free(cloud: &Cloud, call: &Call<'_>, disks: &[Disk]) -> Result<(), NovaError> {
    let volumes = disks.iter().filter_map(|disk| cloud.storage.get(disk.volume));
    let mut taken = volumes.filter(|volume| !matches!(volume.status, VolumeStatus::Available | VolumeStatus::Downloading));
    let Some(volume) = taken.next() else { return Ok(()) };
    Err(NovaError::bad_request(format!(
        "Invalid volume: Invalid input received: Invalid volume: Volume {} status must be available or downloading to reserve, \
         but the current status is {}. (HTTP 400) (Request-ID: {})",
        volume.id,
        volume.status.as_str(),
        call.request_id
    )))
}
