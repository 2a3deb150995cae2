//! What holds for every world: generated, small, and with odd numbers among them.

pub(super) mod replay;
pub(super) mod worlds;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::fixtures::*;
use crate::model::{Host, Key, Line, Pod, Pool, Snapshot};
use crate::planner::{Command, Plan, lower_bound_micro, nominees};
use worlds::{extreme, shuffled, world};

/// Plans after which a world that nobody else changes has all that it will get.
const REST: usize = 4;

/// Servers of a pool or cloud: hosts, vCPUs, memory in MiB.
type Sum = (i64, i64, i64);

fn size(snapshot: &Snapshot, cloud: &Key, flavor: &str) -> Sum {
    let offerings = snapshot.clouds.get(cloud).into_iter().flat_map(|cloud| &cloud.offerings);
    offerings
        .filter(|offering| offering.flavor == flavor)
        .map(|offering| (1, offering.vcpus, offering.memory_mib))
        .next()
        .unwrap_or((1, 0, 0))
}

fn sum(hosts: impl Iterator<Item = Sum>) -> Sum {
    hosts.fold((0, 0, 0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2))
}

fn of_pool<'a>(snapshot: &'a Snapshot, pool: &'a Pool) -> impl Iterator<Item = &'a Host> {
    let same = |host: &&Host| Key::new(&host.key.namespace, &host.pool) == pool.key;
    snapshot.hosts.iter().filter(move |host| same(host) && !host.deleting && !host.failed)
}

/// Whether the hosts of a pool, if there are more than before, are within all that limits them.
fn within_limits(before: &Snapshot, next: &Snapshot, pool: &Pool) -> bool {
    let cloud = Key::new(&pool.key.namespace, &pool.cloud);
    let (hosts, vcpus, memory) = sum(of_pool(next, pool).map(|host| size(next, &cloud, &host.flavor)));
    let most = pool.replicas.map_or(pool.max_hosts, |replicas| replicas.min(pool.max_hosts));
    let grown = of_pool(next, pool).count() > of_pool(before, pool).count();
    !grown
        || (hosts <= most as i64
            && pool.limit_cpu_milli.is_none_or(|limit| vcpus * 1_000 <= limit)
            && pool.limit_memory_bytes.is_none_or(|limit| memory << 20 <= limit))
}

/// Whether a cloud's quota, if more of it is used than before, holds.
fn within_quota(before: &Snapshot, next: &Snapshot, cloud: &Key) -> bool {
    let planned = next.hosts.iter().filter(|host| Key::new(&host.key.namespace, &host.cloud) == *cloud);
    let new: Vec<&Host> = planned.filter(|host| !host.in_quota).collect();
    let (hosts, vcpus, memory) = sum(new.iter().map(|host| size(next, cloud, &host.flavor)));
    let quota = next.clouds[cloud].quota;
    let holds = |line: Line, more: i64| line.limit < 0 || line.used + more <= line.limit;
    let grown = next.hosts.len() > before.hosts.len() && new.iter().any(|host| !before.hosts.iter().any(|old| old.key == host.key));
    !grown || (holds(quota.instances, hosts) && holds(quota.cores, vcpus) && holds(quota.memory_mib, memory))
}

/// Hosts that a plan creates without a pod, by pool.
fn idle(plan: &Plan) -> BTreeMap<Key, usize> {
    let mut idle = BTreeMap::new();
    for command in &plan.commands {
        if let Command::CreateHost { pool, pods, .. } = command
            && pods.is_empty()
        {
            *idle.entry(pool.clone()).or_default() += 1;
        }
    }
    idle
}

/// Every waiting pod that the planner models, once, wherever the plan has it.
fn mentioned(plan: &Plan) -> Vec<Key> {
    let mut keys: Vec<Key> = plan.placed.iter().map(|(pod, _)| pod.clone()).collect();
    keys.extend(plan.unplaced.iter().map(|entry| entry.pod.clone()));
    for command in &plan.commands {
        if let Command::CreateHost { pods, .. } = command {
            keys.extend(pods.iter().cloned());
        }
    }
    keys.sort();
    keys
}

fn price(command: &Command) -> i64 {
    match command {
        Command::CreateHost { price_micro, .. } => *price_micro,
        Command::DeleteHost { .. } => 0,
    }
}

