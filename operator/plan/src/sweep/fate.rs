//! What becomes of an orphan, and in what words.

use std::fmt;

use jiff::Timestamp;

use super::{Action, Kind, Orphan, Pass, Servers, Thing};
use crate::fleet::Cap;

/// What will happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Told only: that is what the cloud's spec asks for.
    Reported,
    /// Deleted in this pass.
    Delete,
    /// Kept while this reason lasts.
    Kept(String),
    /// Deleted when its server is gone.
    AfterServer(String),
    /// Its turn comes when the cap allows.
    Capped(Timestamp),
    /// So many servers have no Host that Hosts must have been lost.
    Loss,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reported => f.write_str("reported only; set spec.orphans.action to Delete to have it deleted"),
            Self::Delete => f.write_str("being deleted"),
            Self::Kept(why) => write!(f, "kept: {why}"),
            Self::AfterServer(server) => write!(f, "deleted when server {server} is gone"),
            Self::Capped(_) => f.write_str("waits: only 2 % of a cloud's hosts, and at least one, are cleaned up in 10 minutes"),
            Self::Loss => f.write_str(
                "kept: so many servers without a Host are no leak, Hosts must have been lost; restore them, or delete with gantry leftovers",
            ),
        }
    }
}

/// What becomes of an orphan before the cap is asked.
pub(super) fn of(pass: &Pass, servers: &Servers<'_>, thing: &Thing, is_loss: bool) -> Fate {
    if let Some(why) = pass.in_service.get(&thing.id).filter(|_| thing.kind == Kind::Server) {
        return Fate::Kept(why.clone());
    }
    match (&thing.used_by, pass.action) {
        // Tokens are Kubernetes', and ours by label: nothing in a cloud depends on them.
        _ if thing.kind == Kind::Token => Fate::Delete,
        (_, Action::Report) => Fate::Reported,
        _ if is_loss => Fate::Loss,
        (Some(server), Action::Delete) if servers.contains_key(server.as_str()) => Fate::AfterServer(server.clone()),
        (Some(server), Action::Delete) => Fate::Kept(format!("it is bound to {server}, which no list of servers shows")),
        (None, Action::Delete) => Fate::Delete,
    }
}

/// Gives the places under the cap, one for all that bore the same Host's UID.
pub(super) fn under_the_cap(mut orphans: Vec<Orphan>, cap: &mut Cap, fleet: usize, now: Timestamp) -> Vec<Orphan> {
    for orphan in orphans.iter_mut().filter(|orphan| orphan.fate == Fate::Delete && orphan.kind != Kind::Token) {
        let owner = orphan.host.as_deref().unwrap_or(&orphan.id);
        if let Err(next) = cap.take(owner, fleet, 0, now) {
            orphan.fate = Fate::Capped(next);
        }
    }
    orphans
}
