//! The bin of a kind that holds most worth, or a proof that none holds more than so much.
//!
//! What is proved without a search: with a price for the whole of each dimension, no bin holds more than these prices and what items are worth
//! beyond the price of their size. The best prices are those of the fractional bin ([`super::relax`]). A dimension counts only as far as sums of
//! the sizes of what is worth something go, and places that rules make scarce may be paid for first: whichever proves more.

use super::dig::{Choice, Dig};
use super::reach::Reach;
use super::relax::Relax;
use super::sorts::Sorts;
use super::worth::Places;
use super::{Load, Pattern};

/// Bins of one search at most.
const MAX_BINS: usize = 8;
/// Steps of the first searches for what a sort opens, by what factor they grow, and where they end.
const FIRST_STEPS: usize = 60;
const MORE_STEPS: usize = 8;
const LAST_STEPS: usize = 100_000;
/// So many sorts use up their steps at most; more where it is the last search.
const ROOTS: usize = 40;
const LAST_ROOTS: usize = 240;
/// Where steps end in the last search, it is tried to prove that no bin is worth so many times more.
const RAISED: [f64; 5] = [1.0005, 1.001, 1.002, 1.004, 1.008];
/// Bins that the fractional one leads to, and steps for each.
const GUIDED: usize = 3;
const GUIDED_STEPS: usize = 200;
/// Worths that differ by less, relatively, are equal.
pub(super) const EQUAL: f64 = 1e-9;
/// What a step of the search costs: this many are a unit of effort.
const STEPS_OF_UNIT: usize = 20;
/// Sorts for whose prices a sweep takes a unit, and which are put in order for one.
const SWEPT_OF_UNIT: usize = 30;
const ORDERED_OF_UNIT: usize = 10;

/// What is known of the best bin.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Bins that are worth more than was asked for, the best first, and others of other sorts.
    pub bins: Vec<Pattern>,
    /// No bin is worth more: proved.
    pub at_most: f64,
    /// The search came to its end: what it found is the best, or there is nothing to find.
    pub complete: bool,
    /// More steps will not be had.
    pub last: bool,
    /// Units of effort that it took.
    pub units: u64,
}

/// Values by sort, split in what the scarce places of a bin are worth together, and what sorts are worth besides.
#[derive(Clone, Debug)]
pub(super) struct Split {
    pub whole: f64,
    pub values: Vec<f64>,
    /// Sums of the sizes that are worth something then.
    pub reach: Reach,
}

/// A kind to be filled with worth.
#[derive(Clone, Debug)]
pub(super) struct Knapsack<'a> {
    sorts: &'a Sorts<'a>,
    capacity: &'a [i64],
    load: &'a Load,
    /// Sorts that it takes, and how many at most.
    takes: Vec<(usize, usize)>,
    /// Sizes as shares of the capacity, and places as shares of what rules allow, one sort after the other.
    shares: Vec<f64>,
    /// Steps for what a sort opens.
    steps: usize,
    /// Dimensions, and rules that count as such.
    dims: usize,
    /// Which share of each dimension counts.
    room: Vec<f64>,
    /// What the whole of a dimension is worth, and how many of each sort are in the fractional bin.
    prices: Vec<f64>,
    amounts: Vec<f64>,
}

impl<'a> Knapsack<'a> {
    /// A bin with so much free, for sorts and how many of each may go in.
    pub fn new(sorts: &'a Sorts<'a>, places: &Places, capacity: &'a [i64], load: &'a Load, takes: Vec<(usize, usize)>) -> Self {
        let share = |size: i64, capacity: i64| if size <= 0 { 0.0 } else { size as f64 / capacity.max(1) as f64 };
        let mut shares = Vec::with_capacity(takes.len() * (sorts.dims + places.rules));
        for (sort, _) in &takes {
            shares.extend(sorts.all[*sort].size.iter().zip(capacity).map(|(size, capacity)| share(*size, *capacity)));
            shares.extend_from_slice(places.of_sort(*sort));
        }
        let dims = sorts.dims + places.rules;
        let (room, prices, amounts) = (vec![1.0; dims], vec![0.0; dims], vec![0.0; takes.len()]);
        Self { sorts, capacity, load, takes, shares, steps: FIRST_STEPS, dims, room, prices, amounts }
    }

