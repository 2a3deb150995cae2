//! The planner's door: a snapshot in, commands with their reasons out.

mod bound;
mod budget;
mod buy;
mod catalog;
mod cluster;
mod demand;
mod explain;
mod fill;
mod floor;
mod growth;
mod market;
mod report;
mod seats;
mod settle;
mod shrink;
mod simulate;
mod supply;
mod worth;

use std::collections::BTreeMap;

pub use bound::lower_bound_micro;
use budget::Budget;
use catalog::Catalog;
use cluster::Cluster;
use demand::Demand;
pub use growth::Growth;
use market::Market;
use supply::Verdicts;

use crate::effort::Effort;
use crate::model::{Claim, Key, Snapshot};

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Buy a host.
    CreateHost {
        /// For this pool.
        pool: Key,
        /// Flavor name.
        flavor: String,
        /// Zone.
        zone: String,
        /// Price of an hour, in micro-units.
        price_micro: i64,
        /// Pods that are expected to run there; empty for a minimum or replicas.
        pods: Vec<Key>,
        /// What its node is expected to offer.
        allocatable: crate::resources::Resources,
        /// All labels that its node will register with, the well-known ones included, but for hostname and `gantry.cloud/host`.
        labels: BTreeMap<String, String>,
        /// Seats that the Host keeps for equal pods until they are bound: what `pods` are, by shape.
        claims: Vec<Claim>,
        /// Why, in words.
        reason: String,
    },
    /// Let a host go.
    DeleteHost {
        /// This one.
        host: Key,
        /// And no other with its name.
        uid: String,
        /// Why, in words.
        reason: String,
    },
}

/// A pod that no existing, coming or new host can take, with each pool's reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Unplaced {
    /// The pod.
    pub pod: Key,
    /// Its UID.
    pub uid: String,
    /// `(pool, why not)`; the pool is `None` where the reason lies in the pod or there is no pool.
    pub reasons: Vec<(Option<Key>, String)>,
}

/// A host that joined and does not take the pods that it was bought for.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The host.
    pub host: Key,
    /// Its pool.
    pub pool: Key,
    /// Its flavor.
    pub flavor: String,
    /// [`crate::model::Pod::shape`] of the pods.
    pub shape: u64,
    /// What is in the way, in words.
    pub why: String,
}

/// Prices of an hour, in micro-units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// All live hosts before the plan.
    pub before_micro: i64,
    /// All live hosts after it.
    pub after_micro: i64,
    /// What nothing that places the same pods can undercut: proved.
    pub lower_bound_micro: i64,
}

/// The answer to a snapshot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// What to do, in order.
    pub commands: Vec<Command>,
    /// Pods that wait and where they are expected: a node's or a coming host's name.
    pub placed: Vec<(Key, String)>,
    /// Pods that get nothing, and why.
    pub unplaced: Vec<Unplaced>,
    /// For each pool what stands in the way of one more host that somebody wants, e.g. a quota; absent if nothing does.
    pub blocked: BTreeMap<Key, String>,
    /// For each pool what it can still grow by when this plan is carried out.
    pub growth: BTreeMap<Key, Growth>,
    /// Hosts on their way that no pod of this plan needs, and no pool's minimum.
    pub idle: Vec<Key>,
    /// Hosts that joined and turned out not to take what they were bought for.
    pub useless: Vec<Finding>,
    /// What it costs.
    pub cost: Cost,
    /// Units of [`Effort`] that were spent: with as many, the same snapshot gives the same plan.
    pub effort_used: u64,
    /// The next moment at which the same world would give another plan (an empty host's time is up, an offering returns).
    pub wake_at: Option<jiff::Timestamp>,
}

/// Plans: what to buy and what to let go so that every pod that can be helped is.
///
/// What is bought is simulated as the next plan will see it, as hosts in flight among all others, until nothing is left to buy: so the
/// next plan of the same world buys nothing.
pub fn plan(snapshot: &Snapshot) -> Plan {
    plan_with(snapshot, &mut Effort::default())
}

/// As [`plan`], with this much thought.
pub fn plan_with(snapshot: &Snapshot, _effort: &mut Effort<'_>) -> Plan {
    let cluster = Cluster::of(snapshot);
    let demand = Demand::of(snapshot);
    let mut verdicts = Verdicts::default();
    let catalog = Catalog::of(&cluster, &demand, &mut verdicts);
    let surplus = shrink::surplus(&cluster, &catalog);
    let bins = supply::bins(&cluster, &demand, &catalog, &mut verdicts, &shrink::keys(&surplus));
    let market = Market { catalog: &catalog, demand: &demand, verdicts: &verdicts };

    let mut plan = Plan::default();
    let used = settle::settle(&market, bins, Budget::of(snapshot, &catalog), &mut plan);
    report::unplaced(&market, snapshot, &used, &mut plan);
    plan.growth = growth::growth(&market, used.budget(), snapshot);
    let (empty, due) = shrink::empty(&cluster, &catalog, &used.names);
    plan.wake_at = due.into_iter().chain(cluster.grace_ends()).min();
    plan.commands.extend(surplus.into_iter().chain(empty).map(report::delete));
    plan
}

#[cfg(test)]
mod tests;
