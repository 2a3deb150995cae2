//! So many irreversible conclusions in a while, and no more.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

/// The while.
pub const CAP_WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// Share of the fleet, in percent; one is always allowed.
pub const CAP_SHARE: usize = 2;

/// Who was concluded about, and when. Grows no longer than what the window allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cap(BTreeMap<String, Timestamp>);

impl Cap {
    /// Takes a place for `who` in a fleet of `fleet`, where `lifted` is what a person allows. Whoever has one keeps it.
    ///
    /// # Errors
    /// When the next place is free.
    pub fn take(&mut self, who: &str, fleet: usize, lifted: usize, now: Timestamp) -> Result<(), Timestamp> {
        self.peek(who, fleet, lifted, now)?;
        self.0.retain(|_, at| now.duration_since(*at) < CAP_WINDOW);
        self.0.entry(who.to_owned()).or_insert(now);
        Ok(())
    }

    /// Whether [`Cap::take`] would give a place.
    ///
    /// # Errors
    /// When the next place is free.
    pub fn peek(&self, who: &str, fleet: usize, lifted: usize, now: Timestamp) -> Result<(), Timestamp> {
        let mut ends: Vec<Timestamp> = self.0.values().map(|at| *at + CAP_WINDOW).filter(|end| *end > now).collect();
        let allowed = allowance(fleet).max(lifted);
        if ends.len() < allowed || self.0.get(who).is_some_and(|at| *at + CAP_WINDOW > now) {
            return Ok(());
        }
        ends.sort_unstable();
        Err(ends[ends.len() - allowed])
    }
}

/// How many of a fleet.
pub fn allowance(fleet: usize) -> usize {
    (fleet * CAP_SHARE / 100).max(1)
}
