//! Lets hosts go: what a pool with exact replicas has too many of, and what has been empty for long enough.

use std::cmp::Reverse;
use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::catalog::Catalog;
use super::cluster::{Cluster, is_live};
use super::floor::Spare;
use crate::model::{Host, Key};
use crate::quantity::print_duration;

/// A host to let go, and why.
pub(crate) type Going<'a> = (&'a Host, String);

/// Hosts above a pool's replicas: those that have not joined first, then the emptiest, then the youngest.
pub(crate) fn surplus<'a>(cluster: &Cluster<'a>, catalog: &Catalog<'a>) -> Vec<Going<'a>> {
    let mut going = Vec::new();
    for (at, pool) in catalog.pools.iter().enumerate() {
        let Some(replicas) = pool.replicas else {
            continue;
        };
        let mut hosts = live_hosts(cluster, catalog, at);
        let exist = hosts.len();
        hosts.sort_by_key(|host| {
            let name = host.key.name.as_str();
            let node = cluster.nodes.get(name);
            let joined = node.is_some_and(|node| !cluster.joins(node, host));
            (node.is_some(), joined, cluster.workload(name), Reverse(host.created), &host.key)
        });
        hosts.truncate(exist.saturating_sub(replicas));
        let reason = format!("replicas is {replicas} and the pool has {exist} hosts");
        going.extend(hosts.into_iter().map(|host| (host, reason.clone())));
    }
    going
}

/// Hosts that have been empty for as long as their pool allows, and that neither a pod of this plan nor the pool's minimum needs; and when
/// the next one's time is up.
pub(crate) fn empty<'a>(
    cluster: &Cluster<'a>,
    catalog: &Catalog<'a>,
    used: &HashSet<&str>,
    spare: &mut Spare,
) -> (Vec<Going<'a>>, Option<Timestamp>) {
    let now = cluster.snapshot.now;
    let (mut going, mut next) = (Vec::new(), None);
    for (at, pool) in catalog.pools.iter().enumerate() {
        let (Some(after), None) = (pool.empty_after, pool.replicas) else {
            continue;
        };
        let hosts = live_hosts(cluster, catalog, at);
        let mut idle: Vec<(&Host, Timestamp)> = hosts.into_iter().filter_map(|host| Some((host, is_empty(host, cluster, used)?))).collect();
        idle.sort_by_key(|(host, since)| (*since, &host.key));
        for (host, since) in idle.into_iter().take(spare.left(at)) {
            match due(since, after) {
                Some(due) if due <= now && spare.take(at).is_some() => going.push((host, reason(now.duration_since(since), after))),
                Some(due) if due > now => next = Some(next.map_or(due, |next: Timestamp| next.min(due))),
                _ => {}
            }
        }
    }
    (going, next)
}

/// When a host's time is up; `None` is never.
fn due(since: Timestamp, after: SignedDuration) -> Option<Timestamp> {
    since.checked_add(after).ok()
}

fn reason(empty: SignedDuration, after: SignedDuration) -> String {
    format!("empty for {}; the pool lets empty hosts go after {}", print_duration(empty), print_duration(after))
}

/// Since when a host is known to be empty and not needed by this plan. A host whose node is not known is not empty.
pub(crate) fn is_empty(host: &Host, cluster: &Cluster<'_>, used: &HashSet<&str>) -> Option<Timestamp> {
    let name = host.key.name.as_str();
    let known = cluster.nodes.contains_key(name);
    host.empty_since.filter(|_| known && cluster.workload(name) == 0 && !used.contains(name))
}

pub(crate) fn live_hosts<'a>(cluster: &Cluster<'a>, catalog: &Catalog<'a>, pool: usize) -> Vec<&'a Host> {
    let hosts = cluster.snapshot.hosts.iter();
    hosts.filter(|host| is_live(host) && catalog.pool_of(host) == Some(pool)).collect()
}

/// The names of the hosts that go.
pub(crate) fn keys<'a>(going: &[Going<'a>]) -> HashSet<&'a Key> {
    going.iter().map(|(host, _)| &host.key).collect()
}
