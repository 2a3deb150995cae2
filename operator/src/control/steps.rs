//! One step of a host's life, done: each function asks OpenStack or Kubernetes for one thing and records the answer.

use std::sync::Arc;
use std::time::Duration;

use gantry_cloud::{Cloud, Error, ServerStatus};
use gantry_plan::host::{Failure, ServerSeen, ServerState, Step};
use gantry_plan::model::Key;
use jiff::SignedDuration;

use super::cloud_state::{CloudState, Inventory};
use super::context::{Context, key_of, now};
use super::offerings::OfferingKey;
use super::record;
use super::{create, nodes};
use crate::bootstrap::token_store;
use crate::kube::objects::HostObject;
use crate::kube::store::Entry;

/// Pause before a step that failed is tried again.
pub(super) const RETRY: Duration = Duration::from_secs(3);
/// Pause while an answer of the cloud is awaited: the observer's next list.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Looks for a port whose creation was not recorded, before there is none.
const PORT_LOOKS: u32 = 3;
/// GET by id is not repeated within this time while the lists still show the server.
const GET_EVERY: SignedDuration = SignedDuration::from_secs(30);

/// What to do after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Ask the state machine again.
    Next,
    /// Ask it again after this time, or when something changed.
    Again(Duration),
}

/// Does one step.
pub(super) async fn perform(ctx: &Context, entry: &Arc<Entry<HostObject>>, step: Step) -> Outcome {
    let host = &entry.value;
    let Step::Wait(rest) = step else {
        return match step {
            Step::AddFinalizer | Step::RemoveFinalizer => nodes::finalizer(ctx, entry, step == Step::AddFinalizer).await,
            Step::RecordJoined => nodes::record_joined(ctx, entry).await,
            Step::LabelNode => nodes::label(ctx, host).await,
            Step::LiftStartupTaint => nodes::lift_startup_taint(ctx, host).await,
            Step::Cordon => nodes::cordon(ctx, host).await,
            Step::Evict(pods) => nodes::evict(ctx, host, &pods).await,
            Step::DeleteNode => nodes::delete(ctx, host).await,
            Step::DeleteToken => nodes::delete_token(ctx, host).await,
            Step::Fail(failure) => fail(ctx, entry, &failure).await,
            in_cloud => with_cloud(ctx, entry, in_cloud).await,
        };
    };
    Outcome::Again(Duration::try_from(rest).unwrap_or(RETRY))
}

async fn with_cloud(ctx: &Context, entry: &Arc<Entry<HostObject>>, step: Step) -> Outcome {
    let host = &entry.value;
    let Some(client) = cloud(ctx, host).client else { return Outcome::Again(RETRY) };
    match step {
        Step::EnsurePort(index) => create::port(ctx, entry, &client, index).await,
        Step::CreateServer => create::server(ctx, entry, &client).await,
        Step::FindServer => create::find(ctx, entry, &client).await,
        Step::ForgetCreate => create::forget(ctx, entry).await,
        Step::LookAtServer => look(ctx, host, &client).await,
        Step::RecordActive => record_active(ctx, entry, &client).await,
        Step::DeleteServer => delete_server(ctx, host, &client).await,
        Step::DeleteStray(id) => delete_stray(ctx, host, &client, &id).await,
        Step::LookAtPorts => look_at_ports(ctx, host, &client).await,
        Step::DeletePort(id) => delete_port(ctx, host, &client, &id).await,
        _ => Outcome::Again(RETRY),
    }
}

/// The state of the host's cloud.
pub(super) fn cloud(ctx: &Context, host: &HostObject) -> CloudState {
    ctx.clouds.state(&Key::new(&host.namespace, &host.spec.cloud_name))
}

