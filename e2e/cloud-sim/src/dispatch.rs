//! From a request to its service: logs it, applies fault rules and the hook, and adds what every answer bears.
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    admin, cinder,
    clock::Time,
    faults::{Answer, Effect, When},
    glance,
    hook::{Hooked, Moment},
    http::{Aborted, Request, Response},
    keystone,
    log::RequestInfo,
    neutron, nova,
    state::Cloud,
    twist,
};

/// The cloud with its clock, shared by all who ask it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) time: Time,
    pub(crate) hook: Hooked,
    cloud: Mutex<Cloud>,
}

impl Shared {
    pub(crate) fn new(time: Time, cloud: Cloud) -> Self {
        Self { time, hook: Hooked::default(), cloud: Mutex::new(cloud) }
    }

    /// The state as of now; what is due is done, in its order.
    pub(crate) fn cloud(&self) -> MutexGuard<'_, Cloud> {
        let mut cloud = self.cloud.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.time.now();
        while let Some((due, number, request)) = cloud.deferred.take_due(now) {
            cloud.advance(due);
            let response = answer_truly(&mut cloud, &request, due);
            cloud.deferred.finish(number, response);
        }
        cloud.advance(now);
        cloud
    }
}

/// Answers one request.
pub(crate) async fn handle(shared: &Shared, request: Request) -> Result<Response, Aborted> {
    if request.path.starts_with("/admin/") {
        let mut cloud = shared.cloud();
        return Ok(admin::handle(&mut cloud, &request, shared.time.now()));
    }
    let (info, effect) = note(shared, &request);
    let response = match effect {
        None => apply(shared, &request, &info),
        Some(effect) => disturbed(shared, request, &info, effect).await,
    }?;
    shared.cloud().log.answered(info.number, response.status);
    Ok(response)
}

/// Logs the request and asks the fault rules about it.
fn note(shared: &Shared, request: &Request) -> (RequestInfo, Option<Effect>) {
    let mut cloud = shared.cloud();
    let info = cloud.log.note(request, shared.time.now());
    let effect = cloud.faults.request(&info.method, &info.path, &info.query);
    (info, effect)
}

/// A request that a rule hits.
async fn disturbed(shared: &Shared, request: Request, info: &RequestInfo, effect: Effect) -> Result<Response, Aborted> {
    let Effect { when, delay, answer } = effect;
    let is_applied = when != When::Before || matches!(answer, Answer::True(_));
    if when == When::Before {
        wait(delay).await;
    }
    let truth = match when {
        _ if !is_applied => None,
        When::Later(after) => return later(shared, request, info, (after, delay), answer).await,
        When::Before | When::After => Some(apply(shared, &request, info)?),
    };
    if when == When::After {
        wait(delay).await;
    }
    settle(shared, &request, answer, truth)
}

/// Accepted now, applied later; the client may be answered, or gone, long before.
async fn later(
    shared: &Shared,
    request: Request,
    info: &RequestInfo,
    (after, delay): (Duration, Duration),
    answer: Answer,
) -> Result<Response, Aborted> {
    shared.hook.ask(info, Moment::Before)?;
    let copy = request.clone();
    {
        let mut cloud = shared.cloud();
        let now = shared.time.now();
        let caller = keystone::authenticate(&mut cloud, &request, now);
        cloud.deferred.accept(info.number, Request { caller, ..request }, now.checked_add(after).unwrap_or(Timestamp::MAX));
    }
    wait(if matches!(answer, Answer::True(_)) { delay.max(after) } else { delay }).await;
    let truth = shared.cloud().deferred.take_answer(info.number);
    shared.hook.ask(info, Moment::After)?;
    settle(shared, &copy, answer, truth)
}

fn settle(shared: &Shared, request: &Request, answer: Answer, truth: Option<Response>) -> Result<Response, Aborted> {
    match (answer, truth) {
        (Answer::Instead(response), _) => Ok(response),
        (Answer::True(twist), Some(truth)) => Ok(twist::twist(truth, twist, request, &shared.cloud().base_url)),
        (Answer::Reset, _) | (Answer::True(_), None) => Err(Aborted),
    }
}

async fn wait(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

/// Does what the request asks, if the hook lets it.
fn apply(shared: &Shared, request: &Request, info: &RequestInfo) -> Result<Response, Aborted> {
    shared.hook.ask(info, Moment::Before)?;
    let response = {
        let mut cloud = shared.cloud();
        answer_truly(&mut cloud, request, shared.time.now())
    };
    shared.hook.ask(info, Moment::After)?;
    Ok(response)
}

fn answer_truly(cloud: &mut Cloud, request: &Request, now: Timestamp) -> Response {
    cloud.revision += u64::from(request.method != "GET");
    let request_id = cloud.ids.request();
    let segments = request.segments();
    let response = match segments.split_first() {
        Some((&"identity", rest)) => keystone::handle(cloud, request, rest, now),
        Some((&"compute", rest)) => nova::handle(cloud, request, rest, &request_id, now),
        Some((&"networking", rest)) => neutron::handle(cloud, request, rest, now),
        Some((&"volume", rest)) => cinder::handle(cloud, request, rest, &request_id, now),
        Some((&"image", rest)) => glance::handle(cloud, request, rest, now),
        _ => Response::html(404, "404 Not Found", "The resource could not be found."),
    };
    response.accepted_by(request).with("x-openstack-request-id", request_id)
}
