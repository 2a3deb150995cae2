//! The floor: hosts that a pool has whatever the demand, its minimum or its exact replicas.

use std::collections::HashSet;

use super::budget::{Budget, Purpose};
use super::buy::{Basket, Bought, Market};
use super::catalog::{Catalog, Group};
use super::cluster::{Cluster, is_live};
use super::explain::pool_obstacle;
use super::place::Placing;
use crate::effort::Effort;
use crate::model::{Host, Key, Pool};

impl<'a> Market<'a> {
    /// Buys what is missing, with an eye on the demand that is left: such hosts serve it as well as any. Says which pools cannot reach
    /// their floor, and why. A host that joined and is silent now is not missing: nobody knows that it is dead before it has failed.
    pub fn buy_floor(&self, placing: &mut Placing<'a>, basket: &mut Basket) -> Vec<(Key, String)> {
        let mut blocked = Vec::new();
        for (at, pool) in self.catalog.pools.iter().enumerate() {
            let (wanted, reason) = wanted(pool, basket.budget.hosts(at));
            let missing = wanted.saturating_sub(basket.budget.hosts(at));
            if missing == 0 {
                continue;
            }
            let owner = |group: &&Group| self.catalog.candidates[group.members[0]].pool == at;
            let groups: Vec<&Group> = self.catalog.groups.iter().filter(owner).collect();
            let start = basket.bought.len();
            self.buy_from(&groups, placing, basket, Purpose::Floor, missing, &mut Effort::units(0));
            while basket.budget.hosts(at) < wanted {
                let Some(candidate) = self.cheapest(&groups, &basket.budget) else {
                    blocked.push((pool.key.clone(), pool_obstacle(self, at, Purpose::Floor, &basket.budget)));
                    break;
                };
                basket.budget.take(&self.catalog.candidates[candidate], self.catalog);
                placing.field.open(&self.demand.rules, &self.catalog.candidates[candidate].spot);
                basket.bought.push(Bought { candidate, pattern: Vec::new(), floor: None });
            }
            let first = start.min(basket.bought.len());
            basket.bought[first..].iter_mut().for_each(|bought| bought.floor = Some(reason.clone()));
        }
        blocked
    }

    fn cheapest(&self, groups: &[&Group], budget: &Budget) -> Option<usize> {
        groups.iter().find_map(|group| budget.quietest(&group.twins, Purpose::Floor, self.catalog))
    }
}

/// How many hosts the pool is to have at least, and why.
fn wanted(pool: &Pool, exist: usize) -> (usize, String) {
    match pool.replicas {
        Some(replicas) => (replicas, format!("replicas is {replicas} and the pool has {exist}")),
        None => (floor_of(pool), format!("minHosts is {} and the pool has {exist}", pool.min_hosts)),
    }
}

/// How many hosts a pool has whatever the demand.
pub(crate) fn floor_of(pool: &Pool) -> usize {
    pool.replicas.unwrap_or(pool.min_hosts.min(pool.max_hosts))
}

/// How many hosts each pool can let go and still have its floor. All that one plan lets go is taken from here.
///
/// Here only hosts count that take pods or are on their way: one whose node is gone or not ready sends no healthy one away.
pub(crate) struct Spare(Vec<usize>);

impl Spare {
    /// Hosts that `going` names are gone already.
    pub fn of(cluster: &Cluster<'_>, catalog: &Catalog<'_>, going: &HashSet<&Key>) -> Self {
        let mut useful = vec![0_usize; catalog.pools.len()];
        for host in cluster.snapshot.hosts.iter().filter(|host| is_useful(host, cluster) && !going.contains(&host.key)) {
            catalog.pool_of(host).into_iter().for_each(|pool| useful[pool] += 1);
        }
        Self(useful.iter().zip(&catalog.pools).map(|(useful, pool)| useful.saturating_sub(floor_of(pool))).collect())
    }

    /// How many of a pool.
    pub fn left(&self, pool: usize) -> usize {
        self.0[pool]
    }

    /// Lets one go; `None` if the floor needs it.
    pub fn take(&mut self, pool: usize) -> Option<()> {
        self.0[pool] = self.0[pool].checked_sub(1)?;
        Some(())
    }
}

fn is_useful(host: &Host, cluster: &Cluster<'_>) -> bool {
    is_live(host) && (!host.joined || cluster.nodes.get(host.key.name.as_str()).is_some_and(|node| node.ready))
}
