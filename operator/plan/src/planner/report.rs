//! Turns what was placed and bought into commands, places and reasons.

use std::collections::{BTreeMap, HashSet};

use super::budget::Budget;
use super::buy::{Bought, Market};
use super::explain::{why_not, without_cloud};
use super::place::Placing;
use super::shrink::Going;
use super::{Command, Plan, Unplaced};
use crate::model::{Claim, Key, Pod, Snapshot};
use crate::pack::Pattern;

/// Pods that a reason names.
const NAMED_PODS: usize = 3;

/// Who went where.
pub(crate) struct Used<'a> {
    /// Nodes and hosts in flight that take waiting pods.
    pub names: HashSet<&'a str>,
    /// For each shape, the pods that found no room.
    rest: Vec<&'a [&'a Pod]>,
}

impl<'a> Used<'a> {
    /// Hands the pods of each shape out, oldest first: to what there is, then to what is bought. Writes the places and the hosts to create.
    pub fn of(market: &Market<'a>, placing: &Placing<'a>, bought: &[Bought], plan: &mut Plan) -> Self {
        let rest = market.demand.shapes.iter().map(|shape| shape.pods.as_slice()).collect();
        let mut used = Self { names: HashSet::new(), rest };
        for bin in placing.bins.iter().filter(|bin| !bin.pattern.is_empty()) {
            used.names.insert(bin.name);
            let pods = used.hand_out(&bin.pattern);
            plan.placed.extend(pods.into_iter().map(|pod| (pod.key.clone(), bin.name.to_owned())));
        }
        for host in bought {
            let pods = used.hand_out(&host.pattern);
            plan.commands.push(create(market, host, pods));
        }
        plan.placed.sort();
        used
    }

    /// Pods of a shape that are left go to a node.
    pub fn send(&mut self, shape: usize, pods: usize, node: &'a str, plan: &mut Plan) {
        let sent = self.hand_out(&vec![(shape, pods)]);
        plan.placed.extend(sent.into_iter().map(|pod| (pod.key.clone(), node.to_owned())));
    }

    fn hand_out(&mut self, pattern: &Pattern) -> Vec<&'a Pod> {
        let mut pods = Vec::new();
        for (shape, count) in pattern {
            let (here, after) = self.rest[*shape].split_at(*count);
            pods.extend(here.iter().copied());
            self.rest[*shape] = after;
        }
        pods
    }
}

fn create(market: &Market<'_>, host: &Bought, mut pods: Vec<&Pod>) -> Command {
    let candidate = &market.catalog.candidates[host.candidate];
    pods.sort_by_key(|pod| (&pod.key, &pod.uid));
    let keys: Vec<Key> = pods.iter().map(|pod| pod.key.clone()).collect();
    Command::CreateHost {
        pool: market.catalog.pools[candidate.pool].key.clone(),
        flavor: candidate.offering.flavor.clone(),
        zone: candidate.offering.zone.clone(),
        price_micro: candidate.offering.price_micro,
        reason: reason(&keys, host.floor.as_deref()),
        pods: keys,
        allocatable: candidate.allocatable.clone(),
        labels: candidate.labels.clone(),
        claims: claims(market, &host.pattern),
    }
}

fn claims(market: &Market<'_>, pattern: &Pattern) -> Vec<Claim> {
    let mut by_mark: BTreeMap<u64, usize> = BTreeMap::new();
    pattern.iter().for_each(|(shape, count)| *by_mark.entry(market.demand.shapes[*shape].mark).or_default() += count);
    by_mark.into_iter().map(|(shape, pods)| Claim { shape, pods: u32::try_from(pods).unwrap_or(u32::MAX) }).collect()
}

fn reason(pods: &[Key], floor: Option<&str>) -> String {
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
pub(crate) fn unplaced(
    market: &Market<'_>,
    snapshot: &Snapshot,
    placing: &mut Placing<'_>,
    budget: &Budget,
    used: &Used<'_>,
    plan: &mut Plan,
) {
    for (shape, pods) in market.demand.shapes.iter().zip(&used.rest).filter(|(_, pods)| !pods.is_empty()) {
        let mut reasons: Vec<(Option<Key>, String)> = Vec::new();
        for (at, pool) in market.catalog.pools.iter().enumerate() {
            let why = without_cloud(snapshot, pool).filter(|_| pool.ready.is_ok());
            let why = why.unwrap_or_else(|| why_not(market, at, shape, &mut placing.field, budget));
            reasons.push((Some(pool.key.clone()), why));
        }
        if reasons.is_empty() {
            reasons.push((None, "there is no VMPool: create one".to_owned()));
        }
        plan.unplaced.extend(pods.iter().map(|pod| entry(pod, reasons.clone())));
    }
    for (pod, why) in &market.demand.beyond {
        plan.unplaced.push(entry(pod, vec![(None, why.clone())]));
    }
}

fn entry(pod: &Pod, reasons: Vec<(Option<Key>, String)>) -> Unplaced {
    Unplaced { pod: pod.key.clone(), uid: pod.uid.clone(), reasons }
}
