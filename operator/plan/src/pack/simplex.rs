//! A small linear program: the cheapest mix of columns that covers what is asked for. Columns may come while it is solved.
//!
//! Revised simplex with a dense inverse: rows are few (dimensions, or sorts of items), columns are many and sparse.

use crate::effort::Effort;

/// Less is zero.
const ZERO: f64 = 1e-9;
/// A column enters if it saves more than this share of its cost.
const GAIN: f64 = 1e-7;
/// What is asked for is raised by up to this share, each row by another, so that the search does not run in circles.
const SHAKE: f64 = 2e-5;
/// Pivots after which the inverse is computed anew, besides as many as there are rows.
const FRESH: usize = 100;
/// Floating-point operations of a unit of effort.
const OPERATIONS: usize = 2_500;

/// A column: cost and what it covers, by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Column {
    pub cost: f64,
    pub covers: Vec<(usize, f64)>,
}

/// A vertex of the program: the cheapest one after [`Cover::solve`].
#[derive(Clone, Debug)]
pub(super) struct Cover {
    asked: Vec<f64>,
    pub columns: Vec<Column>,
    /// For each row what is basic there.
    basis: Vec<Part>,
    basic: Vec<bool>,
    /// Rows of the inverse, one after the other.
    inverse: Vec<f64>,
    amounts: Vec<f64>,
    /// What one unit of each row is worth.
    pub prices: Vec<f64>,
    pivots: usize,
}

/// What may be basic: a column, or what a row is covered by more than is asked for.
#[derive(Clone, Copy, Debug)]
enum Part {
    Column(usize),
    Surplus(usize),
}

impl Cover {
    /// Starts with one column for each row, which covers that row and no other.
    pub fn new(asked: &[f64], start: Vec<Column>) -> Self {
        let rows = asked.len();
        let shaken = asked.iter().enumerate().map(|(row, asked)| asked * (1.0 + SHAKE * shake(row)));
        let mut cover = Self {
            asked: shaken.collect(),
            basis: (0..rows).map(Part::Column).collect(),
            basic: vec![true; rows],
            columns: start,
            inverse: vec![0.0; rows * rows],
            amounts: vec![0.0; rows],
            prices: vec![0.0; rows],
            pivots: 0,
        };
        for row in 0..rows {
            let covers = cover.columns[row].covers[0].1;
            cover.inverse[row * rows + row] = 1.0 / covers;
            cover.amounts[row] = cover.asked[row] / covers;
            cover.prices[row] = cover.columns[row].cost / covers;
        }
        cover
    }

    /// Adds a column.
    pub fn add(&mut self, column: Column) {
        self.columns.push(column);
        self.basic.push(false);
    }

    /// How much of which column: those that are used.
    pub fn used(&self) -> Vec<(usize, f64)> {
        let used = self.basis.iter().zip(&self.amounts).filter(|(_, amount)| **amount > SHAKE * 10.0);
        used.filter_map(|(part, amount)| match part {
            Part::Column(column) => Some((*column, *amount)),
            Part::Surplus(_) => None,
        })
        .collect()
    }

    /// Goes on until no column makes it cheaper: true; or there is no effort left: false. The prices are usable either way.
    pub fn solve(&mut self, effort: &mut Effort<'_>) -> bool {
        while let Some(entering) = self.entering() {
            if !effort.spend(self.step_units()) {
                return false;
            }
            if !self.pivot(entering) {
                return true;
            }
        }
        true
    }

    fn step_units(&self) -> u64 {
        let rows = self.asked.len();
        let entries = self.columns.iter().map(|column| column.covers.len() + 2).sum::<usize>();
        ((2 * rows * rows + 2 * entries) / OPERATIONS + 1) as u64
    }

    /// What a column saves for each unit of its cost.
    fn saves(&self, column: &Column) -> f64 {
        let worth: f64 = column.covers.iter().map(|(row, covers)| self.prices[*row] * covers).sum();
        worth - column.cost
    }

