//! Each field that planning reads, from JSON as the API server writes it.

use std::collections::BTreeMap;

use gantry_plan::model::{Class, Expression, HostPort, Key, Labels, NodeTerm, Pod, PodTerm, Selector, Spread, VolumeClaim};
use gantry_plan::resources::Resources;
use serde_json::{Value, json};

use super::*;

mod storage;

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn pod_of(value: Value) -> Option<Pod> {
    pod(read(value), &Interner::default(), Origin::Cluster)
}

/// A pod of namespace apps with labels `app: web` and `hash: h1`.
fn with(spec: Value, status: Value) -> Pod {
    let metadata = json!({"namespace": "apps", "name": "web-1", "uid": "u", "labels": {"app": "web", "hash": "h1"}});
    pod_of(json!({"metadata": metadata, "spec": spec, "status": status})).unwrap()
}

fn requests(spec: Value, status: Value) -> Resources {
    with(spec, status).spec.requests.clone()
}

fn asks(cpu_milli: i64, memory_bytes: i64) -> Resources {
    Resources { cpu_milli, memory_bytes, pods: 1, ..Resources::default() }
}

fn container(requests: Value) -> Value {
    json!({"name": "c", "resources": {"requests": requests}})
}

#[test]
fn what_a_pod_is_comes_from_its_metadata_and_status() {
    let metadata = json!({
        "namespace": "apps", "name": "web-1", "uid": "u", "creationTimestamp": "2026-11-23T03:00:00Z", "deletionTimestamp": "2026-11-23T04:00:00Z",
        "annotations": {"kubernetes.io/config.mirror": "x", "other": "y"}, "managedFields": [{"fieldsV1": {"f:x": {}}}],
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "r", "controller": true}]
    });
    let condition =
        json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": "2026-11-23T03:00:01Z"});
    let status = json!({"phase": "Pending", "nominatedNodeName": "n", "conditions": [condition]});
    let read = pod_of(json!({"metadata": metadata, "spec": {"containers": null, "nodeName": ""}, "status": status})).unwrap();
    let expected = Pod {
        key: Key::new("apps", "web-1"),
        uid: "u".into(),
        spec: read.spec.clone(),
        nominated_node: Some("n".into()),
        unschedulable: true,
        unschedulable_since: Some("2026-11-23T03:00:01Z".parse().unwrap()),
        terminating: true,
        created: "2026-11-23T03:00:00Z".parse().unwrap(),
        owner: Some(("ReplicaSet".into(), "web".into())),
        mirror: true,
        ..Pod::default()
    };
    assert_eq!(read, expected);
}

#[test]
fn a_finished_pod_is_none_and_only_a_manifest_waits_without_a_condition() {
    for phase in ["Succeeded", "Failed"] {
        assert_eq!(pod_of(json!({"status": {"phase": phase}})), None);
    }
    let waits = |value: Value, origin| pod(read(value), &Interner::default(), origin).unwrap().unschedulable;
    assert!(waits(json!({"spec": {}}), Origin::File));
    assert!(!waits(json!({"spec": {}}), Origin::Cluster));
    assert!(!waits(json!({"spec": {"nodeName": "n"}}), Origin::File));
    assert!(!waits(json!({"status": {"phase": "Pending"}}), Origin::File));
}

