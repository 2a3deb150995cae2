//! The world's time: a date that moves with tokio's paused clock, and goes on where it was when a runtime was dropped.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

/// The date at which every world begins: a Monday in 2026.
pub const BEGINNING_S: i64 = 1_795_420_800;

/// Everybody's clock.
#[derive(Clone, Copy, Debug)]
pub struct WorldClock {
    date: Timestamp,
    started: Instant,
}

impl WorldClock {
    /// A clock that shows the beginning of time now.
    pub fn begin() -> Self {
        Self { date: Timestamp::from_second(BEGINNING_S).unwrap_or(Timestamp::UNIX_EPOCH), started: Instant::now() }
    }

    /// The machine's own time, for a world with a process in it that knows no other.
    pub fn wall() -> Self {
        Self { date: Timestamp::now(), started: Instant::now() }
    }

    /// What time it is in the world.
    pub fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.passed()).unwrap_or(SignedDuration::MAX);
        self.date.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// Since the beginning.
    pub fn passed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A paused runtime in which it is as late as `passed` after the clock began: instants of earlier runtimes stay in the past.
///
/// # Errors
/// If the machine gives no runtime.
pub fn runtime(clock: Option<(WorldClock, Duration)>) -> std::io::Result<Runtime> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build()?;
    if let Some((clock, passed)) = clock {
        runtime.block_on(async {
            let missing = passed.saturating_sub(clock.passed());
            tokio::time::advance(missing).await;
        });
    }
    Ok(runtime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_in_the_next_runtime() {
        let (clock, passed) = runtime(None).unwrap().block_on(async {
            let clock = WorldClock::begin();
            tokio::time::sleep(Duration::from_secs(3600)).await;
            (clock, clock.passed())
        });
        let later = runtime(Some((clock, passed))).unwrap().block_on(async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            clock.now()
        });
        assert_eq!(later.as_second(), BEGINNING_S + 3660);
    }
}
