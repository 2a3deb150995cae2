//! What a node needs beside its readiness before it opens: pods of DaemonSets that belong there, and the CSI drivers that its kind had.

use std::collections::HashSet;
use std::sync::Arc;

use gantry_plan::model::{Key, Name, Node, Pod, Snapshot};
use gantry_plan::scheduling::Judge;
use jiff::SignedDuration;

use super::context::Context;
use super::learned::Kind;
use crate::kube::objects::HostObject;

/// The company is waited for so long after the node was ready; then the node opens without.
pub(super) const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// What is not there yet, in words, as long as it is worth waiting for.
pub(super) fn awaited(ctx: &Context, host: &HostObject, node: &Node) -> Option<String> {
    let now = ctx.now();
    let since = ctx.memories.ready_since(&host.uid, now);
    if now.duration_since(since) >= PATIENCE { None } else { missing(ctx, host, node) }
}

/// What is not there yet, in words.
pub(super) fn missing(ctx: &Context, host: &HostObject, node: &Node) -> Option<String> {
    missing_daemon(ctx, node).or_else(|| missing_driver(ctx, host, node))
}

fn missing_driver(ctx: &Context, host: &HostObject, node: &Node) -> Option<String> {
    let cloud = Key::new(&host.namespace, &host.spec.cloud_name);
    let expected = ctx.learned.get(&cloud, &Kind::of_host(&host.spec))?.drivers;
    let here = ctx.stores.drivers(&node.name).unwrap_or_default();
    expected.into_keys().find(|driver| !here.contains_key(driver)).map(|driver| format!("CSI driver {driver}"))
}

/// A DaemonSet whose pod belongs on the node as it is, our taint included, and is not bound to it yet.
fn missing_daemon(ctx: &Context, node: &Node) -> Option<String> {
    let sets = ctx.stores.daemon_sets.values(|entry| entry.value.clone());
    let here = ctx.stores.pods_by_node.get(&node.name);
    let daemon = |pod: &Arc<Pod>| {
        let (kind, name) = pod.owner.clone()?;
        (kind == "DaemonSet").then(|| (pod.key.namespace.clone(), name))
    };
    let there: HashSet<(String, Name)> = here.iter().filter_map(daemon).collect();
    let alone = Snapshot { nodes: vec![node.clone()], ..Snapshot::default() };
    let judge = Judge::of(&alone);
    let at = judge.node(&node.name)?;
    let mut expected = sets.iter().filter(|set| judge.runs_daemon(set, at));
    let absent = expected.find(|set| !there.contains(&(set.key.namespace.clone(), set.key.name.as_str().into())))?;
    Some(format!("the pod of DaemonSet {}", absent.key))
}
