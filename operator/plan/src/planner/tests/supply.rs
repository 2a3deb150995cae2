//! Room that exists or is coming, and is used before anything is bought.

use std::sync::Arc;

use crate::fixtures::*;
use crate::model::{Host, Node};

fn placed(snapshot: &crate::model::Snapshot) -> Vec<String> {
    let plan = planned(snapshot);
    assert_eq!((created(&plan), plan.unplaced.len()), (Vec::new(), 0));
    plan.placed.iter().map(|(_, name)| name.clone()).collect()
}

fn bought(snapshot: &crate::model::Snapshot) -> usize {
    created(&planned(snapshot)).len()
}

#[test]
fn room_on_a_node_is_used_first() {
    let mut snapshot = world(vec![pod("a", 1_000, 1)]);
    snapshot.nodes = vec![node("n1", 2_000, 4)];
    snapshot.pods.push(Arc::new(bound("b", "n1", 1_000, 1)));
    assert_eq!(placed(&snapshot), ["n1"]);
}

#[test]
fn bound_and_nominated_pods_take_room_and_terminating_ones_too() {
    let mut snapshot = world(vec![pod("a", 1_000, 1), bound("b", "n1", 1_000, 1), bound("c", "n1", 500, 1)]);
    snapshot.nodes = vec![node("n1", 2_000, 4)];
    snapshot.pod(2).terminating = true;
    assert_eq!(bought(&snapshot), 1);
    snapshot.pod(2).node_name = None;
    snapshot.pod(2).nominated_node = Some("n1".into());
    assert_eq!(bought(&snapshot), 1);
}

#[test]
fn unusable_nodes_give_no_room() {
    let usable = node("n1", 2_000, 4);
    let cordoned = Node { cordoned: true, ..usable.clone() };
    let unready = Node { ready: false, ..usable.clone() };
    let tainted = Node { taints: vec![taint("dedicated", "db", "NoExecute")], ..usable.clone() };
    let preferred = Node { taints: vec![taint("spare", "", "PreferNoSchedule")], ..usable.clone() };
    let bought = [usable, preferred, cordoned, unready, tainted].map(|node| {
        let mut snapshot = world(vec![pod("a", 1_000, 1)]);
        snapshot.nodes = vec![node];
        bought(&snapshot)
    });
    assert_eq!(bought, [0, 0, 1, 1, 1]);
}

#[test]
fn a_host_in_flight_is_room_and_a_failed_or_deleted_one_is_not() {
    let coming = host("general-1");
    let failed = Host { failed: true, ..coming.clone() };
    let deleting = Host { deleting: true, ..coming.clone() };
    let bought = [coming, failed, deleting].map(|host| {
        let mut snapshot = world(vec![pod("a", 1_000, 1)]);
        snapshot.hosts = vec![host];
        bought(&snapshot)
    });
    assert_eq!(bought, [0, 1, 1]);
}

#[test]
fn a_ready_node_of_a_host_that_goes_is_no_room() {
    let mut snapshot = world(vec![pod("a", 1_000, 1)]);
    snapshot.nodes = vec![node("general-1", 4_000, 16)];
    snapshot.hosts = vec![Host { deleting: true, ..host("general-1") }];
    assert_eq!(bought(&snapshot), 1);
}

#[test]
fn pods_bound_to_a_host_without_node_take_its_room() {
    let mut snapshot = world(vec![pod("a", 1_000, 1), bound("b", "general-1", 3_500, 1)]);
    snapshot.hosts = vec![host("general-1")];
    assert_eq!(bought(&snapshot), 1);
}

#[test]
fn a_joining_node_sheds_its_startup_taints() {
    let mut snapshot = world(vec![pod("a", 1_000, 1)]);
    let taints = ["gantry.cloud/startup", "node.kubernetes.io/not-ready", "readiness.k8s.io/net", "example.com/agent"];
    let taints = taints.map(|key| taint(key, "", "NoSchedule")).to_vec();
    snapshot.nodes = vec![Node { ready: false, taints, ..node("general-1", 4_000, 16) }];
    let startup_taints = vec![taint("example.com/agent", "", "NoSchedule")];
    snapshot.hosts = vec![Host { startup_taints, created: ago(3_600), ..host("general-1") }];
    assert_eq!(placed(&snapshot), ["general-1"]);
    snapshot.nodes[0].taints.push(taint("dedicated", "db", "NoSchedule"));
    assert_eq!(bought(&snapshot), 1);
}

#[test]
fn a_node_that_lost_its_startup_taint_and_is_no_longer_ready_is_no_room() {
    let mut snapshot = world(vec![pod("a", 1_000, 1)]);
    let taints = vec![taint("node.kubernetes.io/not-ready", "", "NoSchedule")];
    snapshot.nodes = vec![Node { ready: false, taints, ..node("general-1", 4_000, 16) }];
    snapshot.hosts = vec![Host { created: ago(3_600), ..host("general-1") }];
    assert_eq!(bought(&snapshot), 1);
    snapshot.nodes[0].ready = true;
    assert_eq!(bought(&snapshot), 1);
}

#[test]
fn a_young_node_that_is_not_ready_yet_is_awaited() {
    let mut snapshot = world(vec![pod("a", 1_000, 1)]);
    snapshot.nodes = vec![Node { ready: false, ..node("general-1", 4_000, 16) }];
    snapshot.hosts = vec![host("general-1")];
    assert_eq!(placed(&snapshot), ["general-1"]);
    assert_eq!(planned(&snapshot).wake_at, Some(ago(60 - 15 * 60)));
    snapshot.pods.push(Arc::new(bound("b", "general-1", 100, 1)));
    assert_eq!(bought(&snapshot), 1);
}

#[test]
fn a_joining_node_that_reports_nothing_yet_is_what_its_host_expects() {
    let mut snapshot = world(vec![pod("a", 1_000, 1)]);
    let taints = vec![taint("gantry.cloud/startup", "", "NoSchedule")];
    snapshot.nodes = vec![Node { ready: false, taints, ..node("general-1", 0, 0) }];
    snapshot.hosts = vec![host("general-1")];
    assert_eq!(placed(&snapshot), ["general-1"]);
}

#[test]
fn a_daemon_set_without_its_pod_on_a_node_keeps_room_for_it() {
    let mut snapshot = world(vec![pod("a", 1_500, 1)]);
    snapshot.nodes = vec![node("n1", 2_000, 4)];
    snapshot.daemon_sets = vec![daemon_set("agent", 600, 1)];
    assert_eq!(bought(&snapshot), 1);
    snapshot.nodes[0].allocatable.cpu_milli = 2_100;
    snapshot.pods.push(Arc::new(of_daemon(bound("agent-1", "n1", 600, 1), "agent")));
    assert_eq!(placed(&snapshot), ["n1"]);
}

#[test]
fn busy_nodes_are_filled_before_empty_ones() {
    let mut snapshot = world(vec![pod("a", 1_000, 1), bound("b", "n2", 1_000, 1)]);
    snapshot.nodes = vec![node("n1", 4_000, 16), node("n2", 4_000, 16)];
    assert_eq!(placed(&snapshot), ["n2"]);
}

#[test]
fn a_pod_that_asks_for_a_node_by_name_is_placed_there_and_nowhere_else() {
    let mut named = pod("a", 1_000, 1);
    named.spec_mut().node_selector = labels(&[("kubernetes.io/hostname", "general-2")]);
    let mut snapshot = world(vec![named]);
    snapshot.hosts = vec![host("general-1"), host("general-2")];
    assert_eq!(placed(&snapshot), ["general-2"]);
}
