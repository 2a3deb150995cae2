//! Chooses a site for pods that look at where others are: a site is what all topologies but that of single nodes say of a host.

use std::collections::{BTreeMap, HashSet};

use super::buy::Market;
use super::catalog::{Candidate, Group};
use super::field::Spot;
use super::glue;
use super::place::Placing;
use super::prefer::Lean;
use super::rules::Asks;

/// A site that costs more than this, in percent of the cheapest, is taken only where it must be.
const EQUAL_PRICE_PERCENT: i64 = 110;
/// Times that pods look for a site: once whoever was sent to one and finds no company on a host there is gone again, others may be let in.
const MAX_TURNS: usize = 4;

/// Pods to be packed: alike, and for one site if they must be.
#[derive(Clone, Debug)]
pub(crate) struct Lot {
    /// Shapes and how many of each: one pod, or several that share a host.
    pub contents: Vec<(usize, usize)>,
    /// How often.
    pub count: usize,
    /// Index of the site among those of the groups; `None` is any.
    pub site: Option<usize>,
    /// And where it is.
    pub spot: Option<Spot>,
}

/// Sites of what can be bought.
pub(crate) struct Sites<'g> {
    pub spots: Vec<Spot>,
    /// For each group its site.
    pub of_group: Vec<usize>,
    groups: &'g [&'g Group],
    /// Whether it is dearer than others by more than preferences are worth.
    dear: Vec<bool>,
    /// Pods that were sent there.
    sent: Vec<usize>,
}

/// What is left, divided into lots; pods that no site lets in are in none. Whoever is sent to a site counts there from then
/// on. `barred` says which shapes turned out to find no host at which site.
pub(crate) fn lots<'a>(market: &Market<'a>, groups: &[&Group], placing: &mut Placing<'a>, barred: &HashSet<(usize, Spot)>) -> Vec<Lot> {
    let mut sites = Sites::of(market, groups);
    let mut lean = Lean::of(market, placing);
    let mut waiting = placing.left.clone();
    let mut all = Vec::new();
    for _ in 0..MAX_TURNS {
        let sent = sent(market, &mut sites, &mut waiting, placing, barred, &mut lean);
        let (kept, dropped) = glue::glued(market, groups, &sites, &placing.field, sent);
        give_back(market, &dropped, dropped.iter().map(|lot| lot.count), placing);
        all.extend(kept);
        if dropped.is_empty() {
            break;
        }
    }
    all
}

/// Sends pods that wait to sites, as long as some find one.
fn sent<'a>(
    market: &Market<'a>,
    sites: &mut Sites<'_>,
    waiting: &mut [usize],
    placing: &mut Placing<'a>,
    barred: &HashSet<(usize, Spot)>,
    lean: &mut Lean<'a>,
) -> Vec<Lot> {
    let mut order: Vec<usize> = (0..waiting.len()).filter(|at| waiting[*at] > 0).collect();
    order.sort_by_key(|shape| turn(asks(market, *shape)));
    let mut counts: BTreeMap<(usize, Option<usize>), usize> = BTreeMap::new();
    loop {
        let mut sent = 0;
        for shape in &order {
            while waiting[*shape] > 0 {
                let Some((site, pods)) = sites.choose(market, *shape, waiting[*shape], placing, barred, lean) else {
                    break;
                };
                *counts.entry((*shape, site)).or_default() += pods;
                waiting[*shape] -= pods;
                sent += pods;
            }
        }
        // Pods that need others try again once those have a site.
        order.retain(|shape| waiting[*shape] > 0 && !asks(market, *shape).needs.counters.is_empty());
        if sent == 0 || order.is_empty() {
            break;
        }
    }
    let lots = counts.into_iter().map(|((shape, site), count)| Lot {
        contents: vec![(shape, 1)],
        count,
        site,
        spot: site.map(|site| sites.spots[site].clone()),
    });
    lots.collect()
}

/// Pods that were given a site and get no host there are nowhere again.
pub(crate) fn give_back(market: &Market<'_>, lots: &[Lot], left: impl Iterator<Item = usize>, placing: &mut Placing<'_>) {
    for (lot, left) in lots.iter().zip(left) {
        let Some(spot) = lot.spot.as_ref().filter(|_| left > 0) else {
            continue;
        };
        for (shape, count) in &lot.contents {
            placing.field.take_back(asks(market, *shape), spot, count * left);
        }
    }
}

/// Who refuses company goes first, whoever is counted next, those who need each other among them, whoever must be spread then, whoever needs
/// others last.
fn turn(asks: &Asks) -> usize {
    if !asks.needs.counters.is_empty() && !asks.needs.own {
        3
    } else if !asks.zeros.is_empty() {
        0
    } else if asks.skews.is_empty() {
        1
    } else {
        2
    }
}

