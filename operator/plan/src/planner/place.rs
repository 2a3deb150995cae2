//! Places pods that wait where there is room already: on nodes, in the seats that hosts keep for them, and in what hosts in flight have left.
//!
//! # Why the next plan buys nothing
//! Let a plan place `n(s)` pods of shape `s` on nodes, `k(s)` in kept seats, `f(s)` in free room of hosts in flight, and buy hosts whose claims
//! say `b(s)`. The next plan of the same world fills the same nodes with the same shapes in the same order: `n(s)` again. Its seats are the
//! old ones and the claims of the bought hosts: it places `k(s) + b(s)` there, the old hosts first. What is left of each shape is `f(s)`, as
//! many as found room in the order of shapes on the same hosts before; bought hosts are younger and come last. So nothing is left to buy.
//!
//! Where pods look at where others are, a seat may let nobody in before those have come who find room beside it (the `f(s)` above came first):
//! pod and seat wait for each other meanwhile.
//!
//! Where some of them got nothing, seats that are counted now may let in a pod that was refused before, and a host
//! is bought for it. It then has a seat as well: every purchase seats pods that had none, so plans come to rest.

mod kept;

use super::buy::Market;
use super::demand::Demand;
use super::field::{Field, Spot};
use super::rules::Asks;
use super::supply::{Bin, Origin, Verdicts};

/// Passes over bins while pods that must be spread take turns in them.
const MAX_PASSES: usize = 10_000;

/// Where pods are and how many are left.
#[derive(Clone)]
pub(crate) struct Placing<'a> {
    pub bins: Vec<Bin<'a>>,
    pub field: Field<'a>,
    /// For each shape, how many wait still.
    pub left: Vec<usize>,
}

impl<'a> Placing<'a> {
    /// Fills all that is there and all that comes. `hoped` is where hosts may be bought.
    pub fn fill(&mut self, market: &Market<'a>, hoped: &[&Spot]) {
        let (demand, verdicts) = (market.demand, market.verdicts);
        let (standing, keeping): (Vec<usize>, Vec<usize>) =
            (0..self.bins.len()).partition(|at| matches!(self.bins[*at].origin, Origin::Busy | Origin::Empty));
        self.pour(demand, verdicts, &standing);
        self.field.arrived();
        for at in &keeping {
            self.field.join(&demand.rules, &self.bins[*at].spot, &self.bins[*at].daemons);
        }
        self.fill_keeping(market, &keeping, hoped);
    }

    /// Forgets the domains in which hosts could have been bought and were not: whether there is anybody left who is spread, and whom
    /// that may help.
    pub fn sober_up(&mut self, market: &Market<'a>) -> bool {
        let spread = |shape: usize| !market.demand.rules.rules[market.demand.shapes[shape].rule].sited.skews.is_empty();
        if !(0..self.left.len()).any(|shape| self.left[shape] > 0 && spread(shape)) {
            return false;
        }
        self.field.sober_up(&market.demand.rules);
        // Not onto nodes that stand: pods would find them full of company until the bought hosts join.
        self.fill_coming(market);
        self.left.iter().any(|left| *left > 0)
    }

    /// Fills what hosts on their way have left.
    pub fn fill_coming(&mut self, market: &Market<'a>) {
        let coming: Vec<usize> = (0..self.bins.len()).filter(|at| self.bins[*at].origin == Origin::Coming).collect();
        self.pour(market.demand, market.verdicts, &coming);
    }

    /// Takes a pod of a shape out of a bin: it waits again.
    pub fn withdraw(&mut self, demand: &Demand<'_>, shape: usize, bin: usize) {
        let wanted = &demand.shapes[shape];
        let there = &mut self.bins[bin];
        let Some((_, count)) = there.pattern.iter_mut().find(|(at, count)| *at == shape && *count > 0) else {
            return;
        };
        *count -= 1;
        there.pattern.retain(|(_, count)| *count > 0);
        there.free.add(&wanted.requests);
        self.left[shape] += 1;
        self.field.take_back(&demand.rules.rules[wanted.rule].all, &there.spot, 1);
    }

    fn lets_in(&mut self, demand: &Demand<'_>, verdicts: &Verdicts, shape: usize, bin: usize, asks: &Asks) -> bool {
        let bin = &self.bins[bin];
        self.left[shape] > 0 && bin.takes(&demand.shapes[shape], verdicts) && self.field.admits(asks, &bin.spot).is_ok()
    }

    /// Fills bins, hardest shapes of the highest priority first, each in the first bin that takes it.
    fn pour(&mut self, demand: &Demand<'_>, verdicts: &Verdicts, bins: &[usize]) {
        if bins.is_empty() {
            return;
        }
        let mut waits: Vec<usize> = (0..demand.shapes.len()).filter(|at| self.left[*at] > 0).collect();
        // Pods that need others come again once those are there.
        for _ in 0..MAX_PASSES {
            let mut placed = 0;
            waits.retain(|shape| {
                placed += self.pour_shape(demand, verdicts, bins, *shape);
                self.left[*shape] > 0 && !demand.rules.rules[demand.shapes[*shape].rule].all.needs.counters.is_empty()
            });
            if placed == 0 || waits.is_empty() {
                return;
            }
        }
    }

    /// Places what it can of a shape and says how many.
    fn pour_shape(&mut self, demand: &Demand<'_>, verdicts: &Verdicts, bins: &[usize], shape: usize) -> usize {
        let wanted = &demand.shapes[shape];
        let asks = &demand.rules.rules[wanted.rule].all;
        let before = self.left[shape];
        let mut open: Vec<usize> = bins.iter().copied().filter(|bin| self.bins[*bin].takes(wanted, verdicts)).collect();
        for _ in 0..MAX_PASSES {
            let start = self.left[shape];
            open.retain(|bin| self.bins[*bin].takes(wanted, verdicts));
            for bin in &open {
                if asks.is_free() {
                    let times = wanted.requests.times(&self.bins[*bin].free).min(self.left[shape]);
                    self.seat(demand, shape, *bin, times);
                } else {
                    while self.lets_in(demand, verdicts, shape, *bin, asks) {
                        self.seat(demand, shape, *bin, 1);
                    }
                }
                if self.left[shape] == 0 {
                    return before;
                }
            }
            if self.left[shape] == start || asks.is_free() {
                break;
            }
        }
        before - self.left[shape]
    }

    fn seat(&mut self, demand: &Demand<'_>, shape: usize, bin: usize, pods: usize) {
        if pods == 0 {
            return;
        }
        let wanted = &demand.shapes[shape];
        let there = &mut self.bins[bin];
        there.free.sub(&wanted.requests.scaled(pods));
        match there.pattern.iter_mut().find(|(at, _)| *at == shape) {
            Some((_, count)) => *count += pods,
            None => there.pattern.push((shape, pods)),
        }
        self.left[shape] -= pods;
        self.field.place(&demand.rules.rules[wanted.rule].all, &there.spot, pods);
    }
}
