//! Spreads the calls of one cloud over time: so many a second, so many at once, urgent ones first.

use crate::{Error, Priority, Result};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How hard one cloud may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pacing {
    /// Requests per second, with bursts of one second's worth; at least 1.
    pub requests_per_second: u32,
    /// Requests on the way at once; at least 1.
    pub in_flight: u32,
}

impl Default for Pacing {
    fn default() -> Self {
        Self { requests_per_second: 20, in_flight: 20 }
    }
}

/// Most callers that wait at once.
const QUEUE_LIMIT: usize = 20_000;
/// Longest wait for one's turn.
const WAIT_LIMIT: Duration = Duration::from_secs(120);
/// Longest pause that a service can ask for.
const PAUSE_LIMIT: Duration = Duration::from_secs(60);

/// One per cloud.
pub(crate) struct Pacer {
    pacing: Pacing,
    state: Mutex<State>,
}

struct State {
    /// Whole requests that may start now.
    tokens: f64,
    counted_at: Instant,
    paused_until: Instant,
    in_flight: u32,
    next_ticket: u64,
    waiting: BTreeMap<Ticket, Arc<Notify>>,
}

/// Place in the queue: urgency first, then arrival.
type Ticket = (Priority, u64);

/// What a waiting caller has to do next.
enum Turn {
    Mine,
    At(Instant),
    WhenTold,
}

impl Pacer {
    pub fn new(pacing: Pacing) -> Self {
        let pacing = Pacing { requests_per_second: pacing.requests_per_second.max(1), in_flight: pacing.in_flight.max(1) };
        let now = Instant::now();
        let state = State {
            tokens: f64::from(pacing.requests_per_second),
            counted_at: now,
            paused_until: now,
            in_flight: 0,
            next_ticket: 0,
            waiting: BTreeMap::new(),
        };
        Self { pacing, state: Mutex::new(state) }
    }

    /// Waits for a turn, but not to `send_before`; the turn ends when the [`Slot`] is dropped.
    ///
    /// # Errors
    /// [`Error::OverLimit`] if the queue is full or the turn does not come in time, [`Error::NotSent`] if `send_before` passes.
    pub async fn turn(&self, priority: Priority, send_before: Option<Instant>) -> Result<Slot<'_>> {
        let place = self.queue(priority)?;
        let limit = Instant::now() + WAIT_LIMIT;
        let end = send_before.map_or(limit, |end| end.min(limit));
        let turn = timeout_at(end, place.wait()).await;
        if send_before.is_some_and(|end| Instant::now() >= end) {
            return Err(turn.map_or_else(|_| too_late(), |()| self.give_back()));
        }
        turn.map(|()| Slot { pacer: self }).map_err(|_| self.over_limit("a request waited too long for its turn"))
    }

    /// A turn that came too late is the next one's.
    fn give_back(&self) -> Error {
        drop(Slot { pacer: self });
        too_late()
    }

    /// Lets no request start for a while: the service asked for it.
    pub fn pause(&self, pause: Duration) {
        let until = Instant::now() + pause.min(PAUSE_LIMIT);
        let mut state = self.lock();
        state.paused_until = state.paused_until.max(until);
    }

    fn queue(&self, priority: Priority) -> Result<Place<'_>> {
        let mut state = self.lock();
        if state.waiting.len() >= QUEUE_LIMIT {
            drop(state);
            return Err(self.over_limit("too many requests wait already"));
        }
        let ticket = (priority, state.next_ticket);
        state.next_ticket += 1;
        let told = Arc::new(Notify::new());
        state.waiting.insert(ticket, told.clone());
        Ok(Place { pacer: self, ticket, told })
    }

    fn over_limit(&self, why: &str) -> Error {
        let rate = self.pacing.requests_per_second;
        let message = format!("{why}: this cloud is paced at {rate} requests per second; raise spec.pacing if the cloud can take more");
        Error::OverLimit { retry_after: None, message, request_id: None }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn too_late() -> Error {
    let message = "the turn of a creation came after the time until which it might be sent, so nothing was sent".to_owned();
    Error::NotSent { message }
}

impl State {
    fn turn(&mut self, ticket: Ticket, pacing: Pacing, now: Instant) -> Turn {
        if self.waiting.keys().next() != Some(&ticket) || self.in_flight >= room(ticket.0, pacing) {
            return Turn::WhenTold;
        }
        if now < self.paused_until {
            return Turn::At(self.paused_until);
        }
        let rate = f64::from(pacing.requests_per_second);
        let earned = now.duration_since(self.counted_at).as_secs_f64() * rate;
        self.tokens = (self.tokens + earned).min(rate);
        self.counted_at = now;
        if self.tokens < 1.0 {
            // A millisecond more, so that rounding never makes it a hair too early.
            return Turn::At(now + Duration::from_secs_f64((1.0 - self.tokens) / rate) + Duration::from_millis(1));
        }
        self.tokens -= 1.0;
        self.in_flight += 1;
        self.waiting.remove(&ticket);
        self.tell_next();
        Turn::Mine
    }

    fn tell_next(&self) {
        if let Some(told) = self.waiting.values().next() {
            told.notify_one();
        }
    }
}

/// How many may be on the way for one of this urgency to start: the last quarter is kept for urgent ones.
fn room(priority: Priority, pacing: Pacing) -> u32 {
    match priority {
        Priority::Urgent => pacing.in_flight,
        Priority::Normal | Priority::Background => pacing.in_flight - pacing.in_flight / 4,
    }
}

/// A place in the queue; given up when dropped.
struct Place<'a> {
    pacer: &'a Pacer,
    ticket: Ticket,
    told: Arc<Notify>,
}

impl Place<'_> {
    async fn wait(&self) {
        loop {
            let turn = self.pacer.lock().turn(self.ticket, self.pacer.pacing, Instant::now());
            match turn {
                Turn::Mine => return,
                Turn::WhenTold => self.told.notified().await,
                Turn::At(at) => tokio::select! {
                    () = sleep_until(at) => {}
                    () = self.told.notified() => {}
                },
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.pacer.lock();
        if state.waiting.remove(&self.ticket).is_some() {
            state.tell_next();
        }
    }
}

/// A request's right to be on the way.
pub(crate) struct Slot<'a> {
    pacer: &'a Pacer,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut state = self.pacer.lock();
        state.in_flight -= 1;
        state.tell_next();
    }
}

#[cfg(test)]
#[path = "pacer_tests.rs"]
mod tests;
