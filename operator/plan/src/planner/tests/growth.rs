//! What a pool can still grow by, and the limits that hosts meet beside those of servers.

use crate::fixtures::*;
use crate::model::{Extras, Host, Line, Quota, Snapshot};

fn with_quota(quota: Quota) -> Snapshot {
    let mut snapshot = world(Vec::new());
    snapshot.clouds.get_mut(&key("main")).unwrap().quota = quota;
    snapshot
}

fn growth(snapshot: &Snapshot) -> (usize, String) {
    let growth = planned(snapshot).growth[&key("general")].clone();
    (growth.hosts, growth.blocked_by)
}

#[test]
fn the_nearest_limit_says_how_far_a_pool_can_grow() {
    let why = "after 10 more hosts (m1.large): maxHosts is 10 and 10 hosts exist; raise maxHosts".to_owned();
    assert_eq!(growth(&with_quota(Quota::default())), (10, why));
    let cores = with_quota(Quota { cores: Line { limit: 14, used: 4 }, ..Quota::default() });
    let why = "after 2 more hosts (m1.large): quota for cores is 12 of 14; raise it by 2 or delete 1 host".to_owned();
    assert_eq!(growth(&cores), (2, why));
    let full = with_quota(Quota { instances: Line { limit: 4, used: 4 }, ..Quota::default() });
    assert_eq!(growth(&full), (0, "quota for instances is 4 of 4; raise it by 1 or delete 1 host".to_owned()));
}

#[test]
fn ports_volumes_and_floating_ips_are_planned_with() {
    let extras = Extras { ports: 2, floating_ips: 1, volume_gib: Some(40), grouped: false };
    let line = |limit| Line { limit, used: 0 };
    let cases = [
        (Quota { ports: line(5), ..Quota::default() }, 2, "quota for ports is 4 of 5; raise it by 1"),
        (Quota { floating_ips: line(3), ..Quota::default() }, 3, "quota for floating IPs is 3 of 3; raise it by 1"),
        (Quota { volumes: line(1), ..Quota::default() }, 1, "quota for volumes is 1 of 1; raise it by 1"),
        (Quota { gigabytes: line(100), ..Quota::default() }, 2, "quota for gigabytes of volumes is 80 of 100; raise it by 20"),
    ];
    for (quota, hosts, why) in cases {
        let mut snapshot = with_quota(quota);
        assert_eq!(growth(&snapshot).0, 10);
        snapshot.pools[0].extras = extras;
        let found = growth(&snapshot);
        assert!(found.0 == hosts && found.1.contains(why), "{found:?}");
        snapshot.pods = shared(pods(20, "a", 4_000, 1));
        assert_eq!(planned(&snapshot).commands.len(), hosts);
    }
}

#[test]
fn hosts_without_a_group_yet_have_a_seat_kept() {
    let mut snapshot = with_quota(Quota { server_groups: Line { limit: 2, used: 1 }, server_group_members: 3, ..Quota::default() });
    snapshot.pools[0].extras.grouped = true;
    let seated = |name, group: Option<&str>| Host { group: group.map(str::to_owned), in_quota: true, ..host(name) };
    snapshot.hosts = vec![seated("general-1", Some("g")), seated("general-2", Some("g")), seated("general-3", None)];
    assert_eq!(growth(&snapshot).0, 3);
    snapshot.hosts.push(seated("general-4", None));
    let found = growth(&snapshot);
    assert!(found.0 == 2 && found.1.contains("quota for server groups is 2 of 2, of 3 members each"), "{found:?}");
}

#[test]
fn where_the_quota_has_no_seat_for_all_the_oldest_hosts_have_theirs() {
    let mut snapshot = with_quota(Quota { server_groups: Line { limit: 1, used: 0 }, server_group_members: 2, ..Quota::default() });
    snapshot.pools = ["a", "b"].map(|name| named_pool(name, 0)).into();
    snapshot.pools.iter_mut().for_each(|pool| pool.extras.grouped = true);
    let seatless = |pool: &str, seconds| Host { pool: pool.to_owned(), created: ago(seconds), in_quota: true, ..host(pool) };
    for hosts in [[seatless("a", 60), seatless("b", 120)], [seatless("b", 120), seatless("a", 60)]] {
        snapshot.hosts = hosts.into();
        let growth = planned(&snapshot).growth;
        assert_eq!((growth[&key("a")].hosts, growth[&key("b")].hosts), (0, 1));
    }
}

#[test]
fn a_pool_whose_cheapest_flavor_failed_grows_by_the_next() {
    let mut snapshot = with_quota(Quota { cores: Line { limit: 16, used: 0 }, ..Quota::default() });
    for offering in &mut snapshot.clouds.get_mut(&key("main")).unwrap().offerings {
        offering.unavailable = (offering.flavor == "m1.large").then(|| "no valid host".to_owned());
    }
    let found = growth(&snapshot);
    assert!(found.0 == 2 && found.1.starts_with("after 2 more hosts (m1.xlarge): quota for cores is 16 of 16"), "{found:?}");
}

#[test]
fn a_pool_that_is_not_ready_says_why_it_does_not_grow() {
    let mut snapshot = with_quota(Quota::default());
    snapshot.pools[0].ready = Err("image x does not exist".to_owned());
    assert_eq!(growth(&snapshot), (0, "image x does not exist".to_owned()));
    snapshot.clouds.clear();
    assert_eq!(growth(&snapshot).0, 0);
}

#[test]
fn a_root_volume_is_what_pods_may_use_of_the_disk() {
    let mut snapshot = world(pods(1, "a", 1_000, 1));
    snapshot.pools[0].extras.volume_gib = Some(100);
    let plan = planned(&snapshot);
    let crate::planner::Command::CreateHost { allocatable, .. } = &plan.commands[0] else { panic!("{plan:?}") };
    assert_eq!(allocatable.ephemeral_bytes, 85 * GIB);
}
