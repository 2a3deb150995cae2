//! Claims, volumes, StorageClasses, and the drivers of nodes.

use std::collections::BTreeMap;

use gantry_plan::model::{Class, Expression, Key, NodeTerm, Volume, VolumeClaim};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::affinity::{node_term, selector};
use super::wire::{self, Amounts, meta};

/// Volumes of each driver that a node can attach, `None` where a driver names no limit.
pub type Drivers = BTreeMap<String, Option<i64>>;

/// The driver that the in-tree Cinder plugin became.
const CINDER_DRIVER: &str = "cinder.csi.openstack.org";
/// That plugin's name as a provisioner.
const CINDER_PLUGIN: &str = "kubernetes.io/cinder";

/// A PersistentVolumeClaim.
pub fn volume_claim(claim: wire::Claim) -> VolumeClaim {
    let (meta, spec) = (claim.metadata, claim.spec.0);
    let bound = meta::annotation(&meta, meta::BIND_COMPLETED).is_some();
    let named = (!spec.volume_name.is_empty()).then(|| spec.volume_name.0.clone());
    let owner = meta.owner_references.iter().flatten().find(|owner| owner.controller == Some(true) && owner.kind == "Pod");
    VolumeClaim {
        class: old_class(&meta).or(spec.storage_class_name).unwrap_or_default(),
        volume: named.clone().filter(|_| bound),
        binding: named.filter(|_| !bound),
        access_modes: spec.access_modes.0,
        bytes: spec.resources.requests.as_ref().map_or(0, bytes),
        mode: mode(spec.volume_mode.0),
        selector: spec.selector.as_ref().map(selector),
        terminating: meta.deletion_timestamp.is_some(),
        selected_node: meta::annotation(&meta, meta::SELECTED_NODE).map(str::to_owned),
        owner_uid: owner.map(|owner| owner.uid.clone()),
        lost: *claim.status.phase == "Lost",
        uid: meta.uid.unwrap_or_default(),
    }
}

fn old_class(meta: &ObjectMeta) -> Option<String> {
    meta::annotation(meta, meta::OLD_CLASS).map(str::to_owned)
}

fn mode(mode: String) -> String {
    if mode.is_empty() { "Filesystem".to_owned() } else { mode }
}

fn bytes(amounts: &Amounts) -> i64 {
    amounts.get("storage").map_or(0, |amount| amount.value())
}

/// A PersistentVolume.
pub fn volume(volume: wire::Volume) -> Volume {
    let (meta, spec) = (volume.metadata, volume.spec.0);
    let csi = spec.csi.map(|csi| (csi.driver.0, csi.volume_handle.0));
    Volume {
        class: old_class(&meta).unwrap_or(spec.storage_class_name.0),
        node_affinity: spec.node_affinity.required.as_ref().map(|r| r.node_selector_terms.iter().map(node_term).collect()),
        csi: csi.or(spec.cinder.map(|cinder| (CINDER_DRIVER.to_owned(), cinder.volume_id.0))),
        claim_uid: spec.claim_ref.as_ref().map(|claim| claim.uid.0.clone()).unwrap_or_default(),
        terminating: meta.deletion_timestamp.is_some(),
        claim: spec.claim_ref.map(|claim| Key::new(claim.namespace.0, claim.name.0)),
        access_modes: spec.access_modes.0,
        bytes: bytes(&spec.capacity),
        mode: mode(spec.volume_mode.0),
        available: *volume.status.phase == "Available",
        labels: meta.labels.unwrap_or_default(),
    }
}

/// A StorageClass.
pub fn class(class: wire::Class) -> Class {
    let term = |topology: &wire::Topology| NodeTerm {
        expressions: topology.match_label_expressions.iter().map(one_of).collect(),
        fields: Vec::new(),
    };
    let provisioner = class.provisioner.0;
    Class {
        provisioner: if provisioner == CINDER_PLUGIN { CINDER_DRIVER.to_owned() } else { provisioner },
        waits: *class.volume_binding_mode == "WaitForFirstConsumer",
        topologies: class.allowed_topologies.iter().map(term).collect(),
    }
}

fn one_of(label: &wire::TopologyLabel) -> Expression {
    Expression { key: label.key.0.clone(), operator: "In".to_owned(), values: label.values.0.clone() }
}

/// A CSINode's drivers.
pub fn drivers(node: wire::CsiNode) -> Drivers {
    node.spec.0.drivers.0.into_iter().map(|driver| (driver.name.0, driver.allocatable.count)).collect()
}

/// A CSIDriver: whether a node without it takes no pod that needs it.
pub fn csi_driver(driver: wire::CsiDriver) -> bool {
    *driver.spec.prevent_pod_scheduling_if_missing
}
