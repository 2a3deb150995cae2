//! What pods prefer, compiled to weights: preferences are weighed against price and never turned into requirements.

mod crowd;
mod deal;
mod exchange;
mod guard;
mod lean;
mod met;
mod retouch;
mod split;
mod worth;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::catalog::{Catalog, Group};
use super::cluster::Cluster;
use super::demand::Shape;
use super::rules::{Topology, Whom};
use crate::model::{NodeTerm, Pod, Preferred, Snapshot, Taint, Toleration};
use crate::pack::Pattern;
use crate::scheduling::{NodeView, avoids, preference};
use crowd::Crowd;
pub(crate) use exchange::{among_bought, among_nodes};
pub(crate) use guard::guarded;
pub(crate) use lean::Lean;
pub use met::{Preference, Wanted, preferences};
pub(crate) use retouch::retouched;
#[cfg(test)]
pub(crate) use worth::worth_of;

/// The weight of the strongest preference, and of all preferences of a pod together.
const FULL_WEIGHT: i64 = 100;
/// Kinds of pods and of nodes that are preferred at most: what is beyond them is not weighed.
const MAX_KINDS: usize = 2_000;

/// What a shape prefers.
#[derive(Clone, Debug, Default)]
struct Wish {
    /// Index into [`Wishes::eyes`].
    eye: Option<usize>,
    company: Vec<Company>,
    /// The sum of all weights, [`FULL_WEIGHT`] at least: where there is more, preferences share it.
    all: i64,
    /// Counters that count such pods.
    counted: Vec<usize>,
}

/// A preference for the company of other pods, or for being away from them.
#[derive(Clone, Copy, Debug)]
struct Company {
    counter: usize,
    /// Below zero: away.
    weight: i64,
}

/// Pods that somebody prefers to be near or away from.
#[derive(Debug)]
struct Counter<'a> {
    whom: Whom<'a>,
    /// Index into [`Wishes::topologies`].
    topology: usize,
}

/// What is preferred of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Eye<'a> {
    preferred: &'a [Preferred<NodeTerm>],
    /// Where there are taints that such pods would rather avoid.
    tolerations: Option<&'a [Toleration]>,
}

impl Eye<'_> {
    /// The most that a node can satisfy.
    fn most(&self) -> i64 {
        let terms = self.preferred.iter().map(|term| i64::from(term.weight)).sum::<i64>().clamp(0, FULL_WEIGHT);
        terms + if self.tolerations.is_some() { FULL_WEIGHT } else { 0 }
    }

    fn weight(&self, view: &NodeView<'_>) -> i64 {
        let clean = self.tolerations.is_some_and(|tolerations| !avoids(view.taints, tolerations));
        preference(self.preferred, view).clamp(0, FULL_WEIGHT) + if clean { FULL_WEIGHT } else { 0 }
    }
}

/// What the wishes see of a node or of a host that could be bought.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Liking<'a> {
    /// By eye, the weight that is satisfied.
    weights: Vec<i64>,
    /// By topology; `None` for single nodes, and where there is no such label.
    domains: Vec<Option<&'a str>>,
}

/// All that the pods who wait prefer; empty where none of them prefers anything.
#[derive(Debug, Default)]
pub(crate) struct Wishes<'a> {
    topologies: Vec<Topology<'a>>,
    counters: Vec<Counter<'a>>,
    eyes: Vec<Eye<'a>>,
    of_shape: Vec<Wish>,
    /// Of nodes and of hosts on their way.
    likings: HashMap<&'a str, Liking<'a>>,
    nowhere: Liking<'a>,
    /// Who runs, or is to run, where.
    settled: Crowd<'a>,
}

