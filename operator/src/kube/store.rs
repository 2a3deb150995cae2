//! An informer's memory: the newest known version of every object of one kind, projected to what is needed.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use gantry_plan::model::Key;

/// An object as an informer keeps it.
#[derive(Debug)]
pub struct Entry<T> {
    /// UID.
    pub uid: String,
    /// `resourceVersion`, comparable as an integer (official since Kubernetes 1.35, true for etcd before).
    pub version: u64,
    /// The projection.
    pub value: T,
}

/// What a change did.
#[derive(Debug)]
pub struct Change<T> {
    /// Whether the projection differs from before.
    pub differs: bool,
    /// What was known before.
    pub old: Option<Arc<Entry<T>>>,
}

/// UIDs of deleted objects that are remembered, so that a late answer to a write does not bring one back.
const TOMBSTONES_MAX: usize = 10_000;

/// A complete view once [`Store::synced`]; never trusted before.
#[derive(Debug)]
pub struct Store<T> {
    inner: Mutex<Inner<T>>,
}

#[derive(Debug)]
struct Inner<T> {
    objects: BTreeMap<Key, Arc<Entry<T>>>,
    relist: Option<HashSet<Key>>,
    tombstones: Tombstones,
    synced: bool,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        let inner = Inner { objects: BTreeMap::new(), relist: None, tombstones: Tombstones::default(), synced: false };
        Self { inner: Mutex::new(inner) }
    }
}

impl<T: PartialEq> Store<T> {
    /// Whether one complete list has been seen.
    pub fn synced(&self) -> bool {
        self.lock().synced
    }

    /// The object, if it is known.
    pub fn get(&self, key: &Key) -> Option<Arc<Entry<T>>> {
        self.lock().objects.get(key).cloned()
    }

    /// All objects, in order of their keys.
    pub fn list(&self) -> Vec<(Key, Arc<Entry<T>>)> {
        self.lock().objects.iter().map(|(key, entry)| (key.clone(), entry.clone())).collect()
    }

    /// Something of each object, in order of their keys: without a copy of the keys.
    pub fn values<V>(&self, of: impl Fn(&Entry<T>) -> V) -> Vec<V> {
        self.lock().objects.values().map(|entry| of(entry)).collect()
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.lock().objects.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a version in, unless a newer one is known or the object is known to be deleted.
    pub fn apply(&self, key: Key, entry: Entry<T>) -> Change<T> {
        let mut inner = self.lock();
        if let Some(seen) = inner.relist.as_mut() {
            seen.insert(key.clone());
        }
        let old = inner.objects.get(&key).cloned();
        let stale = old.as_ref().is_some_and(|old| old.uid == entry.uid && old.version > entry.version)
            || inner.tombstones.uids.contains(&entry.uid);
        let differs = !stale && old.as_ref().is_none_or(|old| old.uid != entry.uid || old.value != entry.value);
        if !stale {
            inner.objects.insert(key, Arc::new(entry));
        }
        Change { differs, old }
    }

    /// Forgets an object that a watch reported as deleted.
    pub fn delete(&self, key: &Key, uid: &str) -> Change<T> {
        let mut inner = self.lock();
        inner.tombstones.bury(uid.to_owned());
        let ours = inner.objects.get(key).is_some_and(|entry| entry.uid == uid);
        let old = if ours { inner.objects.remove(key) } else { None };
        Change { differs: ours, old }
    }

    /// Forgets an object that is of no interest now and may be again.
    pub fn discard(&self, key: &Key) -> Change<T> {
        let old = self.lock().objects.remove(key);
        Change { differs: old.is_some(), old }
    }

    /// Notes that an object exists although it cannot be read: a list that shows it does not prove it gone.
    pub fn keep(&self, key: &Key) {
        if let Some(seen) = self.lock().relist.as_mut() {
            seen.insert(key.clone());
        }
    }

    /// A list begins: what it does not show will be forgotten at its end, not before.
    pub fn relist_begin(&self) {
        self.lock().relist = Some(HashSet::new());
    }

    /// A list is complete; the objects that it proved gone.
    pub fn relist_done(&self) -> Vec<(Key, Arc<Entry<T>>)> {
        let mut inner = self.lock();
        inner.synced = true;
        let Some(seen) = inner.relist.take() else { return Vec::new() };
        let gone: Vec<Key> = inner.objects.keys().filter(|key| !seen.contains(*key)).cloned().collect();
        let mut forgotten = Vec::with_capacity(gone.len());
        for key in gone {
            if let Some(entry) = inner.objects.remove(&key) {
                inner.tombstones.bury(entry.uid.clone());
                forgotten.push((key, entry));
            }
        }
        forgotten
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[derive(Debug, Default)]
struct Tombstones {
    uids: HashSet<String>,
    order: VecDeque<String>,
}

impl Tombstones {
    fn bury(&mut self, uid: String) {
        if self.order.len() >= TOMBSTONES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.uids.remove(&oldest);
        }
        if self.uids.insert(uid.clone()) {
            self.order.push_back(uid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::new("apps", "a")
    }

    fn entry(uid: &str, version: u64, value: i32) -> Entry<i32> {
        Entry { uid: uid.into(), version, value }
    }

    fn value(store: &Store<i32>) -> Option<i32> {
        store.get(&key()).map(|entry| entry.value)
    }

    #[test]
    fn an_older_version_never_replaces_a_newer_one() {
        let store = Store::default();
        store.apply(key(), entry("u", 5, 50));
        assert!(!store.apply(key(), entry("u", 4, 40)).differs);
        assert_eq!(value(&store), Some(50));
    }

    #[test]
    fn a_late_answer_does_not_bring_a_deleted_object_back() {
        let store = Store::default();
        store.apply(key(), entry("u", 5, 50));
        store.delete(&key(), "u");
        store.apply(key(), entry("u", 6, 60));
        assert_eq!(value(&store), None);
        store.apply(key(), entry("v", 7, 70));
        assert_eq!(value(&store), Some(70), "a namesake is another object");
    }

    #[test]
    fn deleting_a_predecessor_leaves_the_namesake() {
        let store = Store::default();
        store.apply(key(), entry("v", 7, 70));
        assert!(!store.delete(&key(), "u").differs);
        assert_eq!(value(&store), Some(70));
    }

    #[test]
    fn a_list_forgets_only_at_its_end_and_syncs_then() {
        let store = Store::default();
        store.apply(key(), entry("u", 5, 50));
        store.relist_begin();
        assert_eq!(value(&store), Some(50));
        assert!(!store.synced());
        assert_eq!(store.relist_done().len(), 1);
        assert!(store.synced());
        assert_eq!(value(&store), None);
    }

    #[test]
    fn what_we_wrote_during_a_list_is_not_forgotten_by_it() {
        let store = Store::default();
        store.relist_begin();
        store.apply(key(), entry("u", 9, 90));
        assert!(store.relist_done().is_empty());
        assert_eq!(value(&store), Some(90));
    }
}
