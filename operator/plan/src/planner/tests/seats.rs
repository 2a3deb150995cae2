//! Seats that hosts keep, hosts that nobody needs, hosts that turn out useless, and pods that push others aside.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::fixtures::*;
use crate::model::{Claim, Host, Learned, Node, Pod, Snapshot, Spread, Useless};
use crate::planner::Finding;

fn claimed(snapshot: &Snapshot, pods: u32) -> Host {
    Host { claims: vec![Claim { shape: snapshot.pods[0].shape(), pods }], ..host("general-1") }
}

#[test]
fn seats_go_to_those_they_were_bought_for_before_anybody_else() {
    let mut snapshot = world(vec![pod("a", 3_000, 1), pod("b", 4_000, 1)]);
    snapshot.hosts = vec![claimed(&snapshot, 1)];
    let plan = planned(&snapshot);
    assert_eq!(plan.placed, [(key("a"), "general-1".to_owned())]);
    assert_eq!(created(&plan), ["m1.large az2: 1"]);
}

#[test]
fn a_seat_whose_pod_has_come_is_kept_no_longer() {
    let mut snapshot = world(vec![pod("a", 1_000, 1), bound("a", "general-1", 1_000, 1), pod("b", 3_000, 1)]);
    snapshot.hosts = vec![Host { joined: true, ..claimed(&snapshot, 1) }];
    snapshot.nodes = vec![node("general-1", 4_000, 16)];
    assert_eq!(planned(&snapshot).placed, [(key("b"), "general-1".to_owned())]);
}

#[test]
fn a_seat_that_spread_no_longer_lets_its_pod_take_is_not_waited_for() {
    let mut waiting = pod("a", 1_000, 1);
    waiting.labels = Arc::new(labels(&[("app", "x")]));
    waiting.spec_mut().spread = vec![spread("x", "topology.kubernetes.io/zone")];
    let mut snapshot = world(vec![waiting]);
    snapshot.hosts = vec![Host { joined: true, ..claimed(&snapshot, 1) }];
    snapshot.nodes = vec![node("general-1", 4_000, 16), node("n2", 0, 0)];
    Arc::make_mut(&mut snapshot.nodes[1].labels).insert("topology.kubernetes.io/zone".to_owned(), "az2".to_owned());
    let there = Pod { labels: snapshot.pods[0].labels.clone(), ..bound("b", "general-1", 1_000, 1) };
    snapshot.pods.push(Arc::new(there));
    assert_eq!(created(&planned(&snapshot)), ["m1.large az2: 1"]);
}

#[test]
fn whoever_is_spread_waits_in_his_seat_for_those_who_come_to_free_room() {
    let zone = "topology.kubernetes.io/zone";
    let mut waiting = pods(7, "a", 0, 0);
    for (at, pod) in waiting.iter_mut().enumerate() {
        pod.labels = Arc::new(labels(&[("app", "x")]));
        if at < 3 {
            let evenly = Spread { max_skew: 2, honors_affinity: false, ..spread("x", zone) };
            (pod.spec_mut().spread, pod.spec_mut().node_selector) = (vec![evenly], labels(&[(zone, "az1")]));
        }
    }
    let mut snapshot = world(waiting);
    snapshot.pools[0].zones = vec!["az1".to_owned()];
    let there = labels(&[(zone, "az2"), ("gantry.cloud/pool", "general")]);
    snapshot.hosts = vec![Host { zone: "az2".to_owned(), labels: there.into(), ..host("general-1") }];
    let plan = planned(&snapshot);
    assert_eq!((plan.placed.len(), created(&plan)), (4, vec!["m1.large az1: 3".to_owned()]));
}

#[test]
fn a_host_on_its_way_that_nobody_needs_is_idle_and_goes_when_it_stays_so() {
    let mut snapshot = world(Vec::new());
    snapshot.hosts = vec![host("general-1")];
    assert_eq!((planned(&snapshot).idle, deleted(&planned(&snapshot)).len()), (vec![key("general-1")], 0));
    snapshot.hosts[0].unneeded_since = Some(ago(10));
    let plan = planned(&snapshot);
    assert_eq!((deleted(&plan).len(), plan.wake_at), (0, Some(now() + SignedDuration::from_secs(20))));
    snapshot.hosts[0].unneeded_since = Some(ago(30));
    assert_eq!(deleted(&planned(&snapshot)), ["general-1"]);
    snapshot.pools[0].min_hosts = 1;
    assert_eq!((planned(&snapshot).idle, deleted(&planned(&snapshot)).len()), (Vec::new(), 0));
}

