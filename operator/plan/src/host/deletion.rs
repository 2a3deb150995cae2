//! What came of asking for a deletion, and when it is asked for again: with growing pauses, so that one that hangs for hours costs little.

use jiff::{SignedDuration, Timestamp};

use super::ledger::Kind;
use super::seen::{Left, Stray};

/// First pause before DELETE of a server is sent again.
pub const DELETE_AGAIN: SignedDuration = SignedDuration::from_secs(60);
/// First pause before DELETE of a part, or of a second server, is sent again.
pub const PART_AGAIN: SignedDuration = SignedDuration::from_secs(2);
/// Last pause of a deletion that was accepted and does not end.
pub const DELETE_LAST: SignedDuration = SignedDuration::from_mins(30);
/// Last pause of a deletion that is refused: somebody may unlock what is locked.
pub const REFUSED_LAST: SignedDuration = SignedDuration::from_mins(5);
/// 404s that prove a part gone that this process did not delete.
pub const PART_ABSENT_ANSWERS: u32 = 2;

/// The deletion of one thing, as far as this process knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Deletion {
    /// When DELETE was last answered.
    pub sent_at: Option<Timestamp>,
    /// Whether the service ever accepted it.
    pub accepted: bool,
    /// How often it was answered.
    pub attempts: u32,
    /// Why the last one was refused.
    pub refused: Option<String>,
    /// 404s of the service's own.
    pub not_found: u32,
}

impl Deletion {
    /// DELETE was accepted.
    pub fn accept(&mut self, now: Timestamp) {
        self.answered(now);
        (self.accepted, self.refused) = (true, None);
    }

    /// DELETE was answered with the service's own 404.
    pub fn miss(&mut self, now: Timestamp) {
        self.answered(now);
        self.refused = None;
        self.not_found = self.not_found.saturating_add(1);
    }

    /// DELETE was refused, or not answered.
    pub fn refuse(&mut self, now: Timestamp, why: &str) {
        self.answered(now);
        self.refused = Some(why.into());
    }

    fn answered(&mut self, now: Timestamp) {
        self.sent_at = Some(now);
        self.attempts = self.attempts.saturating_add(1);
    }

    /// Whether DELETE is to be sent, with this first pause between two.
    pub fn is_due(&self, first: SignedDuration, now: Timestamp) -> bool {
        self.left(first, now) <= SignedDuration::ZERO
    }

    /// How long until DELETE is due again.
    pub fn left(&self, first: SignedDuration, now: Timestamp) -> SignedDuration {
        self.sent_at.map_or(SignedDuration::ZERO, |sent| self.pause(first) - now.duration_since(sent))
    }

    fn pause(&self, first: SignedDuration) -> SignedDuration {
        let last = if self.refused.is_some() { REFUSED_LAST } else { DELETE_LAST };
        doubled(first, self.attempts.saturating_sub(1), last)
    }
}

/// `first`, doubled so many times, at most `last`.
pub(super) fn doubled(first: SignedDuration, times: u32, last: SignedDuration) -> SignedDuration {
    /// Doublings after which every pause here has reached its last value.
    const ENOUGH: u32 = 16;
    first.checked_mul(1 << times.min(ENOUGH)).unwrap_or(last).min(last)
}

impl Left {
    /// Whether the part is known to be gone. Neutron and Nova delete parts while they answer, Cinder takes its time; a 404 to somebody
    /// who never deleted anything is believed when it is repeated and the cloud is not held.
    pub fn is_gone(&self, held: bool) -> bool {
        let by_us = self.deletion.accepted && (self.what.kind != Kind::Volume || self.deletion.not_found > 0);
        by_us || (self.deletion.not_found >= PART_ABSENT_ANSWERS && !held)
    }
}

impl Stray {
    /// Whether it is known to be gone: no list shows it and Nova answers 404.
    pub fn is_gone(&self) -> bool {
        !self.shown && self.deletion.not_found > 0
    }
}
