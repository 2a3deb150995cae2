//! What failed a short while ago: left out of plans for a time that grows, then tried with one host before more are bought.

mod scope;

pub use scope::{Bought, OfferingKey, Scope};

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use gantry_crds::OfferingStatus;
use gantry_plan::model::Key;
use jiff::{SignedDuration, Timestamp};

/// First time that something is left out.
const BACKOFF_FIRST: SignedDuration = SignedDuration::from_secs(15);
/// Longest time.
const BACKOFF_LAST: SignedDuration = SignedDuration::from_mins(5);
/// So many failures in a row bring the longest time.
const LAST_COUNT: u32 = 6;
/// A failure this old is forgotten when the next one is counted.
const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// A trial whose Host is not there after this long never began.
const TRIAL_BEGINS: SignedDuration = SignedDuration::from_mins(1);
/// A trial is given up after this long: longer than a host may take for its volume, its server, and to join.
const TRIAL_LIMIT: SignedDuration = SignedDuration::from_mins(150);

/// Why and until when something is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Stable word.
    pub reason: String,
    /// OpenStack's words.
    pub message: String,
    /// Until then.
    pub until: Timestamp,
    count: u32,
    trial: Option<Trial>,
}

/// The one host that is bought before others are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Trial {
    host: Key,
    began: Timestamp,
}

impl Failed {
    /// For the status: the reason can be read back from it after a restart.
    pub fn told(&self) -> String {
        format!("{}: {}", self.reason, self.message)
    }

    /// Whether it counts now; a trial under way is told as such.
    fn counting(&self, now: Timestamp) -> Option<Self> {
        if self.until > now {
            return Some(self.clone());
        }
        let trial = self.trial.as_ref().filter(|trial| now.duration_since(trial.began) < TRIAL_LIMIT)?;
        let message = format!("{}; host {} is tried before more are bought", self.message, trial.host.name);
        Some(Self { message, until: whole_seconds(trial.began + TRIAL_LIMIT), ..self.clone() })
    }

    /// Whether one host must be tried first. A node that did not join once may be that node's own fault.
    fn is_on_probation(&self, now: Timestamp) -> bool {
        let needed = if scope::is_about_joining(&self.reason) { 2 } else { 1 };
        self.count >= needed && now.duration_since(self.until) < FORGET_AFTER
    }
}

/// The memory of failures.
#[derive(Debug, Default)]
pub struct Offerings(Mutex<HashMap<Scope, Failed>>);

impl Offerings {
    /// Counts a failure; the answer says until when how much is left out, `None` if the reason says nothing of the next host.
    pub fn failed(&self, bought: &Bought, reason: &str, message: &str, now: Timestamp) -> Option<Timestamp> {
        let scope = scope::of(bought, reason, message)?;
        let mut map = self.lock();
        let old = map.get(&scope).filter(|old| now.duration_since(old.until) < FORGET_AFTER);
        if let Some(old) = old.filter(|old| old.until > now) {
            // One of a burst that was asked for before the first failure was known: it says nothing new.
            return Some(old.until);
        }
        let count = old.map_or(0, |old| old.count).saturating_add(1);
        let until = whole_seconds(now + pause(count));
        map.insert(scope, Failed { reason: reason.into(), message: message.into(), until, count, trial: None });
        Some(until)
    }

    /// A host that was bought like this was built: flavor and zone can be had.
    pub fn launched(&self, bought: &Bought) {
        let pool = Scope::Pool(bought.pool.clone());
        self.lock().retain(|scope, failed| !(scope.covers(bought) && (*scope != pool || !scope::is_about_joining(&failed.reason))));
    }

    /// A host that was bought like this joined: everything about it works.
    pub fn joined(&self, bought: &Bought) {
        self.lock().retain(|scope, _| !scope.covers(bought));
    }

    /// The cloud's quota rose: what failed for quota is tried again at once.
    pub fn quota_rose(&self, cloud: &Key) {
        self.lock().retain(|scope, failed| scope.cloud() != cloud || failed.reason != "QuotaExceeded");
    }

