//! A host's way up: port, server, ACTIVE, joined, ready; and what it does when the server fails or vanishes.

use jiff::{SignedDuration, Timestamp};

use super::state::{Failure, Ledger, NodeSeen, Observation, Phase, ServerSeen, ServerState, Status, Step};
use super::{ABSENT_ANSWERS, AMBIGUOUS_GRACE, BUILD_LIMIT, JOIN_LIMIT, VANISHED_GRACE};

/// How often the state machine is asked again while it waits for the cloud.
const POLL: SignedDuration = SignedDuration::from_secs(5);
/// And while nothing is expected to happen.
const REST: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn next(host: &Ledger, seen: &Observation, now: Timestamp) -> (Status, Step) {
    if let Some(failure) = &host.failed {
        return (status(Phase::Failed, &failure.message), Step::Wait(REST));
    }
    if !host.finalizer {
        return (status(Phase::Pending, "decided; nothing exists in the cloud yet"), Step::AddFinalizer);
    }
    if let Some(why) = seen.cloud.as_ref().filter(|_| host.active_at.is_none()) {
        let phase = if host.port_ids.is_empty() { Phase::Pending } else { Phase::Building };
        return (status(phase, &format!("waits for the cloud: {why}")), Step::Wait(POLL));
    }
    if host.server_id.is_some() {
        return with_server(host, seen, now);
    }
    if host.port_ids.len() < host.ports_wanted {
        return (status(Phase::Building, "the port is being created"), Step::EnsurePort(host.port_ids.len()));
    }
    match host.create_sent_at {
        None => (status(Phase::Building, "the server is being asked for"), Step::CreateServer),
        Some(sent) => find_server(seen, sent, now),
    }
}

/// After an unclear answer: look, and ask again only when it is certain enough that nothing was created.
fn find_server(seen: &Observation, sent: Timestamp, now: Timestamp) -> (Status, Step) {
    let status = status(Phase::Building, "the answer to the creation was lost; looking for the server before asking again");
    let step = if not_created(seen, sent, now) { Step::ForgetCreate } else { Step::FindServer };
    (status, step)
}

/// Whether two complete lists, the last one begun after the grace, and the free port agree that POST /servers created nothing.
pub(super) fn not_created(seen: &Observation, sent: Timestamp, now: Timestamp) -> bool {
    let begun = seen.sweep.since.map_or(sent, |since| since.max(sent));
    let late_enough = seen.sweep.last.is_some_and(|last| last.duration_since(begun) >= AMBIGUOUS_GRACE);
    late_enough && seen.sweep.misses >= 2 && seen.sweep.port_free && now >= sent
}

fn with_server(host: &Ledger, seen: &Observation, now: Timestamp) -> (Status, Step) {
    let (status, step) = by_server(host, seen, now);
    // What a complete list does not show is asked for by id, once a list; it changes what is known, not what people are told.
    let ask = seen.missed && seen.cloud.is_none() && !node_ready(seen) && !matches!(step, Step::Fail(_));
    match (step, seen.strays.first()) {
        // Losers of a race go when nothing else is to be done: one that cannot be deleted must not hold up the host itself.
        (Step::Wait(_), Some(stray)) if seen.cloud.is_none() => (status, Step::DeleteStray(stray.clone())),
        (_, _) if ask => (status, Step::LookAtServer),
        (step, _) => (status, step),
    }
}

fn by_server(host: &Ledger, seen: &Observation, now: Timestamp) -> (Status, Step) {
    match &seen.server {
        ServerSeen::Unknown if host.active_at.is_none() => (status(Phase::Building, "the server is being looked at"), Step::LookAtServer),
        ServerSeen::Present { state: ServerState::Error(failure), .. } if host.joined_at.is_none() => failed(failure.clone()),
        ServerSeen::Present { state: ServerState::Error(failure), .. } if !node_ready(seen) && !startup_tainted(seen) => {
            let message = format!("{}; its node is not ready. Repair the server, or delete the Host to have it replaced", failure.message);
            (status(Phase::NotReady, &message), Step::Wait(REST))
        }
        ServerSeen::Present { state: ServerState::Active, .. } if host.active_at.is_none() => {
            (status(Phase::Joining, "the server is ACTIVE"), Step::RecordActive)
        }
        ServerSeen::Present { .. } if host.active_at.is_none() => building(host, now),
        ServerSeen::Absent { since, last, answers } => vanished(host, seen, now, (*since, *last, *answers)),
        _ => with_active_server(host, seen, now),
    }
}

fn building(host: &Ledger, now: Timestamp) -> (Status, Step) {
    if age(host.create_sent_at.unwrap_or(host.created), now) > BUILD_LIMIT {
        let message = format!(
            "the server was not ACTIVE {} minutes after it was asked for; it is given up and another is asked for",
            BUILD_LIMIT.as_mins()
        );
        return failed(Failure { reason: "BuildTimeout".into(), message });
    }
    (status(Phase::Building, "Nova builds the server"), Step::Wait(POLL))
}

