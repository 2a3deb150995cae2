//! One request through the gate: judged, sent on, answered; watches flow through unread.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::calls::Call;
use super::spoil::How;
use super::trap::Order;
use super::{Exchange, Shared, lock};

/// Largest request and answer; a list of 5,000 servers is about 15 MB.
const BODY_MAX: usize = 256 << 20;
/// Headers that belong to one connection.
const OF_A_CONNECTION: [HeaderName; 5] =
    [header::HOST, header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::UPGRADE];

/// Where a request goes.
#[derive(Clone)]
struct Target {
    url: String,
    call: Call,
    /// Whether links in the answer must lead through the gate.
    rewrites: bool,
    /// Whether the answer flows as long as it lasts.
    streams: bool,
}

pub(super) async fn handle(State(gate): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX).await else { return refused("the request was cut") };
    let Some(target) = target(&gate, &parts) else { return refused("there is no such service") };
    let (order, spoil) = {
        let mut state = gate.state();
        if !Shared::is_open(&state) {
            return refused("the operator is down");
        }
        let order = if target.call.counts() { state.trap.arrives(&target.call) } else { Order::Pass };
        if order == Order::Kill {
            gate.kill(&mut state);
        }
        (order, state.spoils.take(&target.call))
    };
    if order == Order::Kill {
        note(&gate, &parts, &target, &body, None);
        return refused("the operator is dead");
    }
    let passing = async move {
        match spoil {
            None => pass(&gate, &parts, target, body, order).await,
            Some(how) => spoiled(&gate, &parts, target, body, how).await,
        }
    };
    // On a task of its own: a client that goes away does not take back what it sent.
    tokio::spawn(passing).await.unwrap_or_else(|_| refused("the gate broke"))
}

/// Passes a request on as a bad proxy would.
async fn spoiled(gate: &Arc<Shared>, parts: &Parts, target: Target, body: Bytes, how: How) -> Response {
    tracing::debug!(label = target.call.label, ?how, "a request is spoiled");
    match how {
        How::AnswerLost => {
            pass(gate, parts, target, body, Order::Pass).await;
            refused("<html><h1>503 Service Unavailable</h1>No server is available to handle this request.</html>")
        }
        How::SentTwice => {
            let again = pass(gate, parts, target.clone(), body.clone(), Order::Pass);
            futures::join!(pass(gate, parts, target, body, Order::Pass), again).0
        }
        How::SentLate(after) => {
            tokio::time::sleep(after).await;
            pass(gate, parts, target, body, Order::Pass).await
        }
        How::Instead(status, body) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            let kind = if body.starts_with('{') { "application/json" } else { "text/html" };
            (status, [(header::CONTENT_TYPE, kind)], body).into_response()
        }
    }
}

fn refused(why: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
}

fn target(gate: &Shared, parts: &Parts) -> Option<Target> {
    let (path, query) = (parts.uri.path(), parts.uri.query());
    let method = parts.method.as_str();
    if path.starts_with("/os/") {
        let (origin, path) = lock(&gate.origins).target(path)?;
        let call = Call::openstack(method, &path);
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        return Some(Target { url: format!("{origin}{path}{query}"), call, rewrites: true, streams: false });
    }
    let streams = query.is_some_and(|query| query.split('&').any(|part| part == "watch=true" || part == "watch=1"));
    let url = format!("{}{}", gate.api_server, gate.scope.narrowed(path, query));
    Some(Target { url, call: Call::kubernetes(method, path), rewrites: false, streams })
}

async fn pass(gate: &Arc<Shared>, parts: &Parts, target: Target, body: Bytes, order: Order) -> Response {
    let mut headers = parts.headers.clone();
    without_connection(&mut headers);
    let request = gate.http.request(parts.method.clone(), &target.url).headers(headers).body(body.clone());
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::info!(url = target.url, %error, "the other side did not answer");
            return (StatusCode::BAD_GATEWAY, "the other side did not answer").into_response();
        }
    };
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    without_connection(&mut headers);
    if target.streams {
        return (status, headers, Body::from_stream(chunks(answer))).into_response();
    }
    if let Some(token) = headers.get("x-subject-token").and_then(|token| token.to_str().ok()) {
        gate.state().keystone_token = Some(token.to_owned());
    }
    let Ok(mut answer) = answer.bytes().await else { return refused("the answer was cut") };
    note(gate, parts, &target, &body, Some((status, &answer)));
    if target.rewrites {
        answer = lock(&gate.origins).rewritten(&gate.own, &String::from_utf8_lossy(&answer)).into();
    } else if gate.scope.tells_identity(parts.uri.path()) {
        let namespace: Value = serde_json::from_slice(&answer).unwrap_or_default();
        answer = gate.scope.with_identity(namespace).to_string().into();
    }
    match order {
        Order::KillWhenApplied => {
            let mut state = gate.state();
            gate.kill(&mut state);
            return refused("the operator is dead");
        }
        Order::TellWhenAnswered => gate.state().trap.answered(),
        Order::Pass | Order::Kill => {}
    }
    (status, headers, answer).into_response()
}

/// An answer as it comes.
fn chunks(answer: reqwest::Response) -> impl futures::Stream<Item = reqwest::Result<Bytes>> {
    futures::stream::try_unfold(answer, |mut answer| async move { Ok(answer.chunk().await?.map(|chunk| (chunk, answer))) })
}

fn without_connection(headers: &mut HeaderMap) {
    for name in OF_A_CONNECTION {
        headers.remove(name);
    }
}

/// Remembers what may have changed something.
fn note(gate: &Shared, parts: &Parts, target: &Target, body: &Bytes, answer: Option<(StatusCode, &Bytes)>) {
    if !target.call.writes || !target.call.counts() {
        return;
    }
    gate.record(Exchange {
        call: target.call.clone(),
        path: parts.uri.path().to_owned(),
        body: serde_json::from_slice(body).unwrap_or_default(),
        status: answer.map(|(status, _)| status.as_u16()),
        answer: answer.and_then(|(_, body)| serde_json::from_slice(body).ok()).unwrap_or_default(),
    });
}
