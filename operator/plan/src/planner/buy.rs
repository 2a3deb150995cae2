//! Buys hosts for what found no room: heaviest pools first; within a weight, the cheapest mix that packs all of it.

use std::collections::HashSet;

use super::budget::{Budget, Purpose};
use super::catalog::{Catalog, Group};
use super::demand::Demand;
use super::field::Spot;
use super::floor::floor_of;
use super::place::Placing;
use super::prefer::{self, Wishes};
use super::problem::Posed;
use super::sites::{self, Lot};
use super::supply::Verdicts;
use super::thin;
use crate::effort::Effort;
use crate::pack::{self, Pattern};

/// Hosts that one plan buys at most; the next plan goes on.
pub(crate) const MAX_NEW_HOSTS: usize = 5_000;
/// Times that pods who were left behind look again: at another site, or at what the limits still allow.
const MAX_ROUNDS: usize = 8;

/// What stays the same while a plan is made.
#[derive(Clone, Copy)]
pub(crate) struct Market<'a> {
    pub catalog: &'a Catalog<'a>,
    pub demand: &'a Demand<'a>,
    pub verdicts: &'a Verdicts,
    /// What of the pods' preferences is minded.
    pub wishes: &'a Wishes<'a>,
}

/// A host that is bought.
#[derive(Clone, Debug)]
pub(crate) struct Bought {
    /// Index into [`Catalog::candidates`].
    pub candidate: usize,
    /// Shapes and how many of each go there.
    pub pattern: Pattern,
    /// Why the pool wants it whatever the demand, if so.
    pub floor: Option<String>,
}

impl Bought {
    /// One more pod of a shape goes there.
    pub fn put(&mut self, shape: usize) {
        match self.pattern.iter_mut().find(|(at, _)| *at == shape) {
            Some((_, count)) => *count += 1,
            None => self.pattern.push((shape, 1)),
        }
    }
}

/// What was bought.
#[derive(Clone)]
pub(crate) struct Basket {
    pub bought: Vec<Bought>,
    /// What was used before.
    start: Budget,
    /// What is used with it.
    pub budget: Budget,
    /// For each weight, what its pools left over: rank and counts by shape.
    pub stages: Vec<(usize, Vec<usize>)>,
    /// So many of the first hosts keep their pods, whoever else finds none.
    settled: usize,
}

impl Basket {
    pub fn new(budget: Budget) -> Self {
        Self { bought: Vec::new(), start: budget.clone(), budget, stages: Vec::new(), settled: 0 }
    }

    /// Whoever has a host now keeps it; what was left over is asked anew.
    pub fn settle(&mut self) {
        self.settled = self.bought.len();
        self.stages.clear();
    }

    /// Takes so many pods of a shape from a host; says how many.
    pub fn take_out(&mut self, host: usize, shape: usize, pods: usize) -> usize {
        let Some((_, count)) = self.bought[host].pattern.iter_mut().find(|(at, _)| *at == shape) else {
            return 0;
        };
        let taken = pods.min(*count);
        *count -= taken;
        taken
    }

    /// Lets go of hosts that nobody is left for, but for those of a floor.
    pub fn drop_idle(&mut self, catalog: &Catalog<'_>) {
        self.bought.iter_mut().for_each(|host| host.pattern.retain(|(_, count)| *count > 0));
        self.bought.retain(|host| !host.pattern.is_empty() || host.floor.is_some());
        self.settled = self.settled.min(self.bought.len());
        self.budget = self.start.clone();
        self.bought.iter().for_each(|host| self.budget.take(&catalog.candidates[host.candidate], catalog));
    }
}

impl<'a> Market<'a> {
    /// Buys for all that is left.
    pub fn buy(&self, placing: &mut Placing<'a>, basket: &mut Basket, effort: &mut Effort<'_>) {
        let rank = |group: &Group| self.catalog.candidates[group.members[0]].rank;
        for groups in self.catalog.groups.chunk_by(|a, b| rank(a) == rank(b)) {
            self.buy_from(&groups.iter().collect::<Vec<_>>(), placing, basket, Purpose::Demand, MAX_NEW_HOSTS, effort);
            basket.stages.push((rank(&groups[0]), placing.left.clone()));
        }
    }

