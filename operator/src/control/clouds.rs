//! One observer per OpenStackCloud: keeps the client, the catalog, the quota and the list of servers fresh, in as few calls as the time asks for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use gantry_plan::model::Key;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::cloud_state::{CloudState, Problem};
use super::context::Context;
use super::observe::Observer;

/// All clouds by name.
#[derive(Default)]
pub struct Clouds(Mutex<BTreeMap<Key, Arc<Cell>>>);

/// One cloud's state and the bell that asks for a fresh look.
#[derive(Default)]
pub struct Cell {
    state: Mutex<CloudState>,
    poked: Notify,
}

impl Clouds {
    /// The cloud's state, if it has an observer.
    pub fn get(&self, key: &Key) -> Option<Arc<Cell>> {
        self.lock().get(key).cloned()
    }

    /// A copy of the cloud's state; empty if it has no observer.
    pub fn state(&self, key: &Key) -> CloudState {
        self.get(key).map(|cell| cell.read()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Arc<Cell>>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Cell {
    /// A copy of the state; the big parts are shared.
    pub fn read(&self) -> CloudState {
        self.lock().clone()
    }

    /// Changes the state.
    pub fn update<T>(&self, change: impl FnOnce(&mut CloudState) -> T) -> T {
        change(&mut self.lock())
    }

    /// Asks the observer for a fresh look soon.
    pub fn poke(&self) {
        self.poked.notify_one();
    }

    /// Waits until poked, or until `limit` has passed.
    pub async fn rest(&self, limit: Duration) {
        let _ = tokio::time::timeout(limit, self.poked.notified()).await;
    }

    fn lock(&self) -> MutexGuard<'_, CloudState> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Keeps one observer running for each OpenStackCloud. Essential.
pub async fn run(ctx: Context) {
    let mut observers = Observers::default();
    loop {
        observers.match_store(&ctx);
        tokio::select! {
            () = ctx.stop.cancelled() => break,
            () = ctx.signals.clouds.marked() => ctx.clouds.lock().values().for_each(|cell| cell.poke()),
            Some(ended) = observers.tasks.join_next() => {
                // An observer ends only when told to; a panic must not leave a cloud unobserved in silence.
                if let Err(error) = ended && error.is_panic() {
                    tracing::error!(%error, "a cloud's observer failed");
                    break;
                }
            }
        }
    }
    observers.stop_all();
    while observers.tasks.join_next().await.is_some() {}
}

#[derive(Default)]
struct Observers {
    running: BTreeMap<(Key, String), CancellationToken>,
    tasks: JoinSet<()>,
}

impl Observers {
    fn match_store(&mut self, ctx: &Context) {
        if !ctx.stores.clouds.synced() {
            return;
        }
        let wanted: BTreeMap<(Key, String), ()> =
            ctx.stores.clouds.list().into_iter().map(|(key, entry)| ((key, entry.uid.clone()), ())).collect();
        let ended: Vec<_> = self.running.keys().filter(|id| !wanted.contains_key(*id)).cloned().collect();
        for id in ended {
            if let Some(stop) = self.running.remove(&id) {
                stop.cancel();
            }
            if !wanted.keys().any(|(key, _)| *key == id.0) {
                ctx.clouds.lock().remove(&id.0);
            }
        }
        for id in wanted.into_keys() {
            if !self.running.contains_key(&id) {
                self.start(ctx, id);
            }
        }
    }

    fn start(&mut self, ctx: &Context, id: (Key, String)) {
        let cell = Arc::new(Cell::default());
        ctx.clouds.lock().insert(id.0.clone(), cell.clone());
        let stop = ctx.stop.child_token();
        let observer = Observer::new(ctx.clone(), id.0.clone(), cell);
        self.tasks.spawn(observer.run(stop.clone()));
        self.running.insert(id, stop);
    }

    fn stop_all(&mut self) {
        self.running.values().for_each(CancellationToken::cancel);
    }
}

/// What an OpenStack error says of the cloud as a whole, without the request id, which differs each time and would be written each time; `None` if it is about one request only.
pub fn problem(error: &gantry_cloud::Error) -> Option<Problem> {
    use gantry_cloud::Error::{BadSpec, Config, Conflict, Forbidden, NoHost, NotFound, Quota, Unauthorized};
    match error {
        Quota { .. } | NoHost { .. } | BadSpec { .. } | Conflict { .. } | NotFound { .. } => None,
        Unauthorized { .. } => Some(Problem {
            reason: error.category().into(),
            message: format!(
                "OpenStack does not accept the credentials: {}. Correct the Secret; Gantry sees the change within seconds",
                error.message()
            ),
        }),
        Forbidden { .. } => Some(Problem {
            reason: error.category().into(),
            message: format!("the credentials may not do what Gantry needs: {}", error.message()),
        }),
        Config { .. } => Some(Problem { reason: error.category().into(), message: error.to_string() }),
        _ => Some(Problem {
            reason: error.category().into(),
            message: format!("OpenStack cannot be reached or does not answer as it should: {}", error.message()),
        }),
    }
}
