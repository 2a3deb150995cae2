//! To which of several equally good sites pods that must have one lean.

use super::crowd::{Crowd, MILLI, Place};
use super::worth::{share_micro, weight_of_milli};
use crate::planner::buy::Market;
use crate::planner::catalog::{Candidate, Group};
use crate::planner::place::Placing;

/// Who is where, and who was sent where since.
pub(crate) struct Lean<'a> {
    /// `None` where nobody prefers anything.
    crowd: Option<Crowd<'a>>,
}

impl<'a> Lean<'a> {
    pub fn of(market: &Market<'a>, placing: &Placing<'a>) -> Self {
        Self { crowd: (!market.wishes.is_empty()).then(|| Crowd::now(market, &placing.bins, &[])) }
    }

    /// What a pod loses at each site, as weight: what it would cost there beyond the cheapest site, less what it prefers; `None`
    /// for those who like all sites as much.
    pub fn losses(&self, market: &Market<'a>, shape: usize, groups: &[&Group], of_group: &[usize], sites: usize) -> Option<Vec<i64>> {
        let crowd = self.crowd.as_ref().filter(|_| market.wishes.has(shape))?;
        let wanted = &market.demand.shapes[shape];
        let mut offers: Vec<(usize, i64, i64)> = Vec::new();
        for (group, site) in groups.iter().zip(of_group) {
            let candidate = &market.catalog.candidates[group.members[0]];
            if candidate.takes(wanted, market.verdicts) {
                let share = share_micro(&wanted.requests, &candidate.free, candidate.offering.price_micro);
                offers.push((*site, share, crowd.weight_milli(market.wishes, shape, place(candidate))));
            }
        }
        if offers.iter().all(|(_, _, weight)| *weight == offers[0].2) {
            return None;
        }
        let cheapest = offers.iter().map(|(_, share, _)| *share).min().unwrap_or(0).max(1);
        let mut best: Vec<Option<i64>> = vec![None; sites];
        for (site, share, weight) in offers {
            let dearer = share.saturating_sub(cheapest).saturating_mul(MILLI) / cheapest;
            let loss = weight_of_milli(dearer).saturating_sub(weight);
            best[site] = Some(best[site].map_or(loss, |best: i64| best.min(loss)));
        }
        Some(best.into_iter().map(|best| best.unwrap_or(i64::MAX)).collect())
    }

    /// A pod was sent to the site of this group.
    pub fn sent(&mut self, market: &Market<'a>, shape: usize, group: Option<&Group>) {
        if let (Some(crowd), Some(group)) = (&mut self.crowd, group) {
            crowd.shift(market.wishes, shape, place(&market.catalog.candidates[group.members[0]]), 1);
        }
    }
}

fn place<'p, 'a>(candidate: &'p Candidate<'a>) -> Place<'p, 'a> {
    Place { liking: &candidate.liking, node: None }
}
