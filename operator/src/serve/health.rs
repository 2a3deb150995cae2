//! Liveness: every essential loop beats when it completes a round; one that stands still too long makes the process unhealthy.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A loop that has not completed a round for this long is stuck: loops beat at least every 30 s, and every call that they make ends sooner.
pub const LIMIT: Duration = Duration::from_secs(120);

/// The beats of the essential loops.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<Mutex<BTreeMap<&'static str, Instant>>>);

/// A loop that stands still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// Its name.
    pub name: &'static str,
    /// Since its last beat.
    pub age: Duration,
}

impl Pulse {
    /// The loop `name` has completed a round; from its first beat on it is watched.
    pub fn beat(&self, name: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, Instant::now());
    }

    /// Loops that stand still.
    pub fn late(&self, now: Instant) -> Vec<Late> {
        let beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ages = beats.iter().map(|(name, beat)| Late { name, age: now.saturating_duration_since(*beat) });
        ages.filter(|l| l.age > LIMIT).collect()
    }
}
