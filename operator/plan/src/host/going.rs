//! A host's way down: token, cordon, drain, server, its doubles, parts, node, and the finalizer last.

use jiff::{SignedDuration, Timestamp};

use super::absence::{self, own_node, server_gone};
use super::ledger::Ledger;
use super::parts;
use super::seen::{NodeSeen, Observation, PodSeen, ServerSeen, ServerState, TokenSeen};
use super::states::deletion_trouble;
use super::step::{Answer, Phase, Step, status};
use super::{DELETE_AGAIN, DELETED_GRACE, EVICT_AGAIN, PART_AGAIN};

/// How often a deletion is looked at.
const POLL: SignedDuration = SignedDuration::from_secs(2);
/// And one that hangs: the lists tell when it ends.
const SLOW_POLL: SignedDuration = SignedDuration::from_secs(30);

pub(super) fn next(host: &Ledger, seen: &Observation, now: Timestamp) -> Answer {
    if !host.finalizer {
        return (status(Phase::Deleting, "everything is gone"), Step::Wait(POLL));
    }
    if seen.token != TokenSeen::Gone {
        return (status(Phase::Deleting, "nobody is to join with its token any more"), Step::DeleteToken);
    }
    let gone = server_gone(host, seen);
    if let (Some(node), false) = (own_node(host, seen), gone)
        && let Some(answer) = drain(node, seen, now)
    {
        return answer;
    }
    if let Some(why) = &seen.cloud {
        return (status(Phase::Deleting, &format!("waits for the cloud: {why}")), Step::Wait(POLL));
    }
    if !gone {
        return delete_server(host, seen, now);
    }
    doubles(seen, now).or_else(|| parts::delete(seen, now)).unwrap_or_else(|| last(host, seen))
}

/// Node and finalizer, once nothing is left in the cloud.
fn last(host: &Ledger, seen: &Observation) -> Answer {
    let step = if own_node(host, seen).is_some() { Step::DeleteNode } else { Step::RemoveFinalizer };
    (status(Phase::Deleting, "nothing is left in the cloud; the node follows"), step)
}

/// Other servers that bear the host's UID go, too, and are waited for.
fn doubles(seen: &Observation, now: Timestamp) -> Option<Answer> {
    let left: Vec<_> = seen.strays.iter().filter(|stray| !stray.is_gone()).collect();
    let words = |why: Option<&String>| match why {
        Some(why) => format!("a second server bears this host's UID and cannot be deleted yet: {why}"),
        None => "a second server bears this host's UID; it is being deleted".into(),
    };
    if let Some(due) = left.iter().find(|stray| stray.deletion.is_due(PART_AGAIN, now)) {
        return Some((status(Phase::Deleting, &words(due.deletion.refused.as_ref())), Step::DeleteStray(due.id.clone())));
    }
    let pause = left.iter().map(|stray| stray.deletion.left(PART_AGAIN, now)).min()?;
    Some((status(Phase::Deleting, &words(left[0].deletion.refused.as_ref())), Step::Wait(pause)))
}

fn drain(node: &NodeSeen, seen: &Observation, now: Timestamp) -> Option<Answer> {
    if !node.cordoned {
        return Some((status(Phase::Draining, "the node is being cordoned"), Step::Cordon));
    }
    let leaving: Vec<&PodSeen> = seen.pods.iter().filter(|pod| !pod.stays).collect();
    let to_evict: Vec<PodSeen> = leaving.iter().filter(|pod| !pod.terminating).map(|pod| (*pod).clone()).collect();
    if !to_evict.is_empty() {
        return Some(evict(to_evict, seen, now));
    }
    // A node that is not ready cannot confirm that its pods ended; they end with the server.
    if !leaving.is_empty() && node.ready {
        return Some((status(Phase::Draining, &format!("waits for {} to end", pods(leaving.len()))), Step::Wait(POLL)));
    }
    None
}

fn evict(to_evict: Vec<PodSeen>, seen: &Observation, now: Timestamp) -> Answer {
    match &seen.eviction_refused {
        Some((at, why)) if now.duration_since(*at) < EVICT_AGAIN => {
            let message = format!("{} cannot be evicted yet: {why}", pods(to_evict.len()));
            (status(Phase::Draining, &message), Step::Wait(EVICT_AGAIN))
        }
        refused => {
            // The same words while it is refused again and again: the status is not written each time.
            let message = match refused {
                Some((_, why)) => format!("{} cannot be evicted yet: {why}", pods(to_evict.len())),
                None => format!("{} to evict", pods(to_evict.len())),
            };
            (status(Phase::Draining, &message), Step::Evict(to_evict))
        }
    }
}

fn pods(n: usize) -> String {
    if n == 1 { "1 pod".into() } else { format!("{n} pods") }
}

fn delete_server(host: &Ledger, seen: &Observation, now: Timestamp) -> Answer {
    let Some(id) = &host.server_id else {
        let why = seen.held.as_ref().map(|why| format!("; whether there is one cannot be said now: {why}")).unwrap_or_default();
        let message = format!("looking for a server whose creation was not answered{why}");
        return (status(Phase::Deleting, &message), Step::FindServer);
    };
    let (deletion, server) = (&seen.deletion, &seen.server);
    let message = match (server, &seen.held) {
        (ServerSeen::Absent(_), Some(why)) if !deletion.accepted => {
            format!("Nova answers that the server does not exist; nothing is concluded from that: {why}")
        }
        _ => deletion_trouble(server, deletion.attempts, deletion.refused.as_deref(), id)
            .unwrap_or_else(|| "the server is being deleted".into()),
    };
    (status(Phase::Deleting, &message), look_or_delete(seen, now))
}

fn look_or_delete(seen: &Observation, now: Timestamp) -> Step {
    let deletion = &seen.deletion;
    match &seen.server {
        // Nova keeps it for a while and then it is gone: asking again changes nothing.
        ServerSeen::Present { state: ServerState::SoftDeleted | ServerState::Deleted, .. } if deletion.attempts > 0 => {
            look(seen, SLOW_POLL)
        }
        ServerSeen::Absent(absence) => match absence.last.duration_since(now) + pause(absence) {
            left if left > SignedDuration::ZERO => Step::Wait(left),
            _ => Step::LookAtServer,
        },
        _ if deletion.is_due(DELETE_AGAIN, now) => Step::DeleteServer,
        _ => look(seen, if deletion.attempts > 1 { SLOW_POLL } else { POLL }),
    }
}

/// Between two questions by id about a server that answers 404: short at first, then as often as it is told otherwise that it is there.
fn pause(absence: &super::Absence) -> SignedDuration {
    /// Questions in quick succession.
    const QUICK: u32 = 5;
    if absence.answers < QUICK { DELETED_GRACE } else { SLOW_POLL.min(POLL * 3) }
}

/// By id what the newest list does not show, or nobody has seen; else the next list tells.
fn look(seen: &Observation, poll: SignedDuration) -> Step {
    if seen.server == ServerSeen::Unknown || absence::missed(seen) { Step::LookAtServer } else { Step::Wait(poll) }
}
