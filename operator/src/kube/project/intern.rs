//! One copy of what equal pods share: 150,000 pods of a few hundred templates are a few hundred specs.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use gantry_plan::model::{Labels, Name, PodSpec};

/// A table is not swept below this size.
const SWEEP_FROM: usize = 1_024;

/// What is in use.
#[derive(Debug, Default)]
pub struct Interner {
    specs: Table<Arc<PodSpec>>,
    labels: Table<Arc<Labels>>,
    names: Table<Name>,
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

    /// This name, shared.
    pub fn name(&self, name: String) -> Name {
        self.names.share(name)
    }
}

/// A pointer to something shared.
trait Shared: Clone + Eq + Hash + Borrow<Self::Value> + From<Self::Owned> {
    /// What it points to.
    type Value: Eq + Hash + ?Sized;
    /// The same before anybody shares it.
    type Owned: Borrow<Self::Value>;

    /// Whether anybody else has it.
    fn is_held(&self) -> bool;
}

impl<T: Eq + Hash> Shared for Arc<T> {
    type Value = T;
    type Owned = T;

    fn is_held(&self) -> bool {
        Arc::strong_count(self) > 1
    }
}

impl Shared for Name {
    type Value = str;
    type Owned = String;

    fn is_held(&self) -> bool {
        self.holders() > 1
    }
}

/// Values that somebody holds, and at most as many again that nobody does any more.
#[derive(Debug)]
struct Table<P>(Mutex<Inner<P>>);

#[derive(Debug)]
struct Inner<P> {
    values: HashSet<P>,
    sweep_at: usize,
}

impl<P> Default for Table<P> {
    fn default() -> Self {
        Self(Mutex::new(Inner { values: HashSet::new(), sweep_at: SWEEP_FROM }))
    }
}

impl<P: Shared> Table<P> {
    fn share(&self, value: P::Owned) -> P {
        let mut inner = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(known) = inner.values.get(value.borrow()) {
            return known.clone();
        }
        if inner.values.len() >= inner.sweep_at {
            inner.values.retain(Shared::is_held);
            inner.values.shrink_to_fit();
            inner.sweep_at = SWEEP_FROM.max(inner.values.len() * 2);
        }
        let shared = P::from(value);
        inner.values.insert(shared.clone());
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_one() {
        let table = Table::<Arc<&str>>::default();
        let (one, same, other) = (table.share("a"), table.share("a"), table.share("b"));
        assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
    }

    #[test]
    fn what_nobody_holds_is_swept_out_and_what_somebody_holds_stays() {
        let table = Table::<Arc<usize>>::default();
        let held = table.share(0);
        for value in 1..=SWEEP_FROM * 3 {
            table.share(value);
        }
        let count = table.0.lock().unwrap().values.len();
        assert!(count <= SWEEP_FROM + 1, "{count}");
        assert!(Arc::ptr_eq(&held, &table.share(0)));
    }
}
