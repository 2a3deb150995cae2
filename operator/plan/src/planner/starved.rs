//! Pods that keep a seat on a node that takes pods now and that the scheduler refuses there all the same: they are demand again.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::buy::Market;
use super::cluster::Cluster;
use super::place::Placing;
use super::supply::Origin;
use crate::model::{Host, Pod};
use crate::scheduling::{HOST_LABEL, HOSTNAME, Judge, NewNode, NodeAt};

/// How long after it was found unschedulable a pod is expected to be bound where it has a seat.
pub(crate) const SEAT_PATIENCE: SignedDuration = SignedDuration::from_mins(1);
/// Pods in seats that are judged at most: where there are more, none is.
const MAX_JUDGED: usize = 1_000;

/// A pod in its seat.
struct Seated<'a> {
    bin: usize,
    shape: usize,
    pod: &'a Pod,
    late: bool,
}

/// Takes pods from seats in which they would never be bound, for hosts on their way or new ones. Says when the next pod's time is up.
pub(crate) fn withdraw<'a>(market: &Market<'a>, cluster: &Cluster<'a>, placing: &mut Placing<'a>) -> Option<Timestamp> {
    let now = cluster.snapshot.now;
    let seated = seated(market, placing, now);
    let standing = |seat: &&Seated<'_>| placing.bins[seat.bin].origin != Origin::Coming;
    let ends = seated.iter().filter(standing).filter_map(|seat| seat.pod.patience_ends(SEAT_PATIENCE)).filter(|end| *end > now).min();
    if seated.len() <= MAX_JUDGED && seated.iter().filter(standing).any(|seat| seat.late) {
        for seat in refused(cluster, placing, seated).into_iter().filter(|seat| seat.late) {
            placing.withdraw(market.demand, seat.shape, seat.bin);
        }
        placing.fill_coming(market);
    }
    ends
}

/// Who sits where, as pods are handed out: the oldest of a shape in the first bin.
fn seated<'a>(market: &Market<'a>, placing: &Placing<'_>, now: Timestamp) -> Vec<Seated<'a>> {
    let mut next = vec![0; market.demand.shapes.len()];
    let mut seated = Vec::new();
    for (at, bin) in placing.bins.iter().enumerate() {
        for (shape, count) in &bin.pattern {
            let pods = &market.demand.shapes[*shape].pods[next[*shape]..next[*shape] + count];
            next[*shape] += count;
            let late = |pod: &Pod| pod.patience_ends(SEAT_PATIENCE).is_some_and(|end| end <= now);
            seated.extend(pods.iter().map(|pod| Seated { bin: at, shape: *shape, pod, late: late(pod) }));
        }
    }
    seated
}

/// Those that the scheduler refuses both now and when all others are where they are to be.
fn refused<'a>(cluster: &Cluster<'a>, placing: &Placing<'_>, seated: Vec<Seated<'a>>) -> Vec<Seated<'a>> {
    let mut judge = Judge::of(cluster.snapshot);
    let (coming, mut rest): (Vec<Seated<'_>>, Vec<Seated<'_>>) =
        seated.into_iter().partition(|seat| placing.bins[seat.bin].origin == Origin::Coming);
    let mut nodes: Vec<Option<NodeAt>> = placing.bins.iter().map(|bin| judge.node(bin.name)).collect();
    bind(&mut judge, &nodes, &mut rest);
    for (bin, node) in placing.bins.iter().zip(&mut nodes) {
        *node = node.or_else(|| join(&mut judge, bin.host?));
    }
    for seat in coming {
        nodes[seat.bin].into_iter().for_each(|at| judge.place(&Arc::new(seat.pod.clone()), at));
    }
    bind(&mut judge, &nodes, &mut rest);
    rest
}

/// Binds whoever the scheduler lets in, again and again, as others let him in; the rest stays.
fn bind(judge: &mut Judge<'_>, nodes: &[Option<NodeAt>], rest: &mut Vec<Seated<'_>>) {
    loop {
        let before = rest.len();
        rest.retain(|seat| {
            let at = nodes[seat.bin].filter(|at| judge.verdict(seat.pod, *at).is_ok());
            at.into_iter().for_each(|at| judge.place(&Arc::new(seat.pod.clone()), at));
            at.is_none()
        });
        if rest.len() == before {
            return;
        }
    }
}

fn join(judge: &mut Judge<'_>, host: &Host) -> Option<NodeAt> {
    let mut labels = (*host.labels).clone();
    labels.extend([HOSTNAME, HOST_LABEL].map(|key| (key.to_owned(), host.key.name.clone())));
    let (name, taints, allocatable) = (Some(host.key.name.clone()), host.taints.clone(), host.allocatable.clone());
    Some(judge.add_node(NewNode { name, labels, taints, allocatable, drivers: None }))
}
