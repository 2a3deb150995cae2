//! What is not bought: maxima, limits, quota, and what is said of them.

use crate::fixtures::*;
use crate::model::{Host, Line, Quota, Snapshot};

fn with_quota(quota: Quota) -> Snapshot {
    let mut snapshot = world(pods(2, "a", 4_000, 1));
    snapshot.pools[0].flavors = vec!["m1.large".to_owned()];
    snapshot.clouds.get_mut(&key("main")).unwrap().quota = quota;
    snapshot
}

fn said(snapshot: &Snapshot) -> (Vec<String>, String) {
    let plan = planned(snapshot);
    assert_eq!(reasons(&plan), [plan.blocked[&key("general")].as_str()]);
    (created(&plan), plan.blocked[&key("general")].clone())
}

#[test]
fn quota_for_cores_is_planned_with() {
    let snapshot = with_quota(Quota { cores: Line { limit: 40, used: 36 }, ..Quota::default() });
    let why = "quota for cores is 40 of 40; raise it by 4 or delete 1 host".to_owned();
    assert_eq!(said(&snapshot), (vec!["m1.large az1: 1".to_owned()], why));
}

#[test]
fn quota_for_memory_and_instances_is_planned_with() {
    let memory = with_quota(Quota { memory_mib: Line { limit: 20_000, used: 0 }, ..Quota::default() });
    let why = "quota for memory is 16384 of 20000 MiB; raise it by 12768 or delete 1 host".to_owned();
    assert_eq!(said(&memory), (vec!["m1.large az1: 1".to_owned()], why));
    let instances = with_quota(Quota { instances: Line { limit: 5, used: 4 }, ..Quota::default() });
    let why = "quota for instances is 5 of 5; raise it by 1 or delete 1 host".to_owned();
    assert_eq!(said(&instances), (vec!["m1.large az1: 1".to_owned()], why));
}

#[test]
fn hosts_that_the_cloud_has_not_counted_yet_use_quota_and_so_do_those_that_go() {
    let mut snapshot = with_quota(Quota { cores: Line { limit: 12, used: 4 }, ..Quota::default() });
    let full = |host| crate::model::Host { allocatable: offers(0, 0), ..host };
    snapshot.hosts = vec![full(host("general-1")), full(host("general-2")), full(host("general-3"))];
    snapshot.hosts[0].in_quota = true;
    snapshot.hosts[1].deleting = true;
    let why = "quota for cores is 12 of 12; raise it by 4 or delete 1 host".to_owned();
    assert_eq!(said(&snapshot), (Vec::new(), why));
}

#[test]
fn a_smaller_flavor_is_taken_where_quota_is_short() {
    let mut snapshot = world(pods(8, "a", 1_000, 1));
    snapshot.clouds.get_mut(&key("main")).unwrap().quota.cores = Line { limit: 4, used: 0 };
    assert_eq!(created(&planned(&snapshot)), ["m1.large az1: 4"]);
}

#[test]
fn the_maximum_of_hosts_is_kept() {
    let mut snapshot = with_quota(Quota::default());
    snapshot.pools[0].max_hosts = 1;
    let why = "maxHosts is 1 and 1 host exists; raise maxHosts".to_owned();
    assert_eq!(said(&snapshot), (vec!["m1.large az1: 1".to_owned()], why));
}

#[test]
fn limits_are_kept_within_a_batch() {
    let mut snapshot = with_quota(Quota::default());
    snapshot.pools[0].limit_cpu_milli = Some(7_500);
    let why = "limit of cpu is 7.5 and 4 are used; m1.large needs 4: raise limits.cpu".to_owned();
    assert_eq!(said(&snapshot), (vec!["m1.large az1: 1".to_owned()], why));
    snapshot.pools[0].limit_cpu_milli = None;
    snapshot.pools[0].limit_memory_bytes = Some(20 * GIB);
    let why = "limit of memory is 20480 MiB and 16384 are used; m1.large needs 16384: raise limits.memory".to_owned();
    assert_eq!(said(&snapshot), (vec!["m1.large az1: 1".to_owned()], why));
}

#[test]
fn a_lighter_pool_serves_what_a_heavier_one_may_not() {
    let mut snapshot = world(pods(2, "a", 8_000, 1));
    let heavy = crate::model::Pool { max_hosts: 1, ..named_pool("heavy", 10) };
    snapshot.pools = vec![named_pool("light", 1), heavy];
    let plan = planned(&snapshot);
    assert_eq!(created(&plan).len(), 2);
    assert_eq!(plan.unplaced, []);
    assert_eq!(plan.blocked.keys().collect::<Vec<_>>(), [&key("heavy")]);
}

#[test]
fn higher_priorities_get_what_there_is() {
    let mut snapshot = with_quota(Quota::default());
    snapshot.pools[0].max_hosts = 1;
    snapshot.pod(1).spec_mut().priority = 100;
    snapshot.pod(1).spec_mut().requests = resources(3_500, 1);
    let plan = planned(&snapshot);
    assert_eq!(plan.unplaced.iter().map(|entry| &entry.pod).collect::<Vec<_>>(), [&key("a-0")]);
}

#[test]
fn a_pool_with_replicas_buys_nothing_for_pods() {
    let mut snapshot = with_quota(Quota::default());
    snapshot.pools[0].replicas = Some(1);
    let plan = planned(&snapshot);
    assert_eq!(created(&plan), ["m1.large az1: 1"]);
    let why = "replicas is 1, so pods buy no host here; raise replicas, or unset it to size the pool by demand";
    assert_eq!(reasons(&plan), [why]);
}

#[test]
fn a_minimum_that_quota_forbids_is_said() {
    let mut snapshot = with_quota(Quota { cores: Line { limit: 4, used: 4 }, ..Quota::default() });
    snapshot.pods.clear();
    snapshot.pools[0].min_hosts = 1;
    let plan = planned(&snapshot);
    assert_eq!(plan.blocked[&key("general")], "quota for cores is 4 of 4; raise it by 4 or delete 1 host");
}

#[test]
fn a_floor_counts_hosts_that_live_or_come_and_buys_for_no_silence() {
    let mut snapshot = world(Vec::new());
    snapshot.pools[0].min_hosts = 1;
    let floor_of = |change: &dyn Fn(&mut Host)| {
        let mut snapshot = snapshot.clone();
        snapshot.hosts = vec![host("general-1")];
        change(&mut snapshot.hosts[0]);
        created(&planned(&snapshot)).len()
    };
    assert_eq!([floor_of(&|host| host.failed = true), floor_of(&|host| host.deleting = true)], [1, 1]);
    assert_eq!([floor_of(&|host| host.joined = true), floor_of(&|_| ())], [0, 0], "silence is no death");
}
