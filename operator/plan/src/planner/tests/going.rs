//! What is let go, and what never is.

use jiff::SignedDuration;

use crate::fixtures::*;
use crate::model::{Host, Snapshot};

/// Hosts that joined an hour ago and have been empty since `empty` seconds ago, each with its node.
fn empty_hosts(empty: &[(&str, i64)]) -> Snapshot {
    let mut snapshot = world(Vec::new());
    for (name, seconds) in empty {
        snapshot.nodes.push(node(name, 4_000, 16));
        snapshot.hosts.push(Host { created: ago(3_600), empty_since: Some(ago(*seconds)), ..host(name) });
    }
    snapshot
}

#[test]
fn an_empty_host_goes_when_its_time_is_up_and_the_next_time_is_told() {
    let plan = planned(&empty_hosts(&[("general-1", 301), ("general-2", 200)]));
    assert_eq!((deleted(&plan), plan.wake_at), (vec!["general-1"], Some(now() + SignedDuration::from_secs(100))));
}

#[test]
fn the_reason_names_both_times() {
    let plan = planned(&empty_hosts(&[("general-1", 360)]));
    let crate::planner::Command::DeleteHost { uid, reason, .. } = &plan.commands[0] else {
        panic!("no host goes");
    };
    let expected = "empty for 6m; the pool lets empty hosts go after 5m";
    assert_eq!((uid.as_str(), reason.as_str()), ("uid-general-1", expected));
}

#[test]
fn a_host_that_a_pod_of_the_plan_needs_stays() {
    let mut snapshot = empty_hosts(&[("general-1", 400), ("general-2", 400)]);
    snapshot.pods = shared(vec![pod("a", 1_000, 1)]);
    assert_eq!(deleted(&planned(&snapshot)), ["general-2"]);
}

#[test]
fn the_minimum_stays_and_those_empty_longest_go() {
    let mut snapshot = empty_hosts(&[("general-1", 400), ("general-2", 500), ("general-3", 450)]);
    snapshot.pools[0].min_hosts = 1;
    assert_eq!(deleted(&planned(&snapshot)), ["general-2", "general-3"]);
}

#[test]
fn a_host_whose_node_is_unknown_is_not_empty() {
    let mut snapshot = empty_hosts(&[("general-1", 400)]);
    snapshot.nodes.clear();
    assert_eq!(deleted(&planned(&snapshot)), Vec::<&str>::new());
}

#[test]
fn a_host_with_workload_is_not_empty_whatever_its_record_says() {
    let mut snapshot = empty_hosts(&[("general-1", 400)]);
    snapshot.pods = shared(vec![bound("a", "general-1", 100, 1)]);
    assert_eq!(deleted(&planned(&snapshot)), Vec::<&str>::new());
    snapshot.pods = shared(vec![of_daemon(bound("agent", "general-1", 100, 1), "agent")]);
    assert_eq!(deleted(&planned(&snapshot)), ["general-1"]);
}

#[test]
fn a_host_nobody_knows_to_be_empty_stays_and_so_do_those_of_unknown_pools_and_pools_that_keep_them() {
    let mut unknown = empty_hosts(&[("general-1", 400)]);
    unknown.hosts[0].empty_since = None;
    let mut foreign = empty_hosts(&[("general-1", 400)]);
    foreign.hosts[0].pool = "gone".to_owned();
    let mut keeping = empty_hosts(&[("general-1", 400)]);
    keeping.pools[0].empty_after = None;
    for snapshot in [unknown, foreign, keeping] {
        assert_eq!(deleted(&planned(&snapshot)), Vec::<&str>::new());
    }
}

#[test]
fn hosts_that_go_already_are_not_let_go_again() {
    let mut snapshot = empty_hosts(&[("general-1", 400), ("general-2", 400)]);
    snapshot.hosts[0].deleting = true;
    snapshot.hosts[1].failed = true;
    assert_eq!(deleted(&planned(&snapshot)), Vec::<&str>::new());
}

#[test]
fn a_host_in_flight_that_no_pod_needs_any_longer_stays() {
    let mut snapshot = world(Vec::new());
    snapshot.hosts = vec![host("general-1")];
    assert_eq!(planned(&snapshot).commands, []);
}

#[test]
fn surplus_replicas_go_not_joined_first_then_emptiest_then_youngest() {
    let mut snapshot = empty_hosts(&[("general-1", 10), ("general-2", 10), ("general-3", 10), ("general-4", 10)]);
    snapshot.pods = shared(vec![bound("a", "general-1", 100, 1)]);
    snapshot.hosts[3].created = ago(1_800);
    snapshot.hosts.push(host("general-5"));
    let going = [4, 3, 2, 1, 0].map(|replicas| {
        snapshot.pools[0].replicas = Some(replicas);
        deleted(&planned(&snapshot)).into_iter().map(str::to_owned).collect::<Vec<_>>()
    });
    let order = ["general-5", "general-4", "general-2", "general-3", "general-1"].map(str::to_owned);
    assert_eq!(going, [1, 2, 3, 4, 5].map(|count| order[..count].to_vec()));
}

#[test]
fn a_surplus_host_takes_no_pods() {
    let mut snapshot = empty_hosts(&[("general-1", 10)]);
    snapshot.pods = shared(vec![pod("a", 1_000, 1)]);
    snapshot.pools[0].replicas = Some(0);
    let plan = planned(&snapshot);
    assert_eq!((deleted(&plan), plan.placed.len(), plan.unplaced.len()), (vec!["general-1"], 0, 1));
}

#[test]
fn the_floor_is_kept_by_all_that_one_plan_lets_go() {
    let mut snapshot = empty_hosts(&[("general-1", 400)]);
    snapshot.pools[0].min_hosts = 1;
    snapshot.hosts.push(Host { unneeded_since: Some(ago(60)), ..host("general-2") });
    let plan = planned(&snapshot);
    assert_eq!((deleted(&plan), plan.idle.clone()), (vec!["general-2"], vec![key("general-2")]));
}

#[test]
fn a_silent_host_keeps_the_floor_for_nobody_else() {
    let mut snapshot = empty_hosts(&[("general-1", 10)]);
    snapshot.pools[0].min_hosts = 1;
    snapshot.hosts[0].joined = true;
    snapshot.hosts.push(Host { unneeded_since: Some(ago(60)), ..host("general-2") });
    assert_eq!(deleted(&planned(&snapshot)), ["general-2"]);
    snapshot.nodes[0].ready = false;
    assert_eq!(planned(&snapshot).commands, [], "the one that comes stays");
    snapshot.nodes.clear();
    assert_eq!(planned(&snapshot).commands, [], "and so it does where the node is gone");
}
