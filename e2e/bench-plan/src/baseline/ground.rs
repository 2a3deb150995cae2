//! Hosts being filled, and how many pods of each watch are where.

use super::read::{Amounts, Kind, Problem, Rule, Scope, Shape};

/// A host with what is on it.
#[derive(Clone, Debug)]
pub struct Host {
    /// Types that it may still become; for a bought host, one.
    pub types: Vec<usize>,
    /// The most that any of them offers.
    pub most: Amounts,
    pub used: Amounts,
    pub pods: usize,
    /// Pods on it, by watch.
    counts: Vec<u32>,
    /// Watches from which its pods stay apart.
    apart: Vec<usize>,
}

impl Host {
    pub fn new(types: Vec<usize>, problem: &Problem) -> Self {
        let mut host = Self { types, most: Vec::new(), used: Vec::new(), pods: 0, counts: vec![0; problem.watches], apart: Vec::new() };
        host.used = vec![0; problem.types[host.types[0]].offers.len()];
        host.renew_most(problem);
        host
    }

    /// Whether one of its types may have room, and no rule over hosts is broken.
    pub fn may_take(&self, shape: &Shape) -> bool {
        fits(&shape.asks, &self.used, &self.most)
            && shape.rules.iter().all(|rule| rule.scope == Scope::Zone || self.keeps(rule, shape))
            && !shape.counted.iter().any(|watch| self.apart.contains(watch))
    }

    /// A new host can always be had, so the fewest on any host are none.
    fn keeps(&self, rule: &Rule, shape: &Shape) -> bool {
        let (here, own) = (self.counts[rule.watch], u32::from(shape.counted.contains(&rule.watch)));
        match rule.kind {
            Kind::Spread(skew) => here + own <= skew,
            Kind::Together => here > 0 || own > 0 && self.pods == 0,
            Kind::Apart => here == 0,
        }
    }

    /// Its types that have room for the shape, in this zone if one is given.
    pub fn types_for(&self, shape: &Shape, zone: Option<usize>, problem: &Problem) -> Vec<usize> {
        let will_do = |at: &usize| {
            let kind = &problem.types[*at];
            shape.allowed[*at] && zone.is_none_or(|zone| zone == kind.zone) && fits(&shape.asks, &self.used, &kind.offers)
        };
        self.types.iter().copied().filter(will_do).collect()
    }

    /// Puts a pod there; `types` are those that have room for it.
    pub fn take(&mut self, shape: &Shape, types: Vec<usize>, problem: &Problem) {
        self.used.iter_mut().zip(&shape.asks).for_each(|(used, asks)| *used += asks);
        self.pods += 1;
        shape.counted.iter().for_each(|watch| self.counts[*watch] += 1);
        self.apart.extend(shape.rules.iter().filter(|rule| rule.kind == Kind::Apart && rule.scope == Scope::Host).map(|rule| rule.watch));
        if types.len() < self.types.len() {
            self.types = types;
            self.renew_most(problem);
        }
    }

    /// Its zone, if only one is left.
    pub fn zone(&self, problem: &Problem) -> Option<usize> {
        let zone = problem.types[self.types[0]].zone;
        self.types.iter().all(|at| problem.types[*at].zone == zone).then_some(zone)
    }

    fn renew_most(&mut self, problem: &Problem) {
        self.most = vec![0; self.used.len()];
        for at in &self.types {
            self.most.iter_mut().zip(&problem.types[*at].offers).for_each(|(most, offers)| *most = (*most).max(*offers));
        }
    }
}

fn fits(asks: &[i64], used: &[i64], offers: &[i64]) -> bool {
    asks.iter().zip(used).zip(offers).all(|((asks, used), offers)| *asks == 0 || asks + used <= *offers)
}

/// Where a pod may go as far as zones matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    Any,
    Zone(usize),
    Nowhere,
}

/// Pods by watch and zone.
#[derive(Clone, Debug)]
pub struct Zones(Vec<Vec<u32>>);

impl Zones {
    pub fn new(problem: &Problem) -> Self {
        Self(vec![vec![0; problem.zones]; problem.watches])
    }

    pub fn count(&mut self, shape: &Shape, zone: usize) {
        shape.counted.iter().for_each(|watch| self.0[*watch][zone] += 1);
    }

    /// Of the zones `open`, the one that all rules over zones allow and in which there are fewest.
    pub fn choose(&self, shape: &Shape, open: impl Fn(usize) -> bool) -> Choice {
        let rules: Vec<&Rule> = shape.rules.iter().filter(|rule| rule.scope == Scope::Zone).collect();
        let Some(first) = rules.first() else {
            return Choice::Any;
        };
        let counts = &self.0[first.watch];
        let allowed = (0..counts.len()).filter(|zone| open(*zone) && rules.iter().all(|rule| self.keeps(rule, shape, *zone)));
        allowed.min_by_key(|zone| counts[*zone]).map_or(Choice::Nowhere, Choice::Zone)
    }

    fn keeps(&self, rule: &Rule, shape: &Shape, zone: usize) -> bool {
        let counts = &self.0[rule.watch];
        let own = shape.counted.contains(&rule.watch);
        match rule.kind {
            Kind::Spread(skew) => counts[zone] + u32::from(own) <= counts.iter().min().copied().unwrap_or(0) + skew,
            Kind::Together => counts[zone] > 0 || own && counts.iter().all(|count| *count == 0),
            Kind::Apart => counts[zone] == 0,
        }
    }
}