fn with_active_server(host: &Ledger, seen: &Observation, now: Timestamp) -> (Status, Step) {
    match &seen.node {
        None if host.joined_at.is_none() => joining(host, now),
        None => (status(Phase::NotReady, "the node registered but is not there any more; the server still is"), Step::Wait(REST)),
        Some(node) => with_node(host, seen, node, now),
    }
}

fn joining(host: &Ledger, now: Timestamp) -> (Status, Step) {
    if age(host.active_at.unwrap_or(now), now) > JOIN_LIMIT {
        let message = format!(
            "the server is ACTIVE but its node did not register within {} minutes; look at the server's console log: does the image have \
             containerd, kubelet, kubeadm and cloud-init, and does the network reach the API server?",
            JOIN_LIMIT.as_mins()
        );
        return failed(Failure { reason: "JoinTimeout".into(), message });
    }
    (status(Phase::Joining, "the server is ACTIVE; its node has not registered yet"), Step::Wait(POLL))
}

fn with_node(host: &Ledger, seen: &Observation, node: &NodeSeen, now: Timestamp) -> (Status, Step) {
    let expected = host.server_id.as_deref().map(provider_id).unwrap_or_default();
    if !node.provider_id.is_empty() && node.provider_id != expected {
        let message = format!("a node of this name belongs to {}, not to {expected}; it is left alone", node.provider_id);
        return (status(Phase::NotReady, &message), Step::Wait(REST));
    }
    if host.joined_at.is_none() {
        return (status(Phase::Joining, "the node registered"), Step::RecordJoined);
    }
    if node.labels_missing {
        return (status(Phase::Joining, "the node is being labelled"), Step::LabelNode);
    }
    if !node.ready && node.startup_taint && age(host.joined_at.unwrap_or(now), now) > JOIN_LIMIT {
        let message =
            format!("the node registered but was not ready within {} minutes; it never took a pod and is replaced", JOIN_LIMIT.as_mins());
        return failed(Failure { reason: "NeverReady".into(), message });
    }
    if !node.ready && node.startup_taint {
        return (status(Phase::Joining, "the node registered and is not ready yet"), Step::Wait(REST));
    }
    if !node.ready {
        return (status(Phase::NotReady, "the node is registered and not ready"), Step::Wait(REST));
    }
    // Ours goes last: until then the planner knows that the node is on its way, and takes no taint of the join for one that stays.
    if let (true, Some(taint)) = (node.startup_taint, &node.waits_for) {
        return (status(Phase::Joining, &format!("the node is ready; taint {taint} has not been lifted yet")), Step::Wait(REST));
    }
    if node.startup_taint {
        return (status(Phase::Joining, "the node is ready; its startup taint is being lifted"), Step::LiftStartupTaint);
    }
    let empty = seen.pods.iter().all(|pod| pod.stays);
    let mut message = if empty { "the node is ready and empty" } else { "the node is ready" }.to_owned();
    if let ServerSeen::Present { state: ServerState::Error(failure), .. } = &seen.server {
        message += &format!("; but {}. Nothing is done while the node is ready", failure.message);
    }
    (Status { phase: Phase::Ready, message, empty: Some(empty) }, Step::Wait(REST))
}

/// A 404 by id is believed only when Nova repeated it for minutes and the node is not ready either.
fn vanished(host: &Ledger, seen: &Observation, now: Timestamp, (since, last, answers): (Timestamp, Timestamp, u32)) -> (Status, Step) {
    let again = if now.duration_since(last) >= POLL { Step::LookAtServer } else { Step::Wait(POLL) };
    if node_ready(seen) {
        let message = "Nova does not know the server but its node is ready: wrong credentials, or a broken proxy? Nothing is done";
        return (Status { phase: Phase::Ready, message: message.into(), empty: None }, again);
    }
    if answers >= ABSENT_ANSWERS && last.duration_since(since) >= VANISHED_GRACE {
        let message = "the server was deleted in OpenStack by somebody else; the host is given up".to_owned();
        return failed(Failure { reason: "ServerGone".into(), message });
    }
    let phase = if host.joined_at.is_some() { Phase::NotReady } else { Phase::Building };
    let message = "Nova answers that the server does not exist; that is believed only when it stays so for some minutes";
    (status(phase, message), again)
}

/// Whether the node has never been ready: the taint goes when it is for the first time.
fn startup_tainted(seen: &Observation) -> bool {
    seen.node.as_ref().is_some_and(|node| node.startup_taint)
}

fn node_ready(seen: &Observation) -> bool {
    seen.node.as_ref().is_some_and(|node| node.ready)
}

/// `openstack:///<server id>`.
pub(super) fn provider_id(server_id: &str) -> String {
    format!("openstack:///{server_id}")
}

fn failed(failure: Failure) -> (Status, Step) {
    (status(Phase::Failed, &failure.message), Step::Fail(failure))
}

fn age(from: Timestamp, now: Timestamp) -> SignedDuration {
    now.duration_since(from)
}

pub(super) fn status(phase: Phase, message: &str) -> Status {
    Status { phase, message: message.to_owned(), empty: None }
}
