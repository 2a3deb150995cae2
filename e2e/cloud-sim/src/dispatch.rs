//! From a request to its service: counts it, applies fault rules, and adds what every answer bears.
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    admin,
    clock::Clock,
    faults::{Answer, Effect},
    glance,
    http::{Aborted, Request, Response},
    keystone, neutron, nova,
    state::{Cloud, ids},
};

/// Routes that are counted each by itself; whatever comes on top is counted together.
const MAX_ROUTES: usize = 1000;

/// The cloud with its clock, shared by all connections.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    cloud: Mutex<Cloud>,
}

impl Shared {
    pub(crate) fn new(clock: Clock, cloud: Cloud) -> Self {
        Self { clock, cloud: Mutex::new(cloud) }
    }

    /// The state as of now.
    pub(crate) fn cloud(&self) -> MutexGuard<'_, Cloud> {
        let mut cloud = self.cloud.lock().unwrap_or_else(PoisonError::into_inner);
        cloud.advance(self.clock.now());
        cloud
    }
}

/// Answers one request.
pub(crate) async fn handle(shared: &Shared, request: Request) -> Result<Response, Aborted> {
    if request.path.starts_with("/admin/") {
        return Ok(admin::handle(&mut shared.cloud(), &request, shared.clock.now()));
    }
    let effect = note(&mut shared.cloud(), &request);
    let Some(Effect { is_after, delay, answer }) = effect else { return Ok(answer_truly(shared, &request)) };
    if !is_after {
        wait(delay).await;
    }
    let truth = (is_after || matches!(answer, Answer::True)).then(|| answer_truly(shared, &request));
    if is_after {
        wait(delay).await;
    }
    match (answer, truth) {
        (Answer::Reset, _) => Err(Aborted),
        (Answer::Instead(response), _) => Ok(response),
        (Answer::True, truth) => truth.ok_or(Aborted),
    }
}

async fn wait(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

/// Counts the request and asks the fault rules about it.
fn note(cloud: &mut Cloud, request: &Request) -> Option<Effect> {
    let route = format!("{} {}", request.method, route(&request.path));
    let is_too_many = cloud.requests.len() >= MAX_ROUTES && !cloud.requests.contains_key(&route);
    *cloud.requests.entry(if is_too_many { "other".to_owned() } else { route }).or_default() += 1;
    let query = request.query.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&");
    cloud.faults.request(request.method.as_str(), &request.path, &query)
}

/// The path with `{id}` for every id in it.
fn route(path: &str) -> String {
    let is_id = |part: &str| part.len() >= 32 && part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let parts = path.split('/').map(|part| match part {
        _ if is_id(part) => "{id}",
        _ if part.starts_with("req-") => "{request}",
        _ => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn answer_truly(shared: &Shared, request: &Request) -> Response {
    let request_id = ids::request();
    let mut cloud = shared.cloud();
    let now = shared.clock.now();
    let segments = request.segments();
    let response = match segments.split_first() {
        Some((&"identity", rest)) => keystone::handle(&mut cloud, request, rest, now),
        Some((&"compute", rest)) => nova::handle(&mut cloud, request, rest, &request_id, now),
        Some((&"networking", rest)) => neutron::handle(&mut cloud, request, rest, now),
        Some((&"image", rest)) => glance::handle(&mut cloud, request, rest, now),
        _ => Response::html(404, "404 Not Found", "The resource could not be found."),
    };
    response.with("x-openstack-request-id", request_id)
}

#[cfg(test)]
mod tests {
    use super::route;

    #[test]
    fn requests_are_counted_by_route_not_by_id() {
        assert_eq!(
            route("/compute/v2.1/servers/6239717e-9c10-48c1-9498-a809b34279b6/os-instance-actions/req-1"),
            "/compute/v2.1/servers/{id}/os-instance-actions/{request}"
        );
        assert_eq!(route("/compute/v2.1/servers/detail"), "/compute/v2.1/servers/detail");
    }
}
