//! What is counted about clouds: requests, the pacer, holds, orphans.

use std::fmt::Display;
use std::sync::Arc;

use gantry_cloud::{Hook, Observation, Priority};
use gantry_plan::sweep::Kind;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::{Histograms, Metrics};

#[derive(Debug)]
pub(super) struct Clouds {
    requests: Family<RequestLabels, Counter>,
    request_seconds: Histograms<CallLabels>,
    wait_seconds: Histograms<WaitLabels>,
    ambiguous: Family<CallLabels, Counter>,
    held: Family<CloudLabels, Gauge>,
    orphans: Family<OrphanLabels, Gauge>,
    orphans_deleted: Family<OrphanLabels, Counter>,
    sweeps: Family<SweepLabels, Counter>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    cloud: String,
    service: &'static str,
    method: &'static str,
    call: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CallLabels {
    cloud: String,
    service: &'static str,
    call: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct WaitLabels {
    cloud: String,
    priority: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CloudLabels {
    cloud: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OrphanLabels {
    cloud: String,
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SweepLabels {
    cloud: String,
    outcome: &'static str,
}

fn call_buckets() -> Histogram {
    Histogram::new([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0])
}

impl Clouds {
    pub(super) fn new() -> Self {
        Self {
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(call_buckets),
            wait_seconds: Family::new_with_constructor(call_buckets),
            ambiguous: Family::default(),
            held: Family::default(),
            orphans: Family::default(),
            orphans_deleted: Family::default(),
            sweeps: Family::default(),
        }
    }

    pub(super) fn register(&self, r: &mut Registry) {
        r.register("gantry_openstack_requests", "Requests to OpenStack by what became of them", self.requests.clone());
        r.register("gantry_openstack_request_seconds", "Time that requests to OpenStack took", self.request_seconds.clone());
        r.register("gantry_openstack_wait_seconds", "Time that requests to OpenStack were held back by pacing", self.wait_seconds.clone());
        r.register(
            "gantry_ambiguous_creations",
            "Creations whose answer was lost or unclear: looked for, never repeated",
            self.ambiguous.clone(),
        );
        r.register("gantry_cloud_held", "1 while the list of servers misses too many to be believed", self.held.clone());
        r.register("gantry_orphans", "What bears this cluster's UID and no Host stands for", self.orphans.clone());
        r.register("gantry_orphans_deleted", "Orphans that were deleted", self.orphans_deleted.clone());
        r.register("gantry_sweeps", "Passes over what this cluster left behind, by whether both sides were known", self.sweeps.clone());
    }

    fn observe(&self, cloud: &str, seen: &Observation) {
        let (service, method, call, outcome) = (seen.service, seen.method, seen.call, seen.outcome);
        let of_call = || CallLabels { cloud: cloud.to_owned(), service, call };
        self.requests.get_or_create(&RequestLabels { cloud: cloud.to_owned(), service, method, call, outcome }).inc();
        self.request_seconds.get_or_create(&of_call()).observe(seen.duration.as_secs_f64());
        let priority = match seen.priority {
            Priority::Urgent => "urgent",
            Priority::Normal => "normal",
            Priority::Background => "background",
        };
        self.wait_seconds.get_or_create(&WaitLabels { cloud: cloud.to_owned(), priority }).observe(seen.wait.as_secs_f64());
        if outcome == "Ambiguous" {
            self.ambiguous.get_or_create(&of_call()).inc();
        }
    }
}

impl Metrics {
    /// What counts the requests to `cloud`.
    pub fn cloud_hook(&self, cloud: &impl Display) -> Arc<dyn Hook> {
        let (metrics, cloud) = (self.0.clone(), cloud.to_string());
        Arc::new(move |seen: &Observation| metrics.clouds.observe(&cloud, seen))
    }

    /// Whether the cloud's list of servers is not believed.
    pub fn cloud_held(&self, cloud: &impl Display, is_held: bool) {
        self.0.clouds.held.get_or_create(&CloudLabels { cloud: cloud.to_string() }).set(i64::from(is_held));
    }

    /// So many orphans of each kind are known in the cloud.
    pub fn orphans(&self, cloud: &impl Display, count: impl Fn(Kind) -> usize) {
        for kind in Kind::ALL {
            let labels = OrphanLabels { cloud: cloud.to_string(), kind: kind.word() };
            self.0.clouds.orphans.get_or_create(&labels).set(i64::try_from(count(kind)).unwrap_or(i64::MAX));
        }
    }

    /// An orphan was deleted.
    pub fn orphan_deleted(&self, cloud: &impl Display, kind: Kind) {
        self.0.clouds.orphans_deleted.get_or_create(&OrphanLabels { cloud: cloud.to_string(), kind: kind.word() }).inc();
    }

    /// A sweep of the cloud came to an end.
    pub fn swept(&self, cloud: &impl Display, outcome: &'static str) {
        self.0.clouds.sweeps.get_or_create(&SweepLabels { cloud: cloud.to_string(), outcome }).inc();
    }

    /// The cloud is not observed any more: what was told of its present state goes.
    pub fn cloud_gone(&self, cloud: &impl Display) {
        let cloud = cloud.to_string();
        self.0.clouds.held.remove(&CloudLabels { cloud: cloud.clone() });
        for kind in Kind::ALL {
            self.0.clouds.orphans.remove(&OrphanLabels { cloud: cloud.clone(), kind: kind.word() });
        }
    }
}
