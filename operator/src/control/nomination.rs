//! Nominations: the scheduler is told which pods a joining node was bought for, just before the node opens.
//!
//! `status.nominatedNodeName` is tried first by the scheduler and counted against others; it is a hint that it clears when it does not
//! hold, so nothing is concluded from a nomination that failed.

use std::time::Duration;

use futures::StreamExt;
use gantry_plan::model::{Key, Pod as Seen};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Patch, PatchParams};
use kube::{Api, Error};
use serde_json::json;

use super::context::Context;
use crate::kube::objects::HostObject;

/// How pods come to the hosts that were bought for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Nomination {
    /// A node takes nobody but its pods until they are in; where that is refused they are nominated.
    #[default]
    Reserve,
    /// They are nominated.
    On,
    /// The scheduler finds the nodes by itself; nothing is written to pods.
    Off,
}

/// Pods that are patched at the same time.
pub(super) const WRITES_AT_ONCE: usize = 8;
/// The node opens after this, whoever was nominated by then.
const LIMIT: Duration = Duration::from_secs(5);
/// A node is told of for so long after it opened.
const AGAIN_WITHIN: jiff::SignedDuration = jiff::SignedDuration::from_secs(120);

/// Nominates the pods that the newest plan seats on the host's node and that still wait; at most as many as it takes.
pub(super) async fn nominate(ctx: &Context, host: &HostObject) {
    if ctx.nomination == Nomination::Off {
        return;
    }
    let most = usize::try_from(host.spec.max_pods).unwrap_or(0);
    let pods = futures::stream::iter(ctx.seats.on(&host.name).into_iter().take(most));
    let all = pods.for_each_concurrent(WRITES_AT_ONCE, |pod| async move { nominate_one(ctx, &pod, &host.name).await });
    if tokio::time::timeout(LIMIT, all).await.is_err() {
        tracing::warn!(host = host.name, "not all pods were nominated within {LIMIT:?}; the node opens without");
    }
}

/// Once more for those whose nomination the scheduler cleared although their seat is still there.
pub(super) fn again(ctx: &Context) {
    for node in ctx.seats.nodes() {
        for host in ctx.stores.hosts_named(&node).into_iter().filter_map(|key| ctx.stores.hosts.get(&key)) {
            let opened = ctx.memories.opened_at(host.uid());
            if opened.is_some_and(|at| ctx.now().duration_since(at) < AGAIN_WITHIN) {
                // Planning waits for none of these writes.
                let ctx = ctx.clone();
                tokio::spawn(async move { nominate(&ctx, &host.value).await });
            }
        }
    }
}

/// The scheduler never clears the nomination of a pod that never preempts, and nominees of one node that are spread keep each other off:
/// such pods would do so for ever.
fn would_lock(pod: &Seen) -> bool {
    pod.spec.never_preempts && pod.spec.spread.iter().any(|spread| spread.required)
}

async fn nominate_one(ctx: &Context, key: &Key, node: &str) {
    let Some(pod) = ctx.stores.pods.get(key).map(|entry| entry.value.clone()) else { return };
    let is_settled = pod.node_name.is_some() || pod.nominated_node.is_some() || pod.terminating;
    if is_settled || would_lock(&pod) || !ctx.may_act() || !ctx.seats.may_nominate(&pod.uid, node) {
        return;
    }
    let api: Api<Pod> = Api::namespaced(ctx.client.clone(), &key.namespace);
    // The UID fences off a namesake: the API server answers 409 for another one.
    let patch = json!({"metadata": {"uid": pod.uid}, "status": {"nominatedNodeName": node}});
    match api.patch_status(&key.name, &PatchParams::default(), &Patch::Merge(&patch)).await {
        Ok(_) => tracing::debug!(pod = %key, node, "nominated"),
        Err(Error::Api(status)) if [404, 409, 422].contains(&status.code) => {}
        Err(error) => tracing::warn!(pod = %key, node, %error, "a pod could not be nominated; the scheduler finds its node without"),
    }
}

#[cfg(test)]
mod tests {
    use gantry_plan::model::{PodSpec, Spread};

    use super::*;

    #[test]
    fn pods_that_are_spread_and_never_preempt_are_not_nominated() {
        let locks = |never_preempts, required| {
            let spread = vec![Spread { required, ..Spread::default() }];
            would_lock(&Seen { spec: PodSpec { never_preempts, spread, ..PodSpec::default() }.into(), ..Default::default() })
        };
        assert_eq!([locks(true, true), locks(true, false), locks(false, true)], [true, false, false]);
    }
}
