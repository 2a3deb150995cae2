//! Simulates where waiting pods go in what exists and what is coming. The same function answers for a plan and for the next one.

use std::cell::OnceCell;

use super::fill::{Opening, Order, Pattern, Style, fill};
use super::market::{Lot, Market, Way};
use super::supply::Bin;

/// Ways to fill the nodes that there are, tried in turn until one leads to room for all.
const STYLES: [Style; 3] = [
    Style { order: Order::Mixed, opening: Opening::Hardest, size_weight: 1.0 },
    Style { order: Order::Mixed, opening: Opening::Balanced, size_weight: 0.2 },
    Style { order: Order::Strict, opening: Opening::Hardest, size_weight: 1.0 },
];

/// What some bins take, and what stays behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filled {
    /// For each bin, what goes there.
    pub patterns: Vec<Pattern>,
    /// For each shape, how many found no room.
    pub left: Vec<usize>,
}

/// Where pods went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// How nodes are filled: for [`Ground::filled`].
    pub style: usize,
    /// What hosts in flight take.
    pub coming: Filled,
}

/// The nodes that take pods now. They are filled before anything that is coming, so once for each style is enough.
pub(crate) struct Ground<'a> {
    pub nodes: Vec<Bin<'a>>,
    market: Market<'a>,
    filled: [OnceCell<Filled>; STYLES.len()],
}

impl<'a> Ground<'a> {
    /// Nodes in the order in which they are filled.
    pub fn new(nodes: Vec<Bin<'a>>, market: Market<'a>) -> Self {
        Self { nodes, market, filled: Default::default() }
    }

    /// What the nodes take in a style.
    pub fn filled(&self, style: usize) -> &Filled {
        self.filled[style].get_or_init(|| self.pour(STYLES[style]))
    }

    /// Fills the nodes, then what is coming, in the first way that leaves nothing, else in the one that leaves least of the highest
    /// priority. Hosts in flight must be in their order.
    pub fn simulate(&self, coming: &[Bin<'_>]) -> Outcome {
        let mut best: Option<(Vec<usize>, Outcome)> = None;
        for (style, way) in self.ways() {
            let filled = self.follow(coming, self.filled(style).left.clone(), way);
            let missing = missing(&filled.left, &self.market);
            let complete = missing.iter().all(|count| *count == 0);
            if best.as_ref().is_none_or(|(least, _)| missing < *least) {
                best = Some((missing, Outcome { style, coming: filled }));
            }
            if complete || coming.is_empty() && self.nodes.is_empty() {
                break;
            }
        }
        best.map(|(_, outcome)| outcome).unwrap_or_default()
    }

    /// Every style for the nodes with every way for what is coming; one of each where there is nothing to fill.
    fn ways(&self) -> impl Iterator<Item = (usize, Way)> {
        let strict = self.market.demand.tiers() > 1;
        let styles = (0..STYLES.len()).filter(move |style| strict || STYLES[*style].order == Order::Mixed);
        let most = if self.nodes.is_empty() { 1 } else { STYLES.len() };
        styles.take(most).flat_map(|style| self.market.ways().map(move |way| (style, way)))
    }

    /// Fills one node after the other.
    fn pour(&self, style: Style) -> Filled {
        let mut left = self.market.demand.counts();
        let mut waiting: usize = left.iter().sum();
        let mut patterns: Vec<Pattern> = Vec::with_capacity(self.nodes.len());
        for (at, node) in self.nodes.iter().enumerate() {
            let before = at.checked_sub(1).filter(|before| alike(&self.nodes[*before], node));
            let pattern = match before.map(|before| &patterns[before]) {
                _ if waiting == 0 => Pattern::new(),
                Some(pattern) if repeats(pattern, &left) > 0 => pattern.clone(),
                _ => fill(&node.room(), self.market.demand, &left, self.market.verdicts, style),
            };
            waiting -= take(&pattern, &mut left, 1);
            patterns.push(pattern);
        }
        Filled { patterns, left }
    }

    /// Fills hosts in flight as if they were bought anew, in this way: so those that were bought in it are filled as they were bought.
    fn follow(&self, coming: &[Bin<'_>], mut left: Vec<usize>, way: Way) -> Filled {
        let mut patterns = Vec::with_capacity(coming.len());
        for same_rank in coming.chunk_by(|a, b| rank(a) == rank(b)) {
            let market = self.market.lots_of_rank(rank(&same_rank[0]));
            let lots: Vec<&[Bin<'_>]> = same_rank.chunk_by(|a, b| a.make == b.make && alike(a, b)).collect();
            patterns.extend(self.follow_lots(&lots, &market, &mut left, way));
        }
        Filled { patterns, left }
    }

    /// Every round fills at least one host or ends.
    fn follow_lots(&self, lots: &[&[Bin<'_>]], market: &[Lot<'_>], left: &mut [usize], way: Way) -> Vec<Pattern> {
        let mut patterns: Vec<Vec<Pattern>> = vec![Vec::new(); lots.len()];
        loop {
            let open: Vec<usize> = (0..lots.len()).filter(|at| patterns[*at].len() < lots[*at].len()).collect();
            let offers: Vec<Lot<'_>> = open.iter().map(|at| lots[*at][0].lot()).collect();
            let Some((chosen, pattern)) = self.market.choose(&offers, market, left, way) else {
                break;
            };
            let filled = &mut patterns[open[chosen]];
            let times = (lots[open[chosen]].len() - filled.len()).min(repeats(&pattern, left));
            take(&pattern, left, times);
            filled.extend(std::iter::repeat_n(pattern, times));
        }
        for (patterns, lot) in patterns.iter_mut().zip(lots) {
            patterns.resize(lot.len(), Pattern::new());
        }
        patterns.concat()
    }
}

impl Bin<'_> {
    fn lot(&self) -> Lot<'_> {
        Lot { room: self.room(), price_micro: self.make.map_or(i64::MAX, |make| make.price_micro) }
    }
}

fn rank(bin: &Bin<'_>) -> usize {
    bin.make.map_or(usize::MAX, |make| make.rank)
}

fn alike(a: &Bin<'_>, b: &Bin<'_>) -> bool {
    a.verdict == b.verdict && a.free == b.free && a.capacity == b.capacity
}

/// Pods without room, by priority, highest first.
pub(crate) fn missing(left: &[usize], market: &Market<'_>) -> Vec<usize> {
    let mut missing = vec![0; market.demand.tiers()];
    for (shape, count) in market.demand.shapes.iter().zip(left) {
        missing[shape.tier] += count;
    }
    missing
}

/// How often a pattern can be had of what is left; an empty one always. As long as it can, a like node is filled in the same way.
pub(crate) fn repeats(pattern: &Pattern, left: &[usize]) -> usize {
    pattern.iter().map(|(shape, count)| left[*shape] / count).min().unwrap_or(usize::MAX)
}

/// Takes a pattern so many times and says how many pods that are.
pub(crate) fn take(pattern: &Pattern, left: &mut [usize], times: usize) -> usize {
    let mut taken = 0;
    for (shape, count) in pattern {
        left[*shape] -= count * times;
        taken += count * times;
    }
    taken
}
