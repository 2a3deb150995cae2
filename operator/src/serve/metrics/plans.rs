//! What plans cost: in effort of the planner, and in money beside the least that is possible.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use gantry_plan::Plan;
use gantry_plan::model::{Key, Snapshot};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Micro-units of a currency in one unit.
const MICRO: f64 = 1e6;

type Money = Gauge<f64, AtomicU64>;

#[derive(Debug, Default)]
pub(super) struct Plans {
    effort: Counter<u64, AtomicU64>,
    cost: Family<PoolLabels, Money>,
    cost_planned: Money,
    cost_least: Money,
    idle_hosts: Gauge,
    useless_hosts: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PoolLabels {
    pool: String,
    cloud: String,
}

impl Plans {
    pub fn register(&self, r: &mut Registry) {
        r.register("gantry_plan_effort", "Units of effort that plans took, about a microsecond each", self.effort.clone());
        r.register("gantry_cost_per_hour", "Price of an hour of the hosts of a pool", self.cost.clone());
        r.register(
            "gantry_plan_cost_per_hour",
            "Price of an hour of all hosts once the last plan is carried out",
            self.cost_planned.clone(),
        );
        r.register(
            "gantry_plan_lower_bound_per_hour",
            "What nothing that places the same pods can undercut, an hour, as the last plan proved",
            self.cost_least.clone(),
        );
        r.register("gantry_idle_hosts", "Hosts on their way that the last plan has no pod for", self.idle_hosts.clone());
        r.register(
            "gantry_useless_hosts",
            "Hosts that joined and do not take the pods that they were bought for",
            self.useless_hosts.clone(),
        );
    }

    pub fn planned(&self, snapshot: &Snapshot, plan: &Plan) {
        self.effort.inc_by(plan.effort_used);
        self.cost_planned.set(plan.cost.after_micro as f64 / MICRO);
        self.cost_least.set(plan.cost.lower_bound_micro as f64 / MICRO);
        self.idle_hosts.set(i64::try_from(plan.idle.len()).unwrap_or(i64::MAX));
        self.useless_hosts.set(i64::try_from(plan.useless.len()).unwrap_or(i64::MAX));
        self.cost.clear();
        for (labels, micro) in by_pool(snapshot) {
            self.cost.get_or_create(&labels).set(micro as f64 / MICRO);
        }
    }
}

/// What live hosts cost now by their clouds' offerings; one that the cloud does not offer any more costs nothing that is known.
fn by_pool(snapshot: &Snapshot) -> Vec<(PoolLabels, i64)> {
    let mut prices: BTreeMap<(&Key, &str, &str), i64> = BTreeMap::new();
    for (cloud, known) in &snapshot.clouds {
        prices.extend(known.offerings.iter().map(|o| ((cloud, o.flavor.as_str(), o.zone.as_str()), o.price_micro)));
    }
    let mut sums: BTreeMap<(Key, &str), i64> = BTreeMap::new();
    for host in snapshot.hosts.iter().filter(|host| !host.deleting) {
        let cloud = Key::new(&host.key.namespace, &host.cloud);
        let price = prices.get(&(&cloud, host.flavor.as_str(), host.zone.as_str())).copied().unwrap_or(0);
        *sums.entry((cloud, host.pool.as_str())).or_default() += price;
    }
    let labels = |cloud: &Key, pool: &str| PoolLabels { pool: format!("{}/{pool}", cloud.namespace), cloud: cloud.to_string() };
    sums.iter().map(|((cloud, pool), micro)| (labels(cloud, pool), *micro)).collect()
}
