//! Lets pods change places where more of them then have what they prefer: on the hosts that are bought, and on the nodes that are there.
//! Neither what is bought nor what is placed changes.

use super::crowd::{Crowd, Domain, MILLI, Place};
use super::{FULL_WEIGHT, Liking};
use crate::pack::Pattern;
use crate::planner::buy::{Bought, Market};
use crate::planner::field::Spot;
use crate::planner::place::Placing;
use crate::planner::rules::{Rules, Topology};
use crate::planner::supply::Origin;
use crate::resources::Resources;

/// Rounds over all hosts.
const MAX_ROUNDS: usize = 8;
/// Pairs of places that are looked at.
const MAX_LOOKS: usize = 500_000;

/// Whether a host may lose all of its pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Emptied {
    May,
    /// No host is bought for nobody.
    Never,
}

/// A host and who this plan has there.
#[derive(Clone, Debug)]
struct Tub<'p, 'a> {
    liking: &'p Liking<'a>,
    node: Domain<'a>,
    spot: &'p Spot,
    verdict: usize,
    /// Marks of shapes that it is not for, sorted.
    useless: &'p [u64],
    free: Resources,
    pattern: Pattern,
}

/// Pods that the hosts were bought for.
pub(crate) fn among_bought<'a>(market: &Market<'a>, placing: &Placing<'a>, bought: &mut [Bought]) {
    if !bought.iter().flat_map(|host| &host.pattern).any(|(shape, _)| market.wishes.looks_about(*shape)) {
        return;
    }
    let crowd = Crowd::now(market, &placing.bins, bought);
    let tub = |(at, host): (usize, &Bought)| {
        let candidate = &market.catalog.candidates[host.candidate];
        let mut free = candidate.free.clone();
        host.pattern.iter().for_each(|(shape, pods)| free.sub(&market.demand.shapes[*shape].requests.scaled(*pods)));
        let (liking, spot, useless) = (&candidate.liking, &candidate.spot, candidate.useless.as_slice());
        Tub { liking, node: Domain::New(at), spot, verdict: candidate.verdict, useless, free, pattern: host.pattern.clone() }
    };
    let tubs = bought.iter().enumerate().map(tub).collect();
    let tubs = Exchange { market, crowd, tubs, emptied: Emptied::Never, looks: 0 }.run();
    bought.iter_mut().zip(tubs).for_each(|(host, tub)| host.pattern = tub.pattern);
}

/// Pods that are placed on nodes with workload.
pub(crate) fn among_nodes<'a>(market: &Market<'a>, placing: &mut Placing<'a>) {
    let wishes = market.wishes;
    let busy: Vec<usize> = (0..placing.bins.len()).filter(|at| placing.bins[*at].origin == Origin::Busy).collect();
    let wanting = |at: &usize| placing.bins[*at].pattern.iter().any(|(shape, _)| wishes.has(*shape));
    if !busy.iter().any(wanting) {
        return;
    }
    let crowd = Crowd::now(market, &placing.bins, &[]);
    let tub = |at: &usize| {
        let bin = &placing.bins[*at];
        let (liking, node) = (wishes.liking_of(bin.name), Domain::Value(bin.name));
        Tub { liking, node, spot: &bin.spot, verdict: bin.verdict, useless: &[], free: bin.free.clone(), pattern: bin.pattern.clone() }
    };
    let tubs: Vec<Tub<'_, 'a>> = busy.iter().map(tub).collect();
    let changed: Vec<(Pattern, Resources)> =
        Exchange { market, crowd, tubs, emptied: Emptied::May, looks: 0 }.run().into_iter().map(|tub| (tub.pattern, tub.free)).collect();
    for (at, (pattern, free)) in busy.into_iter().zip(changed) {
        (placing.bins[at].pattern, placing.bins[at].free) = (pattern, free);
    }
}

struct Exchange<'p, 'a> {
    market: &'p Market<'a>,
    crowd: Crowd<'a>,
    tubs: Vec<Tub<'p, 'a>>,
    emptied: Emptied,
    looks: usize,
}

impl<'p, 'a> Exchange<'p, 'a> {
    /// Goes on until nothing is left to gain; the hosts as they were, if all together gained nothing.
    fn run(mut self) -> Vec<Tub<'p, 'a>> {
        let (start, before) = (self.tubs.clone(), self.satisfied());
        for _ in 0..MAX_ROUNDS {
            let mut moved = 0;
            for from in 0..self.tubs.len() {
                let wanting = self.tubs[from].pattern.iter().map(|(shape, _)| *shape).filter(|shape| self.market.wishes.has(*shape));
                for shape in wanting.collect::<Vec<_>>() {
                    while self.looks < MAX_LOOKS && self.moves(shape, from) {
                        moved += 1;
                    }
                }
            }
            if moved == 0 {
                break;
            }
        }
        if self.satisfied() > before { self.tubs } else { start }
    }

    fn place(&self, at: usize) -> Place<'p, 'a> {
        Place { liking: self.tubs[at].liking, node: Some(self.tubs[at].node) }
    }

