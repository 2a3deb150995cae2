//! Kubernetes Events: emitting one never waits; one task writes them, repeats counted together, at a bounded rate.

use std::time::Duration;

use k8s_openapi::api::core::v1::Event;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, timeout};
use tokio_util::sync::CancellationToken;

use self::series::{All, Emitted, Verb, Write};
use crate::clock::Clock;
use crate::serve::metrics::Metrics;

mod series;

/// Events that may wait to be written; what comes beyond is dropped and counted.
const QUEUE: usize = 1024;
/// Least time between two writes.
const PACE: Duration = Duration::from_millis(50);
/// Repeats are written this often.
const FLUSH: Duration = Duration::from_secs(5);
/// Each write ends within this time.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// What waits at the end is written within this time.
const LAST_FLUSH: Duration = Duration::from_secs(2);

/// The object that an Event is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventRef {
    /// E.g. `gantry.cloud/v1alpha1`.
    pub api_version: String,
    /// E.g. `Host`.
    pub kind: String,
    /// Empty for objects without namespace; their Events are in `default`.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// UID; `kubectl describe` finds Events by it.
    pub uid: String,
}

/// Where Events are emitted; clones share one queue.
#[derive(Clone, Debug)]
pub struct Events {
    queue: mpsc::Sender<Emitted>,
    metrics: Metrics,
    clock: Clock,
}

impl Events {
    /// Starts the task that writes. The future ends it: it writes what waits, for at most two seconds, and is ready then.
    pub fn start(client: Client, reporter: String, metrics: Metrics, clock: Clock) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let end = CancellationToken::new();
        let task = tokio::spawn(write_all(client, All::new(&reporter), waiting, metrics.clone(), clock, end.clone()));
        let finish = async move {
            end.cancel();
            let _ = task.await;
        };
        (Self { queue, metrics, clock }, finish)
    }

    /// Emits an Event of type `kind` (`Normal` or `Warning`). Never waits; if too many wait already, it is dropped and counted.
    pub fn emit(&self, about: &EventRef, kind: &str, reason: &str, message: &str) {
        let emitted =
            Emitted { about: about.clone(), kind: kind.into(), reason: reason.into(), message: message.into(), at: self.clock.wall() };
        if self.queue.try_send(emitted).is_err() {
            self.metrics.event_dropped();
        }
    }
}

async fn write_all(
    client: Client,
    mut all: All,
    mut waiting: mpsc::Receiver<Emitted>,
    metrics: Metrics,
    clock: Clock,
    end: CancellationToken,
) {
    let mut flush = interval(FLUSH);
    loop {
        let writes = tokio::select! {
            () = end.cancelled() => break,
            emitted = waiting.recv() => match emitted {
                Some(emitted) => all.take(emitted).into_iter().collect(),
                None => break,
            },
            _ = flush.tick() => all.due(clock.wall()),
        };
        for event in writes {
            let next = Instant::now() + PACE;
            write(&client, event, &metrics).await;
            tokio::time::sleep_until(next).await;
        }
    }
    let last = async {
        while let Ok(emitted) = waiting.try_recv() {
            if let Some(event) = all.take(emitted) {
                write(&client, event, &metrics).await;
            }
        }
        for event in all.rest() {
            write(&client, event, &metrics).await;
        }
    };
    let _ = timeout(LAST_FLUSH, last).await;
}

async fn write(client: &Client, write: Write, metrics: &Metrics) {
    let events: Api<Event> = Api::namespaced(client.clone(), write.event.metadata.namespace.as_deref().unwrap_or("default"));
    let outcome = timeout(CALL_TIMEOUT, write_one(&events, &write)).await;
    let why = match outcome {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {CALL_TIMEOUT:?}"),
    };
    metrics.event_dropped();
    tracing::debug!(event = write.event.name_any(), why, "an Event could not be written");
}

async fn write_one(events: &Api<Event>, write: &Write) -> kube::Result<()> {
    if write.verb == Verb::Count {
        let patch = serde_json::json!({"count": write.event.count, "lastTimestamp": write.event.last_timestamp});
        match events.patch(&write.event.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await {
            // The API server forgets Events after an hour.
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            other => return other.map(drop),
        }
    }
    events.create(&PostParams::default(), &write.event).await.map(drop)
}

#[cfg(test)]
mod tests;
