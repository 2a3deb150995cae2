//! Selectors, affinity, spread and tolerations as they are written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Given;

/// `key operator values`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Requirement {
    /// Label key.
    pub key: Given<String>,
    /// Operator.
    pub operator: Given<String>,
    /// Values.
    pub values: Given<Vec<String>>,
}

/// A label selector.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LabelSelector {
    /// Labels that must be there.
    pub match_labels: Given<BTreeMap<String, String>>,
    /// Further requirements.
    pub match_expressions: Given<Vec<Requirement>>,
}

/// A term of a node selector.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NodeSelectorTerm {
    /// Over labels.
    pub match_expressions: Given<Vec<Requirement>>,
    /// Over fields.
    pub match_fields: Given<Vec<Requirement>>,
}

/// Alternatives.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NodeSelector {
    /// Terms.
    pub node_selector_terms: Given<Vec<NodeSelectorTerm>>,
}

/// A preferred term of a node selector.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PreferredNode {
    /// 1 to 100.
    pub weight: Given<i32>,
    /// What is preferred.
    pub preference: Given<NodeSelectorTerm>,
}

/// Affinity to nodes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NodeAffinity {
    /// Required.
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    pub required: Option<NodeSelector>,
    /// Preferred.
    #[serde(rename = "preferredDuringSchedulingIgnoredDuringExecution")]
    pub preferred: Given<Vec<PreferredNode>>,
}

/// A term of affinity to pods.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodAffinityTerm {
    /// Which pods.
    pub label_selector: Option<LabelSelector>,
    /// In these namespaces.
    pub namespaces: Given<Vec<String>>,
    /// And in namespaces with these labels.
    pub namespace_selector: Option<LabelSelector>,
    /// Label of nodes that makes a domain.
    pub topology_key: Given<String>,
    /// Labels whose value must be the pod's own.
    pub match_label_keys: Given<Vec<String>>,
    /// Labels whose value must not be.
    pub mismatch_label_keys: Given<Vec<String>>,
}

/// A preferred term of affinity to pods.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PreferredPod {
    /// 1 to 100.
    pub weight: Given<i32>,
    /// What is preferred.
    pub pod_affinity_term: Given<PodAffinityTerm>,
}

/// Affinity to pods, or against them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PodAffinity {
    /// Required.
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    pub required: Given<Vec<PodAffinityTerm>>,
    /// Preferred.
    #[serde(rename = "preferredDuringSchedulingIgnoredDuringExecution")]
    pub preferred: Given<Vec<PreferredPod>>,
}

/// Affinity of all kinds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Affinity {
    /// To nodes.
    pub node_affinity: Given<NodeAffinity>,
    /// To pods.
    pub pod_affinity: Given<PodAffinity>,
    /// Against pods.
    pub pod_anti_affinity: Given<PodAffinity>,
}

/// A topology spread constraint.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SpreadConstraint {
    /// At least 1.
    pub max_skew: Given<i32>,
    /// Label of nodes that makes a domain.
    pub topology_key: Given<String>,
    /// `DoNotSchedule` or `ScheduleAnyway`.
    pub when_unsatisfiable: Given<String>,
    /// Which pods.
    pub label_selector: Option<LabelSelector>,
    /// Labels whose value must be the pod's own.
    pub match_label_keys: Given<Vec<String>>,
    /// Domains below which the least count is 0.
    pub min_domains: Option<i32>,
    /// `Honor` or `Ignore`.
    pub node_affinity_policy: Given<String>,
    /// `Honor` or `Ignore`.
    pub node_taints_policy: Given<String>,
}

/// A toleration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Toleration {
    /// Key.
    pub key: Given<String>,
    /// Operator.
    pub operator: Given<String>,
    /// Value.
    pub value: Given<String>,
    /// Effect.
    pub effect: Given<String>,
}
