//! Leader election over a coordination.k8s.io Lease: one process acts, and it stops before another may begin.
//!
//! Guarantees: a challenger counts from when it saw the record change, on its own monotonic clock, so wall clocks may differ by days; every
//! write carries the resourceVersion that was read, so two winners cannot be; the holder stops [`RENEW_DEADLINE`] after its last renewal was
//! sent, and a challenger waits at least [`LEASE_DURATION`] after it. Caveat: election alone is no fence for writes that are under way;
//! ask [`LeaseHandle::may_write_for`] with the call's timeout before each.

use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use self::decide::{Seen, Step, step};
use self::store::{ApiStore, Failure, Record, Store};
use crate::serve::metrics::Metrics;

mod decide;
mod store;

/// A lease that has not changed for this long is free.
pub const LEASE_DURATION: Duration = Duration::from_secs(15);
/// A holder that has not renewed for this long gives up.
pub const RENEW_DEADLINE: Duration = Duration::from_secs(10);
/// Time between two looks, or two renewals.
pub const RETRY_PERIOD: Duration = Duration::from_secs(2);
/// Each call ends within this time.
const CALL_TIMEOUT: Duration = Duration::from_millis(1500);
/// Taken off the lease's end, for clocks that run at different speeds.
const DRIFT: Duration = Duration::from_secs(1);
/// What [`LeaseHandle::may_write`] allows a call to take.
pub const WRITE_ALLOWANCE: Duration = Duration::from_secs(5);

/// Which lease, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Name of the Lease.
    pub name: String,
    /// Who asks; no two living processes may share it. A process that starts again under its name goes on at once.
    pub identity: String,
}

impl Config {
    /// A lease and a candidate.
    pub fn new(namespace: &str, name: &str, identity: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into(), identity: identity.into() }
    }
}

/// Whether this process leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leadership {
    /// It does.
    Leader {
        /// Nobody else begins before this.
        until: Instant,
        /// How often the lease has changed hands.
        transitions: i32,
    },
    /// Another one may.
    Follower,
}

/// What the rest of the process sees of the election.
#[derive(Clone, Debug)]
pub struct LeaseHandle(watch::Receiver<Leadership>);

impl LeaseHandle {
    /// Leadership as it changes; a leader's `until` moves with each renewal.
    pub fn watch(&self) -> watch::Receiver<Leadership> {
        self.0.clone()
    }

    /// Leadership now.
    pub fn now(&self) -> Leadership {
        *self.0.borrow()
    }

    /// Until when a request may be sent: later another process may act. What is under way then is found again by what was written before it.
    pub fn send_before(&self) -> Instant {
        match self.now() {
            Leadership::Leader { until, .. } => until,
            Leadership::Follower => Instant::now(),
        }
    }

    /// Whether a write that takes at most [`WRITE_ALLOWANCE`] ends before another process may write.
    pub fn may_write(&self) -> bool {
        self.may_write_for(WRITE_ALLOWANCE)
    }

    /// Whether a write that ends within `call_timeout` ends before another process may write.
    pub fn may_write_for(&self, call_timeout: Duration) -> bool {
        matches!(self.now(), Leadership::Leader { until, .. } if Instant::now() + call_timeout < until)
    }
}

/// The election of this process. The future campaigns, holds, and ends when the lease is lost, or after `release` was cancelled: cancel that
/// only when everything is drained, for the next leader begins within one [`RETRY_PERIOD`].
pub fn start(
    config: Config,
    client: Client,
    metrics: Metrics,
    release: CancellationToken,
) -> (LeaseHandle, impl Future<Output = ()> + Send) {
    let store = ApiStore::new(client, &config.namespace, &config.name);
    let (sender, receiver) = watch::channel(Leadership::Follower);
    let teller = Teller { sender, metrics };
    (LeaseHandle(receiver), run(store, config.identity, teller, release))
}

/// Tells of leadership, everywhere it is told.
struct Teller {
    sender: watch::Sender<Leadership>,
    metrics: Metrics,
}

impl Teller {
    fn tell(&self, leadership: Leadership) {
        self.metrics.leader(leadership != Leadership::Follower);
        self.sender.send_replace(leadership);
    }

    fn renewed(&self, held: &Held) {
        self.tell(Leadership::Leader { until: held.sent + LEASE_DURATION - DRIFT, transitions: held.record.transitions });
    }
}

/// A lease that this process holds.
struct Held {
    record: Record,
    /// When the last write that is known to have arrived was about to be sent.
    sent: Instant,
    /// Renewals since then whose answers were lost: they may have arrived. At most one per [`RETRY_PERIOD`] until [`RENEW_DEADLINE`].
    unanswered: Vec<(Option<Timestamp>, Instant)>,
}

impl Held {
    fn new(record: Record, sent: Instant) -> Self {
        Self { record, sent, unanswered: Vec::new() }
    }
}

