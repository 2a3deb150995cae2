//! Rehearses a plan: pods that look at where others are come to their places in the scheduler's order, and whoever is kept out there is
//! planned anew.

mod stage;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::budget::Purpose;
use super::buy::{Basket, Market};
use super::explain::lets_in;
use super::field::{Field, Spot};
use super::place::Placing;
use super::rules::Asks;
use super::supply::Origin;
use crate::effort::Effort;
use crate::model::Pod;
use stage::{Part, Stage};

/// Times that those who were kept out are planned anew.
const MAX_CALLS: usize = 4;
/// Rehearsals in a row in which somebody is kept out. Whoever goes leaves his place to another of his shape, for whom it is another turn.
const MAX_REHEARSALS: usize = 32;

/// Pods that are rehearsed at most, those that look at nobody left out: it costs by pods, not by shapes. Of more the next plan mends what
/// this one has in an order that the scheduler does not take.
const MAX_REHEARSED: usize = 2_000;

/// Where pods are planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    /// In this bin.
    Bin(usize),
    /// On this bought host.
    Bought(usize),
}

/// Takes pods out of places that the scheduler would refuse them, and looks once more for a place for each who has none, now that all
/// others have theirs. `start` is the field before anybody was placed.
pub(crate) fn rehearse<'a>(
    market: &Market<'a>,
    start: &Field<'a>,
    placing: &mut Placing<'a>,
    basket: &mut Basket,
    effort: &mut Effort<'_>,
) {
    let looking = (0..placing.left.len()).filter(|shape| !asks(market, *shape).is_free());
    let pods: usize = looking.map(|shape| market.demand.shapes[shape].pods.len()).sum();
    if market.demand.rules.counters.is_empty() || pods > MAX_REHEARSED {
        return;
    }
    for _ in 0..MAX_CALLS {
        let spots = hold(market, start, placing, basket);
        let missed = missed(market, placing);
        if missed.is_empty() {
            return;
        }
        let left = |placing: &Placing<'_>| missed.iter().map(|shape| placing.left[*shape]).sum::<usize>();
        let before = left(placing);
        fill_bought(market, &missed, &spots, placing, basket);
        placing.field.sober_up(&market.demand.rules);
        placing.fill_coming(market);
        if missed.iter().any(|shape| is_helped(market, *shape, placing, basket)) {
            basket.settle();
            market.buy(placing, basket, effort);
        }
        if left(placing) == before {
            return;
        }
    }
    hold(market, start, placing, basket);
}

fn asks<'m>(market: &'m Market<'_>, shape: usize) -> &'m Asks {
    &market.demand.rules.rules[market.demand.shapes[shape].rule].all
}

/// Shapes that look at where others are and of which some have no place.
fn missed(market: &Market<'_>, placing: &Placing<'_>) -> Vec<usize> {
    (0..placing.left.len()).filter(|shape| placing.left[*shape] > 0 && !asks(market, *shape).is_free()).collect()
}

/// Whether a host could be bought for a pod of the shape that has no place.
fn is_helped(market: &Market<'_>, shape: usize, placing: &mut Placing<'_>, basket: &Basket) -> bool {
    let wanted = &market.demand.shapes[shape];
    let mut candidates = market.catalog.groups.iter().map(|group| &market.catalog.candidates[group.members[0]]);
    placing.left[shape] > 0
        && candidates.any(|candidate| {
            candidate.takes(wanted, market.verdicts)
                && basket.budget.room(candidate, Purpose::Demand, market.catalog).is_ok()
                && lets_in(market, candidate, wanted, &mut placing.field)
        })
}

/// Takes out whoever is kept out, until all come to their places. The field says then who is where. Gives back where bought hosts are.
fn hold<'a>(market: &Market<'a>, start: &Field<'a>, placing: &mut Placing<'a>, basket: &mut Basket) -> Vec<Spot> {
    for _ in 0..MAX_REHEARSALS {
        let (stage, spots) = play(market, start, placing, basket);
        if stage.refused.is_empty() {
            placing.field = stage.field;
            return spots;
        }
        for part in &stage.refused {
            match part.place {
                Place::Bin(bin) => (0..part.pods.len()).for_each(|_| placing.withdraw(market.demand, part.shape, bin)),
                Place::Bought(host) => placing.left[part.shape] += basket.take_out(host, part.shape, part.pods.len()),
            }
        }
        basket.drop_idle(market.catalog);
    }
    let (stage, spots) = play(market, start, placing, basket);
    placing.field = stage.field;
    spots
}

