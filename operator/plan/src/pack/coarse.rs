//! A problem that knows less, so that very many sorts become few: where a kind stands, and who minds whom, is forgotten. What it costs at least
//! the real one costs at least, and what its sorts are worth is a good guess of what they are worth in the real one.

use std::collections::HashMap;

use super::columns::Master;
use super::market::Market;
use super::sorts::Sorts;
use super::worth::Worth;
use super::{Bits, Item, Kind, Load, Problem, Rules};
use crate::effort::Effort;

/// It pays where so many times fewer sorts are left, of so many at least.
const FEWER: usize = 2;
const MANY: usize = 100;

/// What the coarse problem says of the real one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Guess {
    /// What one of each sort is worth, by sort: no bin holds more worth than it costs.
    pub values: Vec<f64>,
    /// What everything costs at least: proved.
    pub bound: f64,
}

/// The guess, where it pays.
pub(super) fn guess(market: &Market<'_>, counts: &[usize], effort: &mut Effort<'_>) -> Option<Guess> {
    if market.sorts.all.len() < MANY {
        return None;
    }
    let coarse = Coarse::of(market, counts);
    let fewer = coarse.problem.items.len() * FEWER <= market.sorts.all.len();
    if fewer { coarse.guess(effort) } else { None }
}

/// The problem, and which of its items each sort has become.
pub(super) struct Coarse {
    problem: Problem,
    items: Vec<usize>,
}

impl Coarse {
    /// Kinds that differ in their row only are one, which takes what any of them takes; of rules only that an item stands no other of its like
    /// is kept.
    pub fn of(market: &Market<'_>, counts: &[usize]) -> Self {
        let fine = market.sorts.problem;
        let (mut kinds, mut rows): (Vec<Kind>, Vec<Bits>) = Default::default();
        let mut same: HashMap<(&[i64], i64), usize> = HashMap::new();
        for kind in &fine.kinds {
            let at = *same.entry((&kind.capacity, kind.price)).or_insert(kinds.len());
            if at == kinds.len() {
                kinds.push(Kind { row: at, load: Load::default(), ..kind.clone() });
                rows.push(Bits::default());
            }
            fine.rows.get(kind.row).into_iter().for_each(|classes| rows[at].add(classes));
        }
        let mut coarse = Self { problem: Problem { kinds, rows, ..Problem::default() }, items: Vec::new() };
        let mut classes: HashMap<Vec<bool>, usize> = HashMap::new();
        let mut known: HashMap<(&[i64], usize, Vec<usize>), usize> = HashMap::new();
        for (sort, count) in market.sorts.all.iter().zip(counts) {
            let taken_by = coarse.problem.rows.iter().map(|row| row.contains(sort.class)).collect();
            let class = *classes.entry(taken_by).or_insert(sort.class);
            let alone: Vec<usize> = sort.rules.takes.common(&sort.rules.forbids).collect();
            let next = coarse.problem.items.len();
            let at = *known.entry((&sort.size, class, alone.clone())).or_insert(next);
            if at == next {
                let token = Bits::of(alone);
                let rules = Rules { takes: token.clone(), forbids: token, groups: Vec::new() };
                coarse.problem.items.push(Item { size: sort.size.clone(), class, rules, ..Item::default() });
            }
            coarse.problem.items[at].count += count;
            coarse.items.push(at);
        }
        coarse
    }

    pub fn guess(&self, effort: &mut Effort<'_>) -> Option<Guess> {
        let sorts = Sorts::of(&self.problem);
        let market = Market::new(&sorts);
        let counts = sorts.counts(&self.problem.items.iter().map(|item| item.count).collect::<Vec<_>>());
        let mut master = Master::new(&market, &counts, &Worth::of(&sorts, &counts))?;
        master.solve(effort, usize::MAX);
        let by_item = sorts.by_item();
        let values = self.items.iter().map(|item| master.values[by_item[*item]]).collect();
        Some(Guess { values, bound: master.bound })
    }
}

#[cfg(test)]
mod tests {
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
        let coarse = Coarse::of(&Market::new(&sorts), &vec![2; sorts.all.len()]);
        let counts: Vec<usize> = coarse.problem.items.iter().map(|item| item.count).collect();
        assert_eq!((coarse.problem.kinds.len(), counts), (1, vec![2, 6]));
    }
}
