//! Volumes in all the states that they can be in: bound, waiting, missing, alone, kept for another pod.

use serde_json::{Value, json};

use super::nodes::ZONES;
use super::{Dice, Themes, metadata};

const CINDER: &str = "cinder.csi.openstack.org";
const OTHER: &str = "disk.example.com";
const ZONE: &str = "topology.kubernetes.io/zone";
/// Namespaces that have claims.
const HOMES: [&str; 2] = ["default", "blue"];

/// A claim that pods may use; it may not exist.
#[derive(Debug)]
struct Named {
    home: &'static str,
    name: String,
    use_: Use,
}

/// How many pods may use a claim at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Many,
    One,
    /// One, and it is there: no second pod got onto a node with it.
    Taken,
}

/// Claims that pods may use.
#[derive(Debug, Default)]
pub(super) struct Claims {
    named: Vec<Named>,
    /// Claims that were made for pods' ephemeral volumes.
    pub ephemeral: Vec<Value>,
    /// Whether pods use any.
    likelihood: u32,
}

impl Claims {
    /// A pod's volumes.
    pub fn volumes(&mut self, dice: &mut Dice, namespace: &str, pod: &str) -> Vec<Value> {
        let mut volumes = Vec::new();
        if !dice.percent(self.likelihood) {
            return volumes;
        }
        let waits = pod.starts_with(super::WAITING);
        for claim in self.named.iter_mut().filter(|claim| claim.home == namespace && (waits || claim.use_ != Use::Taken)) {
            if dice.percent(25) {
                volumes.push(json!({"name": format!("v{}", volumes.len()), "persistentVolumeClaim": {"claimName": claim.name}}));
                if !waits && claim.use_ == Use::One {
                    claim.use_ = Use::Taken;
                }
            }
        }
        if dice.percent(15) {
            volumes.push(json!({"name": "scratch", "emptyDir": {}}));
        }
        if dice.percent(15) {
            volumes.push(self.ephemeral(dice, namespace, pod));
        }
        volumes
    }

    fn ephemeral(&mut self, dice: &mut Dice, namespace: &str, pod: &str) -> Value {
        let spec = json!({"accessModes": ["ReadWriteOnce"], "storageClassName": "waits", "resources": {"requests": {"storage": "1Gi"}}});
        let waits = pod.starts_with(super::WAITING);
        if !waits || dice.percent(80) {
            let mut metadata = metadata(Some(namespace), &format!("{pod}-own"));
            // A pod got onto a node only with a claim of its own.
            let owner = if !waits || dice.percent(85) { format!("uid-{namespace}-{pod}") } else { "uid-of-another".to_owned() };
            metadata["ownerReferences"] = json!([{"apiVersion": "v1", "kind": "Pod", "name": pod, "uid": owner, "controller": true}]);
            self.ephemeral.push(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec, "status": {"phase": "Pending"}}));
        }
        json!({"name": "own", "ephemeral": {"volumeClaimTemplate": {"spec": spec}}})
    }
}

/// Adds classes, drivers, volumes and claims.
pub(super) fn generate(dice: &mut Dice, themes: Themes, nodes: &[String], objects: &mut Vec<Value>) -> Claims {
    let mut claims = Claims { likelihood: themes.volumes * 3 / 2, ..Claims::default() };
    if themes.volumes == 0 {
        return claims;
    }
    objects.extend(classes());
    objects.extend(drivers(dice));
    for node in nodes {
        if dice.percent(85) {
            objects.push(csi_node(dice, node));
        }
    }
    for home in HOMES {
        for index in 0..dice.number(1, 5) {
            // No name in two namespaces: when preemption is tried, kube-scheduler takes such a claim for the same.
            let name = format!("{home}-claim-{index}");
            let use_ = claim(dice, home, &name, nodes, objects);
            claims.named.push(Named { home, name, use_ });
        }
    }
    if dice.percent(5) {
        claims.named.push(Named { home: "default", name: "missing".into(), use_: Use::Many });
    }
    if dice.percent(40) {
        objects.extend(free_volumes(dice));
    }
    claims
}

fn classes() -> [Value; 5] {
    let class = |name: &str, provisioner: &str, mode: &str, zones: &[&str]| {
        let mut class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata(None, name),
            "provisioner": provisioner, "volumeBindingMode": mode});
        if !zones.is_empty() {
            class["allowedTopologies"] = json!([{"matchLabelExpressions": [{"key": ZONE, "values": zones}]}]);
        }
        class
    };
    [
        class("waits", CINDER, "WaitForFirstConsumer", &[]),
        class("waits-zoned", CINDER, "WaitForFirstConsumer", &["z1", "z2"]),
        class("now", CINDER, "Immediate", &[]),
        class("local", "kubernetes.io/no-provisioner", "WaitForFirstConsumer", &[]),
        class("other", OTHER, "WaitForFirstConsumer", &[]),
    ]
}

fn drivers(dice: &mut Dice) -> [Value; 2] {
    let driver = |name: &str, needed: bool| {
        let mut spec = json!({"attachRequired": true});
        if needed {
            spec["preventPodSchedulingIfMissing"] = true.into();
        }
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": metadata(None, name), "spec": spec})
    };
    [driver(CINDER, dice.percent(15)), driver(OTHER, dice.percent(30))]
}

