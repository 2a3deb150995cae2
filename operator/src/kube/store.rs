//! An informer's memory: the newest known version of every object of one kind, projected to what is needed.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use gantry_plan::model::{Class, DaemonSet, Key, Labels, Node, Pod, Volume, VolumeClaim};

use super::csr::Csr;
use super::objects::Object;

/// What is kept of an object.
pub trait Kept: PartialEq {
    /// Name and UID, if the value itself has them: with 150,000 of them it counts what is kept twice.
    fn identity(&self) -> Option<(&Key, &str)> {
        None
    }
}

impl Kept for Arc<Pod> {
    fn identity(&self) -> Option<(&Key, &str)> {
        Some((&self.key, &self.uid))
    }
}

impl Kept for Node {}
impl Kept for Labels {}
impl Kept for VolumeClaim {}
impl Kept for Volume {}
impl Kept for Class {}
impl Kept for super::project::Drivers {}
impl Kept for bool {}
impl Kept for DaemonSet {}
impl Kept for Csr {}
impl<S: PartialEq, T: PartialEq> Kept for Object<S, T> {}

/// An object as an informer keeps it.
#[derive(Debug)]
pub struct Entry<T> {
    /// Whose it is, where the value does not say it.
    identity: Option<Box<(Key, String)>>,
    /// `resourceVersion`, comparable as an integer (official since Kubernetes 1.35, true for etcd before).
    pub version: u64,
    /// The projection.
    pub value: T,
}

impl<T: Kept> Entry<T> {
    /// A version of the object with this name and UID.
    pub fn new(key: Key, uid: String, version: u64, value: T) -> Self {
        let identity = if value.identity() == Some((&key, uid.as_str())) { None } else { Some(Box::new((key, uid))) };
        Self { identity, version, value }
    }

    /// Its name.
    pub fn key(&self) -> &Key {
        self.identity().0
    }

    /// UID.
    pub fn uid(&self) -> &str {
        self.identity().1
    }

    fn identity(&self) -> (&Key, &str) {
        let own = self.identity.as_deref().map(|(key, uid)| (key, uid.as_str()));
        own.or_else(|| self.value.identity()).unwrap_or((&NOBODY, ""))
    }
}

/// Of an entry that says nothing: [`Entry::new`] makes none.
static NOBODY: Key = Key { namespace: String::new(), name: String::new() };

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
pub struct Store<T: Kept> {
    inner: Mutex<Inner<T>>,
}

#[derive(Debug)]
struct Inner<T: Kept> {
    objects: BTreeSet<ByKey<T>>,
    /// During a list: what was known before it and has not been shown yet.
    unseen: Option<BTreeSet<ByKey<T>>>,
    tombstones: Tombstones,
    synced: bool,
}

/// An entry in its place: it is its own key.
#[derive(Debug)]
struct ByKey<T: Kept>(Arc<Entry<T>>);

impl<T: Kept> Clone for ByKey<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Kept> PartialEq for ByKey<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.key() == other.0.key()
    }
}

impl<T: Kept> Eq for ByKey<T> {}

impl<T: Kept> PartialOrd for ByKey<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Kept> Ord for ByKey<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.key().cmp(other.0.key())
    }
}

impl<T: Kept> Borrow<Key> for ByKey<T> {
    fn borrow(&self) -> &Key {
        self.0.key()
    }
}

impl<T: Kept> Default for Store<T> {
    fn default() -> Self {
        let inner = Inner { objects: BTreeSet::new(), unseen: None, tombstones: Tombstones::default(), synced: false };
        Self { inner: Mutex::new(inner) }
    }
}

impl<T: Kept> Store<T> {
    /// Whether one complete list has been seen.
    pub fn synced(&self) -> bool {
        self.lock().synced
    }

    /// The object, if it is known.
    pub fn get(&self, key: &Key) -> Option<Arc<Entry<T>>> {
        self.lock().objects.get(key).map(|known| known.0.clone())
    }

    /// All objects, in order of their keys.
    pub fn list(&self) -> Vec<(Key, Arc<Entry<T>>)> {
        self.lock().objects.iter().map(|known| (known.0.key().clone(), known.0.clone())).collect()
    }

