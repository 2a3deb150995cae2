//! Who is where, as far as somebody prefers to be near them or away from them.

use std::collections::HashMap;
use std::sync::Arc;

use super::{FULL_WEIGHT, Liking, Wishes};
use crate::model::Snapshot;
use crate::planner::buy::{Bought, Market};
use crate::planner::rules::Topology;
use crate::planner::supply::Bin;

/// Thousandths of a weight.
pub(super) const MILLI: i64 = 1_000;

/// Where pods are together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Domain<'a> {
    /// Nodes with this value of a label; for single nodes, the one of this name.
    Value(&'a str),
    /// A host that is bought.
    New(usize),
}

/// Where a pod could be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'p, 'a> {
    pub liking: &'p Liking<'a>,
    /// As a domain of its own; `None`: one of many like it.
    pub node: Option<Domain<'a>>,
}

/// Counts by counter and domain.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crowd<'a> {
    counts: HashMap<(usize, Domain<'a>), i64>,
    totals: Vec<i64>,
}

impl<'a> Crowd<'a> {
    /// Who runs or is nominated.
    pub(super) fn settled(wishes: &Wishes<'a>, snapshot: &'a Snapshot) -> Self {
        let mut crowd = Self { counts: HashMap::new(), totals: vec![0; wishes.counters.len()] };
        if wishes.counters.is_empty() {
            return crowd;
        }
        let mut known: HashMap<(&str, *const crate::model::Labels, bool), Vec<usize>> = HashMap::new();
        for pod in &snapshot.pods {
            let Some(name) = pod.place() else {
                continue;
            };
            let key = (pod.key.namespace.as_str(), Arc::as_ptr(&pod.labels), pod.terminating);
            let counted = known.entry(key).or_insert_with(|| wishes.counted(pod, snapshot));
            let place = Place { liking: wishes.liking_of(name), node: Some(Domain::Value(name)) };
            counted.iter().for_each(|counter| crowd.count(wishes, *counter, place, 1));
        }
        crowd
    }

    /// Those, and whom this plan has placed and bought hosts for.
    pub(super) fn now(market: &Market<'a>, bins: &[Bin<'a>], bought: &[Bought]) -> Self {
        let wishes = market.wishes;
        let mut crowd = wishes.settled.clone();
        for bin in bins {
            let place = Place { liking: wishes.liking_of(bin.name), node: Some(Domain::Value(bin.name)) };
            bin.pattern.iter().for_each(|(shape, pods)| crowd.shift(wishes, *shape, place, *pods as i64));
        }
        for (at, host) in bought.iter().enumerate() {
            let place = Place { liking: &market.catalog.candidates[host.candidate].liking, node: Some(Domain::New(at)) };
            host.pattern.iter().for_each(|(shape, pods)| crowd.shift(wishes, *shape, place, *pods as i64));
        }
        crowd
    }

    /// Counts pods of a shape in, or out.
    pub(super) fn shift(&mut self, wishes: &Wishes<'a>, shape: usize, place: Place<'_, 'a>, pods: i64) {
        for counter in &wishes.of_shape[shape].counted {
            self.count(wishes, *counter, place, pods);
        }
    }

    fn count(&mut self, wishes: &Wishes<'a>, counter: usize, place: Place<'_, 'a>, pods: i64) {
        if let Some(domain) = domain(wishes, counter, place) {
            *self.counts.entry((counter, domain)).or_default() += pods;
            self.totals[counter] += pods;
        }
    }

    /// What of a pod's preferences would be satisfied there, in thousandths of a weight; 100 weights at most. The pod itself is not counted.
    ///
    /// Company is satisfied by the share of those who are meant that are there; being away by the share that is not.
    pub(super) fn weight_milli(&self, wishes: &Wishes<'a>, shape: usize, place: Place<'_, 'a>) -> i64 {
        let wish = &wishes.of_shape[shape];
        let mut sum = wish.eye.map_or(0, |eye| place.liking.weights[eye] * MILLI);
        for company in &wish.company {
            let there = domain(wishes, company.counter, place).and_then(|domain| self.counts.get(&(company.counter, domain)).copied());
            let share = there.unwrap_or(0).max(0) * MILLI / self.totals[company.counter].max(1);
            sum += if company.weight > 0 { company.weight * share } else { -company.weight * (MILLI - share) };
        }
        sum * FULL_WEIGHT / wish.all
    }
}

fn domain<'a>(wishes: &Wishes<'a>, counter: usize, place: Place<'_, 'a>) -> Option<Domain<'a>> {
    let topology = wishes.counters[counter].topology;
    match wishes.topologies[topology] {
        Topology::Node => place.node,
        Topology::Label(_) | Topology::Cluster => place.liking.domains[topology].map(Domain::Value),
    }
}
