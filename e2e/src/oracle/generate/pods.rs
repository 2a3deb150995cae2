//! Pods: on nodes, and waiting for one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::storage::Claims;
use super::{Dice, NAMESPACES, Themes, WAITING, affinity, metadata, resources, terms};

const PRIORITIES: [i32; 6] = [0, 0, 0, 10, 100, -5];

/// A pod on a node: running, going, or finished.
pub(super) fn bound(dice: &mut Dice, themes: Themes, nodes: &[String], claims: &mut Claims, index: usize) -> Value {
    let mut pod = pod(dice, themes, claims, &format!("bound-{index}"));
    pod["spec"]["nodeName"] = if dice.percent(97) { dice.one(nodes).clone().into() } else { "node-gone".into() };
    let phase = if dice.percent(95) { "Running" } else { "Succeeded" };
    pod["status"] = json!({"phase": phase, "conditions": [{"type": "PodScheduled", "status": "True"}]});
    if dice.percent(10) {
        pod["metadata"]["deletionTimestamp"] = "2026-01-02T00:00:00Z".into();
        pod["metadata"]["deletionGracePeriodSeconds"] = 30.into();
    }
    if phase == "Running" && dice.percent(themes.resources / 4) {
        resize(dice, &mut pod);
    }
    pod
}

/// Takes the ports from pods that would clash with others on their node: there they cannot run, and kube-scheduler, which keeps a node's
/// ports as a set, forgets the port of both when one goes.
pub(super) fn without_clashes(mut pods: Vec<Value>) -> Vec<Value> {
    let mut taken = BTreeSet::new();
    for pod in &mut pods {
        let at = (pod["spec"]["nodeName"].to_string(), pod["spec"]["containers"][0]["ports"][0]["containerPort"].as_u64());
        if at.1.is_some() && !taken.insert(at) {
            pod["spec"]["containers"][0].as_object_mut().and_then(|container| container.remove("ports"));
        }
    }
    pods
}

/// A running pod whose containers have, or are about to get, other amounts than its spec says.
fn resize(dice: &mut Dice, pod: &mut Value) {
    let containers = pod["spec"]["containers"].as_array().cloned().unwrap_or_default();
    let statuses: Vec<Value> = containers
        .iter()
        .map(|container| {
            let amounts = json!({"cpu": dice.word(&["100m", "1", "2"]), "memory": dice.word(&["64Mi", "1Gi"])});
            json!({"name": container["name"], "image": "img", "imageID": "", "ready": true, "restartCount": 0,
                "allocatedResources": amounts, "resources": {"requests": amounts}})
        })
        .collect();
    pod["status"]["containerStatuses"] = statuses.into();
    if dice.percent(30)
        && let Some(conditions) = pod["status"]["conditions"].as_array_mut()
    {
        conditions.push(json!({"type": "PodResizePending", "status": "True", "reason": dice.word(&["Infeasible", "Deferred"])}));
    }
}

/// A pod that waits: tried and refused, held back by a gate, nominated, or of another scheduler.
pub(super) fn waiting(dice: &mut Dice, themes: Themes, nodes: &[String], claims: &mut Claims, index: usize) -> Value {
    let mut pod = pod(dice, themes, claims, &format!("{WAITING}-{index}"));
    let gated = dice.percent(5);
    if gated {
        pod["spec"]["schedulingGates"] = json!([{"name": "example.com/hold"}]);
    }
    let reason = if gated { "SchedulingGated" } else { "Unschedulable" };
    pod["status"] = json!({"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": reason, "lastTransitionTime": "2026-01-01T00:00:05Z"}]});
    if !gated && dice.percent(15) {
        let node = if dice.percent(90) { dice.one(nodes).as_str() } else { "node-to-come" };
        pod["status"]["nominatedNodeName"] = node.into();
    }
    if dice.percent(4) {
        pod["spec"]["schedulerName"] = "another".into();
    }
    if dice.percent(4) {
        pod["spec"]["nodeSelector"] = json!({"kubernetes.io/hostname": dice.one(nodes)});
    }
    pod
}

fn pod(dice: &mut Dice, themes: Themes, claims: &mut Claims, name: &str) -> Value {
    let namespace = if dice.percent(60) { "default".to_owned() } else { dice.word(&NAMESPACES) };
    let mut metadata = metadata(Some(&namespace), name);
    metadata["labels"] = labels(dice);
    let mut spec = json!({"priority": dice.one(&PRIORITIES)});
    if dice.percent(10) {
        spec["preemptionPolicy"] = "Never".into();
    }
    resources::fill(dice, themes, &mut spec);
    affinity::fill(dice, themes, &mut spec);
    if dice.percent(themes.ports) {
        ports(dice, &mut spec);
    }
    let volumes = claims.volumes(dice, &namespace, name);
    if !volumes.is_empty() {
        spec["volumes"] = volumes.into();
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

fn labels(dice: &mut Dice) -> Value {
    let mut labels = json!({});
    if dice.percent(90) {
        labels["app"] = dice.word(&terms::APPS).into();
    }
    if dice.percent(50) {
        labels["tier"] = dice.word(&["x", "y"]).into();
    }
    if dice.percent(70) {
        labels["revision"] = dice.word(&["1", "2"]).into();
    }
    labels
}

/// Ports of the node, for all its addresses or one of them; with the host's network each container port is one.
fn ports(dice: &mut Dice, spec: &mut Value) {
    let port = dice.number(8080, 8081);
    let mut entry = json!({"containerPort": port});
    let on_host = dice.percent(25);
    if on_host {
        spec["hostNetwork"] = true.into();
    }
    if !on_host || dice.percent(50) {
        entry["hostPort"] = port.into();
    }
    if entry["hostPort"].is_number() && dice.percent(40) {
        entry["hostIP"] = dice.word(&["0.0.0.0", "10.0.0.1", "10.0.0.2", "::"]).into();
    }
    if let Some(map) = entry.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    if dice.percent(25) {
        entry["protocol"] = dice.word(&["UDP", "SCTP"]).into();
    }
    if let Some(container) = spec["containers"].as_array_mut().and_then(|containers| containers.first_mut()) {
        container["ports"] = json!([entry]);
    }
}
