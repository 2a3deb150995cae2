//! What is drift and what is not.

use super::super::cloud_state::RefKind;
use super::super::resolve::{resolve, tests as world};
use super::*;
use serde_json::{Value, json};

/// A template as a release before rootVolume, serverGroup and the like stored it, its defaults filled in.
fn old_template() -> Value {
    json!({
        "flavors": {"names": ["m1.large"]}, "zones": ["az1"], "image": {"name": "debian"},
        "ports": [{"network": {"name": "apps"}, "subnet": {"name": "v4"}, "securityGroups": [{"name": "nodes"}]}],
        "node": {"labels": {"tier": "general"}, "taints": [{"key": "dedicated", "value": "x", "effect": "NoSchedule"}], "maxPods": 110,
                 "reserved": {"cpu": "200m", "memory": "512Mi"}},
        "bootstrap": {"kubeadm": {}},
    })
}

/// A Host that was bought from it then.
fn old_host() -> Value {
    json!({
        "poolName": "general", "cloudName": "main", "flavor": "m1.large", "flavorID": "4", "zone": "az1", "region": "RegionOne",
        "imageID": "debian-id", "ports": [{"networkID": "apps-id", "fixedIPs": [{"subnetID": "v4-id"}], "securityGroupIDs": ["nodes-id"]}],
        "labels": {"tier": "general", "gantry.cloud/host": "h", "kubernetes.io/os": "linux", "topology.cinder.csi.openstack.org/zone": "az1"},
        "taints": [{"key": "dedicated", "value": "x", "effect": "NoSchedule"}], "allocatable": {"cpu": "3800m"}, "maxPods": 110,
        "reserved": {"cpu": "0.2", "memory": "536870912"}, "bootstrap": {"apiServer": "https://10.0.0.1:6443"}, "price": "1", "reason": "r",
    })
}

fn merged(mut base: Value, change: &Value) -> Value {
    for (key, value) in change.as_object().into_iter().flatten() {
        match value {
            Value::Null => drop(base.as_object_mut().unwrap().remove(key)),
            Value::Object(_) if base[key].is_object() => base[key] = merged(base[key].take(), value),
            _ => base[key] = value.clone(),
        }
    }
    base
}

fn drift(template: Value, host: Value) -> Vec<String> {
    use RefKind::{Image, Network, QosPolicy, SecurityGroup, Subnet};
    let names = ["debian", "debian-new", "apps", "v4", "v6", "nodes", "ssh", "public", "gold"];
    let all = names.map(|name| [Image, Network, QosPolicy, SecurityGroup, Subnet].map(|kind| (kind, name)));
    let state = world::cloud(all.as_flattened());
    let template = world::template(template);
    let found = resolve(&template, &state).unwrap();
    let small = Flavor { id: "1".into(), name: "m1.small".into(), vcpus: 1, memory_mib: 1024, disk_gib: 10, extra_specs: BTreeMap::new() };
    let catalog = [(small.name.clone(), small)].into();
    differences(&template, &found, &catalog, &serde_json::from_value(host).unwrap())
}

#[test]
fn t18_what_an_upgrade_adds_to_the_api_is_no_drift() {
    assert_eq!(drift(old_template(), old_host()), Vec::<String>::new());
}

#[test]
fn what_the_template_leaves_open_is_no_drift() {
    let host = json!({"configDrive": true, "ports": [{"networkID": "apps-id", "fixedIPs": [{"subnetID": "v4-id"}],
        "securityGroupIDs": ["nodes-id"], "vnicType": "normal", "portSecurity": true, "qosPolicyID": "gold-id"}]});
    assert_eq!(drift(old_template(), merged(old_host(), &host)), Vec::<String>::new());
    let anywhere = json!({"zones": [], "ports": [{"network": {"name": "apps"}, "securityGroups": [{"name": "nodes"}]}]});
    assert_eq!(drift(merged(old_template(), &anywhere), old_host()), Vec::<String>::new());
    let gone = json!({"flavors": {"names": null, "vcpus": {"min": 4}}});
    assert_eq!(drift(merged(old_template(), &gone), old_host()), Vec::<String>::new());
}

