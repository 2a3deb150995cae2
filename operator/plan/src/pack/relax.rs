//! The fractional knapsack with several dimensions: prices of the dimensions at which no mix of items is worth more than their sum.
//!
//! A simplex whose variables have upper bounds. Rows are the dimensions, so the basis is tiny.

/// Less is zero.
const ZERO: f64 = 1e-10;
/// Steps at most for each dimension, and besides.
const STEPS: (usize, usize) = (30, 60);

/// Items to fill a unit of each dimension with.
pub(super) struct Relax<'a> {
    /// Shares of the dimensions, one item after the other.
    pub shares: &'a [f64],
    pub values: &'a [f64],
    /// How many of each there are.
    pub most: &'a [f64],
    pub dims: usize,
    /// How much of each dimension there is.
    pub room: &'a [f64],
}

/// What is basic in a row: an item, or what is free of a dimension.
#[derive(Clone, Copy)]
enum Part {
    Item(usize),
    Free(usize),
}

struct Basis {
    parts: Vec<Part>,
    amounts: Vec<f64>,
    inverse: Vec<f64>,
    /// Whether an item is basic, at its upper bound, or neither.
    state: Vec<State>,
    free_basic: Vec<bool>,
    prices: Vec<f64>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    None,
    All,
    Basic,
}

impl Relax<'_> {
    /// Prices of the whole of each dimension, and how much of each item there is at them. They are the best unless the steps run out, and
    /// the prices prove a bound either way.
    pub fn solve(&self) -> (Vec<f64>, Vec<f64>) {
        let dims = self.dims;
        let mut inverse = vec![0.0; dims * dims];
        (0..dims).for_each(|dim| inverse[dim * dims + dim] = 1.0);
        let mut basis = Basis {
            parts: (0..dims).map(Part::Free).collect(),
            amounts: self.room.to_vec(),
            inverse,
            state: vec![State::None; self.values.len()],
            free_basic: vec![true; dims],
            prices: vec![0.0; dims],
        };
        for _ in 0..STEPS.0 * dims + STEPS.1 {
            let Some((part, gain)) = self.entering(&basis) else {
                break;
            };
            self.step(&mut basis, part, gain);
        }
        let prices = basis.prices.iter().map(|price| price.max(0.0)).collect();
        (prices, self.amounts(&basis))
    }

    fn amounts(&self, basis: &Basis) -> Vec<f64> {
        let all = basis.state.iter().zip(self.most);
        let mut amounts: Vec<f64> = all.map(|(state, most)| if *state == State::All { *most } else { 0.0 }).collect();
        for (part, amount) in basis.parts.iter().zip(&basis.amounts) {
            if let Part::Item(item) = part {
                amounts[*item] = amount.max(0.0);
            }
        }
        amounts
    }

    fn share(&self, item: usize) -> &[f64] {
        &self.shares[item * self.dims..][..self.dims]
    }

    /// What gains most by becoming more, or by becoming less where the gain is below zero.
    fn entering(&self, basis: &Basis) -> Option<(Part, f64)> {
        let mut best: Option<(f64, Part, f64)> = None;
        let mut offer = |gain: f64, by: f64, part: Part| {
            if gain > ZERO && best.as_ref().is_none_or(|(most, ..)| gain > *most) {
                best = Some((gain, part, by));
            }
        };
        for (item, value) in self.values.iter().enumerate().filter(|(item, _)| basis.state[*item] != State::Basic) {
            let cost: f64 = self.share(item).iter().zip(&basis.prices).map(|(share, price)| share * price).sum();
            let gain = value - cost;
            let useful = if basis.state[item] == State::All { -gain } else { gain };
            offer(useful / value.max(ZERO), gain, Part::Item(item));
        }
        let usual = basis.prices.iter().fold(ZERO, |most, price| price.max(most));
        for (dim, price) in basis.prices.iter().enumerate().filter(|(dim, _)| !basis.free_basic[*dim]) {
            offer(-price / usual, -price, Part::Free(dim));
        }
        best.map(|(_, part, by)| (part, by))
    }

    fn step(&self, basis: &mut Basis, part: Part, gain: f64) {
        let dims = self.dims;
        let column = |row: usize| match part {
            Part::Item(item) => self.share(item).iter().zip(&basis.inverse[row * dims..]).map(|(share, entry)| share * entry).sum::<f64>(),
            Part::Free(dim) => basis.inverse[row * dims + dim],
        };
        let by: Vec<f64> = (0..dims).map(column).collect();
        let sign = if gain > 0.0 { 1.0 } else { -1.0 };
        let own = if let Part::Item(item) = part { self.most[item] } else { f64::INFINITY };
        let (mut least, mut out) = (own, None);
        for (row, by) in by.iter().enumerate().filter(|(_, by)| by.abs() > ZERO) {
            let room = if by * sign > 0.0 { basis.amounts[row] } else { self.upper(basis.parts[row]) - basis.amounts[row] };
            let amount = (room / by.abs()).max(0.0);
            if amount < least {
                (least, out) = (amount, Some(row));
            }
        }
        basis.amounts.iter_mut().zip(&by).for_each(|(amount, by)| *amount -= sign * least * by);
        match (out, part) {
            (Some(row), _) => {
                let before = if sign > 0.0 { 0.0 } else { own };
                self.swap(basis, part, row, before + sign * least, by[row] * sign < 0.0);
                basis.pivot(row, &by, gain, dims);
            }
            (None, Part::Item(item)) => basis.state[item] = if sign > 0.0 { State::All } else { State::None },
            (None, Part::Free(_)) => {}
        }
    }

    fn upper(&self, part: Part) -> f64 {
        match part {
            Part::Item(item) => self.most[item],
            Part::Free(_) => f64::INFINITY,
        }
    }

    /// Makes a part basic in a row, whose own part goes to its upper or its lower bound.
    fn swap(&self, basis: &mut Basis, part: Part, row: usize, amount: f64, up: bool) {
        match basis.parts[row] {
            Part::Item(item) => basis.state[item] = if up { State::All } else { State::None },
            Part::Free(dim) => basis.free_basic[dim] = false,
        }
        match part {
            Part::Item(item) => basis.state[item] = State::Basic,
            Part::Free(dim) => basis.free_basic[dim] = true,
        }
        basis.parts[row] = part;
        basis.amounts[row] = amount;
    }
}

