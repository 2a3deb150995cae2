//! GET /volumes and /volumes/detail: filters and pages.
use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Call, Detail,
    error::{Answer, CinderError},
    view,
};
use crate::{
    http::Response,
    state::{
        Cloud,
        volume::{Place, Volume},
    },
};

/// Parameters that are not filters.
const CONTROLS: &[&str] = &["limit", "marker", "offset", "sort", "sort_key", "sort_dir", "all_tenants", "with_count"];
/// The filters that Cinder is delivered with (resource_filters.json).
const FILTERS: &[&str] = &[
    "name",
    "status",
    "metadata",
    "bootable",
    "migration_status",
    "availability_zone",
    "group_id",
    "size",
    "created_at",
    "updated_at",
    "consumes_quota",
];
/// From this microversion on, other filters are refused to members; before, they are ignored.
const REFUSED_SINCE: u16 = 31;
const COUNT_SINCE: u16 = 45;

pub(super) fn volumes(cloud: &mut Cloud, call: &Call<'_>, detail: Detail) -> Answer {
    check_names(call)?;
    let limit = limit(call, cloud.config.max_limit)?;
    let before = call.request.param("marker").map(|marker| marked(cloud, call, marker)).transpose()?;
    let omission = cloud.faults.list_rule("volumes", call.request.param("all_tenants").is_some());
    let is_all = call.caller.is_admin && call.request.param("all_tenants").is_some_and(|text| !matches!(text, "0" | "False" | "false"));
    let mine = |volume: &&Volume| is_all || volume.project == call.project;
    let shown = |volume: &&Volume| omission.as_ref().is_none_or(|rule| !rule.hides(volume.spec.name.as_deref().unwrap_or_default()));
    let fits = |volume: &&Volume| mine(volume) && shown(volume) && accepts(call, volume);
    let found: Vec<&Volume> = cloud.storage.newest_first(before).filter(fits).take(limit).collect();
    let mut body = json!({"volumes": found.iter().map(|volume| view::volume(call, volume, detail)).collect::<Vec<_>>()});
    if let Some(last) = found.last().filter(|_| found.len() >= limit) {
        body["volumes_links"] = json!([{"rel": "next", "href": next(call, detail, last.id)}]);
    }
    if call.minor >= COUNT_SINCE && call.request.param("with_count").is_some() {
        body["count"] = json!(cloud.storage.newest_first(None).filter(fits).count());
    }
    Ok(Response::json(200, &body))
}

fn check_names(call: &Call<'_>) -> Result<(), CinderError> {
    let names = call.request.query.iter().map(|(name, _)| name.as_str());
    let unknown: Vec<_> = names.filter(|name| !CONTROLS.contains(name) && !FILTERS.contains(name)).collect();
    if unknown.is_empty() || call.minor < REFUSED_SINCE || call.caller.is_admin {
        return Ok(());
    }
    Err(CinderError::bad_request(format!("Invalid filters {} are found in query options.", unknown.join(","))))
}

fn limit(call: &Call<'_>, most: usize) -> Result<usize, CinderError> {
    let Some(text) = call.request.param("limit") else { return Ok(most) };
    let number = text.parse::<i64>().map_err(|_| CinderError::bad_request("limit param must be an integer"))?;
    usize::try_from(number).map(|limit| limit.min(most)).map_err(|_| CinderError::bad_request("limit param must be positive"))
}

fn marked(cloud: &Cloud, call: &Call<'_>, marker: &str) -> Result<Place, CinderError> {
    let volume = Uuid::parse_str(marker).ok().and_then(|id| cloud.storage.get(id)).filter(|volume| call.may_see(&volume.project));
    volume.map(Volume::place).ok_or_else(|| CinderError::no_volume(marker))
}

fn accepts(call: &Call<'_>, volume: &Volume) -> bool {
    let spec = &volume.spec;
    call.request.query.iter().all(|(name, value)| match name.as_str() {
        "name" => spec.name.as_deref() == Some(value),
        "status" => volume.status.as_str() == value,
        "metadata" => python_dict(value).is_none_or(|wanted| wanted.iter().all(|(key, value)| spec.metadata.get(key) == Some(value))),
        "bootable" => volume.is_bootable.to_string() == value.to_lowercase(),
        "availability_zone" => spec.zone == *value,
        "size" => spec.size_gib.to_string() == *value,
        _ => true,
    })
}

/// `{'key': 'value'}`, as clients write the metadata filter; what is no such thing filters nothing.
fn python_dict(text: &str) -> Option<BTreeMap<String, String>> {
    serde_json::from_str(&text.replace('\'', "\"")).ok()
}

fn next(call: &Call<'_>, detail: Detail, last: Uuid) -> Value {
    let path = if detail == Detail::Full { "volumes/detail" } else { "volumes" };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(call.request.query.iter().filter(|(key, _)| key != "marker"));
    query.append_pair("marker", &last.to_string());
    json!(format!("{}/{path}?{}", call.base, query.finish()))
}
