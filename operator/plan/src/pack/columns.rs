//! The configuration bound: the cheapest fractional mix of whole bins, found column by column, and the proof of how good it is.
//!
//! Prices of sorts come from the mix; a bin that holds more worth than it costs joins the mix. Where no kind has one, the mix is the best. At
//! any time the prices, scaled down until no bin holds more than it costs (Farley), prove a bound.

use super::fill::tidy;
use super::knapsack::{Knapsack, Split};
use super::market::Market;
use super::reach::{Care, Reach};
use super::simplex::{Column, Cover};
use super::worth::Worth;
use super::{Pattern, Room};
use crate::effort::Effort;

/// Sorts that the program takes at most: its work grows with their square.
pub(super) const MAX_SORTS: usize = 700;
/// A bin joins if it is worth this share more than it costs.
const GAIN: f64 = 1e-6;
/// Close enough to the best mix.
const CLOSE: f64 = 1e-5;
/// Prices are scaled down by this share, which pays for rounding.
const ROUNDING: f64 = 1e-9;
/// Prices of less than this share of the highest count as nothing: the fewer sizes are worth something, the more is proved.
const NOTHING: f64 = 1e-5;
/// How far prices are pulled towards the best known, and how far while that proves less than such a share of the mix.
const PULL: f64 = 0.7;
const PULL_FAR: f64 = 0.5;
const FAR: f64 = 0.97;
/// So few sorts are few.
const SMALL: usize = 400;
/// With so few kinds, all are looked at each time.
const FEW: usize = 24;
/// Mixes at most.
const MAX_ROUNDS: usize = 4_000;

/// A bin that may be in the mix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Config {
    pub kind: usize,
    /// By sort.
    pub pattern: Pattern,
}

/// When a mix is good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// No sum of prices lies between it and its bound.
    Bound,
    /// There is none that costs less.
    Mix,
}

/// The program.
pub(super) struct Master<'a> {
    market: &'a Market<'a>,
    /// Sorts, by row.
    rows: Vec<usize>,
    place: Vec<usize>,
    counts: Vec<usize>,
    cover: Cover,
    /// By column.
    pub configs: Vec<Config>,
    knapsacks: Vec<(usize, Knapsack<'a>)>,
    /// What [`Master::solve`] goes on for.
    pub goal: Goal,
    /// Proved so far.
    pub bound: f64,
    /// The prices that prove it, by sort.
    pub values: Vec<f64>,
}

impl<'a> Master<'a> {
    /// For these counts; `None` if there is nothing to pack, something cannot be packed, or there are too many sorts.
    pub fn new(market: &'a Market<'a>, counts: &[usize], simple: &Worth) -> Option<Self> {
        let rows: Vec<usize> = (0..counts.len()).filter(|sort| counts[*sort] > 0).collect();
        if rows.is_empty() || rows.len() > MAX_SORTS {
            return None;
        }
        let mut place = vec![usize::MAX; counts.len()];
        rows.iter().enumerate().for_each(|(row, sort)| place[*sort] = row);
        let configs: Vec<Config> = rows.iter().map(|sort| market.single(*sort, counts[*sort])).collect::<Option<_>>()?;
        let asked: Vec<f64> = rows.iter().map(|sort| counts[*sort] as f64).collect();
        let column = |config: &Config| column(market, &place, config);
        let cover = Cover::new(&asked, configs.iter().map(column).collect());
        let knapsack = |kind: &usize| {
            let of = &market.sorts.problem.kinds[*kind];
            (*kind, Knapsack::new(market.sorts, &market.places, &of.capacity, &of.load, market.takes_of(*kind, &rows, counts)))
        };
        let knapsacks = market.kinds.iter().map(knapsack).collect();
        let (bound, values) = (simple.of_all(counts), simple.values.clone());
        Some(Self { market, rows, place, counts: counts.to_vec(), cover, configs, knapsacks, goal: Goal::Bound, bound, values })
    }

    /// Adds a bin, without what there is not enough of.
    pub fn add(&mut self, config: &Config) {
        let pattern = config.pattern.iter().map(|(sort, count)| (*sort, (*count).min(self.counts[*sort]))).filter(|(_, count)| *count > 0);
        let config = Config { kind: config.kind, pattern: pattern.collect() };
        if !config.pattern.is_empty() {
            self.cover.add(column(self.market, &self.place, &config));
            self.configs.push(config);
        }
    }

