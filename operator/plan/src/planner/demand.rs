//! Demand: the pods that a new host could help, grouped into shapes so that work grows with shapes rather than with pods.

mod grouping;

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::cluster::Cluster;
use super::prefer::Wishes;
use super::rules::{Claims, Rules, visible_keys};
use crate::model::{Key, Pod, PodSpec, Snapshot};
use crate::resources::Resources;
use crate::scheduling::{Constraints, NodeView, Storage, Unmet, VolumeAsk, admits};
use grouping::grouped;

/// The only scheduler whose verdicts are known here.
const SCHEDULER: &str = "default-scheduler";
/// Bytes of memory that weigh as much as one milli-CPU when sizes are compared: 4 GiB for a CPU.
const BYTES_PER_MILLI: i64 = 4 * (1 << 30) / 1_000;
/// Volumes of a driver are a resource of this name, and the driver's.
const ATTACH_PREFIX: &str = "attachable-volumes/";

/// Pods that are the same to the planner.
#[derive(Debug)]
pub(crate) struct Shape<'a> {
    /// What one asks for, volumes to attach among it, nothing below zero.
    pub requests: Resources,
    /// Index into [`Demand::classes`].
    pub class: usize,
    /// Index into [`Rules::rules`].
    pub rule: usize,
    /// Rank of the priority; 0 is the highest.
    pub tier: usize,
    /// What claims call it.
    pub mark: u64,
    /// The pods, oldest first.
    pub pods: Vec<&'a Pod>,
}

impl<'a> Shape<'a> {
    /// What the pods ask of the scheduler.
    pub fn spec(&self) -> &'a PodSpec {
        &self.pods[0].spec
    }
}

/// What pods ask of a node's labels and taints, and what their volumes ask.
#[derive(Debug)]
pub(crate) struct Class<'a> {
    pub constraints: Constraints<'a>,
    volumes: Option<VolumeAsk<'a>>,
}

impl<'a> Class<'a> {
    /// Whether a node takes such pods, room and company aside.
    pub fn admits(&self, node: &NodeView<'_>) -> bool {
        admits(node, &self.constraints).is_ok() && self.volumes.as_ref().is_none_or(|ask| ask.admits(node).is_ok())
    }

    /// Why not, as far as labels and taints go.
    pub fn unmet_of<'n>(&'n self, node: NodeView<'n>) -> Option<Unmet<'n>> {
        admits(&node, &self.constraints).err()
    }

    /// Why not, as far as volumes go.
    pub fn volumes_elsewhere(&self, node: &NodeView<'_>) -> Option<String> {
        Some(self.volumes.as_ref()?.admits(node).err()?.to_string())
    }
}

/// All that waits.
#[derive(Debug, Default)]
pub(crate) struct Demand<'a> {
    /// Distinct constraints.
    pub classes: Vec<Class<'a>>,
    /// Highest priority first, then largest first.
    pub shapes: Vec<Shape<'a>>,
    /// What pods ask of other pods.
    pub rules: Rules<'a>,
    /// What they prefer.
    pub wishes: Wishes<'a>,
    /// Pods that wait, but for which no host is bought, each with the reason; by name.
    pub beyond: Vec<(&'a Pod, String)>,
    attached: BTreeSet<String>,
    drivers: HashSet<&'a str>,
}

impl<'a> Demand<'a> {
    pub fn of(cluster: &Cluster<'a>) -> Self {
        let snapshot = cluster.snapshot;
        let mut demand = Self::default();
        let mut modelled: Vec<&Pod> = Vec::new();
        for pod in snapshot.pods.iter().map(AsRef::as_ref).filter(|pod| waits(pod)) {
            match pod.spec.beyond.as_slice() {
                [] => modelled.push(pod),
                what => demand.beyond.push((pod, format!("{} is not modelled yet: no host is bought for such a pod", what.join(", ")))),
            }
        }
        let keys = visible_keys(snapshot, &modelled);
        let groups = grouped(modelled, &keys);
        demand.add_shapes(cluster, groups);
        demand.wishes = Wishes::of(cluster, &demand.shapes);
        demand.beyond.sort_by_key(|(pod, _)| (&pod.key, &pod.uid));
        demand
    }

    /// How many of each shape wait.
    pub fn counts(&self) -> Vec<usize> {
        self.shapes.iter().map(|shape| shape.pods.len()).collect()
    }

