//! Growth: by how many hosts a pool can still grow after this plan, and what stands in the way of more.

use std::collections::BTreeMap;

use super::budget::{Budget, Purpose};
use super::buy::Market;
use super::catalog::Candidate;
use super::explain::{pool_obstacle, without_cloud};
use crate::model::{Key, Snapshot};

/// What a pool can still grow by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// How many more hosts of the cheapest flavor that can be had now and that there is room for.
    pub hosts: usize,
    /// What stands in the way of one more than that, in words.
    pub blocked_by: String,
}

/// The growth of each pool, `budget` being what is used with this plan.
pub(crate) fn growth(market: &Market<'_>, budget: &Budget, snapshot: &Snapshot) -> BTreeMap<Key, Growth> {
    let pools = market.catalog.pools.iter().enumerate();
    pools.map(|(at, pool)| (pool.key.clone(), without_cloud(snapshot, pool).map_or_else(|| of_pool(market, at, budget), none))).collect()
}

fn of_pool(market: &Market<'_>, pool: usize, budget: &Budget) -> Growth {
    let owner = market.catalog.pools[pool];
    if let Err(why) = &owner.ready {
        return none(why.clone());
    }
    let room = |candidate: &Candidate<'_>| budget.room(candidate, Purpose::Floor, market.catalog).ok();
    let all = market.catalog.candidates_of(pool).map(|(_, candidate)| candidate);
    let mut had: Vec<&Candidate<'_>> = all.filter(|candidate| candidate.offering.unavailable.is_none()).collect();
    had.sort_by_key(|candidate| (candidate.offering.price_micro, &candidate.offering.flavor, &candidate.offering.zone));
    match had.into_iter().find_map(|candidate| room(candidate).map(|hosts| (candidate, hosts))) {
        Some((candidate, hosts)) => Growth { hosts, blocked_by: after(market, candidate, hosts, budget.clone()) },
        None => none(pool_obstacle(market, pool, Purpose::Floor, budget)),
    }
}

fn none(blocked_by: String) -> Growth {
    Growth { hosts: 0, blocked_by }
}

/// What would be in the way once these hosts were bought too.
fn after(market: &Market<'_>, candidate: &Candidate<'_>, hosts: usize, mut budget: Budget) -> String {
    budget.take_many(candidate, market.catalog, hosts);
    let why = budget.room(candidate, Purpose::Floor, market.catalog).err().unwrap_or_default();
    let more = if hosts == 1 { "1 more host".to_owned() } else { format!("{hosts} more hosts") };
    format!("after {more} ({}): {why}", candidate.offering.flavor)
}
