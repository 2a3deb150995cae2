//! The operator's metrics: one typed method per fact; names and labels are stated here and nowhere else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use gantry_plan::Plan;
use gantry_plan::model::Snapshot;
use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::process::Process;
use super::writes::{WriteLabels, Writes};

mod clouds;
mod plans;

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// All metrics; clones share them.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    hosts: Family<HostLabels, Gauge>,
    snapshot_seconds: Histogram,
    plan_seconds: Histogram,
    unplaced_pods: Gauge,
    plans: plans::Plans,
    commands: Family<CommandLabels, Counter>,
    pod_to_post: Histogram,
    host_to_post: Histogram,
    host_to_joined: Histogram,
    host_to_ready: Histogram,
    clouds: clouds::Clouds,
    writes: Writes,
    watch_errors: Family<KindLabels, Counter>,
    watch_synced: Family<KindLabels, Gauge>,
    leader: Gauge,
    events_dropped: Counter<u64, AtomicU64>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct HostLabels {
    pool: String,
    phase: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CommandLabels {
    r#type: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

fn plan_buckets() -> Histogram {
    Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
}

fn reaction_buckets() -> Histogram {
    Histogram::new([0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0])
}

fn boot_buckets() -> Histogram {
    Histogram::new([1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 1200.0, 3600.0])
}

impl Inner {
    fn new() -> Self {
        Self {
            registry: Registry::default(),
            hosts: Family::default(),
            snapshot_seconds: plan_buckets(),
            plan_seconds: plan_buckets(),
            unplaced_pods: Gauge::default(),
            plans: plans::Plans::default(),
            commands: Family::default(),
            pod_to_post: reaction_buckets(),
            host_to_post: reaction_buckets(),
            host_to_joined: boot_buckets(),
            host_to_ready: boot_buckets(),
            clouds: clouds::Clouds::new(),
            writes: Writes::default(),
            watch_errors: Family::default(),
            watch_synced: Family::default(),
            leader: Gauge::default(),
            events_dropped: Counter::default(),
        }
    }

    fn register(mut self) -> Self {
        let r = &mut self.registry;
        r.register("gantry_hosts", "Hosts by pool and phase", self.hosts.clone());
        r.register("gantry_snapshot_duration_seconds", "Time that taking a snapshot took", self.snapshot_seconds.clone());
        r.register(
            "gantry_plan_duration_seconds",
            "Time that one round of planning took, its snapshot included",
            self.plan_seconds.clone(),
        );
        r.register("gantry_unplaced_pods", "Pods that the last plan found no room for", self.unplaced_pods.clone());
        r.register("gantry_commands", "Commands that plans gave, by type", self.commands.clone());
        r.register(
            "gantry_pod_unschedulable_to_post_seconds",
            "From a pod being found unschedulable to POST /servers",
            self.pod_to_post.clone(),
        );
        r.register("gantry_host_to_post_seconds", "From a host being decided to POST /servers", self.host_to_post.clone());
        r.register("gantry_host_joined_seconds", "From a host being decided to its node registering", self.host_to_joined.clone());
        r.register("gantry_host_ready_seconds", "From a host being decided to its node taking pods", self.host_to_ready.clone());
        self.plans.register(r);
        self.clouds.register(r);
        r.register("gantry_kubernetes_writes", "Writes to the API server by verb and kind", self.writes.clone());
        r.register("gantry_watch_errors", "Failures of the watch of a kind", self.watch_errors.clone());
        r.register("gantry_watch_synced", "1 once the kind has been listed completely", self.watch_synced.clone());
        r.register("gantry_leader", "1 while this process holds the lease", self.leader.clone());
        r.register(
            "gantry_events_dropped",
            "Kubernetes Events that were not written because too many were waiting",
            self.events_dropped.clone(),
        );
        r.register("gantry_build", "The version that runs", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        r.register_collector(Box::new(Process));
        self
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Metrics of their own: nothing is global.
    pub fn new() -> Self {
        Self(Arc::new(Inner::new().register()))
    }

    /// All of them as OpenMetrics text.
    ///
    /// # Errors
    /// Only if a metric cannot be formatted.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.0.registry)?;
        Ok(text)
    }

    /// The hosts there are, each as (`namespace/pool`, phase); series of pools and phases without hosts go.
    pub fn hosts(&self, hosts: impl IntoIterator<Item = (String, String)>) {
        let mut counts: BTreeMap<(String, String), i64> = BTreeMap::new();
        hosts.into_iter().for_each(|labels| *counts.entry(labels).or_default() += 1);
        self.0.hosts.clear();
        for ((pool, phase), count) in counts {
            self.0.hosts.get_or_create(&HostLabels { pool, phase }).set(count);
        }
    }

    /// A snapshot was taken in this time.
    pub fn snapshot_taken(&self, elapsed: Duration) {
        self.0.snapshot_seconds.observe(elapsed.as_secs_f64());
    }

    /// A round of planning took `elapsed`, snapshot included.
    pub fn planned(&self, elapsed: Duration, snapshot: &Snapshot, plan: &Plan) {
        self.0.plan_seconds.observe(elapsed.as_secs_f64());
        self.0.unplaced_pods.set(i64::try_from(plan.unplaced.len()).unwrap_or(i64::MAX));
        self.0.plans.planned(snapshot, plan);
    }

    /// A plan gave a command, e.g. `create_host`.
    pub fn command(&self, r#type: &'static str) {
        self.0.commands.get_or_create(&CommandLabels { r#type }).inc();
    }

    /// POST /servers is sent for a pod that was found unschedulable at `since`.
    pub fn pod_served(&self, since: Timestamp, now: Timestamp) {
        observe(&self.0.pod_to_post, since, now);
    }

    /// POST /servers is sent for a host that was decided at `decided`.
    pub fn server_asked(&self, decided: Timestamp, now: Timestamp) {
        observe(&self.0.host_to_post, decided, now);
    }

    /// The node of a host that was decided at `decided` has registered.
    pub fn host_joined(&self, decided: Timestamp, now: Timestamp) {
        observe(&self.0.host_to_joined, decided, now);
    }

    /// The node of a host that was decided at `decided` takes pods.
    pub fn host_ready(&self, decided: Timestamp, now: Timestamp) {
        observe(&self.0.host_to_ready, decided, now);
    }

    pub(super) fn written(&self, labels: WriteLabels) {
        self.0.writes.get_or_create(&labels).inc();
    }

    /// The watch of a kind failed.
    pub fn watch_failed(&self, kind: &'static str) {
        self.0.watch_errors.get_or_create(&KindLabels { kind }).inc();
    }

    /// Whether the kind has been listed completely.
    pub fn watch_synced(&self, kind: &'static str, synced: bool) {
        self.0.watch_synced.get_or_create(&KindLabels { kind }).set(i64::from(synced));
    }

    /// Whether this process holds the lease.
    pub fn leader(&self, leads: bool) {
        self.0.leader.set(i64::from(leads));
    }

    /// An Event was dropped.
    pub fn event_dropped(&self) {
        self.0.events_dropped.inc();
    }

    /// Events dropped so far.
    pub fn events_dropped(&self) -> u64 {
        self.0.events_dropped.get()
    }
}

/// Clocks of two machines: a span that would be negative is none.
fn observe(histogram: &Histogram, since: Timestamp, now: Timestamp) {
    histogram.observe(now.duration_since(since).as_secs_f64().max(0.0));
}

#[cfg(test)]
mod tests;