/// Why the host's cloud cannot be asked, in words.
pub(super) fn cloud_trouble(ctx: &Context, host: &HostObject) -> Option<String> {
    let state = cloud(ctx, host);
    match (&state.problem, &state.client) {
        (Some(problem), _) => Some(problem.message.clone()),
        (None, None) => Some("its credentials are being read".into()),
        (None, Some(_)) => None,
    }
}

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
        let seen = present(server);
        ctx.memories.update(&host.uid, |memory| {
            memory.server = seen;
            memory.server_at = Some(begun);
        });
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
async fn look(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>) -> Outcome {
    let Some(id) = &host.status.server_id else { return Outcome::Again(RETRY) };
    let memory = ctx.memories.get(&host.uid);
    let inventory = cloud(ctx, host).inventory;
    if shown_lately(&inventory, id, &memory) {
        return Outcome::Again(LOOK_AGAIN);
    }
    let asked = now();
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

fn shown_lately(inventory: &Inventory, id: &str, memory: &super::memory::Memory) -> bool {
    let known = matches!(memory.server, ServerSeen::Present { .. });
    let fresh = memory.server_at.is_some_and(|at| now().duration_since(at) < GET_EVERY);
    known && fresh && (inventory.servers.contains_key(id) || inventory.begun < memory.server_at)
}

fn remember(ctx: &Context, host: &HostObject, seen: ServerSeen, asked: jiff::Timestamp) {
    ctx.memories.update(&host.uid, |memory| {
        memory.server = seen;
        memory.server_at = Some(asked);
    });
}

fn absent(before: ServerSeen, asked: jiff::Timestamp) -> ServerSeen {
    match before {
        ServerSeen::Absent { since, answers, .. } => ServerSeen::Absent { since, last: asked, answers: answers.saturating_add(1) },
        _ => ServerSeen::Absent { since: asked, last: asked, answers: 1 },
    }
}

/// The server is ACTIVE: is it on the network that it was given, and will its token last for the join?
async fn record_active(ctx: &Context, entry: &Entry<HostObject>, client: &Arc<dyn Cloud>) -> Outcome {
    let host = &entry.value;
    match off_its_port(host, client).await {
        Ok(None) => {}
        Ok(Some(failure)) => return fail(ctx, entry, &failure).await,
        Err(error) => {
            trouble(ctx, host, "the server's port cannot be looked at", &error);
            return Outcome::Again(RETRY);
        }
    }
    if let Err(error) = token_store::ensure(&ctx.client, &host.uid, &host.name, now()).await {
        tracing::warn!(host = %key_of(host), %error, "the bootstrap token cannot be renewed; the join may come too late");
    }
    let address = match ctx.memories.get(&host.uid).server {
        ServerSeen::Present { address, .. } => address,
        _ => None,
    };
    let id = host.status.server_id.clone().unwrap_or_default();
    record::ledger(ctx, entry, |status| {
        status.address = address;
        status.provider_id = Some(format!("openstack:///{id}"));
        record::set(status, host, "Launched", true, "ServerActive", &format!("server {id} is ACTIVE"));
    })
    .await;
    Outcome::Next
}

/// An ACTIVE server may have lost its port to the clean-up of a second creation: then it is on no network and will never join.
async fn off_its_port(host: &HostObject, client: &Arc<dyn Cloud>) -> Result<Option<Failure>, Error> {
    let (Some(port), Some(server)) = (host.status.port_ids.first(), &host.status.server_id) else { return Ok(None) };
    let device = client.port(port).await?.device_id;
    let message = || format!("the server is ACTIVE but its port {port} is bound to {:?}: it is on no network; it is replaced", device);
    Ok((device != *server).then(|| Failure { reason: "PortLost".into(), message: message() }))
}

/// Records that the host cannot go on, and leaves its offering out of plans for a while.
pub(super) async fn fail(ctx: &Context, entry: &Entry<HostObject>, failure: &Failure) -> Outcome {
    let host = &entry.value;
    if failure.reason != "ServerGone" {
        let until = ctx.offerings.failed(offering(host), &failure.reason, &failure.message, now());
        tracing::warn!(host = %key_of(host), flavor = host.spec.flavor, zone = host.spec.zone, reason = failure.reason, why = failure.message, %until, "host failed; its flavor and zone are left out for a while");
        cell_poke(ctx, host);
    }
    if let Some(pool) = ctx.stores.pools.get(&Key::new(&host.namespace, &host.spec.pool_name)) {
        ctx.pool_event(
            &pool.value,
            "Warning",
            &failure.reason,
            &format!("Host {} ({} in {}) failed: {}", host.name, host.spec.flavor, host.spec.zone, failure.message),
        );
    }
    record::ledger(ctx, entry, |status| record::set(status, host, "Failed", true, &failure.reason, &failure.message)).await;
    ctx.signals.plan.mark();
    Outcome::Next
}

fn cell_poke(ctx: &Context, host: &HostObject) {
    if let Some(cell) = ctx.clouds.get(&Key::new(&host.namespace, &host.spec.cloud_name)) {
        cell.poke();
    }
}

/// The offering that a host was bought as.
pub(super) fn offering(host: &HostObject) -> OfferingKey {
    OfferingKey { cloud: Key::new(&host.namespace, &host.spec.cloud_name), flavor: host.spec.flavor.clone(), zone: host.spec.zone.clone() }
}

async fn delete_server(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>) -> Outcome {
    let Some(id) = &host.status.server_id else { return Outcome::Again(RETRY) };
    if !nodes::drained(ctx, host).await {
        return Outcome::Again(RETRY);
    }
    match client.delete_server(id).await {
        Ok(()) => tracing::info!(host = %key_of(host), server = id, "deletion of the server asked for"),
        Err(Error::NotFound { .. }) => remember(ctx, host, absent(ctx.memories.get(&host.uid).server, now()), now()),
        Err(error) => {
            trouble(ctx, host, "the server cannot be deleted", &error);
            return Outcome::Again(RETRY);
        }
    }
    ctx.memories.update(&host.uid, |memory| memory.delete_sent_at = Some(now()));
    cell_poke(ctx, host);
    Outcome::Next
}

/// By id, and only what a complete list showed with our UID; the next list shows whether it is gone.
async fn delete_stray(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>, id: &str) -> Outcome {
    tracing::warn!(host = %key_of(host), server = id, "a second server bears this host's UID; it is deleted");
    if let Err(error) = client.delete_server(id).await
        && !matches!(error, Error::NotFound { .. })
    {
        trouble(ctx, host, "a second server of this host cannot be deleted", &error);
    }
    cell_poke(ctx, host);
    Outcome::Again(RETRY)
}

async fn look_at_ports(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>) -> Outcome {
    match client.ports_by_tag(&create::host_tag(host)).await {
        Ok(found) => {
            let unrecorded = host.status.port_ids.len() < host.spec.ports.len();
            if found.is_empty() && unrecorded && ctx.memories.get(&host.uid).ports_looked < PORT_LOOKS {
                // A creation that was answered late may still show up.
                ctx.memories.update(&host.uid, |memory| memory.ports_looked += 1);
                return Outcome::Again(RETRY);
            }
            let mut left: Vec<String> = found.into_iter().map(|port| port.id).collect();
            left.extend(host.status.port_ids.iter().filter(|id| !left.contains(id)).cloned().collect::<Vec<_>>());
            ctx.memories.update(&host.uid, |memory| memory.ports_left = Some(left));
            Outcome::Next
        }
        Err(error) => {
            trouble(ctx, host, "the host's ports cannot be listed", &error);
            Outcome::Again(RETRY)
        }
    }
}

async fn delete_port(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>, id: &str) -> Outcome {
    match client.delete_port(id).await {
        Ok(()) | Err(Error::NotFound { .. }) => {
            let key = id.to_owned();
            ctx.memories.update(&host.uid, |memory| memory.ports_left.iter_mut().for_each(|left| left.retain(|port| *port != key)));
            Outcome::Next
        }
        Err(error) => {
            trouble(ctx, host, "the host's port cannot be deleted", &error);
            Outcome::Again(RETRY)
        }
    }
}

/// An error that is tried again: in the log and in an event, with OpenStack's request id.
pub(super) fn trouble(ctx: &Context, host: &HostObject, what: &str, error: &Error) {
    tracing::warn!(host = %key_of(host), %error, category = error.category(), "{what}; tried again");
    // Without the request id: it differs each time, and the event would never be the same twice.
    ctx.host_event(host, "Warning", error.category(), &format!("{what}: {}; tried again", error.message()));
    if super::clouds::problem(error).is_some() {
        cell_poke(ctx, host);
    }
}