#[test]
fn containers_add_up_and_init_containers_count_at_their_peak() {
    let sidecar = json!({"name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}});
    let init = json!({"name": "i", "resources": {"requests": {"cpu": "2", "memory": "1Ki"}}});
    let spec = json!({
        "containers": [container(json!({"cpu": "500m", "memory": "2Ki"})), container(json!({"cpu": "500m"}))],
        "initContainers": [sidecar, init, sidecar], "overhead": {"cpu": "50m"}
    });
    assert_eq!(requests(spec, json!({})), asks(2_150, 2_048));
}

#[test]
fn a_request_that_is_not_given_is_the_limit() {
    let spec =
        json!({"containers": [{"resources": {"limits": {"cpu": "2", "memory": "4Ki", "nvidia.com/gpu": "1"}, "requests": {"cpu": "1"}}}]});
    let expected = Resources { extended: BTreeMap::from([("nvidia.com/gpu".into(), 1)]), ..asks(1_000, 4_096) };
    assert_eq!(requests(spec, json!({})), expected);
}

#[test]
fn pod_level_resources_replace_the_sum_and_the_overhead_comes_on_top() {
    let spec = json!({
        "containers": [container(json!({"cpu": "3", "memory": "1Ki", "example.com/x": "2"}))], "overhead": {"cpu": "100m"},
        "resources": {"requests": {"cpu": "1", "hugepages-2Mi": "2Mi", "example.com/x": "9"}}
    });
    let extended = BTreeMap::from([("example.com/x".into(), 2), ("hugepages-2Mi".into(), 2 << 20)]);
    assert_eq!(requests(spec, json!({})), Resources { extended, ..asks(1_100, 1_024) });
}

#[test]
fn a_pod_level_limit_is_a_request_only_of_what_no_container_asks_for() {
    let limits = json!({"limits": {"cpu": "4", "memory": "8Ki"}});
    let asked = json!({"containers": [container(json!({"cpu": "1"}))], "resources": limits});
    assert_eq!(requests(asked, json!({})), asks(1_000, 8_192));
}

#[test]
fn beside_pod_level_resources_a_container_that_is_resized_counts_as_in_the_spec() {
    let spec = json!({"containers": [container(json!({"cpu": "1"}))], "resources": {"limits": {"cpu": "3"}}});
    let status = json!({"phase": "Running", "containerStatuses": [{"name": "c", "allocatedResources": {"cpu": "2"}}]});
    assert_eq!(requests(spec, status), asks(1_000, 0));
}

#[test]
fn while_a_resize_is_under_way_the_largest_counts() {
    let spec = json!({"containers": [container(json!({"cpu": "1", "memory": "1Ki"}))]});
    let status = |reason: &str| {
        json!({
            "phase": "Running",
            "conditions": [{"type": "PodResizePending", "status": "True", "reason": reason}],
            "containerStatuses": [{"name": "c", "allocatedResources": {"cpu": "2"}, "resources": {"requests": {"cpu": "3"}}}]
        })
    };
    assert_eq!(requests(spec.clone(), status("Deferred")), asks(3_000, 1_024));
    assert_eq!(requests(spec, status("Infeasible")), asks(3_000, 0));
}

#[test]
fn a_quantity_that_is_none_is_more_than_any_node_has() {
    assert_eq!(requests(json!({"containers": [container(json!({"cpu": "lots"}))]}), json!({})).cpu_milli, i64::MAX);
}

#[test]
fn who_places_it_and_what_holds_it_back() {
    let read =
        with(json!({"schedulerName": "mine", "priority": 5, "preemptionPolicy": "Never", "schedulingGates": [{"name": "g"}]}), json!({}));
    let spec = &read.spec;
    assert_eq!((spec.scheduler.as_str(), spec.priority, spec.never_preempts, spec.gated), ("mine", 5, true, true));
    let read = with(json!({"priorityClassName": "system-node-critical"}), json!({}));
    assert_eq!((read.spec.scheduler.as_str(), read.spec.priority, read.spec.gated), ("default-scheduler", 2_000_001_000, false));
}

#[test]
fn ports_are_those_of_containers_that_stay() {
    let port = |host_port: i32| json!({"containerPort": 80, "hostPort": host_port});
    let with_ports = |host_network: bool| {
        let init = json!({"ports": [port(1)]});
        let sidecar =
            json!({"restartPolicy": "Always", "ports": [{"containerPort": 81, "hostPort": 2, "hostIP": "10.0.0.1", "protocol": "UDP"}]});
        json!({"hostNetwork": host_network, "containers": [{"ports": [port(0)]}], "initContainers": [init, sidecar]})
    };
    let udp = HostPort { ip: "10.0.0.1".into(), protocol: "UDP".into(), port: 2 };
    let tcp = HostPort { ip: "0.0.0.0".into(), protocol: "TCP".into(), port: 80 };
    assert_eq!(with(with_ports(false), json!({})).spec.host_ports, std::slice::from_ref(&udp));
    assert_eq!(with(with_ports(true), json!({})).spec.host_ports, [udp, tcp]);
}

fn own(operator: &str) -> Expression {
    Expression { key: "hash".into(), operator: operator.into(), values: vec!["h1".into()] }
}

fn web(expressions: Vec<Expression>) -> Selector {
    Selector { labels: Labels::from([("app".into(), "web".into())]), expressions }
}

#[test]
fn match_label_keys_are_merged_once() {
    let merged = json!({"key": "hash", "operator": "In", "values": ["h1"]});
    for expressions in [json!([]), json!([merged])] {
        let term = json!({
            "labelSelector": {"matchLabels": {"app": "web"}, "matchExpressions": expressions}, "topologyKey": "zone",
            "matchLabelKeys": ["hash", "absent"]
        });
        let read = with(json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}), json!({}));
        let expected = PodTerm {
            selector: Some(web(vec![own("In")])),
            namespaces: vec!["apps".into()],
            namespace_selector: None,
            topology_key: "zone".into(),
        };
        assert_eq!(read.spec.affinity, [expected]);
    }
}

