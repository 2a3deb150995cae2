//! Whether a pod may run on a node, as kube-scheduler 1.37 judges it.

mod affinity;
mod judge;
mod misfit;
mod select;
mod syntax;
mod taints;
mod volumes;

use std::collections::BTreeMap;

use crate::model::{DaemonSet, HostPort, NodeTerm, Pod, PodSpec, Taint, Toleration};

pub use judge::{Judge, NewNode, NodeAt};
pub use misfit::{Misfit, VolumeMisfit};
pub(crate) use misfit::{taint_in_words, terms_by};
pub(crate) use select::{preference, spread_counts};
pub(crate) use taints::{NODE_UNSCHEDULABLE, avoids, is_joining, kept_taints, untolerated};
pub(crate) use volumes::{Storage, VolumeAsk};

/// The node's own name as a label.
pub(crate) const HOSTNAME: &str = "kubernetes.io/hostname";
/// The host's name as a label.
pub(crate) const HOST_LABEL: &str = "gantry.cloud/host";
/// The pool's name as a label.
pub(crate) const POOL_LABEL: &str = "gantry.cloud/pool";
/// The zone's name as a label.
pub(crate) const ZONE: &str = "topology.kubernetes.io/zone";

/// What a pod asks of a node besides room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Constraints<'a> {
    pub selector: &'a BTreeMap<String, String>,
    pub affinity: Option<&'a [NodeTerm]>,
    pub tolerations: &'a [Toleration],
}

impl<'a> Constraints<'a> {
    pub fn of(pod: &'a Pod) -> Self {
        Self::of_spec(&pod.spec)
    }

    fn of_spec(spec: &'a PodSpec) -> Self {
        Self { selector: &spec.node_selector, affinity: spec.node_affinity.as_deref(), tolerations: &spec.tolerations }
    }
}

/// A node as the predicates see it. A node without a name is one to come: its hostname matches no value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeView<'a> {
    pub name: Option<&'a str>,
    pub labels: &'a BTreeMap<String, String>,
    pub taints: &'a [Taint],
}

/// The first thing that keeps a pod off a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unmet<'a> {
    /// This label is asked for and absent or different.
    Selector(&'a str, &'a str),
    /// No node affinity term matches.
    Affinity,
    /// This taint is not tolerated.
    Taint(&'a Taint),
}

/// Whether the node takes such a pod, if it has room.
///
/// # Errors
/// The first reason why not: selector, then affinity, then taints.
pub(crate) fn admits<'a>(node: &NodeView<'a>, constraints: &Constraints<'a>) -> Result<(), Unmet<'a>> {
    wants(node, constraints)?;
    untolerated(node.taints, constraints.tolerations).map_or(Ok(()), |taint| Err(Unmet::Taint(taint)))
}

/// Whether the pod wants such a node: selector and affinity.
fn wants<'a>(node: &NodeView<'a>, constraints: &Constraints<'a>) -> Result<(), Unmet<'a>> {
    for (key, value) in constraints.selector {
        if node.label(key) != Label::Is(value) {
            return Err(Unmet::Selector(key, value));
        }
    }
    let matched = constraints.affinity.is_none_or(|terms| terms.iter().any(|term| affinity::matches(term, node)));
    if matched { Ok(()) } else { Err(Unmet::Affinity) }
}

/// Whether the DaemonSet controller gives such a node a pod: room, ports and cordons are not asked.
pub(crate) fn runs_daemon(set: &DaemonSet, node: &NodeView<'_>) -> bool {
    let named = set.pod.node_name.as_deref().is_none_or(|name| node.name == Some(name));
    named && admits(node, &Constraints::of(&set.pod)).is_ok()
}

/// Whether two pods cannot have these ports on one node.
pub(crate) fn ports_clash(one: &HostPort, other: &HostPort) -> bool {
    const ALL: &str = "0.0.0.0";
    let meet = one.ip == other.ip || one.ip == ALL || other.ip == ALL;
    one.port > 0 && one.port == other.port && one.protocol == other.protocol && meet
}

/// What is known of a label.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Label<'a> {
    Absent,
    /// There, with a value that nobody can know yet.
    Unknown,
    Is(&'a str),
}

impl<'a> NodeView<'a> {
    fn label(&self, key: &str) -> Label<'a> {
        match (self.labels.get(key), self.name) {
            (_, None) if key == HOSTNAME || key == HOST_LABEL => Label::Unknown,
            (Some(value), _) => Label::Is(value),
            (None, _) => Label::Absent,
        }
    }
}

#[cfg(test)]
mod tests;
