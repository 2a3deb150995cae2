//! Persistent volumes.

use super::*;
use crate::fixtures::{GIB, expression, key, term as node_term};
use crate::model::{Class, Volume, VolumeClaim, Volumes};
use crate::scheduling::VolumeMisfit;

fn claim(class: &str) -> VolumeClaim {
    VolumeClaim {
        class: class.to_owned(),
        access_modes: vec!["ReadWriteOnce".to_owned()],
        bytes: GIB,
        mode: "Filesystem".to_owned(),
        ..VolumeClaim::default()
    }
}

fn bound_claim(volume: &str) -> VolumeClaim {
    VolumeClaim { volume: Some(volume.to_owned()), ..claim("fast") }
}

/// A volume of class fast with driver csi, reachable from the zone.
fn volume(zone: &str, gib: i64) -> Volume {
    Volume {
        class: "fast".to_owned(),
        node_affinity: Some(vec![node_term(vec![expression(ZONE, "In", &[zone])])]),
        csi: Some(("csi".to_owned(), format!("handle-{zone}-{gib}"))),
        access_modes: vec!["ReadWriteOnce".to_owned()],
        bytes: gib * GIB,
        mode: "Filesystem".to_owned(),
        available: true,
        ..Volume::default()
    }
}

fn class(provisioner: &str, waits: bool) -> Class {
    Class { provisioner: provisioner.to_owned(), waits, topologies: Vec::new() }
}

fn storage(claims: Vec<(&str, VolumeClaim)>, volumes: Vec<(&str, Volume)>, fast: Class) -> Volumes {
    Volumes {
        claims: claims.into_iter().map(|(name, claim)| (key(name), claim)).collect(),
        volumes: volumes.into_iter().map(|(name, volume)| (name.to_owned(), volume)).collect(),
        classes: BTreeMap::from([("fast".to_owned(), fast)]),
        ..Volumes::default()
    }
}

fn using(claims: &[&str]) -> Pod {
    with(app("p", "web"), |spec| spec.claims = claims.iter().map(ToString::to_string).collect())
}

fn holding(volumes: Volumes) -> Snapshot {
    Snapshot { volumes, ..world_of(nodes(), vec![]) }
}

#[test]
fn a_bound_volume_is_where_its_affinity_and_its_zone_labels_say() {
    let labelled = |labels: &[(&str, &str)]| Volume { labels: crate::fixtures::labels(labels), node_affinity: None, ..volume("a", 1) };
    let fits = |volume: Volume| {
        let volumes = storage(vec![("data", bound_claim("pv"))], vec![("pv", volume)], class("csi", true));
        fitting(&holding(volumes), &using(&["data"]))
    };
    assert_eq!(
        [
            fits(volume("b", 1)),
            fits(labelled(&[(ZONE, "a")])),
            fits(labelled(&[("failure-domain.beta.kubernetes.io/zone", "c__b")])),
            fits(labelled(&[("topology.kubernetes.io/region", "here")])),
        ],
        [vec!["b1"], vec!["a1", "a2"], vec!["b1"], vec![]]
    );
}

