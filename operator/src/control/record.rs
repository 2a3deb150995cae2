//! The ledger's pen: the only code that writes a Host's status, always against the version that was decided on.

use gantry_crds::{Condition, Host, HostPhase, HostStatus, condition};
use gantry_plan::host::{Part, Phase, Status, Write};
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
        set(&mut new, host, ctx.wall(), "Ready", ready, if ready { "NodeReady" } else { "NotReady" }, &status.message);
    }
    if let Some(empty) = status.empty {
        let (reason, message) = if empty { ("NoPods", "no pods but those of DaemonSets") } else { ("Pods", "pods run here") };
        set(&mut new, host, ctx.wall(), "Empty", empty, reason, message);
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

/// Changes what is told. `false`: the host changed meanwhile; nothing was written, decide again.
pub(super) async fn ledger(ctx: &Context, entry: &Entry<HostObject>, change: impl FnOnce(&mut HostStatus)) -> bool {
    let mut new = entry.value.status.clone();
    change(&mut new);
    write(ctx, entry, new).await
}

/// Changes the ledger, and what is told beside it. `false`: the host changed meanwhile; nothing was written, decide again.
pub(super) async fn writes(ctx: &Context, entry: &Entry<HostObject>, changes: &[Write], beside: impl FnOnce(&mut HostStatus)) -> bool {
    ledger(ctx, entry, |status| {
        changes.iter().for_each(|change| apply(status, &entry.value, ctx.wall(), change));
        beside(status);
    })
    .await
}

/// The same for what must be written because something exists now: the host may have been marked for deletion meanwhile, so a lost race is tried
/// again with what is there now. `false`: it was not written; after a restart it is found by the host's UID.
pub(super) async fn surely(ctx: &Context, host: &HostObject, changes: &[Write], beside: impl Fn(&mut HostStatus)) -> bool {
    /// Attempts at writing an id down.
    const ATTEMPTS: usize = 5;
    for _ in 0..ATTEMPTS {
        let Some(entry) = ctx.stores.hosts.get(&key_of(host)).filter(|entry| entry.uid() == host.uid) else { return false };
        if writes(ctx, &entry, changes, &beside).await {
            return true;
        }
    }
    false
}

/// One change of the ledger as the Host's status shows it: the same as [`gantry_plan::host::Ledger::apply`], which the model checks.
fn apply(status: &mut HostStatus, host: &HostObject, now: Timestamp, change: &Write) {
    match change {
        Write::Part(part, id) => record_part(status, *part, id),
        Write::Intent(at) => status.create_sent_at = Some(Time(*at)),
        Write::IntentTakenBack => status.create_sent_at = None,
        Write::IntentForgotten => {
            status.create_sent_at = None;
            status.create_attempts = status.create_attempts.saturating_add(1);
        }
        Write::Server(id) => once(&mut status.server_id, id),
        Write::Launched => {
            let id = status.server_id.clone().unwrap_or_default();
            set(status, host, now, "Launched", true, "ServerActive", &format!("server {id} is ACTIVE"));
        }
        Write::Joined => set(status, host, now, "Joined", true, "NodeRegistered", &format!("node {} registered", host.name)),
        Write::Failed(failure) => set(status, host, now, "Failed", true, &failure.reason, &failure.message),
    }
}

fn record_part(status: &mut HostStatus, part: Part, id: &str) {
    match part {
        Part::Port(index) if status.port_ids.len() == index => status.port_ids.push(id.into()),
        Part::Port(_) => {}
        Part::ServerGroup => once(&mut status.server_group_id, id),
        Part::Volume => once(&mut status.volume_id, id),
        Part::FloatingIp => once(&mut status.floating_ip_id, id),
    }
}

/// A recorded id is never replaced.
fn once(place: &mut Option<String>, id: &str) {
    if place.is_none() {
        *place = Some(id.into());
    }
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
            if !ctx.memories.api_time.is_known() {
                ctx.memories.api_time.learn_changed(&host.metadata, ctx.wall());
            }
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

/// Whether the Host is, at the API server and now, the one that was decided on: asked before something is created that no intent stands for.
pub(super) async fn unchanged(ctx: &Context, entry: &Entry<HostObject>) -> bool {
    let key = key_of(&entry.value);
    let api: Api<Host> = Api::namespaced(ctx.client.clone(), &key.namespace);
    match api.get_opt(&key.name).await {
        Ok(Some(host)) => {
            let same = host.metadata.uid.as_deref() == Some(entry.uid())
                && host.metadata.resource_version.as_deref() == Some(&entry.version.to_string())
                && host.metadata.deletion_timestamp.is_none();
            ctx.stores.put_host(host);
            same
        }
        Ok(None) => false,
        Err(error) => {
            tracing::warn!(host = %key, %error, "a Host cannot be read; tried again");
            false
        }
    }
}

#[cfg(test)]
mod tests;
