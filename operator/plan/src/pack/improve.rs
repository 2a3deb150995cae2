//! Makes a packing cheaper for as long as effort lasts, and proves how cheap it could be at least.

use super::columns::{Config, Goal, Master};
use super::dive::dive;
use super::fill::tidy;
use super::greedy::SHY;
use super::guess::guess;
use super::hunt::Yardstick;
use super::market::{Market, price};
use super::reach::usable;
use super::search::Search;
use super::sorts::Sorts;
use super::style::{STYLES, Style};
use super::worth::{Worth, taken};
use super::{Bin, Packing, Problem, Room};
use crate::effort::Effort;

/// Units of the first stage of each part; every further stage has twice as many. They do not depend on the effort there is, so that a search
/// that a clock ended is the beginning of a longer one.
const STAGE: u64 = 15_000;
/// Pairs of a sort and a kind that a unit of effort sets up.
const PAIRS_OF_UNIT: usize = 50;
/// What could still be saved is not looked for where it is less than this part of the price.
const GOOD_ENOUGH: i64 = 5_000;
/// How far what the coarse problem says things are worth is pulled towards what they are worth by size: what is worth nothing there goes in by
/// size then.
const BY_SIZE: f64 = 0.1;
/// Where the packing is above its bound by a larger part than this, it is also bought anew at what things are worth there, in these ways.
const FAR: i64 = 100;
const WAYS: [Style; 3] = [SHY[0], STYLES[3], STYLES[0]];
/// Dives of a stage.
const DIVES: usize = 2;
/// Stages at most.
const MAX_STAGES: u32 = 30;

/// What thinking came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Improved {
    /// At most as dear as before, with the same items placed.
    pub packing: Packing,
    /// What the placed items cost at least, however they are packed: proved. A price, like those of kinds.
    pub bound: i64,
}

/// The best packing of all styles for what is left: fewest items left of the lowest tier, then cheapest, then fewest bins.
///
/// `fixed` is how many bins of each kind the limits carry already.
pub fn greedy(problem: &Problem, left: &[usize], fixed: &[usize]) -> Packing {
    let sorts = Sorts::of(problem);
    let market = Market::new(&sorts);
    let counts = sorts.counts(left);
    let mut bought = fixed.to_vec();
    bought.resize(problem.kinds.len(), 0);
    let basket = market.best(&counts, &bought);
    let mut stock = left.to_vec();
    let bins = sorts.deal(&basket.bins, &mut stock);
    Packing { price: price(problem, &bins), bins, left: stock }
}

/// Makes a packing cheaper: its price less its bonuses never grows, and what it leaves stays the same.
pub fn improve(problem: &Problem, packing: Packing, effort: &mut Effort<'_>) -> Improved {
    let (problem, units) = &usable(problem);
    effort.spend(*units);
    let sorts = Sorts::of(problem);
    let market = Market::new(&sorts);
    let start = by_sort(&sorts, &packing.bins);
    let counts = sorts.counts(&placed(problem, &packing.bins));
    effort.spend((sorts.all.len() * problem.kinds.len() / PAIRS_OF_UNIT) as u64);
    let mut thinking = Thinking::new(&market, counts, start.clone());
    thinking.right_size();
    thinking.run(effort);
    let bound = thinking.bound();
    if thinking.bins == start {
        return Improved { packing, bound };
    }
    let mut stock = placed(problem, &packing.bins);
    let bins = sorts.deal(&thinking.bins, &mut stock);
    Improved { packing: Packing { price: price(problem, &bins), bins, left: packing.left }, bound }
}

/// What all items that some kind takes cost at least beside these rooms, however they are packed: proved. 0 if the rooms might hold them.
///
/// Worth that no bin exceeds its price with is worth that the rooms cannot hold more of than their size times its price: the rest is bought.
pub fn lower_bound(problem: &Problem, rooms: &[Room], effort: &mut Effort<'_>) -> i64 {
    let (problem, units) = &usable(problem);
    effort.spend(*units);
    let sorts = Sorts::of(problem);
    let market = Market::new(&sorts);
    let all: Vec<usize> = problem.items.iter().map(|item| item.count).collect();
    let counts: Vec<usize> =
        sorts.counts(&all).into_iter().zip(taken(&sorts)).map(|(count, taken)| if taken { count } else { 0 }).collect();
    let simple = Worth::of(&sorts, &counts);
    let beside = |values: &[f64]| {
        let worth: f64 = values.iter().zip(&counts).map(|(value, count)| value * *count as f64).sum();
        worth - rooms.iter().map(|room| market.holds(room, values, &counts)).sum::<f64>()
    };
    let mut bound = beside(&simple.values);
    if let Some(mut master) = Master::new(&market, &counts, &simple) {
        master.solve(effort, usize::MAX);
        bound = bound.max(beside(&master.values));
    }
    market.lift(bound)
}

/// How many of each item are placed.
fn placed(problem: &Problem, bins: &[Bin]) -> Vec<usize> {
    let mut placed = vec![0; problem.items.len()];
    bins.iter().for_each(|bin| bin.pattern.iter().for_each(|(item, count)| placed[*item] += count * bin.times));
    placed
}

fn by_sort(sorts: &Sorts<'_>, bins: &[Bin]) -> Vec<Bin> {
    let by_item = sorts.by_item();
    let of = |bin: &Bin| {
        let mut pattern = bin.pattern.iter().map(|(item, count)| (by_item[*item], *count)).collect();
        tidy(&mut pattern);
        Bin { kind: bin.kind, pattern, times: bin.times }
    };
    bins.iter().map(of).collect()
}