impl<'a> Wishes<'a> {
    /// The wishes of these shapes.
    pub fn of(cluster: &Cluster<'a>, shapes: &[Shape<'a>]) -> Self {
        let taints = avoidable(cluster.snapshot);
        let mut making = Making::default();
        let mut of_shape: Vec<Wish> = shapes.iter().map(|shape| making.wish(shape.pods[0], &taints)).collect();
        let mut wishes = making.wishes;
        if of_shape.iter().all(|wish| wish.eye.is_none() && wish.company.is_empty()) {
            return Self::default();
        }
        for (wish, shape) in of_shape.iter_mut().zip(shapes) {
            wish.counted = wishes.counted(shape.pods[0], cluster.snapshot);
        }
        wishes.of_shape = of_shape;
        wishes.nowhere = Liking { weights: vec![0; wishes.eyes.len()], domains: vec![None; wishes.topologies.len()] };
        for (name, node) in &cluster.nodes {
            let view = NodeView { name: Some(name), labels: &node.labels, taints: &node.taints };
            let liking = wishes.liking(&view, |key| node.labels.get(key).map(String::as_str));
            wishes.likings.insert(name, liking);
        }
        for host in cluster.snapshot.hosts.iter().filter(|host| !cluster.nodes.contains_key(host.key.name.as_str())) {
            let view = NodeView { name: Some(&host.key.name), labels: &host.labels, taints: &host.taints };
            let liking = wishes.liking(&view, |key| host.labels.get(key).map(String::as_str));
            wishes.likings.insert(&host.key.name, liking);
        }
        wishes.settled = Crowd::settled(&wishes, cluster.snapshot);
        wishes
    }

    /// Whether nobody prefers anything.
    pub fn is_empty(&self) -> bool {
        self.of_shape.is_empty()
    }

    /// What they see of a node with these labels and taints.
    pub fn liking(&self, view: &NodeView<'_>, value: impl Fn(&'a str) -> Option<&'a str>) -> Liking<'a> {
        let domain = |topology: &Topology<'a>| match topology {
            Topology::Label(key) => value(key),
            Topology::Cluster | Topology::Node => None,
        };
        Liking { weights: self.eyes.iter().map(|eye| eye.weight(view)).collect(), domains: self.topologies.iter().map(domain).collect() }
    }

    /// Of the twins of a group those that none of these pods can tell from its members.
    pub fn kin<'g>(&self, catalog: &Catalog<'a>, group: &'g Group, pattern: &Pattern) -> Cow<'g, [usize]> {
        if self.is_empty() {
            return Cow::Borrowed(&group.twins);
        }
        let own = &catalog.candidates[group.members[0]].liking;
        let same = |at: &usize| pattern.iter().all(|(shape, _)| self.is_same(*shape, own, &catalog.candidates[*at].liking));
        Cow::Owned(group.twins.iter().copied().filter(same).collect())
    }

    /// Whether both are the same to such a pod, and to those who look at it.
    fn is_same(&self, shape: usize, one: &Liking<'_>, other: &Liking<'_>) -> bool {
        let wish = &self.of_shape[shape];
        let mut minded = wish.company.iter().map(|company| company.counter).chain(wish.counted.iter().copied());
        wish.eye.is_none_or(|eye| one.weights[eye] == other.weights[eye])
            && minded.all(|counter| {
                let topology = self.counters[counter].topology;
                one.domains[topology] == other.domains[topology]
            })
    }

    fn liking_of(&self, name: &str) -> &Liking<'a> {
        self.likings.get(name).unwrap_or(&self.nowhere)
    }

    fn has(&self, shape: usize) -> bool {
        self.of_shape.get(shape).is_some_and(|wish| wish.eye.is_some() || !wish.company.is_empty())
    }

    fn counted(&self, pod: &Pod, snapshot: &Snapshot) -> Vec<usize> {
        (0..self.counters.len()).filter(|at| self.counters[*at].whom.counts(pod, &snapshot.namespaces)).collect()
    }

    fn is_local(&self, counter: usize) -> bool {
        self.topologies[self.counters[counter].topology] == Topology::Node
    }

    /// Whether it matters to such a pod in which domain of more than one node others are.
    fn looks_around(&self, shape: usize) -> bool {
        self.of_shape[shape].company.iter().any(|company| !self.is_local(company.counter))
    }

    /// Whether it matters to such a pod on which of several like nodes it is.
    fn looks_about(&self, shape: usize) -> bool {
        self.of_shape.get(shape).is_some_and(|wish| !wish.company.is_empty())
    }
}

/// Taints that somewhere ask pods to stay away.
fn avoidable(snapshot: &Snapshot) -> Vec<Taint> {
    let all = snapshot.nodes.iter().flat_map(|node| &node.taints).chain(snapshot.pools.iter().flat_map(|pool| &pool.taints));
    let soft: BTreeSet<&Taint> = all.filter(|taint| avoids(std::slice::from_ref(taint), &[])).collect();
    soft.into_iter().cloned().collect()
}

/// Wishes in the making.
#[derive(Default)]
struct Making<'a> {
    wishes: Wishes<'a>,
    eyes: HashMap<Eye<'a>, usize>,
    counters: HashMap<(Whom<'a>, Topology<'a>), usize>,
}

impl<'a> Making<'a> {
    fn wish(&mut self, pod: &'a Pod, taints: &[Taint]) -> Wish {
        let spec = &pod.spec;
        let avoids = taints.iter().any(|taint| avoids(std::slice::from_ref(taint), &spec.tolerations));
        let eye = Eye { preferred: &spec.preferred_nodes, tolerations: avoids.then_some(spec.tolerations.as_slice()) };
        let mut wish = Wish { eye: if eye.most() > 0 { self.eye(eye) } else { None }, ..Wish::default() };
        let near = spec.preferred_affinity.iter().map(|preferred| (&preferred.term, i64::from(preferred.weight)));
        let away = spec.preferred_anti_affinity.iter().map(|preferred| (&preferred.term, -i64::from(preferred.weight)));
        for (term, weight) in near.chain(away) {
            self.company(&mut wish, Whom::Shunned(term), &term.topology_key, weight);
        }
        for spread in spec.spread.iter().filter(|spread| !spread.required) {
            if let Some(selector) = &spread.selector {
                let whom = Whom::Selected { namespace: &pod.key.namespace, selector };
                self.company(&mut wish, whom, &spread.topology_key, -FULL_WEIGHT);
            }
        }
        let weights: i64 = wish.company.iter().map(|company| company.weight.abs()).sum();
        wish.all = (weights + wish.eye.map_or(0, |_| eye.most())).max(FULL_WEIGHT);
        wish
    }

    fn eye(&mut self, eye: Eye<'a>) -> Option<usize> {
        let all = &mut self.wishes.eyes;
        let known = self.eyes.get(&eye).copied();
        known.or_else(|| {
            (all.len() < MAX_KINDS).then(|| {
                all.push(eye);
                self.eyes.insert(eye, all.len() - 1);
                all.len() - 1
            })
        })
    }

    fn company(&mut self, wish: &mut Wish, whom: Whom<'a>, key: &'a str, weight: i64) {
        let weight = weight.clamp(-FULL_WEIGHT, FULL_WEIGHT);
        let next = self.wishes.counters.len();
        let entry = (whom, Topology::of(key));
        let counter = match self.counters.get(&entry) {
            Some(known) => *known,
            None if next < MAX_KINDS => {
                let topologies = &mut self.wishes.topologies;
                let topology = topologies.iter().position(|topology| *topology == entry.1).unwrap_or(topologies.len());
                if topology == topologies.len() {
                    topologies.push(entry.1);
                }
                self.wishes.counters.push(Counter { whom: entry.0.clone(), topology });
                self.counters.insert(entry, next);
                next
            }
            None => return,
        };
        wish.company.push(Company { counter, weight });
    }
}
