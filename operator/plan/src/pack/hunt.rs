//! Finds the next bin to buy. What a kind gave last time is what it is expected to give, so few kinds are filled for one bin.

use super::Pattern;
use super::fill::{Families, Space, fill};
use super::greedy::Basket;
use super::market::Market;
use super::style::{Opening, Style};
use super::worth::Worth;

/// Bins whose worth per price differs by less, relatively, are equally good.
const EQUAL: f64 = 1e-9;
/// Kinds are looked at anew, all of them, whenever so little of the worth is left that was there when they last were.
const LOOK_AGAIN: f64 = 0.7;
/// How much more than the kind that they follow gives is hoped for from kinds.
const HOPE: f64 = 1.02;

/// How what a bin takes is valued against its price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Yardstick<'v> {
    /// At the prices of the cheapest fractional mix of kinds.
    Mix,
    /// By what each would cost in a bin full of its like: right for few, large items.
    Alone,
    /// As the mix, in bins that cost at most so many times what is left comes to for each item that shares a bin with none of its like.
    Shared(f64),
    /// At these values, by sort.
    Given(&'v [f64]),
}

/// The search for the next bin.
pub(super) struct Hunt<'a> {
    market: &'a Market<'a>,
    yardstick: Yardstick<'a>,
    values: Vec<f64>,
    /// Worth that was left when values were computed.
    worth: f64,
    families: Families,
    /// For each kind what it is expected to give for its price.
    expected: Vec<f64>,
    /// The first sort that may be left.
    hardest: usize,
}

impl<'a> Hunt<'a> {
    pub fn new(market: &'a Market<'a>, yardstick: Yardstick<'a>) -> Self {
        Self {
            market,
            yardstick,
            values: Vec::new(),
            worth: f64::INFINITY,
            families: Families::default(),
            expected: Vec::new(),
            hardest: 0,
        }
    }

    /// The kind that gives most worth for its price, and what goes into it; of equals the cheapest.
    pub fn next(&mut self, basket: &Basket, style: Style) -> Option<(usize, Pattern)> {
        let problem = self.market.sorts.problem;
        let mut open: Vec<usize> = self.market.kinds.clone();
        if !problem.limits.is_empty() {
            open.retain(|kind| problem.room(&basket.bought, *kind) > 0);
        }
        let opener = self.opener(&open, basket, style)?;
        let (market, opens) = (self.market, style.opening != Opening::Balanced);
        open.retain(|kind| if opens { market.takes[*kind][opener] } else { market.takes_any(*kind, &basket.left) });
        self.look_again(basket);
        if let Yardstick::Shared(most) = self.yardstick {
            self.keep_small(&mut open, basket, most);
        }
        self.follow(&open);
        let mut best: Option<(f64, usize, Pattern)> = None;
        let mut looked = vec![false; problem.kinds.len()];
        loop {
            let most =
                open.iter().filter(|kind| !looked[**kind]).max_by(|a, b| self.expected[**a].total_cmp(&self.expected[**b]).then(b.cmp(a)));
            let Some(kind) =
                most.copied().filter(|kind| best.as_ref().is_none_or(|(gain, ..)| self.expected[*kind] > gain * (1.0 + EQUAL)))
            else {
                return best.map(|(_, kind, pattern)| (kind, pattern));
            };
            looked[kind] = true;
            let of = &problem.kinds[kind];
            let pattern = fill(market.sorts, &self.families, &Space::new(of), &basket.left, style);
            let gain = (self.worth(&pattern) + market.bonus(kind, &pattern) as f64) / of.cost();
            self.expected[kind] = gain;
            self.hope(kind, gain);
            let better = best.as_ref().is_none_or(|(most, of, _)| {
                gain > most * (1.0 + EQUAL) || gain > most * (1.0 - EQUAL) && problem.kinds[kind].price < problem.kinds[*of].price
            });
            if better && !pattern.is_empty() {
                best = Some((gain, kind, pattern));
            }
        }
    }

    /// The hardest sort left that can be had, of those that the style begins with.
    fn opener(&mut self, open: &[usize], basket: &Basket, style: Style) -> Option<usize> {
        while basket.left.get(self.hardest).is_some_and(|left| *left == 0) {
            self.hardest += 1;
        }
        let waits = (self.hardest..basket.left.len()).filter(|sort| basket.left[*sort] > 0);
        let mut had = waits.filter(|sort| open.iter().any(|kind| self.market.takes[*kind][*sort]));
        let shy = |sort: &usize| style.opening == Opening::Shy && self.market.sorts.all[*sort].rules.alone();
        had.clone().find(shy).or_else(|| had.next())
    }

    /// Keeps kinds of at most so many times the fair share of what is left, and the cheapest.
    fn keep_small(&self, open: &mut Vec<usize>, basket: &Basket, most: f64) {
        let shy = self.market.sorts.all.iter().zip(&basket.left).filter(|(sort, _)| sort.rules.alone());
        let bins: usize = shy.map(|(_, left)| left).sum();
        let worth: f64 = self.values.iter().zip(&basket.left).map(|(value, left)| value * *left as f64).sum();
        let share = if bins > 0 { worth / bins as f64 } else { f64::INFINITY };
        let cost = |kind: usize| self.market.sorts.problem.kinds[kind].cost();
        let least = open.first().map_or(0.0, |kind| cost(*kind));
        open.retain(|kind| cost(*kind) <= (share * most).max(least));
    }

    /// Values and expectations anew, when enough has changed.
    fn look_again(&mut self, basket: &Basket) {
        let of = |values: &[f64]| values.iter().zip(&basket.left).map(|(value, left)| value * *left as f64).sum::<f64>();
        if !self.values.is_empty() && of(&self.values) > self.worth * LOOK_AGAIN {
            return;
        }
        self.families = Families::of(self.market.sorts.families.clone(), &basket.left);
        self.values = match self.yardstick {
            Yardstick::Mix | Yardstick::Shared(_) => Worth::of(self.market.sorts, &basket.left).values,
            Yardstick::Alone => self.market.alone.clone(),
            Yardstick::Given(values) => values.to_vec(),
        };
        self.values.iter_mut().for_each(|value| *value += self.market.item_worth);
        self.worth = of(&self.values);
        self.expected =
            self.market.leaders.iter().enumerate().map(|(kind, leader)| if kind == *leader { f64::INFINITY } else { 0.0 }).collect();
    }

    /// Whose leader cannot be had is looked at for its own.
    fn follow(&mut self, open: &[usize]) {
        let mut leads = vec![false; self.expected.len()];
        open.iter().for_each(|kind| leads[*kind] = true);
        for kind in open.iter().filter(|kind| !leads[self.market.leaders[**kind]]) {
            if self.expected[*kind] == 0.0 {
                self.expected[*kind] = f64::INFINITY;
            }
        }
    }

    /// What a leader gave is hoped for from those that follow it.
    fn hope(&mut self, leader: usize, gain: f64) {
        for (kind, _) in self.market.leaders.iter().enumerate().filter(|(kind, of)| **of == leader && *kind != leader) {
            self.expected[kind] = self.expected[kind].max(gain * HOPE);
        }
    }

    fn worth(&self, pattern: &Pattern) -> f64 {
        pattern.iter().map(|(sort, count)| self.values[*sort] * *count as f64).sum()
    }
}