#[test]
fn claims_that_no_node_helps_say_why() {
    let verdict = |claim: VolumeClaim, fast: Class| {
        let world = holding(storage(vec![("data", claim)], vec![], fast));
        Judge::of(&world).verdict(&using(&["data"]), NodeAt(0))
    };
    let err = |misfit| Err(Misfit::Volume(misfit));
    let lost = VolumeMisfit::Lost { claim: key("data"), volume: "pv".to_owned() };
    let going = VolumeClaim { terminating: true, ..claim("fast") };
    let gone = VolumeClaim { lost: true, ..bound_claim("pv") };
    let half = VolumeClaim { binding: Some("pv".to_owned()), ..claim("fast") };
    assert_eq!(
        [
            verdict(bound_claim("pv"), class("csi", true)),
            verdict(gone, class("csi", true)),
            verdict(going, class("csi", true)),
            verdict(claim("fast"), class("csi", false)),
            verdict(claim("none"), class("csi", true)),
            verdict(half, class("csi", true)),
            verdict(claim("fast"), class("kubernetes.io/no-provisioner", true)),
            verdict(claim("fast"), class("csi", true)),
        ],
        [
            err(lost.clone()),
            err(lost),
            err(VolumeMisfit::Terminating(key("data"))),
            err(VolumeMisfit::Unbound(key("data"))),
            err(VolumeMisfit::Unbound(key("data"))),
            err(VolumeMisfit::Unbound(key("data"))),
            err(VolumeMisfit::NothingToBind(key("data"))),
            Ok(()),
        ]
    );
    assert_eq!(
        why(&holding(Volumes::default()), &using(&["data"])),
        "claim apps/data does not exist: create it, or correct the pod's volume"
    );
}

#[test]
fn an_ephemeral_volume_must_be_the_pods_own() {
    let verdict = |owner: Option<&str>| {
        let claim = VolumeClaim { owner_uid: owner.map(str::to_owned), ..claim("fast") };
        let world = holding(storage(vec![("p-scratch", claim)], vec![], class("csi", true)));
        let pod = with(using(&["p-scratch"]), |spec| spec.ephemeral_claims = vec!["p-scratch".to_owned()]);
        Judge::of(&world).verdict(&pod, NodeAt(0)).is_ok()
    };
    assert_eq!([verdict(Some("uid-p")), verdict(Some("uid-q")), verdict(None)], [true, false, false]);
}

#[test]
fn a_class_makes_volumes_where_its_topologies_allow() {
    let only_b = Class { topologies: vec![node_term(vec![expression(ZONE, "In", &["b", "c"])])], ..class("csi", true) };
    assert_eq!(fitting(&holding(storage(vec![("data", claim("fast"))], vec![], only_b)), &using(&["data"])), ["b1"]);
}

#[test]
fn a_volume_that_is_being_made_has_its_node() {
    let chosen = VolumeClaim { selected_node: Some("a2".to_owned()), ..claim("fast") };
    assert_eq!(fitting(&holding(storage(vec![("data", chosen)], vec![], class("csi", true))), &using(&["data"])), ["a2"]);
}

#[test]
fn each_claim_needs_a_volume_of_its_own_where_none_are_made() {
    let local = |volumes: Vec<(&str, Volume)>, claims: &[&str]| {
        let asked = vec![("data", claim("fast")), ("logs", claim("fast"))];
        fitting(&holding(storage(asked, volumes, class("kubernetes.io/no-provisioner", true))), &using(claims))
    };
    let small = || Volume { bytes: GIB - 1, ..volume("a", 1) };
    let kept = || Volume { claim: Some(key("logs")), ..volume("b", 1) };
    let namesake = || Volume { claim_uid: "uid-of-another".to_owned(), ..kept() };
    let going = || Volume { terminating: true, ..volume("b", 1) };
    assert_eq!(
        [
            local(vec![("one", volume("a", 5))], &["data"]),
            local(vec![("one", volume("a", 5))], &["data", "logs"]),
            local(vec![("one", volume("a", 5)), ("two", volume("a", 1))], &["data", "logs"]),
            local(vec![("one", small())], &["data"]),
            local(vec![("one", kept())], &["data"]),
            local(vec![("one", kept())], &["logs"]),
            local(vec![("one", namesake())], &["logs"]),
            local(vec![("one", going())], &["logs"]),
            local(vec![("one", kept()), ("two", volume("a", 1))], &["logs"]),
        ],
        [vec!["a1", "a2"], vec![], vec!["a1", "a2"], vec![], vec![], vec!["b1"], vec![], vec![], vec!["b1"]]
    );
}

