//! What pods ask of other pods, of volumes and of nodes' ports.

use std::sync::Arc;

use crate::fixtures::*;
use crate::model::{Pod, PodSpec, Snapshot};

const ZONE: &str = "topology.kubernetes.io/zone";
const NODE: &str = "kubernetes.io/hostname";

/// So many pods with `app` x, of one CPU each, changed in one way.
fn asking(count: usize, change: impl Fn(&mut PodSpec)) -> Vec<Pod> {
    let mut all = pods(count, "a", 1_000, 1);
    for pod in &mut all {
        pod.labels = Arc::new(labels(&[("app", "x")]));
        change(pod.spec_mut());
    }
    all
}

fn bought(pods: Vec<Pod>) -> Vec<String> {
    created(&planned(&world(pods)))
}

#[test]
fn pods_spread_over_zones_get_hosts_in_each() {
    assert_eq!(bought(asking(8, |spec| spec.spread = vec![spread("x", ZONE)])), ["m1.large az1: 4", "m1.large az2: 4"]);
}

#[test]
fn pods_spread_over_hosts_get_one_each() {
    assert_eq!(bought(asking(3, |spec| spec.spread = vec![spread("x", NODE)])).len(), 3);
}

#[test]
fn pods_that_refuse_each_other_get_a_host_or_a_zone_each() {
    assert_eq!(bought(asking(3, |spec| spec.anti_affinity = vec![pod_term("x", NODE)])).len(), 3);
    let plan = planned(&world(asking(3, |spec| spec.anti_affinity = vec![pod_term("x", ZONE)])));
    assert_eq!((created(&plan).len(), plan.unplaced.len()), (2, 1));
    let why = "anti-affinity to pods with app=x: there is one in each topology.kubernetes.io/zone of the pool; \
               add a zone, or prefer instead of require";
    assert_eq!(reasons(&plan), [why]);
}

#[test]
fn pods_that_must_be_together_get_one_zone_or_one_host() {
    let zoned = bought(asking(8, |spec| spec.affinity = vec![pod_term("x", ZONE)]));
    assert!(zoned.iter().all(|host| host.contains("az1")), "{zoned:?}");
    assert_eq!(bought(asking(8, |spec| spec.affinity = vec![pod_term("x", NODE)])), ["m1.xlarge az1: 8"]);
}

#[test]
fn whoever_needs_pods_that_run_follows_them() {
    let mut snapshot = world(asking(1, |spec| spec.affinity = vec![pod_term("y", ZONE)]));
    snapshot.nodes = vec![node("n1", 1_000, 4)];
    Arc::make_mut(&mut snapshot.nodes[0].labels).insert(ZONE.to_owned(), "az2".to_owned());
    snapshot.pods.push(Arc::new(Pod { labels: Arc::new(labels(&[("app", "y")])), ..bound("b", "n1", 1_000, 1) }));
    assert_eq!(created(&planned(&snapshot)), ["m1.large az2: 1"]);
}

#[test]
fn running_pods_that_refuse_others_keep_them_off_their_node() {
    let mut snapshot = world(asking(1, |_| {}));
    snapshot.nodes = vec![node("n1", 4_000, 16)];
    let mut refusing = bound("b", "n1", 1_000, 1);
    refusing.spec_mut().anti_affinity = vec![pod_term("x", NODE)];
    snapshot.pods.push(Arc::new(refusing));
    assert_eq!(created(&planned(&snapshot)), ["m1.large az1: 1"]);
}

#[test]
fn a_port_is_taken_once_on_a_host() {
    assert_eq!(bought(asking(2, |spec| spec.host_ports = vec![host_port(80)])).len(), 2);
}

fn claiming(claim: &str, count: usize) -> Snapshot {
    let pods = asking(count, |spec| spec.claims = vec![claim.to_owned()]);
    Snapshot { volumes: volumes(), ..world(pods) }
}

#[test]
fn volumes_say_the_zone_and_how_many_pods_may_use_them() {
    assert_eq!(created(&planned(&claiming("az2", 1))), ["m1.large az2: 1"]);
    let plan = planned(&claiming("alone", 2));
    assert_eq!((created(&plan).len(), plan.unplaced.len()), (1, 1));
    assert!(reasons(&plan)[0].contains("apps/alone is ReadWriteOncePod"), "{:?}", reasons(&plan));
    let plan = planned(&claiming("missing", 1));
    assert_eq!((created(&plan).len(), plan.unplaced.len()), (0, 1));
}

