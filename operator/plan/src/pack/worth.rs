//! What dimensions, and places that rules make scarce, are worth: the dual prices of the cheapest fractional mix of kinds. They make kinds
//! comparable, and what they give for all items is a proved lower bound of the price.

use std::collections::BTreeMap;

use super::simplex::{Column, Cover};
use super::sorts::Sorts;
use crate::effort::Effort;

/// Rules that are looked at, those with most items first: the others only make a packing dearer.
const MAX_RULES: usize = 48;
/// Rules that the search for the best bin counts as dimensions.
const MAX_PLACES: usize = 6;
/// What covers a row alone costs so many times what a kind would: only the start of the search uses it.
const ALONE: f64 = 1e4;
/// Units for the program, which is small.
const UNITS: u64 = 20_000;
/// Prices are scaled down by this share, which pays for rounding.
const ROUNDING: f64 = 1e-9;

/// A rule that lets only so many of some sorts share a bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scarce {
    /// A token that those who bring it do not stand: one in a bin.
    Token(usize),
    /// A group with a cap.
    Group(usize),
}

/// What one of each sort is worth, such that no bin holds more worth than it costs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Worth {
    /// By sort; 0 where no kind takes it.
    pub values: Vec<f64>,
}

impl Worth {
    /// The prices that value these counts highest.
    pub fn of(sorts: &Sorts<'_>, counts: &[usize]) -> Self {
        let taken = taken(sorts);
        let rules = rules(sorts, counts, &taken);
        let mut asked = vec![0.0; sorts.dims];
        for (sort, count) in sorts.all.iter().zip(counts).zip(&taken).filter(|(_, taken)| **taken).map(|(both, _)| both) {
            asked.iter_mut().zip(&sort.size).for_each(|(asked, size)| *asked += *size as f64 * *count as f64);
        }
        asked.extend(rules.iter().map(|(_, members)| members.iter().map(|sort| counts[*sort] as f64).sum::<f64>()));
        let prices = prices(&asked, &kinds(sorts, &rules));
        Self { values: values(sorts, &taken, &rules, &prices) }
    }

    /// What all of this costs at least.
    pub fn of_all(&self, counts: &[usize]) -> f64 {
        self.values.iter().zip(counts).map(|(value, count)| value * *count as f64).sum()
    }
}

/// Whether some kind takes one of a sort, by sort.
pub(super) fn taken(sorts: &Sorts<'_>) -> Vec<bool> {
    let problem = sorts.problem;
    let mut taken = Vec::with_capacity(sorts.all.len());
    for sort in &sorts.all {
        taken.push(problem.kinds.iter().any(|kind| takes(sorts, sort, kind)));
    }
    taken
}

/// Whether an empty bin of a kind takes one of a sort.
pub(super) fn takes(sorts: &Sorts<'_>, sort: &super::sorts::Sort<'_>, kind: &super::Kind) -> bool {
    let ruled = || !sort.ruled || kind.load.room(sort.rules, &sorts.problem.caps) > 0;
    sorts.problem.admits(kind.row, sort.class) && super::fits(&sort.size, &kind.capacity) && ruled()
}

/// What one of each sort takes of the places that rules make scarce, as shares of what an empty bin has.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    /// Rules that are looked at.
    pub rules: usize,
    by_sort: Vec<f64>,
}

impl Places {
    /// For all items of the problem.
    pub fn of(sorts: &Sorts<'_>) -> Self {
        let counts: Vec<usize> =
            sorts.all.iter().map(|sort| sort.members.iter().map(|item| sorts.problem.items[*item].count).sum()).collect();
        let mut rules = rules(sorts, &counts, &taken(sorts));
        rules.truncate(MAX_PLACES);
        let mut by_sort = vec![0.0; rules.len() * sorts.all.len()];
        for (at, (rule, members)) in rules.iter().enumerate() {
            members.iter().for_each(|sort| by_sort[sort * rules.len() + at] = 1.0 / cap(sorts, *rule).max(1) as f64);
        }
        Self { rules: rules.len(), by_sort }
    }

