//! Items that nothing tells apart are one sort: searched once, and dealt out to the items at the end.

use std::ops::Range;

use super::{Bin, Pattern, Problem, Rules};

/// Items that nothing tells apart.
#[derive(Clone, Debug)]
pub(super) struct Sort<'a> {
    /// Nothing below 0.
    pub size: Vec<i64>,
    pub class: usize,
    pub tier: usize,
    pub rules: &'a Rules,
    pub bonus: &'a [(usize, i64)],
    /// Whether rules say anything.
    pub ruled: bool,
    /// Indices of the items, in their order.
    pub members: Vec<usize>,
}

/// All sorts of a problem.
#[derive(Clone, Debug)]
pub(super) struct Sorts<'a> {
    pub problem: &'a Problem,
    pub dims: usize,
    /// Hardest to place first.
    pub all: Vec<Sort<'a>>,
    /// Sorts of equal size and class: they differ in rules only.
    pub families: Vec<Range<usize>>,
}

impl<'a> Sorts<'a> {
    pub fn of(problem: &'a Problem) -> Self {
        let dims =
            problem.kinds.iter().map(|kind| kind.capacity.len()).chain(problem.items.iter().map(|item| item.size.len())).max().unwrap_or(0);
        let largest: Vec<i64> = (0..dims)
            .map(|dim| problem.kinds.iter().filter_map(|kind| kind.capacity.get(dim)).copied().max().unwrap_or(0).max(1))
            .collect();
        let hardness = |size: &[i64]| {
            let shares = || size.iter().zip(&largest).map(|(size, most)| *size as f64 / *most as f64);
            (shares().fold(0.0, f64::max), shares().sum::<f64>())
        };
        let mut order: Vec<(f64, f64, usize)> =
            (0..problem.items.len()).map(|at| (hardness(&problem.items[at].size), at)).map(|((most, sum), at)| (most, sum, at)).collect();
        let item = |at: usize| &problem.items[at];
        order.sort_by(|a, b| {
            let (left, right) = (item(a.2), item(b.2));
            let ruled = |item: &super::Item| (!item.rules.alone(), item.rules.is_empty());
            let size =
                b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)).then_with(|| left.size.cmp(&right.size)).then(left.class.cmp(&right.class));
            let rest = || ruled(left).cmp(&ruled(right)).then(left.tier.cmp(&right.tier)).then_with(|| left.rules.cmp(&right.rules));
            size.then_with(rest).then_with(|| left.bonus.cmp(&right.bonus)).then(a.2.cmp(&b.2))
        });
        let same = |a: usize, b: usize| {
            let (a, b) = (item(a), item(b));
            a.size == b.size && a.class == b.class && a.tier == b.tier && a.rules == b.rules && a.bonus == b.bonus
        };
        let equal = order.chunk_by(|a, b| same(a.2, b.2));
        let all: Vec<Sort<'a>> = equal.map(|items| Sort::of(item(items[0].2), items.iter().map(|entry| entry.2).collect())).collect();
        let mut families = Vec::new();
        for family in all.chunk_by(|a, b| a.size == b.size && a.class == b.class) {
            let start = families.last().map_or(0, |last: &Range<usize>| last.end);
            families.push(start..start + family.len());
        }
        Self { problem, dims, all, families }
    }

    /// What counts by item are by sort.
    pub fn counts(&self, items: &[usize]) -> Vec<usize> {
        self.all.iter().map(|sort| sort.members.iter().map(|item| items.get(*item).copied().unwrap_or(0)).sum()).collect()
    }

    /// For each item its sort.
    pub fn by_item(&self) -> Vec<usize> {
        let mut by_item = vec![0; self.problem.items.len()];
        for (at, sort) in self.all.iter().enumerate() {
            sort.members.iter().for_each(|item| by_item[*item] = at);
        }
        by_item
    }

    /// Deals bins of sorts out to items, earlier items first, and takes them off `stock`: bins by item.
    pub fn deal(&self, bins: &[Bin], stock: &mut [usize]) -> Vec<Bin> {
        let mut next = vec![0; self.all.len()];
        let mut dealt = Vec::with_capacity(bins.len());
        for bin in bins {
            let mut missing = bin.times;
            while missing > 0 {
                let (pattern, times) = self.hand(&bin.pattern, missing, stock, &mut next);
                dealt.push(Bin { kind: bin.kind, pattern, times });
                missing -= times;
            }
        }
        dealt
    }

    /// One bin's items, and how many bins in a row get the same.
    fn hand(&self, pattern: &Pattern, most: usize, stock: &mut [usize], next: &mut [usize]) -> (Pattern, usize) {
        let (mut hand, mut times) = (Pattern::new(), most);
        for (sort, count) in pattern {
            let members = &self.all[*sort].members;
            let mut asked = *count;
            let mut at = next[*sort];
            while asked > 0 && at < members.len() {
                let item = members[at];
                let given = asked.min(stock[item]);
                if given > 0 {
                    times = times.min(if given == asked && given == *count { stock[item] / given } else { 1 });
                    hand.push((item, given));
                }
                asked -= given;
                at += usize::from(asked > 0);
            }
        }
        for (item, given) in &hand {
            stock[*item] -= given * times;
        }
        for (sort, _) in pattern {
            let members = &self.all[*sort].members;
            while next[*sort] < members.len() && stock[members[next[*sort]]] == 0 {
                next[*sort] += 1;
            }
        }
        (hand, times.max(1))
    }
}

impl<'a> Sort<'a> {
    fn of(item: &'a super::Item, members: Vec<usize>) -> Self {
        let ruled = !item.rules.is_empty();
        let size = item.size.iter().map(|size| (*size).max(0)).collect();
        Self { size, class: item.class, tier: item.tier, rules: &item.rules, bonus: &item.bonus, ruled, members }
    }

    /// What one is worth in a kind, besides being placed.
    pub fn bonus_in(&self, kind: usize) -> i64 {
        self.bonus.iter().find(|(of, _)| *of == kind).map_or(0, |(_, bonus)| *bonus)
    }
}
