//! When one part of a cloud is read again: at its own pace, and after a failure at pauses that grow.

use jiff::{SignedDuration, Timestamp};

/// First and last pause after a failure.
const RETRY_FIRST: SignedDuration = SignedDuration::from_secs(2);
const RETRY_LAST: SignedDuration = SignedDuration::from_secs(30);

/// One part's memory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turn {
    read_at: Option<Timestamp>,
    failures: u32,
    retry_at: Option<Timestamp>,
}

impl Turn {
    /// Whether it is to be read now, if it is read each `every`.
    pub(super) fn is_due(&self, every: SignedDuration, now: Timestamp) -> bool {
        self.due_in(every, now) <= SignedDuration::ZERO
    }

    /// How long it is not due.
    pub(super) fn due_in(&self, every: SignedDuration, now: Timestamp) -> SignedDuration {
        let at = self.retry_at.or_else(|| self.read_at.map(|read| read + every));
        at.map_or(SignedDuration::ZERO, |at| at.duration_since(now))
    }

    /// It was read; reading began at `begun`.
    pub(super) fn done(&mut self, begun: Timestamp) {
        *self = Self { read_at: Some(begun), ..Self::default() };
    }

    /// It could not be read.
    pub(super) fn failed(&mut self, now: Timestamp) {
        let pause = RETRY_FIRST.checked_mul(1 << self.failures.min(5)).unwrap_or(RETRY_LAST).min(RETRY_LAST);
        self.failures = self.failures.saturating_add(1);
        self.retry_at = Some(now + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn failures_wait_longer_each_time_and_a_success_ends_it() {
        let (mut turn, every) = (Turn::default(), SignedDuration::from_secs(60));
        let mut now = 0;
        let pauses = (0..6).map(|_| {
            turn.failed(at(now));
            let pause = turn.due_in(every, at(now)).as_secs();
            now += pause;
            pause
        });
        assert_eq!(pauses.collect::<Vec<_>>(), [2, 4, 8, 16, 30, 30]);
        turn.done(at(1_000));
        assert!(!turn.is_due(every, at(1_059)) && turn.is_due(every, at(1_060)));
        turn.failed(at(1_060));
        assert_eq!(turn.due_in(every, at(1_060)).as_secs(), 2);
    }

    #[test]
    fn what_was_never_read_is_due() {
        assert!(Turn::default().is_due(SignedDuration::from_hours(1), at(0)));
    }
}
