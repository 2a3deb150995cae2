//! Poses what is left, and what can be bought for it, as a problem of packing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::budget::{Budget, Purpose};
use super::buy::Market;
use super::catalog::{Candidate, Group};
use super::rules::{Rule, Whom};
use super::sites::Lot;
use crate::model::Pod;
use crate::pack::{Bits, Item, Kind, Limit, Load, Problem, Rules};
use crate::resources::Resources;

/// Prices above this count as this: so many hosts as a plan buys can be summed up.
pub(crate) const MAX_PRICE_MICRO: i64 = 1 << 50;

/// A problem whose kinds are groups and whose items are lots.
pub(crate) struct Posed {
    pub problem: Problem,
    pub purpose: Purpose,
}

/// Lots that the same hosts take: the classes of its shapes, site, and their marks where they matter.
type ClassKey = (Vec<usize>, Option<usize>, Vec<u64>);

impl Posed {
    /// Buying at most so many hosts of these groups for these lots.
    pub fn new(market: &Market<'_>, groups: &[&Group], lots: &[Lot], budget: &Budget, purpose: Purpose, hosts: usize) -> Self {
        let dimensions = Dimensions::of(market, lots);
        let candidates: Vec<&Candidate<'_>> = groups.iter().map(|group| &market.catalog.candidates[group.members[0]]).collect();
        let mut classes: HashMap<ClassKey, usize> = HashMap::new();
        let mut keys: Vec<(Option<usize>, Vec<usize>)> = Vec::new();
        let mut company = Company::default();
        let mut items = Vec::with_capacity(lots.len());
        for lot in lots {
            let shapes = || lot.contents.iter().map(|(shape, _)| &market.demand.shapes[*shape]);
            let marked = |mark: &u64| candidates.iter().any(|candidate| candidate.useless.binary_search(mark).is_ok());
            let key = (shapes().map(|shape| shape.class).collect(), lot.site, shapes().map(|shape| shape.mark).filter(marked).collect());
            let class = *classes.entry(key).or_insert_with(|| {
                keys.push((lot.site, lot.contents.iter().map(|(shape, _)| *shape).collect()));
                keys.len() - 1
            });
            let rules = company.rules(market, lot);
            let size = dimensions.sizes(&size(market, lot));
            items.push(Item {
                size,
                count: lot.count,
                class,
                tier: shapes().map(|shape| shape.tier).min().unwrap_or(0),
                rules,
                bonus: Vec::new(),
            });
        }
        let mut kinds = Vec::with_capacity(groups.len());
        let mut rows = Vec::with_capacity(groups.len());
        for candidate in &candidates {
            let capacity = dimensions.sizes(&candidate.free);
            let admits = |(site, shapes): &(Option<usize>, Vec<usize>)| {
                shapes.iter().all(|shape| candidate.is_for(&market.demand.shapes[*shape], market.verdicts))
                    && site.is_none_or(|site| lot_spot(lots, site) == Some(&candidate.spot))
            };
            rows.push(Bits::of(keys.iter().enumerate().filter(|(_, key)| admits(key)).map(|(at, _)| at)));
            let load = company.load(market, candidate);
            kinds.push(Kind { capacity, price: candidate.offering.price_micro.clamp(1, MAX_PRICE_MICRO), row: rows.len() - 1, load });
        }
        let mut limits = budget.limits(&candidates, purpose, market.catalog);
        limits.push(Limit { uses: vec![1; kinds.len()], at_most: i64::try_from(hosts).unwrap_or(i64::MAX) });
        Self { problem: Problem { items, kinds, rows, caps: company.caps, limits }, purpose }
    }

    /// How many there are of each item.
    pub fn counts(&self) -> Vec<usize> {
        self.problem.items.iter().map(|item| item.count).collect()
    }
}

fn lot_spot(lots: &[Lot], site: usize) -> Option<&super::field::Spot> {
    lots.iter().find(|lot| lot.site == Some(site)).and_then(|lot| lot.spot.as_ref())
}

