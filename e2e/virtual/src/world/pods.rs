//! Pods: sets that keep their number, and a scheduler that binds what fits and says what does not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gantry_crds::TAINT_STARTUP;
use gantry_plan::quantity::Quantity;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::nodes::is_ready;
use crate::api::ApiServer;
use crate::api::store::{name_of, seconds};

/// A pod's containers take this long to end.
const ENDING: SignedDuration = SignedDuration::from_secs(2);
/// Pods of a node that is silent for this long are given up (the default toleration of unreachable).
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_secs(300);

/// Pods that are kept at a number, as a ReplicaSet does.
#[derive(Clone, Debug)]
pub struct Set {
    /// Name, and prefix of the pods' names.
    pub name: String,
    /// How many.
    pub replicas: usize,
    /// CPU of each.
    pub cpu_milli: i64,
    /// Memory of each.
    pub memory_mib: i64,
    /// Label of the nodes that they want, if not any.
    pub selector: Option<(&'static str, &'static str)>,
}

/// All sets.
#[derive(Debug, Default)]
pub struct Pods {
    sets: BTreeMap<String, Set>,
    made: u64,
}

/// Namespace of all pods.
pub const NAMESPACE: &str = "apps";

impl Pods {
    /// Adds or changes a set.
    pub fn set(&mut self, set: Set) {
        self.sets.insert(set.name.clone(), set);
    }

    /// Changes a set's number.
    pub fn scale(&mut self, name: &str, replicas: usize) {
        if let Some(set) = self.sets.get_mut(name) {
            set.replicas = replicas;
        }
    }

    /// Everything that is due. `runs` tells whether a node's kubelet runs.
    pub fn tick(&mut self, api: &ApiServer, runs: impl Fn(&str) -> bool, now: Timestamp) {
        let pods = api.list("pods");
        end(api, &pods, &runs, now);
        for set in self.sets.values() {
            let mine: Vec<_> = pods.iter().filter(|pod| pod["metadata"]["labels"]["set"] == set.name && !is_ending(pod)).collect();
            for _ in mine.len()..set.replicas {
                self.made += 1;
                let _ = api.put("pods", pod(set, self.made));
            }
            let mut extra: Vec<_> = mine.into_iter().collect();
            extra.sort_by_key(|pod| node_of(pod).is_some());
            let surplus = extra.len().saturating_sub(set.replicas);
            extra.into_iter().take(surplus).for_each(|pod| api.delete("pods", pod, if node_of(pod).is_some() { 30 } else { 0 }));
        }
        schedule(api, now);
    }
}

fn pod(set: &Set, number: u64) -> Value {
    let mut spec = json!({
        "schedulerName": "default-scheduler",
        "containers": [{"name": "c", "resources": {"requests": {"cpu": format!("{}m", set.cpu_milli), "memory": format!("{}Mi", set.memory_mib)}}}],
    });
    if let Some((key, value)) = set.selector {
        spec["nodeSelector"] = json!({key: value});
    }
    let owner = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set.name, "uid": set.name, "controller": true});
    json!({
        "metadata": {"name": format!("{}-{number:05}", set.name), "namespace": NAMESPACE, "labels": {"set": set.name}, "ownerReferences": [owner]},
        "spec": spec,
        "status": {"phase": "Pending"},
    })
}

fn is_ending(pod: &Value) -> bool {
    pod["metadata"]["deletionTimestamp"].is_string()
}

/// The node that a pod is bound to.
pub fn node_of(pod: &Value) -> Option<&str> {
    pod["spec"]["nodeName"].as_str().filter(|node| !node.is_empty())
}

