//! Supply: everything that has, or will have, room for pods, as bins in the one order in which they are filled.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::catalog::{Candidate, Catalog};
use super::cluster::{Cluster, is_live, met_taints};
use super::demand::Demand;
use super::fill::Room;
use crate::model::{Host, Key, Node, Taint};
use crate::resources::Resources;
use crate::scheduling::{Constraints, HOST_LABEL, HOSTNAME, NodeView, admits};

/// What a bin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// A node that takes pods now, with workload.
    Busy,
    /// A node that takes pods now, without workload: filled last of these, so that it may go.
    Empty,
    /// A host in flight, or one that this plan buys.
    Coming,
}

/// What a host is bought as. Hosts in flight are filled in the order in which they would be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Make<'a> {
    /// Place of the pool's weight; last if there is no such pool.
    pub rank: usize,
    /// Price, in micro-units an hour; highest if it is not known.
    pub price_micro: i64,
    /// The pool's place among all.
    pub pool: usize,
    pub flavor: &'a str,
}

/// Room for pods.
#[derive(Clone, Debug)]
pub(crate) struct Bin<'a> {
    pub origin: Origin,
    /// Node or host; `None` for a host that this plan buys.
    pub name: Option<&'a str>,
    /// The candidate that this plan buys.
    pub candidate: Option<usize>,
    /// All that pods could use if nothing ran there.
    pub capacity: Resources,
    /// What is left.
    pub free: Resources,
    /// Row of [`Verdicts`].
    pub verdict: usize,
    /// What the host is bought as; `None` for a node of which that is not known.
    pub make: Option<Make<'a>>,
    /// Why the pool wants it whatever the demand, if so.
    pub floor: Option<String>,
}

impl Bin<'_> {
    /// Its room.
    pub fn room(&self) -> Room<'_> {
        Room { capacity: &self.capacity, free: &self.free, verdict: self.verdict }
    }
}

/// For each distinct kind of node, which classes of pods it admits.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    rows: Vec<Vec<bool>>,
    index: HashMap<Vec<bool>, usize>,
}

impl Verdicts {
    /// What the row says of each class.
    pub fn of(&self, row: usize) -> &[bool] {
        &self.rows[row]
    }

    /// Whether the row admits the class.
    pub fn admits(&self, row: usize, class: usize) -> bool {
        self.rows[row][class]
    }

    /// The row of a node.
    pub fn row(&mut self, view: &NodeView<'_>, classes: &[Constraints<'_>]) -> usize {
        let row: Vec<bool> = classes.iter().map(|class| admits(view, class).is_ok()).collect();
        let next = self.rows.len();
        let at = *self.index.entry(row.clone()).or_insert(next);
        if at == next {
            self.rows.push(row);
        }
        at
    }
}

/// Nodes that take pods, then hosts in flight; hosts that `going` names are left out.
pub(crate) fn bins<'a>(
    cluster: &Cluster<'a>,
    demand: &Demand<'a>,
    catalog: &Catalog<'a>,
    verdicts: &mut Verdicts,
    going: &HashSet<&Key>,
) -> Vec<Bin<'a>> {
    let mut bins = Vec::new();
    for node in cluster.nodes.values() {
        let host = cluster.host(&node.name);
        if host.is_some_and(|host| !is_live(host) || going.contains(&host.key)) {
            continue;
        }
        let joining = host.filter(|host| cluster.joins(node, host));
        if node.ready || joining.is_some() {
            let seen = Seen::of_node(node, joining);
            let origin = match (joining, cluster.workload(&node.name)) {
                (Some(_), _) => Origin::Coming,
                (None, 0) => Origin::Empty,
                (None, _) => Origin::Busy,
            };
            bins.push(seen.bin(origin, host, cluster, demand, catalog, verdicts));
        }
    }
    let mut in_flight: Vec<&Host> = cluster.snapshot.hosts.iter().collect();
    in_flight
        .retain(|host| is_live(host) && !host.joined && !going.contains(&host.key) && !cluster.nodes.contains_key(host.key.name.as_str()));
    in_flight.sort_by_key(|host| &host.key);
    for host in in_flight {
        let bin = Seen::of_host(host).bin(Origin::Coming, Some(host), cluster, demand, catalog, verdicts);
        bins.push(bin);
    }
    bins
}

