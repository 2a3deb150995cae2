//! All counts that terms and constraints go by: made when first asked for, then kept up to date.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::NodeAt;
use super::seen::Seen;
use super::sorts::{Sort, Sorts};
use super::spread::{Constraint, Kind, kind};
use super::terms::Tally;
use super::topology::Topologies;
use crate::model::{Labels, Pod, PodSpec, PodTerm};

/// Labels of all namespaces, by name.
pub(super) type Namespaces = BTreeMap<String, Labels>;

/// The two ways in which the scheduler's spread plugin counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counting {
    /// As when all is counted: neither terminating pods nor those that an empty selector means.
    Anew,
    /// As when one pod is added or taken away within an attempt (nominated ones, victims): all that the selector means.
    Within,
}

/// Which counts a pod's own requirements go by.
#[derive(Clone, Debug, Default)]
pub(super) struct Wants {
    pub affinity: Option<usize>,
    pub anti_affinity: Vec<usize>,
    pub spread: Vec<usize>,
}

/// The counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Tallies {
    pub topologies: Topologies,
    pub sorts: Sorts,
    /// Whether sorts know how many are where.
    counted: bool,
    /// Pods that terms of waiting pods mean.
    pub asked: Vec<Tally>,
    by_terms: HashMap<Vec<PodTerm>, usize>,
    /// Pods that hold an anti-affinity term.
    pub held: Vec<Tally>,
    by_held: HashMap<PodTerm, usize>,
    /// Terms that pods with this spec hold, by where it is stored; the spec is kept so that nothing else is stored there.
    holders: HashMap<usize, (Arc<PodSpec>, Vec<usize>)>,
    pub spreads: Vec<Constraint>,
    by_kind: HashMap<Kind, Vec<usize>>,
}

