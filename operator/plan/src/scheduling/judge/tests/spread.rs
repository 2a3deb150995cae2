//! Topology spread.

use super::*;
use crate::fixtures::taint;

fn spreading(constraints: Vec<Spread>) -> Pod {
    with(app("p", "web"), |spec| spec.spread = constraints)
}

fn on(nodes: &[&str]) -> Vec<Pod> {
    nodes.iter().enumerate().map(|(nth, node)| running(&format!("old-{nth}"), "web", node)).collect()
}

#[test]
fn a_domain_may_be_ahead_by_the_skew() {
    let world = world_of(nodes(), on(&["a1", "a2"]));
    assert_eq!(
        [1, 2, 3].map(|skew| fitting(&world, &spreading(vec![spread("web", ZONE, skew)]))),
        [vec!["b1"], vec!["b1"], vec!["a1", "a2", "b1"]]
    );
    assert_eq!(
        why(&world, &spreading(vec![spread("web", ZONE, 1)])),
        "topology spread over topology.kubernetes.io/zone: skew would be 3, at most 1 is allowed; room in emptier domains helps"
    );
}

#[test]
fn a_pod_that_is_not_spread_itself_adds_nothing() {
    let world = world_of(nodes(), on(&["a1"]));
    let other = with(app("p", "db"), |spec| spec.spread = vec![spread("web", ZONE, 1)]);
    assert_eq!(fitting(&world, &other), ["a1", "a2", "b1"]);
}

#[test]
fn every_constraint_must_hold_and_the_soft_ones_do_not_count() {
    let world = world_of(nodes(), on(&["a1", "b1"]));
    let soft = Spread { required: false, ..spread("web", "rack", 1) };
    let both = spreading(vec![spread("web", ZONE, 1), spread("web", HOSTNAME, 1), soft]);
    assert_eq!(fitting(&world, &both), ["a2"]);
}

#[test]
fn a_node_without_a_key_takes_none_and_its_pods_count_nowhere() {
    let mut nodes = nodes();
    Arc::make_mut(&mut nodes[1].labels).remove(ZONE);
    let world = world_of(nodes, on(&["a2", "a2", "b1"]));
    assert_eq!(fitting(&world, &spreading(vec![spread("web", ZONE, 1)])), ["a1"]);
}

#[test]
fn with_fewer_domains_than_wanted_the_least_is_none() {
    let world = world_of(nodes(), on(&["a1", "b1"]));
    let wanting = |domains| spreading(vec![Spread { min_domains: Some(domains), ..spread("web", ZONE, 1) }]);
    assert_eq!([fitting(&world, &wanting(2)).len(), fitting(&world, &wanting(3)).len()], [3, 0]);
}

#[test]
fn domains_that_the_pod_cannot_use_are_left_out_by_default() {
    let world = world_of(nodes(), on(&["a1"]));
    let only_a = |honors_affinity| {
        with(spreading(vec![Spread { honors_affinity, ..spread("web", ZONE, 1) }]), |spec| spec.node_selector = labels(&[(ZONE, "a")]))
    };
    assert_eq!([fitting(&world, &only_a(true)).len(), fitting(&world, &only_a(false)).len()], [2, 0]);
}

#[test]
fn taints_leave_domains_out_only_if_asked_to() {
    let mut nodes = nodes();
    nodes[2].taints = vec![taint("gpu", "", "NoSchedule")];
    let world = world_of(nodes, on(&["a1"]));
    let pod = |honors_taints| spreading(vec![Spread { honors_taints, ..spread("web", ZONE, 1) }]);
    assert_eq!([fitting(&world, &pod(true)).len(), fitting(&world, &pod(false)).len()], [2, 0]);
}

#[test]
fn terminating_pods_and_other_namespaces_do_not_count() {
    let mut going = running("going", "web", "a1");
    going.terminating = true;
    let elsewhere = in_namespace(running("elsewhere", "web", "a1"), "other");
    let world = world_of(nodes(), vec![going, elsewhere]);
    assert_eq!(fitting(&world, &spreading(vec![spread("web", ZONE, 1)])), ["a1", "a2", "b1"]);
}

#[test]
fn an_empty_selector_counts_the_pod_itself_alone_and_none_counts_nobody() {
    let world = world_of(nodes(), on(&["a1", "a1", "a1"]));
    let selecting = |selector| spreading(vec![Spread { selector, ..spread("web", ZONE, 1) }]);
    assert_eq!([fitting(&world, &selecting(selector(&[]))).len(), fitting(&world, &selecting(None)).len()], [3, 3]);
}

#[test]
fn a_host_to_come_is_a_hostname_of_its_own() {
    let world = world_of(nodes(), on(&["a1", "a2", "b1"]));
    let mut judge = Judge::of(&world);
    let pod = spreading(vec![spread("web", HOSTNAME, 1)]);
    let new = || NewNode { labels: labels(&[(ZONE, "a")]), allocatable: crate::fixtures::offers(4_000, 16), ..NewNode::default() };
    let hosts = [judge.add_node(new()), judge.add_node(new())];
    let web = Arc::new(app("first", "web"));
    judge.place(&web, hosts[0]);
    assert_eq!(hosts.map(|at| judge.verdict(&pod, at).is_ok()), [false, true]);
}
