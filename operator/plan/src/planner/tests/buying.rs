//! What is bought for pods that find no room.

use crate::fixtures::*;
use crate::model::Pod;
use crate::planner::{Command, Plan};

/// A plan that says nothing is empty but for what each pool could grow by.
fn nothing_but_growth(plan: Plan) -> Plan {
    Plan { growth: Default::default(), ..plan }
}

#[test]
fn no_demand_buys_nothing() {
    assert_eq!(nothing_but_growth(planned(&world(vec![bound("a", "gone", 1_000, 1)]))), Plan::default());
}

#[test]
fn one_pod_gets_the_cheapest_host_that_holds_it() {
    let plan = planned(&world(vec![pod("a", 3_000, 4)]));
    assert_eq!(created(&plan), ["m1.large az1: 1"]);
    let Command::CreateHost { pool, price_micro, pods, allocatable, labels: node, reason, .. } = &plan.commands[0] else {
        panic!("no host is created");
    };
    assert_eq!((pool, *price_micro, pods.as_slice()), (&key("general"), 4_000_000, [key("a")].as_slice()));
    assert_eq!(reason, "pod apps/a finds no room");
    assert_eq!((allocatable.cpu_milli, allocatable.memory_bytes, allocatable.pods), (4_000, 16 * GIB - (100 << 20), 110));
    assert_eq!(allocatable.ephemeral_bytes, 34 * GIB);
    assert_eq!(
        *node,
        labels(&[
            ("gantry.cloud/pool", "general"),
            ("kubernetes.io/arch", "amd64"),
            ("kubernetes.io/os", "linux"),
            ("node.kubernetes.io/instance-type", "m1.large"),
            ("topology.cinder.csi.openstack.org/zone", "az1"),
            ("topology.kubernetes.io/region", "RegionOne"),
            ("topology.kubernetes.io/zone", "az1"),
        ])
    );
}

#[test]
fn a_pod_too_large_for_the_small_flavor_gets_the_large_one() {
    assert_eq!(created(&planned(&world(vec![pod("a", 6_000, 4)]))), ["m1.xlarge az1: 1"]);
}

#[test]
fn pods_share_hosts() {
    assert_eq!(created(&planned(&world(pods(4, "a", 1_000, 1)))), ["m1.large az1: 4"]);
}

#[test]
fn small_pods_fill_the_gaps_that_large_ones_leave() {
    let mut all = pods(4, "large", 3_000, 1);
    all.extend(pods(4, "small", 1_000, 1));
    let plan = planned(&world(all));
    let price: i64 = plan.commands.iter().map(price).sum();
    assert_eq!(price, 16_000_000);
}

fn price(command: &Command) -> i64 {
    match command {
        Command::CreateHost { price_micro, .. } => *price_micro,
        Command::DeleteHost { .. } => 0,
    }
}

#[test]
fn hosts_of_equal_price_are_spread_over_zones_fewest_first() {
    let mut snapshot = world(pods(3, "a", 8_000, 1));
    snapshot.hosts = vec![host("general-1")];
    assert_eq!(created(&planned(&snapshot)), ["m1.xlarge az2: 1", "m1.xlarge az1: 1", "m1.xlarge az2: 1"]);
}

#[test]
fn a_zone_selector_is_obeyed() {
    let mut zoned = pod("a", 1_000, 1);
    zoned.spec_mut().node_selector = labels(&[("topology.kubernetes.io/zone", "az2")]);
    assert_eq!(created(&planned(&world(vec![zoned]))), ["m1.large az2: 1"]);
}

#[test]
fn the_heaviest_pool_that_can_serve_a_pod_gets_it() {
    let mut snapshot = world(vec![pod("a", 1_000, 1)]);
    snapshot.pools = vec![named_pool("light", 1), named_pool("heavy", 10)];
    let Command::CreateHost { pool, .. } = &planned(&snapshot).commands[0] else {
        panic!("no host is created");
    };
    assert_eq!(*pool, key("heavy"));
}

#[test]
fn a_pool_with_a_taint_serves_only_pods_that_tolerate_it() {
    let mut snapshot = world(vec![pod("a", 1_000, 1), pod("b", 1_000, 1)]);
    snapshot.pod(0).spec_mut().tolerations = vec![tolerate_all()];
    snapshot.pools[0].taints = vec![taint("dedicated", "gpu", "NoSchedule")];
    let plan = planned(&snapshot);
    assert_eq!(created(&plan), ["m1.large az1: 1"]);
    assert_eq!(reasons(&plan), ["does not tolerate taint dedicated=gpu:NoSchedule"]);
}

