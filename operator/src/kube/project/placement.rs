//! What a pod spec says about where the pod may go.

use gantry_crds::TAINT_STARTUP;
use gantry_plan::model::{HostPort, Labels, NodeTerm, PodSpec, Preferred};

use super::affinity::{self, Owner};
use super::requests::requests;
use super::wire;

/// Whose spec it is.
pub(super) struct Subject<'a> {
    pub namespace: &'a str,
    pub name: &'a str,
    pub labels: &'a Labels,
}

/// Priorities that every cluster has (scheduling/v1, SystemPriorityClasses).
const SYSTEM_PRIORITIES: [(&str, i32); 2] = [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];

/// Reads it. The status tells what a running pod holds while it is resized.
pub(super) fn placement(spec: &wire::PodSpec, status: &wire::PodStatus, subject: &Subject<'_>) -> PodSpec {
    let affinity = &spec.affinity;
    let owner = Owner { namespace: subject.namespace, labels: subject.labels };
    let ephemeral_claims = ephemeral_claims(spec, subject.name);
    PodSpec {
        requests: requests(spec, status),
        priority: priority(spec),
        never_preempts: *spec.preemption_policy == "Never",
        scheduler: if spec.scheduler_name.is_empty() { "default-scheduler".into() } else { spec.scheduler_name.0.clone() },
        gated: !spec.scheduling_gates.is_empty(),
        node_selector: spec.node_selector.0.clone(),
        node_affinity: required_nodes(spec),
        preferred_nodes: preferred_nodes(spec),
        tolerations: spec.tolerations.iter().filter(|toleration| let_in(toleration).is_none()).map(affinity::toleration).collect(),
        host_ports: host_ports(spec),
        affinity: affinity::required(&affinity.pod_affinity, &owner),
        anti_affinity: affinity::required(&affinity.pod_anti_affinity, &owner),
        preferred_affinity: affinity::preferred(&affinity.pod_affinity, &owner),
        preferred_anti_affinity: affinity::preferred(&affinity.pod_anti_affinity, &owner),
        spread: spec.topology_spread_constraints.iter().map(|constraint| affinity::spread(constraint, &owner)).collect(),
        claims: claims(spec, &ephemeral_claims),
        ephemeral_claims,
        beyond: beyond(spec),
    }
}

/// The host that Gantry itself lets the pod in to before others. It is no wish of the pod's, and equal pods stay equal.
pub(super) fn let_in(toleration: &wire::Toleration) -> Option<&str> {
    (*toleration.key == TAINT_STARTUP && !toleration.value.is_empty()).then_some(toleration.value.0.as_str())
}

fn priority(spec: &wire::PodSpec) -> i32 {
    let system = || SYSTEM_PRIORITIES.iter().find(|(name, _)| *name == *spec.priority_class_name).map(|(_, value)| *value);
    spec.priority.or_else(system).unwrap_or(0)
}

fn required_nodes(spec: &wire::PodSpec) -> Option<Vec<NodeTerm>> {
    let required = spec.affinity.node_affinity.required.as_ref()?;
    Some(required.node_selector_terms.iter().map(affinity::node_term).collect())
}

fn preferred_nodes(spec: &wire::PodSpec) -> Vec<Preferred<NodeTerm>> {
    let all = spec.affinity.node_affinity.preferred.iter();
    all.map(|preferred| Preferred { weight: preferred.weight.0, term: affinity::node_term(&preferred.preference) }).collect()
}

/// Ports of the containers that stay (scheduler/util, GetHostPorts). On the node's network each port is the node's.
fn host_ports(spec: &wire::PodSpec) -> Vec<HostPort> {
    let sidecars = spec.init_containers.iter().filter(|container| *container.restart_policy == "Always");
    let ports = sidecars.chain(spec.containers.iter()).flat_map(|container| container.ports.iter());
    let on_node = |port: &wire::Port| match port.host_port.0 {
        0 if *spec.host_network => port.container_port.0,
        given => given,
    };
    let or = |text: &str, default: &str| if text.is_empty() { default.to_owned() } else { text.to_owned() };
    let read = |port: &wire::Port| HostPort { ip: or(&port.host_ip, "0.0.0.0"), protocol: or(&port.protocol, "TCP"), port: on_node(port) };
    ports.map(read).filter(|port| port.port > 0).collect()
}

/// The claim of an ephemeral volume is named after pod and volume.
fn ephemeral_claims(spec: &wire::PodSpec, pod: &str) -> Vec<String> {
    let ephemeral = spec.volumes.iter().filter(|volume| volume.ephemeral.is_some());
    ephemeral.map(|volume| format!("{pod}-{}", *volume.name)).collect()
}

fn claims(spec: &wire::PodSpec, ephemeral: &[String]) -> Vec<String> {
    let named = spec.volumes.iter().filter_map(|volume| volume.persistent_volume_claim.as_ref()).map(|claim| claim.claim_name.0.clone());
    named.chain(ephemeral.iter().cloned()).collect()
}

/// Requirements that this planner does not model. A pod that has one is told so; buying for it could go on for ever.
fn beyond(spec: &wire::PodSpec) -> Vec<String> {
    let all = [
        (!spec.resource_claims.is_empty(), "resource claims (DRA)"),
        (spec.scheduling_group.is_some(), "a pod group that is placed whole or not at all"),
    ];
    all.into_iter().filter(|(present, _)| *present).map(|(_, what)| what.to_owned()).collect()
}
