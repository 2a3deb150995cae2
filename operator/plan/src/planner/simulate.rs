//! Simulates where waiting pods go in what exists and what is coming. The same function answers for a plan and for the next one.

use std::cell::OnceCell;

use super::demand::Demand;
use super::fill::{Opening, Order, Pattern, Style, fill};
use super::supply::{Bin, Verdicts};

/// Ways to fill that are tried in turn until one places everything.
pub(crate) const STYLES: [Style; 4] = [
    Style { order: Order::Mixed, opening: Opening::Hardest, size_weight: 0.2 },
    Style { order: Order::Mixed, opening: Opening::Balanced, size_weight: 0.2 },
    Style { order: Order::Mixed, opening: Opening::Hardest, size_weight: 1.0 },
    Style { order: Order::Strict, opening: Opening::Hardest, size_weight: 0.2 },
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
    /// Index into [`STYLES`].
    pub style: usize,
    /// What hosts in flight take.
    pub coming: Filled,
}

/// The nodes that take pods now. They are filled before anything that is coming, so once for each style is enough.
pub(crate) struct Ground<'a> {
    pub nodes: Vec<Bin<'a>>,
    demand: &'a Demand<'a>,
    verdicts: &'a Verdicts,
    filled: [OnceCell<Filled>; STYLES.len()],
}

impl<'a> Ground<'a> {
    /// Nodes in the order in which they are filled.
    pub fn new(nodes: Vec<Bin<'a>>, demand: &'a Demand<'a>, verdicts: &'a Verdicts) -> Self {
        Self { nodes, demand, verdicts, filled: Default::default() }
    }

    /// What the nodes take in a style.
    pub fn filled(&self, style: usize) -> &Filled {
        let fill = || pour(&self.nodes, self.demand, self.demand.counts(), self.verdicts, STYLES[style]);
        self.filled[style].get_or_init(fill)
    }

    /// Fills the nodes, then what is coming, in the first style that leaves nothing, else in the one that leaves least of the highest
    /// priority.
    pub fn simulate(&self, coming: &[Bin<'_>]) -> Outcome {
        let mut best: Option<(Vec<usize>, Outcome)> = None;
        for style in styles(self.demand) {
            let left = self.filled(style).left.clone();
            let coming = pour(coming, self.demand, left, self.verdicts, STYLES[style]);
            let missing = missing(&coming.left, self.demand);
            let complete = missing.iter().all(|count| *count == 0);
            if best.as_ref().is_none_or(|(least, _)| missing < *least) {
                best = Some((missing, Outcome { style, coming }));
            }
            if complete {
                break;
            }
        }
        best.map(|(_, outcome)| outcome).unwrap_or_default()
    }
}

/// The styles that make a difference, as indices: with one priority there is no order among priorities.
pub(crate) fn styles(demand: &Demand<'_>) -> impl Iterator<Item = usize> + use<> {
    let strict = demand.tiers() > 1;
    (0..STYLES.len()).filter(move |style| strict || STYLES[*style].order == Order::Mixed)
}

/// Pods without room, by priority, highest first.
pub(crate) fn missing(left: &[usize], demand: &Demand<'_>) -> Vec<usize> {
    let mut missing = vec![0; demand.tiers()];
    for (shape, count) in demand.shapes.iter().zip(left) {
        missing[shape.tier] += count;
    }
    missing
}

fn pour(bins: &[Bin<'_>], demand: &Demand<'_>, mut left: Vec<usize>, verdicts: &Verdicts, style: Style) -> Filled {
    let mut waiting: usize = left.iter().sum();
    let mut patterns: Vec<Pattern> = Vec::with_capacity(bins.len());
    for (at, bin) in bins.iter().enumerate() {
        let before = at.checked_sub(1).filter(|before| alike(&bins[*before], bin));
        let pattern = match before.map(|before| &patterns[before]) {
            _ if waiting == 0 => Pattern::new(),
            Some(pattern) if repeats(pattern, &left) > 0 => pattern.clone(),
            _ => fill(&bin.room(), demand, &left, verdicts, style),
        };
        waiting -= take(&pattern, &mut left, 1);
        patterns.push(pattern);
    }
    Filled { patterns, left }
}

fn alike(a: &Bin<'_>, b: &Bin<'_>) -> bool {
    a.verdict == b.verdict && a.free == b.free && a.capacity == b.capacity
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
