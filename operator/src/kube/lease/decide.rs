//! What a candidate does with the lease that it sees: pure, and without wall-clock time.

use std::time::Duration;

use tokio::time::Instant;

use super::store::Record;

/// Bounds on the duration that a record states: nobody can lock others out for hours, or be robbed at once.
const DURATION_BOUNDS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Since when a candidate has seen the record as it is.
#[derive(Debug, Default)]
pub(super) struct Seen {
    version: Option<String>,
    since: Option<Instant>,
}

impl Seen {
    /// Takes note of a look at the record.
    pub(super) fn look(&mut self, record: Option<&Record>, now: Instant) {
        let version = record.and_then(|r| r.metadata.resource_version.clone());
        if self.since.is_none() || version != self.version {
            *self = Self { version, since: Some(now) };
        }
    }

    /// For how long the record has been as it is, as far as this candidate knows.
    pub(super) fn age(&self, now: Instant) -> Duration {
        self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}

/// What to do next.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// There is no lease: make one.
    Create,
    /// It is free, or has run out: take it.
    Take(Record),
    /// It is ours: renew it.
    Renew(Record),
    /// It is somebody else's.
    Wait,
}

/// The step of the candidate `me`, who has seen `record` unchanged for `age`.
pub(super) fn step(me: &str, record: Option<Record>, age: Duration) -> Step {
    let Some(record) = record else { return Step::Create };
    if record.holder == me {
        return Step::Renew(record);
    }
    let (least, most) = DURATION_BOUNDS;
    let is_over = age >= record.duration.clamp(least, most);
    if record.holder.is_empty() || is_over { Step::Take(record) } else { Step::Wait }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn record(holder: &str, version: &str) -> Record {
        let mut record = Record::new(holder, Timestamp::UNIX_EPOCH);
        record.metadata.resource_version = Some(version.into());
        record
    }

    #[test]
    fn a_lease_is_taken_when_it_is_free_or_has_run_out() {
        let seconds = Duration::from_secs;
        assert_eq!(step("a", None, seconds(0)), Step::Create);
        assert_eq!(step("a", Some(record("a", "1")), seconds(0)), Step::Renew(record("a", "1")));
        assert_eq!(step("a", Some(record("", "1")), seconds(0)), Step::Take(record("", "1")));
        assert_eq!(step("a", Some(record("b", "1")), seconds(14)), Step::Wait);
        assert_eq!(step("a", Some(record("b", "1")), seconds(15)), Step::Take(record("b", "1")));
    }

    #[test]
    fn a_record_cannot_lock_others_out_for_hours() {
        let mut greedy = record("b", "1");
        greedy.duration = Duration::from_secs(86_400);
        assert_eq!(step("a", Some(greedy.clone()), Duration::from_secs(59)), Step::Wait);
        assert_eq!(step("a", Some(greedy.clone()), Duration::from_secs(60)), Step::Take(greedy));
    }

    #[test]
    fn age_counts_from_the_last_change_that_was_seen() {
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let mut seen = Seen::default();
        seen.look(Some(&record("b", "1")), at(0));
        seen.look(Some(&record("b", "1")), at(9));
        assert_eq!(seen.age(at(10)), Duration::from_secs(10));
        seen.look(Some(&record("b", "2")), at(12));
        assert_eq!(seen.age(at(13)), Duration::from_secs(1));
    }
}