/// What one of a lot asks for.
pub(crate) fn size(market: &Market<'_>, lot: &Lot) -> Resources {
    let mut size = Resources::default();
    lot.contents.iter().for_each(|(shape, count)| size.add(&market.demand.shapes[*shape].requests.scaled(*count)));
    size
}

/// The resources that somebody asks for.
pub(crate) struct Dimensions(Vec<String>);

impl Dimensions {
    fn of(market: &Market<'_>, lots: &[Lot]) -> Self {
        let shapes = lots.iter().flat_map(|lot| &lot.contents).map(|(shape, _)| *shape);
        Self::of_shapes(market, shapes)
    }

    pub fn of_shapes(market: &Market<'_>, shapes: impl Iterator<Item = usize>) -> Self {
        let mut names: BTreeSet<&String> = BTreeSet::new();
        shapes.for_each(|shape| names.extend(market.demand.shapes[shape].requests.extended.keys()));
        Self(names.into_iter().cloned().collect())
    }

    pub fn sizes(&self, of: &Resources) -> Vec<i64> {
        let extended = self.0.iter().map(|name| of.extended.get(name).copied().unwrap_or(0));
        [of.cpu_milli, of.memory_bytes, of.ephemeral_bytes, of.pods].into_iter().chain(extended).collect()
    }
}

/// Rules within a host as tokens and caps.
#[derive(Default)]
struct Company {
    /// Caps by group.
    caps: Vec<usize>,
    /// Group of a spread counter.
    groups: BTreeMap<usize, usize>,
    known: HashMap<usize, Rules>,
}

impl Company {
    fn rules(&mut self, market: &Market<'_>, lot: &Lot) -> Rules {
        let mut all = Rules::default();
        for (shape, _) in &lot.contents {
            let at = market.demand.shapes[*shape].rule;
            let rules = match self.known.get(&at) {
                Some(rules) => rules.clone(),
                None => {
                    let rules = self.of_rule(market, &market.demand.rules.rules[at]);
                    self.known.entry(at).or_insert(rules).clone()
                }
            };
            all.takes.add(&rules.takes);
            all.forbids.add(&rules.forbids);
            all.groups.extend(rules.groups);
        }
        all.groups.sort_unstable();
        all.groups.dedup();
        all
    }

    /// A counter is a token that those have whom it counts, and that those refuse who want it to be 0. Pods that spread over hosts count
    /// as a group, and refuse those that are counted but not spread.
    fn of_rule(&mut self, market: &Market<'_>, rule: &Rule) -> Rules {
        let local = &rule.local;
        let own: Vec<usize> = local.skews.iter().filter(|skew| skew.own > 0).map(|skew| skew.counter).collect();
        let takes = local.adds.iter().copied().filter(|counter| !own.contains(counter) && !is_affinity(market, *counter));
        let forbids = local.zeros.iter().copied().chain(local.skews.iter().map(|skew| skew.counter));
        let (takes, forbids) = (Bits::of(takes), Bits::of(forbids));
        let mut groups = Vec::new();
        for skew in local.skews.iter().filter(|skew| skew.own > 0) {
            let group = *self.groups.entry(skew.counter).or_insert(self.caps.len());
            if group == self.caps.len() {
                self.caps.push(usize::MAX);
            }
            self.caps[group] = self.caps[group].min(usize::try_from(skew.max_skew).unwrap_or(0));
            groups.push(group);
        }
        Rules { takes, forbids, groups }
    }

    /// Tokens of the DaemonSets' pods.
    fn load(&self, market: &Market<'_>, candidate: &Candidate<'_>) -> Load {
        let counts = |pod: &Pod| {
            let rules = &market.demand.rules;
            let counted =
                rules.counted(|whom| !matches!(whom, Whom::Selected { .. } | Whom::All(_)) && whom.counts(pod, market.catalog.namespaces));
            counted.into_iter().filter(|at| rules.is_local(*at)).collect::<Vec<_>>()
        };
        let tokens = candidate.daemons.iter().flat_map(|set| counts(&set.pod));
        Load { takes: Bits::of(tokens), ..Load::default() }
    }
}

fn is_affinity(market: &Market<'_>, counter: usize) -> bool {
    matches!(market.demand.rules.counters[counter].whom, Whom::All(_))
}
