//! Generators of worlds.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::fixtures::*;
use crate::model::{
    Cloud, DaemonSet, Host, Key, Line, Node, NodeTerm, Offering, Pod, PodSpec, PodTerm, Pool, Quota, Snapshot, Spread, Taint,
};
use crate::resources::Resources;
use crate::scheduling::ZONE;

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

fn any_spread() -> impl Strategy<Value = Spread> {
    let policies = (any::<bool>(), any::<bool>());
    (any_pod_selector(), any_key(), 1..4, option::weighted(0.2, 1..4), policies).prop_map(
        |(selector, key, max_skew, min_domains, (honors_affinity, honors_taints))| Spread {
            max_skew,
            min_domains,
            honors_affinity,
            honors_taints,
            selector: Some(selector),
            ..spread("", key)
        },
    )
}

/// What a pod asks of others: mostly nothing, now and then several things.
fn company() -> impl Strategy<Value = PodSpec> {
    let claim = select(vec!["az1", "az2", "anywhere", "alone"]);
    let terms = || (vec(any_term(), 0..2), vec(any_term(), 0..2), vec(any_spread(), 0..3));
    prop_oneof![
        5 => Just(PodSpec::default()),
        1 => any_term().prop_map(|term| PodSpec { anti_affinity: vec![term], ..PodSpec::default() }),
        1 => any_term().prop_map(|term| PodSpec { affinity: vec![term], ..PodSpec::default() }),
        2 => vec(any_spread(), 1..3).prop_map(|spread| PodSpec { spread, ..PodSpec::default() }),
        1 => terms().prop_map(|(affinity, anti_affinity, spread)| PodSpec { affinity, anti_affinity, spread, ..PodSpec::default() }),
        1 => (80..83).prop_map(|port| PodSpec { host_ports: vec![host_port(port)], ..PodSpec::default() }),
        1 => claim.prop_map(|claim| PodSpec { claims: vec![claim.to_owned()], ..PodSpec::default() }),
    ]
}

fn waiting() -> impl Strategy<Value = Pod> {
    let place = (selector(), affinity(), any::<bool>());
    (requests(), place, company(), select(vec!["x", "y", ""]), 0..3, 0..4i64, 0..20).prop_map(
        |(requests, (node_selector, node_affinity, tolerates), company, app, priority, age, odd)| {
            let mut pod = Pod {
                labels: Arc::new(if app.is_empty() { labels(&[]) } else { labels(&[("app", app)]) }),
                created: ago(age),
                terminating: odd == 1,
                nominated_node: (odd == 2).then(|| "node-0".into()),
                ..pod("", 0, 0)
            };
            *pod.spec_mut() = PodSpec {
                requests,
                node_selector,
                node_affinity,
                tolerations: if tolerates { vec![tolerate_all()] } else { Vec::new() },
                priority,
                beyond: if odd == 0 { vec!["resource claims (DRA)".to_owned()] } else { Vec::new() },
                scheduler: pod.spec.scheduler.clone(),
                ..company
            };
            pod
        },
    )
}

