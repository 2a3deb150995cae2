//! Sorts of pods: those with the same namespace and the same labels, which no selector tells apart.

use std::collections::HashMap;
use std::sync::Arc;

use super::NodeAt;
use crate::model::{Labels, Pod};

/// All sorts that were met. Labels are told apart by where they are stored: equal ones that are not shared make sorts of their own.
#[derive(Clone, Debug, Default)]
pub(super) struct Sorts {
    pub all: Vec<Sort>,
    by_labels: HashMap<usize, Vec<usize>>,
}

/// Pods with the same namespace and labels.
#[derive(Clone, Debug)]
pub(super) struct Sort {
    pub namespace: String,
    pub labels: Arc<Labels>,
    /// How many are on each node, by node, once a census was taken.
    pub on: Vec<(NodeAt, Heads)>,
    /// Tallies of asked terms that mean them.
    pub asked: Known,
    /// Tallies of held terms that refuse them.
    pub refusing: Known,
    /// Spread constraints that count them.
    pub spreads: Known,
}

/// Pods on one node.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Heads {
    pub staying: i64,
    pub terminating: i64,
}

/// Which of a list that only grows were found to match.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    looked_at: usize,
    pub hits: Vec<usize>,
}

impl Known {
    /// Looks at what came to the list since.
    pub fn look<T>(&mut self, list: &[T], matches: impl Fn(&T) -> bool) {
        let new = list.iter().enumerate().skip(self.looked_at);
        self.hits.extend(new.filter(|(_, item)| matches(item)).map(|(nth, _)| nth));
        self.looked_at = list.len();
    }
}

impl Sorts {
    /// The number of the pod's sort.
    pub fn number(&mut self, pod: &Pod) -> usize {
        let same = self.by_labels.entry(Arc::as_ptr(&pod.labels).addr()).or_default();
        if let Some(known) = same.iter().find(|nth| self.all[**nth].namespace == pod.key.namespace) {
            return *known;
        }
        same.push(self.all.len());
        self.all.push(Sort::new(pod));
        self.all.len() - 1
    }
}

impl Sort {
    fn new(pod: &Pod) -> Self {
        Self {
            namespace: pod.key.namespace.clone(),
            labels: Arc::clone(&pod.labels),
            on: Vec::new(),
            asked: Known::default(),
            refusing: Known::default(),
            spreads: Known::default(),
        }
    }

    /// So many more (or fewer) on the node.
    pub fn count(&mut self, pod: &Pod, at: NodeAt, by: i64) {
        let nth = self.on.binary_search_by_key(&at, |(at, _)| *at).unwrap_or_else(|nth| {
            self.on.insert(nth, (at, Heads::default()));
            nth
        });
        let heads = &mut self.on[nth].1;
        if pod.terminating {
            heads.terminating += by;
        } else {
            heads.staying += by;
        }
        if *heads == Heads::default() {
            self.on.remove(nth);
        }
    }
}
