//! A host's way up: parts, server, ACTIVE, joined, ready; and what it does when the server fails or vanishes.

use jiff::{SignedDuration, Timestamp};

use super::absence::{self, own_node};
use super::joined;
use super::ledger::{Failure, Ledger, Recorded, Stage};
use super::parts;
use super::seen::{Absence, NodeSeen, Observation, PortSeen, ServerSeen, ServerState, Standing, TokenSeen};
use super::states::trouble;
use super::step::{Answer, Phase, Step, failed, status};
use super::unclear::not_created;
use super::{BUILD_LIMIT, JOIN_LIMIT, PART_AGAIN, TOKEN_EVERY};

/// How often the state machine is asked again while it waits for the cloud.
pub(super) const POLL: SignedDuration = SignedDuration::from_secs(5);
/// And while nothing is expected to happen.
pub(super) const REST: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn next(host: &Ledger, seen: &Observation, now: Timestamp) -> Answer {
    if let Some(failure) = &host.failed {
        let step = if seen.token == TokenSeen::Gone { Step::Wait(REST) } else { Step::DeleteToken };
        return (status(Phase::Failed, &failure.message), step);
    }
    if !host.finalizer {
        return (status(Phase::Pending, "decided; nothing exists in the cloud yet"), Step::AddFinalizer);
    }
    if let Some(why) = seen.cloud.as_ref().filter(|_| !host.launched) {
        return with_token(host, seen, now, (status(phase(host), &format!("waits for the cloud: {why}")), Step::Wait(POLL)));
    }
    if host.server_id.is_some() {
        return with_server(host, seen, now);
    }
    if host.create_sent_at.is_some() {
        return with_token(host, seen, now, find_server(host, seen));
    }
    if came_after_all(seen) {
        return (status(Phase::Building, "a server that was given up has come after all; it is taken"), Step::FindServer);
    }
    match &seen.create_held {
        Some(why) => (status(phase(host), &format!("nothing is created now: {why}")), Step::Wait(POLL)),
        None => parts::next(host, seen),
    }
}

fn phase(host: &Ledger) -> Phase {
    let begun = host.parts != Recorded::default() || host.create_sent_at.is_some();
    if begun { Phase::Building } else { Phase::Pending }
}

/// Whether a list shows a server of ours that nobody recorded and no intent stands for: a creation that was given up, answered very late.
fn came_after_all(seen: &Observation) -> bool {
    seen.list.iter().flat_map(|list| &list.bearers).any(|bearer| bearer.standing > Standing::Leaving)
}

/// After an unclear answer: look, and ask again only when it is certain enough that nothing was created.
fn find_server(host: &Ledger, seen: &Observation) -> Answer {
    let message = match &seen.held {
        Some(why) => format!("the answer to the creation was lost; whether there is a server cannot be said now: {why}"),
        None => "the answer to the creation was lost; looking for the server before asking again".into(),
    };
    let step = if not_created(host, seen) { Step::ForgetCreate } else { Step::FindServer };
    (status(Phase::Building, &message), step)
}

fn with_server(host: &Ledger, seen: &Observation, now: Timestamp) -> Answer {
    let (status, step) = by_server(host, seen, now);
    if !matches!(step, Step::Wait(_)) {
        return (status, step);
    }
    // What a complete list does not show is asked for by id, once a list; it changes what is known, not what people are told.
    if seen.cloud.is_none() && absence::missed(seen) && !node_ready(host, seen) {
        return (status, Step::LookAtServer);
    }
    // Losers of a race go when nothing else is to be done: one that cannot be deleted must not hold up the host itself.
    let loser = seen.strays.iter().find(|stray| !stray.is_gone() && stray.deletion.is_due(PART_AGAIN, now));
    match loser.filter(|_| seen.cloud.is_none()) {
        Some(stray) => (status, Step::DeleteStray(stray.id.clone())),
        None => with_token(host, seen, now, (status, step)),
    }
}

/// The token lives as long as somebody may still join with it.
fn with_token(host: &Ledger, seen: &Observation, now: Timestamp, answer: Answer) -> Answer {
    let due = match seen.token {
        TokenSeen::Live { renewed_at } => now.duration_since(renewed_at) >= TOKEN_EVERY,
        TokenSeen::Unknown => true,
        TokenSeen::Gone => false,
    };
    let asked = host.create_sent_at.is_some() || host.server_id.is_some();
    match answer {
        (status, Step::Wait(_) | Step::FindServer) if due && asked && !host.joined => (status, Step::RenewToken),
        answer => answer,
    }
}

