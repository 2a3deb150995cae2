//! The budget: how many more hosts a pool may have, by its own limits and by the cloud's quota, and what to do where it is none.

mod limits;

use std::collections::BTreeMap;

use super::catalog::{Candidate, Catalog, cloud_key, cloud_of_host};
use super::cluster::is_live;
use super::seats::Seats;
use crate::model::{Extras, Host, Key, Line, Offering, Quota, Snapshot};

const MIB: i64 = 1 << 20;

/// What a host is bought for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// For pods.
    Demand,
    /// To reach the pool's minimum or replicas.
    Floor,
}

/// What a pool has.
#[derive(Clone, Debug, Default)]
struct Held {
    hosts: usize,
    cpu_milli: i64,
    memory_mib: i64,
    /// Hosts by zone.
    zones: BTreeMap<String, usize>,
    seats: Seats,
}

/// What is used of all limits, with what this plan buys. Hosts that fail or are being deleted count against the quota only: their
/// servers may exist, but they are not what the pool is to be.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    pools: Vec<Held>,
    quotas: BTreeMap<Key, Quota>,
}

impl Budget {
    pub fn of(snapshot: &Snapshot, catalog: &Catalog<'_>) -> Self {
        let quotas = snapshot.clouds.iter().map(|(key, cloud)| (key.clone(), cloud.quota)).collect();
        let mut budget = Self { pools: vec![Held::default(); catalog.pools.len()], quotas };
        for host in &snapshot.hosts {
            let size = size_of(host, catalog);
            let pool = catalog.pool_of(host);
            if let Some(pool) = pool.filter(|_| is_live(host)) {
                budget.pools[pool].add(&host.zone, size, 1);
            }
            let extras = pool.map(|pool| catalog.pools[pool].extras).unwrap_or_default();
            if let Some(quota) = budget.quotas.get_mut(&cloud_of_host(host)).filter(|_| !host.in_quota) {
                use_quota(quota, size, &extras, 1);
            }
            if let (Some(pool), Some(group)) = (pool, &host.group) {
                budget.pools[pool].seats.sits(group);
            }
        }
        budget.promise_seats(snapshot, catalog);
        budget
    }

    /// Hosts that are to sit in a server group and do not yet need a seat each. Where the quota has no seat for all, the oldest have theirs.
    fn promise_seats(&mut self, snapshot: &Snapshot, catalog: &Catalog<'_>) {
        let mut waiting: Vec<&Host> = snapshot.hosts.iter().filter(|host| host.group.is_none() && is_live(host)).collect();
        waiting.sort_by_key(|host| (host.created, &host.key));
        for host in waiting {
            let pool = catalog.pool_of(host).filter(|pool| catalog.pools[*pool].extras.grouped);
            if let (Some(pool), Some(quota)) = (pool, self.quotas.get_mut(&cloud_of_host(host))) {
                self.pools[pool].seats.promise(1, quota);
            }
        }
    }

    /// Live hosts of a pool, with those bought.
    pub fn hosts(&self, pool: usize) -> usize {
        self.pools[pool].hosts
    }

    /// Counts a host as bought.
    pub fn take(&mut self, candidate: &Candidate<'_>, catalog: &Catalog<'_>) {
        self.take_many(candidate, catalog, 1);
    }

    /// Counts so many hosts as bought.
    pub fn take_many(&mut self, candidate: &Candidate<'_>, catalog: &Catalog<'_>, hosts: usize) {
        let size = (candidate.offering.vcpus, candidate.offering.memory_mib);
        let extras = &catalog.pools[candidate.pool].extras;
        let times = i64::try_from(hosts).unwrap_or(i64::MAX);
        self.pools[candidate.pool].add(&candidate.offering.zone, size, hosts);
        if let Some(quota) = self.quotas.get_mut(&cloud_key(catalog.pools[candidate.pool])) {
            use_quota(quota, size, extras, times);
            if extras.grouped {
                self.pools[candidate.pool].seats.promise(times, quota);
            }
        }
    }

    /// The member that can be had and has the fewest hosts of its pool in its zone, first zone first.
    pub fn quietest(&self, members: &[usize], purpose: Purpose, catalog: &Catalog<'_>) -> Option<usize> {
        let hosts = |at: &usize| {
            let candidate = &catalog.candidates[*at];
            self.pools[candidate.pool].zones.get(&candidate.offering.zone).copied().unwrap_or(0)
        };
        let had = members.iter().copied().filter(|at| self.room(&catalog.candidates[*at], purpose, catalog).is_ok());
        had.min_by_key(|at| (hosts(at), *at))
    }

    /// How many more such hosts may be bought.
    ///
    /// # Errors
    /// Why it is none, and what to change.
    pub fn room(&self, candidate: &Candidate<'_>, purpose: Purpose, catalog: &Catalog<'_>) -> Result<usize, String> {
        let own = self.pool_room(candidate, purpose, catalog)?;
        let pool = catalog.pools[candidate.pool];
        let quota = self.quotas.get(&cloud_key(pool)).copied().unwrap_or_default();
        let seats = if pool.extras.grouped { self.pools[candidate.pool].seats.room(&quota)? } else { usize::MAX };
        Ok(own.min(seats).min(quota_room(&quota, candidate.offering, &pool.extras)?))
    }

