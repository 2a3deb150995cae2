//! The ledger's pen: the only code that writes a Host's status, always against the version that was decided on.

use gantry_crds::{Condition, Host, HostPhase, HostStatus, condition};
use gantry_plan::host::{Phase, Status};
use gantry_plan::model::Key;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{Patch, PatchParams};
use kube::{Api, Error};
use serde_json::json;

use super::context::{Context, key_of};
use super::status::merge_patch;
use crate::kube::objects::HostObject;
use crate::kube::store::Entry;

/// Writes what people are told, if it changed. `false`: the host changed meanwhile; decide again.
pub(super) async fn status(ctx: &Context, entry: &Entry<HostObject>, status: &Status) -> bool {
    let host = &entry.value;
    let mut new = host.status.clone();
    new.phase = phase(status.phase);
    new.message = status.message.clone();
    let ready = status.phase == Phase::Ready;
    if ready || condition::find(&new.conditions, "Ready").is_some() {
        set(&mut new, host, ctx.now(), "Ready", ready, if ready { "NodeReady" } else { "NotReady" }, &status.message);
    }
    if let Some(empty) = status.empty {
        let (reason, message) = if empty { ("NoPods", "no pods but those of DaemonSets") } else { ("Pods", "pods run here") };
        set(&mut new, host, ctx.now(), "Empty", empty, reason, message);
    }
    if new == host.status {
        return true;
    }
    if new.phase != host.status.phase {
        tracing::info!(host = %key_of(host), from = ?host.status.phase, to = ?new.phase, why = new.message, "host's phase changed");
        let kind = if matches!(new.phase, HostPhase::Failed | HostPhase::NotReady) { "Warning" } else { "Normal" };
        ctx.host_event(host, kind, &format!("{:?}", new.phase), &sentence(&new.message));
    }
    write(ctx, entry, new).await
}

/// Changes the ledger. `false`: the host changed meanwhile; nothing was written, decide again.
pub(super) async fn ledger(ctx: &Context, entry: &Entry<HostObject>, change: impl FnOnce(&mut HostStatus)) -> bool {
    let mut new = entry.value.status.clone();
    change(&mut new);
    write(ctx, entry, new).await
}

/// Sets a condition of a host's status.
pub(super) fn set(status: &mut HostStatus, host: &HostObject, now: Timestamp, type_: &str, holds: bool, reason: &str, message: &str) {
    let new = Condition {
        type_: type_.into(),
        status: if holds { "True" } else { "False" }.into(),
        last_transition_time: Time(now),
        reason: reason.into(),
        message: message.into(),
        observed_generation: Some(host.generation),
    };
    condition::set(&mut status.conditions, new);
}

async fn write(ctx: &Context, entry: &Entry<HostObject>, new: HostStatus) -> bool {
    let key = key_of(&entry.value);
    let api: Api<Host> = Api::namespaced(ctx.client.clone(), &key.namespace);
    let patch =
        json!({"metadata": {"resourceVersion": entry.version.to_string()}, "status": merge_patch(&json!(entry.value.status), json!(new))});
    match api.patch_status(&key.name, &PatchParams::default(), &Patch::Merge(&patch)).await {
        Ok(host) => {
            ctx.stores.put_host(host);
            true
        }
        Err(Error::Api(status)) if status.code == 409 => {
            read_again(ctx, &api, &key).await;
            false
        }
        Err(error) => {
            tracing::warn!(host = %key, %error, "a Host's status could not be written; tried again");
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            false
        }
    }
}

/// The store is behind: take in the object as it is now.
async fn read_again(ctx: &Context, api: &Api<Host>, key: &Key) {
    if let Ok(Some(host)) = api.get_opt(&key.name).await {
        ctx.stores.put_host(host);
    }
}

fn phase(phase: Phase) -> HostPhase {
    match phase {
        Phase::Pending => HostPhase::Pending,
        Phase::Building => HostPhase::Building,
        Phase::Joining => HostPhase::Joining,
        Phase::Ready => HostPhase::Ready,
        Phase::NotReady => HostPhase::NotReady,
        Phase::Draining => HostPhase::Draining,
        Phase::Deleting => HostPhase::Deleting,
        Phase::Failed => HostPhase::Failed,
    }
}

/// A message as an event's sentence: with a capital.
fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Time as the ledger writes it.
pub(super) fn stamp(at: Timestamp) -> Time {
    Time(at)
}
