//! The simulator's time: the wall clock's date, moved on by a monotonic clock, so that it never goes backwards.
use std::time::Instant;

use jiff::{Timestamp, tz::TimeZone};

/// Time as all four services see it.
#[derive(Debug)]
pub(crate) struct Clock {
    base: Timestamp,
    started: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { base: Timestamp::now(), started: Instant::now() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.base.checked_add(self.started.elapsed()).unwrap_or(Timestamp::MAX)
    }
}

/// `2026-11-22T23:45:26Z`, as Nova and Glance print times.
pub(crate) fn seconds(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-11-22T23:45:26.000000`, as Nova prints times in instance actions and usage.
pub(crate) fn naive_micros(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.000000").to_string()
}

/// `2026-11-22T23:45:26.000000Z`, as Keystone prints times.
pub(crate) fn micros(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
