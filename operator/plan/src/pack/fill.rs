//! Fills one bin: item by item, so that what is free stays usable.

use std::ops::Range;

use super::sorts::Sorts;
use super::style::{Measure, Opening, Order, Style};
use super::{Load, Pattern, Room, fits, times};

/// A dimension counts for balance if what waits would need at least this share of the bins that it needs for the scarcest one.
const SCARCE: f64 = 0.4;
/// While so many more of an item would fit, several are placed at a time.
const FINE: usize = 12;

/// An empty or partly filled bin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Space<'a> {
    pub capacity: &'a [i64],
    pub free: &'a [i64],
    pub row: usize,
    pub load: &'a Load,
}

/// Items of one size that still wait.
struct Open {
    /// Sorts that have not been looked at, and the one that is next.
    rest: Range<usize>,
    sort: usize,
    left: usize,
    /// How many of the family wait.
    waiting: usize,
    /// Where its shares start.
    shares: usize,
}

/// Sorts that are looked at together, and how many items of each family wait: about, it only says which dimensions are scarce.
#[derive(Clone, Debug, Default)]
pub(super) struct Families {
    pub ranges: Vec<Range<usize>>,
    pub waiting: Vec<usize>,
}

impl Families {
    pub fn of(ranges: Vec<Range<usize>>, left: &[usize]) -> Self {
        let waiting = ranges.iter().map(|range| left[range.clone()].iter().sum()).collect();
        Self { ranges, waiting }
    }
}

struct Filling<'a> {
    sorts: &'a Sorts<'a>,
    left: &'a [usize],
    style: Style,
    free: Vec<i64>,
    load: Load,
    /// Whether the item that came last changed what may come.
    load_moved: bool,
    /// Dimensions that count, and what a share of them is worth of the whole.
    scarce: Vec<(usize, f64)>,
    /// Shares of the open sizes in the scarce dimensions, one size after the other.
    shares: Vec<f64>,
    pattern: Pattern,
}

/// What goes into the space, of what is left of these families.
pub(super) fn fill(sorts: &Sorts<'_>, families: &Families, space: &Space<'_>, left: &[usize], style: Style) -> Pattern {
    let mut filling = Filling {
        sorts,
        left,
        style,
        free: space.free.to_vec(),
        load: space.load.clone(),
        load_moved: true,
        scarce: Vec::new(),
        shares: Vec::new(),
        pattern: Pattern::new(),
    };
    let waiting = families.ranges.iter().zip(&families.waiting).filter(|(_, waiting)| **waiting > 0);
    let mut open: Vec<Open> = waiting.filter_map(|(family, waiting)| filling.open(family, *waiting, space)).collect();
    filling.weigh(space, &open);
    for entry in &mut open {
        entry.shares = filling.shares.len();
        let size = &filling.sorts.all[entry.sort].size;
        filling.shares.extend(filling.scarce.iter().map(|(dim, whole)| size[*dim] as f64 * whole));
    }
    match style.order {
        Order::Mixed => filling.pour(&mut open),
        Order::Strict => filling.pour_by_tier(open),
    }
    filling.tidy()
}