#[test]
fn a_joined_host_that_could_never_take_its_pods_is_found_useless() {
    let mut snapshot = world(vec![pod("a", 3_900, 1)]);
    snapshot.pools[0].flavors.truncate(1);
    snapshot.hosts = vec![Host { joined: true, ..claimed(&snapshot, 1) }];
    snapshot.nodes = vec![Node { ..node("general-1", 3_800, 16) }];
    let plan = planned(&snapshot);
    let why = "it offers 3800 milli-CPU to pods, and the pod asks for 3900".to_owned();
    let shape = snapshot.pods[0].shape();
    let finding = Finding { host: key("general-1"), pool: key("general"), flavor: "m1.large".to_owned(), shape, why };
    assert_eq!(plan.useless, [finding]);
}

#[test]
fn none_is_bought_again_of_what_was_useless_before_its_time_is_up() {
    let mut snapshot = world(vec![pod("a", 3_900, 1)]);
    snapshot.pools[0].flavors.truncate(1);
    let until = now() + SignedDuration::from_mins(1);
    let useless = Useless { shape: snapshot.pods[0].shape(), flavor: "m1.large".to_owned(), until, why: "too small".to_owned() };
    snapshot.pools[0].useless = vec![useless];
    let plan = planned(&snapshot);
    let why = "hosts of m1.large did not take such pods (too small): none is bought for them before 2027-01-15T08:01:00Z";
    assert_eq!((reasons(&plan), plan.wake_at), (vec![why], Some(until)));
    snapshot.now = until;
    assert_eq!(created(&planned(&snapshot)).len(), 1);
}

#[test]
fn what_a_real_node_showed_counts_and_so_do_resources_of_flavors() {
    let mut snapshot = world(vec![pod("a", 3_900, 1)]);
    let learned = Learned { allocatable: offers(3_800, 16), ..Learned::default() };
    snapshot.pools[0].learned = [("m1.large".to_owned(), learned)].into();
    assert_eq!(created(&planned(&snapshot)), ["m1.xlarge az1: 1"]);
    snapshot.pod(0).spec_mut().requests.extended = [("nvidia.com/gpu".to_owned(), 1)].into();
    let offerings = &mut snapshot.clouds.get_mut(&key("main")).unwrap().offerings;
    offerings[3].resources = [("nvidia.com/gpu".to_owned(), 2)].into();
    assert_eq!(created(&planned(&snapshot)), ["m1.xlarge az2: 1"]);
}

#[test]
fn a_pod_that_will_push_others_aside_buys_nothing_for_a_while() {
    let mut pushing = Pod { unschedulable_since: Some(ago(10)), ..pod("a", 3_000, 1) };
    pushing.spec_mut().priority = 100;
    let mut snapshot = world(vec![pushing]);
    snapshot.pools[0].flavors.truncate(1);
    snapshot.nodes = vec![node("n1", 4_000, 16)];
    snapshot.pods.push(Arc::new(bound("b", "n1", 3_000, 1)));
    let plan = planned(&snapshot);
    assert_eq!((created(&plan).len(), plan.placed), (0, vec![(key("a"), "n1".to_owned())]));
    assert_eq!(plan.wake_at, Some(now() + SignedDuration::from_secs(20)));
    snapshot.pod(0).spec_mut().never_preempts = true;
    assert_eq!(created(&planned(&snapshot)).len(), 1);
    snapshot.pod(0).spec_mut().never_preempts = false;
    snapshot.pod(0).unschedulable_since = Some(ago(30));
    assert_eq!(created(&planned(&snapshot)).len(), 1);
}

#[test]
fn gated_pods_are_no_demand() {
    let mut snapshot = world(vec![pod("a", 1_000, 1)]);
    snapshot.pod(0).spec_mut().gated = true;
    assert_eq!(created(&planned(&snapshot)).len(), 0);
}

