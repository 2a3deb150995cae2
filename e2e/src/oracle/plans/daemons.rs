//! DaemonSets' pods on nodes where the plan counts on them.

use gantry_plan::model::{DaemonSet, Snapshot};
use gantry_plan::scheduling::{Judge, NewNode, NodeAt};
use serde_json::{Value, json};

/// Pods that DaemonSets have not made yet on the nodes of the cluster.
pub(super) fn missing(objects: &[Value], snapshot: &Snapshot) -> Vec<Value> {
    let judge = Judge::of(snapshot);
    let mut pods = Vec::new();
    for node in &snapshot.nodes {
        let here =
            |set: &&DaemonSet| !snapshot.pods.iter().any(|pod| is_of(pod, set) && pod.node_name.as_deref() == Some(node.name.as_str()));
        let at = judge.node(&node.name);
        pods.extend(at.into_iter().flat_map(|at| running(&judge, snapshot, at)).filter(here).map(|set| pod(objects, set, &node.name)));
    }
    pods
}

/// Pods that DaemonSets make on a new node.
pub(super) fn new(objects: &[Value], snapshot: &Snapshot, node: NewNode) -> Vec<Value> {
    let name = node.name.clone().unwrap_or_default();
    let mut judge = Judge::of(snapshot);
    let at = judge.add_node(node);
    running(&judge, snapshot, at).map(|set| pod(objects, set, &name)).collect()
}

fn running<'s>(judge: &Judge<'_>, snapshot: &'s Snapshot, at: NodeAt) -> impl Iterator<Item = &'s DaemonSet> {
    snapshot.daemon_sets.iter().filter(move |set| judge.runs_daemon(set, at))
}

fn is_of(pod: &gantry_plan::model::Pod, set: &DaemonSet) -> bool {
    let owner = pod.owner.as_ref().is_some_and(|(kind, name)| kind == "DaemonSet" && *name == *set.key.name);
    owner && pod.key.namespace == set.key.namespace
}

fn pod(objects: &[Value], set: &DaemonSet, node: &str) -> Value {
    let own = |object: &&Value| object["kind"] == "DaemonSet" && object["metadata"]["name"] == set.key.name.as_str();
    let template = objects.iter().find(own).map(|object| &object["spec"]["template"]).cloned().unwrap_or_default();
    let name = format!("{}-on-{node}", set.key.name);
    let mut spec = template["spec"].clone();
    spec["nodeName"] = node.into();
    json!({"apiVersion": "v1", "kind": "Pod", "spec": spec, "status": {"phase": "Running"},
        "metadata": {"name": name, "namespace": set.key.namespace, "uid": name, "labels": template["metadata"]["labels"]}})
}
