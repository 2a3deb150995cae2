//! Pods that must share a host are packed as one.

use std::collections::BTreeMap;

use super::buy::Market;
use super::catalog::Group;
use super::field::Field;
use super::sites::{Lot, Sites};
use crate::resources::Resources;

/// The lots, with those whose pods must all be on one host as one lot of one: as many of them as the largest host takes. And those for
/// whom no new host will do, because whom they need is elsewhere or does not fit beside them.
pub(crate) fn glued(market: &Market<'_>, groups: &[&Group], sites: &Sites<'_>, field: &Field<'_>, lots: Vec<Lot>) -> (Vec<Lot>, Vec<Lot>) {
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    let mut bundles: BTreeMap<Vec<usize>, Vec<Lot>> = BTreeMap::new();
    for lot in lots {
        let shape = &market.demand.shapes[lot.contents[0].0];
        let needs = &market.demand.rules.rules[shape.rule].local.needs;
        if needs.counters.is_empty() {
            kept.push(lot);
        } else if field.is_lonely(needs) {
            dropped.push(lot);
        } else {
            bundles.entry(needs.counters.clone()).or_default().push(lot);
        }
    }
    for (counters, bundle) in bundles {
        // Others whom they need go to hosts of their own: who is the first would then be a matter of chance.
        if kept.iter().any(|lot: &Lot| counts_for(market, lot, &counters)) {
            dropped.extend(bundle);
            continue;
        }
        let (one, rest) = bundled(market, groups, sites, bundle);
        kept.extend(one);
        dropped.extend(rest);
    }
    (kept, dropped)
}

/// Whether such pods count for one of these counters.
fn counts_for(market: &Market<'_>, lot: &Lot, counters: &[usize]) -> bool {
    let adds = |shape: usize| &market.demand.rules.rules[market.demand.shapes[shape].rule].local.adds;
    lot.contents.iter().any(|(shape, _)| adds(*shape).iter().any(|counter| counters.contains(counter)))
}

/// One lot of as many as go together, and the rest.
fn bundled(market: &Market<'_>, groups: &[&Group], sites: &Sites<'_>, lots: Vec<Lot>) -> (Option<Lot>, Vec<Lot>) {
    let (site, spot) = (lots[0].site, lots[0].spot.clone());
    let class = market.demand.shapes[lots[0].contents[0].0].class;
    let here = groups.iter().zip(&sites.of_group).filter(|(_, at)| site.is_none_or(|site| site == **at));
    let candidates: Vec<_> = here.map(|(group, _)| &market.catalog.candidates[group.members[0]]).collect();
    let (mut total, mut contents, mut rest) = (Resources::default(), Vec::new(), Vec::new());
    for mut lot in lots {
        let index = lot.contents[0].0;
        let shape = &market.demand.shapes[index];
        let mut taken = 0;
        while taken < lot.count && lot.site == site && shape.class == class {
            let mut next = total.clone();
            next.add(&shape.requests);
            if !candidates.iter().any(|candidate| candidate.is_for(shape, market.verdicts) && next.fits(&candidate.free)) {
                break;
            }
            total = next;
            taken += 1;
        }
        if taken > 0 {
            contents.push((index, taken));
        }
        lot.count -= taken;
        rest.extend((lot.count > 0).then_some(lot));
    }
    ((!contents.is_empty()).then_some(Lot { contents, count: 1, site, spot }), rest)
}
