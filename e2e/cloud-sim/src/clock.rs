//! The simulator's time: a date, moved on by a clock that never goes backwards.
use std::time::Instant;

use jiff::{Timestamp, tz::TimeZone};

/// What moves the time of a simulated cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The wall clock.
    Wall,
    /// The time of the tokio runtime, which a test may pause and move, from `base` on.
    Tokio {
        /// What the cloud takes for now when it is made.
        base: Timestamp,
    },
}

/// Time as all services see it.
#[derive(Debug)]
pub(crate) struct Time {
    base: Timestamp,
    since: Since,
}

#[derive(Debug)]
enum Since {
    Wall(Instant),
    Tokio(tokio::time::Instant),
}

impl Time {
    pub(crate) fn start(clock: Clock) -> Self {
        match clock {
            Clock::Wall => Self { base: Timestamp::now(), since: Since::Wall(Instant::now()) },
            Clock::Tokio { base } => Self { base, since: Since::Tokio(tokio::time::Instant::now()) },
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let elapsed = match self.since {
            Since::Wall(started) => started.elapsed(),
            Since::Tokio(started) => tokio::time::Instant::now().saturating_duration_since(started),
        };
        self.base.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}

/// `2026-11-22T23:45:26Z`, as Nova and Glance print times.
pub(crate) fn seconds(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-11-22T23:45Z`, the minute of a request.
pub(crate) fn minute(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%MZ").to_string()
}

/// `2026-11-22T23:45:26.000000`, as Nova and Cinder print times.
pub(crate) fn naive_micros(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.000000").to_string()
}

/// `2026-11-22T23:45:26.000000Z`, as Keystone prints times.
pub(crate) fn micros(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
