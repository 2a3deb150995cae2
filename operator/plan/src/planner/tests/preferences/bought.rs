//! Which hosts are bought.

use super::*;

fn bought(pods: Vec<Pod>, az2_percent: i64) -> Vec<String> {
    let mut snapshot = world(pods);
    az2_costs(&mut snapshot, az2_percent);
    created(&planned(&snapshot))
}

#[test]
fn pods_are_spread_over_zones_where_that_costs_little() {
    let spread = || of("x", 8, |spec| spec.spread = anyway("x", ZONE));
    assert_eq!(bought(spread(), 100), ["m1.large az1: 4", "m1.large az2: 4"]);
    assert_eq!(bought(spread(), 105), ["m1.large az1: 4", "m1.large az2: 4"]);
}

#[test]
fn pods_are_not_spread_over_zones_where_that_costs_much() {
    let spread = of("x", 8, |spec| spec.spread = anyway("x", ZONE));
    assert!(bought(spread, 150).iter().all(|host| host.contains("az1")));
}

#[test]
fn pods_stay_together_in_a_zone_if_they_like_to() {
    let near = of("x", 12, |spec| spec.preferred_affinity = wish(100, pod_term("x", ZONE)));
    let hosts = bought(near, 100);
    assert!(hosts.iter().all(|host| host.contains("az1")) || hosts.iter().all(|host| host.contains("az2")), "{hosts:?}");
}

/// A pod with `app` y runs in az2.
fn with_neighbour(pods: Vec<Pod>, az2_percent: i64) -> Snapshot {
    let mut snapshot = world(pods);
    snapshot.nodes = vec![node("n1", 1_000, 4)];
    Arc::make_mut(&mut snapshot.nodes[0].labels).insert(ZONE.to_owned(), "az2".to_owned());
    snapshot.pods.push(Arc::new(Pod { labels: Arc::new(labels(&[("app", "y")])), ..bound("b", "n1", 1_000, 1) }));
    az2_costs(&mut snapshot, az2_percent);
    snapshot
}

#[test]
fn pods_follow_those_they_like_for_ten_percent_and_no_more() {
    let near = |weight, percent| {
        let pods = of("x", 4, |spec| spec.preferred_affinity = wish(weight, pod_term("y", ZONE)));
        created(&planned(&with_neighbour(pods, percent)))
    };
    assert_eq!(near(100, 100), ["m1.large az2: 4"]);
    assert_eq!(near(100, 109), ["m1.large az2: 4"]);
    assert_eq!(near(100, 111), ["m1.large az1: 4"]);
    assert_eq!(near(50, 109), ["m1.large az1: 4"]);
}

#[test]
fn pods_keep_away_from_those_they_do_not_like() {
    let away = of("x", 4, |spec| spec.preferred_anti_affinity = wish(100, pod_term("y", ZONE)));
    assert_eq!(created(&planned(&with_neighbour(away, 95))), ["m1.large az1: 4"]);
}

#[test]
fn a_zone_that_is_preferred_is_taken_for_ten_percent_and_no_more() {
    let to = |percent| {
        let zone = || term(vec![expression(ZONE, "In", &["az2"])]);
        bought(of("x", 4, |spec| spec.preferred_nodes = wish(100, zone())), percent)
    };
    assert_eq!(to(109), ["m1.large az2: 4"]);
    assert_eq!(to(111), ["m1.large az1: 4"]);
}

#[test]
fn pods_that_must_share_a_zone_share_the_one_they_like() {
    let pods = of("x", 4, |spec| {
        spec.affinity = vec![pod_term("x", ZONE)];
        spec.preferred_affinity = wish(100, pod_term("y", ZONE));
    });
    assert_eq!(created(&planned(&with_neighbour(pods, 105))), ["m1.large az2: 4"]);
}

/// Two pools of the same weight, of which the first asks pods to stay away and costs so much, in percent of the other.
fn soft_and_hard(percent: i64, pods: Vec<Pod>) -> Snapshot {
    let mut snapshot = world(pods);
    snapshot.pools = vec![named_pool("avoided", 0), named_pool("plain", 0)];
    snapshot.pools[0].taints = vec![taint("spare", "", "PreferNoSchedule")];
    snapshot.pools[0].flavors = vec!["m2.large".to_owned()];
    snapshot.pools[1].flavors = vec!["m1.large".to_owned()];
    let mut other = offering("m2.large", "az1", 4, 16);
    other.price_micro = other.price_micro * percent / 100;
    snapshot.clouds.get_mut(&key("main")).unwrap().offerings.push(other);
    snapshot
}

#[test]
fn a_pool_that_asks_pods_to_stay_away_is_taken_where_it_is_much_cheaper() {
    let flavor = |percent| created(&planned(&soft_and_hard(percent, of("x", 4, |_| {}))));
    assert_eq!(flavor(100), ["m1.large az1: 4"]);
    assert_eq!(flavor(95), ["m1.large az1: 4"]);
    assert_eq!(flavor(85), ["m2.large az1: 4"]);
}

#[test]
fn whoever_tolerates_the_taint_does_not_mind_it() {
    let tolerant = of("x", 4, |spec| spec.tolerations = vec![tolerate_all()]);
    assert_eq!(created(&planned(&soft_and_hard(95, tolerant))), ["m2.large az1: 4"]);
}

#[test]
fn preferences_that_add_up_to_more_share_the_full_weight() {
    let pods = of("x", 4, |spec| {
        spec.preferred_affinity = wish(100, pod_term("y", ZONE));
        spec.preferred_nodes = wish(100, term(vec![expression(ZONE, "In", &["az1"])]));
    });
    assert_eq!(created(&planned(&with_neighbour(pods, 101))), ["m1.large az1: 4"]);
}
