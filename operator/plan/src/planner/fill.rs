//! Fills one node: pod by pod, so that its free CPU share and its free memory share stay equal and neither is stranded.

use super::demand::{Demand, Shape};
use super::supply::Verdicts;
use crate::resources::Resources;

/// How many of which shapes: index and count.
pub(crate) type Pattern = Vec<(usize, usize)>;

/// Who goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// All priorities together: packs best, right where all find room.
    Mixed,
    /// Higher priorities first: right where room is short.
    Strict,
}

/// Which pod opens a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// The hardest that fits, so that what is hard to place does not stay behind.
    Hardest,
    /// Whichever balances best.
    Balanced,
}

/// A way to fill nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Style {
    pub order: Order,
    pub opening: Opening,
    /// What a pod's own share counts against the imbalance that it leaves: 0 minds balance only.
    pub size_weight: f64,
}

/// Room in one node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room<'a> {
    pub capacity: &'a Resources,
    pub free: &'a Resources,
    /// Row of the verdicts.
    pub verdict: usize,
}

impl Room<'_> {
    /// Whether a pod of this shape may go there, and fits.
    pub fn takes(&self, shape: &Shape<'_>, verdicts: &Verdicts) -> bool {
        verdicts.admits(self.verdict, shape.class) && shape.requests.fits(self.free)
    }
}

/// A shape that still has pods to place.
struct Open<'a> {
    index: usize,
    requests: &'a Resources,
    left: usize,
    taken: usize,
    cpu_share: f64,
    memory_share: f64,
}

/// What goes into the room, of what is left.
pub(crate) fn fill(room: &Room<'_>, demand: &Demand<'_>, left: &[usize], verdicts: &Verdicts, style: Style) -> Pattern {
    let mut open: Vec<Open<'_>> = Vec::new();
    for (index, shape) in demand.shapes.iter().enumerate() {
        if left[index] > 0 && room.takes(shape, verdicts) {
            open.push(Open::new(index, shape, left[index], room.capacity));
        }
    }
    let mut filling = Filling { free: room.free.clone(), capacity: room.capacity };
    let tier = |entry: &Open<'_>| demand.shapes[entry.index].tier;
    match style.order {
        Order::Mixed => filling.pour(&mut open, style),
        Order::Strict => {
            open.chunk_by_mut(|a, b| tier(a) == tier(b)).for_each(|same| filling.pour(same, style));
        }
    }
    open.iter().filter(|entry| entry.taken > 0).map(|entry| (entry.index, entry.taken)).collect()
}

impl<'a> Open<'a> {
    fn new(index: usize, shape: &'a Shape<'_>, left: usize, capacity: &Resources) -> Self {
        Self {
            index,
            requests: &shape.requests,
            left,
            taken: 0,
            cpu_share: share(shape.requests.cpu_milli, capacity.cpu_milli),
            memory_share: share(shape.requests.memory_bytes, capacity.memory_bytes),
        }
    }
}

struct Filling<'a> {
    free: Resources,
    capacity: &'a Resources,
}

impl Filling<'_> {
    /// Places what fits; every round places at least one pod or ends.
    fn pour(&mut self, open: &mut [Open<'_>], style: Style) {
        let mut live: Vec<usize> = (0..open.len()).collect();
        if style.opening == Opening::Hardest {
            live.retain(|at| open[*at].requests.fits(&self.free));
            if let Some(first) = live.first() {
                self.take(&mut open[*first], 1);
            }
        }
        loop {
            live.retain(|at| open[*at].left > 0 && open[*at].requests.fits(&self.free));
            let Some(best) = self.best(open, &live, style.size_weight) else {
                return;
            };
            let entry = &mut open[best];
            let count = if live.len() == 1 || entry.weightless() { entry.requests.times(&self.free) } else { 1 };
            self.take(entry, count.max(1));
        }
    }

    /// The shape that leaves the free shares of CPU and memory closest; the harder one of equals.
    fn best(&self, open: &[Open<'_>], live: &[usize], size_weight: f64) -> Option<usize> {
        let cpu = share(self.free.cpu_milli, self.capacity.cpu_milli);
        let memory = share(self.free.memory_bytes, self.capacity.memory_bytes);
        let score = |at: &usize| {
            let entry = &open[*at];
            let imbalance = (cpu - entry.cpu_share - memory + entry.memory_share).abs();
            imbalance - size_weight * (entry.cpu_share + entry.memory_share)
        };
        live.iter().copied().min_by(|a, b| score(a).total_cmp(&score(b)))
    }

    fn take(&mut self, entry: &mut Open<'_>, count: usize) {
        let count = count.min(entry.left);
        if count == 1 {
            self.free.sub(entry.requests);
        } else {
            self.free.sub(&entry.requests.scaled(count));
        }
        entry.left -= count;
        entry.taken += count;
    }
}

impl Open<'_> {
    fn weightless(&self) -> bool {
        self.requests.cpu_milli == 0 && self.requests.memory_bytes == 0
    }
}

fn share(amount: i64, of: i64) -> f64 {
    if of <= 0 { 0.0 } else { amount as f64 / of as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{offers, pod, pods, world};

    const BALANCED: Style = Style { order: Order::Mixed, opening: Opening::Balanced, size_weight: 0.0 };

    /// How many of each shape go into a node of 8 CPUs and 32 GiB; shapes are in the order of planning.
    fn filled(pods: Vec<crate::model::Pod>, style: Style) -> Vec<usize> {
        let snapshot = world(pods);
        let demand = Demand::of(&snapshot);
        let mut verdicts = Verdicts::default();
        let labels = Default::default();
        let view = crate::scheduling::NodeView { name: None, labels: &labels, taints: &[] };
        let verdict = verdicts.row(&view, &demand.classes);
        let capacity = offers(8_000, 32);
        let room = Room { capacity: &capacity, free: &capacity, verdict };
        let pattern = fill(&room, &demand, &demand.counts(), &verdicts, style);
        let count = |shape| pattern.iter().find(|(at, _)| *at == shape).map_or(0, |(_, count)| *count);
        (0..demand.shapes.len()).map(count).collect()
    }

    #[test]
    fn shapes_that_complement_each_other_share_a_node() {
        let mut all = pods(10, "memory", 1_000, 7);
        all.extend(pods(10, "cpu", 1_000, 1));
        assert_eq!(filled(all, BALANCED), [4, 4]);
    }

    #[test]
    fn the_hardest_pod_opens_a_node_if_it_is_to() {
        let mut all = pods(4, "small", 2_000, 8);
        all.push(pod("hard", 5_000, 16));
        assert_eq!(filled(all.clone(), BALANCED), [0, 4]);
        assert_eq!(filled(all, Style { opening: Opening::Hardest, ..BALANCED }), [1, 1]);
    }

    #[test]
    fn higher_priorities_go_first_where_they_must() {
        let mut all = pods(8, "low", 1_000, 4);
        all.extend(pods(2, "high", 1_000, 1));
        all.iter_mut().filter(|pod| pod.key.name.starts_with("high")).for_each(|pod| pod.spec_mut().priority = 1);
        assert_eq!(filled(all, Style { order: Order::Strict, ..BALANCED })[0], 2);
    }

    #[test]
    fn pods_that_ask_for_nothing_are_placed_at_once() {
        assert_eq!(filled(pods(200, "tiny", 0, 0), BALANCED), [110]);
    }
}
