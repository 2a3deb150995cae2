//! Local search: takes a few bins apart and packs their items anew, again and again, and keeps what is cheaper or no dearer and fuller.

use std::ops::Range;

use super::fill::{Families, Space, fill, take};
use super::market::Market;
use super::style::{Measure, Opening, Order, Style};
use super::{Bin, Pattern};
use crate::effort::Effort;

/// Bins that are taken apart at once, at least and at most.
const APART: (usize, usize) = (2, 6);
/// Of so many bins the one with most waste is taken apart.
const DRAWS: usize = 3;
/// Kinds that are tried for a bin besides those that were taken apart.
const OTHERS: usize = 3;
/// Weights of size against balance.
const WEIGHTS: [f64; 6] = [0.0, 0.1, 0.2, 0.5, 1.0, 2.0];
/// Looks at a sort that are a unit of effort, and what an item costs besides, in looks.
const LOOKS_OF_UNIT: usize = 180;
const SORTS_BESIDES: usize = 8;
/// Seed of the dice: the same search every time.
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

/// Numbers without a pattern, the same every time.
#[derive(Clone, Debug)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % most.max(1)
    }
}

/// One bin.
#[derive(Clone, Debug, PartialEq)]
struct Tub {
    kind: usize,
    pattern: Pattern,
    /// Price without bonuses.
    value: i64,
    /// Share of its price that is worth something.
    full: f64,
}

/// What bins cost together.
fn sum<'a>(tubs: impl Iterator<Item = &'a Tub>) -> i64 {
    tubs.map(|tub| tub.value).fold(0, i64::saturating_add)
}

/// The search.
pub(super) struct Search<'a> {
    market: &'a Market<'a>,
    /// What one of each sort is worth.
    values: Vec<f64>,
    tubs: Vec<Tub>,
    bought: Vec<usize>,
    /// By sort: items of bins that are taken apart.
    loose: Vec<usize>,
    dice: Dice,
    /// Kinds that prices speak for.
    shortlist: Vec<usize>,
}

impl<'a> Search<'a> {
    /// Starts from these bins. `fixed` is what limits carry besides.
    pub fn new(market: &'a Market<'a>, bins: &[Bin], values: Vec<f64>) -> Self {
        let sorts = market.sorts;
        let mut search = Self {
            market,
            values,
            tubs: Vec::new(),
            bought: vec![0; sorts.problem.kinds.len()],
            loose: vec![0; sorts.all.len()],
            dice: Dice(SEED),
            shortlist: Vec::new(),
        };
        for bin in bins {
            let tub = search.tub(bin.kind, bin.pattern.clone());
            search.tubs.extend(std::iter::repeat_n(tub, bin.times));
            search.bought[bin.kind] += bin.times;
            if !search.shortlist.contains(&bin.kind) {
                search.shortlist.push(bin.kind);
            }
        }
        search
    }

    /// What it has come to: equal bins together.
    pub fn bins(&self) -> Vec<Bin> {
        let mut tubs: Vec<(usize, &Pattern)> = self.tubs.iter().map(|tub| (tub.kind, &tub.pattern)).collect();
        tubs.sort_unstable();
        tubs.chunk_by(|a, b| a == b).map(|same| Bin { kind: same[0].0, pattern: same[0].1.clone(), times: same.len() }).collect()
    }

    /// Goes on until effort ends, or nothing is left to gain: the price has reached `goal`.
    pub fn run(&mut self, goal: i64, effort: &mut Effort<'_>) {
        let mut value = sum(self.tubs.iter());
        while value > goal && self.tubs.len() > 1 {
            let chosen = self.choose();
            if !effort.spend(self.units(&chosen)) {
                return;
            }
            value = value.saturating_sub(self.rebuild(&chosen));
        }
    }

    /// What packing these bins anew takes of effort: every item looks at every sort, in every kind that is tried.
    fn units(&self, chosen: &[usize]) -> u64 {
        let patterns = || chosen.iter().flat_map(|at| &self.tubs[*at].pattern);
        let (items, sorts) = (patterns().map(|(_, count)| count).sum::<usize>(), patterns().count());
        let kinds = (self.market.kinds.len()).min(1 + OTHERS);
        (items * (sorts + SORTS_BESIDES) * kinds / LOOKS_OF_UNIT + 2) as u64
    }

    /// Bins to take apart: the first for its waste.
    fn choose(&mut self) -> Vec<usize> {
        let (least, most) = APART;
        let count = (least + self.dice.below(most - least + 1)).min(self.tubs.len());
        let mut chosen: Vec<usize> = Vec::with_capacity(count);
        for place in 0..count * 2 {
            let draws = if place == 0 { DRAWS } else { 1 + self.dice.below(2) };
            let drawn =
                (0..draws).map(|_| self.dice.below(self.tubs.len())).min_by(|a, b| self.tubs[*a].full.total_cmp(&self.tubs[*b].full));
            if let Some(drawn) = drawn.filter(|drawn| !chosen.contains(drawn) && chosen.len() < count) {
                chosen.push(drawn);
            }
        }
        chosen
    }

