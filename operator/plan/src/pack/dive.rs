//! Makes whole bins of a fractional mix: takes what the mix is sure of, mixes anew for the rest, and so on to the end.

use super::columns::{Config, Master};
use super::fill::{repeats, take};
use super::greedy::Basket;
use super::market::Market;
use super::worth::Worth;
use super::{Bin, Pattern};
use crate::effort::Effort;

/// A share of a bin from which on the mix is sure of it.
const SURE: f64 = 0.75;
/// Looks for new bins after each step.
const ROUNDS: usize = 6;
/// Steps at most.
const MAX_STEPS: usize = 200;

/// Whole bins for these counts, as good as the mix leads to; `None` if effort ended first.
pub(super) fn dive(market: &Market<'_>, master: &Master<'_>, counts: &[usize], sure: f64, effort: &mut Effort<'_>) -> Option<Vec<Bin>> {
    let mut left = counts.to_vec();
    let mut bins: Vec<Bin> = Vec::new();
    let mut best: Option<(i64, Vec<Bin>)> = None;
    let (mut configs, mut amounts) = (master.configs.clone(), master.amounts());
    for _ in 0..MAX_STEPS {
        settle(&configs, &mut amounts, sure.min(SURE), &mut left, &mut bins);
        let rest = complete(market, &left, effort)?;
        let whole: Vec<Bin> = bins.iter().chain(&rest.bins).cloned().collect();
        let value = market.value(&whole);
        if rest.left.iter().all(|left| *left == 0) && best.as_ref().is_none_or(|(least, _)| value < *least) {
            best = Some((value, whole));
        }
        let simple = Worth::of(market.sorts, &left);
        let Some(mut next) = Master::new(market, &left, &simple) else {
            break;
        };
        configs.iter().for_each(|config| next.add(config));
        if !next.mix(effort) || !next.solve(effort, ROUNDS) && effort.is_spent() {
            break;
        }
        amounts = next.amounts();
        configs = next.configs;
    }
    best.map(|(_, bins)| bins)
}

/// Takes whole bins, then those that the mix is sure of, at least one.
fn settle(configs: &[Config], amounts: &mut [(usize, f64)], sure: f64, left: &mut [usize], bins: &mut Vec<Bin>) {
    let before = bins.len();
    for (config, amount) in amounts.iter_mut() {
        let whole = repeats(&configs[*config].pattern, left).min(amount.floor() as usize);
        put(&configs[*config], whole, left, bins);
        *amount -= whole as f64;
    }
    amounts.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    for (config, amount) in amounts.iter() {
        if *amount >= sure || bins.len() == before {
            let fits = repeats(&configs[*config].pattern, left) > 0;
            put(&configs[*config], usize::from(fits), left, bins);
        }
    }
}

fn put(config: &Config, times: usize, left: &mut [usize], bins: &mut Vec<Bin>) {
    if times > 0 {
        take(&config.pattern, left, times);
        let pattern: Pattern = config.pattern.clone();
        bins.push(Bin { kind: config.kind, pattern, times });
    }
}

/// The rest, greedily.
fn complete(market: &Market<'_>, left: &[usize], effort: &mut Effort<'_>) -> Option<Basket> {
    let basket = market.quick(left);
    effort.spend(market.units(&basket)).then_some(basket)
}