#[test]
fn learned_limits_of_drivers_are_kept() {
    let mut pods = asking(2, |_| {});
    pods[0].spec_mut().claims = vec!["anywhere".to_owned()];
    pods[1].spec_mut().claims = vec!["alone".to_owned()];
    let mut snapshot = Snapshot { volumes: volumes(), ..world(pods) };
    assert_eq!(created(&planned(&snapshot)).len(), 1);
    let allocatable = offers(4_000, 16);
    let drivers = [("cinder.csi.openstack.org".to_owned(), Some(1))].into();
    snapshot.pools[0].flavors.truncate(1);
    snapshot.pools[0].learned = [("m1.large".to_owned(), crate::model::Learned { allocatable, drivers })].into();
    assert_eq!(created(&planned(&snapshot)).len(), 2);
}

#[test]
fn a_zone_that_cannot_be_had_is_left_out_of_a_spread() {
    let mut snapshot = world(asking(4, |spec| spec.spread = vec![spread("x", ZONE)]));
    for offering in &mut snapshot.clouds.get_mut(&key("main")).unwrap().offerings {
        offering.unavailable = (offering.zone == "az1").then(|| "no valid host".to_owned());
    }
    assert_eq!(created(&planned(&snapshot)), ["m1.large az2: 4"]);
}

/// A pod with this `app` that must have one with another on its host.
fn beside(name: &str, app: &str, other: &str) -> Pod {
    let mut pod = Pod { labels: Arc::new(labels(&[("app", app)])), ..pod(name, 1_000, 1) };
    pod.spec_mut().affinity = vec![pod_term(other, NODE)];
    pod
}

#[test]
fn pods_that_need_others_that_wait_get_their_host_together() {
    let chain = || vec![beside("a0", "a", "b"), beside("a1", "a", "b"), beside("b0", "b", "x")];
    let with = |mut others: Vec<Pod>| {
        others.extend(chain());
        others
    };
    assert_eq!(bought(with(asking(1, |_| ()))), ["m1.large az1: 4"]);
    let alone = planned(&world(chain()));
    assert_eq!((created(&alone).len(), alone.unplaced.len()), (0, 3), "nobody is there whom b needs");
    let both = planned(&world(vec![beside("a0", "a", "b"), beside("b0", "b", "a")]));
    assert_eq!((created(&both).len(), both.unplaced.len()), (0, 2), "neither can be the first");
}

#[test]
fn company_that_daemon_sets_bring_counts_on_hosts_to_come() {
    let mut set = daemon_set("agent", 100, 0);
    set.pod.labels = Arc::new(labels(&[("app", "agent")]));
    let with = |pods: Vec<Pod>| Snapshot { daemon_sets: vec![set.clone()], ..world(pods) };
    let near = planned(&with(asking(2, |spec| spec.affinity = vec![pod_term("agent", NODE)])));
    assert_eq!((created(&near).len(), near.unplaced.len()), (1, 0));
    for key in [NODE, ZONE] {
        let far = planned(&with(asking(2, |spec| spec.anti_affinity = vec![pod_term("agent", key)])));
        assert_eq!((created(&far).len(), far.unplaced.len()), (0, 2), "{key}");
    }
    let zoned = planned(&with(asking(1, |spec| spec.affinity = vec![pod_term("agent", ZONE)])));
    assert_eq!((created(&zoned).len(), zoned.unplaced.len()), (1, 0));
}

#[test]
fn whoever_would_be_the_first_of_its_kind_goes_where_one_of_higher_priority_comes_before() {
    let of_x = |name: &str| Pod { labels: Arc::new(labels(&[("app", "x")])), ..pod(name, 1_000, 1) };
    let (mut first, mut follower) = (of_x("first"), of_x("follower"));
    first.spec_mut().priority = 1;
    first.spec_mut().node_selector = labels(&[(ZONE, "az2")]);
    follower.spec_mut().affinity = vec![pod_term("x", NODE)];
    let snapshot = Snapshot { hosts: vec![host("coming")], ..world(vec![first, follower]) };
    assert_eq!(created(&planned(&snapshot)), ["m1.large az2: 2"]);
}
