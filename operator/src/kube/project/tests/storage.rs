//! Claims, volumes, classes and drivers.

use super::*;

#[test]
fn a_claim_is_bound_being_bound_or_free() {
    let claim = |bound: bool, volume: &str| -> VolumeClaim {
        let annotations =
            if bound { json!({"pv.kubernetes.io/bind-completed": "yes"}) } else { json!({"volume.kubernetes.io/selected-node": "n"}) };
        let owner = json!([{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "pod-uid", "controller": true}]);
        let spec = json!({"storageClassName": "fast", "volumeName": volume, "accessModes": ["ReadWriteOncePod"], "resources": {"requests": {"storage": "1Gi"}}});
        volume_claim(read(json!({"metadata": {"uid": "u", "annotations": annotations, "ownerReferences": owner}, "spec": spec})))
    };
    let bound = VolumeClaim {
        uid: "u".into(),
        class: "fast".into(),
        volume: Some("v".into()),
        access_modes: vec!["ReadWriteOncePod".into()],
        bytes: 1 << 30,
        mode: "Filesystem".into(),
        owner_uid: Some("pod-uid".into()),
        ..VolumeClaim::default()
    };
    let free = VolumeClaim { volume: None, selected_node: Some("n".into()), ..bound.clone() };
    assert_eq!(claim(true, "v"), bound);
    assert_eq!(claim(false, ""), free);
    assert_eq!(claim(false, "v"), VolumeClaim { binding: Some("v".into()), ..free });
}

#[test]
fn volumes_say_where_they_are_and_in_tree_ones_are_the_drivers() {
    let spec = json!({"cinder": {"volumeID": "v-1"}, "storageClassName": "fast", "capacity": {"storage": "1Gi"}, "claimRef": {"namespace": "a", "name": "c", "uid": "c-uid"},
                      "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["az1"]}]}]}}});
    let read = volume(read(json!({"metadata": {"name": "v"}, "spec": spec, "status": {"phase": "Available"}})));
    assert_eq!(read.csi, Some(("cinder.csi.openstack.org".into(), "v-1".into())));
    assert_eq!(
        (read.claim, read.claim_uid.as_str(), read.available, read.terminating, read.bytes, read.node_affinity.map(|terms| terms.len())),
        (Some(Key::new("a", "c")), "c-uid", true, false, 1 << 30, Some(1))
    );
}

#[test]
fn classes_and_drivers_are_read() {
    let topologies = json!([{"matchLabelExpressions": [{"key": "zone", "values": ["az1"]}]}]);
    let waiting = class(read(
        json!({"provisioner": "kubernetes.io/cinder", "volumeBindingMode": "WaitForFirstConsumer", "allowedTopologies": topologies}),
    ));
    let expression = Expression { key: "zone".into(), operator: "In".into(), values: vec!["az1".into()] };
    let term = NodeTerm { expressions: vec![expression], fields: vec![] };
    assert_eq!(waiting, Class { provisioner: "cinder.csi.openstack.org".into(), waits: true, topologies: vec![term] });
    let on_node = json!({"spec": {"drivers": [{"name": "a", "allocatable": {"count": 25}}, {"name": "b", "allocatable": null}]}});
    assert_eq!(drivers(read(on_node)), Drivers::from([("a".into(), Some(25)), ("b".into(), None)]));
    assert!(csi_driver(read(json!({"spec": {"preventPodSchedulingIfMissing": true}}))));
    assert_eq!(namespace(read(json!({"metadata": {"name": "x"}}))), Labels::from([("kubernetes.io/metadata.name".into(), "x".into())]));
}

#[test]
fn what_is_lost_or_going_is_so() {
    assert!(volume_claim(read(json!({"status": {"phase": "Lost"}}))).lost);
    let going = json!({"metadata": {"deletionTimestamp": "2026-11-23T04:00:00Z"}});
    assert!(volume(read(going.clone())).terminating && volume_claim(read(going)).terminating);
}
