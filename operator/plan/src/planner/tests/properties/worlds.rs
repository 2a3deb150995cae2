//! Generators of worlds.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::fixtures::*;
use crate::model::{Cloud, DaemonSet, Host, Line, Node, NodeTerm, Offering, Pod, Pool, Quota, Snapshot, Taint};
use crate::resources::Resources;

const ZONE: &str = "topology.kubernetes.io/zone";

fn selector() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop_oneof![
        6 => Just(labels(&[])),
        1 => select(vec!["az1", "az2", "az9"]).prop_map(|zone| labels(&[(ZONE, zone)])),
        1 => Just(labels(&[("tier", "gold")])),
    ]
}

fn affinity() -> impl Strategy<Value = Option<Vec<NodeTerm>>> {
    let operator = select(vec!["In", "NotIn", "Exists", "DoesNotExist", "Gt"]);
    let key = select(vec![ZONE, "tier", "gantry.cloud/pool"]);
    let values = vec(select(vec!["az1", "gold", "pool-0"]), 0..3);
    let one = (key, operator, values).prop_map(|(key, operator, values)| term(vec![expression(key, operator, &values)]));
    prop_oneof![6 => Just(None), 1 => vec(one, 0..3).prop_map(Some)]
}

fn requests() -> impl Strategy<Value = Resources> {
    (select(vec![0, 100, 250, 500, 1_000, 1_500, 3_500, 9_000]), select(vec![0, 1, 2, 4, 12, 40]), 0..9).prop_map(|(cpu, memory, gpu)| {
        let mut requests = resources(cpu, memory);
        if gpu == 0 {
            requests.extended.insert("nvidia.com/gpu".to_owned(), 1);
        }
        requests
    })
}

fn waiting() -> impl Strategy<Value = Pod> {
    (requests(), selector(), affinity(), any::<bool>(), 0..3, 0..4i64, 0..20).prop_map(
        |(requests, node_selector, node_affinity, tolerates, priority, age, odd)| Pod {
            requests,
            node_selector,
            node_affinity,
            tolerations: if tolerates { vec![tolerate_all()] } else { Vec::new() },
            priority,
            created: ago(age),
            beyond: if odd == 0 { vec!["pod affinity".to_owned()] } else { Vec::new() },
            terminating: odd == 1,
            nominated_node: (odd == 2).then(|| "node-0".to_owned()),
            ..pod("", 0, 0)
        },
    )
}

/// Waiting pods, each drawn shape several times.
fn demand() -> impl Strategy<Value = Vec<Pod>> {
    vec((waiting(), 1..12usize), 0..8).prop_map(|shapes| {
        let mut pods = Vec::new();
        for (at, (pod, count)) in shapes.into_iter().enumerate() {
            for nth in 0..count {
                pods.push(Pod { key: key(&format!("pod-{at}-{nth}")), uid: format!("{at}-{nth}"), ..pod.clone() });
            }
        }
        pods
    })
}

fn taints() -> impl Strategy<Value = Vec<Taint>> {
    prop_oneof![4 => Just(Vec::new()), 1 => Just(vec![taint("dedicated", "db", "NoSchedule")])]
}

fn pools() -> impl Strategy<Value = Vec<Pool>> {
    let floor = (0..3usize, 0..12usize, option::weighted(0.2, 0..4usize));
    let limits = (option::weighted(0.3, 0..60_000i64), option::weighted(0.3, 0..200i64));
    let place = (select(vec![vec!["az1"], vec!["az1", "az2"], vec![]]), select(vec!["tier", "other"]), taints());
    let one = (floor, limits, place, 0..3, 0..10).prop_map(|((min, max, replicas), (cpu, memory), place, weight, odd)| {
        let (zones, label, taints) = place;
        Pool {
            min_hosts: min.min(max),
            max_hosts: max,
            replicas,
            limit_cpu_milli: cpu,
            limit_memory_bytes: memory.map(|gib| gib * GIB),
            zones: zones.into_iter().map(str::to_owned).collect(),
            labels: labels(&[(label, "gold")]),
            taints,
            weight,
            max_pods: if odd < 3 { 4 } else { 110 },
            ready: if odd == 9 { Err("not ready".to_owned()) } else { Ok(()) },
            ..pool()
        }
    });
    vec(one, 0..4).prop_map(|pools| {
        let named = |(at, pool)| Pool { key: key(&format!("pool-{at}")), ..pool };
        pools.into_iter().enumerate().map(named).collect()
    })
}

fn clouds() -> impl Strategy<Value = Cloud> {
    let line =
        || prop_oneof![3 => Just(Line { limit: -1, used: 0 }), 1 => (0..60i64, 0..30i64).prop_map(|(limit, used)| Line { limit, used })];
    (line(), line(), line(), vec((1..6i64, 0..8), 4)).prop_map(|(instances, cores, mut memory_mib, offers)| {
        memory_mib.limit *= if memory_mib.limit < 0 { 1 } else { 4_096 };
        let mut cloud = cloud();
        for (offering, (price, gone)) in cloud.offerings.iter_mut().zip(offers) {
            offering.price_micro = offering.vcpus * price * 500_000;
            offering.unavailable = (gone == 0).then(|| "no valid host".to_owned());
        }
        Cloud { quota: Quota { instances, cores, memory_mib, ..Quota::default() }, ..cloud }
    })
}