    fn entering(&self) -> Option<Part> {
        let mut best: Option<(f64, Part)> = None;
        let mut offer = |gain: f64, entering: Part| {
            if gain > GAIN && best.is_none_or(|(most, _)| gain > most) {
                best = Some((gain, entering));
            }
        };
        for (at, column) in self.columns.iter().enumerate().filter(|(at, _)| !self.basic[*at]) {
            offer(self.saves(column) / column.cost, Part::Column(at));
        }
        let usual = self.prices.iter().fold(ZERO, |most, price| price.max(most));
        for (row, price) in self.prices.iter().enumerate() {
            offer(-price / usual, Part::Surplus(row));
        }
        best.map(|(_, entering)| entering)
    }

    /// Brings a column in and the tightest one out; false: nothing is tight, or the numbers have become useless.
    fn pivot(&mut self, entering: Part) -> bool {
        let rows = self.asked.len();
        let (gain, step) = match entering {
            Part::Column(column) => (self.saves(&self.columns[column]), self.times_inverse(&self.columns[column].covers)),
            Part::Surplus(row) => (-self.prices[row], self.times_inverse(&[(row, -1.0)])),
        };
        let Some(out) = self.tightest(&step) else {
            return false;
        };
        let by = step[out];
        let amount = self.amounts[out] / by;
        let pivot_row: Vec<f64> = self.inverse[out * rows..][..rows].iter().map(|entry| entry / by).collect();
        for (row, factor) in step.iter().enumerate().filter(|(row, factor)| *row != out && factor.abs() > ZERO * ZERO) {
            self.inverse[row * rows..][..rows].iter_mut().zip(&pivot_row).for_each(|(entry, pivot)| *entry -= factor * pivot);
            self.amounts[row] = (self.amounts[row] - factor * amount).max(0.0);
        }
        self.prices.iter_mut().zip(&pivot_row).for_each(|(price, pivot)| *price -= gain * pivot);
        self.inverse[out * rows..][..rows].copy_from_slice(&pivot_row);
        self.amounts[out] = amount;
        self.swap(out, entering);
        self.pivots += 1;
        !self.pivots.is_multiple_of(FRESH + rows) || self.refresh()
    }

    fn swap(&mut self, row: usize, entering: Part) {
        if let Part::Column(column) = self.basis[row] {
            self.basic[column] = false;
        }
        if let Part::Column(column) = entering {
            self.basic[column] = true;
        }
        self.basis[row] = entering;
    }

    fn times_inverse(&self, covers: &[(usize, f64)]) -> Vec<f64> {
        let rows = self.asked.len();
        (0..rows).map(|row| covers.iter().map(|(at, covers)| self.inverse[row * rows + at] * covers).sum()).collect()
    }

    /// The row that runs out first; of equals the one with the largest step, which keeps the numbers good.
    fn tightest(&self, step: &[f64]) -> Option<usize> {
        let mut best: Option<(f64, usize)> = None;
        for (row, by) in step.iter().enumerate().filter(|(_, by)| **by > ZERO) {
            let ratio = self.amounts[row] / by;
            if best.is_none_or(|(least, at)| ratio < least - ZERO || ratio < least + ZERO && *by > step[at]) {
                best = Some((ratio, row));
            }
        }
        best.map(|(_, row)| row)
    }

    /// Computes the inverse anew, which rids it of what rounding added up to; false: the basis has become singular.
    fn refresh(&mut self) -> bool {
        let rows = self.asked.len();
        let mut wide = vec![0.0; rows * rows];
        for (at, part) in self.basis.iter().enumerate() {
            match part {
                Part::Column(column) => self.columns[*column].covers.iter().for_each(|(row, covers)| wide[row * rows + at] = *covers),
                Part::Surplus(row) => wide[row * rows + at] = -1.0,
            }
        }
        let Some(inverse) = invert(wide, rows) else {
            return false;
        };
        self.inverse = inverse;
        self.prices.fill(0.0);
        for at in 0..rows {
            let row = &self.inverse[at * rows..][..rows];
            self.amounts[at] = row.iter().zip(&self.asked).map(|(entry, asked)| entry * asked).sum::<f64>().max(0.0);
            if let Part::Column(column) = self.basis[at] {
                let cost = self.columns[column].cost;
                self.prices.iter_mut().zip(row).for_each(|(price, entry)| *price += cost * entry);
            }
        }
        true
    }
}

