//! What is known of a host's server: taken over from complete lists, asked for by id where a list cannot answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_cloud::{Cloud, Error, FaultMeaning, Server, ServerStatus};
use gantry_plan::host::{Absence, Bearer, Deletion, Failure, ListSeen, ServerSeen, ServerState, Standing, Stray};
use jiff::{SignedDuration, Timestamp};

use super::cloud_state::Inventory;
use super::context::Context;
use super::memory::Memory;
use super::steps::{LOOK_AGAIN, Outcome, RETRY, cloud, trouble};
use crate::kube::objects::HostObject;

/// GET by id is not repeated within this time while the lists still show the server.
const GET_EVERY: SignedDuration = SignedDuration::from_secs(30);

/// Takes over what the newest complete list shows of the host's server and its doubles. A server that it does not show is left as it was: a list
/// proves presence only.
pub(super) fn refresh(ctx: &Context, host: &HostObject) {
    let inventory = cloud(ctx, host).inventory;
    let (Some(begun), Some(own)) = (inventory.begun, &host.status.server_id) else { return };
    ctx.memories.update(&host.uid, |memory| {
        for id in inventory.by_host.get(&host.uid).into_iter().flatten().filter(|id| *id != own) {
            memory.strays.entry(id.clone()).or_default();
        }
        if memory.server_at.is_none_or(|at| at < begun)
            && let Some(server) = inventory.servers.get(own)
        {
            memory.server = present(server, &memory.server);
            memory.server_at = Some(begun);
        }
    });
}

/// What the newest complete list shows of this host.
pub(super) fn list(inventory: &Inventory, host: &HostObject) -> Option<ListSeen> {
    let bearers = inventory.by_host.get(&host.uid).into_iter().flatten().filter_map(|id| inventory.servers.get(id));
    Some(ListSeen {
        begun: inventory.begun?,
        shows_recorded: host.status.server_id.as_ref().is_some_and(|id| inventory.servers.contains_key(id)),
        bearers: bearers.map(|server| bearer(server)).collect(),
    })
}

/// A server that bears the host's UID, and how it stands.
pub(super) fn bearer(server: &Server) -> Bearer {
    let leaving = matches!(server.task_state.as_deref(), Some("deleting" | "soft-deleting"));
    let standing = match &server.status {
        ServerStatus::Deleted | ServerStatus::SoftDeleted => Standing::Leaving,
        _ if leaving => Standing::Leaving,
        ServerStatus::Error => Standing::Failed,
        ServerStatus::Active => Standing::Active,
        _ => Standing::Coming,
    };
    Bearer { id: server.id.clone(), standing }
}

/// Other servers that ever bore this host's UID in a list, and what came of deleting them.
pub(super) fn strays(inventory: &Inventory, host: &HostObject, known: &BTreeMap<String, Deletion>) -> Vec<Stray> {
    let others = known.iter().filter(|(id, _)| Some(*id) != host.status.server_id.as_ref());
    others.map(|(id, deletion)| Stray { id: id.clone(), shown: inventory.servers.contains_key(id), deletion: deletion.clone() }).collect()
}

/// A down cell's stub has no addresses: those known before stay.
fn present(server: &Server, before: &ServerSeen) -> ServerSeen {
    let known = match before {
        ServerSeen::Present { address, .. } => address.clone(),
        _ => None,
    };
    let address = server.addresses.first().cloned().or(known);
    ServerSeen::Present { state: state(server), task: server.task_state.clone(), address }
}

fn state(server: &Server) -> ServerState {
    match &server.status {
        ServerStatus::Build => ServerState::Build,
        ServerStatus::Active => ServerState::Active,
        ServerStatus::Error => ServerState::Error(server_failure(server)),
        ServerStatus::Shutoff => ServerState::Other("SHUTOFF".into()),
        ServerStatus::SoftDeleted => ServerState::SoftDeleted,
        ServerStatus::Deleted => ServerState::Deleted,
        ServerStatus::Unknown => ServerState::Unknown,
        ServerStatus::Other(other) => ServerState::Other(other.clone()),
    }
}

fn server_failure(server: &Server) -> Failure {
    let Some(fault) = &server.fault else {
        return Failure::new("ServerError", "Nova put the server into ERROR and gave no reason");
    };
    let reason = match fault.meaning() {
        FaultMeaning::NoHost => "NoValidHost",
        FaultMeaning::Quota => "QuotaExceeded",
        FaultMeaning::Other => "ServerError",
    };
    Failure::new(reason, format!("Nova put the server into ERROR: {}", fault.message))
}