#[test]
fn a_node_attaches_each_volume_once_and_so_many_of_a_driver() {
    let claims = vec![("data", bound_claim("one")), ("logs", bound_claim("two")), ("same", bound_claim("one"))];
    let everywhere = |name: &str| Volume { node_affinity: None, csi: Some(("csi".to_owned(), name.to_owned())), ..volume("a", 1) };
    let volumes = storage(claims, vec![("one", everywhere("one")), ("two", everywhere("two"))], class("csi", true));
    let fits = |limit: Option<Option<i64>>, claims: &[&str]| {
        let drivers = limit.map(|limit| BTreeMap::from([("csi".to_owned(), limit)]));
        let user = with(running("old", "web", "a1"), |spec| spec.claims = vec!["data".to_owned()]);
        let world = Snapshot { volumes: volumes.clone(), ..world_of(vec![Node { drivers, ..zoned("a1", "a") }], vec![user]) };
        why(&world, &using(claims)) == "fits"
    };
    assert_eq!(
        [fits(Some(Some(1)), &["logs"]), fits(Some(Some(1)), &["same"]), fits(Some(Some(2)), &["logs"]), fits(Some(None), &["logs"])],
        [false, true, true, true]
    );
    assert!(fits(None, &["logs"]), "without a CSINode nothing is limited");
}

#[test]
fn volumes_to_be_made_count_at_their_class() {
    let volumes = storage(vec![("data", claim("fast")), ("logs", claim("fast"))], vec![], class("csi", true));
    let drivers = Some(BTreeMap::from([("csi".to_owned(), Some(1))]));
    let world = Snapshot { volumes, ..world_of(vec![Node { drivers, ..zoned("a1", "a") }], vec![]) };
    assert_eq!(
        [why(&world, &using(&["data"])), why(&world, &using(&["data", "logs"]))],
        ["fits", "volumes: the node attaches 1 of driver csi, which are taken; another node, or fewer volumes"]
    );
}

#[test]
fn a_driver_that_must_be_there_first_keeps_pods_off_without_it() {
    let mut volumes = storage(vec![("data", claim("fast"))], vec![], class("csi", true));
    volumes.required_drivers.insert("csi".to_owned());
    let mut nodes = nodes();
    nodes[1].drivers = Some(BTreeMap::from([("csi".to_owned(), None)]));
    assert_eq!(fitting(&Snapshot { volumes, ..world_of(nodes, vec![]) }, &using(&["data"])), ["a2"]);
}

#[test]
fn a_claim_for_one_pod_is_free_once_its_pod_is_gone() {
    let alone = VolumeClaim { access_modes: vec!["ReadWriteOncePod".to_owned()], ..claim("fast") };
    let user = with(running("old", "web", "b1"), |spec| spec.claims = vec!["data".to_owned()]);
    let volumes = storage(vec![("data", alone)], vec![], class("csi", true));
    let world = Snapshot { volumes, ..world_of(nodes(), vec![user]) };
    let mut judge = Judge::of(&world);
    let before = judge.verdict(&using(&["data"]), NodeAt(0));
    judge.remove(&world.pods[0], NodeAt(2));
    assert_eq!([before, judge.verdict(&using(&["data"]), NodeAt(0))], [Err(Misfit::InUse(key("data"))), Ok(())]);
}

#[test]
fn a_volume_that_a_placed_pod_took_is_not_there_for_the_next() {
    let claims = vec![("data", claim("fast")), ("logs", claim("fast"))];
    let volumes = storage(claims, vec![("one", volume("a", 1))], class("kubernetes.io/no-provisioner", true));
    let world = holding(volumes);
    let mut judge = Judge::of(&world);
    let first = Arc::new(using(&["data"]));
    let next = using(&["logs"]);
    judge.place(&first, NodeAt(0));
    let taken = [judge.verdict(&next, NodeAt(0)).is_ok(), judge.verdict(&first, NodeAt(1)).is_ok()];
    judge.remove(&first, NodeAt(0));
    assert_eq!((taken, judge.verdict(&next, NodeAt(0)).is_ok()), ([false, true], true));
}
