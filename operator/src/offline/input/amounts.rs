//! Quantities that are none: in a file they are a mistake that is told.

use crate::kube::project::wire::{Amount, Amounts, Node, PodSpec, Requirements};

/// What to write instead.
const ADVICE: &str = "it is no quantity; write one such as 500m, 2 or 4Gi";

/// The first field of a pod spec that is no quantity, with what is wrong.
pub(super) fn of_pod(spec: &PodSpec) -> Option<String> {
    let containers = spec.containers.iter().enumerate().map(|(at, container)| (format!("spec.containers[{at}].resources"), container));
    let starters =
        spec.init_containers.iter().enumerate().map(|(at, container)| (format!("spec.initContainers[{at}].resources"), container));
    let in_containers = containers.chain(starters).find_map(|(path, container)| of_requirements(&path, &container.resources));
    in_containers.or_else(|| of_requirements("spec.resources", &spec.resources)).or_else(|| of_amounts("spec.overhead", &spec.overhead))
}

/// The first of a node's.
pub(super) fn of_node(node: &Node) -> Option<String> {
    of_amounts("status.allocatable", &node.status.allocatable)
}

fn of_requirements(path: &str, requirements: &Requirements) -> Option<String> {
    let requests = requirements.requests.as_ref().and_then(|requests| of_amounts(&format!("{path}.requests"), requests));
    requests.or_else(|| of_amounts(&format!("{path}.limits"), &requirements.limits))
}

fn of_amounts(path: &str, amounts: &Amounts) -> Option<String> {
    let wrong = amounts.iter().find(|(_, amount)| **amount == Amount::Unreadable || amount.value() < 0);
    wrong.map(|(name, _)| format!("{path}.{name}: {ADVICE}"))
}
