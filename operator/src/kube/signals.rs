//! How a change reaches the loops: a dirty mark for planning, a queue of hosts for the driver, a poke for certificate requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use gantry_plan::model::Key;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A mark that something changed.
#[derive(Clone, Debug, Default)]
pub struct Dirty {
    notify: Arc<Notify>,
    burst: Arc<Mutex<Burst>>,
}

impl Dirty {
    /// Marks.
    pub fn mark(&self) {
        self.note(|burst| &mut burst.changes);
    }

    /// Marks that somebody waits for what comes of the change.
    pub fn mark_waiting(&self) {
        self.note(|burst| &mut burst.waiting);
    }

    /// Waits for a mark; one set before the call counts.
    pub async fn marked(&self) {
        self.notify.notified().await;
    }

    /// Marks since the last [`Self::begin`].
    pub fn burst(&self) -> Burst {
        *self.burst.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What was marked is looked at from now on; later marks are for the next look.
    pub fn begin(&self) {
        *self.burst.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Burst::default();
    }

    fn note(&self, which: impl FnOnce(&mut Burst) -> &mut Option<Span>) {
        let now = Instant::now();
        let mut burst = self.burst.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let span = which(&mut burst);
        *span = Some(Span { first: span.map_or(now, |span| span.first), last: now });
        drop(burst);
        self.notify.notify_one();
    }
}

/// Marks that have not been looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Burst {
    changes: Option<Span>,
    waiting: Option<Span>,
}

/// First and last mark of a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: Instant,
    last: Instant,
}

impl Burst {
    /// When to look: after `quiet` without a mark, but no later than `longest` after the first. Where somebody waits, only such marks
    /// count: in a busy cluster other changes never end. `None`: nothing was marked.
    pub fn due(&self, quiet: Duration, longest: Duration) -> Option<Instant> {
        let span = self.waiting.or(self.changes)?;
        Some((span.last + quiet).min(span.first + longest))
    }
}

/// Keys to work on: each at most once at a time, again if it was asked for meanwhile, and later if asked for later.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    inner: Arc<Mutex<Inner>>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Inner {
    due: BTreeMap<Key, Instant>,
    /// What is due and not running, soonest first: with thousands of hosts a search for the soonest would take longer than the work.
    order: BTreeSet<(Instant, Key)>,
    running: BTreeSet<Key>,
}

impl Queue {
    /// Work on `key` now.
    pub fn add(&self, key: Key) {
        self.add_after(key, Duration::ZERO);
    }

    /// Work on `key` after `delay`, or earlier if that was asked for before.
    pub fn add_after(&self, key: Key, delay: Duration) {
        let at = Instant::now() + delay;
        self.lock().ask(key, at);
        self.changed.notify_one();
    }

    /// The next key that is due; it counts as running until [`Queue::done`].
    pub async fn next(&self) -> Key {
        loop {
            let soonest = match self.lock().take(Instant::now()) {
                Ok(key) => return key,
                Err(soonest) => soonest,
            };
            let sleep = async {
                match soonest {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = sleep => {}
            }
        }
    }

    /// Work on `key` ended.
    pub fn done(&self, key: &Key) {
        self.lock().done(key);
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Inner {
    fn ask(&mut self, key: Key, at: Instant) {
        let before = self.due.get(&key).copied();
        if before.is_some_and(|before| before <= at) {
            return;
        }
        self.due.insert(key.clone(), at);
        if let Some(before) = before {
            self.order.remove(&(before, key.clone()));
        }
        if !self.running.contains(&key) {
            self.order.insert((at, key));
        }
    }

    /// A due key that nobody works on, or when the next one will be due.
    fn take(&mut self, now: Instant) -> Result<Key, Option<Instant>> {
        let Some((at, _)) = self.order.first() else { return Err(None) };
        if *at > now {
            return Err(Some(*at));
        }
        let Some((_, key)) = self.order.pop_first() else { return Err(None) };
        self.due.remove(&key);
        self.running.insert(key.clone());
        Ok(key)
    }

    fn done(&mut self, key: &Key) {
        self.running.remove(key);
        if let Some(at) = self.due.get(key) {
            self.order.insert((*at, key.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_over_when_it_is_quiet_or_has_lasted_and_who_waits_counts_alone() {
        const QUIET: Duration = Duration::from_millis(200);
        const LONGEST: Duration = Duration::from_secs(1);
        let (dirty, start) = (Dirty::default(), Instant::now());
        let due = |dirty: &Dirty| dirty.burst().due(QUIET, LONGEST).map(|at| at.duration_since(start).as_millis());
        assert_eq!(due(&dirty), None);
        dirty.mark();
        assert_eq!(due(&dirty), Some(200));
        tokio::time::advance(Duration::from_millis(900)).await;
        dirty.mark();
        assert_eq!(due(&dirty), Some(1000), "the longest counts from the first");
        dirty.mark_waiting();
        assert_eq!(due(&dirty), Some(1100));
        tokio::time::advance(Duration::from_millis(150)).await;
        dirty.mark();
        assert_eq!(due(&dirty), Some(1100), "a change for which nobody waits delays nothing");
        dirty.begin();
        assert_eq!(due(&dirty), None);
    }

    fn key(name: &str) -> Key {
        Key::new("ns", name)
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_is_worked_on_once_at_a_time_and_again_if_asked_meanwhile() {
        let queue = Queue::default();
        queue.add(key("a"));
        queue.add(key("a"));
        assert_eq!(queue.next().await, key("a"));
        queue.add(key("a"));
        queue.add(key("b"));
        assert_eq!(queue.next().await, key("b"), "a is running");
        queue.done(&key("a"));
        assert_eq!(queue.next().await, key("a"));
    }

    #[tokio::test(start_paused = true)]
    async fn the_earlier_of_two_times_counts() {
        let queue = Queue::default();
        let start = Instant::now();
        queue.add_after(key("a"), Duration::from_secs(60));
        queue.add_after(key("a"), Duration::from_secs(5));
        queue.add_after(key("a"), Duration::from_secs(30));
        assert_eq!(queue.next().await, key("a"));
        assert_eq!(start.elapsed().as_secs(), 5);
    }
}
