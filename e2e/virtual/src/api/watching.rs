//! A watch: what happens after a version, as it happens, until its time is over or somebody cuts it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::kinds::Kind;
use super::select::Selector;
use super::server::{ApiServer, Asked};
use super::status::Refusal;
use super::store::Change;

/// A bookmark is sent this often where nothing happens.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// A watch that names no end ends after this.
const TIMEOUT_DEFAULT_S: u64 = 1800;

/// An open watch.
pub struct Watch {
    server: ApiServer,
    versions: watch::Receiver<u64>,
    kind: &'static Kind,
    namespace: String,
    selector: Selector,
    has_bookmarks: bool,
    shown: u64,
    until: Instant,
    bookmark_at: Instant,
    epoch: u64,
    is_over: bool,
}

/// What there is to show.
enum Look {
    Event(Bytes),
    /// Nothing yet; something may be visible then.
    Nothing(Option<Duration>),
    /// Cut: the stream ends without a word.
    Cut,
    Expired,
}

impl Watch {
    pub(super) fn open(server: &ApiServer, asked: &Asked) -> Result<Self, Refusal> {
        let version = asked.parameter("resourceVersion").parse().map_err(|_| Refusal::bad_request("invalid resource version"))?;
        let seconds = asked.parameter("timeoutSeconds").parse().unwrap_or(TIMEOUT_DEFAULT_S);
        let now = Instant::now();
        Ok(Self {
            server: server.clone(),
            versions: server.versions(),
            kind: asked.target.kind,
            namespace: asked.target.namespace.clone(),
            selector: asked.selector()?,
            has_bookmarks: asked.parameter("allowWatchBookmarks") == "true",
            shown: version,
            until: now + Duration::from_secs(seconds),
            bookmark_at: now + BOOKMARK_EVERY,
            epoch: server.state().chaos.watch_epoch,
            is_over: false,
        })
    }

    /// The next event as a line; `None` when the watch is over.
    pub async fn next(&mut self) -> Option<Bytes> {
        while !self.is_over && Instant::now() < self.until {
            self.versions.borrow_and_update();
            let wait = match self.look() {
                Look::Event(line) => return Some(line),
                Look::Cut => return None,
                Look::Expired => {
                    self.is_over = true;
                    let why = format!("too old resource version: {}", self.shown);
                    return Some(line("ERROR", &Refusal::expired(&why).body()));
                }
                Look::Nothing(wait) => wait,
            };
            if self.has_bookmarks && wait.is_none() && Instant::now() >= self.bookmark_at {
                self.bookmark_at = Instant::now() + BOOKMARK_EVERY;
                return Some(self.bookmark());
            }
            let soon = wait.map_or(self.until, |wait| Instant::now() + wait);
            let wake = soon.min(self.until).min(self.bookmark_at.max(Instant::now() + Duration::from_millis(1)));
            let _ = tokio::time::timeout_at(wake, self.versions.changed()).await;
        }
        None
    }

    fn look(&mut self) -> Look {
        let state = self.server.state();
        if state.chaos.watch_epoch != self.epoch {
            return Look::Cut;
        }
        if self.shown < state.store.forgotten() {
            return Look::Expired;
        }
        let delay = state.chaos.watch_delay.get(self.kind.plural).copied().unwrap_or_default();
        let now = self.server.now();
        for change in state.store.changes_after(self.shown) {
            if change.plural != self.kind.plural {
                continue;
            }
            let age = Duration::try_from(now.duration_since(change.at)).unwrap_or_default();
            if age < delay {
                return Look::Nothing(Some(delay - age));
            }
            let event = self.event(change);
            self.shown = change.version;
            if let Some((type_, object)) = event {
                return Look::Event(line(type_, &object));
            }
        }
        if delay.is_zero() {
            self.shown = state.store.version();
        }
        Look::Nothing(None)
    }

    /// A change as this watch shows it: one that comes into or leaves the selection is an addition or a deletion.
    fn event(&self, change: &Change) -> Option<(&'static str, Arc<Value>)> {
        let is_meant = |object: &Arc<Value>| {
            (self.namespace.is_empty() || object["metadata"]["namespace"] == *self.namespace) && self.selector.matches(object)
        };
        let before = change.before.as_ref().is_some_and(is_meant);
        let after = change.after.as_ref().is_some_and(is_meant);
        let type_ = match (before, after) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return None,
        };
        Some((type_, change.shown.clone()))
    }

    fn bookmark(&self) -> Bytes {
        let meta = json!({"resourceVersion": self.shown.to_string(), "creationTimestamp": null});
        line("BOOKMARK", &json!({"kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": meta}))
    }
}

fn line(type_: &str, object: &Value) -> Bytes {
    let mut text = json!({"type": type_, "object": object}).to_string();
    text.push('\n');
    text.into()
}
