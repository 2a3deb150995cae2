//! The bin of a kind that holds most worth, or a proof that none holds more than so much: branch and bound over sorts.

use super::relax::Relax;
use super::sorts::Sorts;
use super::worth::Places;
use super::{Load, Pattern};

/// Bins of one search at most.
const MAX_BINS: usize = 100;
/// Steps of the first searches for what a sort opens, by what factor they grow, and where they end.
const FIRST_STEPS: usize = 60;
const MORE_STEPS: usize = 8;
const LAST_STEPS: usize = 10_000;
/// So many sorts use up their steps at most.
const ROOTS: usize = 40;
/// Worths that differ by less, relatively, are equal.
const EQUAL: f64 = 1e-9;
/// What a step of the search costs: this many are a unit of effort.
const STEPS_OF_UNIT: usize = 20;
/// Sorts for whose prices a sweep takes a unit.
const SWEPT_OF_UNIT: usize = 30;

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
    /// What the whole of a dimension is worth: kept from one search to the next.
    prices: Vec<f64>,
}

/// A sort that is worth something.
#[derive(Clone, Copy, Debug)]
struct Choice {
    sort: usize,
    most: usize,
    value: f64,
    /// Its size at the dimensions' prices.
    weight: f64,
    /// Value for weight.
    ratio: f64,
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
        Self { sorts, capacity, load, takes, shares, steps: FIRST_STEPS, dims, prices: vec![0.0; dims] }
    }

    /// Looks for bins worth more than `target`: for each sort the best that it opens. Where steps ran out and nothing was found, the next
    /// search has more.
    pub fn search(&mut self, values: &[f64], target: f64) -> Found {
        let proved = self.price(values);
        let mut found = Found { bins: Vec::new(), at_most: proved, complete: true, last: self.steps >= LAST_STEPS, units: self.units() };
        if proved <= target {
            return found;
        }
        let mut choices: Vec<Choice> =
            self.takes.iter().enumerate().map(|(at, (sort, most))| self.choice(at, *sort, *most, values)).collect();
        choices.retain(|choice| choice.value > 0.0);
        choices.sort_by(|a, b| b.ratio.total_cmp(&a.ratio).then(b.weight.total_cmp(&a.weight)).then(a.sort.cmp(&b.sort)));
        let mut bins: Vec<(f64, Pattern)> = Vec::new();
        let (mut at_most, mut used, most_steps) = (target, 0, self.steps * ROOTS);
        let mut dig = self.dig(&choices);
        for first in 0..choices.len() {
            let bound = dig.bound(first, 0.0, self.budget());
            if bound <= target {
                break;
            }
            (dig.target, dig.steps) = (target, self.steps.min(most_steps - used));
            let given = dig.steps;
            dig.put(first, 0.0, self.budget());
            used += given - dig.steps;
            at_most = at_most.max(if dig.steps > 0 { dig.target } else { bound });
            found.complete &= dig.steps > 0;
            bins.extend(dig.best.take().map(|pattern| (dig.target, pattern)));
            if used >= most_steps {
                break;
            }
        }
        if !found.complete && bins.is_empty() {
            self.steps = (self.steps * MORE_STEPS).min(LAST_STEPS);
        }
        bins.sort_by(|a, b| b.0.total_cmp(&a.0));
        bins.truncate(MAX_BINS);
        found.bins = bins.into_iter().map(|(_, pattern)| pattern).collect();
        found.at_most = proved.min(at_most);
        found.units += (used / STEPS_OF_UNIT + choices.len() / 10) as u64;
        found
    }

    /// What is free, at the dimensions' prices.
    fn budget(&self) -> f64 {
        self.prices.iter().sum()
    }

    fn dig<'b>(&'b self, choices: &'b [Choice]) -> Dig<'b> {
        let (free, load) = (self.capacity.to_vec(), self.load.clone());
        Dig { sorts: self.sorts, choices, free, load, pattern: Pattern::new(), best: None, target: 0.0, steps: 0 }
    }

    fn units(&self) -> u64 {
        (self.takes.len() * self.dims / SWEPT_OF_UNIT + 1) as u64
    }

    fn choice(&self, at: usize, sort: usize, most: usize, values: &[f64]) -> Choice {
        let weight: f64 = self.shares[at * self.dims..][..self.dims].iter().zip(&self.prices).map(|(share, price)| share * price).sum();
        let value = values[sort];
        Choice { sort, most, value, weight, ratio: if weight > 0.0 { value / weight } else { f64::INFINITY } }
    }

    /// Prices of the dimensions that prove most: how much worth no bin exceeds. Any prices prove something.
    pub fn price(&mut self, values: &[f64]) -> f64 {
        let values_here: Vec<f64> = self.takes.iter().map(|(sort, _)| values[*sort]).collect();
        let most: Vec<f64> = self.takes.iter().map(|(_, most)| *most as f64).collect();
        self.prices = Relax { shares: &self.shares, values: &values_here, most: &most, dims: self.dims }.prices();
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
        (self.prices.iter().sum::<f64>() + self.takes.iter().enumerate().map(gain).sum::<f64>()) * (1.0 + EQUAL)
    }
}

