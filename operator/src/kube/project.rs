//! Pods, nodes and DaemonSets as planning needs them: projected at the watch, so that the rest of each object is never stored.

use std::collections::BTreeMap;

use gantry_plan::model::{DaemonSet, Expression, Node, NodeTerm, Pod, Taint, Toleration};
use gantry_plan::quantity::Quantity;
use gantry_plan::resources::Resources;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;
use kube::Resource;

use super::informer::{key, uid};

/// A pod, or `None` if it has finished.
pub fn pod(pod: core::Pod) -> Option<Pod> {
    let (key, uid) = (key(&pod), uid(&pod));
    let spec = pod.spec.unwrap_or_default();
    let status = pod.status.unwrap_or_default();
    if matches!(status.phase.as_deref(), Some("Succeeded" | "Failed")) {
        return None;
    }
    let meta = pod.metadata;
    let owner = meta.owner_references.iter().flatten().find(|owner| owner.controller == Some(true));
    Some(Pod {
        owner: owner.map(|owner| (owner.kind.clone(), owner.name.clone())),
        unschedulable: unschedulable_since(&status).is_some(),
        terminating: meta.deletion_timestamp.is_some(),
        created: meta.creation_timestamp.map(|time| time.0).unwrap_or_default(),
        mirror: meta.annotations.iter().flatten().any(|(name, _)| name == "kubernetes.io/config.mirror"),
        nominated_node: status.nominated_node_name.filter(|name| !name.is_empty()),
        node_name: spec.node_name.clone().filter(|name| !name.is_empty()),
        key,
        uid,
        ..placement(&spec)
    })
}

/// Since when the scheduler says that the pod fits nowhere.
fn unschedulable_since(status: &core::PodStatus) -> Option<Timestamp> {
    let condition = status.conditions.iter().flatten().find(|c| c.type_ == "PodScheduled" && c.status == "False")?;
    (condition.reason.as_deref() == Some("Unschedulable")).then(|| condition.last_transition_time.as_ref().map(|t| t.0).unwrap_or_default())
}

/// What a pod spec says about where the pod may go.
fn placement(spec: &core::PodSpec) -> Pod {
    Pod {
        requests: requests(spec),
        priority: spec.priority.unwrap_or(0),
        scheduler: spec.scheduler_name.clone().unwrap_or_else(|| "default-scheduler".into()),
        node_selector: spec.node_selector.clone().unwrap_or_default(),
        node_affinity: required_terms(spec),
        tolerations: spec.tolerations.iter().flatten().map(toleration).collect(),
        beyond: beyond(spec),
        ..Pod::default()
    }
}

/// kube-scheduler's sum: the larger of the running containers with their sidecars and each init container with the sidecars before it,
/// pod-level requests in place of that sum where given, and the overhead on top (component-helpers, resource.PodRequests).
fn requests(spec: &core::PodSpec) -> Resources {
    let mut running = Resources::default();
    spec.containers.iter().for_each(|c| running.add(&amounts(c.resources.as_ref().and_then(|r| r.requests.as_ref()))));
    let mut sidecars = Resources::default();
    let mut starting = Resources::default();
    for container in spec.init_containers.iter().flatten() {
        let mut asks = amounts(container.resources.as_ref().and_then(|r| r.requests.as_ref()));
        if container.restart_policy.as_deref() == Some("Always") {
            sidecars.add(&asks);
            starting.raise_to(&sidecars);
        } else {
            asks.add(&sidecars);
            starting.raise_to(&asks);
        }
    }
    running.add(&sidecars);
    running.raise_to(&starting);
    pod_level(spec, &mut running);
    running.add(&amounts(spec.overhead.as_ref()));
    running.pods = 1;
    running
}

/// Pod-level cpu, memory and huge pages replace the containers' sum.
fn pod_level(spec: &core::PodSpec, sum: &mut Resources) {
    let Some(requests) = spec.resources.as_ref().and_then(|r| r.requests.as_ref()) else { return };
    let whole = amounts(Some(requests));
    if requests.contains_key("cpu") {
        sum.cpu_milli = whole.cpu_milli;
    }
    if requests.contains_key("memory") {
        sum.memory_bytes = whole.memory_bytes;
    }
    sum.extended.extend(whole.extended.into_iter().filter(|(name, _)| name.starts_with("hugepages-")));
}

/// Quantities by name. One that cannot be parsed counts as more than any node has: the API server lets none through.
pub fn amounts(map: Option<&BTreeMap<String, ApiQuantity>>) -> Resources {
    let mut all = Resources::default();
    for (name, quantity) in map.into_iter().flatten() {
        let parsed = quantity.0.parse::<Quantity>();
        let value = || parsed.as_ref().map_or(i64::MAX, |q| q.value());
        match name.as_str() {
            "cpu" => all.cpu_milli = parsed.as_ref().map_or(i64::MAX, |q| q.milli()),
            "memory" => all.memory_bytes = value(),
            "ephemeral-storage" => all.ephemeral_bytes = value(),
            "pods" => all.pods = value(),
            _ => {
                all.extended.insert(name.clone(), value());
            }
        }
    }
    all
}

