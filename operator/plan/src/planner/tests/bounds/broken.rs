//! What a plan would break: limits, lines of the quota, seats in server groups, floors.

use std::collections::BTreeSet;

use crate::fixtures::*;
use crate::model::{Host, Key, Pool, Snapshot};
use crate::planner::{Command, Plan};

pub(super) fn owner<'a>(snapshot: &'a Snapshot, host: &Host) -> Option<&'a Pool> {
    snapshot.pools.iter().find(|pool| pool.key == Key::new(&host.key.namespace, &host.pool))
}

/// vCPUs and MiB.
pub(super) fn size(snapshot: &Snapshot, flavor: &str) -> (i64, i64) {
    let offering = snapshot.clouds[&key("main")].offerings.iter().find(|offering| offering.flavor == flavor).unwrap();
    (offering.vcpus, offering.memory_mib)
}

pub(super) fn made(snapshot: &Snapshot, plan: &Plan) -> Vec<(Key, String, String)> {
    let made = |command: &Command| match command {
        Command::CreateHost { pool, flavor, zone, .. } => Some((pool.clone(), flavor.clone(), zone.clone())),
        Command::DeleteHost { .. } => None,
    };
    assert!(plan.commands.iter().filter_map(made).all(|(pool, ..)| snapshot.pools.iter().any(|known| known.key == pool)));
    plan.commands.iter().filter_map(made).collect()
}

/// Limits of pools that the plan's purchases break.
pub(super) fn broken_limits(snapshot: &Snapshot, plan: &Plan) -> Vec<String> {
    let mut broken = Vec::new();
    for pool in &snapshot.pools {
        let bought: Vec<String> =
            made(snapshot, plan).into_iter().filter(|(own, ..)| *own == pool.key).map(|(_, flavor, _)| flavor).collect();
        let live = snapshot.hosts.iter().filter(|host| !host.deleting && !host.failed && owner(snapshot, host) == Some(pool));
        let all: Vec<(i64, i64)> =
            live.map(|host| host.flavor.as_str()).chain(bought.iter().map(String::as_str)).map(|flavor| size(snapshot, flavor)).collect();
        let (cpus, memory): (i64, i64) = all.iter().fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1));
        let most = pool.replicas.unwrap_or(pool.max_hosts).min(pool.max_hosts);
        let checks = [
            ("hosts", all.len() > most),
            ("cpu", pool.limit_cpu_milli.is_some_and(|limit| cpus * 1_000 > limit)),
            ("memory", pool.limit_memory_bytes.is_some_and(|limit| memory << 20 > limit)),
            ("ready", pool.ready.is_err()),
        ];
        broken.extend(checks.into_iter().filter(|(_, over)| *over && !bought.is_empty()).map(|(what, _)| format!("{}: {what}", pool.key)));
    }
    broken
}

/// Lines of the quota that the plan's purchases break, with what the cloud has not counted yet.
pub(super) fn broken_quota(snapshot: &Snapshot, plan: &Plan) -> Vec<&'static str> {
    let quota = snapshot.clouds[&key("main")].quota;
    let takes = |flavor: &str, pool: Option<&Pool>| {
        let ((cpus, memory), extras) = (size(snapshot, flavor), pool.map(|pool| pool.extras).unwrap_or_default());
        [1, cpus, memory, extras.ports, extras.floating_ips, i64::from(extras.volume_gib.is_some()), extras.volume_gib.unwrap_or(0)]
    };
    let bought: Vec<[i64; 7]> = made(snapshot, plan)
        .iter()
        .map(|(pool, flavor, _)| takes(flavor, snapshot.pools.iter().find(|known| known.key == *pool)))
        .collect();
    let coming = snapshot.hosts.iter().filter(|host| !host.in_quota).map(|host| takes(&host.flavor, owner(snapshot, host)));
    let coming: Vec<[i64; 7]> = coming.collect();
    let lines = [quota.instances, quota.cores, quota.memory_mib, quota.ports, quota.floating_ips, quota.volumes, quota.gigabytes];
    let names = ["instances", "cores", "memory", "ports", "floating IPs", "volumes", "gigabytes"];
    let over = |at: &usize| {
        let more: i64 = bought.iter().map(|takes| takes[*at]).sum();
        let all = lines[*at].used + more + coming.iter().map(|takes| takes[*at]).sum::<i64>();
        more > 0 && lines[*at].limit >= 0 && all > lines[*at].limit
    };
    (0..7).filter(over).map(|at| names[at]).collect()
}

/// Hosts of server groups beyond what members and groups allow.
pub(super) fn over_seated(snapshot: &Snapshot, plan: &Plan) -> bool {
    let quota = snapshot.clouds[&key("main")].quota;
    if quota.server_groups.limit < 0 || quota.server_group_members < 0 {
        return false;
    }
    let mut new_groups = 0;
    for pool in snapshot.pools.iter().filter(|pool| pool.extras.grouped) {
        let bought = made(snapshot, plan).iter().filter(|(own, ..)| *own == pool.key).count() as i64;
        let own: Vec<&Host> = snapshot.hosts.iter().filter(|host| owner(snapshot, host) == Some(pool)).collect();
        let seatless = own.iter().filter(|host| host.group.is_none() && !host.deleting && !host.failed).count() as i64;
        let groups: BTreeSet<&String> = own.iter().filter_map(|host| host.group.as_ref()).collect();
        let members = |group: &&String| own.iter().filter(|host| host.group.as_ref() == Some(*group)).count() as i64;
        let free: i64 = groups.iter().map(|group| (quota.server_group_members - members(group)).max(0)).sum();
        let short = (seatless + bought - free).max(0);
        if bought > 0 && short > 0 {
            new_groups += (short + quota.server_group_members.max(1) - 1) / quota.server_group_members.max(1);
        }
    }
    new_groups > 0
        && (quota.server_group_members == 0
            || quota.server_groups.used + new_groups > quota.server_groups.limit.max(quota.server_groups.used))
}

fn takes_pods(snapshot: &Snapshot, host: &Host) -> bool {
    let ready = snapshot.nodes.iter().any(|node| node.name == host.key.name && node.ready);
    !host.deleting && !host.failed && (!host.joined || ready)
}

/// Pools that have fewer useful hosts after the plan than their floor, and had more before.
pub(super) fn below_floor(snapshot: &Snapshot, plan: &Plan) -> Vec<Key> {
    let going = deleted(plan);
    let below = |pool: &&Pool| {
        let useful: Vec<&Host> =
            snapshot.hosts.iter().filter(|host| takes_pods(snapshot, host) && owner(snapshot, host) == Some(pool)).collect();
        let stay = useful.iter().filter(|host| !going.contains(&host.key.name.as_str())).count();
        stay < useful.len() && stay < pool.min_hosts.min(pool.max_hosts)
    };
    snapshot.pools.iter().filter(|pool| pool.replicas.is_none()).filter(below).map(|pool| pool.key.clone()).collect()
}