/// The order of nodes: those with workload first, then by name.
pub(crate) fn sort_nodes(nodes: &mut [Bin<'_>]) {
    nodes.sort_by_key(|node| (node.origin, node.name));
}

/// The order of hosts in flight. It knows no names but for ties: a host that this plan buys stands where it will stand in the next plan, so
/// that the next plan finds room for the same pods.
pub(crate) fn sort_coming(coming: &mut [Bin<'_>], verdicts: &Verdicts) {
    coming.sort_by(|a, b| order(a, verdicts).cmp(&order(b, verdicts)));
}

fn order<'b>(bin: &'b Bin<'_>, verdicts: &'b Verdicts) -> impl Ord + use<'b> {
    let content = (bin.make.is_none(), bin.make, &bin.free, verdicts.of(bin.verdict), &bin.capacity);
    (content, bin.name, bin.floor.is_none())
}

/// A host that this plan buys, as a bin.
pub(crate) fn bought<'a>(index: usize, candidate: &Candidate<'a>, floor: Option<String>) -> Bin<'a> {
    Bin {
        origin: Origin::Coming,
        name: None,
        candidate: Some(index),
        capacity: candidate.allocatable.clone(),
        free: candidate.free.clone(),
        verdict: candidate.verdict,
        make: Some(candidate.make()),
        floor,
    }
}

/// A node or host in flight as pods will meet it.
struct Seen<'a> {
    name: &'a str,
    labels: Cow<'a, BTreeMap<String, String>>,
    taints: Vec<Taint>,
    allocatable: Resources,
}

impl<'a> Seen<'a> {
    /// A joining node's kubelet may not know all of its resources and labels yet: the host's expectation fills the gaps.
    fn of_node(node: &'a Node, joining: Option<&Host>) -> Self {
        let taints = met_taints(node, joining);
        let (mut labels, mut allocatable) = (Cow::Borrowed(&node.labels), node.allocatable.clone());
        if let Some(host) = joining {
            let mut merged = host.labels.clone();
            merged.extend(node.labels.clone());
            labels = Cow::Owned(merged);
            if node.allocatable.cpu_milli == 0 || node.allocatable.memory_bytes == 0 {
                allocatable = host.allocatable.clone();
            }
            for (name, amount) in &host.allocatable.extended {
                let known = allocatable.extended.entry(name.clone()).or_default();
                *known = (*known).max(*amount);
            }
        }
        Self { name: &node.name, labels, taints, allocatable }
    }

    fn of_host(host: &'a Host) -> Self {
        let mut labels = host.labels.clone();
        for key in [HOSTNAME, HOST_LABEL] {
            labels.insert(key.to_owned(), host.key.name.clone());
        }
        Self { name: &host.key.name, labels: Cow::Owned(labels), taints: host.taints.clone(), allocatable: host.allocatable.clone() }
    }

    fn bin(
        self,
        origin: Origin,
        host: Option<&'a Host>,
        cluster: &Cluster<'a>,
        demand: &Demand<'a>,
        catalog: &Catalog<'a>,
        verdicts: &mut Verdicts,
    ) -> Bin<'a> {
        let view = NodeView { name: Some(self.name), labels: &self.labels, taints: &self.taints };
        Bin {
            origin,
            name: Some(self.name),
            candidate: None,
            free: cluster.free(&view, &self.allocatable),
            verdict: verdicts.row(&view, &demand.classes),
            make: host.map(|host| catalog.make(host)),
            capacity: self.allocatable,
            floor: None,
        }
    }
}
