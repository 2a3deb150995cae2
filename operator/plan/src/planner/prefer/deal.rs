//! Deals the bins of a packing out to the parts that its lots were divided into.

use std::collections::BTreeMap;

use super::split::Part;
use crate::pack::{Bin, Packing, Pattern};

/// The same bins: in each, those of a lot who would like to be there, then whoever comes next. `place` is which place a kind is to a lot.
pub(super) fn dealt(parts: &[Part], place: impl Fn(usize, usize) -> usize, lots: usize, packing: &Packing) -> Packing {
    let mut of_lot: Vec<Vec<usize>> = vec![Vec::new(); lots];
    parts.iter().enumerate().for_each(|(at, part)| of_lot[part.lot].push(at));
    let mut stock: Vec<usize> = parts.iter().map(|part| part.count).collect();
    let mut bins: BTreeMap<(usize, Pattern), usize> = BTreeMap::new();
    for bin in &packing.bins {
        let whole = bin.pattern.iter().all(|(lot, _)| of_lot[*lot].len() == 1);
        let (rounds, times) = if whole { (1, bin.times) } else { (bin.times, 1) };
        for _ in 0..rounds {
            let mut pattern = Pattern::new();
            for (lot, count) in &bin.pattern {
                let home = place(*lot, bin.kind);
                let at_home = |part: &usize| parts[*part].place == Some(home);
                let order = of_lot[*lot].iter().copied().filter(at_home).chain(of_lot[*lot].iter().copied().filter(|part| !at_home(part)));
                take(order, *count, times, &mut stock, &mut pattern);
            }
            pattern.sort_unstable();
            *bins.entry((bin.kind, pattern)).or_default() += times;
        }
    }
    let bins = bins.into_iter().map(|((kind, pattern), times)| Bin { kind, pattern, times }).collect();
    Packing { bins, left: stock, price: packing.price }
}

fn take(order: impl Iterator<Item = usize>, mut count: usize, times: usize, stock: &mut [usize], pattern: &mut Pattern) {
    for part in order {
        let taken = count.min(stock[part] / times);
        if taken > 0 {
            stock[part] -= taken * times;
            count -= taken;
            pattern.push((part, taken));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_would_like_to_be_there_comes_first() {
        let parts =
            [Part { lot: 0, place: Some(0), count: 3 }, Part { lot: 0, place: Some(1), count: 4 }, Part { lot: 1, place: None, count: 2 }];
        let bin = |kind, pattern: &[(usize, usize)], times| Bin { kind, pattern: pattern.to_vec(), times };
        let packing = Packing { bins: vec![bin(1, &[(0, 2)], 3), bin(0, &[(1, 1)], 2)], left: vec![1, 0], price: 5 };
        let dealt = dealt(&parts, |_, kind| kind, 2, &packing);
        assert_eq!(dealt.bins, [bin(0, &[(2, 1)], 2), bin(1, &[(0, 2)], 1), bin(1, &[(1, 2)], 2)]);
        assert_eq!((dealt.left, dealt.price), (vec![1, 0, 0], 5));
    }
}
