//! One step of a host's life, done: asked of OpenStack or Kubernetes, and the answer recorded.

use std::sync::Arc;
use std::time::Duration;

use gantry_cloud::{Cloud, Error};
use gantry_plan::host::{Failure, ServerSeen, Step};
use gantry_plan::model::Key;

use super::cloud_state::CloudState;
use super::context::{Context, key_of};
use super::offerings::OfferingKey;
use super::{create, nodes, record, removal, server_seen};
use crate::bootstrap::token_store;
use crate::kube::objects::HostObject;
use crate::kube::store::Entry;

/// Pause before a step that failed is tried again.
pub(super) const RETRY: Duration = Duration::from_secs(3);
/// Pause while an answer of the cloud is awaited: the observer's next list.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(1);

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
        Step::LookAtServer => server_seen::look(ctx, host, &client).await,
        Step::RecordActive => record_active(ctx, entry, &client).await,
        Step::DeleteServer => removal::delete_server(ctx, host, &client).await,
        Step::DeleteStray(id) => removal::delete_stray(ctx, host, &client, &id).await,
        Step::LookAtPorts => removal::look_at_ports(ctx, host, &client).await,
        Step::DeletePort(id) => removal::delete_port(ctx, host, &client, &id).await,
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
    if let Err(error) = token_store::ensure(&ctx.client, &host.uid, &host.name, ctx.now()).await {
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
        record::set(status, host, ctx.now(), "Launched", true, "ServerActive", &format!("server {id} is ACTIVE"));
    })
    .await;
    Outcome::Next
}

/// An ACTIVE server may have lost its port to the clean-up of a second creation: then it is on no network and will never join.
async fn off_its_port(host: &HostObject, client: &Arc<dyn Cloud>) -> Result<Option<Failure>, Error> {
    let (Some(port), Some(server)) = (host.status.port_ids.first(), &host.status.server_id) else { return Ok(None) };
    let device = match client.port(port).await {
        Ok(port) => port.device_id,
        Err(Error::NotFound { .. }) => String::new(),
        Err(error) => return Err(error),
    };
    let message = || format!("the server is ACTIVE but its port {port} is bound to {:?}: it is on no network; it is replaced", device);
    Ok((device != *server).then(|| Failure { reason: "PortLost".into(), message: message() }))
}

/// Records that the host cannot go on, and leaves its offering out of plans for a while.
pub(super) async fn fail(ctx: &Context, entry: &Entry<HostObject>, failure: &Failure) -> Outcome {
    let host = &entry.value;
    if failure.reason != "ServerGone" {
        let until = ctx.offerings.failed(offering(host), &failure.reason, &failure.message, ctx.now());
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
    record::ledger(ctx, entry, |status| record::set(status, host, ctx.now(), "Failed", true, &failure.reason, &failure.message)).await;
    ctx.signals.plan.mark();
    Outcome::Next
}

/// Asks the host's cloud's observer for a fresh look.
pub(super) fn cell_poke(ctx: &Context, host: &HostObject) {
    if let Some(cell) = ctx.clouds.get(&Key::new(&host.namespace, &host.spec.cloud_name)) {
        cell.poke();
    }
}

/// The offering that a host was bought as.
pub(super) fn offering(host: &HostObject) -> OfferingKey {
    OfferingKey { cloud: Key::new(&host.namespace, &host.spec.cloud_name), flavor: host.spec.flavor.clone(), zone: host.spec.zone.clone() }
}

/// An error that is tried again: in the log with OpenStack's request id, in an event without.
pub(super) fn trouble(ctx: &Context, host: &HostObject, what: &str, error: &Error) {
    tracing::warn!(host = %key_of(host), %error, category = error.category(), "{what}; tried again");
    // Without the request id: it differs each time, and the event would never be the same twice.
    ctx.host_event(host, "Warning", error.category(), &format!("{what}: {}; tried again", error.message()));
    if super::clouds::problem(error).is_some() {
        cell_poke(ctx, host);
    }
}
