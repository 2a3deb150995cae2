//! A store's second way in: which objects belong to a word (a node's name, a host's name).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use gantry_plan::model::{Key, Name, Pod};
use jiff::Timestamp;

/// What an index holds: found again by its key.
pub trait Indexed: Clone {
    /// The object's name.
    fn key(&self) -> &Key;
}

impl Indexed for Key {
    fn key(&self) -> &Key {
        self
    }
}

/// A pod by itself, not by a copy of its key: with 150,000 of them it counts.
impl Indexed for Arc<Pod> {
    fn key(&self) -> &Key {
        &self.key
    }
}

/// Objects by word.
#[derive(Debug)]
pub struct Index<T>(Mutex<HashMap<Name, Vec<T>>>);

impl<T> Default for Index<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Indexed> Index<T> {
    /// The objects that belong to `word`, in order of their keys.
    pub fn get(&self, word: &str) -> Vec<T> {
        self.lock().get(word).cloned().unwrap_or_default()
    }

    /// The object belongs to `word` from now on, in place of what it was.
    pub fn put(&self, word: Name, object: T) {
        let mut map = self.lock();
        let objects = map.entry(word).or_default();
        match objects.binary_search_by(|other| other.key().cmp(object.key())) {
            Ok(at) => objects[at] = object,
            Err(at) => objects.insert(at, object),
        }
    }

    /// The object no longer belongs to `word`.
    pub fn remove(&self, word: &str, key: &Key) {
        let mut map = self.lock();
        let Some(objects) = map.get_mut(word) else { return };
        if let Ok(at) = objects.binary_search_by(|other| other.key().cmp(key)) {
            objects.remove(at);
        }
        if objects.is_empty() {
            map.remove(word);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Vec<T>>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Since when something holds of an object, to the millisecond: conditions in the API count in seconds.
#[derive(Debug, Default)]
pub struct Since(Mutex<HashMap<Key, Timestamp>>);

impl Since {
    /// It holds, or it does not (any more).
    pub fn note(&self, key: &Key, holds: bool, now: Timestamp) {
        let mut map = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if holds {
            map.entry(key.clone()).or_insert(now);
        } else {
            map.remove(key);
        }
    }

    /// Since when it holds.
    pub fn get(&self, key: &Key) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get(key).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_found_where_it_was_put_and_nowhere_else() {
        let index = Index::default();
        let (a, b) = (Key::new("ns", "a"), Key::new("ns", "b"));
        [&b, &a, &b].into_iter().for_each(|key| index.put("here".into(), key.clone()));
        assert_eq!((index.get("here"), index.get("there")), (vec![a.clone(), b.clone()], vec![]));
        index.remove("here", &a);
        index.remove("there", &b);
        assert_eq!(index.get("here"), [b]);
    }

    #[test]
    fn the_newest_version_of_a_pod_is_found() {
        let index = Index::default();
        let pod = |uid: &str| Arc::new(Pod { uid: uid.to_owned(), ..Pod::default() });
        ["old", "new"].into_iter().for_each(|uid| index.put("node".into(), pod(uid)));
        assert_eq!(index.get("node"), [pod("new")]);
    }
}
