//! Reservations: a node that joined takes nobody but the pods that it was bought for until they are in.
//!
//! The scheduler tries pods whenever a node registers, clears a nomination at the first attempt that fails, and others would take the seat: a
//! host would be bought a second time. So the startup taint, whose value is the host's name, stays for a while, and the pods with a
//! seat there are given a toleration of it. Pods that are spread come to their seats in turns, as the hosts of other zones join: until
//! then what is left over on any node would draw them to the wrong zone, and all joining nodes are kept. So they are while a pod waits for its
//! host that would push pods of lower priority off a node that opens.

use std::time::Duration;

use futures::StreamExt;
use gantry_crds::TAINT_STARTUP;
use gantry_plan::Plan;
use gantry_plan::model::{Key, Node, Pod as Seen};
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Patch, PatchParams};
use kube::{Api, Error};
use serde_json::json;

use super::context::{Context, key_of};
use super::driver::stays;
use super::nomination::{Nomination, WRITES_AT_ONCE};
use super::steps::Outcome;
use crate::kube::objects::HostObject;

/// So long after it was ready a node is kept for its pods; then it opens, whoever waits.
const LIMIT: SignedDuration = SignedDuration::from_secs(150);
/// The node is looked at again after this, if no plan is made before.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Takes the seats of a plan.
pub(super) fn planned(ctx: &Context, plan: &Plan) {
    let counts = |node: &str| !ctx.stores.hosts_named(node).is_empty();
    let is_open = |node: &str| ctx.stores.nodes.get(&Key::new("", node)).is_some_and(|node| !is_ours(&node.value));
    let lowest = lowest_priority(ctx, plan, is_open);
    let follows = |pod: &Key| {
        let waits = ctx.stores.pods.get(pod).filter(|pod| pod.value.node_name.is_none());
        waits.is_some_and(|pod| pod.value.spec.follows_others() || may_push_aside(&pod.value, lowest))
    };
    ctx.seats.planned(plan, counts, follows, is_open);
}

/// The lowest priority of pods that run on nodes that are not open, or have their seat there.
fn lowest_priority(ctx: &Context, plan: &Plan, is_open: impl Fn(&str) -> bool) -> Option<i32> {
    let closed = ctx.stores.nodes.values(|node| is_ours(&node.value).then(|| node.value.name.clone()));
    let running = closed.iter().flatten().flat_map(|node| ctx.stores.pods_by_node.get(node)).filter(|pod| !stays(pod));
    let seated = plan.placed.iter().filter(|(_, node)| !is_open(node)).filter_map(|(pod, _)| ctx.stores.pods.get(pod));
    running.map(|pod| pod.spec.priority).chain(seated.map(|pod| pod.value.spec.priority)).min()
}

/// Whether the pod would push others off a node that opens before its own joins: they would need a host anew.
fn may_push_aside(pod: &Seen, lowest: Option<i32>) -> bool {
    !pod.spec.never_preempts && lowest.is_some_and(|lowest| pod.spec.priority > lowest)
}

/// Whether the node, which is ready, is kept for the pods that it was bought for.
pub(super) fn keeps(ctx: &Context, host: &HostObject, node: &Node) -> bool {
    let since = ctx.memories.ready_since(&host.uid, ctx.now());
    may_keep(ctx, host, node) && ctx.now().duration_since(since) < LIMIT && (ctx.seats.followers() != Some(0) || waiting(ctx, host) > 0)
}

/// Pods with a seat on the host's node that are not bound to it yet.
fn waiting(ctx: &Context, host: &HostObject) -> usize {
    let is_bound = |pod: &Seen| pod.node_name.is_some() || pod.terminating;
    ctx.seats.on(&host.name).iter().filter(|key| ctx.stores.pods.get(key).is_some_and(|pod| !is_bound(&pod.value))).count()
}

fn may_keep(ctx: &Context, host: &HostObject, node: &Node) -> bool {
    ctx.nomination == Nomination::Reserve && is_ours(node) && is_named(node, &host.name) && !ctx.memories.get(&host.uid).keeps_nobody
}

fn is_ours(node: &Node) -> bool {
    node.taints.iter().any(|taint| taint.key == TAINT_STARTUP)
}

/// A host of an older Gantry registered without the name.
fn is_named(node: &Node, name: &str) -> bool {
    node.taints.iter().any(|taint| taint.key == TAINT_STARTUP && taint.value == name)
}

/// Lets in the pods that the newest plan seats on the host's node.
pub(super) async fn let_in(ctx: &Context, host: &HostObject) -> Outcome {
    let pods = futures::stream::iter(ctx.seats.on(&host.name));
    pods.for_each_concurrent(WRITES_AT_ONCE, |pod| async move { let_in_one(ctx, host, &pod).await }).await;
    Outcome::Again(LOOK_AGAIN)
}

