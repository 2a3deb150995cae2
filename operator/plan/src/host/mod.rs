//! How a host lives: one pure state machine, `next(ledger, observation, now) -> (status, step)`.
//!
//! The shell around it does one step, records what came of it, observes again and asks again. A step is safe to repeat after a crash
//! at any point: what may exist is looked for before it is made, and nothing is taken for gone because it was not seen.
//! `alive` is the way up, `going` the way down, `parts` what a server is made of, `unclear` the protocol of creating it once, `absence` when it
//! is taken for gone, `states` Nova's states in words, `patience` the deadlines, `groups` the choice of a server group.

mod absence;
mod alive;
mod deletion;
mod going;
mod groups;
mod joined;
mod ledger;
mod parts;
mod patience;
mod seen;
mod states;
mod step;
mod unclear;

pub use absence::{ABSENT_ANSWERS, DELETED_GRACE, VANISHED_GRACE, provider_id, server_gone};
pub use deletion::{DELETE_AGAIN, DELETE_LAST, Deletion, PART_AGAIN, REFUSED_LAST};
pub use groups::{Choice, Shard, choose};
pub use ledger::{Failure, Kind, Ledger, Leftover, OnDelete, Part, Recorded, Stage, Wanted, Write};
pub use parts::{PartsLook, Witness, is_all, may_create_part, next_part_look, to_delete};
pub use patience::{GAP, Patience, Sight};
pub use seen::{
    Absence, Bearer, Left, ListSeen, NodeSeen, Observation, PodSeen, PortSeen, ServerSeen, ServerState, Standing, Stray, Sweep, TokenSeen,
    VolumeSeen,
};
pub use states::{deletion_trouble, trouble};
pub use step::{Phase, Status, Step};
pub use unclear::{AMBIGUOUS_GRACE, AMBIGUOUS_LAST, MISSES, PostAnswer, answered, found, grace, not_created};

use jiff::{SignedDuration, Timestamp};

/// A server that Nova builds for longer than this will not be ACTIVE. Longer than the slowest healthy cloud takes (half an hour), as giving up and asking
/// again would never end there.
pub const BUILD_LIMIT: SignedDuration = SignedDuration::from_mins(45);
/// A node that has not registered, or was never ready, after this long will not.
pub const JOIN_LIMIT: SignedDuration = SignedDuration::from_mins(15);
/// A root volume that Cinder makes for longer than this is given up.
pub const VOLUME_LIMIT: SignedDuration = SignedDuration::from_mins(45);
/// The token of a host that has not joined is renewed this often, a third of its life.
pub const TOKEN_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// How long after an eviction was refused it is tried again.
pub const EVICT_AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// What the host is, for people, and the one thing to do next.
pub fn next(host: &Ledger, seen: &Observation, now: Timestamp) -> (Status, Step) {
    if host.deleting { going::next(host, seen, now) } else { alive::next(host, seen, now) }
}

/// Whether the cloud answers and says how the server is: only then deadlines run.
pub fn sight(seen: &Observation) -> Sight {
    let unknown = matches!(&seen.server, ServerSeen::Present { state: ServerState::Unknown, .. });
    if seen.cloud.is_some() || unknown { Sight::Blind } else { Sight::Clear }
}

#[cfg(test)]
mod tests;
