//! Creations under way: a place is taken before a creation is written down, so that many drivers at once keep the cloud's limit.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use gantry_plan::model::Key;
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

/// What the ledger shows is gathered at most this often: hundreds of hosts may wait for a place, and thousands be looked through.
const GATHERED_EVERY: Duration = Duration::from_millis(250);

/// Clouds and server groups that are remembered; those in which nothing is under way are gathered anew.
const LANES_MAX: usize = 1024;

/// Creations under way in this process.
#[derive(Clone, Debug, Default)]
pub struct Builds {
    lanes: Arc<Mutex<HashMap<Key, Lane>>>,
    turns: Arc<Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>>,
}

/// Hosts whose server is being asked for, by UID.
#[derive(Debug, Default)]
struct Lane {
    taken: HashSet<String>,
    /// What the ledger showed then, and those that gave their place back since.
    written: HashSet<String>,
    gathered: Option<Instant>,
}

/// A place among concurrent builds; given back when dropped, by which time the ledger counts the host.
#[derive(Debug)]
pub struct Place {
    builds: Builds,
    of: Key,
    uid: String,
}

impl Builds {
    /// Takes one of the places of a cloud (or of a server group) if fewer than `limit` are taken; `written` are the UIDs of hosts that the
    /// ledger shows in creation.
    pub fn take(&self, of: &Key, uid: &str, limit: usize, written: impl FnOnce() -> Vec<String>) -> Option<Place> {
        let mut lanes = self.lock();
        if lanes.len() >= LANES_MAX {
            lanes.retain(|key, lane| key == of || !lane.taken.is_empty());
        }
        let lane = lanes.entry(of.clone()).or_default();
        if lane.gathered.is_none_or(|at| at.elapsed() >= GATHERED_EVERY) {
            (lane.written, lane.gathered) = (written().into_iter().collect(), Some(Instant::now()));
        }
        let others = lane.taken.union(&lane.written).filter(|other| *other != uid).count();
        if others >= limit {
            return None;
        }
        lane.taken.insert(uid.to_owned());
        Some(Place { builds: self.clone(), of: of.clone(), uid: uid.to_owned() })
    }

    /// Waits for the one turn in this cloud: what must see all that was recorded before is done in turn.
    pub async fn turn(&self, cloud: &Key) -> OwnedMutexGuard<()> {
        let turn = self.turns.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).entry(cloud.clone()).or_default().clone();
        turn.lock_owned().await
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Lane>> {
        self.lanes.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(lane) = self.builds.lock().get_mut(&self.of) {
            lane.taken.remove(&self.uid);
            lane.written.insert(std::mem::take(&mut self.uid));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(uids: &[&str]) -> impl FnOnce() -> Vec<String> {
        let uids = uids.iter().map(|uid| (*uid).to_owned()).collect();
        move || uids
    }

    #[tokio::test(start_paused = true)]
    async fn places_taken_and_places_written_down_count_once_each() {
        let (builds, cloud) = (Builds::default(), Key::new("apps", "main"));
        let first = builds.take(&cloud, "a", 2, written(&[]));
        tokio::time::advance(GATHERED_EVERY).await;
        let second = builds.take(&cloud, "b", 2, written(&["a"]));
        assert!(first.is_some() && second.is_some());
        assert!(builds.take(&cloud, "c", 2, written(&[])).is_none(), "two are under way");
        drop(first);
        assert!(builds.take(&cloud, "c", 2, written(&[])).is_none(), "a was just written down");
        tokio::time::advance(GATHERED_EVERY).await;
        assert!(builds.take(&cloud, "c", 2, written(&["a"])).is_none(), "and is in the ledger");
        tokio::time::advance(GATHERED_EVERY).await;
        assert!(builds.take(&cloud, "c", 2, written(&[])).is_some());
        assert!(builds.take(&Key::new("apps", "other"), "d", 1, written(&[])).is_some(), "each cloud has its own limit");
    }

    #[tokio::test(start_paused = true)]
    async fn the_ledger_is_looked_through_a_few_times_a_second_however_many_wait() {
        let (builds, cloud, mut looks) = (Builds::default(), Key::new("apps", "main"), 0);
        for _ in 0..1000 {
            builds.take(&cloud, "a", 0, || {
                looks += 1;
                vec![]
            });
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert_eq!(looks, 4);
    }

    #[tokio::test]
    async fn one_turn_at_a_time_in_a_cloud() {
        let (builds, cloud) = (Builds::default(), Key::new("apps", "main"));
        let turn = builds.turn(&cloud).await;
        assert!(tokio::time::timeout(Duration::from_millis(5), builds.turn(&cloud)).await.is_err());
        builds.turn(&Key::new("apps", "other")).await;
        drop(turn);
        builds.turn(&cloud).await;
    }
}