/// Kubelets end pods that are told to; pods of nodes that are gone are collected, those of silent nodes given up.
fn end(api: &ApiServer, pods: &[Arc<Value>], runs: &impl Fn(&str) -> bool, now: Timestamp) {
    let nodes = api.list("nodes");
    let nodes: BTreeMap<&str, &Value> = nodes.iter().map(|node| (name_of(node), &**node)).collect();
    for pod in pods {
        let Some(node) = node_of(pod) else { continue };
        let Some(object) = nodes.get(node) else {
            api.confirm_ended(pod);
            continue;
        };
        let told = pod["metadata"]["deletionTimestamp"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        match told {
            Some(at) if runs(node) && now.duration_since(at) >= ENDING => api.confirm_ended(pod),
            None if is_given_up(object, now) => api.delete("pods", pod, 30),
            _ => {}
        }
    }
}

fn is_given_up(node: &Value, now: Timestamp) -> bool {
    let condition = &node["status"]["conditions"][0];
    let since = condition["lastTransitionTime"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    condition["status"] == "Unknown" && since.is_some_and(|since| now.duration_since(since) >= GIVEN_UP_AFTER)
}

/// What a node has left.
struct Room {
    node: Arc<Value>,
    is_open: bool,
    /// Whose toleration the node asks for, if that is all that keeps pods off.
    kept_for: Option<String>,
    cpu_milli: i64,
    memory_bytes: i64,
    pods: i64,
}

/// What a pod wants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Need {
    cpu_milli: i64,
    memory_bytes: i64,
    labels: BTreeMap<String, String>,
    /// Hosts that it is let in to.
    let_in: BTreeSet<String>,
}

impl Need {
    fn of(pod: &Value) -> Self {
        let requests = &pod["spec"]["containers"][0]["resources"]["requests"];
        let wanted = pod["spec"]["nodeSelector"].as_object().into_iter().flatten();
        let labels = wanted.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
        let own = pod["spec"]["tolerations"].as_array().into_iter().flatten().filter(|toleration| toleration["key"] == TAINT_STARTUP);
        let let_in = own.filter_map(|toleration| toleration["value"].as_str().map(str::to_owned)).collect();
        Self { cpu_milli: amount(requests, "cpu"), memory_bytes: amount(requests, "memory"), labels, let_in }
    }
}

fn amount(object: &Value, field: &str) -> i64 {
    let quantity = object[field].as_str().and_then(|text| text.parse::<Quantity>().ok());
    quantity.map_or(0, |quantity| if field == "cpu" { quantity.milli() } else { quantity.value() })
}

fn schedule(api: &ApiServer, now: Timestamp) {
    let pods = api.list("pods");
    if pods.iter().all(|pod| node_of(pod).is_some() || is_ending(pod)) {
        return;
    }
    let open = api.list("nodes").into_iter().filter(|node| node["spec"]["unschedulable"] != true);
    let mut rooms: BTreeMap<String, Room> = open.map(|node| (name_of(&node).to_owned(), room(node))).collect();
    for pod in &pods {
        if let Some(room) = node_of(pod).and_then(|node| rooms.get_mut(node)) {
            room.take(&Need::of(pod));
        }
    }
    let count = rooms.len();
    let (nominated, others): (Vec<_>, Vec<_>) =
        pods.iter().filter(|pod| node_of(pod).is_none() && !is_ending(pod)).partition(|pod| nominated(pod).is_some());
    for pod in nominated {
        let (need, Some(room)) = (Need::of(pod), nominated_room(&mut rooms, pod)) else { continue };
        if room.fits(&need) {
            bind(api, pod, name_of(&room.node), now);
        }
        // Bound or not, nobody else is given the place; one that is not open yet is waited for.
        room.take(&need);
    }
    // Rooms only get smaller: what found none finds none later either.
    let mut hopeless = BTreeSet::new();
    for pod in others {
        let need = Need::of(pod);
        let found = if hopeless.contains(&need) { None } else { rooms.values_mut().find(|room| room.fits(&need)) };
        match found {
            Some(room) => {
                room.take(&need);
                bind(api, pod, name_of(&room.node), now);
            }
            None => {
                refuse(api, pod, count, now);
                hopeless.insert(need);
            }
        }
    }
}

/// The node that the pod is expected on.
fn nominated(pod: &Value) -> Option<&str> {
    pod["status"]["nominatedNodeName"].as_str().filter(|node| !node.is_empty())
}

fn nominated_room<'a>(rooms: &'a mut BTreeMap<String, Room>, pod: &Value) -> Option<&'a mut Room> {
    rooms.get_mut(nominated(pod)?)
}

fn room(node: Arc<Value>) -> Room {
    let allocatable = &node["status"]["allocatable"];
    let (cpu_milli, memory_bytes, pods) = (amount(allocatable, "cpu"), amount(allocatable, "memory"), amount(allocatable, "pods"));
    let taints = node["spec"]["taints"].as_array();
    let mut keeping = taints.into_iter().flatten().filter(|taint| taint["effect"] != "PreferNoSchedule");
    let (first, second) = (keeping.next(), keeping.next());
    let kept_for = first.filter(|taint| taint["key"] == TAINT_STARTUP && second.is_none());
    let kept_for = kept_for.and_then(|taint| taint["value"].as_str()).map(str::to_owned);
    let is_open = (first.is_none() || kept_for.is_some()) && is_ready(&node);
    Room { is_open, kept_for, node, cpu_milli, memory_bytes, pods }
}

impl Room {
    fn take(&mut self, need: &Need) {
        self.cpu_milli -= need.cpu_milli;
        self.memory_bytes -= need.memory_bytes;
        self.pods -= 1;
    }

    fn fits(&self, need: &Need) -> bool {
        let has_room = self.cpu_milli >= need.cpu_milli && self.memory_bytes >= need.memory_bytes && self.pods > 0;
        let labels = &self.node["metadata"]["labels"];
        let is_let_in = self.kept_for.as_ref().is_none_or(|host| need.let_in.contains(host));
        self.is_open && is_let_in && has_room && need.labels.iter().all(|(key, value)| labels[key] == *value)
    }
}

fn bind(api: &ApiServer, pod: &Value, node: &str, now: Timestamp) {
    api.edit("pods", NAMESPACE, name_of(pod), |pod| {
        pod["spec"]["nodeName"] = node.into();
        let time = seconds(now);
        pod["status"] = json!({"phase": "Running", "startTime": time, "conditions": [
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": time},
            {"type": "Ready", "status": "True", "lastTransitionTime": time},
        ]});
    });
}

fn refuse(api: &ApiServer, pod: &Value, nodes: usize, now: Timestamp) {
    if pod["status"]["conditions"][0]["status"] == "False" {
        return;
    }
    api.edit("pods", NAMESPACE, name_of(pod), |pod| {
        let message = format!("0/{nodes} nodes are available");
        pod["status"] = json!({"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message, "lastTransitionTime": seconds(now)},
        ]});
    });
}
