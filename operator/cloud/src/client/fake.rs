//! A cloud for unit tests: a Keystone that gives numbered tokens, and services that answer as a closure says.

use super::engine::Engine;
use super::pacer::Pacing;
use crate::{CloudConfig, no_hook};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was sent to the fake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub token: String,
    pub version: String,
    pub body: String,
}

/// What the fake answers.
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

pub(crate) fn answer(status: u16, body: &str) -> Answer {
    Answer { status, headers: vec![("x-openstack-request-id", "req-1".to_owned())], body: body.to_owned() }
}

impl Answer {
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

type Handler = dyn Fn(&Seen, usize) -> Answer + Send + Sync;

/// A running fake; ends with its runtime.
pub(crate) struct Fake {
    pub address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    /// Starts it. `handler` gets each request but log-ins and version questions, and how many came before it.
    pub async fn start(handler: impl Fn(&Seen, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (state, base): (_, Arc<Handler>) = ((seen.clone(), address.clone()), Arc::new(handler));
        let respond = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let answer = respond(&state.0, &state.1, &*base, request(&method, &uri, &headers, &body));
            async move { response(answer) }
        };
        let router = Router::new().fallback(respond);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, seen }
    }

    /// An engine that talks to it and does not wait long between attempts.
    pub fn engine(&self) -> Engine {
        let text = format!(
            "clouds: {{fake: {{auth: {{auth_url: '{}/identity', username: u, password: p, project_name: p, default_domain_id: default}}}}}}",
            self.address
        );
        let config = CloudConfig::from_clouds_yaml(&text, "fake", None).unwrap();
        let pacing = Pacing { requests_per_second: 10_000, in_flight: 1_000 };
        Engine::new(config, pacing, no_hook()).unwrap().with_backoff(Duration::from_millis(2))
    }

    /// The requests whose path holds `part`.
    pub fn seen(&self, part: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.target.contains(part)).cloned().collect()
    }
}

fn request(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Seen {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    Seen {
        method: method.to_string(),
        target: uri.to_string(),
        token: header("x-auth-token"),
        version: header("openstack-api-version"),
        body: String::from_utf8_lossy(body).into_owned(),
    }
}

fn respond(log: &Mutex<Vec<Seen>>, address: &str, handler: &Handler, request: Seen) -> Answer {
    let mut log = log.lock().unwrap();
    let count = |part: &str, log: &[Seen]| log.iter().filter(|seen| seen.target.contains(part)).count();
    let answer = match request.target.as_str() {
        "/identity/v3/auth/tokens" => token(address, count("/auth/tokens", &log) + 1),
        "/compute/v2.1/" => answer(200, r#"{"version": {"version": "2.104", "min_version": "2.1"}}"#),
        _ => {
            let before = log.len() - count("/auth/tokens", &log) - log.iter().filter(|s| s.target == "/compute/v2.1/").count();
            handler(&request, before)
        }
    };
    log.push(request);
    answer
}

fn token(address: &str, number: usize) -> Answer {
    let endpoint = |kind: &str, path: &str| json!({"type": kind, "endpoints": [{"interface": "public", "region_id": "R", "url": format!("{address}/{path}")}]});
    let catalog = [endpoint("compute", "compute/v2.1"), endpoint("network", "networking"), endpoint("image", "image")];
    let body = json!({"token": {
        "issued_at": "2026-11-22T23:00:00.000000Z", "expires_at": "2026-11-23T00:00:00.000000Z",
        "project": {"id": "project-1"}, "catalog": catalog,
    }});
    answer(201, &body.to_string()).header("x-subject-token", &format!("token-{number}"))
}

fn response(answer: Answer) -> Response<axum::body::Body> {
    let mut response = Response::builder().status(StatusCode::from_u16(answer.status).unwrap());
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(answer.body.into()).unwrap()
}
