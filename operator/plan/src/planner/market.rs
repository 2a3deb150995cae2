//! The market: what can be bought for the demand, and what is the best of it.

use super::budget::{Budget, Purpose};
use super::catalog::{Catalog, Group};
use super::demand::{Demand, Shape};
use super::fill::{Opening, Pattern, Room, Style, fill};
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

/// A way to buy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Way {
    pub style: Style,
    pub yardstick: Yardstick,
}

#[allow(clippy::cast_precision_loss)]
impl Market<'_> {
    /// How many more hosts of a group the budget allows.
    pub fn room(&self, group: &Group, budget: &Budget, purpose: Purpose) -> usize {
        budget.room(&self.catalog.candidates[group.members[0]], purpose, self.catalog).unwrap_or(0)
    }

    /// The group that gives most work for its price, and what goes into one host of it; of equals the cheapest.
    pub fn choose<'g>(&self, groups: &[&'g Group], left: &[usize], way: Way) -> Option<(&'g Group, Pattern)> {
        let opener = |group: &Group| self.opener(group, left);
        let hardest = groups.iter().filter_map(|group| opener(group)).min()?;
        let values = self.values(groups, left, way.yardstick);
        let mut best: Option<(f64, &Group, Pattern)> = None;
        for group in groups {
            if way.style.opening == Opening::Hardest && opener(group) != Some(hardest) {
                continue;
            }
            let pattern = fill(&self.space(group), self.demand, left, self.verdicts, way.style);
            let work: f64 = pattern.iter().map(|(shape, count)| values[*shape] * *count as f64).sum();
            let gain = work / self.buyable(group).price;
            if !pattern.is_empty() && best.as_ref().is_none_or(|(most, ..)| gain > most * (1.0 + EQUAL)) {
                best = Some((gain, group, pattern));
            }
        }
        best.map(|(_, group, pattern)| (group, pattern))
    }

    /// The hardest shape left that a group takes.
    fn opener(&self, group: &Group, left: &[usize]) -> Option<usize> {
        let room = self.space(group);
        let takes = |(at, shape)| left[at] > 0 && room.takes(shape, self.verdicts);
        self.demand.shapes.iter().enumerate().position(takes)
    }

    /// An empty host of the group.
    pub fn space(&self, group: &Group) -> Room<'_> {
        let candidate = &self.catalog.candidates[group.members[0]];
        Room { capacity: &candidate.allocatable, free: &candidate.free, verdict: candidate.verdict }
    }

    fn buyable(&self, group: &Group) -> Buyable {
        let candidate = &self.catalog.candidates[group.members[0]];
        Buyable::new(&candidate.free, candidate.offering.price_micro)
    }

    /// What one pod of each shape is worth.
    fn values(&self, groups: &[&Group], left: &[usize], yardstick: Yardstick) -> Vec<f64> {
        let shapes = self.demand.shapes.iter().zip(left);
        match yardstick {
            Yardstick::Shares => {
                let worth = self.prices(groups, &self.servable(groups, left));
                shapes.map(|(shape, _)| worth.work(&shape.requests)).collect()
            }
            Yardstick::Alone => shapes.map(|(shape, left)| if *left > 0 { self.alone(groups, shape) } else { 0.0 }).collect(),
        }
    }

    /// The least that a pod of this shape costs on a host full of its like.
    fn alone(&self, groups: &[&Group], shape: &Shape<'_>) -> f64 {
        let takes = |group: &&&Group| self.space(group).takes(shape, self.verdicts);
        let price = |group: &&Group| self.buyable(group).price / shape.requests.times(self.space(group).free) as f64;
        let least = groups.iter().filter(takes).map(price).fold(f64::INFINITY, f64::min);
        if least.is_finite() { least } else { 0.0 }
    }

    /// What CPU and memory are worth to a demand that these groups are to serve.
    pub fn prices(&self, groups: &[&Group], asked: &Resources) -> Worth {
        Worth::of(asked, &groups.iter().map(|group| self.buyable(group)).collect::<Vec<_>>())
    }

    /// The sum of what is asked for by the pods that at least one of the groups could take.
    pub fn servable(&self, groups: &[&Group], left: &[usize]) -> Resources {
        let mut total = Resources::default();
        for (shape, count) in self.demand.shapes.iter().zip(left) {
            if *count > 0 && groups.iter().any(|group| self.space(group).takes(shape, self.verdicts)) {
                total.add(&shape.requests.scaled(*count));
            }
        }
        total
    }
}
