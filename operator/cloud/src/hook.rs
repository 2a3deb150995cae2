//! What every request tells whoever counts them.

use crate::Priority;
use std::sync::Arc;
use std::time::Duration;

/// One HTTP request that was sent, or could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// `identity`, `compute`, `network`, `image` or `volume`.
    pub service: &'static str,
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// Name of the call, e.g. `create_server`.
    pub call: &'static str,
    /// `OK`, or [`crate::Error::category`].
    pub outcome: &'static str,
    /// From sending to the end of the answer.
    pub duration: Duration,
    /// How long the pacer held it back.
    pub wait: Duration,
    /// How urgent it was.
    pub priority: Priority,
}

/// Is told of every request; must not block.
pub trait Hook: Send + Sync + 'static {
    /// A request has ended.
    fn observe(&self, observation: &Observation);
}

impl<F: Fn(&Observation) + Send + Sync + 'static> Hook for F {
    fn observe(&self, observation: &Observation) {
        self(observation);
    }
}

/// A hook for those who do not count.
pub fn no_hook() -> Arc<dyn Hook> {
    Arc::new(|_: &Observation| {})
}
