//! Hosts that could be bought: domains of their own, with nobody there but DaemonSets' pods.

use super::{Field, Spot, Wall};
use crate::planner::rules::{Asks, Needs, Rules};

impl Field<'_> {
    /// A host that could be bought is a domain with nobody but its DaemonSets' pods.
    pub(super) fn hope_anew(&mut self, rules: &Rules<'_>, spots: &[&Spot]) {
        for counter in (0..self.of.len()).filter(|counter| rules.is_local(*counter)) {
            let Some(realm) = self.of[counter].1 else {
                continue;
            };
            let least = spots.iter().filter(|spot| spot.counted[realm]).map(|spot| self.brought(counter, spot)).min();
            let known = &mut self.tallies[counter].anew;
            *known = least.or(*known).or(Some(0));
        }
    }

    /// From now on only domains count that are there, as before the first [`Self::hope`].
    pub fn forget_hope(&mut self) {
        self.extents.iter_mut().for_each(|extent| extent.hoped.clear());
        self.tallies.iter_mut().for_each(|tally| (tally.anew, tally.least) = (None, None));
    }

    /// Whether DaemonSets' pods on a new host let in such a pod, as far as single hosts go.
    ///
    /// # Errors
    /// What keeps it out.
    pub fn admits_anew(&mut self, local: &Asks, spot: &Spot) -> Result<(), Wall> {
        if spot.brings.is_empty() {
            return Ok(());
        }
        if let Some(counter) = local.zeros.iter().find(|counter| self.brought(**counter, spot) > 0) {
            return Err(Wall::Company(*counter));
        }
        for skew in &local.skews {
            if self.brought(skew.counter, spot) + skew.own - self.least(skew.counter, skew.min_domains) > skew.max_skew {
                return Err(Wall::Skew(skew.counter));
            }
        }
        Ok(())
    }

    /// How many of those who come with a host count.
    pub(super) fn brought(&self, counter: usize, spot: &Spot) -> i64 {
        if spot.brings.is_empty() || self.of[counter].1.is_some_and(|realm| !spot.counted[realm]) {
            return 0;
        }
        spot.brings.iter().filter(|daemon| self.daemons[**daemon].contains(&counter)).count() as i64
    }

    /// Whether DaemonSets' pods on such a host are all that is needed there.
    pub fn brings_company(&self, needs: &Needs, spot: &Spot) -> bool {
        !needs.counters.is_empty() && needs.counters.iter().all(|counter| self.brought(*counter, spot) > 0)
    }
}