fn asks<'m>(market: &'m Market<'_>, shape: usize) -> &'m Asks {
    &market.demand.rules.rules[market.demand.shapes[shape].rule].sited
}

fn candidate<'m, 'a>(market: &Market<'a>, group: &Group) -> &'m Candidate<'a>
where
    'a: 'm,
{
    &market.catalog.candidates[group.members[0]]
}

impl<'g> Sites<'g> {
    fn of(market: &Market<'_>, groups: &'g [&'g Group]) -> Self {
        let mut spots: Vec<Spot> = Vec::new();
        let mut of_group = Vec::with_capacity(groups.len());
        for group in groups {
            let spot = &candidate(market, group).spot;
            let at = spots.iter().position(|known| known == spot).unwrap_or(spots.len());
            if at == spots.len() {
                spots.push(spot.clone());
            }
            of_group.push(at);
        }
        let mut prices = vec![i64::MAX; spots.len()];
        for (group, site) in groups.iter().zip(&of_group) {
            let candidate = candidate(market, group);
            let size = candidate.free.cpu_milli.max(1);
            prices[*site] = prices[*site].min(candidate.offering.price_micro.saturating_mul(1_000) / size);
        }
        let cheapest = prices.iter().copied().min().unwrap_or(0);
        let dear = prices.iter().map(|price| *price / EQUAL_PRICE_PERCENT > cheapest / 100).collect();
        Self { sent: vec![0; spots.len()], spots, of_group, groups, dear }
    }

    /// A site for some of the pods of a shape: all of them where they do not care, else one.
    fn choose<'a>(
        &mut self,
        market: &Market<'a>,
        shape: usize,
        waiting: usize,
        placing: &mut Placing<'_>,
        barred: &HashSet<(usize, Spot)>,
        lean: &mut Lean<'a>,
    ) -> Option<(Option<usize>, usize)> {
        let asks = asks(market, shape);
        let suiting = self.suiting(market, shape, placing);
        let choosy = suiting.contains(&false);
        if asks.is_free() && !choosy {
            let any = (0..self.spots.len()).any(|site| self.takes(market, shape, site));
            return any.then_some((None, waiting));
        }
        let losses = lean.losses(market, shape, self.groups, &self.of_group, self.spots.len());
        let mut best = None;
        for site in 0..self.spots.len() {
            let spot = &self.spots[site];
            if (!barred.is_empty() && barred.contains(&(shape, spot.clone())))
                || (choosy && !suiting[site])
                || placing.field.admits(asks, spot).is_err()
                || !self.takes(market, shape, site)
            {
                continue;
            }
            let skewed: i64 = asks.skews.iter().map(|skew| placing.field.at_spot(skew.counter, spot)).sum();
            let counted: i64 = asks.adds.iter().map(|counter| placing.field.at_spot(*counter, spot)).sum();
            // Where fewest are that count like it: so all that is counted stays even, and whoever is spread finds a site.
            let lost = losses.as_ref().map_or(0, |losses| losses[site]);
            let score = (self.dear[site], counted, skewed, lost, self.sent[site], site);
            if best.is_none_or(|best| score < best) {
                best = Some(score);
            }
        }
        let site = best?.5;
        placing.field.place(asks, &self.spots[site], 1);
        self.sent[site] += 1;
        lean.sent(market, shape, self.groups.iter().zip(&self.of_group).find(|(_, at)| **at == site).map(|(group, _)| *group));
        Some((Some(site), 1))
    }

    /// For each site whether DaemonSets bring there whom such a pod needs on its host, if they do anywhere, and nobody whom it refuses.
    fn suiting(&self, market: &Market<'_>, shape: usize, placing: &mut Placing<'_>) -> Vec<bool> {
        if self.spots.iter().all(|spot| spot.brings.is_empty()) {
            return Vec::new();
        }
        let local = &market.demand.rules.rules[market.demand.shapes[shape].rule].local;
        let served = self.spots.iter().any(|spot| placing.field.brings_company(&local.needs, spot));
        let field = &mut placing.field;
        self.spots.iter().map(|spot| field.brings_company(&local.needs, spot) == served && field.admits_anew(local, spot).is_ok()).collect()
    }

    /// Whether a host of the site takes such a pod.
    fn takes(&self, market: &Market<'_>, shape: usize, site: usize) -> bool {
        let here = self.groups.iter().zip(&self.of_group).rev().filter(|(_, at)| **at == site);
        here.into_iter().any(|(group, _)| candidate(market, group).takes(&market.demand.shapes[shape], market.verdicts))
    }
}
