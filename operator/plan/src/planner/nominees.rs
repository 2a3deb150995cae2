//! Nominations that will not come true: the pod is planned for as if it had none.
//!
//! kube-scheduler takes a nomination back when an attempt fails, but not that of a pod that never preempts: as long as it stands, such a pod
//! would count as placed on a node that is gone or that others have filled.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::cluster::{Cluster, is_live};
use super::demand::is_open_to_help;
use super::starved::SEAT_PATIENCE;
use crate::model::{Pod, Snapshot};
use crate::scheduling::Judge;

/// Nominated pods that are judged at most: where there are more, all are believed.
const MAX_JUDGED: usize = 1_000;

/// The snapshot without nominations that will not come true, and when the next one is no longer waited for.
pub(crate) fn settled(snapshot: &Snapshot) -> (Cow<'_, Snapshot>, Option<Timestamp>) {
    let ends = |pod: &Pod| pod.patience_ends(SEAT_PATIENCE).filter(|_| pod.nominated_node.is_some() && is_open_to_help(pod));
    let next = snapshot.pods.iter().filter_map(|pod| ends(pod)).filter(|end| *end > snapshot.now).min();
    let is_late = |at: &usize| ends(&snapshot.pods[*at]).is_some_and(|end| end <= snapshot.now);
    let late: Vec<usize> = (0..snapshot.pods.len()).filter(is_late).collect();
    if late.is_empty() || late.len() > MAX_JUDGED {
        return (Cow::Borrowed(snapshot), next);
    }
    let vain = in_vain(snapshot, late);
    (if vain.is_empty() { Cow::Borrowed(snapshot) } else { Cow::Owned(without(snapshot, &vain)) }, next)
}

/// Whose node is gone, or lets them in at no time while all others come to theirs.
fn in_vain(snapshot: &Snapshot, mut nominees: Vec<usize>) -> Vec<usize> {
    let cluster = Cluster::of(snapshot);
    let leaving: HashSet<&str> = snapshot.pods.iter().filter(|pod| pod.terminating).filter_map(|pod| pod.node_name.as_deref()).collect();
    let named = |at: usize| snapshot.pods[at].nominated_node.as_deref().unwrap_or_default();
    nominees.retain(|at| {
        let (name, host) = (named(*at), cluster.host(named(*at)).filter(|host| is_live(host)));
        let joins = match cluster.nodes.get(name) {
            Some(node) => host.is_some_and(|host| cluster.joins(node, host)),
            None => host.is_some_and(|host| !host.joined),
        };
        // Whoever pushed others aside waits until they are gone.
        !joins && !leaving.contains(name)
    });
    nominees.sort_by_key(|at| {
        let pod = &snapshot.pods[*at];
        (Reverse(pod.spec.priority), pod.created, &pod.key)
    });
    let free = without(snapshot, &nominees);
    let mut judge = Judge::of(&free);
    loop {
        let before = nominees.len();
        nominees.retain(|at| {
            let node = judge.node(named(*at)).filter(|node| judge.verdict(&free.pods[*at], *node).is_ok());
            node.into_iter().for_each(|node| judge.place(&free.pods[*at], node));
            node.is_none()
        });
        if nominees.len() == before {
            return nominees;
        }
    }
}

fn without(snapshot: &Snapshot, nominees: &[usize]) -> Snapshot {
    let mut world = snapshot.clone();
    nominees.iter().for_each(|at| Arc::make_mut(&mut world.pods[*at]).nominated_node = None);
    world
}
