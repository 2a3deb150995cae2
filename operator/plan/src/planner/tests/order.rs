//! Pods that are counted together and come to be in some order: what that order allows is planned, and what it does not is said.

use std::sync::Arc;

use crate::fixtures::*;
use crate::model::{Node, Pod, PodTerm, Snapshot, Spread};

const ZONE: &str = "topology.kubernetes.io/zone";
const NODE: &str = "kubernetes.io/hostname";

fn of(app: &str, name: &str, cpu_milli: i64) -> Pod {
    Pod { labels: Arc::new(labels(&[("app", app)])), ..pod(name, cpu_milli, 1) }
}

fn with(mut pod: Pod, term: PodTerm) -> Pod {
    pod.spec_mut().affinity = vec![term];
    pod
}

fn zoned(name: &str, zone: &str, cpu_milli: i64) -> Node {
    Node { labels: labels(&[(NODE, name), (ZONE, zone)]).into(), ..node(name, cpu_milli, 16) }
}

#[test]
fn whoever_must_be_on_the_node_of_others_gets_no_host_elsewhere() {
    let mut waiting = with(of("db", "a", 100), pod_term("db", NODE));
    waiting.spec_mut().node_selector = labels(&[(ZONE, "az2")]);
    let mut snapshot = world(vec![waiting]);
    snapshot.nodes = vec![zoned("n0", "az1", 4_000)];
    snapshot.pods.push(Arc::new(Pod { labels: Arc::new(labels(&[("app", "db")])), ..bound("b", "n0", 100, 1) }));
    let plan = planned(&snapshot);
    let why = "affinity wants pods with app=db in the same kubernetes.io/hostname, where no new host can be";
    assert_eq!((created(&plan).len(), reasons(&plan)), (0, vec![why]));
}

#[test]
fn a_group_that_began_on_a_node_is_not_continued_on_a_new_host() {
    let pods = (0..4).map(|nth| with(of("db", &format!("a{nth}"), 1_200), pod_term("db", NODE))).collect();
    let mut snapshot: Snapshot = world(pods);
    snapshot.nodes = vec![zoned("n0", "az1", 4_000)];
    let plan = planned(&snapshot);
    assert_eq!((created(&plan).len(), plan.placed.len(), plan.unplaced.len()), (0, 3, 1));
}

#[test]
fn whoever_needs_pods_that_wait_too_gets_a_host_with_one_of_them() {
    let free = (0..2).map(|nth| of("db", &format!("free{nth}"), 3_500));
    let snapshot = world(free.chain([with(of("db", "a", 3_000), pod_term("db", NODE))]).collect());
    let plan = planned(&snapshot);
    assert_eq!((created(&plan), plan.unplaced.len()), (vec!["m1.xlarge az1: 2".to_owned(), "m1.large az2: 1".to_owned()], 0));
}

#[test]
fn a_zone_whose_hosts_are_too_small_is_no_reason_to_leave_spread_pods_out() {
    let large = |nth: usize| {
        let mut pod = of("x", &format!("a{nth}"), 7_000);
        pod.spec_mut().spread = vec![spread("x", ZONE)];
        pod
    };
    let mut snapshot = world((0..3).map(large).collect());
    for offering in &mut snapshot.clouds.get_mut(&key("main")).unwrap().offerings {
        offering.unavailable = (offering.flavor == "m1.xlarge" && offering.zone == "az2").then(|| "no valid host".to_owned());
    }
    let plan = planned(&snapshot);
    assert_eq!((created(&plan), plan.unplaced.len()), (vec!["m1.xlarge az1: 1".to_owned(); 3], 0));
}

#[test]
fn pods_that_go_to_nodes_at_once_are_even_before_hosts_join() {
    let mut spread_out = of("x", "a", 1_000);
    spread_out.spec_mut().priority = 1;
    spread_out.spec_mut().spread = vec![Spread { max_skew: 1, ..spread("x", ZONE) }];
    let mut counted = of("x", "b", 3_000);
    counted.spec_mut().node_selector = labels(&[(ZONE, "az1")]);
    let mut snapshot = world(vec![spread_out, counted]);
    snapshot.nodes = vec![zoned("n0", "az1", 1_000), zoned("n1", "az2", 0)];
    let plan = planned(&snapshot);
    assert_eq!((plan.placed, created(&planned(&snapshot))), (vec![(key("a"), "n0".to_owned())], vec!["m1.large az1: 1".to_owned()]));
}
