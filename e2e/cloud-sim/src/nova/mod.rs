//! Nova's API: who may call, in which microversion, and which part answers.
mod actions;
mod cells;
mod create;
mod disks;
mod error;
mod filters;
mod flavors;
mod groups;
mod history;
mod keypairs;
mod list;
mod paging;
mod project;
mod python;
mod resize;
mod schema;
mod servers;
mod tags;
mod version;
mod view;
mod zones;

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    http::{Request, Response},
    keystone,
    state::{Cloud, identity::Caller},
};
use error::{Answer, NovaError};

/// Nova's limit on bodies (oslo.middleware's default).
const MAX_BODY_BYTES: usize = 114_688;

/// One authorised request.
struct Call<'a> {
    request: &'a Request,
    caller: Caller,
    project: Arc<str>,
    /// Minor number of the microversion.
    minor: u16,
    request_id: &'a str,
    now: Timestamp,
}

impl Call<'_> {
    fn require_admin(&self, rule: &str) -> Result<(), NovaError> {
        if self.caller.is_admin { Ok(()) } else { Err(NovaError::policy(rule)) }
    }
}

/// Answers a request below /compute.
pub(crate) fn handle(cloud: &mut Cloud, request: &Request, path: &[&str], request_id: &str, now: Timestamp) -> Response {
    let response = answer(cloud, request, path, request_id, now);
    response.with("x-compute-request-id", request_id)
}

fn answer(cloud: &mut Cloud, request: &Request, path: &[&str], request_id: &str, now: Timestamp) -> Response {
    if request.body.len() > MAX_BODY_BYTES {
        let text = "Request is too large. Larger than max_request_body_size (%s).";
        return Response::html(413, "413 Request Entity Too Large", text);
    }
    let path = match path {
        [] => return Response::json(200, &version::list(&cloud.base_url)),
        ["v2.1"] => return Response::json(200, &version::document(&cloud.base_url)),
        ["v2.1", path @ ..] => path,
        _ => return Response::html(404, "404 Not Found", "The resource could not be found."),
    };
    let Some(caller) = keystone::authenticate(cloud, request, now) else {
        return keystone::unauthorized(&cloud.base_url);
    };
    let minor = match version::requested(request) {
        Ok(minor) => minor,
        Err(error) => return error.response(),
    };
    let Some(project) = caller.project.clone() else {
        return version::mark(NovaError::policy(&rule_of(path)).response(), minor);
    };
    let call = Call { request, caller, project, minor, request_id, now };
    let response = route(cloud, &call, path).unwrap_or_else(|error| error.response());
    version::mark(response, minor)
}

/// The policy that a token without project fails.
fn rule_of(path: &[&str]) -> String {
    match path {
        ["servers"] => "servers:index".to_owned(),
        ["servers", "detail"] => "servers:detail".to_owned(),
        [first, ..] => (*first).to_owned(),
        [] => String::new(),
    }
}

fn route(cloud: &mut Cloud, call: &Call<'_>, path: &[&str]) -> Answer {
    match (call.request.method.as_str(), path) {
        ("GET", ["servers"]) => list::servers(cloud, call, list::Detail::Brief),
        ("GET", ["servers", "detail"]) => list::servers(cloud, call, list::Detail::Full),
        ("POST", ["servers"]) => create::server(cloud, call),
        ("GET", ["servers", id]) => servers::get(cloud, call, id),
        ("PUT", ["servers", id]) => servers::update(cloud, call, id),
        ("DELETE", ["servers", id]) => servers::delete(cloud, call, id),
        ("POST", ["servers", id, "action"]) => actions::act(cloud, call, id),
        ("GET", ["servers", id, "diagnostics"]) => servers::diagnostics(cloud, call, id),
        ("GET", ["servers", id, "os-interface"]) => servers::interfaces(cloud, call, id),
        ("GET", ["servers", id, "os-instance-actions"]) => history::list(cloud, call, id),
        ("GET", ["servers", id, "os-instance-actions", request]) => history::get(cloud, call, id, request),
        (_, ["servers", id, "tags", rest @ ..]) => tags::tags(cloud, call, id, rest),
        (_, ["servers", id, "metadata"]) => tags::metadata(cloud, call, id),
        ("GET", ["flavors"]) => flavors::list(cloud, call, list::Detail::Brief),
        ("GET", ["flavors", "detail"]) => flavors::list(cloud, call, list::Detail::Full),
        ("POST", ["flavors"]) => flavors::create(cloud, call),
        ("GET", ["flavors", id]) => flavors::get(cloud, call, id),
        ("DELETE", ["flavors", id]) => flavors::delete(cloud, call, id),
        ("GET", ["flavors", id, "os-extra_specs"]) => flavors::extra_specs(cloud, id),
        ("POST", ["flavors", id, "os-extra_specs"]) => flavors::set_extra_specs(cloud, call, id),
        (_, ["os-server-groups", rest @ ..]) => groups::groups(cloud, call, rest),
        (_, ["os-keypairs", rest @ ..]) => keypairs::keypairs(cloud, call, rest),
        ("GET", ["limits"]) => project::limits(cloud, call),
        ("GET", ["os-quota-sets", project]) => project::quota(cloud, call, project),
        ("GET", ["os-quota-sets", project, "detail"]) => project::quota_detail(cloud, call, project),
        ("PUT", ["os-quota-sets", project]) => project::set_quota(cloud, call, project),
        ("GET", ["os-availability-zone"]) => Ok(zones::list(cloud)),
        ("GET", ["os-availability-zone", "detail"]) => zones::detail(cloud, call),
        ("GET", ["os-hypervisors"]) => zones::hypervisors(cloud, call, list::Detail::Brief),
        ("GET", ["os-hypervisors", "detail"]) => zones::hypervisors(cloud, call, list::Detail::Full),
        ("GET", ["os-services"]) => zones::services(cloud, call),
        ("PUT", ["os-services", id]) => zones::update_service(cloud, call, id),
        _ => Ok(Response::html(404, "404 Not Found", "The resource could not be found.")),
    }
}