/// GET by id, where a list cannot answer: nothing is known yet, or the newest list does not show the server.
pub(super) async fn look(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>) -> Outcome {
    let Some(id) = &host.status.server_id else { return Outcome::Again(RETRY) };
    let memory = ctx.memories.get(&host.uid);
    if shown_lately(&cloud(ctx, host).inventory, id, &memory, ctx.now()) {
        return Outcome::Again(LOOK_AGAIN);
    }
    let asked = ctx.now();
    match client.server(id).await {
        Ok(server) => remember(ctx, host, present(&server, &memory.server), asked),
        Err(Error::NotFound { .. }) => remember_absent(ctx, host, asked),
        Err(error) => {
            trouble(ctx, host, "the server cannot be looked at", &error);
            return Outcome::Again(RETRY);
        }
    }
    Outcome::Next
}

fn shown_lately(inventory: &Inventory, id: &str, memory: &Memory, now: Timestamp) -> bool {
    let known = matches!(memory.server, ServerSeen::Present { .. });
    let fresh = memory.server_at.is_some_and(|at| now.duration_since(at) < GET_EVERY);
    known && fresh && (inventory.servers.contains_key(id) || inventory.begun < memory.server_at)
}

fn remember(ctx: &Context, host: &HostObject, seen: ServerSeen, asked: Timestamp) {
    ctx.memories.update(&host.uid, |memory| {
        memory.server = seen;
        memory.server_at = Some(asked);
    });
}

/// Nova's own 404, once more.
pub(super) fn remember_absent(ctx: &Context, host: &HostObject, asked: Timestamp) {
    ctx.memories.update(&host.uid, |memory| {
        let before = match &memory.server {
            ServerSeen::Absent(absence) => Some(absence),
            _ => None,
        };
        memory.server = ServerSeen::Absent(Absence::again(before, asked));
        memory.server_at = Some(asked);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(status: ServerStatus) -> Server {
        Server {
            id: "s".into(),
            name: "h".into(),
            status,
            task_state: None,
            fault: None,
            addresses: vec![],
            metadata: BTreeMap::new(),
            tags: vec![],
            flavor: None,
            zone: None,
            created: String::new(),
        }
    }

    #[test]
    fn of_several_servers_the_one_to_keep_is_told_by_its_state() {
        let deleting = Server { task_state: Some("deleting".into()), ..server(ServerStatus::Active) };
        let standings = [
            bearer(&server(ServerStatus::Active)),
            bearer(&server(ServerStatus::Build)),
            bearer(&server(ServerStatus::Unknown)),
            bearer(&server(ServerStatus::Error)),
            bearer(&server(ServerStatus::SoftDeleted)),
            bearer(&deleting),
        ]
        .map(|bearer| bearer.standing);
        use Standing::{Active, Coming, Failed, Leaving};
        assert_eq!(standings, [Active, Coming, Coming, Failed, Leaving, Leaving]);
    }

    #[test]
    fn a_stub_of_a_down_cell_keeps_the_address_that_was_known() {
        let known = ServerSeen::Present { state: ServerState::Active, task: None, address: Some("10.0.0.5".into()) };
        let wanted = ServerSeen::Present { state: ServerState::Unknown, task: None, address: Some("10.0.0.5".into()) };
        assert_eq!(present(&server(ServerStatus::Unknown), &known), wanted);
    }

    #[test]
    fn t24_a_server_without_fault_status_or_task_leads_to_no_conclusion_beyond_its_status() {
        assert_eq!(state(&server(ServerStatus::Other(String::new()))), ServerState::Other(String::new()));
        let bare = Failure::new("ServerError", "Nova put the server into ERROR and gave no reason");
        assert_eq!(state(&server(ServerStatus::Error)), ServerState::Error(bare));
    }

    #[test]
    fn a_server_that_the_list_shows_is_not_asked_for_again_within_the_half_minute() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let seen = present(&server(ServerStatus::Active), &ServerSeen::Unknown);
        let memory = |seconds_ago| Memory {
            server: seen.clone(),
            server_at: Some(now - SignedDuration::from_secs(seconds_ago)),
            ..Memory::default()
        };
        let shows = Inventory {
            begun: Some(now),
            servers: [("s".to_owned(), Arc::new(server(ServerStatus::Active)))].into(),
            ..Inventory::default()
        };
        assert_eq!([5, 31].map(|ago| shown_lately(&shows, "s", &memory(ago), now)), [true, false]);
        let misses = Inventory { begun: Some(now), ..Inventory::default() };
        assert!(!shown_lately(&misses, "s", &memory(5), now), "a newer list misses it: asked for by id");
    }
}
