//! Selectors, terms and constraints, with the pod's own labels merged in where they say so.

use gantry_plan::model::{Expression, Labels, NodeTerm, PodTerm, Preferred, Selector, Spread, Toleration};

use super::wire::{self, LabelSelector, NodeSelectorTerm, PodAffinity, PodAffinityTerm, Requirement, SpreadConstraint};

/// Whose terms they are.
pub(super) struct Owner<'a> {
    pub namespace: &'a str,
    pub labels: &'a Labels,
}

pub(super) fn node_term(term: &NodeSelectorTerm) -> NodeTerm {
    NodeTerm { expressions: expressions(&term.match_expressions), fields: expressions(&term.match_fields) }
}

fn expressions(all: &[Requirement]) -> Vec<Expression> {
    let read = |r: &Requirement| Expression { key: r.key.0.clone(), operator: r.operator.0.clone(), values: r.values.0.clone() };
    all.iter().map(read).collect()
}

pub(super) fn selector(selector: &LabelSelector) -> Selector {
    Selector { labels: selector.match_labels.0.clone(), expressions: expressions(&selector.match_expressions) }
}

pub(super) fn required(affinity: &PodAffinity, owner: &Owner<'_>) -> Vec<PodTerm> {
    affinity.required.iter().map(|term| pod_term(term, owner)).collect()
}

pub(super) fn preferred(affinity: &PodAffinity, owner: &Owner<'_>) -> Vec<Preferred<PodTerm>> {
    let read = |p: &wire::PreferredPod| Preferred { weight: p.weight.0, term: pod_term(&p.pod_affinity_term, owner) };
    affinity.preferred.iter().map(read).collect()
}

fn pod_term(term: &PodAffinityTerm, owner: &Owner<'_>) -> PodTerm {
    let mut own = term.label_selector.as_ref().map(selector);
    if let Some(selector) = &mut own {
        merge(selector, &term.match_label_keys, "In", owner.labels);
        merge(selector, &term.mismatch_label_keys, "NotIn", owner.labels);
    }
    let mut namespaces = term.namespaces.0.clone();
    if namespaces.is_empty() && term.namespace_selector.is_none() {
        namespaces.push(owner.namespace.to_owned());
    }
    PodTerm {
        selector: own,
        namespaces,
        namespace_selector: term.namespace_selector.as_ref().map(selector),
        topology_key: term.topology_key.0.clone(),
    }
}

/// The API server has merged them already, or has not, by its version: what is there is not added again.
fn merge(selector: &mut Selector, keys: &[String], operator: &str, labels: &Labels) {
    for key in keys {
        let Some(value) = labels.get(key) else { continue };
        let own = Expression { key: key.clone(), operator: operator.to_owned(), values: vec![value.clone()] };
        if !selector.expressions.contains(&own) {
            selector.expressions.push(own);
        }
    }
}

pub(super) fn spread(constraint: &SpreadConstraint, owner: &Owner<'_>) -> Spread {
    let mut own = constraint.label_selector.as_ref().map(selector);
    if let Some(selector) = &mut own {
        merge(selector, &constraint.match_label_keys, "In", owner.labels);
    }
    Spread {
        max_skew: constraint.max_skew.max(1),
        topology_key: constraint.topology_key.0.clone(),
        required: *constraint.when_unsatisfiable == "DoNotSchedule",
        selector: own,
        min_domains: constraint.min_domains,
        honors_affinity: *constraint.node_affinity_policy != "Ignore",
        honors_taints: *constraint.node_taints_policy == "Honor",
    }
}

pub(super) fn toleration(t: &wire::Toleration) -> Toleration {
    Toleration { key: t.key.0.clone(), operator: t.operator.0.clone(), value: t.value.0.clone(), effect: t.effect.0.clone() }
}