    fn shift(&mut self, shape: usize, at: usize, pods: i64) {
        let place = self.place(at);
        self.crowd.shift(self.market.wishes, shape, place, pods);
    }

    fn weight(&self, shape: usize, at: usize) -> i64 {
        self.crowd.weight_milli(self.market.wishes, shape, self.place(at))
    }

    /// What is satisfied of all that is preferred.
    fn satisfied(&mut self) -> i64 {
        let mut sum = 0;
        for at in 0..self.tubs.len() {
            for (shape, pods) in self.tubs[at].pattern.clone() {
                if self.market.wishes.has(shape) {
                    self.shift(shape, at, -1);
                    sum += self.weight(shape, at) * pods as i64;
                    self.shift(shape, at, 1);
                }
            }
        }
        sum
    }

    /// Moves a pod of a shape to a host where more of what it prefers is satisfied, or lets it change places with another.
    fn moves(&mut self, shape: usize, from: usize) -> bool {
        if !self.tubs[from].pattern.iter().any(|(at, _)| *at == shape) {
            return false;
        }
        self.shift(shape, from, -1);
        let here = self.weight(shape, from);
        let others = (1..self.tubs.len()).map(|step| (from + step) % self.tubs.len());
        for to in others.filter(|_| here < FULL_WEIGHT * MILLI).collect::<Vec<_>>() {
            self.looks += 1;
            if self.looks > MAX_LOOKS {
                break;
            }
            let gain = self.weight(shape, to) - here;
            if gain > 0 && self.may(shape, from, to) {
                self.shift(shape, to, 1);
                if self.step(shape, from, to) || self.swap(shape, from, to, gain) {
                    return true;
                }
                self.shift(shape, to, -1);
            }
        }
        self.shift(shape, from, 1);
        false
    }

    /// Whether nothing but room may keep such a pod from changing hosts: what it asks of others is the same at both.
    fn may(&self, shape: usize, from: usize, to: usize) -> bool {
        let demand = self.market.demand;
        let (wanted, to, from) = (&demand.shapes[shape], &self.tubs[to], &self.tubs[from]);
        let rule = &demand.rules.rules[wanted.rule];
        rule.local.is_free()
            && self.market.verdicts.admits(to.verdict, wanted.class)
            && to.useless.binary_search(&wanted.mark).is_err()
            && (rule.sited.is_free() || is_same_site(&demand.rules, from.spot, to.spot))
    }

    /// A move into free room.
    fn step(&mut self, shape: usize, from: usize, to: usize) -> bool {
        let requests = &self.market.demand.shapes[shape].requests;
        let last = self.emptied == Emptied::Never && self.tubs[from].pattern.iter().map(|(_, pods)| pods).sum::<usize>() == 1;
        if last || !requests.fits(&self.tubs[to].free) {
            return false;
        }
        self.carry(shape, from, to);
        true
    }

    /// Changes places with a pod that loses less than is gained; both are counted where they are to be afterwards.
    fn swap(&mut self, shape: usize, from: usize, to: usize, gain: i64) -> bool {
        for (other, _) in self.tubs[to].pattern.clone() {
            self.looks += 1;
            if other == shape || !self.may(other, to, from) || !self.fit(shape, other, from, to) {
                continue;
            }
            self.shift(other, to, -1);
            let loss = if self.market.wishes.has(other) { self.weight(other, to) - self.weight(other, from) } else { 0 };
            if loss < gain {
                self.shift(other, from, 1);
                self.carry(shape, from, to);
                self.carry(other, to, from);
                return true;
            }
            self.shift(other, to, 1);
        }
        false
    }

    /// Whether both fit where the other one was.
    fn fit(&self, shape: usize, other: usize, from: usize, to: usize) -> bool {
        let shapes = &self.market.demand.shapes;
        let fits = |coming: usize, going: usize, at: usize| {
            let mut free = self.tubs[at].free.clone();
            free.add(&shapes[going].requests);
            shapes[coming].requests.fits(&free)
        };
        fits(shape, other, to) && fits(other, shape, from)
    }

    fn carry(&mut self, shape: usize, from: usize, to: usize) {
        let requests = &self.market.demand.shapes[shape].requests;
        let source = &mut self.tubs[from];
        source.free.add(requests);
        source.pattern.iter_mut().filter(|(at, _)| *at == shape).for_each(|(_, pods)| *pods -= 1);
        source.pattern.retain(|(_, pods)| *pods > 0);
        let target = &mut self.tubs[to];
        target.free.sub(requests);
        match target.pattern.iter_mut().find(|(at, _)| *at == shape) {
            Some((_, pods)) => *pods += 1,
            None => target.pattern.push((shape, 1)),
        }
    }
}

/// Whether both are in the same domains, but for those of single nodes.
fn is_same_site(rules: &Rules<'_>, one: &Spot, other: &Spot) -> bool {
    let local = |at: usize| rules.topologies[at] == Topology::Node;
    one.counted == other.counted && (0..rules.topologies.len()).all(|at| local(at) || one.domains[at] == other.domains[at])
}
