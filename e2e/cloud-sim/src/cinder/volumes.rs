//! One volume: show, rename, delete, metadata, and an admin's reset of the status.
use serde_json::json;
use uuid::Uuid;

use super::{
    Call, Detail, create,
    error::{Answer, CinderError},
    view,
};
use crate::{
    http::Response,
    state::{
        Cloud,
        volume::{Volume, VolumeStatus},
    },
};

const NOT_DELETABLE: &str = "Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.";

fn find<'a>(cloud: &'a Cloud, call: &Call<'_>, id: &str) -> Result<&'a Volume, CinderError> {
    let volume = Uuid::parse_str(id).ok().and_then(|id| cloud.storage.get(id));
    volume.filter(|volume| call.may_see(&volume.project)).ok_or_else(|| CinderError::no_volume(id))
}

pub(super) fn get(cloud: &Cloud, call: &Call<'_>, id: &str) -> Answer {
    let volume = find(cloud, call, id)?;
    Ok(Response::json(200, &json!({"volume": view::volume(call, volume, Detail::Full)})))
}

pub(super) fn update(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let uuid = find(cloud, call, id)?.id;
    let body = call.request.json().unwrap_or_default();
    let asked = &body["volume"];
    let metadata = asked.get("metadata").map(create::metadata).transpose()?;
    if let Some(volume) = cloud.storage.get_mut(uuid) {
        let text = |name: &str| asked[name].as_str().map(str::to_owned);
        let spec = &mut volume.spec;
        spec.name = text("name").or_else(|| text("display_name")).or(spec.name.take());
        spec.description = text("description").or(spec.description.take());
        spec.metadata = metadata.unwrap_or_else(|| spec.metadata.clone());
        volume.updated = call.now;
    }
    get(cloud, call, id)
}

pub(super) fn delete(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let volume = find(cloud, call, id)?;
    let is_free = matches!(volume.status, VolumeStatus::Available | VolumeStatus::Error);
    if !is_free || volume.attachment.is_some() {
        return Err(CinderError::bad_request(NOT_DELETABLE));
    }
    let id = volume.id;
    cloud.delete_volume(id, call.now);
    Ok(Response::empty(202))
}

pub(super) fn metadata(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let id = find(cloud, call, id)?.id;
    let body = call.request.json().unwrap_or_default();
    let Some(volume) = cloud.storage.get_mut(id) else { return Err(CinderError::no_volume(&id.to_string())) };
    match call.request.method.as_str() {
        "GET" => {}
        "POST" => volume.spec.metadata.extend(create::metadata(&body["metadata"])?),
        "PUT" => volume.spec.metadata = create::metadata(&body["metadata"])?,
        _ => return Err(CinderError::not_found("The resource could not be found.")),
    }
    Ok(Response::json(200, &json!({"metadata": volume.spec.metadata})))
}

pub(super) fn act(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    let id = find(cloud, call, id)?.id;
    let body = call.request.json().unwrap_or_default();
    let Some(asked) = body.get("os-reset_status") else {
        return Err(CinderError::bad_request("There is no such action."));
    };
    call.require_admin("volume_extension:volume_admin_actions:reset_status")?;
    let status = asked["status"].as_str().and_then(VolumeStatus::parse);
    let status = status.ok_or_else(|| CinderError::field("status", &asked["status"].to_string(), "It is no status."))?;
    if let Some(volume) = cloud.storage.get_mut(id) {
        (volume.status, volume.updated) = (status, call.now);
    }
    Ok(Response::empty(202))
}