    /// The drivers of volumes that pods who wait attach.
    pub fn drivers(&self) -> HashSet<&'a str> {
        self.drivers.clone()
    }

    /// The resources that volumes to attach are.
    pub fn attached(&self) -> impl Iterator<Item = &str> {
        self.attached.iter().map(String::as_str)
    }

    fn add_shapes(&mut self, cluster: &Cluster<'a>, groups: Vec<Vec<&'a Pod>>) {
        let mut index = HashMap::new();
        let storage = Storage::of(&cluster.snapshot.volumes);
        let mut taken: Vec<(Vec<&Pod>, usize, VolumeAskSummary)> = Vec::new();
        for pods in groups {
            let first = pods[0];
            let ask = match storage.ask(first) {
                Ok(ask) => ask,
                Err(why) => {
                    self.beyond.extend(pods.into_iter().map(|pod| (pod, why.to_string())));
                    continue;
                }
            };
            let summary = VolumeAskSummary::of(&ask);
            self.drivers.extend(ask.attaches.iter().map(|(driver, _)| *driver));
            let places = (!ask.places.is_empty()).then(|| (&first.key.namespace, &first.spec.claims));
            let key = (Constraints::of(first), places);
            let class = *index.entry(key).or_insert(self.classes.len());
            if class == self.classes.len() {
                let volumes = places.is_some().then_some(ask);
                self.classes.push(Class { constraints: Constraints::of(first), volumes });
            }
            taken.push((pods, class, summary));
        }
        let users = users(cluster.snapshot, taken.iter().flat_map(|(_, _, summary)| &summary.open));
        let is_shared = |claim: &&Key| users.get(claim).is_some_and(|pods| *pods > 1);
        let claims = |summary: &VolumeAskSummary| Claims {
            alone: summary.alone.clone(),
            shared: summary.open.iter().filter(is_shared).cloned().collect(),
        };
        let firsts: Vec<_> = taken.iter().map(|(pods, _, summary)| (pods[0], claims(summary))).collect();
        let (rules, of_each) = Rules::of(cluster, &firsts);
        self.rules = rules;
        for ((pods, class, summary), rule) in taken.into_iter().zip(of_each) {
            let first = pods[0];
            let tier = self.shapes.last().map_or(0, |last| last.tier + usize::from(last.spec().priority != first.spec.priority));
            let mut requests = first.spec.requests.at_least_zero();
            self.attached.extend(summary.attaches.iter().map(|(name, _)| name.clone()));
            requests.extended.extend(summary.attaches);
            self.shapes.push(Shape { requests, class, rule, tier, mark: first.shape(), pods });
        }
    }
}

/// What of a volume ask is not about labels.
struct VolumeAskSummary {
    attaches: Vec<(String, i64)>,
    alone: Vec<Key>,
    open: Vec<Key>,
}

impl VolumeAskSummary {
    fn of(ask: &VolumeAsk<'_>) -> Self {
        Self { attaches: attach_amounts(ask), alone: ask.alone.clone(), open: ask.open.clone() }
    }
}

/// How many pods without a node use each of these claims.
fn users<'c>(snapshot: &Snapshot, claims: impl Iterator<Item = &'c Key>) -> HashMap<&'c Key, usize> {
    let mut users: HashMap<&Key, usize> = claims.map(|claim| (claim, 0)).collect();
    if users.is_empty() {
        return users;
    }
    for pod in snapshot.pods.iter().filter(|pod| pod.node_name.is_none()) {
        for name in &pod.spec.claims {
            if let Some(pods) = users.get_mut(&Key::new(pod.key.namespace.clone(), name.clone())) {
                *pods += 1;
            }
        }
    }
    users
}

/// Volumes to attach, as resources.
pub(crate) fn attach_amounts(ask: &VolumeAsk<'_>) -> Vec<(String, i64)> {
    let mut amounts: Vec<(String, i64)> = Vec::new();
    for (driver, _) in &ask.attaches {
        let name = attach_name(driver);
        match amounts.iter_mut().find(|(other, _)| *other == name) {
            Some((_, amount)) => *amount += 1,
            None => amounts.push((name, 1)),
        }
    }
    amounts
}

/// The resource that a driver's volumes are.
pub(crate) fn attach_name(driver: &str) -> String {
    format!("{ATTACH_PREFIX}{driver}")
}

/// The driver whose volumes a resource is.
pub(crate) fn attach_driver(resource: &str) -> Option<&str> {
    resource.strip_prefix(ATTACH_PREFIX)
}

/// Whether a pod is waiting for room that a host could give.
fn waits(pod: &Pod) -> bool {
    pod.nominated_node.is_none() && is_open_to_help(pod)
}

/// Whether room on a host would help the pod, nominated as it may be. A DaemonSet's pod belongs to a node that exists.
pub(crate) fn is_open_to_help(pod: &Pod) -> bool {
    pod.unschedulable
        && pod.node_name.is_none()
        && !pod.terminating
        && !pod.spec.gated
        && pod.spec.scheduler == SCHEDULER
        && !is_daemon(pod)
}

/// Whether a DaemonSet owns the pod.
pub(crate) fn is_daemon(pod: &Pod) -> bool {
    pod.owner.as_ref().is_some_and(|(kind, _)| kind == "DaemonSet")
}

/// How hard a pod is to place: extended resources first, then the larger of CPU and memory.
fn size(requests: &Resources) -> (usize, i64) {
    let extended = requests.extended.values().filter(|ask| **ask > 0).count();
    (extended, requests.cpu_milli.saturating_mul(BYTES_PER_MILLI).max(requests.memory_bytes))
}

/// The order of planning.
fn order<'p>(group: &[&'p Pod]) -> impl Ord + use<'p> {
    let first = group[0];
    (Reverse((first.spec.priority, size(&first.spec.requests))), first.created, &first.key, &first.uid)
}