/// Waiting pods, each drawn shape several times.
fn demand() -> impl Strategy<Value = Vec<Pod>> {
    vec((waiting(), 1..12usize, any_namespace()), 0..8).prop_map(|shapes| {
        let mut pods = Vec::new();
        for (at, (pod, count, namespace)) in shapes.into_iter().enumerate() {
            for nth in 0..count {
                pods.push(Pod { key: Key::new(namespace, format!("pod-{at}-{nth}")), uid: format!("{at}-{nth}"), ..pod.clone() });
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
        let zone = if empty % 3 == 0 { "az2" } else { "az1" };
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
            zone: zone.to_owned(),
            labels: labels(&[(ZONE, zone), ("gantry.cloud/pool", &format!("pool-{pool}"))]).into(),
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
pub(in crate::planner::tests) fn world() -> impl Strategy<Value = Snapshot> {
    let running = vec((0..8usize, select(vec![100, 1_000, 3_000]), select(vec!["x", "y", ""]), company()), 0..6);
    (demand(), pools(), clouds(), hosts(), daemon_sets(), running).prop_map(|(mut pods, pools, cloud, hosts, daemon_sets, carried)| {
        for (at, (node, cpu, app, company)) in carried.into_iter().enumerate() {
            let mut pod = bound(&format!("bound-{at}"), &format!("host-{node}"), cpu, 1);
            pod.labels = Arc::new(labels(&[("app", app)]));
            *pod.spec_mut() = PodSpec { requests: pod.spec.requests.clone(), scheduler: pod.spec.scheduler.clone(), ..company };
            pods.push(pod);
        }
        let mut snapshot = Snapshot { pods: shared(pods), pools, daemon_sets, ..crate::fixtures::world(Vec::new()) };
        snapshot.clouds.insert(key("main"), cloud);
        snapshot.volumes = volumes();
        snapshot.namespaces = namespaces();
        for (at, (host, node)) in hosts.into_iter().enumerate() {
            let name = format!("host-{at}");
            let named = |node: Node| {
                let mut labels = (*node.labels).clone();
                labels.insert("kubernetes.io/hostname".to_owned(), name.clone());
                labels.insert(ZONE.to_owned(), host.zone.clone());
                Node { name: name.clone(), labels: labels.into(), ..node }
            };
            snapshot.nodes.extend(node.map(named));
            snapshot.hosts.push(Host { key: key(&name), ..host });
        }
        let open = |node: &str| snapshot.nodes.iter().any(|known| known.name == node && known.taints.is_empty());
        let pods = std::mem::take(&mut snapshot.pods);
        snapshot.pods = pods.into_iter().filter(|pod| pod.node_name.as_deref().is_none_or(open)).collect();
        snapshot
    })
}

/// A world in which numbers are as odd as their types allow.
pub(in crate::planner::tests) fn extreme() -> impl Strategy<Value = Snapshot> {
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
            Arc::make_mut(pod).spec_mut().requests = amounts[at % 4].clone();
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
pub(in crate::planner::tests) fn shuffled(snapshot: &Snapshot, seed: u64) -> Snapshot {
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

/// What matters of a world, in few lines.
pub(in crate::planner::tests) fn sketch(snapshot: &Snapshot) -> String {
    let mut lines = Vec::new();
    for pod in &snapshot.pods {
        let (spec, r) = (&pod.spec, &pod.spec.requests);
        let spread: Vec<_> = spec
            .spread
            .iter()
            .map(|s| (&s.topology_key, s.max_skew, s.min_domains, s.selector.as_ref().unwrap(), s.honors_affinity, s.honors_taints))
            .collect();
        let term = |t: &PodTerm| (t.topology_key.clone(), t.selector.clone().unwrap(), t.namespaces.clone(), t.namespace_selector.clone());
        lines.push(format!(
            "{} {:?} on {:?}/{:?} p{} {}m {}G x{:?} sel {:?} aff {:?} tol {} ports {:?} with {:?} without {:?} spread {spread:?} claims {:?} beyond {:?}",
            pod.key, pod.labels, pod.node_name, pod.nominated_node, spec.priority, r.cpu_milli, r.memory_bytes / GIB, r.extended.len(), spec.node_selector,
            spec.node_affinity, spec.tolerations.len(), spec.host_ports.iter().map(|p| p.port).collect::<Vec<_>>(),
            spec.affinity.iter().map(term).collect::<Vec<_>>(), spec.anti_affinity.iter().map(term).collect::<Vec<_>>(), spec.claims, spec.beyond
        ));
    }
    for node in &snapshot.nodes {
        lines.push(format!(
            "node {} {:?} ready {} cordoned {} {:?} {:?}",
            node.name, node.labels, node.ready, node.cordoned, node.taints, node.allocatable.cpu_milli
        ));
    }
    for host in &snapshot.hosts {
        lines.push(format!(
            "host {} pool {} {} {} deleting {} failed {} joined {} created {} claims {:?}",
            host.key, host.pool, host.flavor, host.zone, host.deleting, host.failed, host.joined, host.created, host.claims
        ));
    }
    for pool in &snapshot.pools {
        lines.push(format!(
            "pool {} min {} max {} rep {:?} {:?} w{} cpu {:?} mem {:?} {:?} labels {:?}",
            pool.key,
            pool.min_hosts,
            pool.max_hosts,
            pool.replicas,
            pool.zones,
            pool.weight,
            pool.limit_cpu_milli,
            pool.limit_memory_bytes,
            pool.taints,
            pool.labels
        ));
    }
    lines.join("\n")
}
