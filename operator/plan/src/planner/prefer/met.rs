//! Says of one pod which of its preferences a plan meets.

use std::collections::HashMap;

use crate::model::{Key, Labels, NodeTerm, Pod, PodTerm, Preferred, Snapshot, Spread, Taint};
use crate::planner::rules::{Topology, Whom};
use crate::planner::{Command, Plan};
use crate::scheduling::{NodeView, avoids, preference};

/// A preference of a pod, and how far a plan meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preference<'a> {
    /// Which it is.
    pub wanted: Wanted<'a>,
    /// In percent: of other pods that are meant, those that are there, or elsewhere.
    pub met_percent: usize,
}

impl Preference<'_> {
    /// Its weight, 1 to 100.
    pub fn weight(&self) -> i64 {
        match self.wanted {
            Wanted::Nodes(nodes) => i64::from(nodes.weight),
            Wanted::Near(pods) | Wanted::Away(pods) => i64::from(pods.weight),
            Wanted::Untainted | Wanted::Even(_) => super::FULL_WEIGHT,
        }
    }
}

/// What a pod prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// Nodes.
    Nodes(&'a Preferred<NodeTerm>),
    /// Nodes without a `PreferNoSchedule` taint that it does not tolerate.
    Untainted,
    /// The company of other pods.
    Near(&'a Preferred<PodTerm>),
    /// To be away from other pods.
    Away(&'a Preferred<PodTerm>),
    /// To be spread (`ScheduleAnyway`).
    Even(&'a Spread),
}

/// Where a plan has a pod.
struct Home<'a> {
    /// A node's name, or none for a host that is bought.
    name: Option<&'a str>,
    labels: &'a Labels,
    taints: &'a [Taint],
    /// Pods that share the bought host.
    mates: &'a [Key],
}

/// The preferences of a pod that waits and how far they are met where this plan has it; none if it has no place.
pub fn preferences<'a>(snapshot: &Snapshot, plan: &Plan, pod: &'a Pod) -> Vec<Preference<'a>> {
    let world = World::of(snapshot, plan);
    let (Some(home), spec) = (world.home(pod), &pod.spec) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    let mut add = |wanted, met_percent| all.push(Preference { wanted, met_percent });
    let view = NodeView { name: home.name, labels: home.labels, taints: home.taints };
    for preferred in &spec.preferred_nodes {
        add(Wanted::Nodes(preferred), if preference(std::slice::from_ref(preferred), &view) > 0 { 100 } else { 0 });
    }
    if super::avoidable(snapshot).iter().any(|taint| avoids(std::slice::from_ref(taint), &spec.tolerations)) {
        add(Wanted::Untainted, if avoids(home.taints, &spec.tolerations) { 0 } else { 100 });
    }
    let there = |whom: Whom<'_>, key: &str| world.there_percent(pod, &home, &whom, key);
    for near in &spec.preferred_affinity {
        add(Wanted::Near(near), there(Whom::Shunned(&near.term), &near.term.topology_key));
    }
    for away in &spec.preferred_anti_affinity {
        add(Wanted::Away(away), 100 - there(Whom::Shunned(&away.term), &away.term.topology_key));
    }
    for spread in spec.spread.iter().filter(|spread| !spread.required) {
        if let Some(selector) = &spread.selector {
            let whom = Whom::Selected { namespace: &pod.key.namespace, selector };
            add(Wanted::Even(spread), 100 - there(whom, &spread.topology_key));
        }
    }
    all
}

/// The world once the plan is carried out.
struct World<'a> {
    snapshot: &'a Snapshot,
    plan: &'a Plan,
    /// Labels and taints of nodes and of hosts on their way, by name.
    nodes: HashMap<&'a str, (&'a Labels, &'a [Taint])>,
    /// Where waiting pods are placed.
    placed: HashMap<&'a Key, &'a str>,
    /// Labels of the hosts that are bought for pods.
    bought: HashMap<&'a Key, &'a Labels>,
}

impl<'a> World<'a> {
    fn of(snapshot: &'a Snapshot, plan: &'a Plan) -> Self {
        let hosts = snapshot.hosts.iter().map(|host| (host.key.name.as_str(), (&*host.labels, host.taints.as_slice())));
        let nodes = snapshot.nodes.iter().map(|node| (node.name.as_str(), (&*node.labels, node.taints.as_slice())));
        let mut bought = HashMap::new();
        for command in &plan.commands {
            if let Command::CreateHost { pods, labels, .. } = command {
                bought.extend(pods.iter().map(|pod| (pod, labels)));
            }
        }
        let placed = plan.placed.iter().map(|(pod, node)| (pod, node.as_str())).collect();
        Self { snapshot, plan, nodes: hosts.chain(nodes).collect(), placed, bought }
    }

    fn home(&self, pod: &Pod) -> Option<Home<'a>> {
        if let Some(name) = self.placed.get(&pod.key) {
            let (labels, taints) = *self.nodes.get(name)?;
            return Some(Home { name: Some(name), labels, taints, mates: &[] });
        }
        self.plan.commands.iter().find_map(|command| match command {
            Command::CreateHost { pool, pods, labels, .. } if pods.contains(&pod.key) => {
                let owner = self.snapshot.pools.iter().find(|owner| owner.key == *pool)?;
                Some(Home { name: None, labels, taints: &owner.taints, mates: pods })
            }
            _ => None,
        })
    }

    /// Of the others that are meant and in any domain of a key, how many are in the pod's, in percent.
    fn there_percent(&self, pod: &Pod, home: &Home<'_>, whom: &Whom<'_>, key: &str) -> usize {
        let local = Topology::of(key) == Topology::Node;
        let own = home.labels.get(key);
        let (mut there, mut total) = (0, 0);
        for other in self.snapshot.pods.iter().filter(|other| other.key != pod.key && whom.counts(other, &self.snapshot.namespaces)) {
            let name = other.place().or_else(|| self.placed.get(&other.key).copied());
            let labels = name.map_or_else(|| self.bought.get(&other.key).copied(), |name| Some(self.nodes.get(name)?.0));
            let Some(labels) = labels.filter(|labels| local || labels.contains_key(key)) else {
                continue;
            };
            let on_host = || name.map_or_else(|| home.mates.contains(&other.key), |name| home.name == Some(name));
            total += 1;
            there += usize::from(if local { on_host() } else { labels.get(key) == own });
        }
        (there * 100_usize).checked_div(total).unwrap_or(0)
    }
}
