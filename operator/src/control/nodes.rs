//! The Kubernetes side of a host's steps: node, pods, token, finalizer.

use std::collections::BTreeMap;

use gantry_crds::{FINALIZER, Host, TAINT_STARTUP};
use gantry_plan::host::{PodSeen, TokenSeen, Witness, Write};
use gantry_plan::model::Key;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{DeleteParams, EvictParams, ListParams, Patch, PatchParams, Preconditions};
use kube::{Api, Error};
use serde_json::{Value, json};

use super::context::{Context, key_of};
use super::offerings::Bought;
use super::steps::{LOOK_AGAIN, Outcome, RETRY};
use super::{company, nomination, record, reserve};
use crate::bootstrap::{labels, token_store};
use crate::kube::objects::HostObject;
use crate::kube::project::{self, Interner, Origin, wire};
use crate::kube::store::Entry;

/// A node was patched: its informer brings the host back before this.
const PATCHED: Outcome = Outcome::Again(std::time::Duration::from_secs(5));

fn nodes(ctx: &Context) -> Api<Node> {
    Api::all(ctx.client.clone())
}

/// Puts our finalizer on the Host, or takes it off as the last thing of all.
pub(super) async fn finalizer(ctx: &Context, entry: &Entry<HostObject>, wanted: bool) -> Outcome {
    let key = key_of(&entry.value);
    let mut finalizers = entry.value.finalizers.clone();
    finalizers.retain(|finalizer| finalizer != FINALIZER);
    if wanted {
        finalizers.push(FINALIZER.into());
    }
    let api: Api<Host> = Api::namespaced(ctx.client.clone(), &key.namespace);
    let patch = json!({"metadata": {"resourceVersion": entry.version.to_string(), "finalizers": finalizers}});
    match api.patch(&key.name, &PatchParams::default(), &Patch::Merge(&patch)).await {
        Ok(host) if wanted => {
            // Nothing was asked for before this: from here on this process hears every answer.
            ctx.memories.update(entry.uid(), |memory| memory.witness = Witness::FromBirth);
            ctx.stores.put_host(host);
        }
        Ok(_) => tracing::info!(host = %key, "host gone; nothing of it is left"),
        Err(Error::Api(status)) if status.code == 404 => {}
        Err(Error::Api(status)) if status.code == 409 => {
            if let Ok(Some(host)) = api.get_opt(&key.name).await {
                ctx.stores.put_host(host);
            }
            return Outcome::Again(RETRY);
        }
        Err(error) => return failed(ctx, &entry.value, "the finalizer cannot be changed", &error),
    }
    Outcome::Next
}

/// The node is there: its token has served, and is taken away before that is written down.
pub(super) async fn record_joined(ctx: &Context, entry: &Entry<HostObject>) -> Outcome {
    let host = &entry.value;
    if delete_token(ctx, host).await != Outcome::Next {
        return Outcome::Again(RETRY);
    }
    if record::writes(ctx, entry, &[Write::Joined], |status| status.node_name = Some(host.name.clone())).await {
        // ACTIVE is not enough: an image that never joins must not end its own pause.
        ctx.offerings.joined(&Bought::of(host));
        ctx.metrics.host_joined(host.created, ctx.wall());
    }
    Outcome::Next
}

/// Where this process keeps tokens.
pub(super) fn tokens(ctx: &Context) -> token_store::Store<'_> {
    token_store::Store { client: &ctx.client, time: &ctx.memories.api_time, wall: ctx.wall() }
}

/// Keeps the bootstrap token alive while the server is built and joins.
pub(super) async fn renew_token(ctx: &Context, host: &HostObject) -> Outcome {
    match token_store::renew(tokens(ctx), &host.uid).await {
        Ok(is_there) => {
            if !is_there {
                let message = "The bootstrap token is gone: the server cannot join any more, unless it has joined just now";
                ctx.host_event(host, "Warning", "TokenLost", message);
            }
            ctx.memories.update(&host.uid, |memory| memory.token = TokenSeen::Live { renewed_at: ctx.now() });
            Outcome::Next
        }
        Err(error) => {
            tracing::warn!(host = %key_of(host), %error, "the bootstrap token cannot be renewed; tried again");
            Outcome::Again(RETRY)
        }
    }
}

/// Takes the bootstrap token away.
pub(super) async fn delete_token(ctx: &Context, host: &HostObject) -> Outcome {
    match token_store::delete(&ctx.client, &host.uid).await {
        Ok(()) => {
            ctx.memories.update(&host.uid, |memory| memory.token = TokenSeen::Gone);
            Outcome::Next
        }
        Err(error) => {
            tracing::warn!(host = %key_of(host), %error, "the bootstrap token cannot be deleted; tried again");
            Outcome::Again(RETRY)
        }
    }
}

/// Sets the labels that a kubelet may not set on its own node.
pub(super) async fn label(ctx: &Context, host: &HostObject) -> Outcome {
    let wanted: BTreeMap<String, String> = labels::for_operator(&host.spec.labels);
    patch(ctx, host, &json!({"metadata": {"labels": wanted}}), "the node cannot be labelled").await
}