    /// Looks for bins worth more than `target`: those that the fractional one leads to, else for each sort the best that it opens. Where steps
    /// ran out and nothing was found, the next search has more.
    pub fn search(&mut self, splits: &[Split], target: f64) -> Found {
        let proved = self.proved(splits, target);
        let mut found = Found { bins: Vec::new(), at_most: proved, complete: true, last: self.steps >= LAST_STEPS, units: self.units() };
        if proved <= target {
            return found;
        }
        let values = splits[0].values.as_slice();
        let mut choices: Vec<Choice> =
            self.takes.iter().enumerate().map(|(at, (sort, most))| self.choice(at, *sort, *most, values)).collect();
        choices.retain(|choice| choice.value > 0.0);
        choices.sort_by(|a, b| b.ratio.total_cmp(&a.ratio).then(b.weight.total_cmp(&a.weight)).then(a.sort.cmp(&b.sort)));
        found.units += (choices.len() / ORDERED_OF_UNIT) as u64;
        let mut steps = 0;
        let mut bins: Vec<(f64, Pattern)> = Vec::new();
        for back in 0..GUIDED {
            let (bin, used) = self.guided(&choices, back);
            bins.push(bin);
            steps += used;
        }
        bins.retain(|(worth, _)| *worth > target);
        if bins.is_empty() {
            steps += self.exhaust(&choices, target, &mut found, &mut bins);
        } else {
            found.complete = false;
        }
        found.units += (steps / STEPS_OF_UNIT) as u64;
        bins.sort_by(|a, b| b.0.total_cmp(&a.0));
        bins.truncate(MAX_BINS);
        found.bins = bins.into_iter().map(|(_, pattern)| pattern).collect();
        found
    }

    /// For each sort the best bin that it opens, and what no bin is worth more than; says how many steps that took.
    fn exhaust(&mut self, choices: &[Choice], target: f64, found: &mut Found, bins: &mut Vec<(f64, Pattern)>) -> usize {
        let last = self.steps >= LAST_STEPS;
        let (mut at_most, mut used, most_steps) = (target, 0, self.steps * if last { LAST_ROOTS } else { ROOTS });
        let mut dig = self.dig(choices);
        for first in 0..choices.len() {
            let bound = dig.bound(first, 0.0, self.budget());
            if bound <= at_most {
                break;
            }
            if used >= most_steps {
                (at_most, found.complete) = (bound, false);
                break;
            }
            let steps = self.steps.min(most_steps - used);
            used += dig.open(first, at_most, steps, self.budget());
            found.complete &= dig.ended();
            for more in RAISED.iter().filter(|_| last) {
                if dig.ended() || dig.target * more >= bound {
                    break;
                }
                used += dig.open(first, dig.target * more, steps, self.budget());
            }
            at_most = at_most.max(if dig.ended() { dig.target } else { bound });
            bins.extend(dig.best.take());
        }
        if !found.complete && bins.is_empty() {
            self.steps = (self.steps * MORE_STEPS).min(LAST_STEPS);
        }
        found.at_most = found.at_most.min(at_most);
        used
    }

    /// The fractional bin, rounded down to whole items, `back` fewer of each, and filled up as well as a few steps can, which it counts.
    fn guided(&self, choices: &[Choice], back: usize) -> ((f64, Pattern), usize) {
        let mut amounts = vec![0; self.sorts.all.len()];
        for ((sort, _), amount) in self.takes.iter().zip(&self.amounts) {
            amounts[*sort] = ((amount + EQUAL).floor() as usize).saturating_sub(back);
        }
        let mut dig = self.dig(choices);
        let mut rest = choices.to_vec();
        let (mut value, mut budget) = (0.0, self.budget());
        for choice in &mut rest {
            let count = dig.take(choice, amounts[choice.sort]);
            choice.most -= count;
            value += choice.value * count as f64;
            budget -= choice.weight * count as f64;
        }
        dig.choices = &rest;
        dig.fill_up(value, budget, GUIDED_STEPS)
    }

    /// The sorts that it takes.
    pub fn sorts(&self) -> impl Iterator<Item = usize> {
        self.takes.iter().map(|(sort, _)| *sort)
    }

    /// What is free, at the dimensions' prices.
    fn budget(&self) -> f64 {
        self.prices.iter().zip(&self.room).map(|(price, room)| price * room).sum()
    }

    fn dig<'b>(&'b self, choices: &'b [Choice]) -> Dig<'b> {
        Dig::new(self.sorts, choices, self.capacity.to_vec(), self.load.clone())
    }

    fn units(&self) -> u64 {
        (self.takes.len() * self.dims / SWEPT_OF_UNIT + 1) as u64
    }

