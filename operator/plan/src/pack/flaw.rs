//! Whether a packing keeps everything that its problem asks for.

use super::market::price;
use super::{Bin, Packing, Problem, fits};

/// What is wrong with a packing, in words; `None`: nothing.
pub fn flaw(problem: &Problem, packing: &Packing) -> Option<String> {
    let mut placed = packing.left.clone();
    placed.resize(problem.items.len(), 0);
    let mut bought = vec![0; problem.kinds.len()];
    for (at, bin) in packing.bins.iter().enumerate() {
        if let Some(flaw) = flaw_of_bin(problem, bin) {
            return Some(format!("bin {at} of kind {}: {flaw}", bin.kind));
        }
        bin.pattern.iter().for_each(|(item, count)| placed[*item] += count * bin.times);
        bought[bin.kind] += bin.times;
    }
    let uncounted = problem.items.iter().zip(&placed).position(|(item, placed)| item.count != *placed);
    if let Some(item) = uncounted {
        return Some(format!("item {item}: {} of {} are placed or left", placed[item], problem.items[item].count));
    }
    let used = |limit: &super::Limit| limit.uses.iter().zip(&bought).map(|(uses, bins)| i128::from(*uses) * *bins as i128).sum::<i128>();
    if let Some(limit) = problem.limits.iter().position(|limit| used(limit) > i128::from(limit.at_most)) {
        return Some(format!("limit {limit} is exceeded"));
    }
    let real = price(problem, &packing.bins);
    (real != packing.price).then(|| format!("the price is {real}, not {}", packing.price))
}

fn flaw_of_bin(problem: &Problem, bin: &Bin) -> Option<String> {
    let kind = problem.kinds.get(bin.kind)?;
    let (mut free, mut load) = (kind.capacity.clone(), kind.load.clone());
    for (index, count) in &bin.pattern {
        let item = &problem.items[*index];
        if !problem.admits(kind.row, item.class) {
            return Some(format!("does not admit item {index}"));
        }
        for _ in 0..*count {
            if !fits(&item.size, &free) {
                return Some(format!("item {index} does not fit"));
            }
            if load.room(&item.rules, &problem.caps) == 0 {
                return Some(format!("item {index} breaks a rule"));
            }
            free.iter_mut().zip(&item.size).for_each(|(free, size)| *free -= size.max(&0));
            load.add(&item.rules, 1);
        }
    }
    None
}
