//! Releases empty hosts that are in the way: of a pool that may have no more hosts, while pods wait that another kind of host would take.
//!
//! # The rule
//! A host is released when all of this holds.
//! - Its pool lets empty hosts go, has no exact replicas, and its floor does not need the host.
//! - Its node is known and ready, nothing but DaemonSets' pods is bound or nominated there, and no pod of this plan, in a seat or out of it,
//!   is to go there. It has been empty for [`GRACE`], or for the pool's own time if that is shorter.
//! - The plan leaves pods without a place, and something is in the way of the pool's growth.
//! - The same plan, made once more for the world without the host (and without all that is going already), places more of these pods and
//!   leaves none without a place that had one; and it buys no host of the kind that was released.
//!
//! # Why it does not go to and fro
//! What is bought in its place carries pods that waited, and a host with pods is never released. So with the same demand every release is
//! followed by fewer pods that wait, and there are no more releases than pods. Where the purchase fails, its offering is left out: then
//! the plan without the host places nobody, and no second host is released for it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::budget::give_back;
use super::catalog::{Catalog, cloud_of_host};
use super::cluster::{Cluster, is_live};
use super::floor::Spare;
use super::shrink::{Going, is_empty, live_hosts};
use super::{Command, Plan, Releases, plan_of};
use crate::effort::Effort;
use crate::model::{Host, Key, Pool, Snapshot};
use crate::quantity::print_duration;

/// How long a host has been empty before it can be in the way.
const GRACE: SignedDuration = SignedDuration::from_mins(1);
/// Hosts that one plan releases at most; the next one goes on.
const MAX_RELEASED: usize = 8;
/// Pods that a reason names.
const NAMED_PODS: usize = 3;

/// A kind of host: pool, flavor, zone.
type Make<'a> = (&'a Key, &'a str, &'a str);
/// A host, and since when it is empty.
type Idle<'a> = (&'a Host, Timestamp);
/// A pod, by name and UID.
type PodId = (Key, String);

/// Empty hosts to release for pods that this plan leaves without a place, and when the next one may be. `going` goes in any case.
pub(crate) fn in_the_way<'a>(
    cluster: &Cluster<'a>,
    catalog: &Catalog<'a>,
    plan: &Plan,
    going: &HashSet<&'a Key>,
    used: &HashSet<&str>,
    spare: &Spare,
) -> (Vec<Going<'a>>, Option<Timestamp>) {
    let (mut next, mut without) = (None, None);
    let waits = |pool: &&Pool| plan.blocked.contains_key(&pool.key) && pool.ready.is_ok() && pool.replicas.is_none();
    for (at, pool) in catalog.pools.iter().enumerate().filter(|(_, pool)| waits(pool) && !plan.unplaced.is_empty()) {
        let (due, later) = empty(cluster, catalog, at, going, used, spare.left(at));
        next = [next, later].into_iter().flatten().min();
        if due.is_empty() {
            continue;
        }
        let trial = without.get_or_insert_with(|| Trial::of(cluster, catalog, going));
        if let Some((hosts, pods)) = trial.fewest(due) {
            let why = reason(&plan.blocked[&pool.key], &pods);
            let released = |(host, since): Idle<'a>| {
                (host, format!("empty for {} and in the way: {why}", print_duration(cluster.snapshot.now.duration_since(since))))
            };
            return (hosts.into_iter().map(released).collect(), None);
        }
    }
    (Vec::new(), next)
}

/// Hosts of a pool that may be released, those that are empty longest first; and when the next one may be.
fn empty<'a>(
    cluster: &Cluster<'a>,
    catalog: &Catalog<'a>,
    pool: usize,
    going: &HashSet<&'a Key>,
    used: &HashSet<&str>,
    spare: usize,
) -> (Vec<Idle<'a>>, Option<Timestamp>) {
    let Some(after) = catalog.pools[pool].empty_after.filter(|_| spare > 0) else {
        return (Vec::new(), None);
    };
    let now = cluster.snapshot.now;
    let is_ready = |host: &&Host| cluster.nodes.get(host.key.name.as_str()).is_some_and(|node| node.ready);
    let hosts = live_hosts(cluster, catalog, pool).into_iter().filter(is_ready).filter(|host| !going.contains(&host.key));
    let mut hosts: Vec<Idle<'a>> = hosts.filter_map(|host| Some((host, is_empty(host, cluster, used)?))).collect();
    hosts.sort_by_key(|(host, since)| (*since, &host.key));
    let due = |since: &Timestamp| since.checked_add(GRACE.min(after)).ok();
    let (past, young): (Vec<_>, Vec<_>) = hosts.into_iter().partition(|(_, since)| due(since).is_some_and(|due| due <= now));
    let past = past.into_iter().take(spare.min(MAX_RELEASED)).collect();
    (past, young.iter().filter_map(|(_, since)| due(since)).min())
}

