//! Whether a pod may run on a node, as kube-scheduler judges it, room aside.

mod affinity;
mod taints;

use std::collections::BTreeMap;

use crate::model::{NodeTerm, Pod, Taint, Toleration};

pub(crate) use taints::{NODE_UNSCHEDULABLE, is_joining, kept_taints, untolerated};

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
        Self { selector: &pod.spec.node_selector, affinity: pod.spec.node_affinity.as_deref(), tolerations: &pod.spec.tolerations }
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
pub(crate) enum Misfit<'a> {
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
pub(crate) fn admits<'a>(node: &NodeView<'a>, constraints: &Constraints<'a>) -> Result<(), Misfit<'a>> {
    for (key, value) in constraints.selector {
        if node.label(key) != Label::Is(value) {
            return Err(Misfit::Selector(key, value));
        }
    }
    let matched = constraints.affinity.is_none_or(|terms| terms.iter().any(|term| affinity::matches(term, node)));
    if !matched {
        return Err(Misfit::Affinity);
    }
    untolerated(node.taints, constraints.tolerations).map_or(Ok(()), |taint| Err(Misfit::Taint(taint)))
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
