//! Makes whole bins of a fractional mix: takes what the mix is sure of, mixes anew for the rest, and so on to the end.

use super::columns::{Config, Master};
use super::fill::{repeats, take};
use super::greedy::Basket;
use super::market::Market;
use super::worth::Worth;
use super::{Bin, Pattern};
use crate::effort::Effort;

/// From which share of a bin on a dive takes it from the mix, by way.
const SURE: [f64; 3] = [0.7, 0.45, 0.75];
/// How much of a bin's share is left to chance in all ways but the first.
const CHANCE: f64 = 0.3;
/// Looks for new bins after each step.
const ROUNDS: usize = 6;
/// Steps at most.
const MAX_STEPS: usize = 200;

/// Whole bins for these counts, as good as the mix leads to in one of many ways; `None` if effort ended before there were any.
pub(super) fn dive(market: &Market<'_>, master: &Master<'_>, counts: &[usize], way: usize, effort: &mut Effort<'_>) -> Option<Vec<Bin>> {
    let mut left = counts.to_vec();
    let mut bins: Vec<Bin> = Vec::new();
    let mut best: Option<(i64, Vec<Bin>)> = None;
    let (mut configs, mut amounts) = (master.configs.clone(), master.amounts());
    for _ in 0..MAX_STEPS {
        shake(&mut amounts, way);
        settle(&configs, &mut amounts, SURE[way % SURE.len()], &mut left, &mut bins);
        let Some(rest) = complete(market, &left, effort) else {
            break;
        };
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

/// Changes the shares of bins by chance, by another in each way.
fn shake(amounts: &mut [(usize, f64)], way: usize) {
    const GOLDEN: f64 = 0.618_033_988_749_894_8;
    for (config, amount) in amounts.iter_mut().filter(|_| way > 0) {
        let part = amount.fract();
        let chance = ((*config + 1) as f64 * GOLDEN * (way + 1) as f64).fract();
        *amount += part * CHANCE * (chance - 0.5);
    }
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
