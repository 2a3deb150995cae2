//! A host's way down: cordon, drain, server, ports, node, token, and the finalizer last.

use jiff::{SignedDuration, Timestamp};

use super::alive::{not_created, provider_id, status};
use super::state::{Ledger, NodeSeen, Observation, Phase, PodSeen, ServerSeen, Status, Step};
use super::{ABSENT_ANSWERS, DELETE_AGAIN, DELETED_GRACE, EVICT_AGAIN};

/// How often a deletion is looked at.
const POLL: SignedDuration = SignedDuration::from_secs(2);

pub(super) fn next(host: &Ledger, seen: &Observation, now: Timestamp) -> (Status, Step) {
    if !host.finalizer {
        return (status(Phase::Deleting, "everything is gone"), Step::Wait(POLL));
    }
    let gone = server_gone(host, seen, now);
    if let (Some(node), false) = (our_node(host, seen), gone)
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
    if let Some(stray) = seen.strays.first() {
        return (status(Phase::Deleting, "a second server bears this host's UID; it is being deleted"), Step::DeleteStray(stray.clone()));
    }
    leftovers(host, seen)
}

/// The rest, once the server is known to be gone.
fn leftovers(host: &Ledger, seen: &Observation) -> (Status, Step) {
    let step = match &seen.ports_left {
        None => Step::LookAtPorts,
        Some(ports) if !ports.is_empty() => Step::DeletePort(ports[0].clone()),
        Some(_) if our_node(host, seen).is_some() => Step::DeleteNode,
        Some(_) if !seen.token_gone => Step::DeleteToken,
        Some(_) => Step::RemoveFinalizer,
    };
    (status(Phase::Deleting, "the server is gone; port, node and token follow"), step)
}

/// The node, if it is this host's and no namesake's.
fn our_node<'a>(host: &Ledger, seen: &'a Observation) -> Option<&'a NodeSeen> {
    let ours = host.server_id.as_deref().map(provider_id);
    seen.node.as_ref().filter(|node| Some(&node.provider_id) == ours.as_ref() || (node.provider_id.is_empty() && host.joined_at.is_some()))
}

fn drain(node: &NodeSeen, seen: &Observation, now: Timestamp) -> Option<(Status, Step)> {
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

fn evict(to_evict: Vec<PodSeen>, seen: &Observation, now: Timestamp) -> (Status, Step) {
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

/// Whether no server can stand behind this host any more: it was never asked for, or it is proved absent.
fn server_gone(host: &Ledger, seen: &Observation, now: Timestamp) -> bool {
    match (&host.server_id, host.create_sent_at) {
        (None, None) => true,
        (None, Some(sent)) => not_created(seen, sent, now),
        (Some(_), _) => match seen.server {
            ServerSeen::Absent { since, last, answers } => answers >= ABSENT_ANSWERS && last.duration_since(since) >= DELETED_GRACE,
            _ => false,
        },
    }
}

fn delete_server(host: &Ledger, seen: &Observation, now: Timestamp) -> (Status, Step) {
    if host.server_id.is_none() {
        return (status(Phase::Deleting, "looking for a server whose creation was not answered"), Step::FindServer);
    }
    let step = match (&seen.server, seen.delete_sent_at) {
        (ServerSeen::Absent { last, .. }, _) if now.duration_since(*last) >= DELETED_GRACE => Step::LookAtServer,
        (ServerSeen::Absent { .. }, _) => Step::Wait(DELETED_GRACE),
        (_, None) => Step::DeleteServer,
        (_, Some(sent)) if now.duration_since(sent) >= DELETE_AGAIN => Step::DeleteServer,
        (_, Some(_)) => Step::LookAtServer,
    };
    (status(Phase::Deleting, "the server is being deleted"), step)
}