    /// Packs the items of these bins anew and says what that saves.
    fn rebuild(&mut self, chosen: &[usize]) -> i64 {
        let mut families: Vec<usize> = Vec::new();
        for at in chosen {
            for (sort, count) in &self.tubs[*at].pattern {
                self.loose[*sort] += count;
                families.push(*sort);
            }
        }
        families.sort_unstable();
        families.dedup();
        let old = sum(chosen.iter().map(|at| &self.tubs[*at]));
        let fullness = |tubs: &mut dyn Iterator<Item = &Tub>| tubs.map(|tub| tub.full * tub.full).sum::<f64>();
        let old_full = fullness(&mut chosen.iter().map(|at| &self.tubs[*at]));
        let tubs = self.repack(chosen, &families, old);
        families.iter().for_each(|sort| self.loose[*sort] = 0);
        let Some(tubs) = tubs else {
            return 0;
        };
        let new = sum(tubs.iter());
        let better = new < old || new == old && fullness(&mut tubs.iter()) >= old_full;
        if !better || !self.swap_bought(chosen, &tubs) {
            return 0;
        }
        self.replace(chosen, tubs);
        old.saturating_sub(new)
    }

    /// Packs what is loose; `None` if that gets dearer than `most`, or does not work out.
    fn repack(&mut self, chosen: &[usize], sorts: &[usize], most: i64) -> Option<Vec<Tub>> {
        let style = self.style();
        let kinds = self.kinds(chosen);
        let mut ranges: Vec<Range<usize>> = sorts.iter().map(|sort| *sort..sort + 1).collect();
        let turn = self.dice.below(ranges.len() * 2);
        if turn < ranges.len() {
            ranges.rotate_left(turn);
        }
        let mut loose: usize = sorts.iter().map(|sort| self.loose[*sort]).sum();
        let (mut tubs, mut spent): (Vec<Tub>, i64) = (Vec::new(), 0);
        while loose > 0 {
            ranges.retain(|sort| self.loose[sort.start] > 0);
            let families = Families::of(ranges, &self.loose);
            let tub = self.best(&kinds, &families, loose, style)?;
            loose -= take(&tub.pattern, &mut self.loose, 1);
            spent = spent.saturating_add(tub.value);
            if spent > most || tub.pattern.is_empty() {
                return None;
            }
            tubs.push(tub);
            ranges = families.ranges;
        }
        Some(tubs)
    }

    fn style(&mut self) -> Style {
        let opening = if self.dice.below(4) > 0 { Opening::Hardest } else { Opening::Balanced };
        let measure = if self.dice.below(3) > 0 { Measure::Balance } else { Measure::Rest };
        Style { order: Order::Mixed, opening, measure, size_weight: WEIGHTS[self.dice.below(WEIGHTS.len())] }
    }

    /// Kinds to try: those that were taken apart, and a few others; cheapest first.
    fn kinds(&mut self, chosen: &[usize]) -> Vec<usize> {
        let mut kinds: Vec<usize> = chosen.iter().map(|at| self.tubs[*at].kind).collect();
        for _ in 0..OTHERS {
            let all = &self.market.kinds;
            kinds.push(if self.dice.below(2) == 0 {
                self.shortlist[self.dice.below(self.shortlist.len())]
            } else {
                all[self.dice.below(all.len())]
            });
        }
        let price = |kind: usize| self.market.sorts.problem.kinds[kind].price;
        kinds.sort_unstable_by_key(|kind| (price(*kind), *kind));
        kinds.dedup();
        kinds
    }

    /// The bin that holds most worth for its price; or the cheapest that holds all.
    fn best(&self, kinds: &[usize], families: &Families, loose: usize, style: Style) -> Option<Tub> {
        let mut best: Option<Tub> = None;
        for kind in kinds {
            let space = Space::new(&self.market.sorts.problem.kinds[*kind]);
            let pattern = fill(self.market.sorts, families, &space, &self.loose, style);
            let all = pattern.iter().map(|(_, count)| count).sum::<usize>() == loose;
            let tub = self.tub(*kind, pattern);
            if all {
                return Some(tub);
            }
            if !tub.pattern.is_empty() && best.as_ref().is_none_or(|best| tub.full > best.full) {
                best = Some(tub);
            }
        }
        best
    }

    fn tub(&self, kind: usize, pattern: Pattern) -> Tub {
        let of = &self.market.sorts.problem.kinds[kind];
        let worth: f64 = pattern.iter().map(|(sort, count)| self.values[*sort] * *count as f64).sum();
        let value = of.price.saturating_sub(self.market.bonus(kind, &pattern));
        Tub { kind, pattern, value, full: worth / of.cost() }
    }

    /// Counts the new bins instead of the old ones, if limits allow that.
    fn swap_bought(&mut self, chosen: &[usize], tubs: &[Tub]) -> bool {
        let before = self.bought.clone();
        chosen.iter().for_each(|at| self.bought[self.tubs[*at].kind] -= 1);
        tubs.iter().for_each(|tub| self.bought[tub.kind] += 1);
        let allowed = self.market.sorts.problem.allows(&self.bought);
        if !allowed {
            self.bought = before;
        }
        allowed
    }

    fn replace(&mut self, chosen: &[usize], tubs: Vec<Tub>) {
        let mut places: Vec<usize> = chosen.to_vec();
        places.sort_unstable_by(|a, b| b.cmp(a));
        for tub in tubs {
            match places.pop() {
                Some(place) => self.tubs[place] = tub,
                None => self.tubs.push(tub),
            }
        }
        // The largest places are left: taking one out moves only what comes after it.
        places.iter().for_each(|place| drop(self.tubs.swap_remove(*place)));
    }
}