async fn run<S: Store>(store: S, me: String, teller: Teller, release: CancellationToken) {
    let mut held = tokio::select! {
        held = campaign(&store, &me) => held,
        () = release.cancelled() => return,
    };
    tracing::info!(identity = me, transitions = held.record.transitions, "this process leads");
    teller.renewed(&held);
    let end = hold(&store, &me, &mut held, &teller, &release).await;
    teller.tell(Leadership::Follower);
    match end {
        End::Lost(why) => tracing::error!(identity = me, why, "leadership was lost"),
        End::Released => give_back(&store, held.record).await,
    }
}

async fn campaign<S: Store>(store: &S, me: &str) -> Held {
    let mut ticks = ticks();
    let mut seen = Seen::default();
    loop {
        ticks.tick().await;
        let sent = Instant::now();
        match attempt(store, me, &mut seen).await {
            Ok(Some(record)) => return Held::new(record, sent),
            Ok(None) | Err(Failure::Conflict) => {}
            Err(Failure::Other(why)) => tracing::warn!(identity = me, why, "the lease cannot be read or written; tried again"),
        }
    }
}

async fn attempt<S: Store>(store: &S, me: &str, seen: &mut Seen) -> Result<Option<Record>, Failure> {
    let record = limited(store.get()).await?;
    seen.look(record.as_ref(), Instant::now());
    let wall = Timestamp::now();
    match step(me, record, seen.age(Instant::now())) {
        Step::Wait => Ok(None),
        Step::Create => limited(store.create(Record::new(me, wall))).await.map(Some),
        Step::Take(record) => limited(store.replace(record.taken(me, wall))).await.map(Some),
        Step::Renew(record) => limited(store.replace(record.renewed(wall))).await.map(Some),
    }
}

/// Why a lease is held no longer.
enum End {
    Lost(String),
    Released,
}

async fn hold<S: Store>(store: &S, me: &str, held: &mut Held, teller: &Teller, release: &CancellationToken) -> End {
    let mut ticks = ticks();
    ticks.reset();
    loop {
        tokio::select! {
            () = release.cancelled() => return End::Released,
            _ = ticks.tick() => {}
        }
        let give_up = held.sent + RENEW_DEADLINE;
        match tokio::time::timeout_at(give_up, renew(store, me, held)).await {
            Ok(Renewal::Done) => teller.renewed(held),
            Ok(Renewal::Lost(why)) => return End::Lost(why),
            Ok(Renewal::Unknown) | Err(_) => {}
        }
        if Instant::now() >= held.sent + RENEW_DEADLINE {
            return End::Lost(format!("the lease could not be renewed for {RENEW_DEADLINE:?}; check the API server"));
        }
    }
}

/// What is known after an attempt to renew.
enum Renewal {
    Done,
    Unknown,
    Lost(String),
}

async fn renew<S: Store>(store: &S, me: &str, held: &mut Held) -> Renewal {
    let (sent, next) = (Instant::now(), held.record.clone().renewed(Timestamp::now()));
    held.unanswered.push((next.renewed, sent));
    match limited(store.replace(next)).await {
        Ok(record) => {
            *held = Held::new(record, sent);
            return Renewal::Done;
        }
        Err(Failure::Conflict) => {}
        Err(Failure::Other(why)) => tracing::warn!(identity = me, why, "the lease could not be renewed; tried again"),
    }
    look(store, me, held).await
}

/// After a renewal that may or may not have arrived: whose is the lease?
async fn look<S: Store>(store: &S, me: &str, held: &mut Held) -> Renewal {
    let record = match limited(store.get()).await {
        Ok(Some(record)) => record,
        Ok(None) => return Renewal::Lost("the lease was deleted".into()),
        Err(_) => return Renewal::Unknown,
    };
    if record.holder != me {
        return Renewal::Lost(format!("{:?} holds the lease now", record.holder));
    }
    let arrived = held.unanswered.iter().find(|(renewed, _)| *renewed == record.renewed).map(|(_, sent)| *sent);
    match arrived {
        Some(sent) => {
            *held = Held::new(record, sent);
            Renewal::Done
        }
        None if record.renewed == held.record.renewed => {
            held.record = record;
            Renewal::Unknown
        }
        None => Renewal::Lost(format!("another process renews the lease as {me:?}; give each process a name of its own (POD_NAME)")),
    }
}

async fn give_back<S: Store>(store: &S, record: Record) {
    match limited(store.replace(record.released())).await {
        Ok(_) => tracing::info!("the lease is released"),
        Err(_) => tracing::warn!("the lease could not be released; another process takes it when it has run out"),
    }
}

async fn limited<T>(call: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    timeout(CALL_TIMEOUT, call).await.unwrap_or_else(|_| Err(Failure::Other(format!("no answer within {CALL_TIMEOUT:?}"))))
}

fn ticks() -> tokio::time::Interval {
    let mut ticks = interval(RETRY_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

#[cfg(test)]
mod tests;
