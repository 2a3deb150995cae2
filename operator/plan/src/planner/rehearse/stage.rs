//! Pods come to their places one at a time, in the scheduler's order; whoever is refused tries again when others have come.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::Place;
use crate::planner::field::{Field, Spot};
use crate::planner::rules::{Asks, Rules};

/// Pods of a shape that have the same place.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub shape: usize,
    pub rule: usize,
    pub place: Place,
    /// Those that are not there yet, by their place in the scheduler's order.
    pub pods: BTreeSet<usize>,
}

/// An attempt: which pass over all pods, whose turn it is in it, and of which part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    pass: usize,
    pod: usize,
    part: usize,
}

/// Who is where so far.
pub(super) struct Stage<'a> {
    pub field: Field<'a>,
    /// Whoever was kept out.
    pub refused: Vec<Part>,
    parts: Vec<(Part, Spot)>,
    rules: &'a Rules<'a>,
    /// By counter, parts that are kept out for as long as it stays what it is.
    kept_out: Vec<Vec<usize>>,
    turns: BinaryHeap<Reverse<Turn>>,
}

impl<'a> Stage<'a> {
    /// Nobody has come.
    pub fn new(rules: &'a Rules<'a>, field: Field<'a>) -> Self {
        Self {
            field,
            refused: Vec::new(),
            parts: Vec::new(),
            rules,
            kept_out: vec![Vec::new(); rules.counters.len()],
            turns: BinaryHeap::new(),
        }
    }

    /// Lets these come, and those that were kept out before: again and again, until nobody else is let in.
    pub fn play(&mut self, parts: impl Iterator<Item = (Part, Spot)>) {
        self.parts.extend(parts);
        self.kept_out.iter_mut().for_each(Vec::clear);
        for at in 0..self.parts.len() {
            if let Some(pod) = self.parts[at].0.pods.first() {
                self.turns.push(Reverse(Turn { pass: 0, pod: *pod, part: at }));
            }
        }
        while let Some(Reverse(turn)) = self.turns.pop() {
            self.attempt(turn);
        }
    }

    /// Those of such places that are kept out now do not try again.
    pub fn refuse(&mut self, is: impl Fn(Place) -> bool) {
        for (part, _) in self.parts.iter_mut().filter(|(part, _)| is(part.place) && !part.pods.is_empty()) {
            self.refused.push(Part { pods: std::mem::take(&mut part.pods), ..part.clone() });
        }
    }

    /// Whoever is spread and came to such a place was promised that it stays even.
    pub fn promise(&mut self, is: impl Fn(Place) -> bool) {
        for (part, spot) in self.parts.iter().filter(|(part, _)| is(part.place)) {
            self.field.promise(asks(self.rules, part), spot);
        }
    }

    fn attempt(&mut self, turn: Turn) {
        let (part, spot) = &mut self.parts[turn.part];
        let asks = asks(self.rules, part);
        if let Err(wall) = self.field.admits(asks, spot) {
            self.kept_out[wall.counter()].push(turn.part);
            return;
        }
        self.field.count(&asks.adds, spot, 1);
        part.pods.remove(&turn.pod);
        self.call(turn.part, turn);
        for counter in &asks.adds {
            for part in std::mem::take(&mut self.kept_out[*counter]) {
                self.call(part, turn);
            }
        }
    }

    /// The part's next pod tries: later in this pass, or in the next one.
    fn call(&mut self, at: usize, now: Turn) {
        let pods = &self.parts[at].0.pods;
        let later = pods.range(now.pod + 1..).next().map(|pod| (now.pass, *pod));
        if let Some((pass, pod)) = later.or_else(|| pods.first().map(|pod| (now.pass + 1, *pod))) {
            self.turns.push(Reverse(Turn { pass, pod, part: at }));
        }
    }
}

fn asks<'a>(rules: &'a Rules<'a>, part: &Part) -> &'a Asks {
    &rules.rules[part.rule].all
}
