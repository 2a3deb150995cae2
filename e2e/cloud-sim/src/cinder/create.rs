//! POST /volumes: the checks that Cinder makes before it accepts, in its order and words.
use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Call, Detail,
    error::{Answer, CinderError},
    named_type, view,
};
use crate::{
    http::Response,
    state::{Cloud, volume::VolumeSpec},
};

/// Longest name, metadata key and value.
const MAX_TEXT: usize = 255;
/// From this microversion on, properties that Cinder does not know are refused.
const STRICT_SINCE: u16 = 53;
const KNOWN: &[&str] = &[
    "name",
    "description",
    "display_name",
    "display_description",
    "volume_type",
    "metadata",
    "snapshot_id",
    "source_volid",
    "consistencygroup_id",
    "size",
    "availability_zone",
    "multiattach",
    "image_id",
    "imageRef",
    "group_id",
    "backup_id",
];

pub(super) fn volume(cloud: &mut Cloud, call: &Call<'_>) -> Answer {
    let body = call.request.json().ok_or_else(|| CinderError::bad_request("Malformed request body"))?;
    let asked = body.get("volume").filter(|volume| volume.is_object());
    let asked =
        asked.ok_or_else(|| CinderError::bad_request("Invalid input for field/attribute volume. 'volume' is a required property"))?;
    let spec = spec(cloud, call, asked)?;
    check_quota(cloud, call, &spec)?;
    let id = cloud.create_volume(spec, (&call.project, &call.caller.user), call.now);
    let volume = cloud.storage.get(id).ok_or_else(|| CinderError::no_volume(&id.to_string()))?;
    Ok(Response::json(202, &json!({"volume": view::volume(call, volume, Detail::Full)})))
}

fn spec(cloud: &Cloud, call: &Call<'_>, asked: &Value) -> Result<VolumeSpec, CinderError> {
    check_names(call, asked)?;
    let text = |name: &str| asked[name].as_str().map(|text| text.trim().to_owned());
    let name = text("name").or_else(|| text("display_name"));
    if let Some(name) = name.as_ref().filter(|name| name.chars().count() > MAX_TEXT) {
        return Err(CinderError::field("name", name, &format!("'{name}' is too long")));
    }
    let metadata = metadata(&asked["metadata"])?;
    let wanted = text("volume_type").filter(|name| !name.is_empty());
    let default = cloud.config.volume_types.first().cloned().unwrap_or_default();
    let kind = wanted.as_ref().map_or(Ok(default), |name| {
        let missing = || CinderError::not_found(format!("Volume type with name {name} could not be found."));
        named_type(cloud, name).cloned().ok_or_else(missing)
    })?;
    let image = image(cloud, asked)?;
    let size_gib = size(&asked["size"])?;
    let min_disk = image.as_ref().map_or(0, |(_, _, min_disk)| *min_disk);
    if size_gib < min_disk {
        let why = format!("Volume size {size_gib}GB cannot be smaller than the image minDisk size {min_disk}GB.");
        return Err(CinderError::invalid_input(&why));
    }
    // Without a zone: Cinder's `storage_availability_zone`, here the first.
    let default = cloud.config.zones.first().map(|zone| zone.name.clone()).unwrap_or_default();
    let zone = text("availability_zone").unwrap_or(default);
    if cloud.config.zones.iter().all(|known| known.name != zone) {
        return Err(CinderError::bad_request(format!("Availability zone '{zone}' is invalid.")));
    }
    let description = text("description").or_else(|| text("display_description"));
    Ok(VolumeSpec { name, description, size_gib, kind, zone, image: image.map(|(id, name, _)| (id, name)), metadata })
}

fn check_names(call: &Call<'_>, asked: &Value) -> Result<(), CinderError> {
    let mut names = asked.as_object().into_iter().flatten().map(|(name, _)| name);
    let unknown = names.find(|name| call.minor >= STRICT_SINCE && !KNOWN.contains(&name.as_str()));
    if let Some(name) = unknown {
        let why = format!("Additional properties are not allowed ('{name}' was unexpected)");
        return Err(CinderError::field("volume", &asked.to_string(), &why));
    }
    for unsupported in ["snapshot_id", "source_volid", "backup_id", "group_id", "consistencygroup_id"] {
        if let Some(id) = asked[unsupported].as_str() {
            return Err(CinderError::not_found(format!("{unsupported} {id} could not be found.")));
        }
    }
    Ok(())
}

/// The metadata of a body; only texts, as Cinder's schema wants it.
pub(super) fn metadata(asked: &Value) -> Result<BTreeMap<String, String>, CinderError> {
    let mut metadata = BTreeMap::new();
    for (key, value) in asked.as_object().into_iter().flatten() {
        let text = value.as_str().filter(|text| text.chars().count() <= MAX_TEXT && (1..=MAX_TEXT).contains(&key.chars().count()));
        let text =
            text.ok_or_else(|| CinderError::field(key, &value.to_string(), &format!("{value} is not of type 'string' or too long")))?;
        metadata.insert(key.clone(), text.to_owned());
    }
    Ok(metadata)
}

fn image(cloud: &Cloud, asked: &Value) -> Result<Option<(Uuid, String, u64)>, CinderError> {
    let Some(reference) = asked["imageRef"].as_str().or(asked["image_id"].as_str()) else { return Ok(None) };
    let last = reference.rsplit('/').next().unwrap_or_default();
    let by_id = cloud.images.iter().find(|image| image.id.to_string() == last);
    let found = by_id.or_else(|| cloud.images.iter().find(|image| image.name == reference));
    let refused = || CinderError::bad_request("Invalid image identifier or unable to access requested image.");
    let image = found.ok_or_else(refused)?;
    Ok(Some((image.id, image.name.clone(), image.min_disk_gib)))
}

fn size(asked: &Value) -> Result<u64, CinderError> {
    if asked.is_null() {
        return Err(CinderError::invalid_input("Volume size 'None' must be an integer and greater than 0"));
    }
    let number = asked.as_u64().or_else(|| asked.as_str()?.parse().ok());
    let positive = number.filter(|size| *size > 0);
    positive.ok_or_else(|| CinderError::field("size", &asked.to_string(), &format!("{asked} is less than the minimum of 1")))
}

fn check_quota(cloud: &Cloud, call: &Call<'_>, spec: &VolumeSpec) -> Result<(), CinderError> {
    let quota = cloud.compute.quota(&call.project);
    let (volumes, gib) = cloud.storage.usage(&call.project);
    let size = i64::try_from(spec.size_gib).unwrap_or(i64::MAX);
    if quota.gigabytes >= 0 && gib.saturating_add(size) > quota.gigabytes {
        return Err(CinderError::over_limit(format!(
            "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested {size}G, quota is {}G and {gib}G has been consumed.",
            quota.gigabytes
        )));
    }
    if quota.volumes >= 0 && volumes + 1 > quota.volumes {
        let text = format!("VolumeLimitExceeded: Maximum number of volumes allowed ({}) exceeded for quota 'volumes'.", quota.volumes);
        return Err(CinderError::over_limit(text));
    }
    Ok(())
}
