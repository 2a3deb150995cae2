//! What others ask the operator over HTTP: `/metrics`, `/healthz` (does it get on), `/readyz` (does it know enough) and `/decisions`.
//!
//! Architecture invariant: answers come from what the loops have left here; no request makes a loop, a lock of a loop or an API call wait.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::health::Pulse;
use self::journal::Journal;
use self::metrics::Metrics;
use self::readiness::Readiness;

pub mod health;
pub mod journal;
pub mod logs;
pub mod metrics;
mod process;
pub mod readiness;
pub mod writes;

/// Content type of OpenMetrics text.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Connections that are still open this long after the end was asked for are cut.
const DRAIN: Duration = Duration::from_secs(2);

/// What the loops have left for those who ask.
#[derive(Clone, Debug, Default)]
pub struct Served {
    /// Counts.
    pub metrics: Metrics,
    /// What is known.
    pub readiness: Readiness,
    /// Whether the loops get on.
    pub pulse: Pulse,
    /// The last decisions.
    pub journal: Journal,
}

/// Listens on `address` and answers in a task of its own until `stop`.
///
/// # Errors
/// If the address cannot be bound.
pub async fn serve(address: SocketAddr, served: Served, stop: CancellationToken) -> std::io::Result<JoinHandle<()>> {
    let describe = |e: std::io::Error| std::io::Error::new(e.kind(), format!("cannot listen on {address}: {e}; choose another address"));
    let listener = TcpListener::bind(address).await.map_err(describe)?;
    let bound = listener.local_addr()?;
    tracing::info!(address = %bound, "serving /metrics, /healthz, /readyz and /decisions");
    Ok(tokio::spawn(answer(listener, served, stop)))
}

/// Answers on this listener until `stop`.
pub async fn answer(listener: TcpListener, served: Served, stop: CancellationToken) {
    let stopped = stop.clone();
    let server = axum::serve(listener, router(served)).with_graceful_shutdown(async move { stopped.cancelled().await });
    let end = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        result = server => if let Err(error) = result { tracing::error!(%error, "the server of /metrics and /healthz ended") },
        () = end => {}
    }
}

fn router(served: Served) -> Router {
    Router::new()
        .route("/metrics", get(metrics_text))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/decisions", get(decisions))
        .route("/decisions/{id}", get(decision))
        .with_state(served)
}

async fn metrics_text(State(served): State<Served>) -> Response {
    match served.metrics.encode() {
        Ok(text) => ([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("metrics cannot be written: {error}\n")).into_response(),
    }
}

/// What was decided lately, newest first.
async fn decisions(State(served): State<Served>) -> Response {
    axum::Json(served.journal.list()).into_response()
}

/// One decision with all that it rests on, or the `latest`: `gantry plan -f -` replays it.
async fn decision(State(served): State<Served>, Path(id): Path<String>) -> Response {
    let found = if id == "latest" { served.journal.latest() } else { id.parse().ok().and_then(|id| served.journal.get(id)) };
    let Some(found) = found else {
        return (StatusCode::NOT_FOUND, format!("there is no decision {id}; /decisions lists those that are kept\n")).into_response();
    };
    // A big one takes a while to write: not on a thread that loops share.
    match tokio::task::spawn_blocking(move || found.document()).await {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("the decision cannot be written: {error}\n")).into_response(),
    }
}

async fn healthz(State(served): State<Served>) -> (StatusCode, String) {
    let late = served.pulse.late(Instant::now());
    verdict(late.iter().map(|l| format!("{} has not completed a round for {} s\n", l.name, l.age.as_secs())).collect())
}

async fn readyz(State(served): State<Served>) -> (StatusCode, String) {
    verdict(served.readiness.missing().iter().map(|name| format!("waiting for {name}\n")).collect())
}

fn verdict(complaints: String) -> (StatusCode, String) {
    if complaints.is_empty() { (StatusCode::OK, "ok\n".into()) } else { (StatusCode::SERVICE_UNAVAILABLE, complaints) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    fn served() -> Served {
        Served::default()
    }

    async fn ask(served: &Served, path: &str) -> (u16, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = router(served.clone()).oneshot(request).await.unwrap();
        let code = answer.status().as_u16();
        (code, String::from_utf8(to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn readiness_names_what_is_missing() {
        let served = served();
        served.readiness.expect("pods");
        served.readiness.expect("nodes");
        served.readiness.done("pods");
        assert_eq!(ask(&served, "/readyz").await, (503, "waiting for nodes\n".into()));
        served.readiness.done("nodes");
        assert_eq!(ask(&served, "/readyz").await, (200, "ok\n".into()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_stands_still_is_unhealthy() {
        let served = served();
        served.pulse.beat("planning");
        assert_eq!(ask(&served, "/healthz").await, (200, "ok\n".into()));
        tokio::time::advance(health::LIMIT + Duration::from_secs(1)).await;
        served.pulse.beat("driver");
        assert_eq!(ask(&served, "/healthz").await, (503, "planning has not completed a round for 121 s\n".into()));
    }

    #[tokio::test]
    async fn metrics_are_openmetrics() {
        let (code, text) = ask(&served(), "/metrics").await;
        assert_eq!(code, 200);
        assert!(text.ends_with("# EOF\n"), "{text}");
    }

    #[tokio::test]
    async fn the_server_ends_when_told() {
        let stop = CancellationToken::new();
        let task = serve(([127, 0, 0, 1], 0).into(), served(), stop.clone()).await.unwrap();
        stop.cancel();
        tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
    }
}
