//! Who goes where, of what is there and what is bought.

use super::*;
use crate::planner::{Wanted, preferences};

#[test]
fn no_host_is_bought_for_a_preference_between_hosts() {
    let alone = || of("x", 3, |spec| spec.spread = anyway("x", NODE));
    assert_eq!(created(&planned(&world(alone()))), ["m1.large az1: 3"]);
    let away = of("x", 3, |spec| spec.preferred_anti_affinity = wish(100, pod_term("x", NODE)));
    assert_eq!(created(&planned(&world(away))), ["m1.large az1: 3"]);
}

/// Pods of one CPU fill two hosts.
fn two_hosts(change: impl Fn(&mut PodSpec)) -> Vec<usize> {
    let mut pods = of("x", 2, change);
    pods.extend(of("y", 6, |_| {}));
    let plan = planned(&world(pods));
    assert_eq!(plan.commands.len(), 2);
    let mut counts: Vec<usize> = hosts(&plan).iter().map(|host| host.iter().filter(|name| **name == "x").count()).collect();
    counts.sort_unstable();
    counts
}

#[test]
fn of_the_hosts_that_are_bought_pods_take_different_ones_if_they_like_to() {
    let fill = |snapshot: &mut PodSpec| snapshot.requests = resources(1_000, 1);
    assert_eq!(two_hosts(fill), [0, 2]);
    assert_eq!(two_hosts(|spec| spec.spread = anyway("x", NODE)), [1, 1]);
    assert_eq!(two_hosts(|spec| spec.preferred_anti_affinity = wish(1, pod_term("x", NODE))), [1, 1]);
}

#[test]
fn of_the_hosts_that_are_bought_pods_share_one_if_they_like_to() {
    let together = |change: fn(&mut PodSpec)| {
        let mut pods = of("z", 5, |_| {});
        pods.extend(of("y", 1, |_| {}));
        pods.extend(of("x", 2, change));
        let mut snapshot = world(pods);
        snapshot.pools[0].flavors.truncate(1);
        hosts(&planned(&snapshot)).iter().filter(|host| host.contains(&"y")).flatten().filter(|name| **name == "x").count()
    };
    let apart = |spec: &mut PodSpec| spec.preferred_anti_affinity = wish(1, pod_term("y", NODE));
    let near = |spec: &mut PodSpec| spec.preferred_affinity = wish(1, pod_term("y", NODE));
    assert_eq!([together(apart), together(near)], [0, 2]);
}

/// Nodes n1 and n2 with room for two pods each, and pods that run there.
fn nodes_with_room(pods: Vec<Pod>) -> Snapshot {
    let mut snapshot = world(pods);
    snapshot.nodes = vec![node("n1", 3_000, 8), node("n2", 3_000, 8)];
    for (app, name) in [("y", "n1"), ("z", "n2")] {
        let carried = Pod { labels: Arc::new(labels(&[("app", app)])), ..bound(&format!("on-{name}"), name, 1_000, 1) };
        snapshot.pods.push(Arc::new(carried));
    }
    snapshot
}

fn nodes_of(snapshot: &Snapshot) -> Vec<String> {
    planned(snapshot).placed.into_iter().map(|(_, node)| node).collect()
}

#[test]
fn on_nodes_that_are_there_pods_go_where_they_like_to() {
    let to = |change: fn(&mut PodSpec)| nodes_of(&nodes_with_room(of("x", 2, change)));
    assert_eq!(to(|_| {}), ["n1", "n1"]);
    assert_eq!(to(|spec| spec.preferred_affinity = wish(1, pod_term("z", NODE))), ["n2", "n2"]);
    assert_eq!(to(|spec| spec.preferred_anti_affinity = wish(1, pod_term("y", NODE))), ["n2", "n2"]);
    assert_eq!(to(|spec| spec.spread = anyway("x", NODE)), ["n1", "n2"]);
}

#[test]
fn nodes_that_ask_pods_to_stay_away_are_filled_last() {
    let mut snapshot = nodes_with_room(of("x", 3, |_| {}));
    snapshot.nodes[0].taints = vec![taint("spare", "", "PreferNoSchedule")];
    let mut nodes = nodes_of(&snapshot);
    nodes.sort();
    assert_eq!(nodes, ["n1", "n2", "n2"]);
}

#[test]
fn what_a_plan_meets_of_a_pods_preferences_is_told() {
    let snapshot = world(of("x", 8, |spec| {
        spec.spread = anyway("x", ZONE);
        spec.preferred_nodes = wish(7, term(vec![expression(ZONE, "Exists", &[])]));
        spec.preferred_affinity = wish(9, pod_term("nobody", ZONE));
    }));
    let plan = planned(&snapshot);
    let met: Vec<_> = preferences(&snapshot, &plan, &snapshot.pods[0]).into_iter().map(|one| (one.wanted, one.met_percent)).collect();
    let spec = &snapshot.pods[0].spec;
    let expected = [
        (Wanted::Nodes(&spec.preferred_nodes[0]), 100),
        (Wanted::Near(&spec.preferred_affinity[0]), 0),
        (Wanted::Even(&spec.spread[0]), 58),
    ];
    assert_eq!(met, expected);
}
