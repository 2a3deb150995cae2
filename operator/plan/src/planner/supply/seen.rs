//! A node or a host in flight as pods will meet it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Bin, Origin, Verdicts, attachable};
use crate::model::{Host, Node, Taint};
use crate::planner::cluster::{Cluster, met_taints, own_taints};
use crate::planner::demand::{Demand, attach_name};
use crate::planner::field::{Field, Spot};
use crate::resources::Resources;
use crate::scheduling::{HOST_LABEL, HOSTNAME, NodeView};

/// A node or a host in flight.
pub(super) struct Seen<'a> {
    name: &'a str,
    labels: Cow<'a, BTreeMap<String, String>>,
    /// What labels were borrowed from, the first that has one wins.
    sources: [Option<&'a BTreeMap<String, String>>; 2],
    taints: Vec<Taint>,
    /// So many of them are its own; the last may be its cordon, at which neither topology spread nor DaemonSets look.
    own_taints: usize,
    allocatable: Resources,
    drivers: Option<&'a BTreeMap<String, Option<i64>>>,
}

impl<'a> Seen<'a> {
    /// A joining node's kubelet may not know all of its resources and labels yet: the host's expectation fills the gaps.
    pub fn of_node(node: &'a Node, joining: Option<&'a Host>) -> Self {
        let (taints, own_taints) = (met_taints(node, joining), own_taints(node, joining).len());
        let (mut labels, mut allocatable) = (Cow::Borrowed(&*node.labels), node.allocatable.clone());
        if let Some(host) = joining {
            let mut merged = (*host.labels).clone();
            merged.extend((*node.labels).clone());
            labels = Cow::Owned(merged);
            if node.allocatable.cpu_milli == 0 || node.allocatable.memory_bytes == 0 {
                allocatable = host.allocatable.clone();
            }
            for (name, amount) in &host.allocatable.extended {
                let known = allocatable.extended.entry(name.clone()).or_default();
                *known = (*known).max(*amount);
            }
        }
        let sources = [Some(&*node.labels), joining.map(|host| &*host.labels)];
        Self { name: &node.name, labels, sources, taints, own_taints, allocatable, drivers: node.drivers.as_ref() }
    }

    pub fn of_host(host: &'a Host) -> Self {
        let mut labels = (*host.labels).clone();
        for key in [HOSTNAME, HOST_LABEL] {
            labels.insert(key.to_owned(), host.key.name.clone());
        }
        let (taints, allocatable, sources) = (host.taints.clone(), host.allocatable.clone(), [Some(&*host.labels), None]);
        let own_taints = taints.len();
        Self { name: &host.key.name, labels: Cow::Owned(labels), sources, taints, own_taints, allocatable, drivers: None }
    }

    fn view(&self) -> NodeView<'_> {
        NodeView { name: Some(self.name), labels: &self.labels, taints: &self.taints }
    }

    fn uncordoned(&self) -> NodeView<'_> {
        NodeView { taints: &self.taints[..self.own_taints], ..self.view() }
    }

    pub fn spot(&self, demand: &Demand<'a>, field: &mut Field<'a>) -> Spot {
        let value = |key: &str| self.sources.iter().flatten().find_map(|labels| labels.get(key)).map(String::as_str);
        field.spot(&demand.rules, &self.uncordoned(), Some(self.name), value)
    }

    /// Which of [`Rules::daemons`](crate::planner::rules::Rules::daemons) will come there and are not there yet.
    pub fn daemons(&self, cluster: &Cluster<'a>, demand: &Demand<'a>) -> Vec<usize> {
        let comes = |at: &usize| cluster.awaits_daemon(&self.uncordoned(), demand.rules.daemons[*at].set);
        (0..demand.rules.daemons.len()).filter(comes).collect()
    }

    pub fn bin(
        &self,
        origin: Origin,
        host: Option<&'a Host>,
        cluster: &Cluster<'a>,
        demand: &Demand<'a>,
        spot: &Spot,
        verdicts: &mut Verdicts,
    ) -> Bin<'a> {
        let mut allocatable = self.allocatable.clone();
        attachable(demand, self.drivers, &mut allocatable);
        let mut free = cluster.free(&self.view(), &allocatable);
        for (driver, volumes) in cluster.attached(self.name) {
            let left = free.extended.entry(attach_name(driver)).or_insert(i64::MAX);
            *left = if *left == i64::MAX { i64::MAX } else { left.saturating_sub(volumes) };
        }
        let claimed = host.is_some_and(|host| !host.claims.is_empty());
        let empty = if claimed { cluster.empty(&self.view(), &allocatable) } else { Resources::default() };
        let verdict = verdicts.row(&self.view(), &demand.classes);
        let spot = spot.clone();
        Bin { origin, name: self.name, host, empty, free, verdict, spot, daemons: Vec::new(), claims: Vec::new(), pattern: Vec::new() }
    }
}
