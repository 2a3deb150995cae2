//! Random waits before another attempt: "full jitter" under a bound that doubles.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Bound of the wait before the second attempt.
const FIRST: Duration = Duration::from_millis(500);
/// Longest wait before another attempt, if the service does not ask for more.
const LIMIT: Duration = Duration::from_secs(8);

/// Makes the waits.
pub(crate) struct Jitter {
    random: Mutex<StdRng>,
    first: Duration,
}

impl Jitter {
    /// Waits that nobody can foretell.
    pub fn new() -> Self {
        Self { random: Mutex::new(StdRng::from_os_rng()), first: FIRST }
    }

    /// The same waits for the same seed, so that a run can be repeated.
    pub fn seeded(seed: u64) -> Self {
        Self { random: Mutex::new(StdRng::seed_from_u64(seed)), first: FIRST }
    }

    /// Shorter waits.
    #[cfg(test)]
    pub fn short() -> Self {
        Self { first: Duration::from_millis(2), ..Self::new() }
    }

    /// The wait after this many attempts.
    pub fn wait(&self, attempts: u32) -> Duration {
        let bound = self.first.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LIMIT);
        let share: f64 = self.random.lock().unwrap_or_else(PoisonError::into_inner).random();
        bound.mul_f64(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_spread_under_a_bound_that_doubles_and_ends() {
        let jitter = Jitter::seeded(7);
        let longest = |attempts| (0..2_000).map(|_| jitter.wait(attempts)).max().unwrap();
        for (attempts, bound_ms) in [(1, 500), (2, 1_000), (3, 2_000), (5, 8_000), (40, 8_000)] {
            let (longest, bound) = (longest(attempts), Duration::from_millis(bound_ms));
            assert!(longest <= bound && longest > bound.mul_f64(0.95), "{attempts}: {longest:?}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_waits_again() {
        let waits = |seed| (1..50).map(|i| Jitter::seeded(seed).wait(i)).collect::<Vec<_>>();
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
    }
}
