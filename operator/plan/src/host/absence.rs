//! When a server is taken for gone: never because a list misses it, never because of one 404, never while the fleet says that the cloud is not to be believed.

use jiff::SignedDuration;

use super::ledger::Ledger;
use super::seen::{Absence, NodeSeen, Observation, ServerSeen};
use super::unclear;

/// Time between the first and the last of the 404s by id that prove a server gone which we did not delete ourselves.
pub const VANISHED_GRACE: SignedDuration = SignedDuration::from_mins(3);
/// The same for a server that is being deleted.
pub const DELETED_GRACE: SignedDuration = SignedDuration::from_secs(1);
/// 404s by id that prove a server gone.
pub const ABSENT_ANSWERS: u32 = 2;

/// Whether no server can stand behind a host that is being deleted: it was never asked for, or it is proved absent.
pub fn server_gone(host: &Ledger, seen: &Observation) -> bool {
    match (&host.server_id, host.create_sent_at) {
        // One that was given up may have come after all.
        (None, None) => seen.list.as_ref().map_or(host.create_attempts == 0, |list| list.bearers.is_empty()),
        (None, Some(_)) => unclear::not_created(host, seen),
        (Some(_), _) => deleted(seen),
    }
}

/// 404s by id, and a complete list begun after the first of them agrees. Where Nova never accepted a DELETE of ours the 404s may be those of
/// another project's Nova, or of a broken proxy: then the fleet must consent as well.
fn deleted(seen: &Observation) -> bool {
    let ServerSeen::Absent(absence) = &seen.server else { return false };
    lasting(absence, DELETED_GRACE) && list_agrees(seen, absence) && (seen.deletion.accepted || seen.held.is_none())
}

/// The same for a server that nobody here asked Nova to delete.
pub(super) fn vanished(seen: &Observation, absence: &Absence) -> bool {
    lasting(absence, VANISHED_GRACE) && list_agrees(seen, absence) && seen.held.is_none()
}

/// Whether the 404s were repeated for so long.
pub(super) fn lasting(absence: &Absence, grace: SignedDuration) -> bool {
    absence.answers >= ABSENT_ANSWERS && absence.last.duration_since(absence.since) >= grace
}

/// Whether a complete list, begun after the first 404, does not show the server either.
fn list_agrees(seen: &Observation, absence: &Absence) -> bool {
    seen.list.as_ref().is_some_and(|list| list.begun >= absence.since && !list.shows_recorded)
}

/// Whether a list begun after the server was last asked for does not show it: no proof of anything, but a reason to ask for it by id.
pub(super) fn missed(seen: &Observation) -> bool {
    seen.list.as_ref().is_some_and(|list| Some(list.begun) > seen.server_at && !list.shows_recorded)
}

/// `openstack:///<server id>`.
pub fn provider_id(server_id: &str) -> String {
    format!("openstack:///{server_id}")
}

/// The node, if it is this host's own server: by id, never by name. A node without a providerID is nobody's.
pub(super) fn own_node<'a>(host: &Ledger, seen: &'a Observation) -> Option<&'a NodeSeen> {
    let id = host.server_id.as_deref().filter(|id| !id.is_empty())?;
    let is_own = |node: &&NodeSeen| node.provider_id.strip_prefix("openstack://").and_then(|rest| rest.rsplit('/').next()) == Some(id);
    seen.node.as_ref().filter(is_own)
}
