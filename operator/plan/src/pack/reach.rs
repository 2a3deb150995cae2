//! What of a bin can be used at all: what goes into it adds up to sums of sizes, and between two such sums there is nothing.

use std::collections::BTreeMap;

use super::{Bits, Problem};

/// Steps that the sums of one dimension may take at most; where they take more, only what all sizes are multiples of counts.
const MAX_STEPS: usize = 1 << 21;
/// The same where sums are found anew again and again.
const MAX_STEPS_OFTEN: usize = 1 << 17;
/// Steps of a unit of effort.
const STEPS_OF_UNIT: usize = 1_000;

/// How much the sums may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Care {
    Once,
    Often,
}

/// The same problem with capacities cut down to the largest sum of sizes that is not above them, and the units of effort that it took.
/// Whatever goes into a bin adds up to such a sum, so exactly the same items fit.
pub(super) fn usable(problem: &Problem) -> (Problem, u64) {
    let (mut usable, mut units) = (problem.clone(), 0);
    let nothing = Bits::default();
    let mut by_row: BTreeMap<&Bits, Vec<usize>> = BTreeMap::new();
    for (at, kind) in problem.kinds.iter().enumerate() {
        by_row.entry(problem.rows.get(kind.row).unwrap_or(&nothing)).or_default().push(at);
    }
    for (classes, kinds) in by_row {
        let dims = kinds.iter().map(|kind| problem.kinds[*kind].capacity.len()).max().unwrap_or(0);
        let capacities = |dim: usize| kinds.iter().filter_map(move |kind| problem.kinds[*kind].capacity.get(dim)).copied();
        let most: Vec<i64> = (0..dims).map(|dim| capacities(dim).max().unwrap_or(0)).collect();
        let admitted = problem.items.iter().filter(|item| item.count > 0 && classes.contains(item.class));
        let reach = Reach::of(admitted.map(|item| item.size.as_slice()), &most, Care::Once);
        units += reach.units();
        for kind in &kinds {
            let capacity = usable.kinds[*kind].capacity.iter_mut().enumerate();
            capacity.for_each(|(dim, capacity)| *capacity = reach.below(dim, *capacity));
        }
    }
    (usable, units)
}

/// Which sums of sizes there are, by dimension.
#[derive(Clone, Debug)]
pub(super) struct Reach(Vec<Sums>);

impl Reach {
    /// Of these sizes, each as often as one likes, in bins of at most so much.
    pub fn of<'s>(sizes: impl Iterator<Item = &'s [i64]> + Clone, most: &[i64], care: Care) -> Self {
        let dim = |dim: usize| Sums::of(sizes.clone().filter_map(|size| size.get(dim)).copied(), most[dim].max(0), care);
        Self((0..most.len()).map(dim).collect())
    }

    /// The largest sum in a dimension that is not above so much.
    pub fn below(&self, dim: usize, capacity: i64) -> i64 {
        self.0[dim].below(capacity)
    }

    /// Units of effort that it took.
    pub fn units(&self) -> u64 {
        (self.0.iter().map(|sums| sums.steps).sum::<usize>() / STEPS_OF_UNIT) as u64
    }
}

/// Sums in a dimension, in units of what all sizes are multiples of.
#[derive(Clone, Debug)]
struct Sums {
    unit: i64,
    /// By amount: the largest sum that is not above it. Empty where there are too many.
    largest: Vec<u32>,
    steps: usize,
}

impl Sums {
    fn of(sizes: impl Iterator<Item = i64>, most: i64, care: Care) -> Self {
        let mut sizes: Vec<i64> = sizes.filter(|size| *size > 0 && *size <= most).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let unit = sizes.iter().copied().fold(0, common).max(1);
        let most_steps = match care {
            Care::Once => MAX_STEPS,
            Care::Often => MAX_STEPS_OFTEN,
        };
        let amounts = usize::try_from(most / unit).unwrap_or(usize::MAX).saturating_add(1);
        let steps = amounts.saturating_mul(sizes.len() + 1);
        if steps > most_steps {
            return Self { unit, largest: Vec::new(), steps: sizes.len() };
        }
        let mut reached = vec![false; amounts];
        reached[0] = true;
        for size in sizes.iter().filter_map(|size| usize::try_from(size / unit).ok()) {
            (size..amounts).for_each(|sum| reached[sum] |= reached[sum - size]);
        }
        let mut last = 0;
        let largest = reached.iter().zip(0..).map(|(reached, sum)| {
            last = if *reached { sum } else { last };
            last
        });
        Self { unit, largest: largest.collect(), steps }
    }

    fn below(&self, capacity: i64) -> i64 {
        if capacity <= 0 {
            return capacity;
        }
        let amount = capacity / self.unit;
        let sum = usize::try_from(amount).ok().and_then(|at| self.largest.get(at));
        sum.map_or(amount, |sum| i64::from(*sum)) * self.unit
    }
}

/// The largest common divisor.
pub(super) fn common(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { common(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{items, kind, problem};
    use super::*;

    #[test]
    fn a_bin_has_what_sums_of_sizes_can_use() {
        let problem = problem(&[items(&[300, 4], 9), items(&[500, 6], 9)], &[kind(&[1_450, 3], 1), kind(&[700, 11], 1)]);
        let capacity = |problem: &Problem| problem.kinds.iter().map(|kind| kind.capacity.clone()).collect::<Vec<_>>();
        assert_eq!(capacity(&usable(&problem).0), [[1_400, 0], [600, 10]]);
    }

    #[test]
    fn where_there_are_too_many_sums_only_what_all_sizes_are_multiples_of_counts() {
        let huge = i64::MAX / 7;
        let reach = Reach::of([[6_i64].as_slice(), &[9]].into_iter(), &[huge], Care::Often);
        assert_eq!([reach.below(0, 8), reach.below(0, 5), reach.below(0, -4)], [6, 3, -4]);
    }
}