impl Basis {
    fn pivot(&mut self, row: usize, by: &[f64], gain: f64, dims: usize) {
        let pivot: Vec<f64> = self.inverse[row * dims..][..dims].iter().map(|entry| entry / by[row]).collect();
        for (other, factor) in by.iter().enumerate().filter(|(other, _)| *other != row) {
            self.inverse[other * dims..][..dims].iter_mut().zip(&pivot).for_each(|(entry, pivot)| *entry -= factor * pivot);
        }
        self.prices.iter_mut().zip(&pivot).for_each(|(price, pivot)| *price += gain * pivot);
        self.inverse[row * dims..][..dims].copy_from_slice(&pivot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prices_prove_what_the_best_mix_is_worth() {
        let relax =
            Relax { shares: &[0.5, 0.1, 0.1, 0.5, 0.3, 0.3], values: &[3.0, 3.0, 4.0], most: &[9.0, 9.0, 1.0], dims: 2, room: &[1.0, 1.0] };
        let prices = relax.solve().0;
        let beyond = |item: usize| {
            (relax.values[item] - relax.share(item).iter().zip(&prices).map(|(share, price)| share * price).sum::<f64>()).max(0.0)
        };
        let proved = prices.iter().sum::<f64>() + (0..3).map(|item| beyond(item) * relax.most[item]).sum::<f64>();
        // All of the third, and what is left halved between the others: 0.7 / 0.6 of each.
        assert!((proved - (4.0 + 6.0 * 0.7 / 0.6)).abs() < 1e-9, "{proved}");
    }
}
