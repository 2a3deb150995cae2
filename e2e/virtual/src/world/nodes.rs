//! Nodes as JSON: what a kubelet registers, and what becomes of its readiness.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::user_data::Join;
use crate::api::store::seconds;

/// Taint of a node that is not ready, set and lifted by the node lifecycle controller.
const NOT_READY: &str = "node.kubernetes.io/not-ready";
/// Taint of a node whose kubelet is silent.
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
/// What a kubelet keeps free of memory before it evicts, in MiB.
const EVICTION_MIB: i64 = 100;

/// A node's readiness as its condition says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Ready=True.
    Ready,
    /// Ready=False: the kubelet says so itself.
    NotYet,
    /// Ready=Unknown: the kubelet is silent.
    Silent,
}

/// A Node as its kubelet registers it, not ready yet.
pub fn registration(join: &Join, server_id: &str, size: (i64, i64), address: &str, now: Timestamp) -> Value {
    let (vcpus, memory_mib) = size;
    let cpu_milli = vcpus * 1000 - join.reserved_cpu_milli;
    let memory = (memory_mib - EVICTION_MIB) * 1024 * 1024 - join.reserved_memory_bytes;
    let mut labels: BTreeMap<&str, &str> = join.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    labels.extend([("kubernetes.io/hostname", join.name.as_str()), ("kubernetes.io/os", "linux"), ("kubernetes.io/arch", "amd64")]);
    let mut node = json!({
        "metadata": {"name": join.name, "labels": labels},
        "spec": {"providerID": join.provider_id.clone().unwrap_or_else(|| format!("openstack:///{server_id}")), "taints": join.taints},
        "status": {
            "capacity": {"cpu": vcpus.to_string(), "memory": format!("{memory_mib}Mi"), "ephemeral-storage": "20Gi", "pods": join.max_pods.to_string()},
            "allocatable": {"cpu": format!("{cpu_milli}m"), "memory": memory.to_string(), "ephemeral-storage": "18Gi", "pods": join.max_pods.to_string()},
            "nodeInfo": {"kubeletVersion": "v1.37.2"},
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": join.name}],
        },
    });
    set_readiness(&mut node, Readiness::NotYet, now);
    node
}

/// Adds a taint that keeps pods away.
pub fn taint(node: &mut Value, key: &str) {
    let mut taints: Vec<Value> = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    taints.push(json!({"key": key, "effect": "NoSchedule"}));
    node["spec"]["taints"] = taints.into();
}

/// Sets the condition Ready and the taints that follow from it.
pub fn set_readiness(node: &mut Value, readiness: Readiness, now: Timestamp) {
    let (status, reason) = match readiness {
        Readiness::Ready => ("True", "KubeletReady"),
        Readiness::NotYet => ("False", "KubeletNotReady"),
        Readiness::Silent => ("Unknown", "NodeStatusUnknown"),
    };
    let time = seconds(now);
    node["status"]["conditions"] = json!([{
        "type": "Ready", "status": status, "reason": reason, "message": "", "lastHeartbeatTime": time, "lastTransitionTime": time,
    }]);
    let mut taints: Vec<Value> = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    taints.retain(|taint| taint["key"] != NOT_READY && taint["key"] != UNREACHABLE);
    match readiness {
        Readiness::Ready => {}
        Readiness::NotYet => taints.push(json!({"key": NOT_READY, "effect": "NoSchedule"})),
        Readiness::Silent => {
            taints.push(json!({"key": UNREACHABLE, "effect": "NoSchedule"}));
            taints.push(json!({"key": UNREACHABLE, "effect": "NoExecute"}));
        }
    }
    node["spec"]["taints"] = taints.into();
}

/// Whether the node says that it is ready.
pub fn is_ready(node: &Value) -> bool {
    let conditions = node["status"]["conditions"].as_array();
    conditions.is_some_and(|all| all.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True"))
}
