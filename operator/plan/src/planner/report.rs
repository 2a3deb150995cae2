//! Turns what was simulated into commands, places and reasons.

use std::collections::HashSet;

use super::budget::Budget;
use super::explain::{why_not, without_cloud};
use super::fill::Pattern;
use super::market::Market;
use super::shrink::Going;
use super::simulate::{Ground, Outcome};
use super::supply::Bin;
use super::{Command, Plan, Unplaced};
use crate::model::{Key, Pod, Snapshot};

/// Pods that a reason names.
const NAMED_PODS: usize = 3;

/// Who went where.
pub(crate) struct Used<'a> {
    /// Nodes and hosts in flight that take waiting pods.
    pub names: HashSet<&'a str>,
    /// For each shape, the pods that found no room.
    rest: Vec<&'a [&'a Pod]>,
    /// What is used of all limits with this plan.
    budget: Budget,
}

/// Hands the pods of each shape out to the bins, oldest first, and writes the places and the hosts to create.
pub(crate) fn places<'a>(
    market: &Market<'a>,
    ground: &Ground<'a>,
    coming: &[Bin<'a>],
    outcome: &Outcome,
    budget: Budget,
    plan: &mut Plan,
) -> Used<'a> {
    let rest = market.demand.shapes.iter().map(|shape| shape.pods.as_slice()).collect();
    let mut used = Used { names: HashSet::new(), rest, budget };
    let standing = ground.nodes.iter().zip(&ground.filled(outcome.style).patterns);
    for (bin, pattern) in standing.chain(coming.iter().zip(&outcome.coming.patterns)) {
        let pods = used.hand_out(pattern);
        match (bin.name, bin.candidate) {
            (_, Some(candidate)) => plan.commands.push(create(market, candidate, pods, bin.floor.as_deref())),
            (Some(name), None) if !pods.is_empty() => {
                used.names.insert(name);
                plan.placed.extend(pods.into_iter().map(|pod| (pod.clone(), name.to_owned())));
            }
            _ => {}
        }
    }
    plan.placed.sort();
    used
}

impl<'a> Used<'a> {
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    fn hand_out(&mut self, pattern: &Pattern) -> Vec<&'a Key> {
        let mut pods = Vec::new();
        for (shape, count) in pattern {
            let (here, after) = self.rest[*shape].split_at(*count);
            pods.extend(here.iter().map(|pod| &pod.key));
            self.rest[*shape] = after;
        }
        pods
    }
}

fn create(market: &Market<'_>, candidate: usize, mut pods: Vec<&Key>, floor: Option<&str>) -> Command {
    let candidate = &market.catalog.candidates[candidate];
    pods.sort();
    Command::CreateHost {
        pool: market.catalog.pools[candidate.pool].key.clone(),
        flavor: candidate.offering.flavor.clone(),
        zone: candidate.offering.zone.clone(),
        price_micro: candidate.offering.price_micro,
        reason: reason(&pods, floor),
        pods: pods.into_iter().cloned().collect(),
        allocatable: candidate.allocatable.clone(),
        labels: candidate.labels.clone(),
        claims: Vec::new(),
    }
}

fn reason(pods: &[&Key], floor: Option<&str>) -> String {
    let named: Vec<String> = pods.iter().take(NAMED_PODS).map(ToString::to_string).collect();
    let named = named.join(", ");
    let waiting = match pods.len() {
        0 => None,
        1 => Some(format!("pod {named} finds no room")),
        n if n <= NAMED_PODS => Some(format!("{n} pods find no room: {named}")),
        n => Some(format!("{n} pods find no room: {named} and {} more", n - NAMED_PODS)),
    };
    match (floor, waiting) {
        (Some(floor), Some(waiting)) => format!("{floor}; {waiting}"),
        (floor, waiting) => waiting.unwrap_or_else(|| floor.unwrap_or_default().to_owned()),
    }
}

/// Lets a host go.
pub(crate) fn delete((host, reason): Going<'_>) -> Command {
    Command::DeleteHost { host: host.key.clone(), uid: host.uid.clone(), reason }
}

/// Writes why each pod without room gets nothing: once for each shape, however many pods it has.
pub(crate) fn unplaced(market: &Market<'_>, snapshot: &Snapshot, used: &Used<'_>, plan: &mut Plan) {
    for (shape, pods) in market.demand.shapes.iter().zip(&used.rest).filter(|(_, pods)| !pods.is_empty()) {
        let mut reasons: Vec<(Option<Key>, String)> = Vec::new();
        for (at, pool) in market.catalog.pools.iter().enumerate() {
            let why = without_cloud(snapshot, pool).filter(|_| pool.ready.is_ok());
            let why = why.unwrap_or_else(|| why_not(market, at, shape, &used.budget));
            reasons.push((Some(pool.key.clone()), why));
        }
        if reasons.is_empty() {
            reasons.push((None, "there is no VMPool: create one".to_owned()));
        }
        plan.unplaced.extend(pods.iter().map(|pod| entry(pod, reasons.clone())));
    }
    for pod in &market.demand.beyond {
        let why = format!("{} is not modelled yet: no host is bought for such a pod", pod.spec.beyond.join(", "));
        plan.unplaced.push(entry(pod, vec![(None, why)]));
    }
}

fn entry(pod: &Pod, reasons: Vec<(Option<Key>, String)>) -> Unplaced {
    Unplaced { pod: pod.key.clone(), uid: pod.uid.clone(), reasons }
}
