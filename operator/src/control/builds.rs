//! Creations under way: a place is taken before a creation is written down, so that many drivers at once keep the cloud's limit.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};

use gantry_plan::model::Key;

/// Hosts whose server is being asked for by this process, by cloud and UID.
#[derive(Clone, Debug, Default)]
pub struct Builds(Arc<Mutex<HashSet<(Key, String)>>>);

/// A place among a cloud's concurrent builds; given back when dropped, by which time the ledger counts the host.
#[derive(Debug)]
pub struct Place {
    builds: Builds,
    id: (Key, String),
}

impl Builds {
    /// Takes a place if fewer than `limit` are taken, where `written` are the UIDs of hosts that the ledger shows in creation.
    pub fn take(&self, cloud: &Key, uid: &str, limit: usize, written: impl IntoIterator<Item = String>) -> Option<Place> {
        let mut taken = self.lock();
        let mut all: HashSet<String> = taken.iter().filter(|(key, _)| key == cloud).map(|(_, uid)| uid.clone()).collect();
        all.extend(written);
        all.remove(uid);
        if all.len() >= limit {
            return None;
        }
        let id = (cloud.clone(), uid.to_owned());
        taken.insert(id.clone());
        Some(Place { builds: self.clone(), id })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<(Key, String)>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.builds.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_taken_and_places_written_down_count_once_each() {
        let (builds, cloud) = (Builds::default(), Key::new("apps", "main"));
        let none = || Vec::<String>::new();
        let first = builds.take(&cloud, "a", 2, none());
        let second = builds.take(&cloud, "b", 2, vec!["a".to_owned()]);
        assert!(first.is_some() && second.is_some());
        assert!(builds.take(&cloud, "c", 2, none()).is_none(), "two are under way");
        drop(first);
        assert!(builds.take(&cloud, "c", 2, vec!["a".to_owned()]).is_none(), "a is written down now");
        assert!(builds.take(&cloud, "c", 2, none()).is_some());
        assert!(builds.take(&Key::new("apps", "other"), "d", 1, none()).is_some(), "each cloud has its own limit");
    }
}
