//! The host driver's loop: takes hosts from the queue, asks the state machine what to do, has it done, writes down what came of it.

use std::time::Duration;

use gantry_crds::{TAINT_STARTUP, condition};
use gantry_plan::host::{self, Failure, Ledger, NodeSeen, Observation, PodSeen, Step};
use gantry_plan::model::{Key, Node, Pod};
use tokio::task::JoinSet;

use super::context::Context;
use super::{record, server_seen, steps};
use crate::bootstrap::labels;
use crate::kube::objects::HostObject;

/// Hosts that are worked on at the same time; the cloud's pacer sets the pace.
const AT_ONCE: usize = 64;
/// Steps of one host in a row, before others have their turn.
const STEPS_IN_A_ROW: usize = 24;
/// A host is looked at again after this long if this process may not act.
const FOLLOWER_REST: Duration = Duration::from_secs(2);

/// Runs until the process stops, and then until the steps under way are done: never cut between a creation and its record. Essential.
pub async fn run(ctx: Context) {
    let mut work = JoinSet::new();
    loop {
        ctx.pulse.beat("driver");
        let has_place = work.len() < AT_ONCE;
        let key = tokio::select! {
            () = ctx.stop.cancelled() => break,
            key = ctx.signals.hosts.next(), if has_place => key,
            Some(ended) = work.join_next() => {
                if ended.is_err() {
                    tracing::error!("work on a host panicked");
                    return;
                }
                continue;
            }
            () = tokio::time::sleep(Duration::from_secs(5)) => continue,
        };
        let ctx = ctx.clone();
        work.spawn(async move {
            let rest = drive(&ctx, &key).await;
            ctx.signals.hosts.done(&key);
            if let Some(rest) = rest {
                ctx.signals.hosts.add_after(key, rest);
            }
        });
    }
    while work.join_next().await.is_some() {}
}

/// Works on one host; the answer is when to look at it again, if it still exists.
async fn drive(ctx: &Context, key: &Key) -> Option<Duration> {
    for _ in 0..STEPS_IN_A_ROW {
        if !ctx.may_act() {
            return Some(FOLLOWER_REST);
        }
        let entry = ctx.stores.hosts.get(key)?;
        server_seen::refresh(ctx, &entry.value);
        let (ledger, seen) = (ledger(&entry.value), observation(ctx, &entry.value));
        let (status, step) = host::next(&ledger, &seen, ctx.now());
        if !record::status(ctx, &entry, &status).await {
            continue;
        }
        let entry = ctx.stores.hosts.get(key)?;
        match steps::perform(ctx, &entry, step.clone()).await {
            steps::Outcome::Next => {}
            steps::Outcome::Again(rest) => return Some(rest),
        }
        if step == Step::RemoveFinalizer {
            return None;
        }
    }
    Some(Duration::from_millis(200))
}

/// What the Host object records.
pub(super) fn ledger(host: &HostObject) -> Ledger {
    let since =
        |type_: &str| condition::find(&host.status.conditions, type_).filter(|c| c.status == "True").map(|c| c.last_transition_time.0);
    let failed = condition::find(&host.status.conditions, "Failed").filter(|c| c.status == "True");
    Ledger {
        deleting: host.deleting,
        finalizer: host.held(),
        created: host.created,
        ports_wanted: host.spec.ports.len(),
        port_ids: host.status.port_ids.clone(),
        create_sent_at: host.status.create_sent_at.as_ref().map(|time| time.0),
        server_id: host.status.server_id.clone(),
        joined_at: since("Joined"),
        active_at: since("Launched"),
        failed: failed.map(|c| Failure { reason: c.reason.clone(), message: c.message.clone() }),
    }
}

/// What was seen outside of it.
fn observation(ctx: &Context, host: &HostObject) -> Observation {
    let memory = ctx.memories.get(&host.uid);
    let node = ctx.stores.nodes.get(&Key::new("", &host.name));
    let pods = ctx.stores.pods_by_node.get(&host.name).into_iter().filter_map(|key| ctx.stores.pods.get(&key));
    Observation {
        cloud: steps::cloud_trouble(ctx, host),
        missed: server_seen::missed(ctx, host, &memory),
        strays: server_seen::strays(ctx, host),
        server: memory.server,
        sweep: memory.sweep,
        delete_sent_at: memory.delete_sent_at,
        ports_left: memory.ports_left,
        token_gone: memory.token_gone,
        node: node.map(|node| node_seen(host, &node.value)),
        pods: pods.map(|pod| pod_seen(&pod.value)).collect(),
        eviction_refused: memory.eviction_refused,
    }
}

fn node_seen(host: &HostObject, node: &Node) -> NodeSeen {
    let set_by_us = labels::for_operator(&host.spec.labels);
    NodeSeen {
        provider_id: node.provider_id.clone(),
        ready: node.ready,
        startup_taint: node.taints.iter().any(|taint| taint.key == TAINT_STARTUP),
        waits_for: node.taints.iter().map(|taint| &taint.key).find(|key| lifted_by_others(host, key)).cloned(),
        cordoned: node.cordoned,
        labels_missing: set_by_us.iter().any(|(name, value)| node.labels.get(name) != Some(value)),
    }
}

/// Taints that a joining node has for a moment and that others lift.
const JOIN_TAINTS: [&str; 4] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/network-unavailable",
    "node.cloudprovider.kubernetes.io/uninitialized",
];

fn lifted_by_others(host: &HostObject, key: &str) -> bool {
    JOIN_TAINTS.contains(&key) || host.spec.startup_taints.iter().any(|taint| taint.key == key)
}

/// Whether a pod stays on its node until the node goes.
pub(super) fn stays(pod: &Pod) -> bool {
    pod.mirror || pod.owner.as_ref().is_some_and(|(kind, _)| kind == "DaemonSet")
}

fn pod_seen(pod: &Pod) -> PodSeen {
    PodSeen {
        namespace: pod.key.namespace.clone(),
        name: pod.key.name.clone(),
        uid: pod.uid.clone(),
        stays: stays(pod),
        terminating: pod.terminating,
    }
}