    /// Something of each object, in order of their keys: without a copy of the keys.
    pub fn values<V>(&self, of: impl Fn(&Entry<T>) -> V) -> Vec<V> {
        self.lock().objects.iter().map(|known| of(&known.0)).collect()
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
    pub fn apply(&self, entry: Entry<T>) -> Change<T> {
        let mut inner = self.lock();
        inner.seen(entry.key());
        let old = inner.objects.get(entry.key()).map(|known| known.0.clone());
        let stale = old.as_ref().is_some_and(|old| old.uid() == entry.uid() && old.version > entry.version)
            || inner.tombstones.uids.contains(entry.uid());
        let differs = !stale && old.as_ref().is_none_or(|old| old.uid() != entry.uid() || old.value != entry.value);
        if !stale {
            inner.objects.replace(ByKey(Arc::new(entry)));
        }
        Change { differs, old }
    }

    /// Forgets an object that a watch reported as deleted.
    pub fn delete(&self, key: &Key, uid: &str) -> Change<T> {
        let mut inner = self.lock();
        inner.tombstones.bury(uid.to_owned());
        let ours = inner.objects.get(key).is_some_and(|known| known.0.uid() == uid);
        let old = if ours { inner.objects.take(key).map(|known| known.0) } else { None };
        Change { differs: ours, old }
    }

    /// Forgets an object that is of no interest now and may be again.
    pub fn discard(&self, key: &Key) -> Change<T> {
        let old = self.lock().objects.take(key).map(|known| known.0);
        Change { differs: old.is_some(), old }
    }

    /// Notes that an object exists although it cannot be read: a list that shows it does not prove it gone.
    pub fn keep(&self, key: &Key) {
        self.lock().seen(key);
    }

    /// A list begins: what it does not show will be forgotten at its end, not before.
    pub fn relist_begin(&self) {
        let mut inner = self.lock();
        inner.unseen = Some(inner.objects.clone());
    }

    /// A list is complete; the objects that it proved gone.
    pub fn relist_done(&self) -> Vec<Arc<Entry<T>>> {
        let mut inner = self.lock();
        inner.synced = true;
        let unseen = inner.unseen.take().unwrap_or_default();
        let mut forgotten = Vec::with_capacity(unseen.len());
        for gone in unseen {
            if let Some(known) = inner.objects.take(gone.0.key()) {
                inner.tombstones.bury(known.0.uid().to_owned());
                forgotten.push(known.0);
            }
        }
        forgotten
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl<T: Kept> Inner<T> {
    fn seen(&mut self, key: &Key) {
        if let Some(unseen) = self.unseen.as_mut() {
            unseen.remove(key);
        }
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

    impl Kept for i32 {}

    fn entry(uid: &str, version: u64, value: i32) -> Entry<i32> {
        Entry::new(key(), uid.into(), version, value)
    }

    fn value(store: &Store<i32>) -> Option<i32> {
        store.get(&key()).map(|entry| entry.value)
    }

    #[test]
    fn an_older_version_never_replaces_a_newer_one() {
        let store = Store::default();
        store.apply(entry("u", 5, 50));
        assert!(!store.apply(entry("u", 4, 40)).differs);
        assert_eq!(value(&store), Some(50));
    }

    #[test]
    fn a_late_answer_does_not_bring_a_deleted_object_back() {
        let store = Store::default();
        store.apply(entry("u", 5, 50));
        store.delete(&key(), "u");
        store.apply(entry("u", 6, 60));
        assert_eq!(value(&store), None);
        store.apply(entry("v", 7, 70));
        assert_eq!(value(&store), Some(70), "a namesake is another object");
    }

    #[test]
    fn deleting_a_predecessor_leaves_the_namesake() {
        let store = Store::default();
        store.apply(entry("v", 7, 70));
        assert!(!store.delete(&key(), "u").differs);
        assert_eq!(value(&store), Some(70));
    }

    #[test]
    fn a_list_forgets_only_at_its_end_and_syncs_then() {
        let store = Store::default();
        store.apply(entry("u", 5, 50));
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
        store.apply(entry("u", 9, 90));
        assert!(store.relist_done().is_empty());
        assert_eq!(value(&store), Some(90));
    }

    #[test]
    fn what_the_value_says_of_itself_is_not_kept_again() {
        let pod = |name: &str| Arc::new(Pod { key: key(), uid: name.to_owned(), ..Pod::default() });
        let (same, other) = (Entry::new(key(), "u".into(), 1, pod("u")), Entry::new(key(), "u".into(), 1, pod("v")));
        assert_eq!((same.key(), same.uid(), same.identity.is_none()), (&key(), "u", true));
        assert_eq!((other.key(), other.uid()), (&key(), "u"));
    }
}
