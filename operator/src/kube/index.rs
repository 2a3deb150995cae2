//! A store's second way in: which objects belong to a word (a node's name, a host's name).

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use gantry_plan::model::Key;
use jiff::Timestamp;

/// Keys by word.
#[derive(Debug, Default)]
pub struct Index(Mutex<HashMap<String, BTreeSet<Key>>>);

impl Index {
    /// The keys that belong to `word`.
    pub fn get(&self, word: &str) -> Vec<Key> {
        let map = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        map.get(word).map(|keys| keys.iter().cloned().collect()).unwrap_or_default()
    }

    /// `key` belonged to `old` and belongs to `new`.
    pub fn moved(&self, key: &Key, old: Option<&str>, new: Option<&str>) {
        let mut map = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(word) = old.filter(|_| old != new)
            && let Some(keys) = map.get_mut(word)
        {
            keys.remove(key);
            if keys.is_empty() {
                map.remove(word);
            }
        }
        if let Some(word) = new {
            map.entry(word.to_owned()).or_default().insert(key.clone());
        }
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
    fn a_key_is_found_where_it_moved_to_and_nowhere_else() {
        let index = Index::default();
        let key = Key::new("ns", "pod");
        index.moved(&key, None, Some("a"));
        index.moved(&key, Some("a"), Some("b"));
        assert_eq!((index.get("a"), index.get("b")), (vec![], vec![key.clone()]));
        index.moved(&key, Some("b"), None);
        assert_eq!(index.get("b"), vec![]);
    }
}
