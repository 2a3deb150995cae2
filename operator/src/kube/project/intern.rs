//! One copy of what equal pods share: 150,000 pods of a few hundred templates are a few hundred specs.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use gantry_plan::model::{Labels, PodSpec};

/// A table is not swept below this size.
const SWEEP_FROM: usize = 1_024;

/// Specs and labels that are in use.
#[derive(Debug, Default)]
pub struct Interner {
    specs: Table<PodSpec>,
    labels: Table<Labels>,
}

impl Interner {
    /// This spec, shared.
    pub fn spec(&self, spec: PodSpec) -> Arc<PodSpec> {
        self.specs.share(spec)
    }

    /// These labels, shared.
    pub fn labels(&self, labels: Labels) -> Arc<Labels> {
        self.labels.share(labels)
    }
}

/// Values that somebody holds, and at most as many again that nobody does any more.
#[derive(Debug)]
struct Table<T>(Mutex<Inner<T>>);

#[derive(Debug)]
struct Inner<T> {
    values: HashSet<Arc<T>>,
    sweep_at: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Mutex::new(Inner { values: HashSet::new(), sweep_at: SWEEP_FROM }))
    }
}

impl<T: Eq + Hash> Table<T> {
    fn share(&self, value: T) -> Arc<T> {
        let mut inner = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(known) = inner.values.get(&value) {
            return known.clone();
        }
        if inner.values.len() >= inner.sweep_at {
            inner.values.retain(|value| Arc::strong_count(value) > 1);
            inner.values.shrink_to_fit();
            inner.sweep_at = SWEEP_FROM.max(inner.values.len() * 2);
        }
        let shared = Arc::new(value);
        inner.values.insert(shared.clone());
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_one() {
        let table = Table::default();
        let (one, same, other) = (table.share("a"), table.share("a"), table.share("b"));
        assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
    }

    #[test]
    fn what_nobody_holds_is_swept_out_and_what_somebody_holds_stays() {
        let table = Table::default();
        let held = table.share(0);
        for value in 1..=SWEEP_FROM * 3 {
            table.share(value);
        }
        let count = table.0.lock().unwrap().values.len();
        assert!(count <= SWEEP_FROM + 1, "{count}");
        assert!(Arc::ptr_eq(&held, &table.share(0)));
    }
}
