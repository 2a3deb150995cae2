//! Buys hosts for what found no room: heaviest pools first, node by node, each time the group that gives most work for its price.

use super::budget::{Budget, Purpose};
use super::catalog::Group;
use super::market::{Market, Way, Yardstick};
use super::simulate::{STYLES, missing, repeats, styles, take};

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
    left: Vec<usize>,
    /// What it costs an hour.
    pub price_micro: i64,
}

impl Basket {
    fn new(left: Vec<usize>, budget: Budget) -> Self {
        Self { bought: Vec::new(), stages: Vec::new(), budget, left, price_micro: 0 }
    }
}

impl Market<'_> {
    /// All ways to buy for this demand.
    pub fn ways(&self) -> Vec<Way> {
        let of_style = |style| [Yardstick::Shares, Yardstick::Alone].map(|yardstick| Way { style: STYLES[style], yardstick });
        styles(self.demand).flat_map(of_style).collect()
    }

    /// The best basket of all ways: fewest pods left of the highest priority, then cheapest, then smallest.
    pub fn buy(&self, left: &[usize], budget: &Budget) -> Basket {
        let baskets = self.ways().into_iter().map(|way| self.buy_so(way, left, budget));
        baskets
            .min_by_key(|basket| (missing(&basket.left, self.demand), basket.price_micro, basket.bought.len()))
            .unwrap_or_else(|| Basket::new(left.to_vec(), budget.clone()))
    }

    /// Buys in one way.
    pub fn buy_so(&self, way: Way, left: &[usize], budget: &Budget) -> Basket {
        let mut basket = Basket::new(left.to_vec(), budget.clone());
        let rank = |group: &Group| self.catalog.candidates[group.members[0]].rank;
        for groups in self.catalog.groups.chunk_by(|a, b| rank(a) == rank(b)) {
            self.from_pools(groups, &mut basket, way);
            basket.stages.push((rank(&groups[0]), basket.left.clone()));
        }
        basket
    }

    /// Every round buys at least one host or ends.
    fn from_pools(&self, groups: &[Group], basket: &mut Basket, way: Way) {
        let mut open: Vec<&Group> = groups.iter().collect();
        while basket.bought.len() < MAX_NEW_HOSTS {
            open.retain(|group| self.room(group, &basket.budget, Purpose::Demand) > 0);
            let Some((group, pattern)) = self.choose(&open, &basket.left, way) else {
                return;
            };
            let room = self.room(group, &basket.budget, Purpose::Demand);
            let times = room.min(repeats(&pattern, &basket.left)).min(MAX_NEW_HOSTS - basket.bought.len());
            for _ in 0..times {
                let member = basket.budget.quietest(&group.members, self.catalog);
                let candidate = &self.catalog.candidates[member];
                basket.budget.take(candidate, self.catalog);
                basket.price_micro = basket.price_micro.saturating_add(candidate.offering.price_micro);
                basket.bought.push(member);
            }
            take(&pattern, &mut basket.left, times);
        }
    }
}