impl Filling<'_> {
    /// A family, if one of its sorts may go there.
    fn open(&self, family: &Range<usize>, waiting: usize, space: &Space<'_>) -> Option<Open> {
        let first = &self.sorts.all[family.start];
        if !self.sorts.problem.admits(space.row, first.class) || !fits(&first.size, &self.free) {
            return None;
        }
        let mut open = Open { rest: family.clone(), sort: family.start, left: 0, waiting, shares: 0 };
        self.advance(&mut open).then_some(open)
    }

    /// Goes on to the next sort of a family that may come.
    fn advance(&self, open: &mut Open) -> bool {
        for sort in open.rest.by_ref() {
            if self.left[sort] > 0 && self.ruled_room(sort) > 0 {
                (open.sort, open.left) = (sort, self.left[sort]);
                return true;
            }
        }
        open.left = 0;
        false
    }

    fn ruled_room(&self, sort: usize) -> usize {
        let sort = &self.sorts.all[sort];
        if sort.ruled { self.load.room(sort.rules, &self.sorts.problem.caps) } else { usize::MAX }
    }

    /// Finds the dimensions that are scarce for what waits.
    fn weigh(&mut self, space: &Space<'_>, open: &[Open]) {
        let pressure = |dim: usize| -> f64 {
            let asked: f64 = open.iter().map(|entry| self.sorts.all[entry.sort].size[dim] as f64 * entry.waiting as f64).sum();
            if space.capacity[dim] > 0 { asked / space.capacity[dim] as f64 } else { 0.0 }
        };
        let pressures: Vec<f64> = (0..self.sorts.dims).map(pressure).collect();
        let most = pressures.iter().fold(0.0, |most: f64, pressure| most.max(*pressure));
        let scarce = (0..self.sorts.dims).filter(|dim| pressures[*dim] > 0.0 && pressures[*dim] >= SCARCE * most);
        self.scarce = scarce.map(|dim| (dim, 1.0 / space.capacity[dim] as f64)).collect();
    }

    /// Lower tiers first; sizes keep their shares.
    fn pour_by_tier(&mut self, open: Vec<Open>) {
        let mut sorts: Vec<(usize, usize)> =
            open.iter().flat_map(|entry| std::iter::once(entry.sort).chain(entry.rest.clone()).map(|sort| (sort, entry.shares))).collect();
        sorts.sort_by_key(|(sort, _)| self.sorts.all[*sort].tier);
        for tier in sorts.chunk_by(|a, b| self.sorts.all[a.0].tier == self.sorts.all[b.0].tier) {
            let mut open: Vec<Open> = tier
                .iter()
                .map(|(sort, shares)| Open { rest: 0..0, sort: *sort, left: self.left[*sort], waiting: 0, shares: *shares })
                .collect();
            open.retain(|entry| entry.left > 0 && self.ruled_room(entry.sort) > 0);
            self.pour(&mut open);
        }
    }

    /// Places what fits; every round places at least one item or ends.
    fn pour(&mut self, open: &mut Vec<Open>) {
        self.close(open);
        let shy = || open.iter().position(|entry| self.sorts.all[entry.sort].rules.alone());
        let first = match self.style.opening {
            Opening::Hardest => Some(0),
            Opening::Shy => Some(shy().unwrap_or(0)),
            Opening::Balanced => None,
        };
        if let Some(first) = first.and_then(|first| open.get_mut(first)) {
            self.take(first, 1);
        }
        loop {
            self.close(open);
            let Some(best) = self.best(open) else {
                return;
            };
            let fit = times(&self.sorts.all[open[best].sort].size, &self.free);
            let weightless = self.shares[open[best].shares..][..self.scarce.len()].iter().all(|share| *share == 0.0);
            let count = if open.len() == 1 || weightless { fit } else { (fit / FINE).max(1) };
            self.take(&mut open[best], count);
        }
    }

    /// Drops what does not fit any more.
    fn close(&self, open: &mut Vec<Open>) {
        open.retain_mut(|entry| {
            let blocked = entry.left == 0 || self.load_moved && self.ruled_room(entry.sort) == 0;
            fits(&self.sorts.all[entry.sort].size, &self.free) && (!blocked || self.advance(entry))
        });
    }

    /// The best next size; the harder one of equals.
    fn best(&self, open: &[Open]) -> Option<usize> {
        let free: Vec<f64> = self.scarce.iter().map(|(dim, whole)| self.free[*dim] as f64 * whole).collect();
        let score = |entry: &Open| {
            let shares = &self.shares[entry.shares..][..free.len()];
            match self.style.measure {
                Measure::Balance => imbalance(&free, shares) - self.style.size_weight * shares.iter().sum::<f64>(),
                Measure::Rest => free.iter().zip(shares).map(|(free, share)| (free - share).powi(2)).sum(),
            }
        };
        (0..open.len()).map(|at| (score(&open[at]), at)).min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, at)| at)
    }

    fn take(&mut self, entry: &mut Open, count: usize) {
        let sort = &self.sorts.all[entry.sort];
        let count = count.min(entry.left).min(self.ruled_room(entry.sort));
        for (free, size) in self.free.iter_mut().zip(&sort.size) {
            *free = free.saturating_sub(size.saturating_mul(count as i64));
        }
        self.load_moved = sort.ruled;
        if sort.ruled {
            self.load.add(sort.rules, count);
        }
        entry.left -= count;
        self.pattern.push((entry.sort, count));
    }

    /// Every sort once, in order.
    fn tidy(mut self) -> Pattern {
        tidy(&mut self.pattern);
        self.pattern
    }
}

/// Sorts a pattern and joins what is the same.
pub(super) fn tidy(pattern: &mut Pattern) {
    pattern.sort_unstable();
    pattern.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        kept.1 += if same { next.1 } else { 0 };
        same
    });
}

/// How far what would be free is from being equally free.
fn imbalance(free: &[f64], shares: &[f64]) -> f64 {
    let mean = free.iter().zip(shares).map(|(free, share)| free - share).sum::<f64>() / free.len().max(1) as f64;
    free.iter().zip(shares).map(|(free, share)| (free - share - mean).abs()).sum()
}

impl<'a> Space<'a> {
    /// What is free in a room.
    pub fn of(room: &'a Room) -> Self {
        Self { capacity: &room.capacity, free: &room.free, row: room.row, load: &room.load }
    }

    /// An empty bin of a kind.
    pub fn new(kind: &'a super::Kind) -> Self {
        Self { capacity: &kind.capacity, free: &kind.capacity, row: kind.row, load: &kind.load }
    }
}

/// How often a pattern can be had of what is left; an empty one always.
pub(super) fn repeats(pattern: &Pattern, left: &[usize]) -> usize {
    pattern.iter().filter_map(|(sort, count)| left[*sort].checked_div(*count)).min().unwrap_or(usize::MAX)
}

/// Takes a pattern so many times and says how many items that are.
pub(super) fn take(pattern: &Pattern, left: &mut [usize], times: usize) -> usize {
    let mut taken = 0;
    for (sort, count) in pattern {
        left[*sort] -= count * times;
        taken += count * times;
    }
    taken
}