#[test]
fn each_change_of_a_template_is_named() {
    let port = |change: Value| json!({"ports": [merged(old_template()["ports"][0].clone(), &change)]});
    let cases = [
        (json!({"image": {"name": "debian-new"}}), "image debian-id, now debian-new debian-new-id"),
        (json!({"flavors": {"names": ["m1.xlarge"]}}), "flavor m1.large"),
        (json!({"zones": ["az2"]}), "zone az1"),
        (json!({"rootVolume": {"size": "40Gi"}}), "root volume"),
        (json!({"serverGroup": {"policy": "soft-anti-affinity"}}), "server group"),
        (json!({"floatingIP": {"network": {"name": "public"}}}), "floating IP"),
        (json!({"metadata": {"a": "b"}}), "metadata"),
        (json!({"tags": ["a"]}), "tags"),
        (json!({"keyPair": "ops"}), "key pair"),
        (json!({"configDrive": true}), "config drive"),
        (json!({"schedulerHints": {"same_host": ["a"]}}), "scheduler hints"),
        (json!({"bootstrap": {"kubeadm": {"apiServer": "https://10.0.0.2:6443"}}}), "API server"),
        (json!({"ports": [old_template()["ports"][0], old_template()["ports"][0]]}), "1 ports, now 2"),
        (port(json!({"network": {"name": "public"}})), "port 1: network"),
        (port(json!({"subnet": {"name": "v6"}})), "port 1: subnet or addresses"),
        (port(json!({"securityGroups": [{"name": "ssh"}]})), "port 1: security groups"),
        (port(json!({"securityGroups": null})), "port 1: security groups"),
        (port(json!({"allowedAddressPairs": [{"address": "10.0.0.9"}]})), "port 1: allowed address pairs"),
        (port(json!({"vnicType": "direct"})), "port 1: vnic type"),
        (port(json!({"portSecurity": true})), "port 1: port security"),
        (port(json!({"qosPolicy": {"name": "gold"}})), "port 1: QoS policy"),
        (json!({"node": {"labels": {"tier": "gold"}}}), "labels of the node"),
        (json!({"node": {"labels": null}}), "labels of the node"),
        (json!({"node": {"taints": []}}), "taints"),
        (json!({"node": {"startupTaints": [{"key": "cni", "effect": "NoSchedule"}]}}), "startup taints"),
        (json!({"node": {"maxPods": 50}}), "maxPods"),
        (json!({"node": {"reserved": {"cpu": "300m"}}}), "reserved"),
    ];
    for (change, named) in cases {
        assert_eq!(drift(merged(old_template(), &change), old_host()), [named], "{change}");
    }
}

#[test]
fn a_host_outside_of_a_range_is_drift() {
    let range = json!({"flavors": {"names": null, "vcpus": {"min": 4}}});
    let host = json!({"flavor": "m1.small"});
    assert_eq!(drift(merged(old_template(), &range), merged(old_host(), &host)), ["flavor m1.small"]);
}

#[test]
fn the_order_of_tags_groups_and_taints_is_no_drift() {
    let two = |a: &str, b: &str| json!({"tags": [a, b], "securityGroupIDs": null});
    let template = merged(old_template(), &json!({"tags": ["a", "b"]}));
    assert_eq!(drift(template, merged(old_host(), &two("b", "a"))), Vec::<String>::new());
}

#[test]
fn a_long_list_of_differences_is_cut() {
    let many: Vec<String> = (0..12).map(|n| format!("port {n}")).collect();
    let text = message(&many).unwrap();
    assert!(text.contains("port 9; and 2 more: the host stays as it is") && !text.contains("port 10"), "{text}");
    assert_eq!(message(&[]), None);
}
