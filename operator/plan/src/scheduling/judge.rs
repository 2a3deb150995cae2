//! The judge: does this pod fit that node now? Kept up to date as pods are placed and removed.

mod case;
mod filters;
mod preempt;
mod seen;
mod sorts;
mod spread;
mod tallies;
mod terms;
mod topology;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{NodeView, Storage, runs_daemon};
use crate::model::{DaemonSet, Key, Labels, Name, Pod, Snapshot, Taint};
use crate::resources::Resources;
use seen::{Held, Seen};
use tallies::{Counting, Tallies};

/// A node of one judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeAt(u32);

impl NodeAt {
    fn nth(nth: usize) -> Self {
        Self(u32::try_from(nth).unwrap_or(u32::MAX))
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// A node that is not in the snapshot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewNode {
    /// Name; without one its hostname is unknown, and like no other's.
    pub name: Option<String>,
    /// Labels.
    pub labels: Labels,
    /// Taints.
    pub taints: Vec<Taint>,
    /// Allocatable.
    pub allocatable: Resources,
    /// Its CSINode, as [`crate::model::Node::drivers`].
    pub drivers: Option<BTreeMap<String, Option<i64>>>,
}

/// Judges pods as kube-scheduler's filters do, with the plugins and feature gates that are on by default.
#[derive(Clone, Debug)]
pub struct Judge<'a> {
    snapshot: &'a Snapshot,
    storage: Storage<'a>,
    nodes: Vec<Seen<'a>>,
    names: HashMap<Cow<'a, str>, NodeAt>,
    /// Pods that wait for a place kept for them, by the node's name and their UID.
    nominated: HashMap<Name, BTreeMap<String, Arc<Pod>>>,
    tallies: Tallies,
    /// Pods on nodes by the claim that they use; once a claim was asked for that only one may use.
    users: Option<HashMap<Key, i64>>,
    /// No pod on a node ever had a lower priority.
    lowest: Option<i32>,
}

impl<'a> Judge<'a> {
    /// All nodes, with the pods that are bound to them. Pods bound to nodes that are not there count nowhere.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let nodes: Vec<Seen<'a>> = snapshot.nodes.iter().map(Seen::of).collect();
        let name = |(nth, node): (usize, &'a crate::model::Node)| (Cow::Borrowed(node.name.as_str()), NodeAt::nth(nth));
        let names = snapshot.nodes.iter().enumerate().map(name).collect();
        let storage = Storage::of(&snapshot.volumes);
        let (nominated, tallies, users, lowest) = (HashMap::new(), Tallies::default(), None, None);
        let mut judge = Self { snapshot, storage, nodes, names, nominated, tallies, users, lowest };
        for pod in &snapshot.pods {
            match &pod.node_name {
                Some(name) => judge.settle(pod, name),
                None => judge.nominate(pod),
            }
        }
        judge
    }

    /// All nodes.
    pub fn nodes(&self) -> impl Iterator<Item = NodeAt> + use<> {
        (0..self.nodes.len()).map(NodeAt::nth)
    }

    /// The node of that name.
    pub fn node(&self, name: &str) -> Option<NodeAt> {
        self.names.get(name).copied()
    }

    /// The node's name, if it has one already.
    pub fn name(&self, at: NodeAt) -> Option<&str> {
        self.nodes[at.index()].name.as_deref()
    }

    /// Adds an empty node.
    pub fn add_node(&mut self, node: NewNode) -> NodeAt {
        let at = NodeAt::nth(self.nodes.len());
        if let Some(name) = &node.name {
            self.names.insert(Cow::Owned(name.clone()), at);
        }
        self.nodes.push(Seen::new(node));
        self.tallies.grow(&self.nodes);
        at
    }

    /// The pod runs on the node from now on; no place is kept for it elsewhere.
    pub fn place(&mut self, pod: &Arc<Pod>, at: NodeAt) {
        self.shift(pod, at, 1, Counting::Anew);
        self.push(Held::Placed(Arc::clone(pod)), at);
        if !pod.spec.claims.is_empty() {
            self.storage.take(pod, &self.nodes[at.index()].view());
        }
        if let Some(pods) = pod.nominated_node.as_ref().and_then(|name| self.nominated.get_mut(name)) {
            pods.remove(&pod.uid);
        }
    }

    /// The pod no longer runs on the node; one that waits has its place kept again.
    pub fn remove(&mut self, pod: &Pod, at: NodeAt) {
        if let Some(gone) = self.nodes[at.index()].pull(pod) {
            self.shift(&gone, at, -1, Counting::Anew);
            self.storage.give_back(&gone);
            if gone.node_name.is_none() {
                self.nominate(&gone);
            }
        }
    }

    /// Whether the DaemonSet controller runs a pod of the set on the node.
    pub fn runs_daemon(&self, set: &DaemonSet, at: NodeAt) -> bool {
        runs_daemon(set, &self.view(at))
    }

    fn view(&self, at: NodeAt) -> NodeView<'_> {
        self.nodes[at.index()].view()
    }

    /// A bound pod of the snapshot, before anything is counted.
    fn settle(&mut self, pod: &'a Arc<Pod>, name: &str) {
        if let Some(at) = self.node(name) {
            self.push(Held::Found(pod), at);
            self.tallies.hold(&pod.spec, at, 1, &self.nodes);
        }
    }

    fn push(&mut self, pod: Held<'a>, at: NodeAt) {
        let priority = pod.spec.priority;
        self.lowest = Some(self.lowest.map_or(priority, |lowest| lowest.min(priority)));
        self.nodes[at.index()].push(pod);
    }

    fn nominate(&mut self, pod: &Arc<Pod>) {
        if let Some(name) = &pod.nominated_node {
            // Its terms must be known before a pod is judged beside it.
            self.tallies.hold_terms(&pod.spec, &self.nodes);
            self.nominated.entry(name.clone()).or_default().insert(pod.uid.clone(), Arc::clone(pod));
        }
    }

    /// Counts a pod in or out wherever pods of its labels, terms or claims are counted.
    fn shift(&mut self, pod: &Arc<Pod>, at: NodeAt, by: i64, how: Counting) {
        self.tallies.shift(pod, at, by, how, &self.nodes, &self.snapshot.namespaces);
        if let Some(users) = &mut self.users {
            case::used_claims(pod).for_each(|key| *users.entry(key).or_default() += by);
        }
    }
}

#[cfg(test)]
mod tests;