    /// What every member of a rule is worth at least is what the rule's place is worth: takes it off the values, and says what all places of
    /// a bin are worth together.
    pub fn priced(&self, values: &[f64], sorts: &[usize]) -> (f64, Vec<f64>) {
        let (mut whole, mut rest) = (0.0, values.to_vec());
        for rule in 0..self.rules {
            let members = || sorts.iter().map(|sort| (*sort, self.of_sort(*sort)[rule])).filter(|(_, share)| *share > 0.0);
            let least = members().map(|(sort, share)| rest[sort] / share).fold(f64::INFINITY, f64::min);
            if least.is_finite() && least > 0.0 {
                whole += least;
                members().for_each(|(sort, share)| rest[sort] -= least * share);
            }
        }
        (whole, rest)
    }

    /// By rule.
    pub fn of_sort(&self, sort: usize) -> &[f64] {
        &self.by_sort[sort * self.rules..][..self.rules]
    }
}

/// The rules that bind most items, with their sorts.
fn rules(sorts: &Sorts<'_>, counts: &[usize], taken: &[bool]) -> Vec<(Scarce, Vec<usize>)> {
    let mut members: BTreeMap<Scarce, Vec<usize>> = BTreeMap::new();
    for (at, sort) in sorts.all.iter().enumerate().filter(|(at, sort)| sort.ruled && taken[*at] && counts[*at] > 0) {
        for token in sort.rules.takes.common(&sort.rules.forbids) {
            members.entry(Scarce::Token(token)).or_default().push(at);
        }
        for group in &sort.rules.groups {
            members.entry(Scarce::Group(*group)).or_default().push(at);
        }
    }
    let mut rules: Vec<(Scarce, Vec<usize>)> = members.into_iter().filter(|(rule, _)| cap(sorts, *rule) < usize::MAX).collect();
    let bound = |rule: &(Scarce, Vec<usize>)| rule.1.iter().map(|sort| counts[*sort]).sum::<usize>() / cap(sorts, rule.0).max(1);
    rules.sort_by_key(|rule| (std::cmp::Reverse(bound(rule)), rule.0));
    rules.truncate(MAX_RULES);
    rules
}

fn cap(sorts: &Sorts<'_>, rule: Scarce) -> usize {
    match rule {
        Scarce::Token(_) => 1,
        Scarce::Group(group) => sorts.problem.caps.get(group).copied().unwrap_or(usize::MAX),
    }
}

/// What each kind offers in every row.
fn kinds(sorts: &Sorts<'_>, rules: &[(Scarce, Vec<usize>)]) -> Vec<Column> {
    let column = |kind: &super::Kind| {
        let room = |rule: Scarce| match rule {
            Scarce::Token(token) => usize::from(!kind.load.takes.contains(token) && !kind.load.forbids.contains(token)),
            Scarce::Group(group) => cap(sorts, rule).saturating_sub(kind.load.count(group)),
        };
        let dims = kind.capacity.iter().map(|capacity| (*capacity).max(0) as f64);
        let rows = dims.chain(rules.iter().map(|(rule, _)| room(*rule) as f64)).enumerate();
        Column { cost: kind.cost(), covers: rows.filter(|(_, covers)| *covers > 0.0).collect() }
    };
    sorts.problem.kinds.iter().map(column).collect()
}