#[test]
fn anti_affinity_with_mismatch_and_a_namespace_selector() {
    let term = json!({
        "labelSelector": {"matchLabels": {"app": "web"}}, "namespaceSelector": {}, "topologyKey": "zone", "mismatchLabelKeys": ["hash"]
    });
    let preferred = json!([{"weight": 7, "podAffinityTerm": {"topologyKey": "host", "namespaces": ["x"]}}]);
    let anti =
        json!({"requiredDuringSchedulingIgnoredDuringExecution": [term], "preferredDuringSchedulingIgnoredDuringExecution": preferred});
    let read = with(json!({"affinity": {"podAntiAffinity": anti}}), json!({}));
    let expected = PodTerm {
        selector: Some(web(vec![own("NotIn")])),
        namespaces: vec![],
        namespace_selector: Some(Selector::default()),
        topology_key: "zone".into(),
    };
    let liked = PodTerm { selector: None, namespaces: vec!["x".into()], namespace_selector: None, topology_key: "host".into() };
    assert_eq!(read.spec.anti_affinity, [expected]);
    assert_eq!(read.spec.preferred_anti_affinity.iter().map(|p| (p.weight, p.term.clone())).collect::<Vec<_>>(), [(7, liked)]);
}

#[test]
fn spread_has_kubernetes_defaults() {
    let plain = json!({"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "web"}}, "matchLabelKeys": ["hash"]});
    let told = json!({
        "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 3, "nodeAffinityPolicy": "Ignore", "nodeTaintsPolicy": "Honor"
    });
    let read = with(json!({"topologySpreadConstraints": [plain, told]}), json!({}));
    let first = Spread {
        max_skew: 2,
        topology_key: "zone".into(),
        required: true,
        selector: Some(web(vec![own("In")])),
        min_domains: None,
        honors_affinity: true,
        honors_taints: false,
    };
    let second = Spread {
        max_skew: 1,
        required: false,
        selector: None,
        min_domains: Some(3),
        honors_affinity: false,
        honors_taints: true,
        ..first.clone()
    };
    assert_eq!(read.spec.spread, [first, second]);
}

#[test]
fn node_affinity_keeps_labels_and_fields_apart() {
    let term = json!({"matchExpressions": [{"key": "gpu", "operator": "Exists"}], "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]});
    let affinity = json!({
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]},
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 3, "preference": term}]
    });
    let read = with(json!({"affinity": {"nodeAffinity": affinity}, "nodeSelector": {"a": "b"}}), json!({}));
    let expression = |key: &str, operator: &str, values: &[&str]| Expression {
        key: key.into(),
        operator: operator.into(),
        values: values.iter().map(|value| (*value).into()).collect(),
    };
    let expected =
        NodeTerm { expressions: vec![expression("gpu", "Exists", &[])], fields: vec![expression("metadata.name", "In", &["n"])] };
    assert_eq!(read.spec.node_affinity, Some(vec![expected.clone()]));
    assert_eq!((read.spec.preferred_nodes[0].weight, &read.spec.preferred_nodes[0].term), (3, &expected));
    assert_eq!(read.spec.node_selector, Labels::from([("a".into(), "b".into())]));
}

