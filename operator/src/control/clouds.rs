//! One observer per OpenStackCloud: keeps the client, the catalog, the quota and the list of servers fresh, in as few calls as the time asks for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use gantry_plan::fleet::{Accepted, CAP_SHARE, Cap};
use gantry_plan::model::Key;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::answers::consequence;
use super::cloud_state::{CloudState, Problem};
use super::context::Context;
use super::observe::Observer;
use super::sweep;

/// All clouds by name.
#[derive(Default)]
pub struct Clouds(Mutex<BTreeMap<Key, Arc<Cell>>>);

/// One cloud's state and the bell that asks for a fresh look.
#[derive(Default)]
pub struct Cell {
    state: Mutex<CloudState>,
    poked: Notify,
    /// Servers that were taken for gone lately.
    gone: Mutex<Gone>,
}

/// What bounds how many servers are taken for gone.
#[derive(Debug, Default)]
struct Gone {
    cap: Cap,
    accepted: Accepted,
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

    /// What a person said about missing servers.
    pub fn accept(&self, accepted: Accepted) {
        self.gone().accepted = accepted;
    }

    /// Why the server of the Host with this UID may not be taken for gone yet, although it is not found.
    pub fn gone_held(&self, host_uid: &str, now: Timestamp) -> Option<String> {
        let fleet = self.lock().fleet.recorded;
        let gone = self.gone();
        gone.cap.peek(host_uid, fleet, gone.accepted.lifts_cap_to(now), now).err().map(|_| capped(fleet))
    }

    /// Takes the server of the Host with this UID for gone; asking again for the same one changes nothing.
    ///
    /// # Errors
    /// The sentence that says why not yet.
    pub fn conclude_gone(&self, host_uid: &str, now: Timestamp) -> Result<(), String> {
        let fleet = self.lock().fleet.recorded;
        let mut gone = self.gone();
        let lifted = gone.accepted.lifts_cap_to(now);
        gone.cap.take(host_uid, fleet, lifted, now).map_err(|_| capped(fleet))
    }

    fn gone(&self) -> MutexGuard<'_, Gone> {
        self.gone.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn lock(&self) -> MutexGuard<'_, CloudState> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn capped(fleet: usize) -> String {
    format!(
        "Nova does not know the server, but no more than {CAP_SHARE} % of the cloud's {fleet} servers, and at least one, are taken for gone in 10 minutes; \
         annotate the OpenStackCloud with gantry.cloud/accept-missing-servers to go on at once"
    )
}

/// Keeps one observer running for each OpenStackCloud. Essential.
pub async fn run(ctx: Context) {
    let mut observers = Observers::default();
    observers.tasks.spawn(sweep::run_tokens(ctx.clone()));
    loop {
        observers.match_store(&ctx);
        tokio::select! {
            () = ctx.stop.cancelled() => break,
            () = ctx.signals.clouds.marked() => ctx.clouds.lock().values().for_each(|cell| cell.poke()),
            Some(ended) = observers.tasks.join_next() => {
                // They end only when told to; a panic must not leave a cloud unobserved in silence.
                if let Err(error) = ended && error.is_panic() {
                    tracing::error!(%error, "a cloud's observer or sweep failed");
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
            ctx.stores.clouds.list().into_iter().map(|(key, entry)| ((key, entry.uid().to_owned()), ())).collect();
        let ended: Vec<_> = self.running.keys().filter(|id| !wanted.contains_key(*id)).cloned().collect();
        for id in ended {
            if let Some(stop) = self.running.remove(&id) {
                stop.cancel();
            }
            if !wanted.keys().any(|(key, _)| *key == id.0) {
                ctx.clouds.lock().remove(&id.0);
                ctx.metrics.cloud_gone(&id.0);
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
        self.tasks.spawn(sweep::run(ctx.clone(), id.0.clone(), cell.clone(), stop.clone()));
        self.tasks.spawn(Observer::new(ctx.clone(), id.0.clone(), cell).run(stop.clone()));
        self.running.insert(id, stop);
    }

    fn stop_all(&mut self) {
        self.running.values().for_each(CancellationToken::cancel);
    }
}

/// What an OpenStack error says of the cloud as a whole, without the request id, which differs each time and would be written each time; `None` if it is about one request only.
pub fn problem(error: &gantry_cloud::Error) -> Option<Problem> {
    use gantry_cloud::Error::{Config, Forbidden, Unauthorized};
    consequence(error.category(), error.message()).filter(|row| row.holds_cloud)?;
    let message = match error {
        Unauthorized { .. } => {
            format!(
                "OpenStack does not accept the credentials: {}. Correct the Secret; Gantry sees the change within seconds",
                error.message()
            )
        }
        Forbidden { .. } => format!("the credentials may not do what Gantry needs: {}", error.message()),
        Config { .. } => error.message().to_owned(),
        _ => format!("OpenStack cannot be reached or does not answer as it should: {}", error.message()),
    };
    Some(Problem { reason: error.category().into(), message })
}
