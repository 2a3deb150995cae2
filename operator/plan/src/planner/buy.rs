//! Buys hosts for what found no room: heaviest pools first, node by node, each time the group that gives most work for its price.

use super::budget::{Budget, Purpose};
use super::catalog::Group;
use super::market::{Lot, Market, Way};
use super::simulate::{missing, repeats, take};

/// Hosts that one plan buys at most; the next plan goes on.
pub(crate) const MAX_NEW_HOSTS: usize = 5_000;

/// What was bought.
#[derive(Clone, Debug)]
pub(crate) struct Basket {
    /// Candidates, in the order of buying.
    pub bought: Vec<usize>,
    /// For each weight, what its pools left over: rank and counts by shape.
    pub stages: Vec<(usize, Vec<usize>)>,
    /// What is used with it.
    pub budget: Budget,
    /// For each shape, how many are left over.
    pub left: Vec<usize>,
    /// What it costs an hour.
    pub price_micro: i64,
}

impl Basket {
    fn new(left: Vec<usize>, budget: Budget) -> Self {
        Self { bought: Vec::new(), stages: Vec::new(), budget, left, price_micro: 0 }
    }
}

impl Market<'_> {
    /// The best basket of all ways: fewest pods left of the highest priority, then cheapest, then smallest.
    pub fn buy(&self, left: &[usize], budget: &Budget) -> Basket {
        let baskets = self.ways().map(|way| self.buy_so(way, left, budget));
        baskets
            .min_by_key(|basket| (missing(&basket.left, self), basket.price_micro, basket.bought.len()))
            .unwrap_or_else(|| Basket::new(left.to_vec(), budget.clone()))
    }

    /// Buys in one way.
    pub fn buy_so(&self, way: Way, left: &[usize], budget: &Budget) -> Basket {
        let mut basket = Basket::new(left.to_vec(), budget.clone());
        let rank = |group: &Group| self.catalog.candidates[group.members[0]].rank;
        for groups in self.catalog.groups.chunk_by(|a, b| rank(a) == rank(b)) {
            self.buy_from(groups, &mut basket, way);
            basket.stages.push((rank(&groups[0]), basket.left.clone()));
        }
        basket
    }

    /// Every round buys at least one host or ends.
    fn buy_from(&self, groups: &[Group], basket: &mut Basket, way: Way) {
        let market: Vec<Lot<'_>> = groups.iter().map(|group| self.lot(group)).collect();
        let mut open: Vec<&Group> = groups.iter().collect();
        while basket.bought.len() < MAX_NEW_HOSTS {
            open.retain(|group| self.room(group, &basket.budget, Purpose::Demand) > 0);
            let lots: Vec<Lot<'_>> = open.iter().map(|group| self.lot(group)).collect();
            let Some((at, pattern)) = self.choose(&lots, &market, &basket.left, way) else {
                return;
            };
            let room = self.room(open[at], &basket.budget, Purpose::Demand);
            let times = room.min(repeats(&pattern, &basket.left)).min(MAX_NEW_HOSTS - basket.bought.len());
            (0..times).for_each(|_| self.buy_one(open[at], basket));
            take(&pattern, &mut basket.left, times);
        }
    }

    /// Buys one host of a group, in the zone that has fewest.
    fn buy_one(&self, group: &Group, basket: &mut Basket) {
        let member = basket.budget.quietest(&group.members, self.catalog);
        let candidate = &self.catalog.candidates[member];
        basket.budget.take(candidate, self.catalog);
        basket.price_micro = basket.price_micro.saturating_add(candidate.offering.price_micro);
        basket.bought.push(member);
    }
}
