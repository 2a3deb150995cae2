//! Counts of pods per domain for one topology spread constraint of one kind of pod.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::NodeAt;
use super::seen::Seen;
use super::topology::{Domain, Topologies};
use crate::model::{Labels, NodeTerm, PodSpec, Spread, Toleration};
use crate::scheduling::spread_counts;

/// All that decides how a constraint counts: kinds of pods that agree in it share their counts.
pub(super) type Kind = (String, Vec<Spread>, Labels, Option<Vec<NodeTerm>>, Vec<Toleration>);

/// The kind of a pod.
pub(super) fn kind(namespace: &str, spec: &PodSpec) -> Kind {
    let required = spec.spread.iter().filter(|spread| spread.required).cloned().collect();
    (namespace.to_owned(), required, spec.node_selector.clone(), spec.node_affinity.clone(), spec.tolerations.clone())
}

/// A constraint and its counts.
#[derive(Clone, Debug)]
pub(super) struct Constraint {
    pub namespace: String,
    pub spread: Spread,
    pub topology: usize,
    spec: Arc<PodSpec>,
    /// Of each node: whether its pods count.
    eligible: Vec<bool>,
    /// Of each domain with an eligible node: pods.
    domains: HashMap<Domain, i64>,
    /// Domains by how many pods they have.
    levels: BTreeMap<i64, usize>,
}

impl Constraint {
    pub fn new(namespace: &str, spec: &Arc<PodSpec>, spread: &Spread, topology: usize) -> Self {
        Self {
            namespace: namespace.to_owned(),
            spread: spread.clone(),
            topology,
            spec: Arc::clone(spec),
            eligible: Vec::new(),
            domains: HashMap::new(),
            levels: BTreeMap::new(),
        }
    }

    /// Looks at nodes that were added: an eligible one makes its domain known, empty as it may be.
    pub fn grow(&mut self, nodes: &[Seen<'_>], topologies: &Topologies) {
        for (nth, node) in nodes.iter().enumerate().skip(self.eligible.len()) {
            let eligible = spread_counts(&self.spec, &self.spread, &node.view());
            self.eligible.push(eligible);
            self.add(NodeAt::nth(nth), 0, topologies);
        }
    }

    /// Whether such a pod counts.
    pub fn selects(&self, namespace: &str, labels: &Labels) -> bool {
        self.namespace == namespace && self.matches(labels)
    }

    /// Whether the pod itself is one of those that it spreads.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.spread.selector.as_ref().is_some_and(|selector| selector.matches(labels))
    }

    /// When pods are counted anew, a selector without requirements counts none of them.
    pub fn counts_anew(&self) -> bool {
        self.spread.selector.as_ref().is_some_and(|selector| !selector.is_empty())
    }

    /// So many more (or fewer) on the node, if it counts.
    pub fn add(&mut self, at: NodeAt, by: i64, topologies: &Topologies) {
        let Some(domain) = topologies.domain(self.topology, at).filter(|_| self.eligible[at.index()]) else {
            return;
        };
        let before = self.domains.get(&domain).copied();
        if let Some(before) = before {
            self.leave(before);
        }
        let now = before.unwrap_or(0) + by;
        self.domains.insert(domain, now);
        *self.levels.entry(now).or_default() += 1;
    }

    fn leave(&mut self, level: i64) {
        let domains = self.levels.get(&level).copied().unwrap_or(0);
        if domains > 1 {
            self.levels.insert(level, domains - 1);
        } else {
            self.levels.remove(&level);
        }
    }

    /// What the skew would be with one pod with these labels more in the domain.
    pub fn skew(&self, domain: Domain, labels: &Labels) -> i64 {
        let known = i32::try_from(self.domains.len()).unwrap_or(i32::MAX);
        let few = known < self.spread.min_domains.unwrap_or(1);
        let least = if few { 0 } else { self.levels.first_key_value().map_or(0, |(count, _)| *count) };
        self.domains.get(&domain).copied().unwrap_or(0) + i64::from(self.matches(labels)) - least
    }
}
