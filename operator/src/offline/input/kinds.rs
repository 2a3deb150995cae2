//! The kinds that are read, by group and name.

/// A kind that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Pod.
    Pod,
    /// Node.
    Node,
    /// Namespace.
    Namespace,
    /// PersistentVolumeClaim.
    Claim,
    /// PersistentVolume.
    Volume,
    /// StorageClass.
    StorageClass,
    /// CSINode.
    CsiNode,
    /// CSIDriver.
    CsiDriver,
    /// DaemonSet.
    DaemonSet,
    /// PriorityClass.
    PriorityClass,
    /// PodDisruptionBudget: counted, as nothing that is planned evicts a pod.
    DisruptionBudget,
    /// VMPool.
    Pool,
    /// Host.
    Host,
    /// OpenStackCloud.
    Cloud,
    /// A decision that was written down.
    Decision,
}

/// Group, name.
const KINDS: [(&str, &str, Kind); 15] = [
    ("", "Pod", Kind::Pod),
    ("", "Node", Kind::Node),
    ("", "Namespace", Kind::Namespace),
    ("", "PersistentVolumeClaim", Kind::Claim),
    ("", "PersistentVolume", Kind::Volume),
    ("storage.k8s.io", "StorageClass", Kind::StorageClass),
    ("storage.k8s.io", "CSINode", Kind::CsiNode),
    ("storage.k8s.io", "CSIDriver", Kind::CsiDriver),
    ("apps", "DaemonSet", Kind::DaemonSet),
    ("scheduling.k8s.io", "PriorityClass", Kind::PriorityClass),
    ("policy", "PodDisruptionBudget", Kind::DisruptionBudget),
    ("gantry.cloud", "VMPool", Kind::Pool),
    ("gantry.cloud", "Host", Kind::Host),
    ("gantry.cloud", "OpenStackCloud", Kind::Cloud),
    ("gantry.cloud", "Decision", Kind::Decision),
];

impl Kind {
    /// The kind of this name; an item of a typed list has no `apiVersion`, and then the name decides.
    pub fn of(api_version: &str, name: &str) -> Option<Self> {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let found = KINDS.iter().find(|(of, kind, _)| *kind == name && (api_version.is_empty() || *of == group));
        found.map(|(_, _, kind)| *kind)
    }

    /// Whether its objects live in namespaces.
    pub fn is_namespaced(self) -> bool {
        matches!(self, Self::Pod | Self::Claim | Self::DaemonSet | Self::DisruptionBudget | Self::Pool | Self::Host | Self::Cloud)
    }
}
