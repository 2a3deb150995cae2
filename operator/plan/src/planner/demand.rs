//! Demand: the pods that a new host could help, grouped into shapes so that work grows with shapes rather than with pods.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::model::{Pod, Snapshot};
use crate::resources::Resources;
use crate::scheduling::Constraints;

/// The only scheduler whose verdicts are known here.
const SCHEDULER: &str = "default-scheduler";
/// Bytes of memory that weigh as much as one milli-CPU when sizes are compared: 4 GiB for a CPU.
const BYTES_PER_MILLI: i64 = 4 * (1 << 30) / 1_000;

/// Pods that are the same to the planner.
#[derive(Debug)]
pub(crate) struct Shape<'a> {
    /// What one asks for, nothing below zero.
    pub requests: Resources,
    /// Index into [`Demand::classes`].
    pub class: usize,
    /// Rank of the priority; 0 is the highest.
    pub tier: usize,
    /// The pods, oldest first.
    pub pods: Vec<&'a Pod>,
}

/// All that waits.
#[derive(Debug, Default)]
pub(crate) struct Demand<'a> {
    /// Distinct constraints.
    pub classes: Vec<Constraints<'a>>,
    /// Highest priority first, then largest first.
    pub shapes: Vec<Shape<'a>>,
    /// Pods that wait, but ask for what is not modelled; by name.
    pub beyond: Vec<&'a Pod>,
}

impl<'a> Demand<'a> {
    /// How many of each shape wait.
    pub fn counts(&self) -> Vec<usize> {
        self.shapes.iter().map(|shape| shape.pods.len()).collect()
    }

    /// How many priorities there are.
    pub fn tiers(&self) -> usize {
        self.shapes.last().map_or(0, |shape| shape.tier + 1)
    }

    pub fn of(snapshot: &'a Snapshot) -> Self {
        let waiting = snapshot.pods.iter().map(AsRef::as_ref).filter(|pod| waits(pod));
        let (mut modelled, mut beyond): (Vec<&Pod>, Vec<&Pod>) = (Vec::new(), Vec::new());
        for pod in waiting {
            if pod.spec.beyond.is_empty() { modelled.push(pod) } else { beyond.push(pod) }
        }
        beyond.sort_by_key(|pod| (&pod.key, &pod.uid));
        let groups = grouped(modelled);
        let (classes, shapes) = classified(groups);
        Self { classes, shapes, beyond }
    }
}

/// Whether a pod is waiting for room that a host could give. A DaemonSet's pod belongs to a node that exists.
fn waits(pod: &Pod) -> bool {
    pod.unschedulable
        && pod.node_name.is_none()
        && pod.nominated_node.is_none()
        && !pod.terminating
        && pod.spec.scheduler == SCHEDULER
        && !is_daemon(pod)
}

/// Whether a DaemonSet owns the pod.
pub(crate) fn is_daemon(pod: &Pod) -> bool {
    pod.owner.as_ref().is_some_and(|(kind, _)| kind == "DaemonSet")
}

/// Equal pods together, in the order of planning.
fn grouped(pods: Vec<&Pod>) -> Vec<Vec<&Pod>> {
    let mut index = HashMap::new();
    let mut groups: Vec<Vec<&Pod>> = Vec::new();
    for pod in pods {
        let key = (pod.spec.priority, &pod.spec.requests, Constraints::of(pod));
        let at = *index.entry(key).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Vec::new());
        }
        groups[at].push(pod);
    }
    for group in &mut groups {
        group.sort_by_key(|pod| (pod.created, &pod.key, &pod.uid));
    }
    groups.sort_by_cached_key(|group| {
        let first = group[0];
        (Reverse((first.spec.priority, size(&first.spec.requests))), first.created, &first.key, &first.uid)
    });
    groups
}

/// How hard a pod is to place: extended resources first, then the larger of CPU and memory.
fn size(requests: &Resources) -> (usize, i64) {
    let extended = requests.extended.values().filter(|ask| **ask > 0).count();
    (extended, requests.cpu_milli.saturating_mul(BYTES_PER_MILLI).max(requests.memory_bytes))
}

fn classified(groups: Vec<Vec<&Pod>>) -> (Vec<Constraints<'_>>, Vec<Shape<'_>>) {
    let mut index = HashMap::new();
    let mut classes = Vec::new();
    let mut shapes: Vec<Shape<'_>> = Vec::new();
    for pods in groups {
        let first = pods[0];
        let constraints = Constraints::of(first);
        let class = *index.entry(constraints).or_insert(classes.len());
        if class == classes.len() {
            classes.push(constraints);
        }
        let tier = shapes.last().map_or(0, |last| last.tier + usize::from(last.pods[0].spec.priority != first.spec.priority));
        shapes.push(Shape { requests: first.spec.requests.at_least_zero(), class, tier, pods });
    }
    (classes, shapes)
}