#[test]
fn ephemeral_claims_are_named_after_pod_and_volume() {
    let volumes = json!([{"name": "a", "persistentVolumeClaim": {"claimName": "data"}}, {"name": "tmp", "ephemeral": {}}, {"name": "e", "emptyDir": {}}]);
    let read = with(json!({"volumes": volumes}), json!({}));
    assert_eq!(
        (&read.spec.claims, &read.spec.ephemeral_claims),
        (&vec!["data".to_owned(), "web-1-tmp".into()], &vec!["web-1-tmp".to_owned()])
    );
}

#[test]
fn what_cannot_be_modelled_is_named() {
    let read = with(json!({"resourceClaims": [{"name": "gpu"}], "schedulingGroup": {"podGroupName": "g"}}), json!({}));
    assert_eq!(read.spec.beyond, ["resource claims (DRA)", "a pod group that is placed whole or not at all"]);
    assert_eq!(with(json!({"resourceClaims": null, "schedulingGroup": null}), json!({})).spec.beyond, Vec::<String>::new());
}

#[test]
fn equal_pods_share_spec_and_labels() {
    let interner = Interner::default();
    let read = |name: &str| pod(read(json!({"metadata": {"name": name, "labels": {"a": "b"}}})), &interner, Origin::Cluster).unwrap();
    let (one, two) = (read("a"), read("b"));
    assert!(std::sync::Arc::ptr_eq(&one.spec, &two.spec) && std::sync::Arc::ptr_eq(&one.labels, &two.labels));
}

#[test]
fn a_daemon_sets_pod_tolerates_what_the_controller_lets_it() {
    let template =
        json!({"metadata": {"labels": {"a": "b"}}, "spec": {"hostNetwork": true, "containers": [container(json!({"cpu": "1"}))]}});
    let set = daemon_set(read(json!({"metadata": {"namespace": "kube-system", "name": "cni"}, "spec": {"template": template}})));
    assert_eq!((set.pod.key, set.pod.owner), (set.key, Some(("DaemonSet".into(), "cni".into()))));
    assert_eq!((set.pod.spec.tolerations.len(), set.pod.spec.requests.cpu_milli, set.pod.labels.len()), (7, 1_000, 1));
}

#[test]
fn a_node_is_ready_cordoned_and_offers() {
    let node = node(read(json!({
        "metadata": {"name": "n", "uid": "u", "labels": {"a": "b"}},
        "spec": {"unschedulable": true, "taints": [{"key": "k", "effect": "NoSchedule"}], "providerID": "openstack:///1"},
        "status": {"conditions": [{"type": "Ready", "status": "True"}], "nodeInfo": {"kubeletVersion": "v1.37.2"}, "declaredFeatures": ["X"],
                   "allocatable": {"cpu": "3800m", "memory": "1Ki", "ephemeral-storage": "2Ki", "pods": "110", "nvidia.com/gpu": "1", "odd": "1"}}
    })));
    let offers = Resources {
        cpu_milli: 3_800,
        memory_bytes: 1_024,
        ephemeral_bytes: 2_048,
        pods: 110,
        extended: BTreeMap::from([("nvidia.com/gpu".into(), 1)]),
    };
    assert_eq!((node.name.as_str(), node.uid.as_str(), node.cordoned, node.ready, node.taints.len()), ("n", "u", true, true, 1));
    assert_eq!((node.allocatable, node.provider_id.as_str(), node.kubelet_version.as_str()), (offers, "openstack:///1", "v1.37.2"));
}
