//! A good guess at a packing of very many sorts: the coarse problem is packed first, then the one that knows rows, then the real one follows it.

use std::collections::BTreeSet;

use super::coarse::{Coarse, Keep};
use super::columns::{Config, Master};
use super::dive::dive;
use super::fill::tidy;
use super::market::Market;
use super::recast::recast;
use super::sorts::Sorts;
use super::worth::Worth;
use super::{Bin, Pattern};
use crate::effort::Effort;

/// Units for the mix that knows no rows, for the one that does, and for whole bins.
const MIX_UNITS: u64 = 60_000;
const ROWS_UNITS: u64 = 40_000;
const DIVE_UNITS: u64 = 60_000;
/// With more sorts than this rows are forgotten: the mix would take too much.
const MAX_SORTS: usize = 300;
/// Whole bins come close to the mix where there are so many items of each sort.
const MANY_OF_EACH: usize = 12;
/// Bins that a mix begins with.
const MAX_KNOWN: usize = 400;

/// What the coarse problem says of the real one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Guess {
    /// What one of each sort is worth, by sort: no bin holds more worth than it costs.
    pub values: Vec<f64>,
    /// What everything costs at least: proved.
    pub bound: f64,
    /// A packing of everything, if effort lasted.
    pub bins: Option<Vec<Bin>>,
}

/// The guess, where it pays; `start` are bins to begin with, and `simple` is what things are worth by size.
pub(super) fn guess(market: &Market<'_>, counts: &[usize], start: &[Bin], simple: &Worth, effort: &mut Effort<'_>) -> Option<Guess> {
    follow(&Coarse::paying(market, counts)?, market, counts, start, simple, effort)
}

/// As [`guess`], of this coarse problem.
pub(super) fn follow(
    coarse: &Coarse,
    market: &Market<'_>,
    counts: &[usize],
    start: &[Bin],
    simple: &Worth,
    effort: &mut Effort<'_>,
) -> Option<Guess> {
    let sorts = Sorts::of(&coarse.problem);
    let own = Market::new(&sorts);
    let mut mix = Mix::of(&own, coarse, &coarse.image(&fullest(market, start, &simple.values)))?;
    effort.share(MIX_UNITS, |effort| mix.master.solve(effort, usize::MAX));
    let by_item = sorts.by_item();
    let values: Vec<f64> = coarse.items.iter().map(|item| mix.master.values[by_item[*item]]).collect();
    let rows = Coarse::of(market, counts, Keep::Rows);
    let bins = if rows.problem.items.len() > MAX_SORTS || rows.problem.items.len() == coarse.problem.items.len() {
        mix.pack(market, counts, effort)
    } else if counts.iter().sum::<usize>() >= MANY_OF_EACH * rows.problem.items.len() {
        let mut known = rows.image(&fullest(market, start, &values));
        known.extend(mix.used().iter().flat_map(|bin| rows.translated(coarse, bin, counts)));
        with_rows(market, counts, &rows, &known, effort)
    } else {
        None
    };
    Some(Guess { values, bound: mix.master.bound, bins })
}

/// Packs what knows rows, beginning with these bins.
fn with_rows(market: &Market<'_>, counts: &[usize], rows: &Coarse, known: &[Bin], effort: &mut Effort<'_>) -> Option<Vec<Bin>> {
    let sorts = Sorts::of(&rows.problem);
    let own = Market::new(&sorts);
    let mut mix = Mix::of(&own, rows, known)?;
    effort.share(ROWS_UNITS, |effort| mix.master.solve(effort, usize::MAX));
    mix.pack(market, counts, effort)
}

/// Those bins that are worth most for their price.
fn fullest(market: &Market<'_>, bins: &[Bin], values: &[f64]) -> Vec<Bin> {
    let gain = |bin: &Bin| {
        let worth: f64 = bin.pattern.iter().map(|(sort, count)| values[*sort] * *count as f64).sum();
        worth / market.sorts.problem.kinds[bin.kind].cost()
    };
    let mut order: Vec<(f64, usize)> = bins.iter().map(gain).zip(0..).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    order.truncate(MAX_KNOWN);
    order.into_iter().map(|(_, at)| bins[at].clone()).collect()
}

/// The best mix of a coarse problem.
struct Mix<'a> {
    market: &'a Market<'a>,
    coarse: &'a Coarse,
    master: Master<'a>,
    counts: Vec<usize>,
}

