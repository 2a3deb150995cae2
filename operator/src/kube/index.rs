//! A store's second way in: which objects belong to a word (a node's name, a host's name).

use std::collections::HashMap;
use std::sync::Mutex;

use gantry_plan::model::Key;
use jiff::Timestamp;

/// Keys by word, each as one short text: with 150,000 pods it counts what a key takes.
#[derive(Debug, Default)]
pub struct Index(Mutex<HashMap<String, Vec<Box<str>>>>);

impl Index {
    /// The keys that belong to `word`, in order.
    pub fn get(&self, word: &str) -> Vec<Key> {
        let map = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        map.get(word).map(|keys| keys.iter().map(|key| unpacked(key)).collect()).unwrap_or_default()
    }

    /// `key` belonged to `old` and belongs to `new`.
    pub fn moved(&self, key: &Key, old: Option<&str>, new: Option<&str>) {
        let mut map = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let packed = packed(key);
        if let Some(word) = old.filter(|_| old != new)
            && let Some(keys) = map.get_mut(word)
        {
            if let Ok(at) = keys.binary_search(&packed) {
                keys.remove(at);
            }
            if keys.is_empty() {
                map.remove(word);
            }
        }
        if let Some(word) = new {
            let keys = map.entry(word.to_owned()).or_default();
            if let Err(at) = keys.binary_search(&packed) {
                keys.insert(at, packed);
            }
        }
    }
}

/// Neither a namespace nor a name has a slash.
fn packed(key: &Key) -> Box<str> {
    format!("{}/{}", key.namespace, key.name).into()
}

fn unpacked(text: &str) -> Key {
    text.split_once('/').map_or_else(|| Key::new("", text), |(namespace, name)| Key::new(namespace, name))
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
