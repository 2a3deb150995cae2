//! Hosts on their way that nobody needs any longer: found at each plan, and let go when it stays so.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};

use super::catalog::Catalog;
use super::cluster::{Cluster, is_live};
use super::floor::Spare;
use super::place::Placing;
use super::shrink::Going;
use super::supply::Origin;
use crate::model::Host;
use crate::quantity::print_duration;
use crate::scheduling::is_joining;

/// How long a host on its way stays although no plan needs it.
const SURPLUS_PATIENCE: SignedDuration = SignedDuration::from_secs(30);

/// Hosts in flight that no pod of the plan needs, nor the pool's floor, youngest first of each pool; and when the first one's patience ends.
pub(crate) fn idle<'a>(
    cluster: &Cluster<'a>,
    catalog: &Catalog<'a>,
    placing: &Placing<'a>,
    spare: &Spare,
) -> (Vec<&'a Host>, Option<Timestamp>) {
    let mut idle = Vec::new();
    for at in 0..catalog.pools.len() {
        let of_pool = |host: &&Host| is_live(host) && catalog.pool_of(host) == Some(at);
        let coming = placing.bins.iter().filter(|bin| bin.origin == Origin::Coming && bin.pattern.is_empty());
        let mut hosts: Vec<&Host> = coming.filter_map(|bin| bin.host).filter(of_pool).collect();
        // A node that was open once and fell silent is not on its way: whether its host goes is not decided here.
        let on_its_way = |host: &Host| cluster.nodes.get(host.key.name.as_str()).map_or(!host.joined, |node| is_joining(node));
        hosts.retain(|host| cluster.workload(&host.key.name) == 0 && on_its_way(host));
        hosts.sort_by_key(|host| (Reverse(host.created), &host.key));
        hosts.truncate(spare.left(at));
        idle.extend(hosts);
    }
    idle.sort_by_key(|host| &host.key);
    let ends = idle.iter().filter_map(|host| host.unneeded_since?.checked_add(SURPLUS_PATIENCE).ok());
    let next = ends.filter(|end| *end > cluster.snapshot.now).min();
    (idle, next)
}

/// Those of which every plan said so for long enough.
pub(crate) fn overdue<'a>(idle: &[&'a Host], catalog: &Catalog<'_>, spare: &mut Spare, now: Timestamp) -> Vec<Going<'a>> {
    let due = idle.iter().filter_map(|host| {
        let unneeded = now.duration_since(host.unneeded_since?);
        if unneeded < SURPLUS_PATIENCE {
            return None;
        }
        spare.take(catalog.pool_of(host)?)?;
        let reason = format!("no pod needs it any longer: on its way, and not needed for {}", print_duration(unneeded));
        Some((*host, reason))
    });
    due.collect()
}