impl<'a> Mix<'a> {
    /// Begins with these bins, whose patterns are by item.
    fn of(market: &'a Market<'a>, coarse: &'a Coarse, known: &[Bin]) -> Option<Self> {
        let counts = market.sorts.counts(&coarse.problem.items.iter().map(|item| item.count).collect::<Vec<_>>());
        let mut master = Master::new(market, &counts, &Worth::of(market.sorts, &counts))?;
        let by_item = market.sorts.by_item();
        let mut seen: BTreeSet<(usize, Pattern)> = BTreeSet::new();
        for bin in known {
            let mut pattern = bin.pattern.iter().map(|(item, count)| (by_item[*item], *count)).collect();
            tidy(&mut pattern);
            if seen.insert((bin.kind, pattern.clone())) {
                master.add(&Config { kind: bin.kind, pattern });
            }
        }
        Some(Self { market, coarse, master, counts })
    }

    /// Bins of the mix, by item.
    fn used(&self) -> Vec<Bin> {
        let config = |at: usize| &self.master.configs[at];
        let bins = self.master.amounts().into_iter().map(|(at, _)| config(at));
        self.by_item(bins.map(|config| Bin { kind: config.kind, pattern: config.pattern.clone(), times: 1 }).collect())
    }

    fn by_item(&self, mut bins: Vec<Bin>) -> Vec<Bin> {
        let item = |sort: usize| self.market.sorts.all[sort].members[0];
        bins.iter_mut().for_each(|bin| bin.pattern.iter_mut().for_each(|(sort, _)| *sort = item(*sort)));
        bins
    }

    /// Whole bins of the mix, made real; whoever finds no place there is bought for anew.
    fn pack(&self, market: &Market<'_>, counts: &[usize], effort: &mut Effort<'_>) -> Option<Vec<Bin>> {
        if self.counts.iter().sum::<usize>() < MANY_OF_EACH * self.counts.len() {
            return None;
        }
        let whole = effort.share(DIVE_UNITS, |effort| dive(self.market, &self.master, &self.counts, 0, effort))?;
        let recast = recast(market, self.coarse, &self.by_item(whole), counts);
        let rest = market.quick(&recast.left);
        let had = effort.spend(recast.units + market.units(&rest)) && rest.left.iter().all(|left| *left == 0);
        let mut bins = recast.bins;
        bins.iter_mut().for_each(|bin| bin.kind = market.cheapest(bin.kind, &bin.pattern));
        bins.extend(rest.bins);
        had.then_some(bins)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{items, kind, problem};
    use super::super::{Bits, Item, Kind, Problem, Rules};
    use super::*;

    /// Two zones with bins for two of the larger or three of the smaller items; every item is for a zone and stands none of some label.
    fn zones() -> Problem {
        let labels = |at: usize| Rules { takes: Bits::of([at % 8]), forbids: Bits::of([(at + 1) % 8]), groups: Vec::new() };
        let item = |at: usize| Item { class: at % 2, rules: labels(at / 4), ..items(&[[6, 4][at / 2 % 2]], 9) };
        let all: Vec<Item> = (0..128).map(|at| Item { bonus: vec![(0, at as i64 / 32)], ..item(at) }).collect();
        let kinds = [kind(&[12], 100), Kind { row: 1, ..kind(&[12], 100) }];
        Problem { rows: vec![Bits::of([0]), Bits::of([1])], ..problem(&all, &kinds) }
    }

    #[test]
    fn what_follows_the_coarse_packing_places_everything_and_costs_what_that_does() {
        let problem = zones();
        let sorts = Sorts::of(&problem);
        let market = Market::new(&sorts);
        let counts = sorts.counts(&vec![9; 128]);
        let start = market.quick(&counts).bins;
        let guess = guess(&market, &counts, &start, &Worth::of(&sorts, &counts), &mut Effort::units(1_000_000)).unwrap();
        let bins = guess.bins.unwrap();
        let mut placed = vec![0; counts.len()];
        bins.iter().for_each(|bin| bin.pattern.iter().for_each(|(sort, count)| placed[*sort] += count * bin.times));
        assert_eq!(placed, counts);
        assert_eq!((guess.bound.round() as i64, super::super::market::price(&problem, &bins)), (48_000, 48_000));
    }
}
