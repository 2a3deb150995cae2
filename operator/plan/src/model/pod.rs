//! A pod as planning sees it: what changes with its life, and a placement that equal pods share.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Key, Name};
use crate::resources::Resources;

/// Labels by key.
pub type Labels = BTreeMap<String, String>;

/// A pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pod {
    /// Its name.
    pub key: Key,
    /// UID.
    pub uid: String,
    /// Labels; shared by equal ones where the reader interns them.
    pub labels: Arc<Labels>,
    /// What it asks for; shared by equal ones where the reader interns them.
    pub spec: Arc<PodSpec>,
    /// Node it is bound to.
    pub node_name: Option<Name>,
    /// `status.nominatedNodeName`.
    pub nominated_node: Option<Name>,
    /// The last host whose own taint it was given a toleration of: there it may go before others.
    pub let_in: Option<Name>,
    /// Whether PodScheduled is False with reason Unschedulable: the scheduler tried and failed.
    pub unschedulable: bool,
    /// Since when it is unschedulable, as the condition says.
    pub unschedulable_since: Option<Timestamp>,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// When it was created.
    pub created: Timestamp,
    /// The controlling owner's kind and name.
    pub owner: Option<(Name, Name)>,
    /// Whether it is a mirror (static) pod.
    pub mirror: bool,
}

impl Pod {
    /// The spec, to be changed: a copy of its own if it was shared.
    pub fn spec_mut(&mut self) -> &mut PodSpec {
        Arc::make_mut(&mut self.spec)
    }

    /// The node on which it runs, or on which its place is kept.
    pub fn place(&self) -> Option<&str> {
        self.node_name.as_deref().or(self.nominated_node.as_deref())
    }

    /// When it has been unschedulable for so long, if it is known since when.
    pub fn patience_ends(&self, patience: SignedDuration) -> Option<Timestamp> {
        self.unschedulable_since?.checked_add(patience).ok()
    }

    /// A number for what is the same in equal pods: namespace and spec. Stable for one build of Gantry.
    pub fn shape(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.key.namespace.hash(&mut hasher);
        self.spec.hash(&mut hasher);
        hasher.finish()
    }
}

impl PodSpec {
    /// Whether where others run decides where it may: then the node of one of them must have joined before it can be bound.
    pub fn follows_others(&self) -> bool {
        !self.affinity.is_empty() || !self.anti_affinity.is_empty() || self.spread.iter().any(|spread| spread.required)
    }
}

/// What a pod asks of the scheduler.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct PodSpec {
    /// kube-scheduler's sum over containers, init and sidecar containers, with overhead; `pods` is 1.
    pub requests: Resources,
    /// `spec.priority`.
    pub priority: i32,
    /// Whether it never preempts (`preemptionPolicy: Never`).
    pub never_preempts: bool,
    /// `spec.schedulerName`.
    pub scheduler: String,
    /// Whether scheduling gates hold it back.
    pub gated: bool,
    /// `spec.nodeSelector`.
    pub node_selector: Labels,
    /// Required node affinity: terms are alternatives; `None` is no requirement.
    pub node_affinity: Option<Vec<NodeTerm>>,
    /// Preferred node affinity.
    pub preferred_nodes: Vec<Preferred<NodeTerm>>,
    /// Tolerations.
    pub tolerations: Vec<Toleration>,
    /// Ports of the node that it takes.
    pub host_ports: Vec<HostPort>,
    /// Required pod affinity: all must hold.
    pub affinity: Vec<PodTerm>,
    /// Required pod anti-affinity: all must hold.
    pub anti_affinity: Vec<PodTerm>,
    /// Preferred pod affinity.
    pub preferred_affinity: Vec<Preferred<PodTerm>>,
    /// Preferred pod anti-affinity.
    pub preferred_anti_affinity: Vec<Preferred<PodTerm>>,
    /// Topology spread constraints.
    pub spread: Vec<Spread>,
    /// Names of the PersistentVolumeClaims that it uses, in its namespace; those of ephemeral volumes too.
    pub claims: Vec<String>,
    /// Those of `claims` that come from ephemeral volumes: they must be owned by the pod.
    pub ephemeral_claims: Vec<String>,
    /// What the planner cannot model and must therefore not buy for, in words (e.g. "resource claims (DRA)").
    pub beyond: Vec<String>,
}

/// A preference and its weight, 1 to 100.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Preferred<T> {
    /// 1 to 100.
    pub weight: i32,
    /// What is preferred.
    pub term: T,
}

/// One node selector term: all expressions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeTerm {
    /// Over labels.
    pub expressions: Vec<Expression>,
    /// Over fields; only `metadata.name` exists.
    pub fields: Vec<Expression>,
}

/// `key operator values`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Expression {
    /// Label key.
    pub key: String,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt`, `Lt`; any other never matches.
    pub operator: String,
    /// Values.
    pub values: Vec<String>,
}

/// A toleration.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Toleration {
    /// Key; empty with `Exists` tolerates all.
    pub key: String,
    /// `Equal` (or empty), `Exists`, `Gt`, `Lt`; any other tolerates nothing.
    pub operator: String,
    /// Value.
    pub value: String,
    /// Effect; empty is all.
    pub effect: String,
}

/// A port of the node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HostPort {
    /// Address; `0.0.0.0` is all.
    pub ip: String,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: String,
    /// Port, above 0.
    pub port: i32,
}

/// A label selector. Without any requirement it matches everything; `None` in its place matches nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Selector {
    /// Labels that must be there.
    pub labels: Labels,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`; any other never matches.
    pub expressions: Vec<Expression>,
}

/// Pods that another pod wants to be with, or away from. `matchLabelKeys` and `mismatchLabelKeys` are merged into the selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PodTerm {
    /// Which pods; `None` is none.
    pub selector: Option<Selector>,
    /// In these namespaces; with no namespace selector either, the pod's own is named here.
    pub namespaces: Vec<String>,
    /// And in namespaces with these labels.
    pub namespace_selector: Option<Selector>,
    /// Label of nodes whose value makes a domain.
    pub topology_key: String,
}

/// A topology spread constraint. `matchLabelKeys` are merged into the selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Spread {
    /// At least 1.
    pub max_skew: i32,
    /// Label of nodes whose value makes a domain.
    pub topology_key: String,
    /// Whether it is a requirement (`DoNotSchedule`); else a preference.
    pub required: bool,
    /// Which pods of the pod's namespace; `None` is none.
    pub selector: Option<Selector>,
    /// Domains below which the least count is 0.
    pub min_domains: Option<i32>,
    /// Whether nodes that node affinity or selector rule out are left out (`nodeAffinityPolicy: Honor`, the default).
    pub honors_affinity: bool,
    /// Whether nodes with taints that are not tolerated are left out (`nodeTaintsPolicy: Honor`; the default is Ignore).
    pub honors_taints: bool,
}
