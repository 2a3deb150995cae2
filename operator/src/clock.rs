//! What time it is: the machine's, or, where a whole day has to pass in a second, that of tokio's paused clock.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A source of wall-clock time.
#[derive(Clone, Copy, Debug, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    System,
    /// A date that moves on with tokio's clock.
    Following {
        /// The date at `started`.
        date: Timestamp,
        /// When it began to move.
        started: Instant,
    },
}

impl Clock {
    /// A clock that shows `date` now and follows tokio's time from here.
    pub fn following(date: Timestamp) -> Self {
        Self::Following { date, started: Instant::now() }
    }

    /// Wall-clock time.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Following { date, started } => {
                let passed = SignedDuration::try_from(started.elapsed()).unwrap_or(SignedDuration::MAX);
                date.checked_add(passed).unwrap_or(Timestamp::MAX)
            }
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
