//! The kinds that the API server knows: where they are found, and which of the API server's rules hold for them.

use anyhow::{Context, Result, bail};
use gantry_crds::{Host, OpenStackCloud, VMPool};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// One kind.
#[derive(Debug)]
pub struct Kind {
    /// API group, empty for the core group.
    pub group: &'static str,
    /// Version.
    pub version: &'static str,
    /// Plural, as in the path.
    pub plural: &'static str,
    /// Kind, as in the object.
    pub kind: &'static str,
    /// Where objects live.
    pub scope: Scope,
    /// Who writes the status.
    pub status: Status,
    /// What a write of an object goes through, as a definition's schema would do it.
    schema: Option<fn(Value) -> Result<Value>>,
}

/// Where objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// In none.
    Cluster,
}

/// Who writes the status of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The subresource only; the main resource ignores what it is given.
    Subresource,
    /// There is none.
    None,
}

macro_rules! kind {
    ($group:literal, $version:literal, $plural:literal, $kind:literal, $scope:ident, $status:ident, $schema:expr) => {
        Kind {
            group: $group,
            version: $version,
            plural: $plural,
            kind: $kind,
            scope: Scope::$scope,
            status: Status::$status,
            schema: $schema,
        }
    };
}

/// Every kind that the operator and the world around it use.
pub static KINDS: [Kind; 19] = [
    kind!("", "v1", "pods", "Pod", Namespaced, Subresource, None),
    kind!("", "v1", "nodes", "Node", Cluster, Subresource, None),
    kind!("", "v1", "secrets", "Secret", Namespaced, None, None),
    kind!("", "v1", "configmaps", "ConfigMap", Namespaced, None, None),
    kind!("", "v1", "events", "Event", Namespaced, None, None),
    kind!("", "v1", "namespaces", "Namespace", Cluster, Subresource, None),
    kind!("", "v1", "persistentvolumes", "PersistentVolume", Cluster, Subresource, None),
    kind!("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", Namespaced, Subresource, None),
    kind!("storage.k8s.io", "v1", "storageclasses", "StorageClass", Cluster, None, None),
    kind!("storage.k8s.io", "v1", "csinodes", "CSINode", Cluster, None, None),
    kind!("storage.k8s.io", "v1", "csidrivers", "CSIDriver", Cluster, None, None),
    kind!("apps", "v1", "daemonsets", "DaemonSet", Namespaced, Subresource, None),
    kind!("coordination.k8s.io", "v1", "leases", "Lease", Namespaced, None, None),
    kind!("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", Namespaced, Subresource, None),
    kind!("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", Cluster, None, None),
    kind!("certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", Cluster, Subresource, None),
    kind!("gantry.cloud", "v1alpha1", "openstackclouds", "OpenStackCloud", Namespaced, Subresource, Some(through::<OpenStackCloud>)),
    kind!("gantry.cloud", "v1alpha1", "vmpools", "VMPool", Namespaced, Subresource, Some(through::<VMPool>)),
    kind!("gantry.cloud", "v1alpha1", "hosts", "Host", Namespaced, Subresource, Some(through::<Host>)),
];

/// A definition prunes what it does not know, fills in defaults and refuses what does not fit: so does the type that it was made from.
fn through<K: Serialize + DeserializeOwned>(object: Value) -> Result<Value> {
    let typed: K = serde_json::from_value(object).context("the object does not fit its definition")?;
    Ok(serde_json::to_value(typed)?)
}

impl Kind {
    /// The kind with this plural.
    ///
    /// # Errors
    /// If there is none.
    pub fn of(plural: &str) -> Result<&'static Kind> {
        match KINDS.iter().find(|kind| kind.plural == plural) {
            Some(kind) => Ok(kind),
            None => bail!("the API server in memory knows no {plural}; add a row to KINDS"),
        }
    }

    /// `group/version`, or the version alone for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The object as it would be stored.
    ///
    /// # Errors
    /// If it does not fit the kind's definition.
    pub fn admitted(&self, object: Value) -> Result<Value> {
        let metadata = object["metadata"].clone();
        let mut object = match self.schema {
            Some(through) => through(object)?,
            None => object,
        };
        object["apiVersion"] = self.api_version().into();
        object["kind"] = self.kind.into();
        object["metadata"] = metadata;
        Ok(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_definition_fills_in_prunes_and_refuses() {
        let cloud = Kind::of("openstackclouds").unwrap();
        let object = json!({"metadata": {"name": "main"}, "spec": {"credentials": {"secretName": "s"}, "colour": "red"}});
        let stored = cloud.admitted(object).unwrap();
        assert_eq!(stored["spec"]["credentials"]["cloud"], "openstack");
        assert_eq!(stored["spec"].get("colour"), None);
        assert!(cloud.admitted(json!({"metadata": {"name": "main"}, "spec": {}})).is_err());
    }
}
