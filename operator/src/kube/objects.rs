//! Gantry's own kinds as the stores keep them: spec, status and the few fields of the metadata that decide something.

use std::collections::BTreeMap;
use std::fmt::Debug;

use gantry_crds::{Host, HostSpec, HostStatus, OpenStackCloud, OpenStackCloudSpec, OpenStackCloudStatus, VMPool, VMPoolSpec, VMPoolStatus};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::informer;
use super::store::Entry;

/// An object of one of our kinds.
#[derive(Clone, Debug, PartialEq)]
pub struct Object<S, T> {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Counts changes of the spec.
    pub generation: i64,
    /// When it was created.
    pub created: Timestamp,
    /// Whether deletionTimestamp is set.
    pub deleting: bool,
    /// Finalizers.
    pub finalizers: Vec<String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Spec.
    pub spec: S,
    /// Status; default if there is none yet.
    pub status: T,
}

/// A Host.
pub type HostObject = Object<HostSpec, HostStatus>;
/// A VMPool.
pub type PoolObject = Object<VMPoolSpec, VMPoolStatus>;
/// An OpenStackCloud.
pub type CloudObject = Object<OpenStackCloudSpec, OpenStackCloudStatus>;

impl<S, T> Object<S, T> {
    fn new(meta: ObjectMeta, spec: S, status: T) -> Self {
        Self {
            namespace: meta.namespace.unwrap_or_default(),
            name: meta.name.unwrap_or_default(),
            uid: meta.uid.unwrap_or_default(),
            generation: meta.generation.unwrap_or(0),
            created: meta.creation_timestamp.map(|time| time.0).unwrap_or_default(),
            deleting: meta.deletion_timestamp.is_some(),
            finalizers: meta.finalizers.unwrap_or_default(),
            annotations: meta.annotations.unwrap_or_default(),
            spec,
            status,
        }
    }

    /// Whether our finalizer is on it.
    pub fn held(&self) -> bool {
        self.finalizers.iter().any(|finalizer| finalizer == gantry_crds::FINALIZER)
    }
}

impl From<Host> for HostObject {
    fn from(host: Host) -> Self {
        Self::new(host.metadata, host.spec, host.status.unwrap_or_default())
    }
}

impl From<VMPool> for PoolObject {
    fn from(pool: VMPool) -> Self {
        Self::new(pool.metadata, pool.spec, pool.status.unwrap_or_default())
    }
}

impl From<OpenStackCloud> for CloudObject {
    fn from(cloud: OpenStackCloud) -> Self {
        Self::new(cloud.metadata, cloud.spec, cloud.status.unwrap_or_default())
    }
}

/// A store's entry of an object that a write returned.
pub fn entry<K, S, T>(object: K) -> Entry<Object<S, T>>
where
    K: kube::Resource + Into<Object<S, T>>,
    S: PartialEq,
    T: PartialEq,
{
    let (key, uid, version) = (informer::key(&object), informer::uid(&object), informer::version(&object));
    Entry::new(key, uid, version, object.into())
}
