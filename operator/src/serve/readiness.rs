//! Readiness: what has to be known before the operator may be relied on, and which of it is missing still.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Names of what is waited for.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<BTreeSet<&'static str>>>);

impl Readiness {
    /// Not ready before `name` is done.
    pub fn expect(&self, name: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
    }

    /// `name` is there.
    pub fn done(&self, name: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// What is not there yet; empty means ready.
    pub fn missing(&self) -> Vec<&'static str> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}