    /// Buys at most so many hosts of these groups. Pods for which a site has no host after all try the next one.
    pub fn buy_from(
        &self,
        groups: &[&Group],
        placing: &mut Placing<'a>,
        basket: &mut Basket,
        purpose: Purpose,
        at_most: usize,
        effort: &mut Effort<'_>,
    ) {
        let start = basket.bought.len();
        let mut barred = HashSet::new();
        for _ in 0..MAX_ROUNDS {
            let room = |group: &&&Group| basket.budget.room(&self.catalog.candidates[group.members[0]], purpose, self.catalog).is_ok();
            let open: Vec<&Group> = thin::thinned(self, groups.iter().filter(room).copied().collect());
            let hosts = at_most.min(MAX_NEW_HOSTS).saturating_sub(basket.bought.len().saturating_sub(start));
            placing.field.hope(&self.demand.rules, &self.hoped(&basket.budget));
            let lots = sites::lots(self, &open, placing, &barred);
            if hosts == 0 || lots.is_empty() {
                sites::give_back(self, &lots, lots.iter().map(|lot| lot.count), placing);
                return;
            }
            let posed = Posed::new(self, &open, &lots, &basket.budget, purpose, hosts);
            let greedy = pack::greedy(&posed.problem, &posed.counts(), &[]);
            let used = effort.used();
            let packing = pack::improve(&posed.problem, greedy, effort).packing;
            let used = effort.used() - used;
            let (lots, packing) = prefer::retouched(self, &open, &posed, (lots, packing), (placing, &basket.bought), used);
            let first = basket.bought.len();
            let left = self.take(&packing, &open, &lots, placing, basket, purpose);
            let failed = |(lot, left): (&Lot, usize)| Some((lot.contents[0].0, lot.spot.clone().filter(|_| left > 0)?));
            let mut again: Vec<_> = lots.iter().zip(left.iter().copied()).filter_map(failed).collect();
            sites::give_back(self, &lots, left.into_iter(), placing);
            again.extend(self.leave_stranded(placing, basket));
            let short = placing.left.iter().any(|left| *left > 0) && basket.bought.len() > first;
            if again.is_empty() && !short {
                return;
            }
            barred.extend(again);
        }
    }

    /// Where hosts may still be bought, from whatever pool.
    pub fn hoped(&self, budget: &Budget) -> Vec<&'a Spot> {
        let candidates = self.catalog.groups.iter().map(|group| &self.catalog.candidates[group.members[0]]);
        let had = candidates.filter(|candidate| {
            let short = budget.hosts(candidate.pool) < floor_of(self.catalog.pools[candidate.pool]);
            budget.room(candidate, if short { Purpose::Floor } else { Purpose::Demand }, self.catalog).is_ok()
        });
        had.map(|candidate| &candidate.spot).collect()
    }

    /// Takes back pods whose company got no host after all, or the other zones of which got none, and hosts that were for them alone. Says
    /// who that was, and where.
    fn leave_stranded(&self, placing: &mut Placing<'a>, basket: &mut Basket) -> Vec<(usize, Spot)> {
        let mut stranded = Vec::new();
        placing.field.hope(&self.demand.rules, &self.hoped(&basket.budget));
        loop {
            let found = stranded.len();
            for host in &mut basket.bought[basket.settled..] {
                let spot = &self.catalog.candidates[host.candidate].spot;
                for (shape, count) in &mut host.pattern {
                    let sited = &self.demand.rules.rules[self.demand.shapes[*shape].rule].sited;
                    let kept = placing.field.keep(sited, spot, *count);
                    if kept < *count {
                        placing.left[*shape] += *count - kept;
                        stranded.push((*shape, spot.clone()));
                    }
                    *count = kept;
                }
                host.pattern.retain(|(_, count)| *count > 0);
            }
            if stranded.len() == found {
                break;
            }
        }
        if !stranded.is_empty() {
            basket.drop_idle(self.catalog);
        }
        stranded
    }

    /// Takes the bins as hosts as far as the budget goes, and says how much of each lot is left.
    fn take(
        &self,
        packing: &pack::Packing,
        groups: &[&Group],
        lots: &[Lot],
        placing: &mut Placing<'a>,
        basket: &mut Basket,
        purpose: Purpose,
    ) -> Vec<usize> {
        let mut left: Vec<usize> = lots.iter().map(|lot| lot.count).collect();
        for bin in &packing.bins {
            let group = groups[bin.kind];
            let sited = bin.pattern.iter().any(|(lot, _)| lots[*lot].site.is_some());
            let pattern = shapes(&bin.pattern, lots);
            let kin = self.wishes.kin(self.catalog, group, &pattern);
            let members = if sited { &group.members } else { &*kin };
            for _ in 0..bin.times {
                let Some(candidate) = basket.budget.quietest(members, purpose, self.catalog) else {
                    break;
                };
                basket.budget.take(&self.catalog.candidates[candidate], self.catalog);
                bin.pattern.iter().for_each(|(lot, count)| left[*lot] -= count);
                let pattern = pattern.clone();
                let spot = placing.field.settled(&self.demand.rules, &self.catalog.candidates[candidate].spot);
                placing.field.open(&self.demand.rules, &spot);
                for (shape, count) in &pattern {
                    placing.left[*shape] -= count;
                    placing.field.place(&self.demand.rules.rules[self.demand.shapes[*shape].rule].local, &spot, *count);
                }
                basket.bought.push(Bought { candidate, pattern, floor: None });
            }
        }
        left
    }
}

/// What a pattern of lots is in shapes.
fn shapes(pattern: &Pattern, lots: &[Lot]) -> Pattern {
    let mut shapes = std::collections::BTreeMap::new();
    for (lot, times) in pattern {
        for (shape, count) in &lots[*lot].contents {
            *shapes.entry(*shape).or_insert(0) += count * times;
        }
    }
    shapes.into_iter().collect()
}
