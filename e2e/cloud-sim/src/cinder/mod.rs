//! Cinder's API, version 3: who may call, in which microversion, and which part answers.
mod create;
mod error;
mod list;
mod quota;
mod version;
mod view;
mod volumes;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    http::{Request, Response},
    keystone,
    state::{Cloud, identity::Caller, ids},
};
use error::{Answer, CinderError};

/// Names only, or everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    Brief,
    Full,
}

/// One authorised request.
struct Call<'a> {
    request: &'a Request,
    caller: Caller,
    project: Arc<str>,
    /// Minor number of the microversion.
    minor: u16,
    /// The endpoint as the client wrote it, with the project's id if that was in it.
    base: String,
    now: Timestamp,
}

impl Call<'_> {
    fn may_see(&self, owner: &str) -> bool {
        self.caller.is_admin || owner == &*self.project
    }

    fn require_admin(&self, rule: &str) -> Result<(), CinderError> {
        if self.caller.is_admin { Ok(()) } else { Err(CinderError::policy(rule)) }
    }
}

/// Answers a request below /volume.
pub(crate) fn handle(cloud: &mut Cloud, request: &Request, path: &[&str], request_id: &str, now: Timestamp) -> Response {
    if !cloud.config.has_block_storage {
        return Response::html(404, "404 Not Found", "The resource could not be found.");
    }
    answer(cloud, request, path, now).with("x-compute-request-id", request_id)
}

fn answer(cloud: &mut Cloud, request: &Request, path: &[&str], now: Timestamp) -> Response {
    let path = match path {
        [] => return Response::json(300, &version::list(&cloud.base_url)),
        ["v3"] => return Response::json(200, &version::list(&cloud.base_url)),
        ["v3", path @ ..] => path,
        _ => return Response::html(404, "404 Not Found", "The resource could not be found."),
    };
    let Some(caller) = keystone::authenticate(cloud, request, now) else {
        return keystone::unauthorized(&cloud.base_url);
    };
    let minor = match version::requested(request) {
        Ok(minor) => minor,
        Err(error) => return error.response(),
    };
    let project = caller.project.clone().unwrap_or_default();
    let (path, in_url) = match path {
        [id, path @ ..] if cloud.identity.projects.contains_key(*id) => (path, Some(*id)),
        path => (path, None),
    };
    if project.is_empty() || in_url.is_some_and(|id| *id != *project) {
        return version::mark(CinderError::bad_request("Malformed request url").response(), minor);
    }
    let base = format!("{}/volume/v3{}", cloud.base_url, in_url.map_or_else(String::new, |id| format!("/{id}")));
    let call = Call { request, caller, project, minor, base, now };
    let response = route(cloud, &call, path).unwrap_or_else(|error| error.response());
    version::mark(response, minor)
}

fn route(cloud: &mut Cloud, call: &Call<'_>, path: &[&str]) -> Answer {
    match (call.request.method.as_str(), path) {
        ("GET", ["volumes"]) => list::volumes(cloud, call, Detail::Brief),
        ("GET", ["volumes", "detail"]) => list::volumes(cloud, call, Detail::Full),
        ("POST", ["volumes"]) => create::volume(cloud, call),
        ("GET", ["volumes", id]) => volumes::get(cloud, call, id),
        ("PUT", ["volumes", id]) => volumes::update(cloud, call, id),
        ("DELETE", ["volumes", id]) => volumes::delete(cloud, call, id),
        ("POST", ["volumes", id, "action"]) => volumes::act(cloud, call, id),
        (_, ["volumes", id, "metadata"]) => volumes::metadata(cloud, call, id),
        ("GET", ["types"]) => Ok(types(cloud)),
        ("GET", ["types", id]) => volume_type(cloud, id),
        ("GET", ["limits"]) => Ok(quota::limits(cloud, call)),
        ("GET", ["os-quota-sets", project]) => quota::show(cloud, call, project),
        ("PUT", ["os-quota-sets", project]) => quota::update(cloud, call, project),
        ("GET", ["os-availability-zone"]) => Ok(zones(cloud)),
        _ => Err(CinderError::not_found("The resource could not be found.")),
    }
}

fn type_row(name: &str) -> Value {
    let id = ids::stable("volume_type", name);
    json!({"id": id, "name": name, "is_public": true, "description": null, "extra_specs": {}})
}

fn types(cloud: &Cloud) -> Response {
    let rows: Vec<_> = cloud.config.volume_types.iter().map(|name| type_row(name)).collect();
    Response::json(200, &json!({"volume_types": rows}))
}

fn volume_type(cloud: &Cloud, id: &str) -> Answer {
    let missing = || CinderError::not_found(format!("Volume type {id} could not be found."));
    let wanted = if id == "default" { cloud.config.volume_types.first() } else { named_type(cloud, id) };
    wanted.map(|name| Response::json(200, &json!({"volume_type": type_row(name)}))).ok_or_else(missing)
}

/// A volume type by name or id.
fn named_type<'a>(cloud: &'a Cloud, name_or_id: &str) -> Option<&'a String> {
    let mut all = cloud.config.volume_types.iter();
    all.find(|name| *name == name_or_id || ids::stable("volume_type", name).to_string() == name_or_id)
}

fn zones(cloud: &Cloud) -> Response {
    let names = cloud.config.zones.iter().map(|zone| zone.name.as_str());
    let rows: Vec<_> = names.map(|name| json!({"zoneName": name, "zoneState": {"available": true}})).collect();
    Response::json(200, &json!({"availabilityZoneInfo": rows}))
}
