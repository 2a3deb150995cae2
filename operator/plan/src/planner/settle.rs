//! Settles on what to buy: every way to buy is simulated as the next plan will see it, and the cheapest that stands is taken.

use std::collections::BTreeMap;

use super::budget::Budget;
use super::buy::Basket;
use super::market::Market;
use super::report::{self, Used};
use super::simulate::{Ground, Outcome, missing};
use super::supply::{self, Bin, Origin};
use super::{Plan, explain, floor};
use crate::model::Key;

/// Times that bought hosts are simulated, and more are bought for what found no room. Two are the rule.
const MAX_ROUNDS: usize = 16;

/// Hosts in flight, those that this plan buys among them, and what they take.
#[derive(Clone)]
struct Settled<'a> {
    coming: Vec<Bin<'a>>,
    outcome: Outcome,
    budget: Budget,
    blocked: BTreeMap<Key, String>,
    /// Price of what is bought, in micro-units an hour.
    price_micro: i64,
}

/// Buys what pools have whatever the demand, then for the demand, and writes down who goes where.
pub(crate) fn settle<'a>(market: &Market<'a>, bins: Vec<Bin<'a>>, budget: Budget, plan: &mut Plan) -> Used<'a> {
    let (mut coming, mut nodes): (Vec<Bin<'_>>, Vec<Bin<'_>>) = bins.into_iter().partition(|bin| bin.origin == Origin::Coming);
    supply::sort_nodes(&mut nodes);
    let ground = Ground::new(nodes, *market);
    plan.blocked.extend(add_floor(market, &ground, &mut coming, &budget));

    let start = Settled::new(market, &ground, coming, &budget);
    let best = best_of_ways(market, &ground, &start, &budget).unwrap_or(start);
    plan.blocked.extend(best.blocked);
    report::places(market, &ground, &best.coming, &best.outcome, best.budget, plan)
}

/// Adds the hosts that pools have whatever the demand; what cannot be had is returned with its reason.
fn add_floor<'a>(market: &Market<'a>, ground: &Ground<'a>, coming: &mut Vec<Bin<'a>>, budget: &Budget) -> Vec<(Key, String)> {
    supply::sort_coming(coming, market.verdicts);
    let left = ground.simulate(coming).coming.left;
    let floor = floor::floor(market, left, budget.clone());
    for (candidate, reason) in floor.bought {
        coming.push(supply::bought(candidate, &market.catalog.candidates[candidate], Some(reason)));
    }
    floor.blocked
}

/// The cheapest of all ways to buy for what has no room; `None` if all have.
fn best_of_ways<'a>(market: &Market<'a>, ground: &Ground<'a>, start: &Settled<'a>, base: &Budget) -> Option<Settled<'a>> {
    let left = &start.outcome.coming.left;
    if left.iter().all(|count| *count == 0) {
        return None;
    }
    let mut best: Option<Settled<'a>> = None;
    for way in market.ways() {
        let basket = market.buy_so(way, left, &start.budget);
        let cost = (missing(&basket.left, market), start.price_micro.saturating_add(basket.price_micro));
        if best.as_ref().is_some_and(|best| cost >= (missing(&best.outcome.coming.left, market), best.price_micro)) {
            continue;
        }
        let settled = stand(market, ground, start.clone(), basket, base);
        if best.as_ref().is_none_or(|best| settled.cost(market) < best.cost(market)) {
            best = Some(settled);
        }
    }
    best
}

/// Simulates with what was bought, and buys for what that leaves, until that is nothing.
fn stand<'a>(market: &Market<'a>, ground: &Ground<'a>, start: Settled<'a>, first: Basket, base: &Budget) -> Settled<'a> {
    let (mut settled, mut basket) = (start, first);
    for _ in 0..MAX_ROUNDS {
        settled.note_blocked(market, &basket);
        if basket.bought.is_empty() {
            break;
        }
        let bought = basket.bought.iter().map(|at| supply::bought(*at, &market.catalog.candidates[*at], None));
        let coming = settled.coming.into_iter().chain(bought).collect();
        settled = Settled { blocked: settled.blocked, ..Settled::new(market, ground, coming, base) };
        basket = market.buy(&settled.outcome.coming.left, &settled.budget);
    }
    settled
}

impl<'a> Settled<'a> {
    /// Simulates, and drops bought hosts that get nothing, unless a pool's floor wants them.
    fn new(market: &Market<'a>, ground: &Ground<'a>, mut coming: Vec<Bin<'a>>, base: &Budget) -> Self {
        supply::sort_coming(&mut coming, market.verdicts);
        let mut outcome = ground.simulate(&coming);
        if drop_unneeded(&mut coming, &outcome) {
            outcome = ground.simulate(&coming);
        }
        let (mut budget, mut price_micro) = (base.clone(), 0i64);
        for candidate in coming.iter().filter_map(|bin| bin.candidate) {
            let candidate = &market.catalog.candidates[candidate];
            budget.take(candidate, market.catalog);
            price_micro = price_micro.saturating_add(candidate.offering.price_micro);
        }
        Self { coming, outcome, budget, blocked: BTreeMap::new(), price_micro }
    }

    /// What is to be least: pods without room by priority, then the price, then the number of hosts.
    fn cost(&self, market: &Market<'_>) -> (Vec<usize>, i64, usize) {
        (missing(&self.outcome.coming.left, market), self.price_micro, self.coming.len())
    }

    fn note_blocked(&mut self, market: &Market<'_>, basket: &Basket) {
        for (rank, left) in &basket.stages {
            self.blocked.extend(explain::blocked(market, *rank, left, &basket.budget));
        }
    }
}

/// Drops bought hosts that the simulation gave nothing. Whether there were any.
fn drop_unneeded(coming: &mut Vec<Bin<'_>>, outcome: &Outcome) -> bool {
    let before = coming.len();
    let mut patterns = outcome.coming.patterns.iter();
    coming.retain(|bin| {
        let empty = patterns.next().is_none_or(Vec::is_empty);
        !(empty && bin.candidate.is_some() && bin.floor.is_none())
    });
    coming.len() != before
}
