//! DaemonSets.

use std::sync::Arc;

use gantry_plan::model::{DaemonSet, Key, Pod, Toleration};

use super::placement::{Subject, placement};
use super::wire;

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
pub fn daemon_set(set: wire::DaemonSet) -> DaemonSet {
    let key = Key::new(set.metadata.namespace.unwrap_or_default(), set.metadata.name.unwrap_or_default());
    let wire::PodTemplate { metadata, spec } = set.spec.0.template.0;
    let labels = metadata.0.labels.0;
    let subject = Subject { namespace: &key.namespace, name: &key.name, labels: &labels };
    let mut placement = placement(&spec, &wire::PodStatus::default(), &subject);
    let exists = |(key, effect): (&str, &str)| Toleration {
        key: key.into(),
        operator: "Exists".into(),
        value: String::new(),
        effect: effect.into(),
    };
    placement.tolerations.extend(DAEMON_TOLERATIONS.map(exists));
    if *spec.host_network {
        placement.tolerations.push(exists(("node.kubernetes.io/network-unavailable", "NoSchedule")));
    }
    let pod = Pod {
        key: key.clone(),
        node_name: Some(spec.node_name.as_str()).filter(|name| !name.is_empty()).map(Into::into),
        owner: Some(("DaemonSet".into(), key.name.as_str().into())),
        labels: Arc::new(labels),
        spec: Arc::new(placement),
        ..Pod::default()
    };
    DaemonSet { key, pod }
}