async fn let_in_one(ctx: &Context, host: &HostObject, key: &Key) {
    let Some(pod) = ctx.stores.pods.get(key).map(|entry| entry.value.clone()) else { return };
    let is_done = pod.node_name.is_some() || pod.terminating || pod.let_in.as_deref() == Some(host.name.as_str());
    if is_done || !ctx.may_act() || !ctx.seats.may_nominate(&pod.uid, &host.name) {
        return;
    }
    let api: Api<Pod> = Api::namespaced(ctx.client.clone(), &key.namespace);
    match api.patch(&key.name, &PatchParams::default(), &Patch::<Pod>::Json(toleration(&pod, &host.name))).await {
        Ok(_) => tracing::debug!(pod = %key, host = host.name, "let in"),
        // Gone, a namesake, or changed by somebody else: the next plan decides.
        Err(Error::Api(status)) if [404, 409, 422].contains(&status.code) => {}
        Err(Error::Api(status)) if status.code == 403 => refused(ctx, host, key, &status.message),
        Err(error) => tracing::warn!(pod = %key, %error, "a pod could not be let in before others; tried again"),
    }
}

/// One more toleration. API servers take no others away, so a list that is not as it was read stays as it is.
fn toleration(pod: &Seen, host: &str) -> json_patch::Patch {
    let own = json!({"key": TAINT_STARTUP, "operator": "Equal", "value": host, "effect": "NoSchedule"});
    let is_first = pod.spec.tolerations.is_empty() && pod.let_in.is_none();
    let (path, value) = if is_first { ("/spec/tolerations", json!([own])) } else { ("/spec/tolerations/-", own) };
    let patch = json!([{"op": "test", "path": "/metadata/uid", "value": pod.uid}, {"op": "add", "path": path, "value": value}]);
    serde_json::from_value(patch).unwrap_or_default()
}

fn refused(ctx: &Context, host: &HostObject, pod: &Key, why: &str) {
    ctx.memories.update(&host.uid, |memory| memory.keeps_nobody = true);
    tracing::warn!(host = %key_of(host), %pod, why, "pods may not be let in before others; the node opens for all");
    let message = format!(
        "Pod {pod} may not be given a toleration: {why}. The node takes any pod now; set nomination.reserve of the chart to false if that is wanted"
    );
    ctx.host_event(host, "Warning", "KubernetesRefused", &message);
}

/// The node opens although pods wait for it: whoever sees a host too many finds it in an event.
pub(super) fn tell_end(ctx: &Context, host: &HostObject) {
    let Some(node) = ctx.stores.nodes.get(&Key::new("", &host.name)) else { return };
    let (own, followers) = (waiting(ctx, host), ctx.seats.followers().unwrap_or_default());
    if own + followers > 0 && may_keep(ctx, host, &node.value) {
        let waited = LIMIT.as_secs();
        let message = format!(
            "The node takes any pod now, {waited} s after it was ready: {own} of its pods were not bound to it, and {followers} pods that depend on \
             where others run, or would push others aside, wait for hosts"
        );
        ctx.host_event(host, "Normal", "KeptInVain", &message);
    }
}

/// Wakes the drivers of hosts that are kept and have pods to let in.
pub(super) fn again(ctx: &Context) {
    for node in ctx.seats.nodes() {
        let is_kept = ctx.stores.nodes.get(&Key::new("", &node)).is_some_and(|node| node.value.ready && is_ours(&node.value));
        if is_kept {
            ctx.stores.hosts_named(&node).into_iter().for_each(|key| ctx.signals.hosts.add(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use gantry_plan::model::{PodSpec, Toleration};

    use super::*;

    fn patch(pod: Seen) -> serde_json::Value {
        serde_json::to_value(toleration(&Seen { uid: "u".into(), ..pod }, "general-x7k2p")).unwrap()
    }

    #[test]
    fn only_a_pod_of_higher_priority_that_preempts_pushes_others_aside() {
        let pod =
            |priority, never_preempts| Seen { spec: PodSpec { priority, never_preempts, ..PodSpec::default() }.into(), ..Seen::default() };
        let pushes = [(1, false, Some(0)), (0, false, Some(0)), (1, true, Some(0)), (1, false, None)];
        assert_eq!(pushes.map(|(priority, never, lowest)| may_push_aside(&pod(priority, never), lowest)), [true, false, false, false]);
    }

    #[test]
    fn a_toleration_is_added_to_those_that_are_there_and_never_in_their_place() {
        let own = json!({"key": "gantry.cloud/startup", "operator": "Equal", "value": "general-x7k2p", "effect": "NoSchedule"});
        let uid = json!({"op": "test", "path": "/metadata/uid", "value": "u"});
        let behind = json!([uid, {"op": "add", "path": "/spec/tolerations/-", "value": own}]);
        let some = PodSpec { tolerations: vec![Toleration::default()], ..PodSpec::default() };
        assert_eq!(patch(Seen { spec: some.into(), ..Seen::default() }), behind);
        assert_eq!(patch(Seen { let_in: Some("general-abcde".into()), ..Seen::default() }), behind);
        assert_eq!(patch(Seen::default()), json!([uid, {"op": "add", "path": "/spec/tolerations", "value": [own]}]));
    }
}
