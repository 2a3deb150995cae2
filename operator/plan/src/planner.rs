//! The planner's door: a snapshot in, commands with their reasons out.

mod bound;
mod budget;
mod buy;
mod candidates;
mod catalog;
mod cluster;
mod cost;
mod demand;
mod explain;
mod field;
mod finding;
mod floor;
mod glue;
mod going;
mod growth;
mod idle;
mod nominees;
mod place;
mod preempt;
mod prefer;
mod problem;
mod rehearse;
mod release;
mod report;
mod rules;
mod seats;
mod shrink;
mod sites;
mod starved;
mod supply;
mod thin;

use std::collections::BTreeMap;

pub use bound::{lower_bound_micro, lower_bound_with};
use budget::Budget;
use buy::{Basket, Market};
pub use candidates::{Candidate, candidates};
use catalog::Catalog;
use cluster::Cluster;
use demand::Demand;
use field::Field;
use going::Leaving;
pub use growth::Growth;
use place::Placing;
use prefer::Wishes;
pub use prefer::{Preference, Wanted, preferences};
use report::Used;
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
    /// The hosts that stay, and what no choice of new hosts that places the same pods can undercut: proved.
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
/// Hosts keep the seats that they were bought for, so that the next plan of the same world buys nothing.
pub fn plan(snapshot: &Snapshot) -> Plan {
    plan_with(snapshot, &mut Effort::default())
}

/// As [`plan`], with this much thought.
pub fn plan_with(snapshot: &Snapshot, effort: &mut Effort<'_>) -> Plan {
    plan_of(snapshot, effort, Releases::Sought)
}

/// Whether empty hosts that are in the way are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Releases {
    Sought,
    None,
}

fn plan_of(snapshot: &Snapshot, effort: &mut Effort<'_>, releases: Releases) -> Plan {
    let (world, nominations_end) = nominees::settled(snapshot);
    let snapshot = &*world;
    let mut cluster = Cluster::of(snapshot);
    let demand = Demand::of(&cluster);
    cluster.count_volumes(&demand.drivers());
    let (mut field, mut verdicts) = (Field::new(&demand.rules), Verdicts::default());
    let catalog = Catalog::of(&cluster, &demand, &mut field, &mut verdicts);
    let surplus = shrink::surplus(&cluster, &catalog);
    let bins = supply::bins(&cluster, &demand, &catalog, &mut field, &mut verdicts, &shrink::keys(&surplus));
    let market = Market { catalog: &catalog, demand: &demand, verdicts: &verdicts, wishes: &demand.wishes };

    let start = field.clone();
    let mut placing = Placing { bins, field, left: demand.counts() };
    let before = placing.bins.clone();
    let budget = Budget::of(snapshot, &catalog);
    placing.fill(&market, &market.hoped(&budget));
    prefer::among_nodes(&market, &mut placing);
    let seats_end = starved::withdraw(&market, &cluster, &mut placing);
    let mut plan = Plan::default();
    let mut basket = Basket::new(budget);
    let expected = preempt::expected(&market, &cluster, &mut placing);
    let indifferent = Wishes::default();
    plan.blocked.extend(prefer::guarded(&market, &indifferent, (&mut placing, &mut basket), effort, |market, placing, basket, effort| {
        buy_all(market, &start, placing, basket, effort)
    }));
    for (rank, left) in &basket.stages {
        plan.blocked.extend(explain::blocked(&market, *rank, left, &basket.budget));
    }

    prefer::among_bought(&market, &placing, &mut basket.bought);
    let mut used = Used::of(&market, &placing, &basket.bought, &mut plan);
    let patience_ends = expected.report(&mut used, &mut plan);
    report::unplaced(&market, snapshot, &mut placing, &basket.budget, &used, &mut plan);
    plan.growth = growth::growth(&market, &basket.budget, snapshot);
    plan.useless = finding::useless(&market, &placing);
    let (mut leaving, spare) = Leaving::of(&cluster, &catalog, &placing, surplus, &used.names);
    if releases == Releases::Sought {
        leaving.release(&cluster, &catalog, &plan, &used.names, &spare);
    }
    let missed = !plan.unplaced.is_empty() || !plan.blocked.is_empty();
    let returns = catalog.returns(snapshot.now).filter(|_| missed);
    let ends = [leaving.next, patience_ends, seats_end, nominations_end];
    plan.wake_at = ends.into_iter().flatten().chain(cluster.grace_ends()).chain(returns).min();
    plan.commands.extend(leaving.going.into_iter().map(report::delete));
    plan.idle = leaving.idle;
    let bound_micro = if basket.bought.is_empty() { 0 } else { bound::of_bins(&market, &before) };
    plan.cost = cost::of(&cluster, &catalog, &plan, bound_micro);
    plan.effort_used = effort.used();
    plan
}

/// Buys what floors and pods need, and says which floors cannot be reached, and why.
fn buy_all<'a>(
    market: &Market<'a>,
    start: &Field<'a>,
    placing: &mut Placing<'a>,
    basket: &mut Basket,
    effort: &mut Effort<'_>,
) -> Vec<(Key, String)> {
    let blocked = market.buy_floor(placing, basket);
    market.buy(placing, basket, effort);
    if placing.sober_up(market) {
        basket.stages.clear();
        market.buy(placing, basket, effort);
    }
    rehearse::rehearse(market, start, placing, basket, effort);
    blocked
}

#[cfg(test)]
mod tests;
