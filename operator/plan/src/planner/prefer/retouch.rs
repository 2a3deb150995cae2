//! Makes a packing that knows no preferences one that satisfies more of them, where that is worth what it costs.

use super::crowd::{Crowd, Place};
use super::deal::dealt;
use super::split::{bonuses, parts};
use super::worth::{share_micro, worth_micro};
use super::{Liking, Wishes};
use crate::effort::Effort;
use crate::pack::{self, Item, Packing, Problem};
use crate::planner::budget::Purpose;
use crate::planner::buy::{Bought, Market};
use crate::planner::catalog::{Candidate, Group};
use crate::planner::place::Placing;
use crate::planner::problem::Posed;
use crate::planner::sites::Lot;

/// Units of work for preferences, at least and at most: as many as the packing without them took.
const WISH_UNITS: (u64, u64) = (1_000, 20_000);
/// What a plan may cost at most for the sake of preferences, in percent of what it costs without.
pub(super) const MOST_PERCENT: i128 = 110;

/// What can be bought, as wishes see it.
pub(super) struct Offers<'m, 'a> {
    pub market: &'m Market<'a>,
    pub wishes: &'m Wishes<'a>,
    /// By kind.
    pub candidates: Vec<&'m Candidate<'a>>,
    /// Those that are alike to wishes together.
    pub places: Vec<&'m Liking<'a>>,
    /// By kind, which of the places it is.
    pub of_kind: Vec<usize>,
}

impl<'m, 'a> Offers<'m, 'a> {
    fn of(market: &'m Market<'a>, groups: &[&Group]) -> Self {
        let candidates: Vec<&Candidate<'a>> = groups.iter().map(|group| &market.catalog.candidates[group.members[0]]).collect();
        let mut places: Vec<&Liking<'a>> = candidates.iter().map(|candidate| &candidate.liking).collect();
        places.sort_unstable();
        places.dedup();
        let of_kind = candidates.iter().map(|candidate| places.binary_search(&&candidate.liking).unwrap_or(0)).collect();
        Self { market, wishes: market.wishes, candidates, places, of_kind }
    }

    /// A host of a kind, one of many.
    pub fn place(&self, place: usize) -> Place<'m, 'a> {
        Place { liking: self.places[place], node: None }
    }

    /// By place the first one that such pods cannot tell from it.
    pub fn alike(&self, lot: &Lot) -> Vec<usize> {
        let same = |one: usize, other: usize| {
            lot.contents.iter().all(|(shape, _)| self.wishes.is_same(*shape, self.places[one], self.places[other]))
        };
        (0..self.places.len()).map(|place| (0..place).find(|first| same(*first, place)).unwrap_or(place)).collect()
    }

    /// Kinds that take the lot.
    pub fn kinds(&self, lot: &Lot) -> impl Iterator<Item = usize> {
        let shape = &self.market.demand.shapes[lot.contents[0].0];
        let takes = move |kind: &usize| {
            let candidate = self.candidates[*kind];
            lot.spot.as_ref().is_none_or(|spot| *spot == candidate.spot) && candidate.takes(shape, self.market.verdicts)
        };
        (0..self.candidates.len()).filter(takes)
    }

    /// Counts a lot's pods.
    pub fn count(&self, crowd: &mut Crowd<'a>, lot: &Lot, place: usize, lots: i64) {
        for (shape, pods) in &lot.contents {
            crowd.shift(self.wishes, *shape, self.place(place), *pods as i64 * lots);
        }
    }
}

