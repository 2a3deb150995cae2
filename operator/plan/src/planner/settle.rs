//! Settles on what to buy: every way to buy is simulated as the next plan will see it, and the cheapest that stands is taken.

use std::collections::BTreeMap;

use super::budget::Budget;
use super::buy::Basket;
use super::market::{Market, Way};
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
    supply::sort(&mut nodes, market.verdicts);
    let ground = Ground::new(nodes, market.demand, market.verdicts);
    plan.blocked.extend(add_floor(market, &ground, &mut coming, &budget));

    let start = Settled::new(market, &ground, coming, &budget);
    let mut best: Option<Settled<'_>> = None;
    for way in ways(market, &start) {
        let settled = attempt(market, &ground, start.clone(), way, &budget);
        if best.as_ref().is_none_or(|best| settled.cost(market) < best.cost(market)) {
            best = Some(settled);
        }
    }
    let best = best.unwrap_or(start);
    plan.blocked.extend(best.blocked);
    report::places(market, &ground, &best.coming, &best.outcome, best.budget, plan)
}

/// Adds the hosts that pools have whatever the demand; what cannot be had is returned with its reason.
fn add_floor<'a>(market: &Market<'a>, ground: &Ground<'a>, coming: &mut Vec<Bin<'a>>, budget: &Budget) -> Vec<(Key, String)> {
    supply::sort(coming, market.verdicts);
    let left = ground.simulate(coming).coming.left;
    let floor = floor::floor(market, left, budget.clone());
    for (candidate, reason) in floor.bought {
        coming.push(supply::bought(candidate, &market.catalog.candidates[candidate], Some(reason)));
    }
    floor.blocked
}

/// The ways that are worth trying: none if all have room.
fn ways(market: &Market<'_>, start: &Settled<'_>) -> Vec<Way> {
    let waiting = start.outcome.coming.left.iter().any(|count| *count > 0);
    if waiting { market.ways() } else { Vec::new() }
}

/// Buys in one way, then in the best for what the simulation leaves, until that is nothing.
fn attempt<'a>(market: &Market<'a>, ground: &Ground<'a>, start: Settled<'a>, way: Way, base: &Budget) -> Settled<'a> {
    let mut settled = start;
    for round in 0..MAX_ROUNDS {
        let left = &settled.outcome.coming.left;
        let basket = match round {
            0 => market.buy_so(way, left, &settled.budget),
            _ => market.buy(left, &settled.budget),
        };
        settled.note_blocked(market, &basket);
        if basket.bought.is_empty() {
            break;
        }
        let bought = basket.bought.iter().map(|at| supply::bought(*at, &market.catalog.candidates[*at], None));
        let coming = settled.coming.into_iter().chain(bought).collect();
        settled = Settled { blocked: settled.blocked, ..Settled::new(market, ground, coming, base) };
    }
    settled
}

impl<'a> Settled<'a> {
    /// Simulates, and drops bought hosts that get nothing, unless a pool's floor wants them.
    fn new(market: &Market<'a>, ground: &Ground<'a>, mut coming: Vec<Bin<'a>>, base: &Budget) -> Self {
        supply::sort(&mut coming, market.verdicts);
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
        (missing(&self.outcome.coming.left, market.demand), self.price_micro, self.coming.len())
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
