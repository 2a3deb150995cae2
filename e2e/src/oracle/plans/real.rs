//! Takes out of a generated cluster what no real one has, before it is planned: what was thrown by dice need not hang together.

use anyhow::Result;
use gantry_plan::model::Snapshot;
use serde_json::{Value, json};

use super::daemons;
use crate::oracle::ours;
use crate::oracle::scheduler::{Placement, Question, Scheduler};

const ZONE: &str = "topology.kubernetes.io/zone";
/// The provisioner that makes nothing.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// Leaves what could be.
///
/// # Errors
/// If the cluster cannot be read, or the oracle ends.
pub(super) fn keep_real(scheduler: &mut Scheduler, objects: &mut Vec<Value>) -> Result<()> {
    // Which drivers a fresh host will have is learned from real ones; there are none here.
    objects.retain(|object| object["kind"] != "CSIDriver");
    volumes_of_running(objects);
    drivers_everywhere(objects);
    nominations(scheduler, objects)
}

/// Pods for which the scheduler has a node already, and which.
pub(super) fn nominated(snapshot: &Snapshot) -> Vec<Placement> {
    let here = |name: &str| snapshot.nodes.iter().any(|node| node.name == *name);
    let waiting = snapshot.pods.iter().filter(|pod| pod.node_name.is_none() && !pod.spec.gated);
    let meant = waiting.filter_map(|pod| Some((pod.key.to_string(), pod.nominated_node.as_deref().filter(|name| here(name))?)));
    meant.map(|(pod, node)| Placement { pod, node: node.to_owned() }).collect()
}

/// The CSINode of a node on which every driver runs that makes volumes, without limits.
pub(super) fn csi_node(objects: &[Value], name: &str) -> Value {
    let mut node =
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": name, "uid": name}, "spec": {"drivers": []}});
    run(&mut node, &provisioners(objects), &[ZONE]);
    node
}

/// A pod runs only once its claims have volumes.
fn volumes_of_running(objects: &mut [Value]) {
    let unbound = |object: &&Value| object["kind"] == "PersistentVolumeClaim" && object["spec"]["volumeName"].is_null();
    let unbound: Vec<String> = objects.iter().filter(unbound).map(key).collect();
    for pod in objects.iter_mut().filter(|object| object["kind"] == "Pod" && !object["spec"]["nodeName"].is_null()) {
        let namespace = text(&pod["metadata"]["namespace"]).to_owned();
        if let Some(volumes) = pod["spec"]["volumes"].as_array_mut() {
            volumes.retain(|volume| !unbound.contains(&format!("{namespace}/{}", text(&volume["persistentVolumeClaim"]["claimName"]))));
        }
    }
}

/// On a node without its driver no volume could be made for the pod that comes there. A driver goes by labels that its node has.
fn drivers_everywhere(objects: &mut Vec<Value>) {
    let provisioners = provisioners(objects);
    let nodes = objects.iter().filter(|object| object["kind"] == "Node").map(|node| &node["metadata"]);
    let nodes: Vec<(String, bool)> = nodes.map(|node| (text(&node["name"]).to_owned(), !node["labels"][ZONE].is_null())).collect();
    for (name, is_in_zone) in nodes {
        let is = |object: &Value| object["kind"] == "CSINode" && object["metadata"]["name"] == name.as_str();
        if !objects.iter().any(is) {
            objects.push(csi_node(objects, &name));
        }
        let keys = if is_in_zone { &[ZONE][..] } else { &[] };
        objects.iter_mut().filter(|object| is(object)).for_each(|known| run(known, &provisioners, keys));
    }
}

/// Who makes volumes.
fn provisioners(objects: &[Value]) -> Vec<String> {
    let classes = objects.iter().filter(|object| object["kind"] == "StorageClass");
    let mut all: Vec<String> = classes.map(|class| text(&class["provisioner"]).to_owned()).filter(|name| name != NO_PROVISIONER).collect();
    all.sort();
    all.dedup();
    all
}

/// These drivers run there too; all go by these labels.
fn run(csi_node: &mut Value, provisioners: &[String], keys: &[&str]) {
    let name = csi_node["metadata"]["name"].clone();
    let Some(drivers) = csi_node["spec"]["drivers"].as_array_mut() else {
        return;
    };
    for provisioner in provisioners {
        if drivers.iter().all(|driver| driver["name"] != provisioner.as_str()) {
            drivers.push(json!({"name": provisioner, "nodeID": name}));
        }
    }
    drivers.iter_mut().for_each(|driver| driver["topologyKeys"] = json!(keys));
}

/// The scheduler nominates no pod to a node that does not take it, as the node is now and with the pods that DaemonSets will make there.
fn nominations(scheduler: &mut Scheduler, objects: &mut [Value]) -> Result<()> {
    loop {
        let snapshot = ours::read(objects)?;
        let placements = nominated(&snapshot);
        let all: Vec<Value> = objects.iter().cloned().chain(daemons::missing(objects, &snapshot)).collect();
        let mut refused = Vec::new();
        for cluster in [&*objects, &all] {
            let placements = placements.clone();
            let answer = scheduler.ask_one(Question { objects: cluster, placements, pods: Some(Vec::new()), ..Question::default() })?;
            refused.extend(answer.verdicts.into_iter().filter(|verdict| !verdict.fits).map(|verdict| verdict.pod));
        }
        // Whoever leaned on one of them is asked again: each time there is one nomination less.
        if refused.is_empty() {
            return Ok(());
        }
        for object in objects.iter_mut().filter(|object| object["kind"] == "Pod" && refused.contains(&key(object))) {
            object["status"].as_object_mut().and_then(|status| status.remove("nominatedNodeName"));
        }
    }
}

/// Namespace/name.
fn key(object: &Value) -> String {
    format!("{}/{}", text(&object["metadata"]["namespace"]), text(&object["metadata"]["name"]))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