    fn choice(&self, at: usize, sort: usize, most: usize, values: &[f64]) -> Choice {
        let weight: f64 = self.shares[at * self.dims..][..self.dims].iter().zip(&self.prices).map(|(share, price)| share * price).sum();
        let value = values[sort];
        Choice { sort, most, value, weight, ratio: if weight > 0.0 { value / weight } else { f64::INFINITY } }
    }

    /// How much worth no bin exceeds, seen in each of these ways until that is enough. The last one's prices are kept.
    pub fn proved(&mut self, splits: &[Split], target: f64) -> f64 {
        let mut least = f64::INFINITY;
        for split in splits.iter().rev() {
            for (dim, (room, capacity)) in self.room.iter_mut().zip(self.capacity).enumerate().filter(|(_, (_, capacity))| **capacity > 0) {
                *room = split.reach.below(dim, *capacity) as f64 / *capacity as f64 * (1.0 + EQUAL);
            }
            least = least.min(split.whole * (1.0 + EQUAL) + self.price(&split.values));
            if least <= target {
                break;
            }
        }
        least
    }

    /// Prices of the dimensions that prove most: how much worth no bin exceeds. Any prices prove something.
    pub fn price(&mut self, values: &[f64]) -> f64 {
        let values_here: Vec<f64> = self.takes.iter().map(|(sort, _)| values[*sort]).collect();
        let most: Vec<f64> = self.takes.iter().map(|(_, most)| *most as f64).collect();
        let relax = Relax { shares: &self.shares, values: &values_here, most: &most, dims: self.dims, room: &self.room };
        (self.prices, self.amounts) = relax.solve();
        self.proves(values)
    }

    /// What a sort is worth beyond the price of its size.
    fn beyond(&self, at: usize, value: f64) -> f64 {
        let shares = self.shares[at * self.dims..][..self.dims].iter().zip(&self.prices);
        value - shares.map(|(share, price)| share * price).sum::<f64>()
    }

    /// What these prices prove.
    fn proves(&self, values: &[f64]) -> f64 {
        let gain = |(at, (sort, most)): (usize, &(usize, usize))| self.beyond(at, values[*sort]).max(0.0) * *most as f64;
        (self.budget() + self.takes.iter().enumerate().map(gain).sum::<f64>()) * (1.0 + EQUAL)
    }
}

#[cfg(test)]
mod tests {
    use super::super::reach::Care;
    use super::super::tests::{items, kind, problem};
    use super::*;

    #[test]
    fn the_best_bin_is_found_and_proved() {
        let problem = problem(&[items(&[6, 1], 9), items(&[5, 5], 9), items(&[1, 4], 9)], &[kind(&[10, 10], 1)]);
        let sorts = Sorts::of(&problem);
        let by_item = sorts.by_item();
        let mut values = vec![0.0; 3];
        [5.0, 4.5, 3.0].into_iter().zip(&by_item).for_each(|(value, sort)| values[*sort] = value);
        let takes = (0..3).map(|sort| (sort, super::super::times(&sorts.all[sort].size, &[10, 10]))).collect();
        let load = Load::default();
        let places = Places::of(&sorts);
        let mut knapsack = Knapsack::new(&sorts, &places, &[10, 10], &load, takes);
        let reach = Reach::of([[1_i64, 1].as_slice()].into_iter(), &[10, 10], Care::Often);
        let splits = [Split { whole: 0.0, values, reach }];
        let mut best = knapsack.search(&splits, 0.0).bins[0].clone();
        super::super::fill::tidy(&mut best);
        let mut expected = vec![(by_item[0], 1), (by_item[2], 2)];
        expected.sort_unstable();
        let last = knapsack.search(&splits, 11.0);
        assert_eq!((best, last.bins, last.complete), (expected, Vec::new(), true));
        assert!((11.0..11.001).contains(&last.at_most), "{}", last.at_most);
    }

    #[test]
    fn what_sums_of_sizes_cannot_use_proves_nothing_more() {
        let problem = problem(&[items(&[4], 99)], &[kind(&[11], 1)]);
        let sorts = Sorts::of(&problem);
        let (places, load) = (Places::of(&sorts), Load::default());
        let mut knapsack = Knapsack::new(&sorts, &places, &[11], &load, vec![(0, 2)]);
        let reach = Reach::of([[4_i64].as_slice()].into_iter(), &[11], Care::Often);
        let proved = knapsack.proved(&[Split { whole: 0.0, values: vec![1.0], reach }], 0.0);
        assert!((2.0..2.001).contains(&proved), "{proved}");
    }
}
