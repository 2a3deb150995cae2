//! The protocol of creating a server exactly once: what an answer to POST /servers means, and what looking for an unrecorded server proves.
//!
//! POST /servers has no idempotency key. So the intent is written down first, and while it stands nothing is posted again: the server is looked
//! for, in complete lists and at the port, for a time that doubles with each creation that came to nothing.

use jiff::SignedDuration;

use super::deletion::doubled;
use super::ledger::{Failure, Ledger, Write};
use super::seen::{Bearer, ListSeen, Observation, Sweep};

/// The first wait after an unclear answer: as long as a creation may usually take in Nova's API and the proxies before it.
pub const AMBIGUOUS_GRACE: SignedDuration = SignedDuration::from_secs(60);
/// The longest: a cloud that takes this long for a POST is waited for.
pub const AMBIGUOUS_LAST: SignedDuration = SignedDuration::from_mins(30);
/// Complete lists that must miss the server.
pub const MISSES: u32 = 2;

/// An answer to POST /servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostAnswer {
    /// The server has this id.
    Created(String),
    /// The request never left: its time had passed, or it could not be sent.
    NotSent,
    /// Nova refused; surely nothing was created. A failure, if asking the same again is useless.
    Refused(Option<Failure>),
    /// Anything else: a server may exist, now or later.
    Unclear,
}

/// What the answer means for the ledger; nothing if the intent must stand, and the server be looked for.
pub fn answered(answer: &PostAnswer) -> Vec<Write> {
    match answer {
        PostAnswer::Created(id) => vec![Write::Server(id.clone())],
        PostAnswer::NotSent | PostAnswer::Refused(None) => vec![Write::IntentTakenBack],
        PostAnswer::Refused(Some(failure)) => vec![Write::IntentTakenBack, Write::Failed(failure.clone())],
        PostAnswer::Unclear => vec![],
    }
}

/// What one look shows: a complete list, and, if that has nothing, the server that the first port is bound to, if it bears our UID. The winner is to be recorded;
/// else what is known now.
pub fn found(sweep: &Sweep, list: &ListSeen, at_port: Option<&Bearer>) -> Result<Write, Sweep> {
    let all = list.bearers.iter().chain(at_port);
    // Of equals the one with the smaller id: every process chooses the same.
    let best = all.max_by(|a, b| a.standing.cmp(&b.standing).then_with(|| b.id.cmp(&a.id)));
    match best {
        Some(bearer) => Ok(Write::Server(bearer.id.clone())),
        None => Err(missed(sweep, list)),
    }
}

fn missed(sweep: &Sweep, list: &ListSeen) -> Sweep {
    let since = sweep.since.unwrap_or(list.begun);
    let newer = list.begun > since && sweep.last.is_none_or(|last| list.begun > last);
    match newer {
        true => Sweep { since: Some(since), misses: sweep.misses.saturating_add(1), last: Some(list.begun), port_free: true },
        false => Sweep { since: Some(since), ..sweep.clone() },
    }
}

/// Whether it is certain enough that the unclear creation made nothing: complete lists, the last begun after the grace, and the free port
/// agree, and the fleet's servers are where they should be.
pub fn not_created(host: &Ledger, seen: &Observation) -> bool {
    let sweep = &seen.sweep;
    let waited = sweep.last.zip(sweep.since).is_some_and(|(last, since)| last.duration_since(since) >= grace(host.create_attempts));
    waited && sweep.misses >= MISSES && sweep.port_free && seen.held.is_none()
}

/// How long a server is looked for after so many creations that were given up.
pub fn grace(attempts: u32) -> SignedDuration {
    doubled(AMBIGUOUS_GRACE, attempts, AMBIGUOUS_LAST)
}
