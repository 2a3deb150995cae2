//! A problem that knows less, so that very many sorts become few: where a kind stands, and who minds whom, is forgotten. What it costs at least
//! the real one costs at least; what its sorts are worth, and how it is packed, is a good guess for the real one.

use std::collections::{BTreeMap, HashMap};

use super::market::Market;
use super::{Bin, Bits, Item, Kind, Load, Problem, Rules};

/// It pays where so many times fewer sorts are left, of so many at least.
const FEWER: usize = 2;
const MANY: usize = 100;

/// What is kept of where things may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Kinds that differ in their row only are one, which takes what any of them takes.
    Nothing,
    /// Kinds that take the same are one.
    Rows,
}

/// The problem, and what of the real one its items and kinds stand for.
pub(super) struct Coarse {
    pub problem: Problem,
    /// By sort: what it has become.
    pub items: Vec<usize>,
    /// By item: its sorts.
    pub members: Vec<Vec<usize>>,
    /// By kind: the real ones.
    pub kinds: Vec<Vec<usize>>,
    /// By sort: how many real kinds take it.
    pub homes: Vec<usize>,
    /// By sort: whether fewer take it than others that have become the same.
    pub bound: Vec<bool>,
}

impl Coarse {
    /// The coarse problem, where it pays.
    pub fn paying(market: &Market<'_>, counts: &[usize]) -> Option<Self> {
        let sorts = market.sorts.all.len();
        let coarse = (sorts >= MANY).then(|| Self::of(market, counts, Keep::Nothing))?;
        (coarse.problem.items.len() * FEWER <= sorts).then_some(coarse)
    }

    /// Of rules only that an item stands no other of its like is kept.
    pub fn of(market: &Market<'_>, counts: &[usize], keep: Keep) -> Self {
        let fine = market.sorts.problem;
        let (mut kinds, mut rows, mut real): (Vec<Kind>, Vec<Bits>, Vec<Vec<usize>>) = Default::default();
        let mut same: HashMap<(&[i64], i64, Option<&Bits>), usize> = HashMap::new();
        for (own, kind) in fine.kinds.iter().enumerate() {
            let kept = fine.rows.get(kind.row).filter(|_| keep == Keep::Rows);
            let at = *same.entry((&kind.capacity, kind.price, kept)).or_insert(kinds.len());
            if at == kinds.len() {
                kinds.push(Kind { row: at, load: Load::default(), ..kind.clone() });
                rows.push(Bits::default());
                real.push(Vec::new());
            }
            real[at].push(own);
            fine.rows.get(kind.row).into_iter().for_each(|classes| rows[at].add(classes));
        }
        let homes = (0..market.sorts.all.len()).map(|sort| market.takes.iter().filter(|takes| takes[sort]).count()).collect();
        let problem = Problem { kinds, rows, ..Problem::default() };
        let mut coarse = Self { problem, items: Vec::new(), members: Vec::new(), kinds: real, homes, bound: Vec::new() };
        let mut classes: HashMap<Vec<bool>, usize> = HashMap::new();
        let mut known: HashMap<(&[i64], usize, Vec<usize>), usize> = HashMap::new();
        for (own, (sort, count)) in market.sorts.all.iter().zip(counts).enumerate() {
            let taken_by = coarse.problem.rows.iter().map(|row| row.contains(sort.class)).collect();
            let class = *classes.entry(taken_by).or_insert(sort.class);
            let alone: Vec<usize> = sort.rules.takes.common(&sort.rules.forbids).collect();
            let next = coarse.problem.items.len();
            let at = *known.entry((&sort.size, class, alone.clone())).or_insert(next);
            if at == next {
                let token = Bits::of(alone);
                let rules = Rules { takes: token.clone(), forbids: token, groups: Vec::new() };
                coarse.problem.items.push(Item { size: sort.size.clone(), class, rules, ..Item::default() });
                coarse.members.push(Vec::new());
            }
            coarse.members[at].push(own);
            coarse.problem.items[at].count += count;
            coarse.items.push(at);
        }
        let most: Vec<usize> = coarse.members.iter().map(|sorts| sorts.iter().map(|sort| coarse.homes[*sort]).max().unwrap_or(0)).collect();
        coarse.bound = coarse.items.iter().zip(&coarse.homes).map(|(item, homes)| *homes < most[*item]).collect();
        coarse
    }

    /// What real bins, by sort, are here, by item.
    pub fn image(&self, bins: &[Bin]) -> Vec<Bin> {
        let of = |bin: &Bin| {
            let pattern = bin.pattern.iter().map(|(sort, count)| (self.items[*sort], *count)).collect();
            let kind = self.kinds.iter().position(|kinds| kinds.contains(&bin.kind)).unwrap_or(0);
            Bin { kind, pattern, times: bin.times }
        };
        bins.iter().map(of).collect()
    }

    /// What a bin of another coarse problem is here, once for each of its real kinds.
    pub fn translated(&self, from: &Self, bin: &Bin, counts: &[usize]) -> Vec<Bin> {
        let real = |kind: &usize| self.kinds[*kind].iter().any(|real| from.kinds[bin.kind].contains(real));
        let of = |kind: usize| {
            let place = |(item, count): &(usize, usize)| Some((self.stand_in(from, *item, kind, counts)?, *count));
            Some(Bin { kind, pattern: bin.pattern.iter().map(place).collect::<Option<_>>()?, times: bin.times })
        };
        (0..self.kinds.len()).filter(real).filter_map(of).collect()
    }

    /// What most of another problem's item are here, of what a kind takes.
    fn stand_in(&self, from: &Self, item: usize, kind: usize, counts: &[usize]) -> Option<usize> {
        let mut each: BTreeMap<usize, usize> = BTreeMap::new();
        for sort in &from.members[item] {
            let own = self.items[*sort];
            if self.problem.admits(self.problem.kinds[kind].row, self.problem.items[own].class) {
                *each.entry(own).or_default() += counts[*sort];
            }
        }
        each.into_iter().max_by_key(|(_, count)| *count).map(|(own, _)| own)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sorts::Sorts;
    use super::super::tests::{items, kind, problem};
    use super::*;

    #[test]
    fn kinds_of_all_rows_are_one_and_of_rules_only_solitude_is_left() {
        let token = |at| Bits::of([at]);
        let alone = Rules { takes: token(0), forbids: token(0), groups: vec![0] };
        let shy = Rules { forbids: token(0), ..Rules::default() };
        let ruled = |rules: Rules, class| Item { rules, class, ..items(&[3], 2) };
        let here = problem(&[ruled(alone, 0), ruled(shy, 0), items(&[3], 2), ruled(Rules::default(), 1)], &[kind(&[9], 5)]);
        let there = Kind { row: 1, ..kind(&[9], 5) };
        let problem =
            Problem { kinds: vec![here.kinds[0].clone(), there], rows: vec![Bits::of([0]), Bits::of([1])], caps: vec![1], ..here };
        let sorts = Sorts::of(&problem);
        let coarse = Coarse::of(&Market::new(&sorts), &vec![2; sorts.all.len()], Keep::Nothing);
        let counts: Vec<usize> = coarse.problem.items.iter().map(|item| item.count).collect();
        assert_eq!((coarse.problem.kinds.len(), counts), (1, vec![2, 6]));
    }
}