    fn pool_room(&self, candidate: &Candidate<'_>, purpose: Purpose, catalog: &Catalog<'_>) -> Result<usize, String> {
        let pool = catalog.pools[candidate.pool];
        let held = &self.pools[candidate.pool];
        let hosts = held.hosts;
        if let (Some(replicas), Purpose::Demand) = (pool.replicas, purpose) {
            return Err(format!(
                "replicas is {replicas}, so pods buy no host here; raise replicas, or unset it to size the pool by demand"
            ));
        }
        let spare = pool.max_hosts.saturating_sub(hosts);
        if spare == 0 {
            let exist = plural(hosts as i64, "host exists", "hosts exist");
            return Err(format!("maxHosts is {} and {exist}; raise maxHosts", pool.max_hosts));
        }
        let flavor = &candidate.offering.flavor;
        let cpu =
            limit_room(pool.limit_cpu_milli, held.cpu_milli, candidate.offering.vcpus.saturating_mul(1_000)).map_err(|(limit, need)| {
                let (limit, used, need) = (cpus(limit), cpus(held.cpu_milli), cpus(need));
                format!("limit of cpu is {limit} and {used} are used; {flavor} needs {need}: raise limits.cpu")
            })?;
        let memory_limit = pool.limit_memory_bytes.map(|bytes| bytes / MIB);
        let memory = limit_room(memory_limit, held.memory_mib, candidate.offering.memory_mib).map_err(|(limit, need)| {
            let used = held.memory_mib;
            format!("limit of memory is {limit} MiB and {used} are used; {flavor} needs {need}: raise limits.memory")
        })?;
        Ok(spare.min(cpu).min(memory))
    }
}

impl Held {
    fn add(&mut self, zone: &str, (vcpus, memory_mib): (i64, i64), hosts: usize) {
        let times = i64::try_from(hosts).unwrap_or(i64::MAX);
        self.hosts = self.hosts.saturating_add(hosts);
        self.cpu_milli = self.cpu_milli.saturating_add(vcpus.saturating_mul(1_000).saturating_mul(times));
        self.memory_mib = self.memory_mib.saturating_add(memory_mib.saturating_mul(times));
        *self.zones.entry(zone.to_owned()).or_default() += hosts;
    }
}

/// Gives back what a host takes of a quota that counts it.
pub(crate) fn give_back(quota: &mut Quota, host: &Host, catalog: &Catalog<'_>) {
    let extras = catalog.pool_of(host).map(|pool| catalog.pools[pool].extras).unwrap_or_default();
    use_quota(quota, size_of(host, catalog), &extras, -1);
}

/// vCPUs and memory in MiB; of a flavor that the cloud no longer lists, what its node offers.
fn size_of(host: &Host, catalog: &Catalog<'_>) -> (i64, i64) {
    catalog.offering(host).map_or_else(
        || (host.allocatable.cpu_milli / 1_000, host.allocatable.memory_bytes / MIB),
        |offering| (offering.vcpus, offering.memory_mib),
    )
}

fn use_quota(quota: &mut Quota, (vcpus, memory_mib): (i64, i64), extras: &Extras, hosts: i64) {
    let taken = [
        (&mut quota.instances, 1),
        (&mut quota.cores, vcpus),
        (&mut quota.memory_mib, memory_mib),
        (&mut quota.ports, extras.ports),
        (&mut quota.floating_ips, extras.floating_ips),
        (&mut quota.volumes, i64::from(extras.volume_gib.is_some())),
        (&mut quota.gigabytes, extras.volume_gib.unwrap_or(0)),
    ];
    for (line, each) in taken {
        line.used = line.used.saturating_add(each.saturating_mul(hosts));
    }
}

/// What a host takes of each line of a quota: name, unit, line, amount.
fn quota_lines(quota: &Quota, offering: &Offering, extras: &Extras) -> [(&'static str, &'static str, Line, i64); 7] {
    [
        ("instances", "", quota.instances, 1),
        ("cores", "", quota.cores, offering.vcpus),
        ("memory", " MiB", quota.memory_mib, offering.memory_mib),
        ("ports", "", quota.ports, extras.ports),
        ("floating IPs", "", quota.floating_ips, extras.floating_ips),
        ("volumes", "", quota.volumes, i64::from(extras.volume_gib.is_some())),
        ("gigabytes of volumes", "", quota.gigabytes, extras.volume_gib.unwrap_or(0)),
    ]
}

fn quota_room(quota: &Quota, offering: &Offering, extras: &Extras) -> Result<usize, String> {
    let mut room = usize::MAX;
    for (name, unit, line, need) in quota_lines(quota, offering, extras) {
        room = room.min(line_room(line, need).map_err(|short| {
            let Line { limit, used } = line;
            let hosts = plural(short.div_euclid(need) + i64::from(short % need != 0), "host", "hosts");
            format!("quota for {name} is {used} of {limit}{unit}; raise it by {short} or delete {hosts}")
        })?);
    }
    Ok(room)
}

/// How often `need` is left, or how much is missing for once.
fn line_room(line: Line, need: i64) -> Result<usize, i64> {
    if line.limit < 0 {
        return Ok(usize::MAX);
    }
    limit_room(Some(line.limit), line.used, need).map_err(|(limit, need)| line.used.saturating_add(need).saturating_sub(limit))
}

/// How often `need` is left below the limit, or both, where it is not.
fn limit_room(limit: Option<i64>, used: i64, need: i64) -> Result<usize, (i64, i64)> {
    match limit {
        Some(limit) if need > 0 => {
            let times = limit.saturating_sub(used) / need;
            usize::try_from(times).ok().filter(|times| *times > 0).ok_or((limit, need))
        }
        _ => Ok(usize::MAX),
    }
}

/// Milli-CPU as CPUs.
pub(crate) fn cpus(milli: i64) -> String {
    crate::quantity::print_price_micro(milli.saturating_mul(1_000))
}

fn plural(n: i64, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}