    /// What an earlier process told of the cloud's offerings.
    pub fn restore(&self, cloud: &Key, told: &[OfferingStatus], now: Timestamp) {
        let mut map = self.lock();
        for offering in told.iter().filter(|offering| !offering.available) {
            let (Some(told), Some(text)) = (offering.until.as_ref().map(|until| until.0), &offering.reason) else { continue };
            let Some((reason, message)) = text.split_once(": ").filter(|_| told > now) else { continue };
            // A time beyond the longest pause is that of a trial: its pause is over.
            let until = if told > now + BACKOFF_LAST { now } else { told };
            let count = (1..=LAST_COUNT).find(|count| pause(*count) >= until.duration_since(now)).unwrap_or(LAST_COUNT);
            let key = OfferingKey { cloud: cloud.clone(), flavor: offering.flavor.clone(), zone: offering.zone.clone() };
            let failed = Failed { reason: reason.into(), message: message.into(), until, count, trial: None };
            map.entry(Scope::Offering(key)).or_insert(failed);
        }
    }

    /// The failure that leaves an offering out now.
    pub fn get(&self, key: &OfferingKey, now: Timestamp) -> Option<Failed> {
        let map = self.lock();
        key.scopes().iter().find_map(|scope| map.get(scope)?.counting(now))
    }

    /// The failure that holds a whole pool now.
    pub fn pool(&self, cloud: &Key, pool: &Key, now: Timestamp) -> Option<Failed> {
        let map = self.lock();
        map.get(&Scope::Pool(scope::PoolKey { cloud: cloud.clone(), pool: pool.clone() })).and_then(|failed| failed.counting(now))
    }

    /// Whether `host` may be bought now; if something failed before, it becomes the one that is tried.
    ///
    /// # Errors
    /// Why not.
    pub fn try_with(&self, bought: &Bought, host: &Key, now: Timestamp) -> Result<(), String> {
        let mut map = self.lock();
        let scopes: Vec<Scope> = bought.scopes().into_iter().filter(|scope| map.contains_key(scope)).collect();
        if let Some(failed) = scopes.iter().find_map(|scope| map.get(scope)?.counting(now)) {
            return Err(failed.message);
        }
        for scope in scopes {
            if let Some(failed) = map.get_mut(&scope).filter(|failed| failed.is_on_probation(now)) {
                failed.trial = Some(Trial { host: host.clone(), began: now });
            }
        }
        Ok(())
    }

    /// Why a host that nothing was asked for yet should not be: what it was bought as failed since.
    pub fn refuses(&self, bought: &Bought, host: &Key, now: Timestamp) -> Option<Failed> {
        let map = self.lock();
        let failed = bought.scopes().iter().find_map(|scope| map.get(scope)?.counting(now))?;
        failed.trial.as_ref().is_none_or(|trial| trial.host != *host).then_some(failed)
    }

    /// Ends trials whose Host is gone without a word: somebody deleted it.
    pub fn end_trials(&self, exists: impl Fn(&Key) -> bool, now: Timestamp) {
        for failed in self.lock().values_mut() {
            let begun = |trial: &Trial| exists(&trial.host) || now.duration_since(trial.began) < TRIAL_BEGINS;
            failed.trial = failed.trial.take().filter(begun);
        }
    }

    /// When the next offering returns.
    pub fn next_return(&self, now: Timestamp) -> Option<Timestamp> {
        self.lock().values().map(|failed| failed.until).filter(|until| *until > now).min()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Scope, Failed>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The pause after so many failures in a row.
fn pause(count: u32) -> SignedDuration {
    let factor = 1_i32.checked_shl(count.saturating_sub(1).min(16)).unwrap_or(i32::MAX);
    BACKOFF_FIRST.checked_mul(factor).unwrap_or(BACKOFF_LAST).min(BACKOFF_LAST)
}

/// As the API keeps times: the status would otherwise never equal what was written.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

#[cfg(test)]
mod tests;
