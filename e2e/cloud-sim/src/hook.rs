//! A test's say in every request: it may let the cloud, or the way to it, die at any moment.
use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{http::Aborted, log::RequestInfo};

/// Where in its course a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It is about to be applied.
    Before,
    /// It was applied, or accepted to be applied later, and is about to be answered.
    After,
}

/// What becomes of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It takes its course.
    GoOn,
    /// The client gets no answer; before it was applied, it is not applied either.
    Drop,
}

/// Decides about every request, in both moments.
pub type Hook = Box<dyn Fn(&RequestInfo, Moment) -> Verdict + Send + Sync>;

/// The hook, if any.
#[derive(Default)]
pub(crate) struct Hooked(RwLock<Option<Arc<Hook>>>);

impl fmt::Debug for Hooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooked")
    }
}

impl Hooked {
    pub(crate) fn set(&self, hook: Option<Hook>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = hook.map(Arc::new);
    }

    /// Asks the hook, while no lock is held: it may ask the simulator anything.
    pub(crate) fn ask(&self, info: &RequestInfo, moment: Moment) -> Result<(), Aborted> {
        let hook = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        match hook.map_or(Verdict::GoOn, |hook| hook(info, moment)) {
            Verdict::GoOn => Ok(()),
            Verdict::Drop => Err(Aborted),
        }
    }
}