fn waits(pod: &&Arc<Pod>) -> bool {
    pod.unschedulable
        && pod.node_name.is_none()
        && pod.nominated_node.is_none()
        && !pod.terminating
        && pod.owner.is_none()
        && pod.spec.scheduler == "default-scheduler"
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_pod_of_a_plan_fits_where_it_is_planned(snapshot in world()) {
        let plan = quick(&snapshot);
        prop_assert_eq!(replay::misfits(&snapshot, &plan), Vec::<String>::new(), "{}\n{:#?}", worlds::sketch(&snapshot), (&plan.placed, &plan.commands));
    }
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_next_plan_creates_nothing_where_the_first_serves_all(snapshot in world()) {
        let first = quick(&snapshot);
        let second = quick(&after(&snapshot, &first));
        let all = first.unplaced.iter().all(|entry| entry.reasons.iter().all(|(pool, _)| pool.is_none()));
        prop_assert!(!all || created(&second).is_empty(), "{}\n{:?}", worlds::sketch(&snapshot), (first, second));
    }

    #[test]
    fn plans_come_to_rest(snapshot in world()) {
        let mut next = snapshot.clone();
        for _ in 0..REST {
            let plan = quick(&next);
            next = after(&next, &plan);
        }
        prop_assert_eq!(created(&quick(&next)), Vec::<String>::new(), "{}", worlds::sketch(&snapshot));
    }

    #[test]
    fn the_order_of_lists_changes_nothing(snapshot in world(), seed: u64) {
        prop_assert_eq!(quick(&shuffled(&snapshot, seed)), quick(&snapshot));
    }

    #[test]
    fn every_waiting_pod_is_mentioned_once(snapshot in world()) {
        let (settled, _) = nominees::settled(&snapshot);
        let mut expected: Vec<Key> = settled.pods.iter().filter(waits).map(|pod| pod.key.clone()).collect();
        expected.sort();
        prop_assert_eq!(mentioned(&quick(&snapshot)), expected);
    }

    #[test]
    fn no_plan_goes_beyond_maximum_limits_or_quota(snapshot in world()) {
        let next = after(&snapshot, &quick(&snapshot));
        for pool in &snapshot.pools {
            prop_assert!(within_limits(&snapshot, &next, pool), "{}", pool.key);
        }
        for cloud in snapshot.clouds.keys() {
            prop_assert!(within_quota(&snapshot, &next, cloud), "{}", cloud);
        }
    }

    #[test]
    fn no_host_is_created_without_a_pod_but_for_a_floor(snapshot in world()) {
        let idle = idle(&quick(&snapshot));
        for pool in &snapshot.pools {
            let missing = pool.replicas.unwrap_or(pool.min_hosts).saturating_sub(of_pool(&snapshot, pool).count());
            prop_assert!(idle.get(&pool.key).copied().unwrap_or(0) <= missing);
        }
    }

    #[test]
    fn nothing_goes_below_a_floor_and_nothing_goes_that_carries_pods(snapshot in world()) {
        let first = quick(&snapshot);
        for pool in snapshot.pools.iter().filter(|pool| pool.replicas.is_none()) {
            let going = deleted(&first);
            let stay = of_pool(&snapshot, pool).filter(|host| !going.contains(&host.key.name.as_str())).count();
            prop_assert!(stay >= pool.min_hosts.min(of_pool(&snapshot, pool).count()));
            for host in of_pool(&snapshot, pool).filter(|host| going.contains(&host.key.name.as_str())) {
                let carries = |pod: &Arc<Pod>| pod.node_name.as_deref() == Some(host.key.name.as_str()) && pod.owner.is_none();
                prop_assert!(host.empty_since.is_some() && !snapshot.pods.iter().any(carries));
            }
        }
    }

    #[test]
    fn what_does_not_fit_any_pool_is_told_by_each(snapshot in world()) {
        for entry in quick(&snapshot).unplaced {
            prop_assert!(entry.reasons.iter().all(|(_, why)| !why.is_empty()));
            prop_assert!(!entry.reasons.is_empty());
        }
    }

    #[test]
    fn no_plan_is_cheaper_than_the_lower_bound(snapshot in world()) {
        let plan = quick(&snapshot);
        let price: i64 = plan.commands.iter().map(price).sum();
        prop_assert!(!plan.unplaced.is_empty() || price >= lower_bound_micro(&snapshot));
    }

    #[test]
    fn extreme_numbers_neither_panic_nor_hang(snapshot in extreme()) {
        let first = quick(&snapshot);
        prop_assert_eq!(quick(&snapshot), first);
    }
}
