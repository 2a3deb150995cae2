//! Divides pods that look around over the places where they would like to be, and says what that is worth to each.

use std::cmp::Reverse;

use super::FULL_WEIGHT;
use super::crowd::{Crowd, MILLI};
use super::retouch::Offers;
use super::worth::{share_micro, weight_of_milli, worth_micro};
use crate::pack::Packing;
use crate::planner::problem::size;
use crate::planner::sites::Lot;

/// Some of a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub lot: usize,
    /// Where they would like to be; `None`: they do not look around.
    pub place: Option<usize>,
    pub count: usize,
}

/// The lots in parts, and who is then where: pods that do not look around are where the packing has them.
pub(super) fn parts<'a>(offers: &Offers<'_, 'a>, lots: &[Lot], packing: &Packing, mut crowd: Crowd<'a>) -> (Vec<Part>, Crowd<'a>) {
    let looks = |lot: &Lot| offers.wishes.looks_around(lot.contents[0].0);
    for bin in &packing.bins {
        for (lot, count) in bin.pattern.iter().filter(|(lot, _)| !looks(&lots[*lot])) {
            offers.count(&mut crowd, &lots[*lot], offers.of_kind[bin.kind], (count * bin.times) as i64);
        }
    }
    let mut parts = Vec::new();
    for (at, lot) in lots.iter().enumerate() {
        if looks(lot) {
            let counts = divided(offers, lot, &mut crowd);
            let some = counts.into_iter().enumerate().filter(|(_, count)| *count > 0);
            parts.extend(some.map(|(place, count)| Part { lot: at, place: Some(place), count }));
        } else {
            parts.push(Part { lot: at, place: None, count: lot.count });
        }
    }
    (parts, crowd)
}

/// How many of a lot to each place: one after the other to where most is preferred, then to where it is cheapest, then to where fewest of
/// them are. Places that cost more than any preference is worth are left out; among the others it is the packing that minds the price.
fn divided<'a>(offers: &Offers<'_, 'a>, lot: &Lot, crowd: &mut Crowd<'a>) -> Vec<usize> {
    let shape = lot.contents[0].0;
    let costs = costs_milli(offers, lot, &offers.alike(lot));
    let mut counts = vec![0; offers.places.len()];
    for _ in 0..lot.count {
        let likes = |place: usize| crowd.weight_milli(offers.wishes, shape, offers.place(place));
        let open = costs.iter().enumerate().filter_map(|(place, cost)| Some((place, cost.filter(|cost| *cost < FULL_WEIGHT * MILLI)?)));
        let best = open.max_by_key(|(place, cost)| (likes(*place), Reverse((*cost, counts[*place], *place))));
        // Whom no place takes is left over wherever it is.
        let place = best.map_or(0, |(place, _)| place);
        counts[place] += 1;
        offers.count(crowd, lot, place, 1);
    }
    counts
}

/// By place how much more a pod's share costs there than at the cheapest one, as weight that must be preferred for it. Of places that are
/// alike, the first stands for all.
fn costs_milli(offers: &Offers<'_, '_>, lot: &Lot, alike: &[usize]) -> Vec<Option<i64>> {
    let size = size(offers.market, lot);
    let mut shares: Vec<Option<i64>> = vec![None; offers.places.len()];
    for kind in offers.kinds(lot) {
        let candidate = offers.candidates[kind];
        let share = share_micro(&size, &candidate.free, candidate.offering.price_micro);
        let least = &mut shares[alike[offers.of_kind[kind]]];
        *least = Some(least.map_or(share, |least| least.min(share)));
    }
    let cheapest = shares.iter().flatten().copied().min().unwrap_or(0).max(1);
    let dearer = |share: i64| share.saturating_sub(cheapest).saturating_mul(MILLI) / cheapest;
    shares.into_iter().map(|share| share.map(|share| weight_of_milli(dearer(share)))).collect()
}

/// For each part what one of it is worth in a host of each kind, beyond what it is worth in the least preferred.
pub(super) fn bonuses<'a>(offers: &Offers<'_, 'a>, lots: &[Lot], parts: &[Part], mut crowd: Crowd<'a>) -> Vec<Vec<(usize, i64)>> {
    let mut all = Vec::with_capacity(parts.len());
    for part in parts {
        let lot = &lots[part.lot];
        let kinds: Vec<usize> = if offers.wishes.has(lot.contents[0].0) { offers.kinds(lot).collect() } else { Vec::new() };
        let mut weights: Vec<Option<i64>> = vec![None; offers.places.len()];
        let alike = offers.alike(lot);
        for kind in &kinds {
            let place = alike[offers.of_kind[*kind]];
            weights[place] = weights[place].or_else(|| Some(weight_milli(offers, lot, part, place, &mut crowd)));
        }
        let least = weights.iter().flatten().copied().min().unwrap_or(0);
        let size = size(offers.market, lot);
        let bonus = kinds.into_iter().filter_map(|kind| {
            let weight = weights[alike[offers.of_kind[kind]]]? - least;
            let candidate = offers.candidates[kind];
            let worth = worth_micro(share_micro(&size, &candidate.free, candidate.offering.price_micro), weight);
            (worth > 0).then_some((kind, worth))
        });
        all.push(bonus.collect());
    }
    all
}

/// What is satisfied for one of a part at a place: where it would like to be, as all of them are where they would; elsewhere, if one or
/// if all of the part were there instead, whichever is less.
fn weight_milli<'a>(offers: &Offers<'_, 'a>, lot: &Lot, part: &Part, place: usize, crowd: &mut Crowd<'a>) -> i64 {
    let shape = lot.contents[0].0;
    let likes = |crowd: &Crowd<'a>| crowd.weight_milli(offers.wishes, shape, offers.place(place));
    let Some(home) = part.place else {
        return likes(crowd);
    };
    let others = part.count as i64 - 1;
    offers.count(crowd, lot, home, -1);
    let mut weight = likes(crowd);
    if home != place {
        offers.count(crowd, lot, home, -others);
        offers.count(crowd, lot, place, others);
        weight = weight.min(likes(crowd));
        offers.count(crowd, lot, place, -others);
        offers.count(crowd, lot, home, others);
    }
    offers.count(crowd, lot, home, 1);
    weight
}
