//! Why a pod does not fit a node, and what would change that.

mod shown;
mod volume;

pub(crate) use shown::{taint as taint_in_words, terms_by};
use std::fmt;

use crate::model::{HostPort, Key, NodeTerm, Selector, Taint};

pub use volume::VolumeMisfit;

/// The first thing, in kube-scheduler's order, that keeps a pod off a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Misfit {
    /// Scheduling gates hold the pod back.
    Gated,
    /// It asks for something that is not modelled; in words.
    Beyond(String),
    /// It is bound to another node.
    OtherNode(String),
    /// The node is cordoned.
    Cordoned,
    /// This taint is not tolerated.
    Taint(Taint),
    /// This label of its node selector is absent or different.
    Selector {
        /// Label key.
        key: String,
        /// Value asked for.
        value: String,
        /// Value that the node has.
        has: Option<String>,
    },
    /// No term of its required node affinity matches.
    Affinity(Vec<NodeTerm>),
    /// Another pod has this port.
    Port(HostPort),
    /// The node's room does not do.
    Room(Shortage),
    /// A ReadWriteOncePod claim is in use.
    InUse(Key),
    /// The node can attach no more volumes of a driver.
    Attachments {
        /// CSI driver.
        driver: String,
        /// What it can attach.
        limit: i64,
    },
    /// The node lacks a CSI driver that must be there first.
    NoDriver(String),
    /// A persistent volume.
    Volume(VolumeMisfit),
    /// The node lacks the label that a spread constraint or an affinity term goes by.
    NoDomain(String),
    /// The spread would become too uneven.
    Skew {
        /// Topology key.
        key: String,
        /// What the constraint allows.
        max_skew: i32,
        /// What it would become.
        skew: i64,
    },
    /// No pod that it must be with is in the node's domain.
    Lonely {
        /// Topology key.
        key: String,
        /// Which pods.
        selector: Option<Selector>,
    },
    /// A pod that it must keep away from is in the node's domain.
    Near {
        /// Topology key.
        key: String,
        /// Which pods.
        selector: Option<Selector>,
    },
    /// A pod in the node's domain must keep away from such pods.
    Refused {
        /// Topology key.
        key: String,
        /// Which pods it keeps away from.
        selector: Option<Selector>,
    },
}

/// A resource of which a node has too little left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// Its name; `cpu` in milli-CPU, `memory` and `ephemeral-storage` in bytes.
    pub resource: String,
    /// What is asked for.
    pub asked: i64,
    /// What is left.
    pub free: i64,
    /// What there is when the node is empty.
    pub allocatable: i64,
}

impl Misfit {
    /// Whether it might be different without some of the node's pods (kube-scheduler's `Unschedulable`); else evicting helps nobody
    /// (`UnschedulableAndUnresolvable`).
    pub fn yields_to_eviction(&self) -> bool {
        match self {
            Self::Room(shortage) => shortage.resource == "pods" || shortage.asked <= shortage.allocatable,
            Self::Port(_) | Self::InUse(_) | Self::Attachments { .. } | Self::NoDriver(_) => true,
            Self::Skew { .. } | Self::Near { .. } | Self::Refused { .. } => true,
            Self::Gated | Self::Beyond(_) | Self::OtherNode(_) | Self::Cordoned | Self::Taint(_) | Self::Selector { .. } => false,
            Self::Affinity(_) | Self::Volume(_) | Self::NoDomain(_) | Self::Lonely { .. } => false,
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gated => f.write_str("scheduling gates: the pod waits until whoever set them takes them off"),
            Self::Beyond(what) => write!(f, "{what}: not modelled, so no host is bought for it; add a host by hand if it needs one"),
            Self::OtherNode(name) => write!(f, "node name {name}: the pod is bound there and goes nowhere else"),
            Self::Cordoned => f.write_str("node is cordoned: uncordon it, or tolerate node.kubernetes.io/unschedulable"),
            Self::Taint(taint) => write!(f, "taint {}: not tolerated; add a toleration to the pod or lift the taint", shown::taint(taint)),
            Self::Selector { key, value, has } => shown::selector(f, key, value, has.as_deref()),
            Self::Affinity(terms) => {
                write!(f, "node affinity: wants {}; label the pool's nodes so, or correct the affinity", shown::terms(terms))
            }
            Self::Port(port) => {
                write!(f, "host port {}/{} is taken on the node: it needs a node of its own", port.port, port.protocol)
            }
            Self::Room(shortage) => shortage.fmt(f),
            Self::InUse(claim) => write!(f, "claim {claim} is ReadWriteOncePod and in use: it is free once the pod that uses it is gone"),
            Self::Attachments { driver, limit } => {
                write!(f, "volumes: the node attaches {limit} of driver {driver}, which are taken; another node, or fewer volumes")
            }
            Self::NoDriver(driver) => write!(f, "CSI driver {driver} is not on the node yet, and its pods must wait for it"),
            Self::Volume(misfit) => misfit.fmt(f),
            Self::NoDomain(key) => write!(f, "topology key {key}: the node has no such label; add it to the pool's template.node.labels"),
            Self::Skew { key, max_skew, skew } => {
                write!(f, "topology spread over {key}: skew would be {skew}, at most {max_skew} is allowed; room in emptier domains helps")
            }
            Self::Lonely { key, selector } => write!(f, "pod affinity: no pod with {} in this {key}", shown::pods(selector.as_ref())),
            Self::Near { key, selector } => {
                write!(f, "pod anti-affinity: a pod with {} is in this {key}; another {key} helps", shown::pods(selector.as_ref()))
            }
            Self::Refused { key, selector } => write!(
                f,
                "a running pod's anti-affinity keeps pods with {} out of this {key}; another {key} helps",
                shown::pods(selector.as_ref())
            ),
        }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resource, asked, free, allocatable } = self;
        let unit = match resource.as_str() {
            "cpu" => "m",
            "memory" | "ephemeral-storage" => " bytes",
            _ => "",
        };
        let free = (*free).max(0);
        match asked > allocatable {
            true => write!(
                f,
                "{resource}: asks for {asked}{unit}, the empty node has {allocatable}{unit}; a larger flavor or a smaller request"
            ),
            false => write!(f, "{resource}: asks for {asked}{unit}, {free}{unit} of the node's {allocatable}{unit} are free"),
        }
    }
}
