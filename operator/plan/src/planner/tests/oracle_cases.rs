//! What kube-scheduler's judgement of generated clusters brought to light, made small.

use std::sync::Arc;

use crate::fixtures::*;
use crate::model::{Class, DaemonSet, Pod, Snapshot, Spread, VolumeClaim, Volumes};

const ZONE: &str = "topology.kubernetes.io/zone";
const NODE: &str = "kubernetes.io/hostname";

fn of_x(mut pod: Pod) -> Pod {
    pod.labels = Arc::new(labels(&[("app", "x")]));
    pod
}

fn agents() -> Vec<DaemonSet> {
    let mut set = daemon_set("agent", 100, 0);
    set.pod.labels = Arc::new(labels(&[("app", "x")]));
    vec![set]
}

/// A node of 4 CPUs in a zone.
fn node_in(name: &str, zone: &str) -> crate::model::Node {
    let mut node = node(name, 4_000, 16);
    Arc::make_mut(&mut node.labels).insert(ZONE.to_owned(), zone.to_owned());
    node
}

#[test]
fn spread_without_a_selector_counts_nobody() {
    let mut pod = pod("a", 1_000, 1);
    pod.spec_mut().spread = vec![Spread { selector: None, ..spread("x", ZONE) }];
    pod.spec_mut().node_selector = labels(&[(ZONE, "az2")]);
    let there = (0..3).map(|at| Arc::new(bound(&format!("b{at}"), "n1", 1_000, 1)));
    let mut snapshot = world(vec![pod]);
    snapshot.nodes = vec![node_in("n1", "az2"), node_in("n2", "az1")];
    snapshot.nodes[1].cordoned = true;
    snapshot.pods.extend(there);
    snapshot.pods.push(Arc::new(bound("b3", "n1", 1_000, 1)));
    assert_eq!(created(&planned(&snapshot)), ["m1.large az2: 1"]);
}

/// A pod spread over zones, on whose only zone nobody is but who comes with the host.
#[test]
fn pods_of_daemon_sets_that_come_with_a_host_are_the_least_of_its_zone() {
    let mut pod = of_x(pod("a", 1_000, 1));
    pod.spec_mut().spread = vec![spread("x", ZONE)];
    let mut snapshot = world(vec![pod]);
    snapshot.daemon_sets = agents();
    snapshot.nodes = vec![node_in("n1", "az1")];
    for at in 0..3 {
        snapshot.pods.push(Arc::new(of_x(bound(&format!("b{at}"), "n1", 1_300, 1))));
    }
    assert_eq!(created(&planned(&snapshot)), ["m1.large az2: 1"]);
}

#[test]
fn whoever_gets_no_host_for_lack_of_company_keeps_no_other_out() {
    let mut lonely = of_x(pod("lonely", 2_000, 1));
    lonely.spec_mut().affinity = vec![pod_term("nobody", NODE)];
    lonely.spec_mut().anti_affinity = vec![pod_term("y", ZONE)];
    lonely.spec_mut().node_selector = labels(&[(ZONE, "az2")]);
    let mut other = pod("other", 1_000, 1);
    other.spec_mut().anti_affinity = vec![pod_term("x", ZONE)];
    other.spec_mut().node_selector = labels(&[(ZONE, "az2")]);
    assert_eq!(created(&planned(&world(vec![lonely, other]))), ["m1.large az2: 1"]);
}

/// Pods of 3 CPUs, each in one of these zones, that use one claim without a volume.
fn sharing(zones: &[&str]) -> Snapshot {
    let mut all = pods(zones.len(), "a", 3_000, 1);
    for (pod, zone) in all.iter_mut().zip(zones) {
        pod.spec_mut().claims = vec!["shared".to_owned()];
        if !zone.is_empty() {
            pod.spec_mut().node_selector = labels(&[(ZONE, zone)]);
        }
    }
    let class = Class { provisioner: "disks".to_owned(), waits: true, topologies: Vec::new() };
    let claim = VolumeClaim { class: "waits".to_owned(), access_modes: vec!["ReadWriteMany".to_owned()], ..VolumeClaim::default() };
    let volumes = Volumes { claims: [(key("shared"), claim)].into(), classes: [("waits".to_owned(), class)].into(), ..Volumes::default() };
    Snapshot { volumes, ..world(all) }
}

#[test]
fn pods_that_share_a_claim_without_a_volume_come_to_one_zone() {
    let plan = planned(&sharing(&["az2", "", ""]));
    assert!(created(&plan).iter().all(|host| host.contains("az2")) && plan.unplaced.is_empty(), "{:?}", created(&plan));
    let apart = planned(&sharing(&["az1", "az2"]));
    assert_eq!((created(&apart).len(), apart.unplaced.len()), (1, 1));
    assert!(reasons(&apart)[0].contains("apps/shared has no volume yet"), "{:?}", reasons(&apart));
}