fn hosts() -> impl Strategy<Value = Vec<(Host, Option<Node>)>> {
    let one = (0..4usize, any::<bool>(), 0..8, 0..1_000i64, 0..4).prop_map(|(pool, large, state, empty, joined)| {
        let (flavor, cpu, memory) = if large { ("m1.xlarge", 8_000, 32) } else { ("m1.large", 4_000, 16) };
        let host = Host {
            pool: format!("pool-{pool}"),
            flavor: flavor.to_owned(),
            allocatable: offers(cpu, memory),
            deleting: state == 0,
            failed: state == 1,
            joined: false,
            in_quota: state > 4,
            empty_since: (state > 3).then(|| ago(empty)),
            created: ago(empty * 3),
            ..host("")
        };
        let startup = if joined == 1 { vec![taint("gantry.cloud/startup", "", "NoSchedule")] } else { Vec::new() };
        let node = Node { taints: startup, ready: joined > 1, cordoned: empty == 7, ..node("", cpu, memory) };
        (host, (joined > 0).then_some(node))
    });
    vec(one, 0..8)
}

fn daemon_sets() -> impl Strategy<Value = Vec<DaemonSet>> {
    let one = (select(vec![0, 100, 600]), selector()).prop_map(|(cpu, node_selector)| {
        let mut set = daemon_set("agent", cpu, 0);
        set.pod.spec_mut().node_selector = node_selector;
        set
    });
    vec(one, 0..2)
}

/// A small world in which anything may be short.
pub(super) fn world() -> impl Strategy<Value = Snapshot> {
    let running = vec((0..8usize, select(vec![100, 1_000, 3_000])), 0..6);
    (demand(), pools(), clouds(), hosts(), daemon_sets(), running).prop_map(|(mut pods, pools, cloud, hosts, daemon_sets, carried)| {
        for (at, (node, cpu)) in carried.into_iter().enumerate() {
            pods.push(bound(&format!("bound-{at}"), &format!("host-{node}"), cpu, 1));
        }
        let mut snapshot = Snapshot { pods, pools, daemon_sets, ..crate::fixtures::world(Vec::new()) };
        snapshot.clouds.insert(key("main"), cloud);
        for (at, (host, node)) in hosts.into_iter().enumerate() {
            let name = format!("host-{at}");
            snapshot.nodes.extend(node.map(|node| Node { name: name.clone(), ..node }));
            snapshot.hosts.push(Host { key: key(&name), ..host });
        }
        snapshot
    })
}

/// A world in which numbers are as odd as their types allow.
pub(super) fn extreme() -> impl Strategy<Value = Snapshot> {
    let odd = || select(vec![i64::MIN, -1, 0, 1, 4, 1_000, 1 << 40, i64::MAX]);
    let amounts = (odd(), odd(), odd(), odd()).prop_map(|(cpu_milli, memory_bytes, ephemeral_bytes, pods)| Resources {
        cpu_milli,
        memory_bytes,
        ephemeral_bytes,
        pods,
        extended: BTreeMap::from([("odd".to_owned(), cpu_milli)]),
    });
    let line = (odd(), odd()).prop_map(|(limit, used)| Line { limit, used });
    let offering = (odd(), odd(), odd(), odd());
    (world(), vec(amounts, 4), vec(offering, 4), vec(line, 3), vec(odd(), 6)).prop_map(|(mut snapshot, amounts, offerings, lines, odd)| {
        for (at, pod) in snapshot.pods.iter_mut().enumerate().filter(|(at, _)| at % 3 == 0) {
            pod.spec_mut().requests = amounts[at % 4].clone();
        }
        for (at, node) in snapshot.nodes.iter_mut().enumerate().filter(|(at, _)| at % 2 == 0) {
            node.allocatable = amounts[(at + 1) % 4].clone();
        }
        let cloud = snapshot.clouds.get_mut(&key("main")).unwrap();
        for (offering, (vcpus, memory_mib, disk_gib, price_micro)) in cloud.offerings.iter_mut().zip(offerings) {
            *offering = Offering { vcpus, memory_mib, disk_gib, price_micro, ..offering.clone() };
        }
        cloud.quota = Quota { instances: lines[0], cores: lines[1], memory_mib: lines[2], ..Quota::default() };
        for pool in &mut snapshot.pools {
            pool.limit_cpu_milli = Some(odd[0]);
            pool.limit_memory_bytes = Some(odd[1]);
            pool.reserved_cpu_milli = odd[2];
            pool.reserved_memory_bytes = odd[3];
            pool.max_pods = odd[4];
            pool.max_hosts = 40;
            pool.empty_after = Some(jiff::SignedDuration::from_secs(odd[5]));
        }
        snapshot
    })
}

/// The same world with every list in another order.
pub(super) fn shuffled(snapshot: &Snapshot, seed: u64) -> Snapshot {
    let mut other = snapshot.clone();
    let place = |name: &str| name.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    other.pods.sort_by_cached_key(|pod| place(&pod.key.name));
    other.nodes.sort_by_cached_key(|node| place(&node.name));
    other.hosts.sort_by_cached_key(|host| place(&host.key.name));
    other.pools.sort_by_cached_key(|pool| place(&pool.key.name));
    for cloud in other.clouds.values_mut() {
        cloud.offerings.sort_by_cached_key(|offering| place(&format!("{}{}", offering.zone, offering.flavor)));
    }
    other
}