/// The lots and where they go: as they are, or so that more is preferred, if that is worth what it costs. What is left stays the same, and
/// where that is something, no limit is used more than without. `units` is what the packing took of effort.
pub(crate) fn retouched<'a>(
    market: &Market<'a>,
    groups: &[&Group],
    posed: &Posed,
    (lots, packing): (Vec<Lot>, Packing),
    (placing, bought): (&Placing<'a>, &[Bought]),
    units: u64,
) -> (Vec<Lot>, Packing) {
    if !lots.iter().any(|lot| lot.contents.iter().any(|(shape, _)| market.wishes.has(*shape))) || packing.bins.is_empty() {
        return (lots, packing);
    }
    let offers = Offers::of(market, groups);
    let before = Crowd::now(market, &placing.bins, bought);
    let (parts, crowd) = parts(&offers, &lots, &packing, before.clone());
    let bonuses = bonuses(&offers, &lots, &parts, crowd);
    if bonuses.iter().all(Vec::is_empty) {
        return (lots, packing);
    }
    let item = |(part, bonus): (&super::split::Part, Vec<(usize, i64)>)| Item {
        count: part.count,
        bonus,
        ..posed.problem.items[part.lot].clone()
    };
    let problem = Problem { items: parts.iter().zip(bonuses).map(item).collect(), ..posed.problem.clone() };
    let alike: Vec<Vec<usize>> = lots.iter().map(|lot| offers.alike(lot)).collect();
    let start = dealt(&parts, |lot, kind| alike[lot][offers.of_kind[kind]], lots.len(), &packing);
    let fond = pack::improve(&problem, start, &mut Effort::units(units.clamp(WISH_UNITS.0, WISH_UNITS.1))).packing;
    let fond_lots: Vec<Lot> = parts.iter().map(|part| Lot { count: part.count, ..lots[part.lot].clone() }).collect();

    let waiting: usize = placing.left.iter().sum();
    let sent: usize = lots.iter().map(|lot| lot.count * lot.contents.iter().map(|(_, pods)| pods).sum::<usize>()).sum();
    let short = waiting > sent || packing.left.iter().any(|left| *left > 0);
    let value = |lots: &[Lot], packing: &Packing| packing.price.saturating_sub(satisfied_micro(&offers, lots, packing, before.clone()));
    // A floor counts hosts: fewer would be filled up with one that nobody needs.
    let enough = posed.purpose != Purpose::Floor || fond.count() >= packing.count();
    let affordable = i128::from(fond.price) * 100 <= i128::from(packing.price) * MOST_PERCENT;
    if enough && affordable && !(short && uses_more(&problem, &fond, &packing)) && value(&fond_lots, &fond) < value(&lots, &packing) {
        return (fond_lots, fond);
    }
    (lots, packing)
}

/// What the preferences are worth that a packing satisfies.
fn satisfied_micro<'a>(offers: &Offers<'_, 'a>, lots: &[Lot], packing: &Packing, mut crowd: Crowd<'a>) -> i64 {
    for bin in &packing.bins {
        let place = offers.of_kind[bin.kind];
        bin.pattern.iter().for_each(|(lot, count)| offers.count(&mut crowd, &lots[*lot], place, (count * bin.times) as i64));
    }
    let mut worth = 0i64;
    for bin in &packing.bins {
        let (candidate, place) = (offers.candidates[bin.kind], offers.place(offers.of_kind[bin.kind]));
        for (lot, count) in &bin.pattern {
            for (shape, pods) in lots[*lot].contents.iter().filter(|(shape, _)| offers.wishes.has(*shape)) {
                crowd.shift(offers.wishes, *shape, place, -1);
                let weight = crowd.weight_milli(offers.wishes, *shape, place);
                crowd.shift(offers.wishes, *shape, place, 1);
                let share = share_micro(&offers.market.demand.shapes[*shape].requests, &candidate.free, candidate.offering.price_micro);
                let pods = i64::try_from(pods * count * bin.times).unwrap_or(i64::MAX);
                worth = worth.saturating_add(worth_micro(share, weight).saturating_mul(pods));
            }
        }
    }
    worth
}

/// Whether one packing uses more of some limit than the other.
fn uses_more(problem: &Problem, one: &Packing, other: &Packing) -> bool {
    problem.limits.iter().any(|limit| {
        let uses = |packing: &Packing| {
            let of = |bin: &pack::Bin| i128::from(limit.uses.get(bin.kind).copied().unwrap_or(0)) * bin.times as i128;
            packing.bins.iter().map(of).sum::<i128>()
        };
        uses(one) > uses(other)
    })
}
