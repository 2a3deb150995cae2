//! The API server as a kube client reaches it: a tower service over the wire of one operator.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kube::Client;
use serde_json::Value;
use tower::Service;

use super::chaos::Effect;
use super::path::Target;
use super::server::{Answer, ApiServer, Asked};
use super::status::Refusal;
use crate::wire::{Answering, Sending, Wire};

/// A request takes this long on its way.
const LATENCY: Duration = Duration::from_millis(2);
/// A client gives up after this, as the operator's does.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(15);
/// Writes that are not counted: they come and go with time, not with work.
const UNCOUNTED: [&str; 2] = ["leases", "events"];

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// No answer came.
#[derive(Debug)]
pub struct NoAnswer(&'static str);

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NoAnswer {}

/// The way of one client to the API server.
#[derive(Clone)]
pub struct ApiService {
    server: ApiServer,
    wire: Arc<Wire>,
}

impl ApiService {
    /// The way over this wire.
    pub fn over(server: &ApiServer, wire: &Arc<Wire>) -> Self {
        Self { server: server.clone(), wire: wire.clone() }
    }

    /// A client over this wire. To be made inside the runtime that it is used in.
    pub fn client(server: &ApiServer, wire: &Arc<Wire>) -> Client {
        Client::new(Self::over(server, wire), "default")
    }
}

impl Service<Request<kube::client::Body>> for ApiService {
    type Response = Response<Body>;
    type Error = NoAnswer;
    type Future = BoxFuture<'static, Result<Response<Body>, NoAnswer>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoAnswer>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<kube::client::Body>) -> Self::Future {
        let (server, wire) = (self.server.clone(), self.wire.clone());
        Box::pin(async move {
            let answer = carry(&server, &wire, request);
            tokio::select! {
                answer = answer => answer,
                () = tokio::time::sleep(CLIENT_TIMEOUT) => dead_or(&wire, Err(NoAnswer("no answer within 15 s"))).await,
            }
        })
    }
}

/// A dead operator does not even see a time-out.
async fn dead_or<T>(wire: &Wire, otherwise: T) -> T {
    if wire.is_dead() { std::future::pending().await } else { otherwise }
}

async fn carry(server: &ApiServer, wire: &Wire, request: Request<kube::client::Body>) -> Result<Response<Body>, NoAnswer> {
    tokio::time::sleep(LATENCY).await;
    if wire.is_dead() {
        return std::future::pending().await;
    }
    let asked = match take_apart(request).await {
        Ok(asked) => asked,
        Err(refusal) => return Ok(response(refusal.code, &refusal.body())),
    };
    let call = format!("{} {}", asked.verb(), asked.target.route());
    let is_counted = !matches!(asked.verb(), "GET" | "LIST" | "WATCH") && !UNCOUNTED.contains(&asked.target.kind.plural);
    let (sending, is_fatal) = if is_counted { wire.sending(&call) } else { (Sending::Send, false) };
    if sending == Sending::Never {
        return std::future::pending().await;
    }
    let outcome = apply(server, &asked).await;
    let answering = if is_counted { wire.answering(is_fatal) } else { Answering::Arrives };
    match answering {
        Answering::Arrives if wire.is_dead() => std::future::pending().await,
        Answering::Arrives => outcome,
        Answering::Lost => Err(NoAnswer("the connection was reset")),
        Answering::Never => std::future::pending().await,
    }
}

async fn apply(server: &ApiServer, asked: &Asked) -> Result<Response<Body>, NoAnswer> {
    let effect = server.effect(asked);
    match &effect {
        Some(Effect::Break) => return Err(NoAnswer("the connection was refused")),
        Some(Effect::Hang) => return std::future::pending().await,
        Some(Effect::Refuse(refusal)) => return Ok(response(refusal.code, &refusal.body())),
        _ => {}
    }
    let answer = server.answer(asked, effect.as_ref());
    if effect == Some(Effect::LoseAnswer) {
        return Err(NoAnswer("the connection was reset"));
    }
    Ok(match answer {
        Ok(Answer::Whole(code, body)) => response(code, &body),
        Ok(Answer::Stream(watch)) => {
            let events = futures::stream::unfold(watch, |mut watch| async move {
                let line = watch.next().await?;
                Some((Ok::<_, Infallible>(http_body::Frame::data(line)), watch))
            });
            Response::new(StreamBody::new(events).boxed_unsync())
        }
        Err(refusal) => response(refusal.code, &refusal.body()),
    })
}

async fn take_apart(request: Request<kube::client::Body>) -> Result<Asked, Refusal> {
    let (parts, body) = request.into_parts();
    let target = Target::read(parts.uri.path())?;
    let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let bytes = body.collect_bytes().await.map_err(|error| Refusal::bad_request(&error.to_string()))?;
    let body = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&bytes).map_err(|error| Refusal::bad_request(&error.to_string()))?
    };
    let content_type = parts.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Ok(Asked { method: parts.method.to_string(), target, query, body, content_type: content_type.to_owned() })
}

fn response(code: u16, body: &Value) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())).boxed_unsync());
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response
}