fn csi_node(dice: &mut Dice, name: &str) -> Value {
    let mut drivers = Vec::new();
    for driver in [CINDER, OTHER] {
        if dice.percent(85) {
            let mut entry = json!({"name": driver, "nodeID": name, "topologyKeys": [ZONE]});
            if dice.percent(70) {
                entry["allocatable"] = json!({"count": dice.number(0, 3)});
            }
            drivers.push(entry);
        }
    }
    json!({"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": metadata(None, name), "spec": {"drivers": drivers}})
}

/// A claim in one of its states, with its volume if it has one.
fn claim(dice: &mut Dice, namespace: &str, name: &str, nodes: &[String], objects: &mut Vec<Value>) -> Use {
    let mode = dice.word(&["ReadWriteOnce", "ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"]);
    let mut claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata(Some(namespace), name),
        "spec": {"accessModes": [mode], "resources": {"requests": {"storage": dice.word(&["1Gi", "5Gi"])}}, "storageClassName": "waits"},
        "status": {"phase": "Pending"}});
    match dice.number(0, 19) {
        0..=9 => bind(dice, namespace, name, &mut claim, objects),
        10..=12 => {}
        13 => claim["spec"]["storageClassName"] = "waits-zoned".into(),
        14 => claim["spec"]["storageClassName"] = "now".into(),
        15 => claim["spec"]["storageClassName"] = "local".into(),
        16 => claim["spec"]["storageClassName"] = dice.word(&["nowhere", "", "other", "other"]).into(),
        17 => claim["metadata"]["annotations"] = json!({"volume.kubernetes.io/selected-node": dice.one(nodes)}),
        18 => {
            claim["spec"]["storageClassName"] = "local".into();
            claim["spec"]["selector"] = json!({"matchLabels": {"kind": "fast"}});
        }
        _ => {
            bind(dice, namespace, name, &mut claim, objects);
            claim["metadata"]["deletionTimestamp"] = "2026-01-02T00:00:00Z".into();
        }
    }
    objects.push(claim);
    if mode == "ReadWriteOncePod" { Use::One } else { Use::Many }
}

fn bind(dice: &mut Dice, namespace: &str, name: &str, claim: &mut Value, objects: &mut Vec<Value>) {
    let volume = format!("volume-{namespace}-{name}");
    claim["spec"]["volumeName"] = volume.clone().into();
    if dice.percent(93) {
        claim["metadata"]["annotations"] = json!({"pv.kubernetes.io/bind-completed": "yes"});
        claim["status"]["phase"] = "Bound".into();
    }
    if dice.percent(4) {
        return; // the volume is gone
    }
    let mut metadata = metadata(None, &volume);
    let uid = if dice.percent(93) { claim["metadata"]["uid"].clone() } else { "uid-of-another".into() };
    let reference = json!({"kind": "PersistentVolumeClaim", "namespace": namespace, "name": name, "uid": uid});
    if dice.percent(4) {
        claim["status"]["phase"] = "Lost".into();
    }
    if dice.percent(4) {
        metadata["deletionTimestamp"] = "2026-01-02T00:00:00Z".into();
    }
    let driver = dice.word(&[CINDER, CINDER, OTHER]);
    let mut spec = json!({"capacity": {"storage": "5Gi"}, "accessModes": claim["spec"]["accessModes"], "storageClassName": "waits", "claimRef": reference,
        "csi": {"driver": driver, "volumeHandle": dice.word(&["shared", volume.as_str(), volume.as_str(), volume.as_str()])}});
    if dice.percent(60) {
        spec["nodeAffinity"] = zone_affinity(dice);
    }
    if dice.percent(20) {
        metadata["labels"] = json!({ZONE: dice.word(&["z1", "z2", "z1__z3"])});
    }
    objects.push(json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec, "status": {"phase": "Bound"}}));
}

fn zone_affinity(dice: &mut Dice) -> Value {
    let mut zones: Vec<&str> = dice.some(&ZONES, 40).into_iter().copied().collect();
    if zones.is_empty() {
        zones.push(dice.one::<&str>(&ZONES));
    }
    json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": ZONE, "operator": "In", "values": zones}]}]}})
}

/// Volumes that nobody has claimed yet.
fn free_volumes(dice: &mut Dice) -> Vec<Value> {
    let count = dice.number(1, 3);
    (0..count)
        .map(|index| {
            let mut metadata = metadata(None, &format!("free-{index}"));
            if dice.percent(50) {
                metadata["labels"] = json!({"kind": "fast"});
            }
            let mut spec = json!({"capacity": {"storage": dice.word(&["1Gi", "2Gi", "10Gi"])}, "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
                "storageClassName": dice.word(&["local", "local", "waits"]), "local": {"path": "/disk"}, "nodeAffinity": zone_affinity(dice)});
            if dice.percent(10) {
                spec["volumeMode"] = "Block".into();
            }
            let phase = dice.word(&["Available", "Available", "Available", "Released"]);
            json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec, "status": {"phase": phase}})
        })
        .collect()
}
