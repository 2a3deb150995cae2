//! The floor: hosts that a pool has whatever the demand, its minimum or its exact replicas.

use super::budget::{Budget, Purpose};
use super::catalog::Group;
use super::explain::pool_obstacle;
use super::market::{Lot, Market, WAYS};
use super::simulate::take;
use crate::model::{Key, Pool};

/// What the floor needs.
#[derive(Debug, Default)]
pub(crate) struct Floor {
    /// Candidates to buy, each with its reason.
    pub bought: Vec<(usize, String)>,
    /// Pools that cannot reach their floor, and why.
    pub blocked: Vec<(Key, String)>,
}

/// Buys what is missing, with an eye on the demand that is left: such hosts serve it as well as any.
pub(crate) fn floor(market: &Market<'_>, mut left: Vec<usize>, mut budget: Budget) -> Floor {
    let mut floor = Floor::default();
    for (at, pool) in market.catalog.pools.iter().enumerate() {
        let (wanted, reason) = wanted(pool, budget.hosts(at));
        while budget.hosts(at) < wanted {
            let Some(member) = choose(market, at, &mut left, &budget) else {
                let why = pool_obstacle(market, at, Purpose::Floor, &budget);
                floor.blocked.push((pool.key.clone(), why));
                break;
            };
            budget.take(&market.catalog.candidates[member], market.catalog);
            floor.bought.push((member, reason.clone()));
        }
    }
    floor
}

/// How many hosts the pool is to have at least, and why.
fn wanted(pool: &Pool, exist: usize) -> (usize, String) {
    match pool.replicas {
        Some(replicas) => (replicas, format!("replicas is {replicas} and the pool has {exist}")),
        None => (pool.min_hosts.min(pool.max_hosts), format!("minHosts is {} and the pool has {exist}", pool.min_hosts)),
    }
}

/// The candidate that serves what waits best, else the cheapest.
fn choose(market: &Market<'_>, pool: usize, left: &mut [usize], budget: &Budget) -> Option<usize> {
    let owner = |group: &Group| market.catalog.candidates[group.members[0]].pool;
    let mut groups: Vec<&Group> = market.catalog.groups.iter().filter(|group| owner(group) == pool).collect();
    groups.retain(|group| market.room(group, budget, Purpose::Floor) > 0);
    let lots: Vec<Lot<'_>> = groups.iter().map(|group| market.lot(group)).collect();
    let group = match market.choose(&lots, &lots, left, WAYS[0]) {
        Some((at, pattern)) => {
            take(&pattern, left, 1);
            groups[at]
        }
        None => groups.first()?,
    };
    Some(budget.quietest(&group.members, market.catalog))
}