/// The world without all that is going, and who finds no place there.
struct Trial<'a, 'c> {
    catalog: &'c Catalog<'a>,
    world: Snapshot,
    plan: Plan,
}

impl<'a, 'c> Trial<'a, 'c> {
    fn of(cluster: &Cluster<'a>, catalog: &'c Catalog<'a>, going: &HashSet<&'a Key>) -> Self {
        let gone = |host: &&Host| !is_live(host) || going.contains(&host.key);
        let gone: Vec<&Host> = cluster.snapshot.hosts.iter().filter(gone).collect();
        let world = without(cluster.snapshot, &gone, catalog);
        let plan = tried(&world);
        Self { catalog, world, plan }
    }

    /// As few of these hosts as help, and whom.
    fn fewest(&self, mut hosts: Vec<Idle<'a>>) -> Option<(Vec<Idle<'a>>, BTreeSet<PodId>)> {
        let mut helped = self.helps(&hosts)?;
        // Those that are empty longest first: the last ones are kept, where it does without them.
        for at in (0..hosts.len()).rev() {
            let mut fewer = hosts.clone();
            fewer.remove(at);
            if let Some(pods) = self.helps(&fewer).filter(|_| !fewer.is_empty()) {
                (hosts, helped) = (fewer, pods);
            }
        }
        Some((hosts, helped))
    }

    /// Which pods find a place when these hosts are gone, if it is worth it.
    fn helps(&self, hosts: &[Idle<'_>]) -> Option<BTreeSet<PodId>> {
        let gone: Vec<&Host> = hosts.iter().map(|(host, _)| *host).collect();
        let plan = tried(&without(&self.world, &gone, self.catalog));
        let (before, after) = (left(&self.plan), left(&plan));
        let (had, buys) = (bought(&self.plan), bought(&plan));
        let again = gone.iter().any(|host| {
            let pool = Key::new(&host.key.namespace, &host.pool);
            let make = (&pool, host.flavor.as_str(), host.zone.as_str());
            buys.get(&make).copied().unwrap_or(0) > had.get(&make).copied().unwrap_or(0)
        });
        let better = after.is_subset(&before) && after.len() < before.len() && !again;
        better.then(|| before.difference(&after).cloned().collect())
    }
}

fn tried(world: &Snapshot) -> Plan {
    plan_of(world, &mut Effort::units(0), Releases::None)
}

/// The world when these hosts, their nodes and what they take of the quota are gone.
fn without(snapshot: &Snapshot, gone: &[&Host], catalog: &Catalog<'_>) -> Snapshot {
    let mut world = snapshot.clone();
    let (keys, names): (HashSet<&Key>, HashSet<&str>) = gone.iter().map(|host| (&host.key, host.key.name.as_str())).unzip();
    for host in gone.iter().filter(|host| host.in_quota) {
        if let Some(cloud) = world.clouds.get_mut(&cloud_of_host(host)) {
            give_back(&mut cloud.quota, host, catalog);
        }
    }
    world.hosts.retain(|host| !keys.contains(&host.key));
    world.nodes.retain(|node| !names.contains(node.name.as_str()));
    world
}

fn left(plan: &Plan) -> BTreeSet<PodId> {
    plan.unplaced.iter().map(|entry| (entry.pod.clone(), entry.uid.clone())).collect()
}

fn bought(plan: &Plan) -> BTreeMap<Make<'_>, usize> {
    let mut bought = BTreeMap::new();
    for command in &plan.commands {
        if let Command::CreateHost { pool, flavor, zone, .. } = command {
            *bought.entry((pool, flavor.as_str(), zone.as_str())).or_default() += 1;
        }
    }
    bought
}

fn reason(blocked: &str, pods: &BTreeSet<PodId>) -> String {
    let named: Vec<String> = pods.iter().take(NAMED_PODS).map(|(pod, _)| pod.to_string()).collect();
    let more = pods.len().saturating_sub(NAMED_PODS);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("another kind of host is needed for {}{more}, and {blocked}", named.join(", "))
}
