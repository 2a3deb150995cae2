//! Counts of pods per domain: those that affinity or anti-affinity terms mean, or those that hold a term.

use std::collections::{BTreeMap, HashMap};

use super::NodeAt;
use super::topology::{Domain, Topologies};
use crate::model::{Labels, PodTerm};

/// Pods that all terms mean (or that hold the one term), by topology key and domain. What is not there is none.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub terms: Vec<PodTerm>,
    topologies: Vec<usize>,
    counts: HashMap<(usize, Domain), i64>,
}

impl Tally {
    pub fn new(terms: Vec<PodTerm>, topologies: Vec<usize>) -> Self {
        Self { terms, topologies, counts: HashMap::new() }
    }

    /// Whether all terms mean a pod like this.
    pub fn selects(&self, namespace: &str, namespaces: &BTreeMap<String, Labels>, labels: &Labels) -> bool {
        self.terms.iter().all(|term| term.selects(namespace, namespaces, labels))
    }

    /// Whether a running pod's term means a pod like this.
    pub fn refuses(&self, namespace: &str, namespaces: &BTreeMap<String, Labels>, labels: &Labels) -> bool {
        self.terms.iter().all(|term| term.refuses(namespace, namespaces, labels))
    }

    /// So many more (or fewer) on the node. Each term counts for itself.
    pub fn add(&mut self, at: NodeAt, by: i64, topologies: &Topologies) {
        for topology in &self.topologies {
            let Some(domain) = topologies.domain(*topology, at) else {
                continue;
            };
            let count = self.counts.entry((*topology, domain)).or_default();
            *count += by;
            if *count == 0 {
                self.counts.remove(&(*topology, domain));
            }
        }
    }

    /// Whether any is in the node's domain.
    pub fn near(&self, at: NodeAt, topologies: &Topologies) -> bool {
        self.topologies.iter().any(|topology| self.is_in(*topology, at, topologies))
    }

    /// How the node stands to all terms.
    pub fn company(&self, at: NodeAt, topologies: &Topologies) -> Company {
        let lacks = |topology: &usize| topologies.domain(*topology, at).is_none();
        let alone = |topology: &usize| !self.is_in(*topology, at, topologies);
        if let Some(nth) = self.topologies.iter().position(lacks) {
            return Company::NoDomain(nth);
        }
        match self.topologies.iter().position(alone) {
            Some(_) if self.counts.is_empty() => Company::Nowhere,
            Some(nth) => Company::Elsewhere(nth),
            None => Company::Here,
        }
    }

    fn is_in(&self, topology: usize, at: NodeAt, topologies: &Topologies) -> bool {
        topologies.domain(topology, at).is_some_and(|domain| self.counts.get(&(topology, domain)).is_some_and(|count| *count > 0))
    }
}

/// Where the pods are that a pod must be with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Company {
    /// In all of the node's domains.
    Here,
    /// In other domains of this term's key; the term by its place.
    Elsewhere(usize),
    /// In no domain at all.
    Nowhere,
    /// The node lacks this term's key.
    NoDomain(usize),
}
