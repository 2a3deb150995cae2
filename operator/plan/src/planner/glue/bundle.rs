//! Puts together pods of several lots that one host takes and that have each other there.

use std::collections::BTreeMap;

use crate::planner::buy::Market;
use crate::planner::catalog::{Candidate, Group};
use crate::planner::demand::Shape;
use crate::planner::field::{Field, Spot};
use crate::planner::rules::{Asks, Needs};
use crate::planner::sites::{Lot, Sites};
use crate::resources::Resources;

/// Pods that are needed by those who are needed, and so on.
const MAX_CHAIN: usize = 4;
/// Kinds of pods that are tried where several would do.
const MAX_TRIED: usize = 8;

/// Lots from which bundles are taken.
pub(super) struct Bundling<'m, 'a> {
    /// What is left of each.
    pub lots: Vec<Lot>,
    market: &'m Market<'a>,
    /// What can be bought, and at which site.
    candidates: Vec<(&'a Candidate<'a>, usize)>,
    field: Field<'a>,
}

/// A host in the making.
struct Bundle {
    /// The lot of each pod, in the order in which they come.
    pods: Vec<usize>,
    total: Resources,
    spot: Spot,
}

impl<'m, 'a> Bundling<'m, 'a> {
    pub fn new(market: &'m Market<'a>, groups: &[&Group], sites: &Sites<'_>, field: &Field<'a>, lots: Vec<Lot>) -> Self {
        let catalog = market.catalog;
        let candidates = groups.iter().zip(&sites.of_group).map(|(group, site)| (&catalog.candidates[group.members[0]], *site));
        Self { lots, market, candidates: candidates.collect(), field: field.clone() }
    }

    /// The next bundle around a pod of this lot, and how often it can be had; those pods are no longer in their lots.
    pub fn next(&mut self, lead: usize) -> Option<Lot> {
        let spot = self.candidates.iter().find(|(candidate, _)| candidate.takes(self.shape(lead), self.market.verdicts))?.0.spot.clone();
        let spot = self.field.settled(&self.market.demand.rules, &spot);
        let mut bundle = Bundle { pods: Vec::new(), total: Resources::default(), spot };
        if !self.join(&mut bundle, lead, 0) {
            return None;
        }
        let alone = bundle.pods.len() == 1;
        for lot in (0..self.lots.len()).filter(|lot| self.needs(*lot).counters == self.needs(lead).counters).collect::<Vec<_>>() {
            while self.join(&mut bundle, lot, MAX_CHAIN) {}
        }
        let mut parts: BTreeMap<usize, usize> = BTreeMap::new();
        bundle.pods.iter().for_each(|lot| *parts.entry(*lot).or_default() += 1);
        let times = parts.iter().map(|(lot, count)| self.lots[*lot].count / count).min().unwrap_or(0);
        // Those who have nobody but each other get one host: on the next they would not be the first.
        let times = if alone { times.min(1) } else { times };
        parts.iter().for_each(|(lot, count)| self.lots[*lot].count -= count * times);
        let contents = parts.iter().map(|(lot, count)| (self.lots[*lot].contents[0].0, *count)).collect();
        let sited = parts.keys().find(|lot| self.lots[**lot].site.is_some()).map(|lot| &self.lots[*lot]);
        Some(Lot { contents, count: times, site: sited.and_then(|lot| lot.site), spot: sited.and_then(|lot| lot.spot.clone()) })
    }

    /// Adds a pod of the lot, after those whom it needs; false: it does not go, and nobody was added.
    fn join(&mut self, bundle: &mut Bundle, lot: usize, depth: usize) -> bool {
        if !self.has_room(bundle, lot) {
            return false;
        }
        let before = bundle.pods.len();
        for who in self.needed(bundle, lot).into_iter().filter(|_| depth < MAX_CHAIN) {
            if self.join(bundle, who, depth + 1) && self.join(bundle, lot, depth + 1) {
                return true;
            }
            self.leave(bundle, before);
        }
        let asks = self.asks(lot);
        if self.field.admits(asks, &bundle.spot).is_err() {
            return false;
        }
        self.field.place(asks, &bundle.spot, 1);
        bundle.total.add(&self.shape(lot).requests);
        bundle.pods.push(lot);
        true
    }

    /// Takes out whoever came after so many.
    fn leave(&mut self, bundle: &mut Bundle, stay: usize) {
        for lot in bundle.pods.split_off(stay) {
            self.field.take_back(self.asks(lot), &bundle.spot, 1);
            bundle.total.sub(&self.shape(lot).requests);
        }
    }

    /// Whether a host takes such a pod beside the others.
    fn has_room(&self, bundle: &Bundle, lot: usize) -> bool {
        let mut lots: Vec<usize> = bundle.pods.iter().copied().chain([lot]).collect();
        let used = lots.iter().filter(|other| **other == lot).count();
        lots.sort_unstable();
        lots.dedup();
        let mut sites = lots.iter().filter_map(|lot| self.lots[*lot].site);
        let site = sites.next();
        let mut total = bundle.total.clone();
        total.add(&self.shape(lot).requests);
        let takes = |(candidate, at): &(&Candidate<'_>, usize)| {
            site.is_none_or(|site| site == *at)
                && total.fits(&candidate.free)
                && lots.iter().all(|lot| candidate.is_for(self.shape(*lot), self.market.verdicts))
        };
        used <= self.lots[lot].count && sites.all(|other| Some(other) == site) && self.candidates.iter().any(takes)
    }

    /// Lots of pods that such a pod misses in the bundle: of others that do not miss the same.
    fn needed(&self, bundle: &Bundle, lot: usize) -> Vec<usize> {
        let needs = &self.needs(lot).counters;
        let missing = needs.iter().find(|counter| self.field.at_spot(**counter, &bundle.spot) == 0);
        let helps =
            |who: &usize| missing.is_some_and(|missing| self.asks(*who).adds.contains(missing)) && self.needs(*who).counters != *needs;
        (0..self.lots.len()).filter(helps).take(MAX_TRIED).collect()
    }

    fn shape(&self, lot: usize) -> &'a Shape<'a> {
        &self.market.demand.shapes[self.lots[lot].contents[0].0]
    }

    fn asks(&self, lot: usize) -> &'a Asks {
        &self.market.demand.rules.rules[self.shape(lot).rule].local
    }

    fn needs(&self, lot: usize) -> &'a Needs {
        &self.asks(lot).needs
    }
}
