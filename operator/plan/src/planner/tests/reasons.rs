//! What is said to pods that get nothing.

use crate::fixtures::*;
use crate::model::{Pool, Snapshot};

/// The reason that pool general gives a pod after a change to the world.
fn why(change: impl Fn(&mut Snapshot)) -> String {
    let mut snapshot = world(vec![pod("a", 1_000, 1)]);
    change(&mut snapshot);
    let plan = planned(&snapshot);
    assert_eq!(created(&plan), Vec::<String>::new());
    reasons(&plan)[0].to_owned()
}

fn selects(key: &str, value: &str) -> impl Fn(&mut Snapshot) {
    move |snapshot| snapshot.pod(0).spec_mut().node_selector = labels(&[(key, value)])
}

#[test]
fn a_pod_larger_than_every_flavor_is_told_the_largest() {
    let reserve = |snapshot: &mut Snapshot| snapshot.pools[0].reserved_cpu_milli = 200;
    assert_eq!(
        why(|snapshot| {
            reserve(snapshot);
            snapshot.pod(0).spec_mut().requests.cpu_milli = 16_000;
        }),
        "asks for 16 CPUs; the largest flavor of the pool, m1.xlarge, offers 7.8 to pods: add a larger flavor"
    );
    assert_eq!(
        why(|snapshot| snapshot.pod(0).spec_mut().requests.memory_bytes = 64 * GIB),
        "asks for 64 GiB of memory; the largest flavor of the pool, m1.xlarge, offers 31.9 to pods: add a larger flavor"
    );
    assert_eq!(
        why(|snapshot| snapshot.pod(0).spec_mut().requests.ephemeral_bytes = 50 * GIB),
        "asks for 50 GiB of ephemeral storage; the largest flavor of the pool, m1.large, offers 34 to pods: add a flavor with a larger disk"
    );
    assert_eq!(
        why(|snapshot| snapshot.pod(0).spec_mut().requests.extended = [("nvidia.com/gpu".to_owned(), 2)].into()),
        "asks for 2 nvidia.com/gpu; no flavor of the pool offers it"
    );
}

#[test]
fn two_resources_that_no_flavor_has_together_are_said() {
    let change = |snapshot: &mut Snapshot| {
        let cloud = snapshot.clouds.get_mut(&key("main")).unwrap();
        cloud.offerings = vec![offering("m1.large", "az1", 16, 4), offering("m1.xlarge", "az1", 2, 64)];
        snapshot.pod(0).spec_mut().requests = resources(8_000, 32);
    };
    assert_eq!(why(change), "no flavor of the pool offers 8 CPUs and 32 GiB of memory together: add one");
}

#[test]
fn labels_that_no_host_has_are_named() {
    let tier = "node selector tier=gold matches no pool label: add it to template.node.labels, or take it off the pod";
    assert_eq!(why(selects("tier", "gold")), tier);
    assert_eq!(
        why(|snapshot| {
            snapshot.pools[0].labels = labels(&[("tier", "iron")]);
            selects("tier", "gold")(snapshot);
        }),
        "node selector tier=gold does not match: pool has iron"
    );
    assert_eq!(why(selects("topology.kubernetes.io/zone", "az9")), "wants zone az9; pool has az1, az2");
    let name = "asks for node n7 by name, which no new host can be";
    assert_eq!(why(selects("kubernetes.io/hostname", "n7")), name);
}

#[test]
fn a_flavor_and_a_zone_that_do_not_go_together_are_said() {
    let change = |snapshot: &mut Snapshot| {
        let cloud = snapshot.clouds.get_mut(&key("main")).unwrap();
        cloud.offerings = vec![offering("m1.large", "az1", 4, 16), offering("m1.xlarge", "az2", 8, 32)];
        let wanted = [("node.kubernetes.io/instance-type", "m1.large"), ("topology.kubernetes.io/zone", "az2")];
        snapshot.pod(0).spec_mut().node_selector = labels(&wanted);
    };
    assert_eq!(
        why(change),
        "no single flavor and zone of the pool meets all of: node.kubernetes.io/instance-type=m1.large; \
         topology.kubernetes.io/zone=az2"
    );
}

#[test]
fn affinity_is_shown() {
    let affinity = vec![term(vec![expression("tier", "In", &["gold", "silver"]), expression("gpu", "Exists", &[])])];
    let change = move |snapshot: &mut Snapshot| snapshot.pod(0).spec_mut().node_affinity = Some(affinity.clone());
    assert_eq!(why(change), "required node affinity matches no host of the pool: wants tier In [gold, silver] and gpu Exists");
}

#[test]
fn what_is_not_modelled_is_said_and_buys_nothing() {
    let change = |snapshot: &mut Snapshot| snapshot.pod(0).spec_mut().beyond = vec!["pod affinity".to_owned()];
    assert_eq!(why(change), "pod affinity is not modelled yet: no host is bought for such a pod");
}

#[test]
fn pools_that_cannot_create_say_why() {
    let why_not = "cloud main: the credentials were rejected";
    assert_eq!(why(|snapshot| snapshot.pools[0].ready = Err(why_not.to_owned())), why_not);
    assert_eq!(why(|snapshot| snapshot.pools.clear()), "there is no VMPool: create one");
    assert_eq!(why(|snapshot| snapshot.clouds.clear()), "nothing is known of its cloud apps/main yet");
    assert_eq!(
        why(|snapshot| snapshot.pools[0].flavors = vec!["m9".to_owned()]),
        "the cloud offers no flavor of the pool (m9) in any zone: correct template.flavors or template.zones"
    );
}

#[test]
fn offerings_that_failed_say_why() {
    let change = |snapshot: &mut Snapshot| {
        for offering in &mut snapshot.clouds.get_mut(&key("main")).unwrap().offerings {
            offering.unavailable = Some("no valid host; tried again in 5m".to_owned());
        }
    };
    assert_eq!(why(change), "m1.large in az1 cannot be had now: no valid host; tried again in 5m");
}

#[test]
fn every_pool_says_its_own() {
    let mut snapshot = world(vec![pod("a", 1_000, 1)]);
    selects("tier", "gold")(&mut snapshot);
    let gold = Pool { max_hosts: 0, labels: labels(&[("tier", "gold")]), ..named_pool("gold", 0) };
    snapshot.pools.push(gold);
    let plan = planned(&snapshot);
    let pools: Vec<_> = plan.unplaced[0].reasons.iter().map(|(pool, _)| pool.clone()).collect();
    assert_eq!(pools, [Some(key("general")), Some(key("gold"))]);
    assert_eq!(reasons(&plan)[1], "maxHosts is 0 and 0 hosts exist; raise maxHosts");
}
