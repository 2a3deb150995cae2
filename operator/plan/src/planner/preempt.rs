//! Pods that will push others aside buy nothing for a while: the scheduler is expected to make room for them.

use jiff::{SignedDuration, Timestamp};

use super::Plan;
use super::buy::Market;
use super::cluster::Cluster;
use super::place::Placing;
use super::report::Used;
use crate::scheduling::Judge;

/// How long after it was found unschedulable a pod is expected to preempt.
const PREEMPTION_PATIENCE: SignedDuration = SignedDuration::from_secs(30);
/// Pods that are tried at most: each asks of all nodes.
const MAX_TRIED: usize = 200;

/// Pods that are expected to preempt: shape, how many, node.
#[derive(Default)]
pub(crate) struct Expected<'a> {
    sent: Vec<(usize, &'a str)>,
    ends: Option<Timestamp>,
}

/// Takes from what is left the pods that preemption will serve.
pub(crate) fn expected<'a>(market: &Market<'a>, cluster: &Cluster<'a>, placing: &mut Placing<'a>) -> Expected<'a> {
    let snapshot = cluster.snapshot;
    let mut expected = Expected::default();
    let lowest = snapshot.pods.iter().filter(|pod| pod.node_name.is_some()).map(|pod| pod.spec.priority).min();
    let (mut judge, mut tried) = (None, 0);
    for (at, shape) in market.demand.shapes.iter().enumerate() {
        if shape.spec().never_preempts || lowest.is_none_or(|lowest| shape.spec().priority <= lowest) {
            continue;
        }
        // The oldest have room already: those that are left come last.
        let waiting = &shape.pods[shape.pods.len() - placing.left[at]..];
        for pod in waiting {
            let Some(end) = pod.patience_ends(PREEMPTION_PATIENCE).filter(|end| *end > snapshot.now && tried < MAX_TRIED) else {
                continue;
            };
            tried += 1;
            let judge = judge.get_or_insert_with(|| Judge::of(snapshot));
            let Some(node) = judge.preempts(pod) else {
                break;
            };
            let Some(name) = judge.name(node).and_then(|name| cluster.nodes.get_key_value(name)) else {
                break;
            };
            judge.place(&std::sync::Arc::new((*pod).clone()), node);
            expected.sent.push((at, name.0));
            expected.ends = Some(expected.ends.map_or(end, |other: Timestamp| other.min(end)));
            placing.left[at] -= 1;
        }
    }
    expected
}

impl<'a> Expected<'a> {
    /// Writes where they are expected, and says when that is over.
    pub fn report(&self, used: &mut Used<'a>, plan: &mut Plan) -> Option<Timestamp> {
        for (shape, node) in &self.sent {
            used.send(*shape, 1, node, plan);
        }
        plan.placed.sort();
        self.ends
    }
}
