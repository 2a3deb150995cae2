//! Leaves out sizes of flavors that differ by little, where there are very many.

use std::collections::BTreeMap;

use super::buy::Market;
use super::catalog::{Candidate, Group};

/// Groups that a plan chooses from.
const MAX_GROUPS: usize = 160;
/// By how much, in percent, the next size that is kept costs more: tried in turn until there are few enough.
const STEPS: [i64; 6] = [110, 125, 150, 200, 400, 1_600];

/// The groups, without those that cost little more than the next smaller one of the same make; the largest of each stay.
pub(crate) fn thinned<'g>(market: &Market<'_>, groups: Vec<&'g Group>) -> Vec<&'g Group> {
    let mut kept = groups.clone();
    for step in STEPS {
        if kept.len() <= MAX_GROUPS {
            break;
        }
        kept = sparse(market, &groups, step);
    }
    kept
}

fn sparse<'g>(market: &Market<'_>, groups: &[&'g Group], step: i64) -> Vec<&'g Group> {
    let candidate = |group: &Group| &market.catalog.candidates[group.members[0]];
    let mut families: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, group) in groups.iter().enumerate() {
        let one = candidate(group);
        let extended: Vec<&String> = one.free.extended.keys().collect();
        families.entry((one.pool, &one.spot, &one.liking, one.verdict, &one.useless, extended, ratio(one))).or_default().push(at);
    }
    let mut kept = Vec::new();
    for mut family in families.into_values() {
        let price = |at: &usize| candidate(groups[*at]).offering.price_micro;
        family.sort_by_key(|at| (price(at), *at));
        let (mut last, largest) = (None, family.last().copied());
        for at in family {
            let apart = last.is_none_or(|last: i64| i128::from(price(&at)) * 100 >= i128::from(last) * i128::from(step));
            if apart || Some(at) == largest {
                last = Some(price(&at));
                kept.push(at);
            }
        }
    }
    kept.sort_unstable();
    kept.into_iter().map(|at| groups[at]).collect()
}

/// Memory for a CPU, as a power of two: flavors of one make have about the same.
fn ratio(candidate: &Candidate<'_>) -> u32 {
    let per_milli = candidate.free.memory_bytes.max(0) / candidate.free.cpu_milli.max(1);
    per_milli.max(1).ilog2()
}
