//! Empty hosts in the way of others: which are released, for whom, and that it ends.

use jiff::SignedDuration;

use crate::fixtures::*;
use crate::model::{Claim, Host, Line, Snapshot};
use crate::planner::Command;

/// Pool general may have one host and has an m1.large, empty for so long; a pod waits that only an m1.xlarge takes.
fn blocked(empty_seconds: i64) -> Snapshot {
    let mut snapshot = world(vec![pod("large", 6_000, 1)]);
    snapshot.pools[0].max_hosts = 1;
    add(&mut snapshot, "general-1", empty_seconds);
    snapshot
}

fn add(snapshot: &mut Snapshot, name: &str, empty_seconds: i64) {
    snapshot.nodes.push(node(name, 4_000, 16));
    snapshot.hosts.push(Host { created: ago(3_600), joined: true, in_quota: true, empty_since: Some(ago(empty_seconds)), ..host(name) });
}

/// The world when what was let go is gone.
fn rid(snapshot: &Snapshot, gone: &[&str]) -> Snapshot {
    let mut next = snapshot.clone();
    next.hosts.retain(|host| !gone.contains(&host.key.name.as_str()));
    next.nodes.retain(|node| !gone.contains(&node.name.as_str()));
    next
}

#[test]
fn an_empty_host_goes_for_a_pod_that_needs_another_kind_and_that_kind_is_bought() {
    let snapshot = blocked(90);
    let plan = planned(&snapshot);
    let Command::DeleteHost { reason, .. } = &plan.commands[0] else { panic!("{plan:?}") };
    let why = "empty for 1m30s and in the way: another kind of host is needed for apps/large, and maxHosts is 1 and 1 host exists; raise maxHosts";
    assert_eq!((deleted(&plan), reason.as_str()), (vec!["general-1"], why));
    let next = planned(&rid(&snapshot, &deleted(&plan)));
    assert_eq!((created(&next), deleted(&next)), (vec!["m1.xlarge az1: 1".to_owned()], Vec::new()));
}

#[test]
fn it_is_empty_for_a_minute_before_and_the_plan_is_made_again_then() {
    let plan = planned(&blocked(40));
    assert_eq!((deleted(&plan), plan.wake_at), (Vec::new(), Some(now() + SignedDuration::from_secs(20))));
}

#[test]
fn pools_that_keep_empty_hosts_keep_them() {
    let mut snapshot = blocked(90_000);
    snapshot.pools[0].empty_after = None;
    assert_eq!(deleted(&planned(&snapshot)), Vec::<&str>::new());
}

#[test]
fn the_floor_keeps_its_hosts_whoever_waits() {
    let mut snapshot = blocked(90);
    snapshot.pools[0].min_hosts = 1;
    assert_eq!(deleted(&planned(&snapshot)), Vec::<&str>::new());
    snapshot.pools[0].replicas = Some(1);
    assert_eq!(deleted(&planned(&snapshot)), Vec::<&str>::new());
}

#[test]
fn a_host_with_pods_or_a_seat_in_use_or_a_silent_node_stays() {
    let mut carrying = blocked(90);
    carrying.pods.extend(shared(vec![bound("small", "general-1", 100, 1)]));
    let mut seated = blocked(90);
    seated.pods.extend(shared(vec![pod("small", 100, 1)]));
    seated.hosts[0].claims = vec![Claim { shape: seated.pods[1].shape(), pods: 1 }];
    let mut silent = blocked(90);
    silent.nodes[0].ready = false;
    for snapshot in [carrying, seated, silent] {
        assert_eq!(deleted(&planned(&snapshot)), Vec::<&str>::new());
    }
}

#[test]
fn nobody_goes_for_pods_that_no_other_kind_would_take_or_that_could_not_be_bought() {
    let mut huge = blocked(90);
    huge.pod(0).spec_mut().requests = resources(100_000, 1);
    let mut failed = blocked(90);
    for offering in &mut failed.clouds.get_mut(&key("main")).unwrap().offerings {
        offering.unavailable = (offering.flavor == "m1.xlarge").then(|| "no valid host".to_owned());
    }
    let mut strict = blocked(90);
    strict.clouds.get_mut(&key("main")).unwrap().quota.cores = Line { limit: 7, used: 4 };
    for snapshot in [huge, failed, strict] {
        assert_eq!(deleted(&planned(&snapshot)), Vec::<&str>::new());
    }
}

#[test]
fn no_host_goes_for_another_of_its_kind() {
    let mut snapshot = blocked(90);
    snapshot.pod(0).spec_mut().requests = resources(3_500, 1);
    snapshot.nodes[0].allocatable = offers(3_000, 16);
    assert_eq!(deleted(&planned(&snapshot)), Vec::<&str>::new());
}

#[test]
fn as_few_go_as_it_takes_and_none_while_others_are_going() {
    let mut snapshot = blocked(90);
    snapshot.pools[0].max_hosts = 3;
    add(&mut snapshot, "general-2", 100);
    add(&mut snapshot, "general-3", 80);
    assert_eq!(deleted(&planned(&snapshot)), ["general-2"]);
    snapshot.clouds.get_mut(&key("main")).unwrap().quota.cores = Line { limit: 12, used: 12 };
    snapshot.pools[0].max_hosts = 10;
    assert_eq!(deleted(&planned(&snapshot)), ["general-2", "general-1"]);
    snapshot.hosts[0].deleting = true;
    snapshot.hosts[1].deleting = true;
    assert_eq!(deleted(&planned(&snapshot)), Vec::<&str>::new());
}

#[test]
fn limits_of_cpu_and_memory_release_too() {
    let mut cpu = blocked(90);
    cpu.pools[0].max_hosts = 10;
    cpu.pools[0].limit_cpu_milli = Some(8_000);
    assert_eq!(deleted(&planned(&cpu)), ["general-1"]);
    let mut memory = blocked(90);
    memory.pools[0].max_hosts = 10;
    memory.pools[0].limit_memory_bytes = Some(32 * GIB);
    assert_eq!(deleted(&planned(&memory)), ["general-1"]);
}
