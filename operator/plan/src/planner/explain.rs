//! Says why a pool does not help a pod, in the user's words: which requirement it is, and what would change it.

mod misfit;
mod room;

use super::budget::{Budget, Purpose};
use super::buy::MAX_NEW_HOSTS;
use super::catalog::{Candidate, cloud_key, knows_cloud};
use super::demand::Shape;
use super::fill::Room;
use super::market::Market;
use crate::model::Snapshot;
use crate::scheduling::{NodeView, admits};

/// Why this pool buys nothing for such a pod.
pub(crate) fn why_not(market: &Market<'_>, pool: usize, shape: &Shape<'_>, budget: &Budget) -> String {
    let owner = market.catalog.pools[pool];
    let class = &market.demand.classes[shape.class];
    let all: Vec<&Candidate<'_>> = market.catalog.candidates_of(pool).map(|(_, candidate)| candidate).collect();
    if all.is_empty() {
        return pool_obstacle(market, pool, Purpose::Demand, budget);
    }
    let view = |candidate: &&Candidate<'_>| market.verdicts.admits(candidate.verdict, shape.class);
    let admitting: Vec<&Candidate<'_>> = all.iter().copied().filter(view).collect();
    if admitting.is_empty() {
        let misfits = all.iter().filter_map(|candidate| {
            let node = NodeView { name: None, labels: &candidate.labels, taints: &owner.taints };
            admits(&node, class).err()
        });
        return misfit::sentence(misfits.collect(), class, &all);
    }
    let fitting: Vec<&Candidate<'_>> = admitting.iter().copied().filter(|candidate| shape.requests.fits(&candidate.free)).collect();
    if fitting.is_empty() {
        return room::sentence(&shape.requests, &admitting);
    }
    obstacle(market, pool, &fitting, Purpose::Demand, budget)
        .unwrap_or_else(|| format!("this plan has reached its limit of {MAX_NEW_HOSTS} new hosts; the next one goes on"))
}

/// What keeps a pool from one more host of any kind.
pub(crate) fn pool_obstacle(market: &Market<'_>, pool: usize, purpose: Purpose, budget: &Budget) -> String {
    let owner = market.catalog.pools[pool];
    let all: Vec<&Candidate<'_>> = market.catalog.candidates_of(pool).map(|(_, candidate)| candidate).collect();
    let none = || {
        let zones = if owner.zones.is_empty() { "any zone".to_owned() } else { owner.zones.join(", ") };
        let flavors = owner.flavors.join(", ");
        format!("the cloud offers no flavor of the pool ({flavors}) in {zones}: correct template.flavors or template.zones")
    };
    obstacle(market, pool, &all, purpose, budget).unwrap_or_else(none)
}

/// What keeps a pool from any of these candidates; `None` if one of them can be had, or there is none.
pub(crate) fn obstacle(
    market: &Market<'_>,
    pool: usize,
    candidates: &[&Candidate<'_>],
    purpose: Purpose,
    budget: &Budget,
) -> Option<String> {
    if let Err(why) = &market.catalog.pools[pool].ready {
        return Some(why.clone());
    }
    let budgeted = |candidate: &&Candidate<'_>| budget.room(candidate, purpose, market.catalog).err();
    let had: Vec<&Candidate<'_>> = candidates.iter().copied().filter(|candidate| candidate.offering.unavailable.is_none()).collect();
    if had.iter().any(|candidate| budgeted(candidate).is_none()) {
        return None;
    }
    if let Some(cheapest) = cheapest(&had) {
        return budgeted(&cheapest);
    }
    let cheapest = cheapest(candidates)?.offering;
    let why = cheapest.unavailable.as_deref().unwrap_or_default();
    Some(format!("{} in {} cannot be had now: {why}", cheapest.flavor, cheapest.zone))
}

fn cheapest<'c, 'a>(candidates: &[&'c Candidate<'a>]) -> Option<&'c Candidate<'a>> {
    let order = |a: &Candidate<'_>, b: &Candidate<'_>| {
        let key = |c: &Candidate<'_>| c.offering.price_micro;
        key(a).cmp(&key(b)).then_with(|| (&a.offering.flavor, &a.offering.zone).cmp(&(&b.offering.flavor, &b.offering.zone)))
    };
    candidates.iter().copied().min_by(|a, b| order(a, b))
}

/// For each pool of a weight what keeps it from serving pods that are left and that it could serve.
pub(crate) fn blocked(market: &Market<'_>, rank: usize, left: &[usize], budget: &Budget) -> Vec<(crate::model::Key, String)> {
    let pools = market.catalog.pools.iter().enumerate();
    let of_rank = pools.filter(|(at, _)| market.catalog.weight_rank(*at) == rank);
    let blocked = of_rank.filter_map(|(at, pool)| {
        let why = market.demand.shapes.iter().zip(left).filter(|(_, count)| **count > 0).find_map(|(shape, _)| {
            let takes = |candidate: &&Candidate<'_>| space(candidate).takes(shape, market.verdicts);
            let candidates = market.catalog.candidates_of(at).map(|(_, candidate)| candidate);
            obstacle(market, at, &candidates.filter(takes).collect::<Vec<_>>(), Purpose::Demand, budget)
        })?;
        Some((pool.key.clone(), why))
    });
    blocked.collect()
}

fn space<'a>(candidate: &'a Candidate<'_>) -> Room<'a> {
    Room { capacity: &candidate.allocatable, free: &candidate.free, verdict: candidate.verdict }
}

/// Why a pool whose cloud is not in the snapshot buys nothing.
pub(crate) fn without_cloud(snapshot: &Snapshot, pool: &crate::model::Pool) -> Option<String> {
    let known = knows_cloud(snapshot, pool);
    (!known).then(|| format!("nothing is known of its cloud {} yet", cloud_key(pool)))
}
