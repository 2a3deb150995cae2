//! The market: what can be had for the demand, and what is the best of it.

use super::budget::{Budget, Purpose};
use super::catalog::{Catalog, Group};
use super::demand::{Demand, Shape};
use super::fill::{Opening, Order, Pattern, Room, Style, fill};
use super::supply::Verdicts;
use super::worth::{Buyable, Worth};
use crate::resources::Resources;

/// Two hosts whose work per price differs by less, relatively, are equally good.
const EQUAL: f64 = 1e-9;

/// What stays the same while a plan is made.
#[derive(Clone, Copy)]
pub(crate) struct Market<'a> {
    pub catalog: &'a Catalog<'a>,
    pub demand: &'a Demand<'a>,
    pub verdicts: &'a Verdicts,
}

/// How the pods that a host takes are valued against its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Yardstick {
    /// By their CPU and memory, at the prices of the cheapest fractional mix of flavors.
    Shares,
    /// By what each would cost on a host full of its like: right for few, large shapes.
    Alone,
}

/// A way to buy, and to fill what was bought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Way {
    pub style: Style,
    pub yardstick: Yardstick,
}

/// All ways, the one that is most often the best first.
pub(crate) const WAYS: [Way; 6] = [
    Way { style: Style { order: Order::Mixed, opening: Opening::Hardest, size_weight: 1.0 }, yardstick: Yardstick::Shares },
    Way { style: Style { order: Order::Mixed, opening: Opening::Hardest, size_weight: 1.0 }, yardstick: Yardstick::Alone },
    Way { style: Style { order: Order::Mixed, opening: Opening::Hardest, size_weight: 0.2 }, yardstick: Yardstick::Shares },
    Way { style: Style { order: Order::Mixed, opening: Opening::Hardest, size_weight: 0.2 }, yardstick: Yardstick::Alone },
    Way { style: Style { order: Order::Mixed, opening: Opening::Balanced, size_weight: 0.2 }, yardstick: Yardstick::Shares },
    Way { style: Style { order: Order::Strict, opening: Opening::Hardest, size_weight: 1.0 }, yardstick: Yardstick::Shares },
];

/// Hosts that are alike: to be bought, or coming already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lot<'a> {
    pub room: Room<'a>,
    pub price_micro: i64,
}

impl Lot<'_> {
    fn buyable(&self) -> Buyable {
        Buyable::new(self.room.free, self.price_micro)
    }
}

impl<'a> Market<'a> {
    /// The ways that make a difference: with one priority there is no order among priorities.
    pub fn ways(&self) -> impl Iterator<Item = Way> + use<> {
        let strict = self.demand.tiers() > 1;
        WAYS.into_iter().filter(move |way| strict || way.style.order == Order::Mixed)
    }

    /// How many more hosts of a group the budget allows.
    pub fn room(&self, group: &Group, budget: &Budget, purpose: Purpose) -> usize {
        budget.room(&self.catalog.candidates[group.members[0]], purpose, self.catalog).unwrap_or(0)
    }

    /// Empty hosts of a group.
    pub fn lot(&self, group: &Group) -> Lot<'a> {
        let candidate = &self.catalog.candidates[group.members[0]];
        let room = Room { capacity: &candidate.allocatable, free: &candidate.free, verdict: candidate.verdict };
        Lot { room, price_micro: candidate.offering.price_micro }
    }

    /// All that can be bought from pools of a weight, whatever the budget says.
    pub fn lots_of_rank(&self, rank: usize) -> Vec<Lot<'a>> {
        let of_rank = |group: &&Group| self.catalog.candidates[group.members[0]].rank == rank;
        self.catalog.groups.iter().filter(of_rank).map(|group| self.lot(group)).collect()
    }

    /// The lot that gives most work for its price, and what goes into one host of it; of equals the first. `market` is what values pods:
    /// the same whatever of it can be had, so that what was bought is later filled as it was bought.
    pub fn choose(&self, lots: &[Lot<'_>], market: &[Lot<'_>], left: &[usize], way: Way) -> Option<(usize, Pattern)> {
        let openers: Vec<Option<usize>> = lots.iter().map(|lot| self.opener(lot, left)).collect();
        let hardest = openers.iter().flatten().min()?;
        let values = self.values(market, left, way.yardstick);
        let mut best: Option<(f64, usize, Pattern)> = None;
        for (at, lot) in lots.iter().enumerate() {
            if openers[at].is_none() || (way.style.opening == Opening::Hardest && openers[at] != Some(*hardest)) {
                continue;
            }
            let pattern = fill(&lot.room, self.demand, left, self.verdicts, way.style);
            let gain = work(&pattern, &values) / lot.buyable().price;
            if best.as_ref().is_none_or(|(most, ..)| gain > most * (1.0 + EQUAL)) {
                best = Some((gain, at, pattern));
            }
        }
        best.map(|(_, at, pattern)| (at, pattern))
    }

    /// The hardest shape left that a lot takes.
    fn opener(&self, lot: &Lot<'_>, left: &[usize]) -> Option<usize> {
        let takes = |(at, shape)| left[at] > 0 && lot.room.takes(shape, self.verdicts);
        self.demand.shapes.iter().enumerate().position(takes)
    }

    /// What one pod of each shape is worth.
    fn values(&self, market: &[Lot<'_>], left: &[usize], yardstick: Yardstick) -> Vec<f64> {
        let shapes = self.demand.shapes.iter().zip(left);
        match yardstick {
            Yardstick::Shares => {
                let worth = prices(market, &self.servable(market, left));
                shapes.map(|(shape, _)| worth.work(&shape.requests)).collect()
            }
            Yardstick::Alone => shapes.map(|(shape, left)| if *left > 0 { self.alone(market, shape) } else { 0.0 }).collect(),
        }
    }

    /// The least that a pod of this shape costs on a host full of its like.
    fn alone(&self, market: &[Lot<'_>], shape: &Shape<'_>) -> f64 {
        let takes = |lot: &&Lot<'_>| lot.room.takes(shape, self.verdicts);
        let price = |lot: &Lot<'_>| lot.buyable().price / shape.requests.times(lot.room.free) as f64;
        let least = market.iter().filter(takes).map(price).fold(f64::INFINITY, f64::min);
        if least.is_finite() { least } else { 0.0 }
    }

    /// The sum of what is asked for by the pods that at least one of the lots could take.
    pub fn servable(&self, lots: &[Lot<'_>], left: &[usize]) -> Resources {
        let mut total = Resources::default();
        for (shape, count) in self.demand.shapes.iter().zip(left) {
            if *count > 0 && lots.iter().any(|lot| lot.room.takes(shape, self.verdicts)) {
                total.add(&shape.requests.scaled(*count));
            }
        }
        total
    }
}

/// What CPU and memory are worth to a demand that these lots are to serve.
pub(crate) fn prices(lots: &[Lot<'_>], asked: &Resources) -> Worth {
    Worth::of(asked, &lots.iter().map(Lot::buyable).collect::<Vec<_>>())
}

fn work(pattern: &Pattern, values: &[f64]) -> f64 {
    pattern.iter().map(|(shape, count)| values[*shape] * *count as f64).sum()
}
