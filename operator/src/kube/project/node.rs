//! Nodes.

use gantry_plan::model::{Node, Taint};

use super::{amounts, wire};

/// A node, without its CSINode, which is an object of its own.
pub fn node(node: wire::Node) -> Node {
    let (meta, spec, status) = (node.metadata, node.spec.0, node.status.0);
    let taint = |t: wire::Taint| Taint { key: t.key.0, value: t.value.0, effect: t.effect.0 };
    Node {
        name: meta.name.unwrap_or_default(),
        uid: meta.uid.unwrap_or_default(),
        labels: meta.labels.unwrap_or_default().into(),
        taints: spec.taints.0.into_iter().map(taint).collect(),
        cordoned: *spec.unschedulable,
        ready: status.conditions.iter().any(|c| *c.type_ == "Ready" && *c.status == "True"),
        allocatable: amounts::of(&status.allocatable),
        provider_id: spec.provider_id.0,
        drivers: None,
        kubelet_version: status.node_info.0.kubelet_version.0,
    }
}
