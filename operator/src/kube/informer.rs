//! One watch of one kind in one task, with a back-off of its own, so that a failing watch starves nobody.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use gantry_plan::model::Key;
use kube::Api;
use kube::core::Resource;
use kube::runtime::watcher::{self, Event};
use rand::Rng;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::store::{Change, Entry, Kept, Store};

/// First pause after a failed watch.
const BACKOFF_FIRST: Duration = Duration::from_millis(500);
/// Longest pause after a failed watch.
const BACKOFF_LAST: Duration = Duration::from_secs(30);
/// Objects per page of a list.
const PAGE_SIZE: u32 = 500;

/// What to do with an object that the API server showed.
#[derive(Debug)]
pub enum Projected<T> {
    /// Keep this of it.
    Keep(T),
    /// It is of no interest.
    Drop,
    /// It cannot be read: what was known of it before stays.
    Invalid(String),
}

/// Tells what to keep of an object, and who is told of changes.
pub trait Watched: Clone + Send + Sync + 'static {
    /// The API type.
    type Object: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static;
    /// What is kept of it.
    type Value: Kept + Send + Sync + 'static;

    /// Projects an object.
    fn project(&self, object: Self::Object) -> Projected<Self::Value>;
    /// Called after the store changed, with what was known before and what is known now.
    fn changed(&self, key: &Key, old: Option<&Self::Value>, new: Option<&Self::Value>);
    /// Called when a complete list has been taken in.
    fn synced(&self);
    /// Called when the watch failed.
    fn failed(&self, error: &watcher::Error);
}

/// Watches until `stop`. Essential: the caller treats its end before that as the end of the process.
pub async fn run<W: Watched>(
    api: Api<W::Object>,
    config: watcher::Config,
    watched: W,
    store: Arc<Store<W::Value>>,
    stop: CancellationToken,
) {
    let config = config.page_size(PAGE_SIZE);
    let mut events = std::pin::pin!(watcher::watcher(api, config));
    let mut pause = BACKOFF_FIRST;
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = events.next() => event,
        };
        match event {
            None => return,
            Some(Ok(event)) => {
                // The Init that precedes every LIST is no success: resetting on it would hammer a server that refuses.
                if !matches!(event, Event::Init) {
                    pause = BACKOFF_FIRST;
                }
                take(event, &watched, &store);
            }
            Some(Err(error)) => {
                watched.failed(&error);
                let jittered = pause.mul_f64(rand::rng().random_range(0.5..1.0));
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(jittered) => {}
                }
                pause = (pause * 2).min(BACKOFF_LAST);
            }
        }
    }
}

fn take<W: Watched>(event: Event<W::Object>, watched: &W, store: &Store<W::Value>) {
    match event {
        Event::Init => store.relist_begin(),
        Event::InitApply(object) | Event::Apply(object) => apply(object, watched, store),
        Event::Delete(object) => forget(&object, watched, store),
        Event::InitDone => {
            store.relist_done().iter().for_each(|old| watched.changed(old.key(), Some(&old.value), None));
            watched.synced();
        }
    }
}

fn apply<W: Watched>(object: W::Object, watched: &W, store: &Store<W::Value>) {
    let key = key(&object);
    let (uid, version) = (uid(&object), version(&object));
    let change = match watched.project(object) {
        Projected::Keep(value) => store.apply(Entry::new(key.clone(), uid, version, value)),
        Projected::Drop => store.discard(&key),
        Projected::Invalid(why) => {
            tracing::warn!(object = %key, kind = %W::Object::kind(&()), why, "an object cannot be read; what was known of it before is kept");
            store.keep(&key);
            return;
        }
    };
    told(change, &key, watched, store);
}

fn told<W: Watched>(change: Change<W::Value>, key: &Key, watched: &W, store: &Store<W::Value>) {
    if change.differs {
        let new = store.get(key);
        watched.changed(key, change.old.as_ref().map(|old| &old.value), new.as_ref().map(|new| &new.value));
    }
}

fn forget<W: Watched>(object: &W::Object, watched: &W, store: &Store<W::Value>) {
    let key = key(object);
    told(store.delete(&key, &uid(object)), &key, watched, store);
}

/// `namespace/name`; the namespace is empty for cluster-scoped kinds.
pub fn key(object: &impl Resource) -> Key {
    let meta = object.meta();
    Key::new(meta.namespace.clone().unwrap_or_default(), meta.name.clone().unwrap_or_default())
}

/// UID.
pub fn uid(object: &impl Resource) -> String {
    object.meta().uid.clone().unwrap_or_default()
}

/// `resourceVersion` as a number; 0 if it is none.
pub fn version(object: &impl Resource) -> u64 {
    object.meta().resource_version.as_deref().and_then(|v| v.parse().ok()).unwrap_or(0)
}
