//! The tiny world around the operator: a cluster, a cloud, guests, pods, and everything that happens in them by itself.

pub mod guests;
pub mod inventory;
mod nodes;
pub mod picture;
pub mod pods;
mod seed;
mod user_data;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gantry_cloud_sim::{Clock, Simulator};
use jiff::{SignedDuration, Timestamp};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;

use self::guests::Guests;
use self::inventory::Inventory;
use self::pods::Pods;
use crate::api::ApiServer;
use crate::checks::Checks;
use crate::clock::WorldClock;

pub use seed::Setup;

/// The world moves in steps of this.
pub const STEP: Duration = Duration::from_millis(250);
/// Where nothing changed, it is looked at this often.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// All there is but the operator.
pub struct World {
    /// Kubernetes.
    pub api: ApiServer,
    /// OpenStack.
    pub cloud: Arc<Simulator>,
    /// Everybody's clock.
    pub clock: WorldClock,
    /// UID of the namespace kube-system.
    pub cluster_uid: String,
    /// What must never happen.
    pub checks: Checks,
    moving: Mutex<Moving>,
}

/// What moves by itself.
struct Moving {
    guests: Guests,
    pods: Pods,
    random: StdRng,
    seen_version: u64,
    seen_revision: u64,
    looked: Option<Timestamp>,
    inventory: Inventory,
}

impl World {
    /// A world as `setup` describes it. To be made inside a paused runtime.
    ///
    /// # Errors
    /// If something of it does not fit its definition.
    pub fn new(setup: &Setup) -> anyhow::Result<Arc<Self>> {
        let clock = WorldClock::begin();
        let cloud = Arc::new(Simulator::embedded(setup.cloud_config(), Clock::Tokio { base: clock.now() }));
        Self::around(clock, cloud, setup)
    }

    /// A world on the machine's own time, whose cloud listens on a socket.
    ///
    /// # Errors
    /// If something of it does not fit its definition, or there is no socket.
    pub fn on_sockets(setup: &Setup) -> anyhow::Result<Arc<Self>> {
        Self::around(WorldClock::wall(), Arc::new(Simulator::start(setup.cloud_config())?), setup)
    }

    /// Another cluster, in the same project of the same cloud.
    ///
    /// # Errors
    /// If something of it does not fit its definition.
    pub fn beside(&self, setup: &Setup) -> anyhow::Result<Arc<Self>> {
        Self::around(self.clock, self.cloud.clone(), setup)
    }

    fn around(clock: WorldClock, cloud: Arc<Simulator>, setup: &Setup) -> anyhow::Result<Arc<Self>> {
        let api = ApiServer::new(setup.seed, clock);
        let moving = Moving {
            guests: Guests::default(),
            pods: Pods::default(),
            random: StdRng::seed_from_u64(setup.seed ^ 0x5eed),
            seen_version: 0,
            seen_revision: u64::MAX,
            looked: None,
            inventory: Inventory::default(),
        };
        let cluster_uid = seed::cluster(&api, &cloud, setup)?;
        let checks = Checks::new(setup.limits(), &cloud);
        Ok(Arc::new(Self { api, cloud, clock, cluster_uid, checks, moving: Mutex::new(moving) }))
    }

    /// Moves on for ever; to be run beside the operator in each of its lives.
    pub async fn run(self: Arc<Self>) {
        loop {
            self.step();
            tokio::time::sleep(STEP).await;
        }
    }

    /// Everything that is due, and the checks after it.
    pub fn step(&self) {
        let now = self.clock.now();
        let mut moving = self.moving();
        let moving = &mut *moving;
        let revision = self.cloud.revision();
        let (version, is_changed) = self.changed_since(moving.seen_version);
        let is_cloud_changed = revision != moving.seen_revision;
        let is_late = moving.looked.is_none_or(|at| now.duration_since(at) >= LOOK_EVERY);
        moving.seen_version = version;
        if !is_cloud_changed && !is_changed && !is_late && !moving.guests.is_busy() {
            return;
        }
        moving.looked = Some(now);
        if is_cloud_changed {
            match Inventory::read(&self.cloud) {
                Ok(inventory) => moving.inventory = inventory,
                Err(error) => self.checks.violated(&format!("{error:#}")),
            }
        }
        moving.guests.tick(&self.api, &moving.inventory, &mut moving.random, now);
        let guests = &moving.guests;
        moving.pods.tick(&self.api, |node| guests.runs(node), now);
        moving.seen_revision = revision;
        self.checks.after_step(self, &moving.inventory, now);
    }

    /// The newest version, and whether anything but leases and Events changed since `seen`.
    fn changed_since(&self, seen: u64) -> (u64, bool) {
        let state = self.api.state();
        let is_changed = state.store.changes_after(seen).any(|change| !matches!(change.plural, "leases" | "events"));
        (state.store.version(), is_changed)
    }

    /// Changes what happens to guests.
    pub fn guests<T>(&self, change: impl FnOnce(&mut Guests) -> T) -> T {
        change(&mut self.moving().guests)
    }

    /// Changes how many pods there are.
    pub fn pods<T>(&self, change: impl FnOnce(&mut Pods) -> T) -> T {
        change(&mut self.moving().pods)
    }

    /// What is in the cloud now.
    pub fn inventory(&self) -> Inventory {
        Inventory::read(&self.cloud).unwrap_or_default()
    }

    /// A request below the simulator's /admin that must succeed.
    pub fn admin(&self, method: &str, path: &str, body: Value) -> Value {
        self.cloud.admin(method, path, body).unwrap_or_else(|why| {
            self.checks.violated(&format!("the test's own {method} /admin/{path} was refused: {why}"));
            Value::Null
        })
    }

    fn moving(&self) -> MutexGuard<'_, Moving> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
