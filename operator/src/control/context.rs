//! What every loop of the operator is given.

use std::sync::{Arc, OnceLock};

use gantry_cloud::{Cloud, CloudConfig, Hook, Pacing};
use gantry_plan::model::Key;
use jiff::Timestamp;
use kube::Client;
use tokio_util::sync::CancellationToken;

use super::builds::Builds;
use super::clouds::Clouds;
use super::discovery::Endpoints;
use super::learned::Learned;
use super::memory::Memories;
use super::nomination::Nomination;
use super::offerings::Offerings;
use super::seats::Seats;
use super::useless::Useless;

use crate::clock::Clock;
use crate::kube::events::{EventRef, Events};
use crate::kube::lease::LeaseHandle;
use crate::kube::objects::{HostObject, PoolObject};
use crate::kube::watches::{Signals, Stores};
use crate::serve::health::Pulse;
use crate::serve::journal::Journal;
use crate::serve::metrics::Metrics;

/// Makes a cloud's client.
pub type Connect = Arc<dyn Fn(CloudConfig, Pacing, Arc<dyn Hook>) -> gantry_cloud::Result<Arc<dyn Cloud>> + Send + Sync>;

/// Shared by all loops.
#[derive(Clone)]
pub struct Context {
    /// Client for requests (watches have one of their own).
    pub client: Client,
    /// What Kubernetes shows.
    pub stores: Stores,
    /// Whom changes are told.
    pub signals: Signals,
    /// What OpenStack shows.
    pub clouds: Arc<Clouds>,
    /// What failed a short while ago.
    pub offerings: Arc<Offerings>,
    /// Which hosts turned out to be no use, and for what.
    pub useless: Arc<Useless>,
    /// What real nodes showed.
    pub learned: Arc<Learned>,
    /// Where the newest plan seats pods.
    pub seats: Arc<Seats>,
    /// How pods come to the nodes that were bought for them.
    pub nomination: Nomination,
    /// The last decisions.
    pub journal: Journal,
    /// Creations under way.
    pub builds: Builds,
    /// What the driver knows of hosts beyond their objects.
    pub memories: Arc<Memories>,
    /// Where hosts find the API server.
    pub discovery: Endpoints,
    /// Events.
    pub events: Events,
    /// Metrics.
    pub metrics: Metrics,
    /// Beats of the loops, for liveness.
    pub pulse: Pulse,
    /// Whether this process may act.
    pub lease: LeaseHandle,
    /// UID of the namespace kube-system: whose servers are ours.
    pub cluster_uid: Arc<str>,
    /// What time it is.
    pub clock: Clock,
    /// When it began to act; set by the first who asks.
    pub began: Arc<OnceLock<Timestamp>>,
    /// How a cloud is reached.
    pub connect: Connect,
    /// End of the process.
    pub stop: CancellationToken,
}

impl Context {
    /// Time that never jumps; decisions go by it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The date, for stamps that others read: a token's end, a condition's transition.
    pub fn wall(&self) -> Timestamp {
        self.clock.wall()
    }

    /// Whether this process may write now, and everything is known that decisions rest on.
    pub fn may_act(&self) -> bool {
        self.stores.synced() && self.lease.may_write() && !self.stop.is_cancelled()
    }

    /// Since when this process acts.
    pub fn acting_since(&self) -> Timestamp {
        *self.began.get_or_init(|| self.now())
    }

    /// An event on a host.
    pub fn host_event(&self, host: &HostObject, kind: &str, reason: &str, message: &str) {
        self.events.emit(&reference("Host", host), kind, reason, message);
    }

    /// An event on a pool.
    pub fn pool_event(&self, pool: &PoolObject, kind: &str, reason: &str, message: &str) {
        self.events.emit(&reference("VMPool", pool), kind, reason, message);
    }
}

/// How an event names one of our objects.
pub fn reference<S, T>(kind: &str, object: &crate::kube::objects::Object<S, T>) -> EventRef {
    EventRef {
        api_version: "gantry.cloud/v1alpha1".into(),
        kind: kind.into(),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
        uid: object.uid.clone(),
    }
}

/// `namespace/name` of an object.
pub fn key_of<S, T>(object: &crate::kube::objects::Object<S, T>) -> Key {
    Key::new(object.namespace.clone(), object.name.clone())
}