fn by_server(host: &Ledger, seen: &Observation, now: Timestamp) -> Answer {
    let id = host.server_id.as_deref().unwrap_or_default();
    match &seen.server {
        ServerSeen::Unknown if !host.launched => (status(Phase::Building, "the server is being looked at"), Step::LookAtServer),
        ServerSeen::Absent(absence) => vanished(host, seen, now, absence),
        ServerSeen::Present { state: ServerState::Error(failure), .. } if !host.joined => failed(failure.clone()),
        ServerSeen::Present { state: ServerState::Active, .. } if !host.launched => launched(host, seen, now),
        server if !host.launched => building(seen, server, id),
        _ => with_active_server(host, seen, id),
    }
}

fn building(seen: &Observation, server: &ServerSeen, id: &str) -> Answer {
    if seen.patience.is_over(Stage::Building, BUILD_LIMIT) {
        let limit = BUILD_LIMIT.as_mins();
        let message = format!("the server was not ACTIVE {limit} minutes after it was asked for; it is given up and another is asked for");
        return failed(Failure::new("BuildTimeout", message));
    }
    (status(Phase::Building, &trouble(server, id).unwrap_or_default()), Step::Wait(POLL))
}

/// ACTIVE is not reachable: a second creation's clean-up may have taken the port away, and then the server is on no network.
fn launched(host: &Ledger, seen: &Observation, now: Timestamp) -> Answer {
    let words = status(Phase::Joining, "the server is ACTIVE");
    match &seen.port {
        _ if host.parts.ports.is_empty() => (words, Step::RecordActive),
        PortSeen::Ours => (words, Step::RecordActive),
        PortSeen::Unknown => (words, Step::LookAtPort),
        PortSeen::Lost(absence, why) if parts::port_is_lost(absence) && seen.held.is_none() => {
            failed(Failure::new("PortLost", format!("the server is ACTIVE but {why}: it is on no network; it is replaced")))
        }
        PortSeen::Lost(absence, why) => {
            let message = format!("the server is ACTIVE but {why}; that is believed only when it stays so for a minute");
            (status(Phase::Joining, &message), parts::look_again(Some(absence.last), now, Step::LookAtPort))
        }
    }
}

fn with_active_server(host: &Ledger, seen: &Observation, id: &str) -> Answer {
    match (&seen.node, own_node(host, seen)) {
        (Some(node), None) => (status(if host.joined { Phase::NotReady } else { Phase::Joining }, &strange(node, id)), Step::Wait(REST)),
        (_, Some(node)) => joined::next(host, seen, node),
        (None, None) if !host.joined => joining(seen, id),
        (None, None) => {
            let what = trouble(&seen.server, id).unwrap_or_else(|| "the server still is".into());
            (status(Phase::NotReady, &format!("the node registered but is not there any more; {what}")), Step::Wait(REST))
        }
    }
}

fn strange(node: &NodeSeen, id: &str) -> String {
    match node.provider_id.as_str() {
        "" => format!("a node of this name has no providerID, so that nobody can say whether it is server {id}; it is left alone"),
        other => format!("a node of this name belongs to {other}, not to {}; it is left alone", absence::provider_id(id)),
    }
}

fn joining(seen: &Observation, id: &str) -> Answer {
    if seen.patience.is_over(Stage::Joining, JOIN_LIMIT) {
        let message = format!(
            "the server is ACTIVE but its node did not register within {} minutes; look at the server's console log: does the image have \
             containerd, kubelet, kubeadm and cloud-init, and does the network reach the API server?",
            JOIN_LIMIT.as_mins()
        );
        return failed(Failure::new("JoinTimeout", message));
    }
    let what = trouble(&seen.server, id).map(|what| format!("; but {what}")).unwrap_or_default();
    (status(Phase::Joining, &format!("the server was ACTIVE; its node has not registered yet{what}")), Step::Wait(POLL))
}

/// A 404 by id is believed only when Nova repeated it for minutes, the lists agree, the node is not ready and the fleet is where it should be.
fn vanished(host: &Ledger, seen: &Observation, now: Timestamp, absence: &Absence) -> Answer {
    let again = if now.duration_since(absence.last) >= POLL && seen.cloud.is_none() { Step::LookAtServer } else { Step::Wait(POLL) };
    if node_ready(host, seen) {
        let message = "Nova does not know the server but its node is ready: wrong credentials, or a broken proxy? Nothing is done";
        return (status(Phase::Ready, message), again);
    }
    if absence::vanished(seen, absence) && seen.cloud.is_none() {
        return failed(Failure::new("ServerGone", "the server was deleted in OpenStack by somebody else; the host is given up"));
    }
    let phase = if host.joined { Phase::NotReady } else { Phase::Building };
    let message = match &seen.held {
        Some(why) => format!("Nova answers that the server does not exist; nothing is concluded from that: {why}"),
        None => "Nova answers that the server does not exist; that is believed only when it stays so for some minutes".into(),
    };
    (status(phase, &message), again)
}

fn node_ready(host: &Ledger, seen: &Observation) -> bool {
    own_node(host, seen).is_some_and(|node| node.ready)
}
