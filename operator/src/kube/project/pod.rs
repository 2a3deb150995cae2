//! Pods.

use gantry_plan::model::{Key, Pod};
use jiff::Timestamp;

use super::intern::Interner;
use super::placement::{self, Subject, placement};
use super::wire::{self, meta};

/// Where an object comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An API server, which has filled in every default.
    Cluster,
    /// Perhaps a manifest that no API server has seen.
    File,
}

/// A pod, or `None` if it has finished. Without any status it is a manifest: it waits to be placed.
pub fn pod(pod: wire::Pod, interner: &Interner, origin: Origin) -> Option<Pod> {
    let (spec, status, meta) = (pod.spec.0, pod.status.0, pod.metadata);
    if matches!(status.phase.as_str(), "Succeeded" | "Failed") {
        return None;
    }
    let key = Key::new(meta.namespace.clone().unwrap_or_default(), meta.name.clone().unwrap_or_default());
    let named = |name: String| (!name.is_empty()).then(|| interner.name(name));
    let let_in = spec.tolerations.iter().filter_map(placement::let_in).next_back().map(|host| interner.name(host.to_owned()));
    let since = unschedulable_since(&status);
    let manifest = origin == Origin::File && status.phase.is_empty() && status.conditions.is_empty();
    let mirror = meta::annotation(&meta, meta::MIRROR).is_some();
    let owner = meta.owner_references.into_iter().flatten().find(|owner| owner.controller == Some(true));
    let labels = meta.labels.unwrap_or_default();
    let placement = placement(&spec, &status, &Subject { namespace: &key.namespace, name: &key.name, labels: &labels });
    Some(Pod {
        owner: owner.map(|owner| (interner.name(owner.kind), interner.name(owner.name))),
        unschedulable: since.is_some() || manifest && spec.node_name.is_empty(),
        unschedulable_since: since,
        terminating: meta.deletion_timestamp.is_some(),
        created: meta.creation_timestamp.map(|time| time.0).unwrap_or_default(),
        mirror,
        let_in,
        nominated_node: named(status.nominated_node_name.0),
        node_name: named(spec.node_name.0),
        uid: meta.uid.unwrap_or_default(),
        labels: interner.labels(labels),
        spec: interner.spec(placement),
        key,
    })
}

/// Since when the scheduler says that the pod fits nowhere.
fn unschedulable_since(status: &wire::PodStatus) -> Option<Timestamp> {
    let mut conditions = status.conditions.iter();
    let condition = conditions.find(|c| *c.type_ == "PodScheduled" && *c.status == "False")?;
    (*condition.reason == "Unschedulable").then(|| condition.last_transition_time.as_ref().map(|time| time.0).unwrap_or_default())
}
