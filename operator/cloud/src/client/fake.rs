//! A cloud for unit tests, without sockets: a Keystone that gives numbered tokens, and services that answer as a closure says.

use super::engine::Engine;
use super::jitter::Jitter;
use super::openstack::OpenStack;
use super::pacer::Pacing;
use crate::{CloudConfig, NoAnswer, SecretFiles, Transport, no_hook};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::json;
use std::sync::{Arc, Mutex};

const ADDRESS: &str = "http://fake";

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
pub(crate) type Answer = Result<Response<Bytes>, NoAnswer>;

pub(crate) fn answer(status: u16, body: &str) -> Answer {
    let response = Response::builder().status(status).header("x-openstack-request-id", "req-1");
    Ok(response.body(Bytes::copy_from_slice(body.as_bytes())).unwrap())
}

pub(crate) fn with(answer: Answer, name: &'static str, value: &str) -> Answer {
    answer.map(|mut answer| {
        answer.headers_mut().insert(name, value.parse().unwrap());
        answer
    })
}

type Handler = dyn Fn(&Seen, usize) -> Answer + Send + Sync;

/// The fake; clones are the same one.
#[derive(Clone)]
pub(crate) struct Fake {
    handler: Arc<Handler>,
    seen: Arc<Mutex<Vec<Seen>>>,
    with_volumes: bool,
    log_in: Option<Arc<dyn Fn() -> Answer + Send + Sync>>,
}

impl Fake {
    /// `handler` gets each request but log-ins and version questions, and how many came before it.
    pub fn new(handler: impl Fn(&Seen, usize) -> Answer + Send + Sync + 'static) -> Self {
        Self { handler: Arc::new(handler), seen: Arc::default(), with_volumes: true, log_in: None }
    }

    /// The same without Cinder in the catalog.
    pub fn without_volumes(self) -> Self {
        Self { with_volumes: false, ..self }
    }

    /// The same with this answer to every log-in.
    pub fn with_log_in(self, log_in: impl Fn() -> Answer + Send + Sync + 'static) -> Self {
        Self { log_in: Some(Arc::new(log_in)), ..self }
    }

    /// An engine that talks to it and does not wait long between attempts.
    pub fn engine(&self) -> Engine {
        self.engine_with("username: u, password: hunter2, project_name: p, default_domain_id: default")
    }

    /// The same with these keys under `auth`.
    pub fn engine_with(&self, auth: &str) -> Engine {
        let text = format!("clouds: {{fake: {{auth: {{auth_url: '{ADDRESS}/identity', {auth}}}}}}}");
        let config = CloudConfig::from_clouds_yaml(&text, "fake", SecretFiles::default()).unwrap();
        let pacing = Pacing { requests_per_second: 10_000, in_flight: 1_000 };
        Engine::new(config, pacing, no_hook(), Arc::new(self.clone())).with_jitter(Jitter::short())
    }

    /// A client that talks to it.
    pub fn client(&self) -> OpenStack {
        OpenStack::new(self.engine())
    }

    /// The requests whose path holds `part`.
    pub fn seen(&self, part: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.target.contains(part)).cloned().collect()
    }

    fn answer(&self, request: Seen) -> Answer {
        let mut seen = self.seen.lock().unwrap();
        let log_ins = seen.iter().filter(|seen| is_log_in(seen)).count();
        let versions = seen.iter().filter(|seen| is_version(seen)).count();
        let before = seen.len() - log_ins - versions;
        seen.push(request.clone());
        drop(seen);
        match (is_log_in(&request), is_version(&request)) {
            (true, _) => self.log_in.as_ref().map_or_else(|| self.token(log_ins + 1), |log_in| log_in()),
            (_, true) => answer(200, r#"{"version": {"version": "2.104", "min_version": "2.1"}}"#),
            _ => (self.handler)(&request, before),
        }
    }

    fn token(&self, number: usize) -> Answer {
        let endpoint = |kind: &str, path: &str| json!({"type": kind, "endpoints": [{"interface": "public", "region_id": "R", "url": format!("{ADDRESS}/{path}")}]});
        let mut catalog = vec![endpoint("compute", "compute/v2.1"), endpoint("network", "networking"), endpoint("image", "image")];
        if self.with_volumes {
            catalog.push(endpoint("volumev3", "volume/v3/project-1"));
        }
        let body = json!({"token": {
            "issued_at": "2026-11-22T23:00:00.000000Z", "expires_at": "2026-11-23T00:00:00.000000Z",
            "project": {"id": "project-1"}, "catalog": catalog,
        }});
        with(answer(201, &body.to_string()), "x-subject-token", &format!("token-{number}"))
    }
}

fn is_log_in(seen: &Seen) -> bool {
    seen.target == "/identity/v3/auth/tokens"
}

fn is_version(seen: &Seen) -> bool {
    seen.target == "/compute/v2.1/"
}

#[async_trait]
impl Transport for Fake {
    async fn send(&self, request: Request<Bytes>) -> Answer {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        self.answer(Seen {
            method: request.method().to_string(),
            target: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
            token: header("x-auth-token"),
            version: header("openstack-api-version"),
            body: String::from_utf8_lossy(request.body()).into_owned(),
        })
    }
}