    /// Finds the best mix of what is known.
    pub fn mix(&mut self, effort: &mut Effort<'_>) -> bool {
        self.cover.solve(effort)
    }

    /// Finds the best mix of all bins, or one so good that no sum of prices lies between it and its bound; false if effort ended before.
    pub fn solve(&mut self, effort: &mut Effort<'_>, most_rounds: usize) -> bool {
        let mut active: Vec<usize> = self.all();
        let mut pull = PULL;
        for _ in 0..most_rounds.min(MAX_ROUNDS) {
            if !self.cover.solve(effort) {
                return false;
            }
            let splits = self.splits(&self.pulled(pull));
            let full = active.len() == self.knapsacks.len();
            let Some(look) = self.look(&active, &splits, effort) else {
                return false;
            };
            if full {
                self.prove(&splits[0].values, &look.ratios);
            }
            if self.is_close() {
                return true;
            }
            active = if look.found.is_empty() || self.knapsacks.len() <= FEW { self.all() } else { look.found.clone() };
            match (look.found.is_empty() && full, pull > 0.0) {
                (false, _) => pull = PULL,
                (true, true) => pull = if look.complete && look.is_close() { pull } else { 0.0 },
                (true, false) if look.complete => return true,
                (true, false) => {}
            }
        }
        true
    }

    fn all(&self) -> Vec<usize> {
        (0..self.knapsacks.len()).collect()
    }

    /// Whether what is proved leaves nothing to gain.
    fn is_close(&self) -> bool {
        let cost = self.worth(&self.prices());
        let unit = self.market.unit as f64;
        let whole = |price: f64| (price * (1.0 - CLOSE) / unit).ceil();
        self.bound >= cost * (1.0 - CLOSE) || self.goal == Goal::Bound && whole(self.bound) >= whole(cost)
    }

    fn worth(&self, values: &[f64]) -> f64 {
        self.rows.iter().map(|sort| values[*sort] * self.counts[*sort] as f64).sum()
    }

    /// Prices of the mix, pulled towards those that prove most: they swing less so.
    fn pulled(&self, pull: f64) -> Vec<f64> {
        let mut values = self.prices();
        let pull = if self.bound < self.worth(&values) * FAR { pull.min(PULL_FAR) } else { pull };
        if self.bound > 0.0 {
            values.iter_mut().zip(&self.values).for_each(|(value, best)| *value += pull * (best - *value));
        }
        values
    }

    /// Prices of the mix by sort.
    fn prices(&self) -> Vec<f64> {
        let mut values = vec![0.0; self.place.len()];
        self.rows.iter().zip(&self.cover.prices).for_each(|(sort, price)| values[*sort] = price.max(0.0));
        values
    }

    /// The values as they are, and without what places are worth. What is next to nothing becomes nothing in both.
    fn splits(&self, values: &[f64]) -> Vec<Split> {
        let least = values.iter().fold(0.0, |most: f64, value| value.max(most)) * NOTHING;
        let (whole, mut rest) = self.market.places.priced(values, &self.rows);
        let mut values = values.to_vec();
        for (rest, value) in rest.iter_mut().zip(&mut values).filter(|(rest, _)| **rest < least) {
            *value = (*value - *rest).max(0.0);
            *rest = 0.0;
        }
        let mut splits = vec![Split { whole: 0.0, reach: self.reach(&values), values }];
        if whole > 0.0 {
            splits.push(Split { whole, reach: self.reach(&rest), values: rest });
        }
        splits
    }

    /// Sums of the sizes that are worth something.
    fn reach(&self, values: &[f64]) -> Reach {
        let sorts = self.market.sorts;
        let capacities = |dim: usize| sorts.problem.kinds.iter().filter_map(move |kind| kind.capacity.get(dim)).copied();
        let most: Vec<i64> = (0..sorts.dims).map(|dim| capacities(dim).max().unwrap_or(0)).collect();
        let sizes = self.rows.iter().filter(|sort| values[**sort] > 0.0).map(|sort| sorts.all[*sort].size.as_slice());
        Reach::of(sizes, &most, Care::Often)
    }