/// The prices by row. Rows are counted in shares of what is asked for, so that numbers are alike.
fn prices(asked: &[f64], kinds: &[Column]) -> Vec<f64> {
    let rows: Vec<usize> = (0..asked.len()).filter(|row| asked[*row] > 0.0).collect();
    let place: BTreeMap<usize, usize> = rows.iter().enumerate().map(|(place, row)| (*row, place)).collect();
    let shares = |column: &Column| {
        let covers = column.covers.iter().filter_map(|(row, covers)| Some((*place.get(row)?, covers / asked[*row])));
        Column { cost: column.cost, covers: covers.collect() }
    };
    let columns: Vec<Column> = kinds.iter().map(shares).filter(|column| !column.covers.is_empty()).collect();
    let dearest = |row: usize| {
        let costs = columns
            .iter()
            .flat_map(|column| column.covers.iter().filter(move |(at, _)| *at == row).map(|(_, covers)| column.cost / covers));
        costs.fold(1.0, f64::max)
    };
    let start = (0..rows.len()).map(|row| Column { cost: dearest(row) * ALONE, covers: vec![(row, 1.0)] }).collect();
    let mut cover = Cover::new(&vec![1.0; rows.len()], start);
    columns.iter().for_each(|column| cover.add(column.clone()));
    cover.solve(&mut Effort::units(UNITS));
    let kept = feasible(&cover.prices, &columns);
    let mut prices = vec![0.0; asked.len()];
    rows.iter().zip(kept).for_each(|(row, price)| prices[*row] = price / asked[*row]);
    prices
}

/// Prices scaled so that no kind holds more worth than it costs, whatever the program left open.
fn feasible(prices: &[f64], columns: &[Column]) -> Vec<f64> {
    let worth = |column: &Column| column.covers.iter().map(|(row, covers)| prices[*row].max(0.0) * covers).sum::<f64>() / column.cost;
    let most = columns.iter().map(worth).fold(1.0, f64::max);
    prices.iter().map(|price| price.max(0.0) / most * (1.0 - ROUNDING)).collect()
}

fn values(sorts: &Sorts<'_>, taken: &[bool], rules: &[(Scarce, Vec<usize>)], prices: &[f64]) -> Vec<f64> {
    let value =
        |sort: &super::sorts::Sort<'_>| sort.size.iter().zip(prices).map(|(size, price)| (*size).max(0) as f64 * price).sum::<f64>();
    let mut values: Vec<f64> = sorts.all.iter().zip(taken).map(|(sort, taken)| if *taken { value(sort) } else { 0.0 }).collect();
    for ((_, members), price) in rules.iter().zip(&prices[sorts.dims..]) {
        members.iter().for_each(|sort| values[*sort] += price);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::super::tests::{items, kind, problem};
    use super::*;
    use crate::pack::{Bits, Problem, Rules};

    fn bound(problem: &Problem) -> i64 {
        let sorts = Sorts::of(problem);
        let counts = sorts.counts(&problem.items.iter().map(|item| item.count).collect::<Vec<_>>());
        Worth::of(&sorts, &counts).of_all(&counts).round() as i64
    }

    #[test]
    fn the_bound_is_the_cheapest_fractional_mix() {
        let kinds = [kind(&[4, 16], 4_000), kind(&[4, 32], 6_000)];
        let asked = |cpu, memory| bound(&problem(&[items(&[cpu, memory], 2)], &kinds));
        assert_eq!([asked(4, 16), asked(4, 32), asked(4, 24), asked(4, 0)], [8, 12, 10, 8].map(|units| units * 1_000));
    }

    #[test]
    fn items_that_stand_no_other_of_their_like_pay_for_a_bin_each() {
        let mut item = items(&[1, 1], 5);
        item.rules = Rules { takes: Bits::of([3]), forbids: Bits::of([3]), ..Rules::default() };
        let capped = crate::pack::Item { rules: Rules { groups: vec![0], ..Rules::default() }, ..items(&[1, 1], 6) };
        let kinds = [kind(&[4, 16], 4_000), kind(&[8, 32], 7_000)];
        assert_eq!(bound(&problem(&[item], &kinds)), 20_000);
        assert_eq!(bound(&Problem { caps: vec![2], ..problem(&[capped], &kinds) }), 12_000);
    }

    #[test]
    fn what_no_kind_takes_is_worth_nothing() {
        assert_eq!(bound(&problem(&[items(&[9, 1], 5)], &[kind(&[4, 16], 4_000)])), 0);
        assert_eq!(bound(&problem(&[items(&[9, 1], 5)], &[])), 0);
    }
}
