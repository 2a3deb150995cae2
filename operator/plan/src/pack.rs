//! Packs items of many sizes into bins of several kinds for the least price, and proves how little it could cost at least.
//!
//! Sizes have any number of dimensions. What may go where is said by classes and rows, what may not share a bin by tokens and caps, and how
//! much can be had by limits. Nothing here knows what the items are.

mod bits;
mod coarse;
mod columns;
mod dig;
mod dive;
mod fill;
mod flaw;
mod greedy;
mod guess;
mod hunt;
mod improve;
mod knapsack;
mod load;
mod market;
mod reach;
mod recast;
mod relax;
mod rooms;
mod search;
mod simplex;
mod sorts;
mod style;
mod worth;

pub use bits::Bits;
pub use flaw::flaw;
pub use improve::{Improved, greedy, improve, lower_bound};
pub use load::{Load, Rules};
pub use rooms::fill_rooms;
pub use style::{Measure, Opening, Order, STYLES, Style};

/// How many of which item: index and count.
pub type Pattern = Vec<(usize, usize)>;

/// What to pack, and into what.
#[derive(Clone, Debug, Default)]
pub struct Problem {
    /// What to pack. All sizes and capacities of a problem have equally many dimensions.
    pub items: Vec<Item>,
    /// Bins that can be bought.
    pub kinds: Vec<Kind>,
    /// For each row the classes of items that it admits.
    pub rows: Vec<Bits>,
    /// For each group how many of its members a bin holds at most.
    pub caps: Vec<usize>,
    /// What all bought bins together may not exceed.
    pub limits: Vec<Limit>,
}

/// Items that are alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Item {
    /// By dimension. Where it is 0 the item fits whatever is free; less counts as 0.
    pub size: Vec<i64>,
    /// How many there are.
    pub count: usize,
    /// What rows admit.
    pub class: usize,
    /// Where room is short, items of lower tiers go first.
    pub tier: usize,
    /// Which others it shares a bin with.
    pub rules: Rules,
    /// What one of them is worth in a bin of a kind, in units of price.
    pub bonus: Vec<(usize, i64)>,
}

/// Bins that are alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kind {
    /// By dimension.
    pub capacity: Vec<i64>,
    /// Of one bin. Units are the caller's; a price of 0 counts as 1 where prices are compared.
    pub price: i64,
    /// Index into [`Problem::rows`].
    pub row: usize,
    /// What each has in it already.
    pub load: Load,
}

/// What bought bins may use of something at most.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limit {
    /// For each kind what one bin uses.
    pub uses: Vec<i64>,
    /// All together.
    pub at_most: i64,
}

/// A bin that exists, with what is free in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Room {
    /// When empty, by dimension: what shares are counted in.
    pub capacity: Vec<i64>,
    /// By dimension; below zero where it is over-committed.
    pub free: Vec<i64>,
    /// Index into [`Problem::rows`].
    pub row: usize,
    /// What is in it already.
    pub load: Load,
}

/// Equal bins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bin {
    /// Index into [`Problem::kinds`].
    pub kind: usize,
    /// What goes into each.
    pub pattern: Pattern,
    /// How many there are.
    pub times: usize,
}

/// Where everything goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packing {
    /// What is bought, in the order of buying.
    pub bins: Vec<Bin>,
    /// For each item how many found no room.
    pub left: Vec<usize>,
    /// Of all bins.
    pub price: i64,
}

impl Packing {
    /// How many bins there are.
    pub fn count(&self) -> usize {
        self.bins.iter().map(|bin| bin.times).sum()
    }
}

impl Problem {
    /// Whether bins of a row take items of a class.
    fn admits(&self, row: usize, class: usize) -> bool {
        self.rows.get(row).is_some_and(|classes| classes.contains(class))
    }

    /// How many more bins of a kind the limits allow beside so many of each.
    fn room(&self, bought: &[usize], kind: usize) -> usize {
        let uses = |limit: &Limit, kind: usize| limit.uses.get(kind).copied().unwrap_or(0);
        let room = |limit: &Limit| {
            let used = bought.iter().enumerate().map(|(kind, bins)| i128::from(uses(limit, kind)) * *bins as i128).sum::<i128>();
            let free = (i128::from(limit.at_most) - used).max(0);
            match uses(limit, kind) {
                ..=0 => usize::MAX,
                each => usize::try_from(free / i128::from(each)).unwrap_or(usize::MAX),
            }
        };
        self.limits.iter().map(room).min().unwrap_or(usize::MAX)
    }
}

impl Problem {
    /// Whether the limits allow so many bins of each kind.
    fn allows(&self, bought: &[usize]) -> bool {
        let used = |limit: &Limit| limit.uses.iter().zip(bought).map(|(uses, bins)| i128::from(*uses) * *bins as i128).sum::<i128>();
        self.limits.iter().all(|limit| used(limit) <= i128::from(limit.at_most))
    }
}

impl Kind {
    /// What prices are compared by.
    fn cost(&self) -> f64 {
        self.price.max(1) as f64
    }
}

/// Whether something of this size fits; where it asks for nothing, it does.
fn fits(size: &[i64], free: &[i64]) -> bool {
    size.iter().zip(free).all(|(size, free)| *size <= 0 || size <= free)
}

/// How many of this size fit.
fn times(size: &[i64], free: &[i64]) -> usize {
    let times = size.iter().zip(free).filter(|(size, _)| **size > 0).map(|(size, free)| usize::try_from(free / size).unwrap_or(0));
    times.min().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
