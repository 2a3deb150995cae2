//! What is planned also fits: the judge lets every planned pod onto the host that was meant for it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::fixtures::*;
use crate::model::{Key, Node, Pod, PodSpec, PodTerm, Snapshot, Spread};
use crate::scheduling::{HOSTNAME, Judge, NewNode, NodeAt, ZONE};
use crate::{Command, Plan, plan};

/// Orders that are tried: with at most four kinds that wait there are 24.
const ORDERS: u64 = 256;
const APPS: [&str; 2] = ["x", "y"];

/// Of pods like itself, as nearly everybody has it: constraints over each other's pods may allow a single order only.
fn any_spread() -> impl Strategy<Value = Spread> {
    let policies = (any::<bool>(), any::<bool>());
    (any_key(), 1..4_i32, option::weighted(0.3, 1..4_i32), policies).prop_map(
        |(key, max_skew, min_domains, (honors_affinity, honors_taints))| Spread {
            max_skew,
            min_domains,
            honors_affinity,
            honors_taints,
            ..spread("", key)
        },
    )
}

/// A pod with a label, and with each kind of requirement now and then.
fn any_pod() -> impl Strategy<Value = Pod> {
    let size = (select(vec![100, 500, 1_500, 3_000]), 1..8_i64, select(APPS.to_vec()));
    let terms = (option::weighted(0.2, any_term()), option::weighted(0.3, any_term()), option::weighted(0.3, any_spread()));
    let place = (option::weighted(0.2, 80..82_i32), option::weighted(0.2, select(vec!["az1", "az2"])));
    (size, terms, place).prop_map(|((cpu_milli, memory_gib, app), (affinity, anti_affinity, spread), (port, zone))| {
        let mut pod = pod("", cpu_milli, memory_gib);
        pod.labels = Arc::new(labels(&[("app", app)]));
        let spec = pod.spec_mut();
        spec.affinity = affinity.into_iter().collect();
        spec.anti_affinity = anti_affinity.into_iter().collect();
        spec.spread = spread.into_iter().map(|spread| Spread { selector: Some(of_app(app)), ..spread }).collect();
        spec.host_ports = port.into_iter().map(host_port).collect();
        spec.node_selector = zone.map(|zone| labels(&[(ZONE, zone)])).unwrap_or_default();
        pod
    })
}

fn named(nth: usize, pod: &Pod, node: Option<String>) -> Pod {
    let name = format!("{}{nth}", if node.is_some() { "old-" } else { "new-" });
    Pod { key: key(&name), uid: format!("uid-{name}"), unschedulable: node.is_none(), node_name: node.map(Into::into), ..pod.clone() }
}

/// Two nodes, one in each zone, with pods, and others that wait.
fn any_world() -> impl Strategy<Value = Snapshot> {
    let running = vec((any_pod(), 0..2_usize), 0..4);
    let waiting = vec((any_pod(), 1..5_usize), 1..5);
    (running, waiting).prop_map(|(running, waiting)| {
        let zoned = |nth: usize| {
            let name = format!("n{nth}");
            let labels = labels(&[(HOSTNAME, &name), (ZONE, ["az1", "az2"][nth])]).into();
            Node { labels, ..node(&name, 4_000, 16) }
        };
        let old = running.iter().enumerate().map(|(nth, (pod, at))| named(nth, pod, Some(format!("n{at}"))));
        let new = waiting.iter().flat_map(|(pod, count)| vec![pod; *count]).enumerate().map(|(nth, pod)| named(nth, pod, None));
        let mut world = world(old.chain(new).collect());
        world.namespaces = namespaces();
        world.nodes = (0..2).map(zoned).collect();
        world
    })
}

/// A pod and the node meant for it.
type Meant = (Arc<Pod>, NodeAt);

/// Pods that are planned onto nodes that are there.
fn placed(snapshot: &Snapshot, plan: &Plan, judge: &Judge<'_>) -> Vec<Meant> {
    plan.placed.iter().map(|(key, node)| (found(snapshot, key), judge.node(node).unwrap())).collect()
}

