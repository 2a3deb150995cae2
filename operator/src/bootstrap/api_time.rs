//! What time the API server has: it judges when a token ends, by its own clock and not by ours.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Clocks this close together count as the same: stamps have whole seconds, and answers take their time.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(5);

/// How far the API server's clock is ahead of ours, learned from the stamps that it puts on what we write.
#[derive(Debug, Default)]
pub struct ApiTime(Mutex<Option<SignedDuration>>);

impl ApiTime {
    /// The API server's time when ours is `wall`; ours, before anything was learned.
    pub fn now(&self, wall: Timestamp) -> Timestamp {
        let ahead = self.read().unwrap_or(SignedDuration::ZERO);
        wall.checked_add(ahead).unwrap_or(wall)
    }

    /// Whether it has ever been learned.
    pub fn is_known(&self) -> bool {
        self.read().is_some()
    }

    /// Learns from the answer to a creation that was sent at `wall`. Whether what was assumed at that time was wrong.
    pub fn learn_created(&self, answer: &ObjectMeta, wall: Timestamp) -> bool {
        self.learn(answer.creation_timestamp.as_ref().map(|time| time.0), wall)
    }

    /// The same from the answer to a change. An API server that tells no time of changes teaches nothing: the creation was long ago.
    pub fn learn_changed(&self, answer: &ObjectMeta, wall: Timestamp) -> bool {
        let changes = answer.managed_fields.iter().flatten().filter_map(|entry| entry.time.as_ref());
        self.learn(changes.map(|time| time.0).max(), wall)
    }

    fn learn(&self, stamp: Option<Timestamp>, wall: Timestamp) -> bool {
        let Some(stamp) = stamp else { return false };
        let assumed = self.now(wall);
        let ahead = stamp.duration_since(wall);
        let ahead = if ahead.abs() <= TOLERANCE { SignedDuration::ZERO } else { ahead };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        stamp.duration_since(assumed).abs() > TOLERANCE
    }

    fn read(&self) -> Option<SignedDuration> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, Time};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn created(seconds: i64) -> ObjectMeta {
        ObjectMeta { creation_timestamp: Some(Time(at(seconds))), ..ObjectMeta::default() }
    }

    #[test]
    fn t21_the_api_servers_clock_is_learned_and_followed() {
        let time = ApiTime::default();
        assert!(!time.is_known() && time.now(at(0)) == at(0));
        assert!(time.learn_created(&created(-172_800), at(0)), "two days behind");
        assert_eq!(time.now(at(10)), at(10 - 172_800));
        assert!(!time.learn_created(&created(60 - 172_800), at(60)), "as assumed");
        assert!(time.learn_created(&created(100), at(100)), "it was set right");
        assert_eq!(time.now(at(110)), at(110));
    }

    #[test]
    fn clocks_that_are_close_are_the_same_and_no_stamp_says_nothing() {
        let time = ApiTime::default();
        assert!(!time.learn_created(&ObjectMeta::default(), at(0)) && !time.is_known());
        assert!(!time.learn_created(&created(-3), at(0)) && time.is_known());
        assert_eq!(time.now(at(0)), at(0));
    }

    #[test]
    fn a_change_teaches_its_own_time_and_never_that_of_the_creation() {
        let (time, changed) = (ApiTime::default(), ManagedFieldsEntry { time: Some(Time(at(50))), ..ManagedFieldsEntry::default() });
        assert!(!time.learn_changed(&created(-90_000), at(0)) && !time.is_known(), "no time of changes is told");
        assert!(time.learn_changed(&ObjectMeta { managed_fields: Some(vec![changed]), ..created(-90_000) }, at(0)));
        assert_eq!(time.now(at(1)), at(51));
    }
}
