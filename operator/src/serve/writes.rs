//! Counts what is written to the API server, in the one place through which every request goes.

use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll};

use axum::http::{Method, Request, Response};
use futures::future::BoxFuture;
use kube::Client;
use kube::client::Body;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tower::Service;

use super::metrics::Metrics;

/// Writes by verb and kind.
pub(super) type Writes = Family<WriteLabels, Counter<u64, AtomicU64>>;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct WriteLabels {
    verb: &'static str,
    kind: String,
}

/// A client whose writes are counted.
pub fn counted(client: Client, metrics: Metrics) -> Client {
    let namespace = client.default_namespace().to_owned();
    Client::new(Counted { client, metrics }, namespace)
}

#[derive(Clone)]
struct Counted {
    client: Client,
    metrics: Metrics,
}

impl Service<Request<Body>> for Counted {
    type Response = Response<Body>;
    type Error = tower::BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if let Some(verb) = verb(request.method()) {
            self.metrics.written(WriteLabels { verb, kind: kind(request.uri().path()) });
        }
        let client = self.client.clone();
        Box::pin(async move { client.send(request).await.map_err(Into::into) })
    }
}

fn verb(method: &Method) -> Option<&'static str> {
    match *method {
        Method::POST => Some("create"),
        Method::PUT => Some("update"),
        Method::PATCH => Some("patch"),
        Method::DELETE => Some("delete"),
        _ => None,
    }
}

/// The plural of the kind, with its subresource: `hosts/status`. Names of objects never become labels.
fn kind(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let after_version = match parts.first() {
        Some(&"api") => parts.get(2..),
        Some(&"apis") => parts.get(3..),
        _ => None,
    };
    match after_version.unwrap_or_default() {
        ["namespaces", _, plural, _, sub, ..] => format!("{plural}/{sub}"),
        ["namespaces", _, plural, ..] => (*plural).to_owned(),
        [plural, _, sub] => format!("{plural}/{sub}"),
        [plural, ..] => (*plural).to_owned(),
        [] => "other".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_named_and_objects_are_not() {
        for (path, expected) in [
            ("/api/v1/namespaces/apps/pods/web-1/eviction", "pods/eviction"),
            ("/api/v1/namespaces/kube-system/secrets", "secrets"),
            ("/api/v1/nodes/general-x", "nodes"),
            ("/apis/gantry.cloud/v1alpha1/namespaces/apps/hosts/general-x/status", "hosts/status"),
            ("/apis/gantry.cloud/v1alpha1/namespaces/apps/hosts/general-x", "hosts"),
            ("/apis/certificates.k8s.io/v1/certificatesigningrequests/csr-1/approval", "certificatesigningrequests/approval"),
            ("/version", "other"),
        ] {
            assert_eq!(kind(path), expected, "{path}");
        }
    }

    #[tokio::test]
    async fn reads_are_not_counted_and_writes_are() {
        let metrics = Metrics::new();
        let answers = tower::service_fn(|_: Request<Body>| async { Ok::<_, tower::BoxError>(Response::new(Body::from(b"{}".to_vec()))) });
        let client = counted(Client::new(answers, "default"), metrics.clone());
        for method in [Method::GET, Method::PATCH, Method::PATCH] {
            let request = Request::builder().method(method).uri("/api/v1/nodes/a").body(Body::empty()).unwrap();
            client.send(request).await.unwrap();
        }
        let text = metrics.encode().unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("gantry_kubernetes_writes_total")).collect();
        assert_eq!(lines, [r#"gantry_kubernetes_writes_total{verb="patch",kind="nodes"} 2"#]);
    }
}
