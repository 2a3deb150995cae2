//! How a host lives: one pure state machine, `next(ledger, observation, now) -> (status, step)`.
//!
//! The shell around it does one step, records what came of it, observes again and asks again. A step is safe to repeat after a crash
//! at any point: what may exist is looked for before it is made, and nothing is taken for gone because it was not seen.

mod alive;
mod going;
mod state;

pub use state::{Failure, Ledger, NodeSeen, Observation, Phase, PodSeen, ServerSeen, ServerState, Status, Step, Sweep};

use jiff::{SignedDuration, Timestamp};

/// A server that is not ACTIVE this long after it was asked for will not be.
pub const BUILD_LIMIT: SignedDuration = SignedDuration::from_mins(15);
/// A node that has not registered this long after its server was ACTIVE will not; the life of a bootstrap token.
pub const JOIN_LIMIT: SignedDuration = SignedDuration::from_mins(15);
/// After an unclear answer to POST /servers: a server that neither two complete lists nor the port show by then was not created.
/// As long as a creation may take in Nova's API and the proxies before it; the port, which only one server gets, covers what is later still.
pub const AMBIGUOUS_GRACE: SignedDuration = SignedDuration::from_secs(60);
/// Time between the first and the last of the 404s by id that prove a server gone which we did not delete ourselves.
pub const VANISHED_GRACE: SignedDuration = SignedDuration::from_mins(3);
/// The same for a server that we asked Nova to delete.
pub const DELETED_GRACE: SignedDuration = SignedDuration::from_secs(1);
/// 404s by id that prove a server gone.
pub const ABSENT_ANSWERS: u32 = 2;
/// A DELETE that has not taken effect by then is sent again.
pub const DELETE_AGAIN: SignedDuration = SignedDuration::from_secs(60);
/// How long after an eviction was refused it is tried again.
pub const EVICT_AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// What the host is, for people, and the one thing to do next.
pub fn next(host: &Ledger, seen: &Observation, now: Timestamp) -> (Status, Step) {
    if host.deleting { going::next(host, seen, now) } else { alive::next(host, seen, now) }
}

#[cfg(test)]
mod tests;
