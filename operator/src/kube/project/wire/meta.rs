//! Metadata, without what a cluster mostly fills it with: managed fields, and annotations that nobody here reads.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Given;

/// Marks a mirror (static) pod.
pub(crate) const MIRROR: &str = "kubernetes.io/config.mirror";
/// Marks a claim whose volume is bound to it for good.
pub(crate) const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// The node that the scheduler chose for a claim that waited for its consumer.
pub(crate) const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// A claim's StorageClass, as it was written before there was a field.
pub(crate) const OLD_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
/// The annotations that are kept.
const KEPT: [&str; 4] = [MIRROR, BIND_COMPLETED, SELECTED_NODE, OLD_CLASS];

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Lean {
    name: Option<String>,
    generate_name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    creation_timestamp: Option<Time>,
    deletion_timestamp: Option<Time>,
    labels: Given<BTreeMap<String, String>>,
    annotations: Given<Annotations>,
    owner_references: Option<Vec<OwnerReference>>,
}

/// Reads metadata.
pub(super) fn lean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMeta, D::Error> {
    let lean: Given<Lean> = Given::deserialize(deserializer)?;
    let lean = lean.0;
    Ok(ObjectMeta {
        name: lean.name,
        generate_name: lean.generate_name,
        namespace: lean.namespace,
        uid: lean.uid,
        resource_version: lean.resource_version,
        creation_timestamp: lean.creation_timestamp,
        deletion_timestamp: lean.deletion_timestamp,
        labels: Some(lean.labels.0),
        annotations: Some(lean.annotations.0.0),
        owner_references: lean.owner_references,
        ..ObjectMeta::default()
    })
}

/// An annotation of those that are kept.
pub(crate) fn annotation<'a>(meta: &'a ObjectMeta, name: &str) -> Option<&'a str> {
    meta.annotations.as_ref()?.get(name).map(String::as_str)
}

#[derive(Default)]
struct Annotations(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keep)
    }
}

struct Keep;

impl<'de> Visitor<'de> for Keep {
    type Value = Annotations;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of annotations")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Annotations, A::Error> {
        let mut kept = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if KEPT.contains(&name.as_str()) {
                kept.insert(name, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Annotations(kept))
    }
}