#[test]
fn a_pod_that_the_scheduler_refuses_in_its_seat_is_demand_again_after_a_minute() {
    let mut snapshot = world(vec![Pod { unschedulable_since: Some(ago(59)), ..pod("a", 1_000, 1) }]);
    snapshot.hosts = vec![Host { joined: true, ..claimed(&snapshot, 1) }];
    snapshot.nodes = vec![node("general-1", 4_000, 16)];
    // What the planner takes for a host of its own the scheduler knows by its label, which another node has too.
    let mut refusing = bound("b", "n2", 1_000, 1);
    refusing.spec_mut().anti_affinity = vec![pod_term("x", "kubernetes.io/hostname")];
    snapshot.pods.push(Arc::new(refusing));
    snapshot.nodes.push(Node { labels: snapshot.nodes[0].labels.clone(), ..node("n2", 0, 0) });
    snapshot.pod(0).labels = Arc::new(labels(&[("app", "x")]));
    let plan = planned(&snapshot);
    assert_eq!((plan.placed, plan.wake_at), (vec![(key("a"), "general-1".to_owned())], Some(now() + SignedDuration::from_secs(1))));
    snapshot.pod(0).unschedulable_since = Some(ago(60));
    assert_eq!(created(&planned(&snapshot)), ["m1.large az2: 1"]);
    let next = after(&snapshot, &planned(&snapshot));
    assert_eq!(created(&planned(&next)).len(), 0);
}

/// Nominated to `n1`, which offers room for one such pod, and found unschedulable a minute ago.
fn nominee(name: &str) -> Pod {
    let mut pod = Pod { nominated_node: Some("n1".into()), unschedulable_since: Some(ago(60)), ..pod(name, 3_000, 1) };
    pod.spec_mut().never_preempts = true;
    pod
}

fn nominated(pods: Vec<Pod>, nodes: Vec<Node>) -> Snapshot {
    let mut snapshot = world(pods);
    snapshot.pools[0].flavors.truncate(1);
    Snapshot { nodes, ..snapshot }
}

#[test]
fn a_nominated_pod_whose_node_takes_it_buys_nothing() {
    let snapshot = nominated(vec![nominee("a")], vec![node("n1", 4_000, 16)]);
    assert_eq!((created(&planned(&snapshot)).len(), planned(&snapshot).placed), (0, Vec::new()));
}

#[test]
fn a_pod_nominated_to_a_node_that_is_gone_is_demand_again_after_a_minute() {
    let mut snapshot = nominated(vec![nominee("a")], Vec::new());
    assert_eq!(created(&planned(&snapshot)), ["m1.large az1: 1"]);
    snapshot.hosts = vec![host("n1")];
    assert_eq!(created(&planned(&snapshot)).len(), 0, "its host is on its way");
    snapshot.hosts.clear();
    snapshot.pod(0).unschedulable_since = Some(ago(59));
    let plan = planned(&snapshot);
    assert_eq!((created(&plan).len(), plan.wake_at), (0, Some(now() + SignedDuration::from_secs(1))));
}

#[test]
fn a_pod_nominated_to_a_node_that_others_filled_is_demand_again_but_waits_for_those_that_go() {
    let mut snapshot = nominated(vec![nominee("a"), bound("b", "n1", 3_000, 1)], vec![node("n1", 4_000, 16)]);
    assert_eq!(created(&planned(&snapshot)), ["m1.large az1: 1"]);
    snapshot.pod(1).terminating = true;
    assert_eq!(created(&planned(&snapshot)).len(), 0);
}

#[test]
fn of_two_that_are_nominated_to_the_room_of_one_the_other_is_demand() {
    let snapshot = nominated(vec![nominee("a"), nominee("b")], vec![node("n1", 4_000, 16)]);
    let plan = planned(&snapshot);
    let bought: Vec<_> = plan.placed.iter().map(|(pod, _)| pod.clone()).collect();
    assert_eq!((created(&plan).len(), bought), (1, Vec::new()));
    assert_eq!(created(&planned(&after(&snapshot, &plan))).len(), 0);
}

#[test]
fn a_pod_nominated_to_a_joining_node_is_expected_there() {
    let mut snapshot = nominated(vec![nominee("n")], vec![node("n1", 4_000, 16)]);
    snapshot.hosts = vec![Host { joined: true, ..host("n1") }];
    snapshot.nodes[0].taints = vec![taint("gantry.cloud/startup", "", "NoSchedule")];
    assert_eq!(created(&planned(&snapshot)).len(), 0);
}
