//! Gates, node name, cordon, taints, selector and affinity.

use super::*;
use crate::fixtures::{daemon_set, expression, taint, term as node_term, tolerate_all};
use crate::model::{DaemonSet, Toleration};
use crate::scheduling::NODE_UNSCHEDULABLE;

#[test]
fn a_gated_pod_and_one_beyond_the_model_fit_nowhere() {
    let world = world_of(nodes(), vec![]);
    let gated = with(app("p", "web"), |spec| spec.gated = true);
    let beyond = with(app("p", "web"), |spec| spec.beyond = vec!["resource claims (DRA)".to_owned()]);
    assert_eq!(
        [why(&world, &gated), why(&world, &beyond)],
        [
            "scheduling gates: the pod waits until whoever set them takes them off",
            "resource claims (DRA): not modelled, so no host is bought for it; add a host by hand if it needs one",
        ]
    );
}

#[test]
fn a_bound_pod_fits_its_own_node_only() {
    assert_eq!(fitting(&world_of(nodes(), vec![]), &running("p", "web", "a2")), ["a2"]);
}

#[test]
fn a_cordon_keeps_away_who_does_not_tolerate_it() {
    let mut nodes = nodes();
    nodes[0].cordoned = true;
    let world = world_of(nodes, vec![]);
    let tolerant = with(app("p", "web"), |spec| {
        spec.tolerations = vec![Toleration { key: NODE_UNSCHEDULABLE.to_owned(), operator: "Exists".to_owned(), ..Toleration::default() }];
    });
    assert_eq!((fitting(&world, &app("p", "web")), fitting(&world, &tolerant).len()), (vec!["a2".to_owned(), "b1".to_owned()], 3));
}

#[test]
fn the_first_untolerated_taint_is_named() {
    let mut nodes = nodes();
    nodes[0].taints = vec![taint("soft", "", "PreferNoSchedule"), taint("gpu", "a100", "NoSchedule")];
    let world = world_of(nodes, vec![]);
    let tolerant = with(app("p", "web"), |spec| spec.tolerations = vec![tolerate_all()]);
    assert_eq!(
        [why(&world, &app("p", "web")), why(&world, &tolerant)],
        ["taint gpu=a100:NoSchedule: not tolerated; add a toleration to the pod or lift the taint", "fits"]
    );
}

#[test]
fn selector_and_affinity_must_both_match() {
    let world = world_of(nodes(), vec![]);
    let zone = |zone: &str| node_term(vec![expression(ZONE, "In", &[zone])]);
    let wanting = |selected: &str, affine: &str| {
        with(app("p", "web"), |spec| {
            spec.node_selector = labels(&[(ZONE, selected)]);
            spec.node_affinity = Some(vec![zone(affine)]);
        })
    };
    assert_eq!((fitting(&world, &wanting("b", "b")), fitting(&world, &wanting("a", "b"))), (vec!["b1".to_owned()], vec![]));
    assert_eq!(
        [why(&world, &wanting("b", "b")), why(&world, &wanting("a", "b"))],
        [
            "node selector topology.kubernetes.io/zone=b: the node has a; a pool with b, or correct the selector",
            "node affinity: wants topology.kubernetes.io/zone In b; label the pool's nodes so, or correct the affinity",
        ]
    );
}

#[test]
fn numbers_are_compared_as_go_compares_them() {
    let mut nodes = nodes();
    Arc::make_mut(&mut nodes[0].labels).insert("cpus".to_owned(), "8".to_owned());
    let world = world_of(nodes, vec![]);
    let verdict = |operator, than: &str| {
        let wants = node_term(vec![expression("cpus", operator, &[than])]);
        fitting(&world, &with(app("p", "web"), |spec| spec.node_affinity = Some(vec![wants]))).len()
    };
    assert_eq!([verdict("Gt", "7"), verdict("Gt", "07"), verdict("Gt", "-7"), verdict("Gt", "7.0"), verdict("Lt", "9")], [1, 1, 0, 0, 1]);
}

#[test]
fn a_daemon_set_asks_neither_for_room_nor_for_cordons() {
    let mut nodes = nodes();
    nodes[0].cordoned = true;
    nodes[1].taints = vec![taint("gpu", "", "NoExecute")];
    let world = world_of(nodes, vec![]);
    let judge = Judge::of(&world);
    let mut set = DaemonSet { pod: pod("agent", 900_000, 1), ..daemon_set("agent", 0, 0) };
    let runs = |set: &DaemonSet| judge.nodes().map(|at| judge.runs_daemon(set, at)).collect::<Vec<_>>();
    let everywhere = runs(&set);
    set.pod.spec_mut().node_selector = labels(&[(ZONE, "a")]);
    assert_eq!((everywhere, runs(&set)), (vec![true, false, true], vec![true, false, false]));
}
