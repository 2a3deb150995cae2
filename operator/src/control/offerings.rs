//! What failed a short while ago, per cloud, flavor and zone: left out of plans for a time that grows.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use gantry_plan::model::Key;
use jiff::{SignedDuration, Timestamp};

/// First time that an offering is left out.
const BACKOFF_FIRST: SignedDuration = SignedDuration::from_secs(15);
/// Longest time.
const BACKOFF_LAST: SignedDuration = SignedDuration::from_mins(5);
/// A failure this old is forgotten when the next one is counted.
const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// A cloud's flavor in a zone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OfferingKey {
    /// The cloud.
    pub cloud: Key,
    /// Flavor name.
    pub flavor: String,
    /// Zone.
    pub zone: String,
}

/// Why and until when an offering is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Stable word.
    pub reason: String,
    /// OpenStack's words.
    pub message: String,
    /// Until then.
    pub until: Timestamp,
    count: u32,
}

/// The memory of failures.
#[derive(Debug, Default)]
pub struct Offerings(Mutex<HashMap<OfferingKey, Failed>>);

impl Offerings {
    /// Counts a failure; the answer says until when the offering is left out.
    pub fn failed(&self, key: OfferingKey, reason: &str, message: &str, now: Timestamp) -> Timestamp {
        let mut map = self.lock();
        if let Some(old) = map.get(&key).filter(|old| old.until > now) {
            // One of a burst that was asked for before the first failure was known: it says nothing new.
            return old.until;
        }
        let before = map.get(&key).filter(|old| now.duration_since(old.until) < FORGET_AFTER).map_or(0, |old| old.count);
        let factor = 1_i32.checked_shl(before.min(16)).unwrap_or(i32::MAX);
        let pause = BACKOFF_FIRST.checked_mul(factor).unwrap_or(BACKOFF_LAST).min(BACKOFF_LAST);
        // Whole seconds, as the API keeps it: the status would otherwise never equal what was written.
        let until = Timestamp::from_second((now + pause).as_second()).unwrap_or(now);
        map.insert(key, Failed { reason: reason.into(), message: message.into(), until, count: before + 1 });
        until
    }

    /// A host of this offering joined: it can be had, and it works.
    pub fn succeeded(&self, key: &OfferingKey) {
        self.lock().remove(key);
    }

    /// The cloud's quota rose: what failed for quota is tried again at once.
    pub fn quota_rose(&self, cloud: &Key) {
        self.lock().retain(|key, failed| key.cloud != *cloud || failed.reason != "QuotaExceeded");
    }

    /// The failure, while it counts.
    pub fn get(&self, key: &OfferingKey, now: Timestamp) -> Option<Failed> {
        self.lock().get(key).filter(|failed| failed.until > now).cloned()
    }

    /// When the next offering returns.
    pub fn next_return(&self, now: Timestamp) -> Option<Timestamp> {
        self.lock().values().map(|failed| failed.until).filter(|until| *until > now).min()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OfferingKey, Failed>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> OfferingKey {
        OfferingKey { cloud: Key::new("apps", "main"), flavor: "m1.large".into(), zone: "az1".into() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_pause_doubles_up_to_its_limit_and_success_ends_it() {
        let offerings = Offerings::default();
        let mut now = 0;
        let pauses = (0..7).map(|_| {
            let until = offerings.failed(key(), "NoValidHost", "m", at(now)).as_second();
            let pause = until - now;
            now = until;
            pause
        });
        let pauses: Vec<i64> = pauses.collect();
        assert_eq!(pauses, [15, 30, 60, 120, 240, 300, 300]);
        assert!(offerings.get(&key(), at(now - 1)).is_some());
        assert!(offerings.get(&key(), at(now)).is_none());
        offerings.succeeded(&key());
        assert_eq!(offerings.failed(key(), "NoValidHost", "m", at(now)).as_second(), now + 15);
    }

    #[test]
    fn a_burst_of_failures_counts_once() {
        let offerings = Offerings::default();
        let until: Vec<i64> = (0..10).map(|_| offerings.failed(key(), "NoValidHost", "m", at(0)).as_second()).collect();
        assert_eq!(until, [15; 10]);
    }

    #[test]
    fn a_risen_quota_ends_only_pauses_for_quota() {
        let offerings = Offerings::default();
        let other = OfferingKey { zone: "az2".into(), ..key() };
        offerings.failed(key(), "QuotaExceeded", "m", at(0));
        offerings.failed(other.clone(), "NoValidHost", "m", at(0));
        offerings.quota_rose(&key().cloud);
        assert!(offerings.get(&key(), at(1)).is_none() && offerings.get(&other, at(1)).is_some());
    }
}
