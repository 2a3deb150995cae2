//! Pods that must share a host are packed as one.

mod bundle;

use super::buy::Market;
use super::catalog::Group;
use super::field::Field;
use super::rules::Needs;
use super::sites::{Lot, Sites};
use bundle::Bundling;

/// Different bundles that a plan makes of the pods of one lot.
const MAX_BUNDLES: usize = 64;

/// The lots, with those whose pods must have others on their host as lots of bundles: each with those whom they need, as many as the largest
/// host takes. And those for whom no new host will do, because whom they need is elsewhere or does not fit beside them.
pub(crate) fn glued<'a>(
    market: &Market<'a>,
    groups: &[&Group],
    sites: &Sites<'_>,
    field: &Field<'a>,
    lots: Vec<Lot>,
) -> (Vec<Lot>, Vec<Lot>) {
    if lots.iter().all(|lot| is_served(market, field, lot)) {
        return (lots, Vec::new());
    }
    let mut bundling = Bundling::new(market, groups, sites, field, lots);
    let mut bundles = Vec::new();
    for lead in 0..bundling.lots.len() {
        if is_served(market, field, &bundling.lots[lead]) {
            continue;
        }
        for _ in 0..MAX_BUNDLES {
            let Some(bundle) = bundling.next(lead) else {
                break;
            };
            bundles.push(bundle);
        }
    }
    let left = bundling.lots.into_iter().filter(|lot| lot.count > 0);
    let (mut kept, dropped): (Vec<Lot>, Vec<Lot>) = left.partition(|lot| is_served(market, field, lot));
    kept.extend(bundles);
    (kept, dropped)
}

/// What such a pod needs on its host.
fn needs<'m>(market: &'m Market<'_>, shape: usize) -> &'m Needs {
    &market.demand.rules.rules[market.demand.shapes[shape].rule].local.needs
}

/// Whether the pods need nobody on their host, or only those whom the host brings.
fn is_served(market: &Market<'_>, field: &Field<'_>, lot: &Lot) -> bool {
    let needs = needs(market, lot.contents[0].0);
    needs.counters.is_empty() || lot.spot.as_ref().is_some_and(|spot| field.brings_company(needs, spot))
}