/// A search under way. Choices are in the order of their worth for their weight.
struct Dig<'a> {
    sorts: &'a Sorts<'a>,
    choices: &'a [Choice],
    free: Vec<i64>,
    load: Load,
    pattern: Pattern,
    best: Option<Pattern>,
    /// Worth to exceed.
    target: f64,
    steps: usize,
}

impl Dig<'_> {
    /// Tries everything with the choices from `at` on; `budget` is what is free, at the dimensions' prices.
    fn dig(&mut self, at: usize, worth: f64, budget: f64) {
        if worth > self.target * (1.0 + EQUAL) {
            self.target = worth;
            self.best = Some(self.pattern.clone());
        }
        for next in at..self.choices.len() {
            if !super::fits(&self.sorts.all[self.choices[next].sort].size, &self.free) {
                continue;
            }
            self.steps = self.steps.saturating_sub(1);
            if self.steps == 0 || self.bound(next, worth, budget) <= self.target * (1.0 + EQUAL) {
                return;
            }
            self.put(next, worth, budget);
        }
    }

    /// Puts one choice in, as often as possible first.
    fn put(&mut self, at: usize, worth: f64, budget: f64) {
        let choice = self.choices[at];
        let sort = &self.sorts.all[choice.sort];
        let most = choice.most.min(super::times(&sort.size, &self.free));
        let most = if sort.ruled { most.min(self.load.room(sort.rules, &self.sorts.problem.caps)) } else { most };
        for count in (1..=most).rev() {
            let kept = sort.ruled.then(|| self.load.clone());
            self.free.iter_mut().zip(&sort.size).for_each(|(free, size)| *free -= size * count as i64);
            if sort.ruled {
                self.load.add(sort.rules, count);
            }
            self.pattern.push((choice.sort, count));
            self.dig(at + 1, worth + choice.value * count as f64, budget - choice.weight * count as f64);
            self.pattern.pop();
            self.free.iter_mut().zip(&sort.size).for_each(|(free, size)| *free += size * count as i64);
            if let Some(kept) = kept {
                self.load = kept;
            }
            if self.steps == 0 {
                return;
            }
        }
    }

    /// What the choices from `at` on can add at most, in fractions.
    fn bound(&self, at: usize, worth: f64, budget: f64) -> f64 {
        let (mut worth, mut budget) = (worth, budget);
        for choice in self.choices[at..].iter().filter(|choice| super::fits(&self.sorts.all[choice.sort].size, &self.free)) {
            let whole = choice.weight * choice.most as f64;
            if whole > budget && choice.weight > 0.0 {
                return worth + choice.value * (budget.max(0.0) / choice.weight);
            }
            worth += choice.value * choice.most as f64;
            budget -= whole;
        }
        worth
    }
}

#[cfg(test)]
mod tests {
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
        let found = Knapsack::new(&sorts, &Places::of(&sorts), &[10, 10], &load, takes).search(&values, 0.0);
        let mut best = found.bins[0].clone();
        best.sort_unstable();
        let mut expected = vec![(by_item[0], 1), (by_item[2], 2)];
        expected.sort_unstable();
        assert_eq!((best, found.complete), (expected, true));
        assert!((11.0..11.001).contains(&found.at_most));
    }
}