#[test]
fn startup_taints_of_the_pool_keep_nobody_away() {
    let mut snapshot = world(vec![pod("a", 1_000, 1)]);
    snapshot.pools[0].startup_taints = vec![taint("example.com/agent", "", "NoSchedule")];
    assert_eq!(created(&planned(&snapshot)), ["m1.large az1: 1"]);
}

#[test]
fn offerings_that_cannot_be_had_are_left_out() {
    let mut snapshot = world(vec![pod("a", 1_000, 1)]);
    for offering in &mut snapshot.clouds.get_mut(&key("main")).unwrap().offerings {
        if offering.flavor == "m1.large" || offering.zone == "az1" {
            offering.unavailable = Some("No valid host was found".to_owned());
        }
    }
    assert_eq!(created(&planned(&snapshot)), ["m1.xlarge az2: 1"]);
}

#[test]
fn daemon_sets_take_their_share_of_a_new_host() {
    let mut snapshot = world(vec![pod("a", 3_500, 1)]);
    snapshot.daemon_sets = vec![daemon_set("agent", 600, 1)];
    assert_eq!(created(&planned(&snapshot)), ["m1.xlarge az1: 1"]);
}

#[test]
fn a_daemon_set_that_would_not_run_there_takes_nothing() {
    let mut snapshot = world(vec![pod("a", 3_500, 1)]);
    let mut agent = daemon_set("agent", 600, 1);
    agent.pod.spec_mut().node_selector = labels(&[("gpu", "yes")]);
    snapshot.daemon_sets = vec![agent];
    assert_eq!(created(&planned(&snapshot)), ["m1.large az1: 1"]);
}

#[test]
fn reserved_room_is_not_for_pods() {
    let mut snapshot = world(vec![pod("a", 3_800, 1)]);
    snapshot.pools[0].reserved_cpu_milli = 500;
    assert_eq!(created(&planned(&snapshot)), ["m1.xlarge az1: 1"]);
}

#[test]
fn max_pods_is_obeyed() {
    let mut snapshot = world(pods(3, "a", 100, 0));
    snapshot.pools[0].max_pods = 2;
    let plan = planned(&snapshot);
    assert_eq!(created(&plan).len(), 2);
}

#[test]
fn pods_that_are_not_waiting_for_room_buy_nothing() {
    let with = |change: fn(&mut Pod)| {
        let mut pod = pod("a", 1_000, 1);
        change(&mut pod);
        pod
    };
    let snapshot = world(vec![
        with(|pod| pod.unschedulable = false),
        with(|pod| pod.terminating = true),
        with(|pod| pod.spec_mut().scheduler = "other".to_owned()),
        with(|pod| (pod.nominated_node, pod.unschedulable_since) = (Some("n".into()), None)),
        of_daemon(pod("b", 1_000, 1), "agent"),
    ]);
    assert_eq!(nothing_but_growth(planned(&snapshot)), Plan::default());
}

#[test]
fn pools_reach_their_minimum_and_replicas_without_pods() {
    let mut snapshot = world(Vec::new());
    let minimum = crate::model::Pool { min_hosts: 1, ..named_pool("minimum", 0) };
    let exact = crate::model::Pool { replicas: Some(2), ..named_pool("exact", 0) };
    snapshot.pools = vec![minimum, exact];
    let plan = planned(&snapshot);
    assert_eq!(created(&plan).len(), 3);
    let reasons: Vec<&str> = plan.commands.iter().map(reason).collect();
    assert_eq!(reasons, ["replicas is 2 and the pool has 0", "replicas is 2 and the pool has 0", "minHosts is 1 and the pool has 0"]);
}

fn reason(command: &Command) -> &str {
    match command {
        Command::CreateHost { reason, .. } | Command::DeleteHost { reason, .. } => reason,
    }
}

#[test]
fn hosts_of_the_minimum_serve_the_demand() {
    let mut snapshot = world(vec![pod("a", 3_000, 1)]);
    snapshot.pools[0].min_hosts = 1;
    assert_eq!(created(&planned(&snapshot)), ["m1.large az1: 1"]);
}