/// Lifts our startup taint and no other, against the version that was read; just before, the pods that it was bought for are nominated.
pub(super) async fn lift_startup_taint(ctx: &Context, host: &HostObject) -> Outcome {
    tell_missing_company(ctx, host);
    reserve::tell_end(ctx, host);
    nomination::nominate(ctx, host).await;
    let node = match nodes(ctx).get_opt(&host.name).await {
        Ok(Some(node)) => node,
        Ok(None) => return Outcome::Again(RETRY),
        Err(error) => return failed(ctx, host, "the node cannot be read", &error),
    };
    let taints = node.spec.and_then(|spec| spec.taints).unwrap_or_default();
    let left: Vec<_> = taints.iter().filter(|taint| taint.key != TAINT_STARTUP).collect();
    let change = json!({"metadata": {"resourceVersion": node.metadata.resource_version}, "spec": {"taints": left}});
    let outcome = patch(ctx, host, &change, "the startup taint cannot be lifted").await;
    if outcome == PATCHED {
        ctx.memories.update(&host.uid, |memory| memory.opened_at = Some(ctx.now()));
        ctx.metrics.host_ready(host.created, ctx.now());
    }
    outcome
}

/// The node opens although not all is there: whoever wonders about the first minute of its pods finds it in an event.
fn tell_missing_company(ctx: &Context, host: &HostObject) {
    let node = ctx.stores.nodes.get(&Key::new("", &host.name));
    if let Some(what) = node.and_then(|node| company::missing(ctx, host, &node.value)) {
        let waited = company::PATIENCE.as_secs();
        ctx.host_event(host, "Warning", "OpenedAlone", &format!("The node takes pods now although {what} is not there after {waited} s"));
    }
}

/// Keeps new pods away from the node.
pub(super) async fn cordon(ctx: &Context, host: &HostObject) -> Outcome {
    patch(ctx, host, &json!({"spec": {"unschedulable": true}}), "the node cannot be cordoned").await
}

/// Patches the node and waits for the informer: the same step would otherwise be decided again at once.
async fn patch(ctx: &Context, host: &HostObject, change: &Value, what: &str) -> Outcome {
    match nodes(ctx).patch(&host.name, &PatchParams::default(), &Patch::Merge(change)).await {
        Ok(_) => PATCHED,
        Err(Error::Api(status)) if status.code == 404 || status.code == 409 => Outcome::Again(LOOK_AGAIN),
        Err(error) => failed(ctx, host, what, &error),
    }
}

/// Asks for evictions by UID; a refusal (a PodDisruptionBudget) is remembered and tried again later.
pub(super) async fn evict(ctx: &Context, host: &HostObject, pods: &[PodSeen]) -> Outcome {
    ctx.memories.update(&host.uid, |memory| memory.eviction_refused = None);
    for pod in pods.iter().take_while(|_| ctx.may_act()) {
        let api: Api<Pod> = Api::namespaced(ctx.client.clone(), &pod.namespace);
        let preconditions = Preconditions { uid: Some(pod.uid.clone()), resource_version: None };
        let params = EvictParams {
            delete_options: Some(DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() }),
            ..EvictParams::default()
        };
        match api.evict(&pod.name, &params).await {
            Ok(_) => tracing::info!(host = %key_of(host), pod = %Key::new(&pod.namespace, &pod.name), "eviction asked for"),
            Err(Error::Api(status)) if status.code == 404 || status.code == 409 => {}
            Err(error) => {
                let why = format!("{}/{}: {error}", pod.namespace, pod.name);
                tracing::info!(host = %key_of(host), why, "an eviction was refused; tried again");
                ctx.memories.update(&host.uid, |memory| memory.eviction_refused = Some((ctx.now(), why)));
            }
        }
    }
    Outcome::Again(std::time::Duration::from_secs(1))
}

/// Asked of the API server itself, just before the server goes: a watch that has silently fallen behind must not cost running pods.
pub(super) async fn drained(ctx: &Context, host: &HostObject) -> bool {
    if host.status.node_name.is_none() {
        return true;
    }
    let pods: Api<wire::Pod> = Api::all(ctx.client.clone());
    let here = ListParams::default().fields(&format!("spec.nodeName={}", host.name));
    let found = match pods.list(&here).await {
        Ok(found) => found,
        Err(error) => {
            failed(ctx, host, "the pods of the node cannot be listed before its server is deleted", &error);
            return false;
        }
    };
    let read = |pod| project::pod(pod, &Interner::default(), Origin::Cluster);
    let left = found.items.into_iter().filter_map(read).filter(|pod| !super::driver::stays(pod) && !pod.terminating).count();
    if left > 0 {
        tracing::warn!(host = %key_of(host), pods = left, "pods still run on the node although the watch shows none; its server is not deleted");
    }
    left == 0
}

/// Deletes the Node object that stood for the host, and no namesake.
pub(super) async fn delete(ctx: &Context, host: &HostObject) -> Outcome {
    let Some(node) = ctx.stores.nodes.get(&Key::new("", &host.name)) else { return Outcome::Next };
    let preconditions = Preconditions { uid: Some(node.uid().to_owned()), resource_version: None };
    let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
    match nodes(ctx).delete(&host.name, &params).await {
        Ok(_) => Outcome::Again(RETRY),
        Err(Error::Api(status)) if status.code == 404 || status.code == 409 => Outcome::Again(RETRY),
        Err(error) => failed(ctx, host, "the node cannot be deleted", &error),
    }
}

fn failed(ctx: &Context, host: &HostObject, what: &str, error: &Error) -> Outcome {
    tracing::warn!(host = %key_of(host), %error, "{what}; tried again");
    ctx.host_event(host, "Warning", "KubernetesRefused", &format!("{what}: {error}; tried again"));
    Outcome::Again(RETRY)
}
