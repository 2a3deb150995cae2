//! What time it is: one that never jumps, to measure by, and the machine's, for what others read.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A source of time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    date: Timestamp,
    started: Instant,
    wall: Wall,
}

#[derive(Clone, Copy, Debug)]
enum Wall {
    Machine,
    Followed,
}

impl Clock {
    /// The machine's clock. What is measured by [`Clock::now`] does not change when somebody sets it.
    pub fn system() -> Self {
        Self { date: Timestamp::now(), started: Instant::now(), wall: Wall::Machine }
    }

    /// A clock that shows `date` now and follows tokio's time from here, paused or not.
    pub fn following(date: Timestamp) -> Self {
        Self { date, started: Instant::now(), wall: Wall::Followed }
    }

    /// The date at the start and the time since then: never jumps.
    pub fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.started.elapsed()).unwrap_or(SignedDuration::MAX);
        self.date.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// The date for stamps that other programs read and compare with their own clocks.
    pub fn wall(&self) -> Timestamp {
        match self.wall {
            Wall::Machine => Timestamp::now(),
            Wall::Followed => self.now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_following_clock_moves_with_tokios_time_and_by_nothing_else() {
        let date = Timestamp::from_second(1_000_000).unwrap();
        let clock = Clock::following(date);
        assert_eq!(clock.now(), date);
        tokio::time::advance(Duration::from_secs(86_400)).await;
        assert_eq!(clock.now(), date + SignedDuration::from_hours(24));
    }
}
