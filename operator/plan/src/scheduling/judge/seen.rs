//! A node with what is on it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use super::NewNode;
use crate::model::{HostPort, Labels, Node, Pod, Taint};
use crate::resources::Resources;
use crate::scheduling::misfit::{Misfit, Shortage};
use crate::scheduling::{NodeView, ports_clash};

/// A node as the judge sees it.
#[derive(Clone, Debug)]
pub(super) struct Seen<'a> {
    pub name: Option<Cow<'a, str>>,
    pub labels: Cow<'a, Labels>,
    pub taints: Cow<'a, [Taint]>,
    pub cordoned: bool,
    pub allocatable: Cow<'a, Resources>,
    pub drivers: Cow<'a, Option<BTreeMap<String, Option<i64>>>>,
    /// Sum of its pods' requests.
    pub used: Resources,
    pub pods: Vec<Held<'a>>,
}

/// A pod on a node. Those of the snapshot are not counted as owners: that would write to each of them.
#[derive(Clone, Debug)]
pub(super) enum Held<'a> {
    Found(&'a Arc<Pod>),
    Placed(Arc<Pod>),
}

impl Deref for Held<'_> {
    type Target = Arc<Pod>;

    fn deref(&self) -> &Arc<Pod> {
        match self {
            Self::Found(pod) => pod,
            Self::Placed(pod) => pod,
        }
    }
}

impl<'a> Seen<'a> {
    pub fn of(node: &'a Node) -> Self {
        Self {
            name: Some(Cow::Borrowed(&node.name)),
            labels: Cow::Borrowed(&node.labels),
            taints: Cow::Borrowed(&node.taints),
            cordoned: node.cordoned,
            allocatable: Cow::Borrowed(&node.allocatable),
            drivers: Cow::Borrowed(&node.drivers),
            used: Resources::default(),
            pods: Vec::new(),
        }
    }

    pub fn new(node: NewNode) -> Self {
        Self {
            name: node.name.map(Cow::Owned),
            labels: Cow::Owned(node.labels),
            taints: Cow::Owned(node.taints),
            cordoned: false,
            allocatable: Cow::Owned(node.allocatable),
            drivers: Cow::Owned(node.drivers),
            used: Resources::default(),
            pods: Vec::new(),
        }
    }

    pub fn view(&self) -> NodeView<'_> {
        NodeView { name: self.name.as_deref(), labels: &self.labels, taints: &self.taints }
    }

    pub fn push(&mut self, pod: Held<'a>) {
        self.used.add(&pod.spec.requests);
        self.pods.push(pod);
    }

    /// Takes the pod off, if it is here.
    pub fn pull(&mut self, pod: &Pod) -> Option<Held<'a>> {
        let nth = self.pods.iter().position(|here| here.uid == pod.uid && here.key == pod.key)?;
        let gone = self.pods.remove(nth);
        self.used.sub(&gone.spec.requests);
        Some(gone)
    }

    /// Whether the pod's host ports are free.
    pub fn ports(&self, pod: &Pod) -> Result<(), Misfit> {
        let taken = |port: &&HostPort| self.pods.iter().flat_map(|pod| &pod.spec.host_ports).any(|other| ports_clash(port, other));
        pod.spec.host_ports.iter().find(taken).map_or(Ok(()), |port| Err(Misfit::Port(port.clone())))
    }

    /// Whether CPU and memory would do if only those of its pods stayed: a cheap look before a dear one.
    pub fn would_hold(&self, pod: &Pod, stays: impl Fn(&Pod) -> bool) -> bool {
        let staying = || self.pods.iter().filter(|pod| stays(pod)).map(|pod| &pod.spec.requests);
        let cpu_milli = staying().fold(0_i64, |sum, requests| sum.saturating_add(requests.cpu_milli));
        let memory_bytes = staying().fold(0_i64, |sum, requests| sum.saturating_add(requests.memory_bytes));
        let (asks, has) = (&pod.spec.requests, &self.allocatable);
        let fits = |asked: i64, free: i64| asked <= 0 || asked <= free;
        fits(asks.cpu_milli, has.cpu_milli.saturating_sub(cpu_milli))
            && fits(asks.memory_bytes, has.memory_bytes.saturating_sub(memory_bytes))
    }

    /// Whether there is room: one more pod, and what it asks for; what it does not ask for may be over-committed.
    ///
    /// # Errors
    /// What is short; first of all what would be on the empty node too.
    pub fn room(&self, pod: &Pod) -> Result<(), Misfit> {
        let (asks, has, used) = (&pod.spec.requests, self.allocatable.as_ref(), &self.used);
        let of = |amounts: &Resources, name: &str| amounts.extended.get(name).copied().unwrap_or(0);
        let extended = asks.extended.iter().filter_map(|(name, asked)| shortage(name, *asked, of(has, name), of(used, name)));
        let pods = i64::try_from(self.pods.len()).unwrap_or(i64::MAX);
        let short = [
            shortage("pods", 1, has.pods, pods),
            shortage("cpu", asks.cpu_milli, has.cpu_milli, used.cpu_milli),
            shortage("memory", asks.memory_bytes, has.memory_bytes, used.memory_bytes),
            shortage("ephemeral-storage", asks.ephemeral_bytes, has.ephemeral_bytes, used.ephemeral_bytes),
        ];
        let mut short = short.into_iter().flatten().chain(extended);
        let first = short.next();
        let worst = first.iter().cloned().chain(short).find(|short| !Misfit::Room(short.clone()).yields_to_eviction());
        worst.or(first).map_or(Ok(()), |short| Err(Misfit::Room(short)))
    }
}

fn shortage(resource: &str, asked: i64, allocatable: i64, used: i64) -> Option<Shortage> {
    let free = allocatable.saturating_sub(used);
    (asked > 0 && asked > free).then(|| Shortage { resource: resource.to_owned(), asked, free, allocatable })
}