/// Pods that hosts are bought for; the hosts join.
fn bought(snapshot: &Snapshot, plan: &Plan, judge: &mut Judge<'_>) -> Vec<Meant> {
    let mut meant = Vec::new();
    for command in &plan.commands {
        if let Command::CreateHost { pods, allocatable, labels, .. } = command {
            let node = NewNode { labels: labels.clone(), allocatable: allocatable.clone(), ..NewNode::default() };
            let at = judge.add_node(node);
            meant.extend(pods.iter().map(|key| (found(snapshot, key), at)));
        }
    }
    meant
}

fn found(snapshot: &Snapshot, key: &Key) -> Arc<Pod> {
    Arc::clone(snapshot.pods.iter().find(|pod| pod.key == *key).unwrap())
}

/// Places what fits, again and again, as the scheduler comes back to it; what is left fits never.
fn place_all(mut meant: Vec<Meant>, judge: &mut Judge<'_>) -> Vec<Meant> {
    loop {
        let before = meant.len();
        meant.retain(|(pod, at)| {
            let fits = judge.verdict(pod, *at).is_ok();
            if fits {
                judge.place(pod, *at);
            }
            !fits
        });
        if meant.len() == before {
            return meant;
        }
    }
}

/// Pods that never fit when kinds of pods go in the order of this number; those for nodes that are there before the hosts join.
fn left_over(snapshot: &Snapshot, plan: &Plan, order: u64) -> Vec<String> {
    let mut judge = Judge::of(snapshot);
    let in_order = |mut meant: Vec<Meant>| {
        meant.sort_by_key(|(pod, _)| rank(pod, order));
        meant
    };
    let mut rest = place_all(in_order(placed(snapshot, plan, &judge)), &mut judge);
    rest.extend(bought(snapshot, plan, &mut judge));
    let rest = place_all(in_order(rest), &mut judge);
    rest.iter().map(|(pod, at)| format!("{} on {at:?}: {}", pod.key, judge.verdict(pod, *at).unwrap_err())).collect()
}

/// A kind's place in one of many orders.
fn rank(pod: &Pod, order: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (order, &pod.spec, &pod.labels).hash(&mut hasher);
    hasher.finish()
}

/// Who asks for what and is planned where, in a line for each pod.
fn story(snapshot: &Snapshot, plan: &Plan) -> String {
    let terms = |terms: &[PodTerm]| terms.iter().map(|term| format!("{:?} {}", term.selector, term.topology_key)).collect::<Vec<_>>();
    let line = |pod: &Arc<Pod>| {
        let PodSpec { requests, affinity, anti_affinity, spread, host_ports, node_selector, .. } = &*pod.spec;
        let (with, away, size) = (terms(affinity), terms(anti_affinity), (requests.cpu_milli, requests.memory_bytes / GIB));
        let (key, labels, node) = (&pod.key, &pod.labels, &pod.node_name);
        format!("{key} {labels:?} {size:?} on {node:?}, with {with:?}, away from {away:?}, {spread:?} {host_ports:?} {node_selector:?}\n")
    };
    let hosts = plan.commands.iter().map(|command| match command {
        Command::CreateHost { zone, pods, .. } => format!("new in {zone}: {pods:?}\n"),
        Command::DeleteHost { .. } => String::new(),
    });
    format!("{}{:?}\n{}", snapshot.pods.iter().map(line).collect::<String>(), plan.placed, hosts.collect::<String>())
}

proptest! {
    #[test]
    fn every_planned_pod_fits_where_it_was_planned(snapshot in any_world()) {
        let plan = plan(&snapshot);
        // One order in which all fit is enough: who is spread, or wants company, may have to come before others.
        let fits = (0..ORDERS).any(|order| left_over(&snapshot, &plan, order).is_empty());
        prop_assert!(fits, "{:?}\n{}", left_over(&snapshot, &plan, 0), story(&snapshot, &plan));
    }
}
