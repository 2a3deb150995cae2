//! The least count of all domains, which topology spread is measured from.

use super::{Field, Spot};

impl Field<'_> {
    /// The least count of all domains; 0 if there are fewer than `min_domains`, or none.
    pub fn least(&mut self, counter: usize, min_domains: Option<usize>) -> i64 {
        let Some(realm) = self.of[counter].1 else {
            return 0;
        };
        let (extent, anew) = (&self.extents[realm], self.tallies[counter].anew);
        if anew == Some(0) || min_domains.is_some_and(|least| extent.domains().count() < least) {
            return 0;
        }
        let tally = &mut self.tallies[counter];
        let known = tally.least.get_or_insert_with(|| {
            let counts = || extent.domains().map(|domain| tally.counts.get(domain).copied().unwrap_or(0));
            let least = counts().min().unwrap_or(0);
            (least, counts().filter(|count| *count == least).count())
        });
        anew.map_or(known.0, |anew| anew.min(known.0))
    }

    /// As [`Self::least`], once a host is at the spot with those whom it brings.
    pub(super) fn least_beside(&mut self, counter: usize, min_domains: Option<usize>, spot: &Spot) -> i64 {
        let least = self.least(counter, min_domains);
        let (topology, realm) = self.of[counter];
        let (Some(realm), Some(own), brought) = (realm, spot.domains[topology], self.brought(counter, spot)) else {
            return least;
        };
        // Fewer than are wanted, or more elsewhere: those who come change nothing.
        if brought == 0 || least < self.at(counter, own) {
            return least;
        }
        let extent = &self.extents[realm];
        if min_domains.is_some_and(|wanted| extent.domains().count() < wanted) {
            return 0;
        }
        let count = |domain: usize| self.at(counter, domain as u32) + if domain == own as usize { brought } else { 0 };
        extent.domains().map(count).min().unwrap_or(0)
    }
}