/// Nodes that are there take their pods first, then all others come. Gives back where bought hosts are.
fn play<'a>(market: &Market<'a>, start: &Field<'a>, placing: &Placing<'a>, basket: &Basket) -> (Stage<'a>, Vec<Spot>) {
    let rules = &market.demand.rules;
    let origin = |place| match place {
        Place::Bin(bin) => placing.bins[bin].origin,
        Place::Bought(_) => Origin::Coming,
    };
    let (now, later): (Vec<Part>, Vec<Part>) =
        parts(market, placing, basket).into_iter().partition(|part| origin(part.place) < Origin::Coming);
    let mut stage = Stage::new(rules, start.clone());
    stage.play(now.into_iter().map(|part| placed(part, placing, &[])));
    // Whoever has a seat on a node waits there for others to come.
    stage.refuse(|place| origin(place) < Origin::Claimed);
    for bin in placing.bins.iter().filter(|bin| bin.origin >= Origin::Claimed) {
        stage.field.join(rules, &bin.spot, &bin.daemons);
    }
    let mut spots = Vec::with_capacity(basket.bought.len());
    for host in &basket.bought {
        let spot = stage.field.settled(rules, &market.catalog.candidates[host.candidate].spot);
        stage.field.open(rules, &spot);
        spots.push(spot);
    }
    stage.play(later.into_iter().map(|part| placed(part, placing, &spots)));
    stage.refuse(|_| true);
    stage.promise(|place| origin(place) >= Origin::Claimed);
    (stage, spots)
}

fn placed(part: Part, placing: &Placing<'_>, bought: &[Spot]) -> (Part, Spot) {
    let spot = match part.place {
        Place::Bin(bin) => &placing.bins[bin].spot,
        Place::Bought(host) => &bought[host],
    };
    (part, spot.clone())
}

/// Who is planned where, as pods are handed out: the oldest of a shape in the first place.
fn parts(market: &Market<'_>, placing: &Placing<'_>, basket: &Basket) -> Vec<Part> {
    let bins = placing.bins.iter().enumerate().map(|(at, bin)| (Place::Bin(at), &bin.pattern));
    let bought = basket.bought.iter().enumerate().map(|(at, host)| (Place::Bought(at), &host.pattern));
    let mut next = vec![0; market.demand.shapes.len()];
    let (mut parts, mut pods): (Vec<Part>, Vec<(&Pod, usize)>) = (Vec::new(), Vec::new());
    for (place, pattern) in bins.chain(bought) {
        for (shape, count) in pattern.iter().filter(|(shape, _)| !asks(market, *shape).is_free()) {
            let known = &market.demand.shapes[*shape];
            pods.extend(known.pods[next[*shape]..next[*shape] + count].iter().map(|pod| (*pod, parts.len())));
            next[*shape] += count;
            parts.push(Part { shape: *shape, rule: known.rule, place, pods: BTreeSet::new() });
        }
    }
    pods.sort_by_key(|(pod, _)| (Reverse(pod.spec.priority), pod.created, &pod.key, &pod.uid));
    pods.iter().enumerate().for_each(|(nth, (_, part))| _ = parts[*part].pods.insert(nth));
    parts
}

/// Places pods that were left out on hosts that are bought for others, as far as there is room.
fn fill_bought(market: &Market<'_>, missed: &[usize], spots: &[Spot], placing: &mut Placing<'_>, basket: &mut Basket) {
    for (host, spot) in basket.bought.iter_mut().zip(spots) {
        let candidate = &market.catalog.candidates[host.candidate];
        let mut free = candidate.free.clone();
        host.pattern.iter().for_each(|(shape, count)| free.sub(&market.demand.shapes[*shape].requests.scaled(*count)));
        for shape in missed {
            let (wanted, asks) = (&market.demand.shapes[*shape], asks(market, *shape));
            let takes = candidate.is_for(wanted, market.verdicts);
            while takes && placing.left[*shape] > 0 && wanted.requests.fits(&free) && placing.field.admits(asks, spot).is_ok() {
                free.sub(&wanted.requests);
                placing.left[*shape] -= 1;
                placing.field.place(asks, spot, 1);
                host.put(*shape);
            }
        }
    }
}
