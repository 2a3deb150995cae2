//! Buys bin by bin, each time the kind that gives most worth for its price, in several ways, and keeps the best.

use super::Bin;
use super::fill::{repeats, take};
use super::hunt::{Hunt, Yardstick};
use super::market::Market;
use super::style::{Measure, Opening, Order, STYLES, Style};
use super::worth::Worth;

/// Bins that one packing buys at most.
const MAX_BINS: usize = 20_000;
/// Sorts looked at for one item, and what a unit of effort does of them.
const FILLED_OF_UNIT: usize = 50;
/// With more sorts times kinds than this, fewer ways are tried.
const MANY: usize = 40_000;
/// A crowd of items that exclude each other costs this share of all.
const CROWD: f64 = 0.1;
/// Ways for a crowd, and how large bins may be, in fair shares: what comes along with each of the crowd must last for the others.
pub(super) const SHY: [Style; 2] = [
    Style { order: Order::Mixed, opening: Opening::Shy, measure: Measure::Rest, size_weight: 1.0 },
    Style { order: Order::Mixed, opening: Opening::Shy, measure: Measure::Balance, size_weight: 1.0 },
];
const FAIR: [f64; 2] = [2.0, 1.0];
/// Of a crowd among more items than this only the first way is tried.
const MANY_ITEMS: usize = 8_000;

/// Bins by sort.
#[derive(Clone, Debug, Default)]
pub(super) struct Basket {
    pub bins: Vec<Bin>,
    /// By sort.
    pub left: Vec<usize>,
    /// By kind.
    pub bought: Vec<usize>,
}

impl Market<'_> {
    /// The best of all ways.
    pub fn best(&self, counts: &[usize], bought: &[usize]) -> Basket {
        let strict = self.sorts.all.iter().any(|sort| sort.tier != self.sorts.all[0].tier);
        let many = self.sorts.all.len() * self.kinds.len() > MANY;
        let crowded = self.is_crowded(counts);
        let styles = STYLES.iter().filter(|style| style.order == Order::Mixed);
        let mut best: Option<(_, Basket)> = None;
        let mut offer = |basket: Basket| {
            let count: usize = basket.bins.iter().map(|bin| bin.times).sum();
            let rank = (self.missing(&basket.left), self.value(&basket.bins), count);
            if best.as_ref().is_none_or(|(least, _)| rank < *least) {
                best = Some((rank, basket));
            }
        };
        let ways = if counts.iter().sum::<usize>() > MANY_ITEMS { 1 } else { usize::MAX };
        for (style, most) in SHY.iter().flat_map(|style| FAIR.map(|most| (style, most))).take(if crowded { ways } else { 0 }) {
            offer(self.buy(counts, bought, *style, Yardstick::Shared(most)));
        }
        for (at, style) in styles.enumerate().take(if many { 1 } else { usize::MAX }) {
            if !crowded || !many {
                offer(self.buy(counts, bought, *style, Yardstick::Mix));
            }
            if crowded || at < 2 && !many {
                offer(self.buy(counts, bought, *style, Yardstick::Alone));
            }
        }
        if strict {
            STYLES
                .iter()
                .filter(|style| style.order == Order::Strict)
                .for_each(|style| offer(self.buy(counts, bought, *style, Yardstick::Mix)));
        }
        best.map(|(_, basket)| basket).unwrap_or_default()
    }

    /// Whether items that exclude each other ask for so many bins that they decide which.
    fn is_crowded(&self, counts: &[usize]) -> bool {
        let alone = self.sorts.all.iter().zip(counts).zip(&self.alone).filter(|((sort, _), _)| sort.rules.alone());
        let asked: f64 = alone.map(|((_, count), price)| *count as f64 * price).sum();
        asked > CROWD * Worth::of(self.sorts, counts).of_all(counts)
    }

    /// Items left, by tier, lowest first.
    fn missing(&self, left: &[usize]) -> Vec<usize> {
        let mut tiers: std::collections::BTreeMap<usize, usize> = Default::default();
        for (sort, left) in self.sorts.all.iter().zip(left) {
            *tiers.entry(sort.tier).or_default() += left;
        }
        tiers.into_values().collect()
    }

    /// Buys in one way; every round buys at least one bin or ends.
    pub fn buy(&self, counts: &[usize], bought: &[usize], style: Style, yardstick: Yardstick<'_>) -> Basket {
        let mut basket = Basket { bins: Vec::new(), left: counts.to_vec(), bought: bought.to_vec() };
        let mut hunt = Hunt::new(self, yardstick);
        let mut bins = 0;
        while bins < MAX_BINS {
            let Some((kind, pattern)) = hunt.next(&basket, style) else {
                break;
            };
            let room = self.sorts.problem.room(&basket.bought, kind);
            let times = room.min(repeats(&pattern, &basket.left)).min(MAX_BINS - bins);
            take(&pattern, &mut basket.left, times);
            basket.bought[kind] += times;
            bins += times;
            basket.bins.push(Bin { kind, pattern, times });
        }
        basket
    }

    /// A packing in the usual way, whatever the limits are.
    pub fn quick(&self, counts: &[usize]) -> Basket {
        self.buy(counts, &vec![0; self.sorts.problem.kinds.len()], STYLES[0], Yardstick::Mix)
    }

    /// What a packing in one way takes of effort.
    pub fn units(&self, basket: &Basket) -> u64 {
        let work = basket.bins.iter().map(|bin| bin.pattern.len() + 2).sum::<usize>() + self.kinds.len();
        (work * self.sorts.families.len() / FILLED_OF_UNIT + 1) as u64
    }
}
