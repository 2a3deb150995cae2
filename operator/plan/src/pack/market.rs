//! What stays the same while a packing is made: which kind takes what, and what that is worth.

use super::reach::common;
use super::sorts::Sorts;
use super::worth::{Places, takes};
use super::{Bin, Kind, Pattern, Problem, times};

/// Bounds are lowered by this share, which pays for rounding.
const ROUNDING: f64 = 1e-9;
/// Of more kinds of a row than this, those that are up to so many times another follow it.
const FEW: usize = 40;
const NEAR: f64 = 1.15;
/// What one item is worth besides its size, as a share of the dearest kind: breaks ties, and pays for items without size.
const ITEM_SHARE: f64 = 1e-6;

/// What stays the same while a packing is made.
pub(super) struct Market<'a> {
    pub sorts: &'a Sorts<'a>,
    /// Cheapest first.
    pub kinds: Vec<usize>,
    /// All prices are multiples of it.
    pub unit: i64,
    /// What rules make scarce.
    pub places: Places,
    /// By sort: the least that one costs in a bin full of its like; 0 where no kind takes it.
    pub alone: Vec<f64>,
    /// What one item is worth besides its size.
    pub item_worth: f64,
    /// For each kind the sorts that it takes.
    pub takes: Vec<Vec<bool>>,
    /// For each kind a slightly smaller one that is expected to give about as much, or itself.
    pub leaders: Vec<usize>,
}

/// What bins cost.
pub(super) fn price(problem: &Problem, bins: &[Bin]) -> i64 {
    bins.iter().fold(0_i64, |sum, bin| sum.saturating_add(problem.kinds[bin.kind].price.saturating_mul(bin.times as i64)))
}

/// What all prices are multiples of.
fn unit(problem: &Problem) -> i64 {
    problem.kinds.iter().map(|kind| kind.price.max(0)).fold(0, common).max(1)
}

impl<'a> Market<'a> {
    pub fn new(sorts: &'a Sorts<'a>) -> Self {
        let problem = sorts.problem;
        let mut kinds: Vec<usize> = (0..problem.kinds.len()).collect();
        kinds.sort_by_key(|kind| (problem.kinds[*kind].cost() as i64, *kind));
        let taken = |kind: &Kind| sorts.all.iter().map(|sort| takes(sorts, sort, kind)).collect();
        let takes: Vec<Vec<bool>> = problem.kinds.iter().map(taken).collect();
        let dearest = problem.kinds.iter().map(Kind::cost).fold(0.0, f64::max);
        let mut market = Self {
            sorts,
            kinds,
            unit: unit(problem),
            places: Places::of(sorts),
            alone: Vec::new(),
            item_worth: dearest * ITEM_SHARE,
            takes,
            leaders: leaders(problem),
        };
        market.alone = (0..sorts.all.len()).map(|sort| market.alone(sort)).collect();
        market
    }

    /// The least that one of a sort costs in a bin full of its like; 0 where no kind takes it.
    fn alone(&self, sort: usize) -> f64 {
        let each = |kind: usize| self.sorts.problem.kinds[kind].cost() / self.most(sort, kind) as f64;
        let least = self.kinds.iter().filter(|kind| self.takes[**kind][sort]).map(|kind| each(*kind)).fold(f64::INFINITY, f64::min);
        if least.is_finite() { least } else { 0.0 }
    }

    /// How many of a sort an empty bin takes.
    pub fn most(&self, sort: usize, kind: usize) -> usize {
        if !self.takes[kind][sort] {
            return 0;
        }
        let (sort, kind) = (&self.sorts.all[sort], &self.sorts.problem.kinds[kind]);
        times(&sort.size, &kind.capacity).min(kind.load.room(sort.rules, &self.sorts.problem.caps))
    }

    /// Price without bonuses: what a packing is judged by.
    pub fn value(&self, bins: &[Bin]) -> i64 {
        let bonus = |bin: &Bin| self.bonus(bin.kind, &bin.pattern).saturating_mul(bin.times as i64);
        price(self.sorts.problem, bins).saturating_sub(bins.iter().map(bonus).fold(0, i64::saturating_add))
    }

    /// What a pattern's items like about a kind.
    pub fn bonus(&self, kind: usize, pattern: &Pattern) -> i64 {
        pattern.iter().map(|(sort, count)| self.sorts.all[*sort].bonus_in(kind).saturating_mul(*count as i64)).fold(0, i64::saturating_add)
    }

    /// Whether a kind takes anything of what is left.
    pub fn takes_any(&self, kind: usize, left: &[usize]) -> bool {
        self.takes[kind].iter().zip(left).any(|(takes, left)| *takes && *left > 0)
    }

    /// A packing costs a sum of prices: the least one that is not under a bound.
    pub fn lift(&self, bound: f64) -> i64 {
        let units = bound * (1.0 - ROUNDING) / self.unit as f64 - ROUNDING * 1e3;
        (units.ceil().max(0.0) as i64).saturating_mul(self.unit)
    }

    /// The kind in which a bin's items cost least; the one that they are in if none is cheaper.
    pub fn cheapest(&self, kind: usize, pattern: &Pattern) -> usize {
        let value = |kind: usize| self.sorts.problem.kinds[kind].price.saturating_sub(self.bonus(kind, pattern));
        let least = self.kinds.iter().filter(|other| value(**other) < value(kind) && self.holds_all(**other, pattern));
        least.copied().min_by_key(|kind| (value(*kind), *kind)).unwrap_or(kind)
    }

    fn holds_all(&self, kind: usize, pattern: &Pattern) -> bool {
        let of = &self.sorts.problem.kinds[kind];
        let (mut free, mut load) = (of.capacity.clone(), of.load.clone());
        pattern.iter().all(|(sort, count)| {
            let item = &self.sorts.all[*sort];
            let holds =
                self.takes[kind][*sort] && times(&item.size, &free) >= *count && load.room(item.rules, &self.sorts.problem.caps) >= *count;
            free.iter_mut().zip(&item.size).for_each(|(free, size)| *free = free.saturating_sub(size.saturating_mul(*count as i64)));
            load.add(item.rules, *count);
            holds
        })
    }
}

/// For each kind the one that it follows. Kinds of a row that are alike in price and in every dimension follow the smallest of them.
fn leaders(problem: &Problem) -> Vec<usize> {
    let mut order: Vec<usize> = (0..problem.kinds.len()).collect();
    order.sort_by_key(|kind| (problem.kinds[*kind].row, problem.kinds[*kind].price, *kind));
    let mut leaders: Vec<usize> = (0..problem.kinds.len()).collect();
    for row in order.chunk_by(|a, b| problem.kinds[*a].row == problem.kinds[*b].row).filter(|row| row.len() > FEW) {
        let mut leading: Vec<usize> = Vec::new();
        for kind in row {
            let near = |leader: &&usize| is_near(&problem.kinds[**leader], &problem.kinds[*kind]);
            match leading.iter().rev().find(near) {
                Some(leader) => leaders[*kind] = *leader,
                None => leading.push(*kind),
            }
        }
    }
    leaders
}

fn is_near(small: &Kind, large: &Kind) -> bool {
    let near = |small: f64, large: f64| small <= large && large <= small * NEAR;
    let dims = small.capacity.iter().zip(&large.capacity);
    near(small.cost(), large.cost())
        && small.load == large.load
        && dims.into_iter().all(|(small, large)| near(*small as f64, *large as f64))
}
