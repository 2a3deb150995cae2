//! Taints and tolerations, and which taints a joining node is about to lose.

use crate::model::{Host, Node, Taint, Toleration};

/// What a cordon adds.
pub(crate) const NODE_UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
/// Gantry's own startup taint, lifted once the node is ready for pods.
const STARTUP: &str = "gantry.cloud/startup";
/// Taints that a new node sheds.
const SHED: [&str; 4] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/network-unavailable",
    "node.cloudprovider.kubernetes.io/uninitialized",
];
/// Beginnings of further taints that a new node sheds.
const SHED_PREFIXES: [&str; 2] = ["readiness.k8s.io/", "startup-taint.cluster-autoscaler.kubernetes.io/"];

/// The first taint that keeps a pod with these tolerations off, or `None`.
pub(crate) fn untolerated<'a>(taints: &'a [Taint], tolerations: &[Toleration]) -> Option<&'a Taint> {
    taints
        .iter()
        .filter(|taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute"))
        .find(|taint| !tolerations.iter().any(|toleration| tolerates(toleration, taint)))
}

/// Whether pods with these tolerations would rather be elsewhere: a taint asks them to (`PreferNoSchedule`).
pub(crate) fn avoids(taints: &[Taint], tolerations: &[Toleration]) -> bool {
    let mut asking = taints.iter().filter(|taint| taint.effect == "PreferNoSchedule");
    asking.any(|taint| !tolerations.iter().any(|toleration| tolerates(toleration, taint)))
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let same_effect = toleration.effect.is_empty() || toleration.effect == taint.effect;
    let same_key = toleration.key.is_empty() || toleration.key == taint.key;
    let value = match toleration.operator.as_str() {
        "" | "Equal" => toleration.value == taint.value,
        "Exists" => true,
        _ => false,
    };
    same_effect && same_key && value
}

/// Whether a node still bears Gantry's startup taint: it has never taken ordinary pods.
pub(crate) fn is_joining(node: &Node) -> bool {
    node.taints.iter().any(|taint| taint.key == STARTUP)
}

/// What stays of a joining node's taints once it is ready.
pub(crate) fn kept_taints(taints: &[Taint], host: &Host) -> Vec<Taint> {
    let announced = |taint: &Taint| host.startup_taints.iter().any(|own| own.key == taint.key && own.effect == taint.effect);
    let sheds = |taint: &Taint| {
        let key = taint.key.as_str();
        key == STARTUP || SHED.contains(&key) || SHED_PREFIXES.iter().any(|prefix| key.starts_with(prefix)) || announced(taint)
    };
    taints.iter().filter(|taint| !sheds(taint)).cloned().collect()
}
