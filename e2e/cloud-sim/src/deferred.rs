//! Requests that were accepted and are applied much later, whether or not their client still waits.
use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::http::{Request, Response};

/// So many answers wait for clients that may have gone.
const MAX_ANSWERS: usize = 1000;

#[derive(Debug, Default)]
pub(crate) struct Deferred {
    waiting: BTreeMap<(Timestamp, u64), Request>,
    answers: BTreeMap<u64, Response>,
}

impl Deferred {
    /// Accepts a request, known by its number, that is applied when it is due.
    pub(crate) fn accept(&mut self, number: u64, request: Request, due: Timestamp) {
        self.waiting.insert((due, number), request);
    }

    /// The next request that is due.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<(Timestamp, u64, Request)> {
        let entry = self.waiting.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((due, number), request) = entry.remove_entry();
        Some((due, number, request))
    }

    pub(crate) fn finish(&mut self, number: u64, response: Response) {
        self.answers.insert(number, response);
        if self.answers.len() > MAX_ANSWERS {
            self.answers.pop_first();
        }
    }

    pub(crate) fn take_answer(&mut self, number: u64) -> Option<Response> {
        self.answers.remove(&number)
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}