fn required_terms(spec: &core::PodSpec) -> Option<Vec<NodeTerm>> {
    let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let required = affinity.required_during_scheduling_ignored_during_execution.as_ref()?;
    Some(required.node_selector_terms.iter().map(term).collect())
}

fn term(term: &core::NodeSelectorTerm) -> NodeTerm {
    let all = |list: &Option<Vec<core::NodeSelectorRequirement>>| list.iter().flatten().map(expression).collect();
    NodeTerm { expressions: all(&term.match_expressions), fields: all(&term.match_fields) }
}

fn expression(r: &core::NodeSelectorRequirement) -> Expression {
    Expression { key: r.key.clone(), operator: r.operator.clone(), values: r.values.clone().unwrap_or_default() }
}

fn toleration(t: &core::Toleration) -> Toleration {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    Toleration { key: text(&t.key), operator: text(&t.operator), value: text(&t.value), effect: text(&t.effect) }
}

/// Requirements that this planner does not model yet. A pod that has one is told so; buying for it could go on for ever.
fn beyond(spec: &core::PodSpec) -> Vec<String> {
    let affinity = spec.affinity.as_ref();
    let required_pod_affinity =
        affinity.and_then(|a| a.pod_affinity.as_ref()).is_some_and(|a| has(&a.required_during_scheduling_ignored_during_execution));
    let required_anti =
        affinity.and_then(|a| a.pod_anti_affinity.as_ref()).is_some_and(|a| has(&a.required_during_scheduling_ignored_during_execution));
    let spread = spec.topology_spread_constraints.iter().flatten().any(|c| c.when_unsatisfiable == "DoNotSchedule");
    let host_ports = spec.containers.iter().flat_map(|c| c.ports.iter().flatten()).any(|p| p.host_port.is_some_and(|port| port > 0));
    let volumes = spec.volumes.iter().flatten().any(|v| v.persistent_volume_claim.is_some() || v.ephemeral.is_some());
    let claims = has(&spec.resource_claims);
    let all = [
        (required_pod_affinity, "required pod affinity"),
        (required_anti, "required pod anti-affinity"),
        (spread, "a topology spread constraint with DoNotSchedule"),
        (host_ports && !spec.host_network.unwrap_or(false), "host ports"),
        (volumes, "persistent volumes"),
        (claims, "resource claims (DRA)"),
    ];
    all.into_iter().filter(|(present, _)| *present).map(|(_, what)| what.to_owned()).collect()
}

fn has<T>(list: &Option<Vec<T>>) -> bool {
    list.as_ref().is_some_and(|list| !list.is_empty())
}

/// A node.
pub fn node(node: core::Node) -> Node {
    let (name, uid) = (node.meta().name.clone().unwrap_or_default(), uid(&node));
    let spec = node.spec.unwrap_or_default();
    let status = node.status.unwrap_or_default();
    let ready = status.conditions.iter().flatten().any(|c| c.type_ == "Ready" && c.status == "True");
    Node {
        name,
        uid,
        labels: node.metadata.labels.unwrap_or_default(),
        taints: spec
            .taints
            .into_iter()
            .flatten()
            .map(|t| Taint { key: t.key, value: t.value.unwrap_or_default(), effect: t.effect })
            .collect(),
        cordoned: spec.unschedulable.unwrap_or(false),
        ready,
        allocatable: amounts(status.allocatable.as_ref()),
        provider_id: spec.provider_id.unwrap_or_default(),
    }
}

/// Taints that the DaemonSet controller lets its pods tolerate (pkg/controller/daemon/util, AddOrUpdateDaemonPodTolerations).
const DAEMON_TOLERATIONS: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

/// A DaemonSet and its pod as it would be on a node.
pub fn daemon_set(set: apps::DaemonSet) -> DaemonSet {
    let key = key(&set);
    let spec = set.spec.and_then(|spec| spec.template.spec).unwrap_or_default();
    let mut pod = placement(&spec);
    let daemon = |(key, effect): (&str, &str)| Toleration {
        key: key.into(),
        operator: "Exists".into(),
        value: String::new(),
        effect: effect.into(),
    };
    pod.tolerations.extend(DAEMON_TOLERATIONS.map(daemon));
    if spec.host_network.unwrap_or(false) {
        pod.tolerations.push(daemon(("node.kubernetes.io/network-unavailable", "NoSchedule")));
    }
    DaemonSet { key, pod }
}