/// Gauss and Jordan, with the largest entry of each column as pivot.
fn invert(mut wide: Vec<f64>, rows: usize) -> Option<Vec<f64>> {
    let mut inverse = vec![0.0; rows * rows];
    (0..rows).for_each(|row| inverse[row * rows + row] = 1.0);
    for at in 0..rows {
        let pivot = (at..rows).max_by(|a, b| wide[a * rows + at].abs().total_cmp(&wide[b * rows + at].abs()))?;
        if wide[pivot * rows + at].abs() < ZERO {
            return None;
        }
        for column in 0..rows {
            wide.swap(at * rows + column, pivot * rows + column);
            inverse.swap(at * rows + column, pivot * rows + column);
        }
        let by = wide[at * rows + at];
        for matrix in [&mut wide, &mut inverse] {
            matrix[at * rows..][..rows].iter_mut().for_each(|entry| *entry /= by);
        }
        for row in (0..rows).filter(|row| *row != at) {
            let factor = wide[row * rows + at];
            if factor != 0.0 {
                take(&mut wide, rows, row, at, factor);
                take(&mut inverse, rows, row, at, factor);
            }
        }
    }
    Some(inverse)
}

/// Takes a row, so many times, off another.
fn take(matrix: &mut [f64], rows: usize, from: usize, off: usize, factor: f64) {
    let (low, high) = (from.min(off), from.max(off));
    let (head, tail) = matrix.split_at_mut(high * rows);
    let (low_row, high_row) = (&mut head[low * rows..][..rows], &mut tail[..rows]);
    let (target, source) = if from < off { (low_row, high_row) } else { (high_row, low_row) };
    target.iter_mut().zip(source.iter()).for_each(|(entry, off)| *entry -= factor * off);
}

/// A number between 0 and 1 that differs from row to row.
fn shake(row: usize) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_8;
    ((row + 1) as f64 * GOLDEN).fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(cost: f64, covers: &[(usize, f64)]) -> Column {
        Column { cost, covers: covers.to_vec() }
    }

    /// Two rows, each alone dear, and what covers both.
    fn solved(asked: &[f64], columns: &[Column]) -> Cover {
        let start = (0..asked.len()).map(|row| column(100.0, &[(row, 1.0)])).collect();
        let mut cover = Cover::new(asked, start);
        columns.iter().for_each(|column| cover.add(column.clone()));
        assert!(cover.solve(&mut Effort::default()));
        cover
    }

    #[test]
    fn the_cheapest_mix_is_found_and_its_prices_explain_it() {
        let cover = solved(&[8.0, 12.0], &[column(4.0, &[(0, 4.0), (1, 4.0)]), column(6.0, &[(0, 4.0), (1, 8.0)])]);
        let cost: f64 = cover.used().iter().map(|(column, amount)| cover.columns[*column].cost * amount).sum();
        assert!((cost - 10.0).abs() < 1e-4);
        let worth = cover.prices[0] * 8.0 + cover.prices[1] * 12.0;
        assert!((worth - 10.0).abs() < 1e-6, "{worth}");
    }

    #[test]
    fn what_comes_with_something_else_is_worth_nothing() {
        let cover = solved(&[8.0, 1.0], &[column(4.0, &[(0, 4.0), (1, 4.0)])]);
        assert_eq!(cover.prices.iter().map(|price| (price * 1e6).round() as i64).collect::<Vec<_>>(), [1_000_000, 0]);
    }

    #[test]
    fn the_inverse_computed_anew_is_the_one_that_was_kept() {
        let mut cover = solved(&[8.0, 12.0], &[column(4.0, &[(0, 4.0), (1, 4.0)]), column(6.0, &[(0, 4.0), (1, 8.0)])]);
        let kept = (cover.prices.clone(), cover.amounts.clone());
        assert!(cover.refresh());
        let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(close(&cover.prices, &kept.0) && close(&cover.amounts, &kept.1));
    }
}