/// The state of an improvement.
struct Thinking<'a> {
    market: &'a Market<'a>,
    counts: Vec<usize>,
    bins: Vec<Bin>,
    simple: Worth,
    proved: f64,
    /// What all items together are worth at most to whoever prefers some kinds: the bound knows nothing of that.
    hoped: i64,
}

impl<'a> Thinking<'a> {
    fn new(market: &'a Market<'a>, counts: Vec<usize>, bins: Vec<Bin>) -> Self {
        let simple = Worth::of(market.sorts, &counts);
        let proved = simple.of_all(&counts);
        let most = |bonus: &[(usize, i64)]| bonus.iter().map(|(_, bonus)| *bonus).max().unwrap_or(0);
        let each = market.sorts.all.iter().zip(&counts).map(|(sort, count)| most(sort.bonus).saturating_mul(*count as i64));
        let hoped = each.fold(0, i64::saturating_add);
        Self { market, counts, bins, simple, proved, hoped }
    }

    fn bound(&self) -> i64 {
        self.market.lift(self.proved)
    }

    /// What no packing's price less its bonuses is below.
    fn goal(&self) -> i64 {
        self.bound().saturating_sub(self.hoped)
    }

    /// Gives each bin's items to the kind that holds them for least.
    fn right_size(&mut self) {
        let mut bins = self.bins.clone();
        bins.iter_mut().for_each(|bin| bin.kind = self.market.cheapest(bin.kind, &bin.pattern));
        self.offer(bins);
    }

    /// Takes better bins, if limits allow them.
    fn offer(&mut self, bins: Vec<Bin>) {
        let problem = self.market.sorts.problem;
        let mut bought = vec![0; problem.kinds.len()];
        bins.iter().for_each(|bin| bought[bin.kind] += bin.times);
        if self.market.value(&bins) < self.market.value(&self.bins) && problem.allows(&bought) {
            self.bins = bins;
        }
    }

    /// Packs as a problem with fewer sorts does, where there is one. Says what things are worth there.
    fn guess(&mut self, effort: &mut Effort<'_>) -> Option<Vec<f64>> {
        let guess = guess(self.market, &self.counts, &self.bins, &self.simple, effort)?;
        self.proved = self.proved.max(guess.bound);
        guess.bins.into_iter().for_each(|bins| self.offer(bins));
        let mixed = |(guess, simple): (&f64, &f64)| guess + BY_SIZE * (simple - guess);
        let values: Vec<f64> = guess.values.iter().zip(&self.simple.values).map(mixed).collect();
        for style in WAYS {
            let (value, bound) = (self.market.value(&self.bins), self.bound());
            if value.saturating_sub(self.goal()) <= bound / FAR || effort.is_spent() {
                break;
            }
            let none = vec![0; self.market.kinds.len()];
            let basket = self.market.buy(&self.counts, &none, style, Yardstick::Given(&values));
            if effort.spend(self.market.units(&basket)) && basket.left.iter().all(|left| *left == 0) {
                self.offer(basket.bins);
            }
        }
        Some(values)
    }

    /// Dives of this stage, each in another way.
    fn dives(&mut self, master: &Master<'_>, stage: usize, effort: &mut Effort<'_>) {
        for way in stage * DIVES..(stage + 1) * DIVES {
            let bins = dive(self.market, master, &self.counts, way, effort);
            bins.into_iter().for_each(|bins| self.offer(bins));
            if self.is_best() || effort.is_spent() {
                return;
            }
        }
    }

    /// Column generation, rounding and search in turn, each time for longer.
    fn run(&mut self, effort: &mut Effort<'_>) {
        let guess = if self.is_best() { None } else { self.guess(effort) };
        let mut master = if guess.is_some() { None } else { Master::new(self.market, &self.counts, &self.simple) };
        master
            .iter_mut()
            .for_each(|master| self.bins.iter().for_each(|bin| master.add(&Config { kind: bin.kind, pattern: bin.pattern.clone() })));
        let mut solved = false;
        let mut search: Option<Search<'_>> = None;
        for stage in 0..MAX_STAGES {
            if self.is_best() || effort.is_spent() {
                return;
            }
            let units = STAGE << stage;
            if let Some(master) = &mut master {
                if solved && master.goal == Goal::Bound {
                    // The bound is known, and no dive has reached it: better bins are looked for.
                    (master.goal, solved) = (Goal::Mix, false);
                }
                if !solved {
                    solved = effort.share(units, |effort| master.solve(effort, usize::MAX));
                    self.proved = self.proved.max(master.bound);
                }
                if self.is_best() {
                    return;
                }
                if solved || master.is_small() {
                    effort.share(units, |effort| self.dives(master, stage as usize, effort));
                }
            }
            let known = master.as_ref().filter(|_| solved).map(|master| &master.values).or(guess.as_ref());
            let values = known.unwrap_or(&self.simple.values).clone();
            let mut searching = match search.take() {
                Some(kept) if self.market.value(&kept.bins()) <= self.market.value(&self.bins) && stage > 1 => kept,
                _ => Search::new(self.market, &self.bins, values),
            };
            effort.share(units / 2, |effort| searching.run(self.goal(), effort));
            self.offer(searching.bins());
            search = Some(searching);
        }
    }

    /// Whether the packing is proved to be as good as the best.
    fn is_best(&self) -> bool {
        let (value, bound) = (self.market.value(&self.bins), self.bound());
        value.saturating_sub(self.goal()) <= bound / GOOD_ENOUGH
    }
}
