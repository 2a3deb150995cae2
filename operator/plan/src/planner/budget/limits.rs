//! What is left of all limits, as a packing problem has it.

use std::collections::BTreeSet;

use super::{Budget, MIB, Purpose, quota_lines};
use crate::model::{Key, Quota};
use crate::pack::Limit;
use crate::planner::catalog::{Candidate, Catalog, cloud_key};

impl Budget {
    /// Limits of the pools of these candidates and of their clouds, each candidate being a kind.
    pub fn limits(&self, candidates: &[&Candidate<'_>], purpose: Purpose, catalog: &Catalog<'_>) -> Vec<Limit> {
        let pools: BTreeSet<usize> = candidates.iter().map(|candidate| candidate.pool).collect();
        let clouds: BTreeSet<Key> = pools.iter().map(|pool| cloud_key(catalog.pools[*pool])).collect();
        let mut limits: Vec<Limit> = pools.into_iter().flat_map(|pool| self.pool_limits(candidates, pool, purpose, catalog)).collect();
        for cloud in clouds {
            limits.extend(self.quotas.get(&cloud).map(|quota| quota_limits(candidates, &cloud, quota, catalog)).unwrap_or_default());
        }
        limits
    }

    fn pool_limits(&self, candidates: &[&Candidate<'_>], pool: usize, purpose: Purpose, catalog: &Catalog<'_>) -> Vec<Limit> {
        let (owner, held) = (catalog.pools[pool], &self.pools[pool]);
        let of_pool = |use_of: &dyn Fn(&Candidate<'_>) -> i64, at_most: i64| {
            let uses = candidates.iter().map(|candidate| if candidate.pool == pool { use_of(candidate) } else { 0 }).collect();
            Limit { uses, at_most: at_most.max(0) }
        };
        let most = if purpose == Purpose::Demand && owner.replicas.is_some() { 0 } else { owner.max_hosts };
        let spare = i64::try_from(most.saturating_sub(held.hosts)).unwrap_or(i64::MAX);
        let mut limits = vec![of_pool(&|_| 1, spare)];
        if let Some(limit) = owner.limit_cpu_milli {
            let use_of = |candidate: &Candidate<'_>| candidate.offering.vcpus.saturating_mul(1_000).max(0);
            limits.push(of_pool(&use_of, limit.saturating_sub(held.cpu_milli)));
        }
        if let Some(limit) = owner.limit_memory_bytes {
            let use_of = |candidate: &Candidate<'_>| candidate.offering.memory_mib.max(0);
            limits.push(of_pool(&use_of, (limit / MIB).saturating_sub(held.memory_mib)));
        }
        if owner.extras.grouped {
            let quota = self.quotas.get(&cloud_key(owner)).copied().unwrap_or_default();
            let seats = held.seats.room(&quota).unwrap_or(0);
            limits.push(of_pool(&|_| 1, i64::try_from(seats).unwrap_or(i64::MAX)));
        }
        limits
    }
}

fn quota_limits(candidates: &[&Candidate<'_>], cloud: &Key, quota: &Quota, catalog: &Catalog<'_>) -> Vec<Limit> {
    let uses: Vec<Option<[i64; 7]>> = candidates
        .iter()
        .map(|candidate| {
            let pool = catalog.pools[candidate.pool];
            let lines = (cloud_key(pool) == *cloud).then(|| quota_lines(quota, candidate.offering, &pool.extras));
            lines.map(|lines| lines.map(|(_, _, _, need)| need.max(0)))
        })
        .collect();
    let lines = [quota.instances, quota.cores, quota.memory_mib, quota.ports, quota.floating_ips, quota.volumes, quota.gigabytes];
    let limited = lines.into_iter().enumerate().filter(|(_, line)| line.limit >= 0);
    let limits = limited.map(|(at, line)| Limit {
        uses: uses.iter().map(|uses| uses.map_or(0, |uses| uses[at])).collect(),
        at_most: line.limit.saturating_sub(line.used).max(0),
    });
    limits.collect()
}
