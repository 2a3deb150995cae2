//! One step of a host's life, done: asked of OpenStack or Kubernetes, and the answer recorded.

use std::sync::Arc;
use std::time::Duration;

use gantry_cloud::{CONNECT_LIMIT, Cloud, Error};
use gantry_plan::host::{Failure, Kind, Part, ServerSeen, Step, Write, provider_id};
use gantry_plan::model::Key;
use tokio::time::Instant;

use super::cloud_state::CloudState;
use super::context::{Context, key_of};
use super::offerings::Bought;
use super::{create, groups, looks, nodes, parts, record, removal, reserve, server_seen};
use crate::kube::objects::HostObject;
use crate::kube::store::Entry;

/// Pause before a step that failed is tried again.
pub(super) const RETRY: Duration = Duration::from_secs(3);
/// Pause while an answer of the cloud is awaited: the observer's next list.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Pause before a server that may not be taken for gone yet is judged again.
const HELD: Duration = Duration::from_secs(30);

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
    match step {
        Step::Wait(rest) => Outcome::Again(Duration::try_from(rest).unwrap_or(RETRY)),
        Step::AddFinalizer | Step::RemoveFinalizer => nodes::finalizer(ctx, entry, step == Step::AddFinalizer).await,
        Step::RecordActive => record_active(ctx, entry).await,
        Step::RecordJoined => nodes::record_joined(ctx, entry).await,
        Step::RenewToken => nodes::renew_token(ctx, host).await,
        Step::LabelNode => nodes::label(ctx, host).await,
        Step::LetIn => reserve::let_in(ctx, host).await,
        Step::LiftStartupTaint => nodes::lift_startup_taint(ctx, host).await,
        Step::Cordon => nodes::cordon(ctx, host).await,
        Step::Evict(pods) => nodes::evict(ctx, host, &pods).await,
        Step::DeleteNode => nodes::delete(ctx, host).await,
        Step::DeleteToken => nodes::delete_token(ctx, host).await,
        Step::ForgetCreate => create::forget(ctx, entry).await,
        Step::Fail(failure) => conclude(ctx, host, failure).await,
        in_cloud => match cloud(ctx, host).client {
            Some(client) => with_cloud(ctx, entry, &client, in_cloud).await,
            None => Outcome::Again(RETRY),
        },
    }
}

async fn with_cloud(ctx: &Context, entry: &Arc<Entry<HostObject>>, client: &Arc<dyn Cloud>, step: Step) -> Outcome {
    let host = &entry.value;
    match step {
        Step::EnsurePart(Part::ServerGroup) => groups::join(ctx, entry, client).await,
        Step::EnsurePart(part) => parts::ensure(ctx, entry, client, part).await,
        Step::LookAtVolume => looks::volume(ctx, host, client).await,
        Step::CreateServer => create::server(ctx, entry, client).await,
        Step::FindServer => create::find(ctx, entry, client).await,
        Step::LookAtServer => server_seen::look(ctx, host, client).await,
        Step::LookAtPort => looks::port(ctx, host, client).await,
        Step::DeleteServer => removal::server(ctx, host, client).await,
        Step::DeleteStray(id) => removal::stray(ctx, host, client, &id).await,
        Step::LookForParts => removal::look_for_parts(ctx, host, client).await,
        Step::DeletePart(part) if part.kind == Kind::ServerGroup => groups::leave(ctx, host, client, &part).await,
        Step::DeletePart(part) => removal::part(ctx, host, client, &part).await,
        _ => Outcome::Again(RETRY),
    }
}

/// The state of the host's cloud.
pub(super) fn cloud(ctx: &Context, host: &HostObject) -> CloudState {
    ctx.clouds.state(&Key::new(&host.namespace, &host.spec.cloud_name))
}

/// Why a cloud cannot be asked, in words.
pub(super) fn cloud_trouble(state: &CloudState) -> Option<String> {
    match (&state.nova, &state.client) {
        (Some(problem), _) => Some(problem.message.clone()),
        (None, None) => Some("its credentials are being read".into()),
        (None, Some(_)) => None,
    }
}

/// Until when a creation may be sent, so that its bytes leave while this process leads.
pub(super) fn send_before(ctx: &Context) -> Instant {
    let end = ctx.lease.send_before();
    end.checked_sub(CONNECT_LIMIT).unwrap_or_else(Instant::now)
}

/// The server is ACTIVE and on its port.
async fn record_active(ctx: &Context, entry: &Entry<HostObject>) -> Outcome {
    let host = &entry.value;
    let address = match ctx.memories.get(&host.uid).server {
        ServerSeen::Present { address, .. } => address,
        _ => None,
    };
    let id = host.status.server_id.clone().unwrap_or_default();
    let beside = |status: &mut gantry_crds::HostStatus| {
        status.address = address;
        status.provider_id = Some(provider_id(&id));
    };
    if record::writes(ctx, entry, &[Write::Launched], beside).await {
        ctx.offerings.launched(&Bought::of(host));
    }
    Outcome::Next
}

/// A verdict of the state machine. That a server is gone is subject to the cap of its cloud, which counts here.
async fn conclude(ctx: &Context, host: &HostObject, failure: Failure) -> Outcome {
    let cell = ctx.clouds.get(&Key::new(&host.namespace, &host.spec.cloud_name));
    if failure.reason == "ServerGone" {
        let Some(cell) = cell else { return Outcome::Again(RETRY) };
        if let Err(why) = cell.conclude_gone(&host.uid, ctx.now()) {
            tracing::warn!(host = %key_of(host), why, "a server is not taken for gone yet");
            return Outcome::Again(HELD);
        }
    }
    fail(ctx, host, vec![Write::Failed(failure.clone())], &failure).await
}

/// Records that the host cannot go on, tells it, and has what it was bought as left out of plans for a while.
pub(super) async fn fail(ctx: &Context, host: &HostObject, writes: Vec<Write>, failure: &Failure) -> Outcome {
    if !record::surely(ctx, host, &writes, |_| {}).await {
        return Outcome::Again(RETRY);
    }
    let until = ctx.offerings.failed(&Bought::of(host), &failure.reason, &failure.message, ctx.now());
    tracing::warn!(host = %key_of(host), flavor = host.spec.flavor, zone = host.spec.zone, reason = failure.reason, why = failure.message, ?until, "host failed");
    if let Some(pool) = ctx.stores.pools.get(&Key::new(&host.namespace, &host.spec.pool_name)) {
        let message = format!("Host {} ({} in {}) failed: {}", host.name, host.spec.flavor, host.spec.zone, failure.message);
        ctx.pool_event(&pool.value, "Warning", &failure.reason, &message);
    }
    cell_poke(ctx, host);
    ctx.signals.plan.mark();
    Outcome::Next
}

/// Asks the host's cloud's observer for a fresh look.
pub(super) fn cell_poke(ctx: &Context, host: &HostObject) {
    if let Some(cell) = ctx.clouds.get(&Key::new(&host.namespace, &host.spec.cloud_name)) {
        cell.poke();
    }
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
