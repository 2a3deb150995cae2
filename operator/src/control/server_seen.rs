//! What is known of a host's server: taken over from complete lists, asked for by id where a list cannot answer.

use std::sync::Arc;

use gantry_cloud::{Cloud, Error, ServerStatus};
use gantry_plan::host::{Failure, ServerSeen, ServerState};
use jiff::SignedDuration;

use super::cloud_state::Inventory;
use super::context::Context;
use super::steps::{LOOK_AGAIN, Outcome, RETRY, cloud, trouble};
use crate::kube::objects::HostObject;

/// GET by id is not repeated within this time while the lists still show the server.
const GET_EVERY: SignedDuration = SignedDuration::from_secs(30);

/// Takes over what the newest complete list shows of the host's server. A server that it does not show is left as it was: a list
/// proves presence only.
pub(super) fn refresh(ctx: &Context, host: &HostObject) {
    let inventory = cloud(ctx, host).inventory;
    let Some(begun) = inventory.begun else { return };
    let memory = ctx.memories.get(&host.uid);
    if memory.server_at.is_some_and(|at| at >= begun) {
        return;
    }
    if let Some(server) = host.status.server_id.as_ref().and_then(|id| inventory.servers.get(id)) {
        remember(ctx, host, present(server), begun);
    }
}

/// Servers of the newest complete list that bear this host's UID and are not the recorded one.
pub(super) fn strays(ctx: &Context, host: &HostObject) -> Vec<String> {
    let inventory = cloud(ctx, host).inventory;
    let all = inventory.by_host.get(&host.uid).into_iter().flatten();
    all.filter(|id| Some(*id) != host.status.server_id.as_ref()).cloned().collect()
}

/// Whether the newest complete list, begun after the server was last seen, does not show it.
pub(super) fn missed(ctx: &Context, host: &HostObject, memory: &super::memory::Memory) -> bool {
    let inventory = cloud(ctx, host).inventory;
    let newer = inventory.begun.is_some() && inventory.begun > memory.server_at;
    newer && host.status.server_id.as_ref().is_some_and(|id| !inventory.servers.contains_key(id))
}

fn present(server: &gantry_cloud::Server) -> ServerSeen {
    let state = match &server.status {
        ServerStatus::Build => ServerState::Build,
        ServerStatus::Active => ServerState::Active,
        ServerStatus::Error => ServerState::Error(server_failure(server)),
        ServerStatus::Deleted => ServerState::Other("DELETED".into()),
        ServerStatus::Other(other) => ServerState::Other(other.clone()),
        other => ServerState::Other(format!("{other:?}").to_uppercase()),
    };
    ServerSeen::Present { state, address: server.addresses.first().cloned() }
}

fn server_failure(server: &gantry_cloud::Server) -> Failure {
    use gantry_cloud::FaultMeaning;
    let Some(fault) = &server.fault else {
        return Failure { reason: "ServerError".into(), message: "Nova put the server into ERROR and gave no reason".into() };
    };
    let reason = match fault.meaning() {
        FaultMeaning::NoHost => "NoValidHost",
        FaultMeaning::Quota => "QuotaExceeded",
        FaultMeaning::Other => "ServerError",
    };
    Failure { reason: reason.into(), message: format!("Nova put the server into ERROR: {}", fault.message) }
}

/// GET by id, where a list cannot answer: nothing is known yet, or the newest list does not show the server.
pub(super) async fn look(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>) -> Outcome {
    let Some(id) = &host.status.server_id else { return Outcome::Again(RETRY) };
    let memory = ctx.memories.get(&host.uid);
    let inventory = cloud(ctx, host).inventory;
    if shown_lately(&inventory, id, &memory, ctx.now()) {
        return Outcome::Again(LOOK_AGAIN);
    }
    let asked = ctx.now();
    match client.server(id).await {
        Ok(server) => remember(ctx, host, present(&server), asked),
        Err(Error::NotFound { .. }) => remember(ctx, host, absent(memory.server, asked), asked),
        Err(error) => {
            trouble(ctx, host, "the server cannot be looked at", &error);
            return Outcome::Again(RETRY);
        }
    }
    Outcome::Next
}

fn shown_lately(inventory: &Inventory, id: &str, memory: &super::memory::Memory, now: jiff::Timestamp) -> bool {
    let known = matches!(memory.server, ServerSeen::Present { .. });
    let fresh = memory.server_at.is_some_and(|at| now.duration_since(at) < GET_EVERY);
    known && fresh && (inventory.servers.contains_key(id) || inventory.begun < memory.server_at)
}

pub(super) fn remember(ctx: &Context, host: &HostObject, seen: ServerSeen, asked: jiff::Timestamp) {
    ctx.memories.update(&host.uid, |memory| {
        memory.server = seen;
        memory.server_at = Some(asked);
    });
}

pub(super) fn absent(before: ServerSeen, asked: jiff::Timestamp) -> ServerSeen {
    match before {
        ServerSeen::Absent { since, answers, .. } => ServerSeen::Absent { since, last: asked, answers: answers.saturating_add(1) },
        _ => ServerSeen::Absent { since: asked, last: asked, answers: 1 },
    }
}