    /// Looks for bins of these kinds that are worth more than they cost, and adds them. `None`: there is no effort left.
    fn look(&mut self, active: &[usize], splits: &[Split], effort: &mut Effort<'_>) -> Option<Look> {
        if !effort.spend(splits.iter().map(|split| split.reach.units()).sum()) {
            return None;
        }
        let mut look = Look { found: Vec::new(), ratios: vec![1.0; self.knapsacks.len()], complete: true };
        for at in active {
            let (kind, knapsack) = &mut self.knapsacks[*at];
            let kind = *kind;
            let cost = self.market.sorts.problem.kinds[kind].cost();
            let found = knapsack.search(splits, cost * (1.0 + GAIN));
            if !effort.spend(found.units) {
                return None;
            }
            look.ratios[*at] = (found.at_most / cost).max(1.0);
            look.complete &= found.complete || found.last;
            if !found.bins.is_empty() {
                look.found.push(*at);
            }
            for mut pattern in found.bins {
                tidy(&mut pattern);
                self.add(&Config { kind, pattern });
            }
        }
        Some(look)
    }

    /// What prices prove if no bin of a kind is worth more than its ratio times its cost: each sort's price is scaled down by the largest ratio
    /// of the kinds that take it, so that no bin is worth more than it costs.
    fn prove(&mut self, values: &[f64], ratios: &[f64]) {
        let mut most = vec![1.0_f64; values.len()];
        for ((_, knapsack), ratio) in self.knapsacks.iter().zip(ratios).filter(|(_, ratio)| **ratio > 1.0) {
            knapsack.sorts().for_each(|sort| most[sort] = most[sort].max(*ratio));
        }
        let scaled: Vec<f64> = values.iter().zip(most).map(|(value, ratio)| value / ratio * (1.0 - ROUNDING)).collect();
        let proved = self.worth(&scaled);
        if proved > self.bound {
            (self.bound, self.values) = (proved, scaled);
        }
    }

    /// Whether mixing anew takes so little that it can be done before the mix is the best.
    pub fn is_small(&self) -> bool {
        self.rows.len() <= SMALL
    }

    /// How much of which bin the mix has.
    pub fn amounts(&self) -> Vec<(usize, f64)> {
        self.cover.used()
    }
}

/// What a look at some kinds showed.
struct Look {
    /// Knapsacks that had a bin to add.
    found: Vec<usize>,
    /// By knapsack: no bin is worth more than so many times its cost.
    ratios: Vec<f64>,
    /// Nothing can be looked at more closely.
    complete: bool,
}

impl Look {
    /// Whether next to no bin is worth more than it costs.
    fn is_close(&self) -> bool {
        self.ratios.iter().all(|ratio| *ratio <= 1.0 + CLOSE)
    }
}

fn column(market: &Market<'_>, place: &[usize], config: &Config) -> Column {
    let covers = config.pattern.iter().map(|(sort, count)| (place[*sort], *count as f64));
    Column { cost: market.sorts.problem.kinds[config.kind].cost(), covers: covers.collect() }
}

impl Market<'_> {
    /// The bin in which one of a sort is cheapest among its like.
    fn single(&self, sort: usize, count: usize) -> Option<Config> {
        let cost = |kind: usize, most: usize| self.sorts.problem.kinds[kind].cost() / most as f64;
        let each = self.kinds.iter().map(|kind| (*kind, self.most(sort, *kind).min(count))).filter(|(_, most)| *most > 0);
        let best = each.min_by(|a, b| cost(a.0, a.1).total_cmp(&cost(b.0, b.1)))?;
        Some(Config { kind: best.0, pattern: vec![(sort, best.1)] })
    }

    /// How much worth a room holds at most.
    pub fn holds(&self, room: &Room, values: &[f64], counts: &[usize]) -> f64 {
        let (problem, sorts) = (self.sorts.problem, &self.sorts.all);
        let most = |sort: usize| {
            let admits = counts[sort] > 0 && problem.admits(room.row, sorts[sort].class) && super::fits(&sorts[sort].size, &room.free);
            if admits {
                super::times(&sorts[sort].size, &room.free).min(room.load.room(sorts[sort].rules, &problem.caps)).min(counts[sort])
            } else {
                0
            }
        };
        let takes: Vec<(usize, usize)> = (0..sorts.len()).map(|sort| (sort, most(sort))).filter(|(_, most)| *most > 0).collect();
        if takes.is_empty() { 0.0 } else { Knapsack::new(self.sorts, &self.places, &room.free, &room.load, takes).price(values) }
    }

    /// Which of the sorts a kind takes, and how many at most.
    fn takes_of(&self, kind: usize, sorts: &[usize], counts: &[usize]) -> Vec<(usize, usize)> {
        let most = |sort: usize| self.most(sort, kind).min(counts[sort]);
        sorts.iter().map(|sort| (*sort, most(*sort))).filter(|(_, most)| *most > 0).collect()
    }
}
