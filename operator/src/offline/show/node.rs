//! The Node that a host is expected to become.

use std::collections::BTreeMap;

use gantry_plan::model::{Key, Snapshot, Taint};
use gantry_plan::quantity::Quantity;
use gantry_plan::resources::Resources;
use serde::Serialize;

/// A v1.Node.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: Spec,
    status: Status,
}

#[derive(Debug, Serialize)]
struct Metadata {
    name: String,
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct Spec {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taints: Vec<Lasting>,
}

#[derive(Debug, Serialize)]
struct Lasting {
    key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    value: String,
    effect: String,
}

#[derive(Debug, Serialize)]
struct Status {
    allocatable: BTreeMap<String, String>,
}

/// The node of the plan's host number `at` of a pool. Real names end in five random characters; this one in a number.
pub(super) fn node(snapshot: &Snapshot, pool: &Key, at: usize, labels: &BTreeMap<String, String>, allocatable: &Resources) -> Node {
    let name = format!("{}-new{at}", pool.name);
    let mut labels = labels.clone();
    labels.insert("kubernetes.io/hostname".into(), name.clone());
    labels.insert("gantry.cloud/host".into(), name.clone());
    let taints = snapshot.pools.iter().find(|owner| owner.key == *pool).map(|owner| owner.taints.as_slice()).unwrap_or_default();
    let lasting = |t: &Taint| Lasting { key: t.key.clone(), value: t.value.clone(), effect: t.effect.clone() };
    Node {
        api_version: "v1",
        kind: "Node",
        metadata: Metadata { name, labels },
        spec: Spec { taints: taints.iter().map(lasting).collect() },
        status: Status { allocatable: quantities(allocatable) },
    }
}

/// Amounts as Kubernetes writes them.
fn quantities(resources: &Resources) -> BTreeMap<String, String> {
    let bytes = |bytes: i64| Quantity::from_bytes(bytes).to_string();
    let mut all: BTreeMap<String, String> = resources.extended.iter().map(|(name, n)| (name.clone(), n.to_string())).collect();
    all.insert("cpu".into(), super::words::cpu(resources.cpu_milli));
    all.insert("memory".into(), bytes(resources.memory_bytes));
    all.insert("ephemeral-storage".into(), bytes(resources.ephemeral_bytes));
    all.insert("pods".into(), resources.pods.to_string());
    all
}