impl Tallies {
    /// Nodes were added.
    pub fn grow(&mut self, nodes: &[Seen<'_>]) {
        let Self { topologies, spreads, .. } = self;
        topologies.grow(nodes);
        spreads.iter_mut().for_each(|constraint| constraint.grow(nodes, topologies));
    }

    /// A pod that holds anti-affinity terms comes to the node, or goes.
    pub fn hold(&mut self, spec: &Arc<PodSpec>, at: NodeAt, by: i64, nodes: &[Seen<'_>]) {
        if spec.anti_affinity.is_empty() {
            return;
        }
        self.hold_terms(spec, nodes);
        let Self { holders, held, topologies, .. } = self;
        for nth in holders.get(&Arc::as_ptr(spec).addr()).iter().flat_map(|(_, terms)| terms) {
            held[*nth].add(at, by, topologies);
        }
    }

    /// Makes the counts of the terms that pods with this spec hold.
    pub fn hold_terms(&mut self, spec: &Arc<PodSpec>, nodes: &[Seen<'_>]) {
        let place = Arc::as_ptr(spec).addr();
        if !spec.anti_affinity.is_empty() && !self.holders.contains_key(&place) {
            let held = spec.anti_affinity.iter().map(|term| self.held(term, nodes)).collect();
            self.holders.insert(place, (Arc::clone(spec), held));
        }
    }

    /// A pod comes to the node, or goes.
    pub fn shift(&mut self, pod: &Pod, at: NodeAt, by: i64, how: Counting, nodes: &[Seen<'_>], namespaces: &Namespaces) {
        self.hold(&pod.spec, at, by, nodes);
        if !self.counted {
            return;
        }
        let number = self.sorts.number(pod);
        let Self { sorts, asked, spreads, topologies, .. } = self;
        let sort = &mut sorts.all[number];
        sort.look(asked, spreads, namespaces);
        sort.asked.hits.iter().for_each(|nth| asked[*nth].add(at, by, topologies));
        for nth in &sort.spreads.hits {
            let constraint = &mut spreads[*nth];
            if how == Counting::Within || (constraint.counts_anew() && !pod.terminating) {
                constraint.add(at, by, topologies);
            }
        }
        if how == Counting::Anew {
            sort.count(pod, at, by);
        }
    }

    /// The counts that the pod's requirements go by, made if nobody asked for them before.
    pub fn wants(&mut self, pod: &Pod, nodes: &[Seen<'_>], namespaces: &Namespaces) -> Wants {
        let spec = &pod.spec;
        let affinity = (!spec.affinity.is_empty()).then(|| self.asked(&spec.affinity, nodes, namespaces));
        let anti_affinity = spec.anti_affinity.iter().map(|term| self.asked(std::slice::from_ref(term), nodes, namespaces)).collect();
        let spreads = spec.spread.iter().any(|spread| spread.required);
        let spread = if spreads { self.spread(pod, nodes) } else { Vec::new() };
        Wants { affinity, anti_affinity, spread }
    }

    /// The number of the pod's sort, with all held terms that refuse it; `None` if no term is held at all.
    pub fn refused(&mut self, pod: &Pod, namespaces: &Namespaces) -> Option<usize> {
        if self.held.is_empty() {
            return None;
        }
        let number = self.sorts.number(pod);
        let Sort { namespace, labels, refusing, .. } = &mut self.sorts.all[number];
        refusing.look(&self.held, |tally| tally.refuses(namespace, namespaces, labels));
        Some(number)
    }

    fn asked(&mut self, terms: &[PodTerm], nodes: &[Seen<'_>], namespaces: &Namespaces) -> usize {
        if let Some(known) = self.by_terms.get(terms) {
            return *known;
        }
        self.count_all(nodes);
        let mut tally = self.tally(terms, nodes);
        for sort in self.sorts.all.iter().filter(|sort| !sort.on.is_empty()) {
            if tally.selects(&sort.namespace, namespaces, &sort.labels) {
                sort.on.iter().for_each(|(at, heads)| tally.add(*at, heads.staying + heads.terminating, &self.topologies));
            }
        }
        // Sorts that were met before look at it when one of their pods moves: what it counts now is not counted again then.
        self.by_terms.insert(terms.to_vec(), self.asked.len());
        self.asked.push(tally);
        self.asked.len() - 1
    }

    fn held(&mut self, term: &PodTerm, nodes: &[Seen<'_>]) -> usize {
        if let Some(known) = self.by_held.get(term) {
            return *known;
        }
        let tally = self.tally(std::slice::from_ref(term), nodes);
        self.by_held.insert(term.clone(), self.held.len());
        self.held.push(tally);
        self.held.len() - 1
    }

    fn spread(&mut self, pod: &Pod, nodes: &[Seen<'_>]) -> Vec<usize> {
        let kind = kind(&pod.key.namespace, &pod.spec);
        if let Some(known) = self.by_kind.get(&kind) {
            return known.clone();
        }
        self.count_all(nodes);
        let first = self.spreads.len();
        for spread in pod.spec.spread.iter().filter(|spread| spread.required) {
            let topology = self.topologies.number(&spread.topology_key, nodes);
            let mut constraint = Constraint::new(&pod.key.namespace, &pod.spec, spread, topology);
            constraint.grow(nodes, &self.topologies);
            let counts = |sort: &&Sort| constraint.counts_anew() && constraint.selects(&sort.namespace, &sort.labels);
            for sort in self.sorts.all.iter().filter(|sort| !sort.on.is_empty()).filter(counts).collect::<Vec<_>>() {
                sort.on.iter().for_each(|(at, heads)| constraint.add(*at, heads.staying, &self.topologies));
            }
            self.spreads.push(constraint);
        }
        let made: Vec<usize> = (first..self.spreads.len()).collect();
        self.by_kind.insert(kind, made.clone());
        made
    }

    fn tally(&mut self, terms: &[PodTerm], nodes: &[Seen<'_>]) -> Tally {
        let topologies = terms.iter().map(|term| self.topologies.number(&term.topology_key, nodes)).collect();
        Tally::new(terms.to_vec(), topologies)
    }

    /// Counts all pods on nodes by sort, once.
    fn count_all(&mut self, nodes: &[Seen<'_>]) {
        if self.counted {
            return;
        }
        self.counted = true;
        for (nth, node) in nodes.iter().enumerate() {
            for pod in &node.pods {
                let number = self.sorts.number(pod);
                self.sorts.all[number].count(pod, NodeAt::nth(nth), 1);
            }
        }
    }
}

impl Sort {
    fn look(&mut self, asked: &[Tally], spreads: &[Constraint], namespaces: &Namespaces) {
        let Self { namespace, labels, .. } = &*self;
        let (namespace, labels) = (namespace.clone(), Arc::clone(labels));
        self.asked.look(asked, |tally| tally.selects(&namespace, namespaces, &labels));
        self.spreads.look(spreads, |constraint| constraint.selects(&namespace, &labels));
    }
}
