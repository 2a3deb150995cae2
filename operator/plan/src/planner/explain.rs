//! Says why a pool does not help a pod, in the user's words: which requirement it is, and what would change it.

mod company;
mod misfit;
mod room;

pub(crate) use company::lets_in;

use super::budget::{Budget, Purpose};
use super::buy::MAX_NEW_HOSTS;
use super::buy::Market;
use super::catalog::{Candidate, cloud_key, knows_cloud};
use super::demand::Shape;
use super::field::Field;
use crate::model::{Pool, Snapshot};
use crate::scheduling::NodeView;

/// Why this pool buys nothing for such a pod.
pub(crate) fn why_not(market: &Market<'_>, pool: usize, shape: &Shape<'_>, field: &mut Field<'_>, budget: &Budget) -> String {
    let owner = market.catalog.pools[pool];
    let class = &market.demand.classes[shape.class];
    let all: Vec<&Candidate<'_>> = market.catalog.candidates_of(pool).map(|(_, candidate)| candidate).collect();
    if all.is_empty() {
        return pool_obstacle(market, pool, Purpose::Demand, budget);
    }
    let view = |candidate: &&Candidate<'_>| market.verdicts.admits(candidate.verdict, shape.class);
    let admitting: Vec<&Candidate<'_>> = all.iter().copied().filter(view).collect();
    if admitting.is_empty() {
        let views = all.iter().map(|candidate| NodeView { name: None, labels: &candidate.labels, taints: &owner.taints });
        let misfits = views.clone().filter_map(|view| class.unmet_of(view)).collect::<Vec<_>>();
        if let Some(elsewhere) = views.clone().find_map(|view| class.volumes_elsewhere(&view)).filter(|_| misfits.len() < all.len()) {
            return elsewhere;
        }
        return misfit::sentence(misfits, &class.constraints, &all);
    }
    let fitting: Vec<&Candidate<'_>> = admitting.iter().copied().filter(|candidate| shape.requests.fits(&candidate.free)).collect();
    if fitting.is_empty() {
        return room::sentence(&shape.requests, &admitting);
    }
    let useful: Vec<&Candidate<'_>> = fitting.iter().copied().filter(|candidate| candidate.is_for(shape, market.verdicts)).collect();
    if let Some(why) = useless(owner, shape).filter(|_| useful.is_empty()) {
        return why;
    }
    let wall = company::wall(market, &useful, shape, field);
    let had: Vec<&Candidate<'_>> = useful.iter().copied().filter(|candidate| lets_in(market, candidate, shape, field)).collect();
    if let Some(why) = wall.filter(|_| had.is_empty()) {
        return why;
    }
    obstacle(market, pool, &had, Purpose::Demand, budget).unwrap_or_else(|| postponed(market, shape))
}

/// Why the plan leaves a pod out that a host could be had for.
fn postponed(market: &Market<'_>, shape: &Shape<'_>) -> String {
    if market.demand.rules.rules[shape.rule].all.is_free() {
        format!("this plan has reached its limit of {MAX_NEW_HOSTS} new hosts; the next one goes on")
    } else {
        "its place depends on others whom this plan places: once they run the next plan looks again".to_owned()
    }
}

/// Why the pool's hosts are taken to be no use to such pods for now.
fn useless(pool: &Pool, shape: &Shape<'_>) -> Option<String> {
    let known = pool.useless.iter().filter(|useless| useless.shape == shape.mark).max_by_key(|useless| useless.until)?;
    Some(format!("hosts of {} did not take such pods ({}): none is bought for them before {}", known.flavor, known.why, known.until))
}

/// What keeps a pool from one more host of any kind.
pub(crate) fn pool_obstacle(market: &Market<'_>, pool: usize, purpose: Purpose, budget: &Budget) -> String {
    let owner = market.catalog.pools[pool];
    let all: Vec<&Candidate<'_>> = market.catalog.candidates_of(pool).map(|(_, candidate)| candidate).collect();
    let none = || {
        let zones = if owner.zones.is_empty() { "any zone".to_owned() } else { owner.zones.join(", ") };
        let flavors = owner.flavors.join(", ");
        format!("the cloud offers no flavor of the pool ({flavors}) in {zones}: correct template.flavors or template.zones")
    };
    obstacle(market, pool, &all, purpose, budget).unwrap_or_else(none)
}

/// What keeps a pool from any of these candidates; `None` if one of them can be had, or there is none.
pub(crate) fn obstacle(
    market: &Market<'_>,
    pool: usize,
    candidates: &[&Candidate<'_>],
    purpose: Purpose,
    budget: &Budget,
) -> Option<String> {
    if let Err(why) = &market.catalog.pools[pool].ready {
        return Some(why.clone());
    }
    let budgeted = |candidate: &&Candidate<'_>| budget.room(candidate, purpose, market.catalog).err();
    let had: Vec<&Candidate<'_>> = candidates.iter().copied().filter(|candidate| candidate.offering.unavailable.is_none()).collect();
    if had.iter().any(|candidate| budgeted(candidate).is_none()) {
        return None;
    }
    if let Some(cheapest) = cheapest(&had) {
        return budgeted(&cheapest);
    }
    let cheapest = cheapest(candidates)?.offering;
    let why = cheapest.unavailable.as_deref().unwrap_or_default();
    Some(format!("{} in {} cannot be had now: {why}", cheapest.flavor, cheapest.zone))
}

fn cheapest<'c, 'a>(candidates: &[&'c Candidate<'a>]) -> Option<&'c Candidate<'a>> {
    let order = |a: &Candidate<'_>, b: &Candidate<'_>| {
        let key = |c: &Candidate<'_>| c.offering.price_micro;
        key(a).cmp(&key(b)).then_with(|| (&a.offering.flavor, &a.offering.zone).cmp(&(&b.offering.flavor, &b.offering.zone)))
    };
    candidates.iter().copied().min_by(|a, b| order(a, b))
}

/// For each pool of a weight what keeps it from serving pods that are left and that it could serve.
pub(crate) fn blocked(market: &Market<'_>, rank: usize, left: &[usize], budget: &Budget) -> Vec<(crate::model::Key, String)> {
    let pools = market.catalog.pools.iter().enumerate();
    let of_rank = pools.filter(|(at, _)| market.catalog.weight_rank(*at) == rank);
    let blocked = of_rank.filter_map(|(at, pool)| {
        let why = market.demand.shapes.iter().zip(left).filter(|(_, count)| **count > 0).find_map(|(shape, _)| {
            let takes = |candidate: &&Candidate<'_>| candidate.takes(shape, market.verdicts);
            let candidates = market.catalog.candidates_of(at).map(|(_, candidate)| candidate);
            obstacle(market, at, &candidates.filter(takes).collect::<Vec<_>>(), Purpose::Demand, budget)
        })?;
        Some((pool.key.clone(), why))
    });
    blocked.collect()
}

/// Why a pool whose cloud is not in the snapshot buys nothing.
pub(crate) fn without_cloud(snapshot: &Snapshot, pool: &Pool) -> Option<String> {
    let known = knows_cloud(snapshot, pool);
    (!known).then(|| format!("nothing is known of its cloud {} yet", cloud_key(pool)))
}
