//! Hosts that joined and did not take what they were bought for: no more of their kind are bought for those pods before a time that grows.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard};

use gantry_plan::Finding;
use gantry_plan::model::{Key, Useless as Entry};
use jiff::{SignedDuration, Timestamp};

/// Pause after the first such host: what is in the way may go by itself, such as a taint that somebody lifts late.
const PAUSE_FIRST: SignedDuration = SignedDuration::from_secs(30);
/// Longest pause.
const PAUSE_LAST: SignedDuration = SignedDuration::from_hours(1);
/// With this many of them alive, none is added.
const SURPLUS_MAX: usize = 2;
/// What was found this long after its pause is forgotten.
const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(2);
/// Most that is remembered; with more, what ended first goes.
const REMEMBERED_MAX: usize = 1_000;

/// The memory of findings.
#[derive(Debug, Default)]
pub struct Useless(Mutex<HashMap<What, Found>>);

/// For which pods hosts of which flavor are no use.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct What {
    pool: Key,
    flavor: String,
    shape: u64,
}

#[derive(Clone, Debug)]
struct Found {
    /// Hosts of which it was found once and that are still there.
    counted: BTreeSet<Key>,
    /// Hosts of which the newest plan finds it.
    now: usize,
    /// How many hosts there ever were.
    count: u32,
    until: Timestamp,
    why: String,
}

impl Useless {
    /// Takes the findings of a plan; the answer is what is new, with the time until which none is bought. `is_there` tells of hosts.
    pub fn found<'a>(&self, findings: &'a [Finding], is_there: impl Fn(&Key) -> bool, now: Timestamp) -> Vec<(&'a Finding, Timestamp)> {
        let mut map = self.lock();
        for found in map.values_mut() {
            found.counted.retain(&is_there);
            found.now = 0;
        }
        let fresh = findings.iter().filter_map(|finding| count(&mut map, finding, now)).collect();
        for found in map.values_mut().filter(|found| found.now >= SURPLUS_MAX) {
            found.until = found.until.max(whole_seconds(now + pause(SURPLUS_MAX as u32)));
        }
        map.retain(|_, found| now.duration_since(found.until) < FORGET_AFTER);
        while map.len() > REMEMBERED_MAX {
            let Some(first) = map.iter().min_by_key(|(_, found)| found.until).map(|(what, _)| what.clone()) else { break };
            map.remove(&first);
        }
        fresh
    }

    /// What must not be bought for the pool now.
    pub fn of(&self, pool: &Key, now: Timestamp) -> Vec<Entry> {
        let map = self.lock();
        let mine = map.iter().filter(|(what, found)| what.pool == *pool && found.until > now);
        let entry = |(what, found): (&What, &Found)| Entry {
            shape: what.shape,
            flavor: what.flavor.clone(),
            until: found.until,
            why: found.why.clone(),
        };
        let mut entries: Vec<Entry> = mine.map(entry).collect();
        entries.sort_by(|a, b| (&a.flavor, a.shape).cmp(&(&b.flavor, b.shape)));
        entries
    }

    /// When the next of them may be bought again.
    pub fn next_return(&self, now: Timestamp) -> Option<Timestamp> {
        self.lock().values().map(|found| found.until).filter(|until| *until > now).min()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<What, Found>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn count<'a>(map: &mut HashMap<What, Found>, finding: &'a Finding, now: Timestamp) -> Option<(&'a Finding, Timestamp)> {
    let what = What { pool: finding.pool.clone(), flavor: finding.flavor.clone(), shape: finding.shape };
    let found = map.entry(what).or_insert_with(|| Found { counted: BTreeSet::new(), now: 0, count: 0, until: now, why: String::new() });
    found.now += 1;
    if !found.counted.insert(finding.host.clone()) {
        return None;
    }
    found.count = found.count.saturating_add(1);
    found.until = whole_seconds(now + pause(found.count));
    found.why.clone_from(&finding.why);
    Some((finding, found.until))
}

/// The pause after so many hosts.
fn pause(count: u32) -> SignedDuration {
    let factor = 1_i32.checked_shl(count.saturating_sub(1).min(16)).unwrap_or(i32::MAX);
    PAUSE_FIRST.checked_mul(factor).unwrap_or(PAUSE_LAST).min(PAUSE_LAST)
}

/// For people: nobody counts the parts of a second.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(host: &str) -> Finding {
        let pool = Key::new("apps", "general");
        Finding { host: Key::new("apps", host), pool, flavor: "m1.large".into(), shape: 7, why: "taint a=b:NoSchedule".into() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn until(useless: &Useless, now: i64) -> Option<i64> {
        useless.of(&Key::new("apps", "general"), at(now)).first().map(|entry| entry.until.as_second())
    }

    #[test]
    fn the_pause_doubles_with_each_host_and_a_host_counts_once() {
        let useless = Useless::default();
        let found = |hosts: &[&str], now| {
            let findings: Vec<Finding> = hosts.iter().map(|host| finding(host)).collect();
            useless.found(&findings, |_| false, at(now)).len()
        };
        assert_eq!((found(&["a"], 0), until(&useless, 1)), (1, Some(30)));
        assert_eq!((until(&useless, 31), found(&["b"], 100), until(&useless, 101)), (None, 1, Some(160)));
        assert_eq!((found(&["c"], 200), until(&useless, 201)), (1, Some(320)));
        (0..20).for_each(|n| assert_eq!(found(&[&format!("d{n}")], 1_000), 1));
        assert_eq!(until(&useless, 1_001), Some(1_000 + 3_600));
    }

    #[test]
    fn while_two_are_there_no_third_is_bought() {
        let useless = Useless::default();
        let both = [finding("a"), finding("b")];
        assert_eq!(useless.found(&both, |_| true, at(0)).len(), 2);
        assert_eq!(useless.found(&both, |_| true, at(5_000)).len(), 0);
        assert_eq!(until(&useless, 5_000), Some(5_060));
        useless.found(&both[..1], |_| true, at(5_050));
        assert_eq!((until(&useless, 5_059), until(&useless, 5_061)), (Some(5_060), None));
        assert_eq!(useless.found(&both, |_| true, at(6_000)).len(), 0, "each was counted");
    }

    #[test]
    fn what_is_over_for_long_is_forgotten() {
        let useless = Useless::default();
        useless.found(&[finding("a")], |_| false, at(0));
        useless.found(&[], |_| false, at(30 + 2 * 3_600));
        useless.found(&[finding("b")], |_| false, at(10_000));
        assert_eq!(until(&useless, 10_001), Some(10_030));
    }
}
