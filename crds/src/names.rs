//! Names that are written into objects of Kubernetes and OpenStack: labels, taints, finalizers, tags, groups.

/// The API group of all kinds.
pub const GROUP: &str = "gantry.cloud";
/// The one served version.
pub const VERSION: &str = "v1alpha1";
/// Finalizer on Hosts, VMPools and OpenStackClouds: goes last, when what the object stood for is known to be gone.
pub const FINALIZER: &str = "gantry.cloud/finalizer";
/// Label on Hosts and Nodes: the pool's name.
pub const LABEL_POOL: &str = "gantry.cloud/pool";
/// Label on Nodes: the Host's name.
pub const LABEL_HOST: &str = "gantry.cloud/host";
/// Label on Hosts: the cloud's name.
pub const LABEL_CLOUD: &str = "gantry.cloud/cloud";
/// Label on bootstrap token Secrets: the UID of the Host that the token is for.
pub const LABEL_HOST_UID: &str = "gantry.cloud/host-uid";
/// Taint that a host's Node registers with and that the operator lifts when the host is ready for pods.
pub const TAINT_STARTUP: &str = "gantry.cloud/startup";
/// Group of the bootstrap tokens; the chart binds it to what `kubeadm join` reads, never to automatic approval.
pub const BOOTSTRAP_GROUP: &str = "system:bootstrappers:gantry";
/// Key of a server's metadata that holds the Host's UID; also the prefix of the tag `gantry-host:<uid>`.
pub const META_HOST: &str = "gantry-host";
/// Key of a server's metadata that holds the cluster's UID; also the prefix of the tag `gantry-cluster:<uid>`.
pub const META_CLUSTER: &str = "gantry-cluster";
/// Key of a server's metadata that holds `namespace/pool`.
pub const META_POOL: &str = "gantry-pool";
/// Key of a volume's metadata that holds its host's `rootVolume.onDelete`: what says `Keep` is left alone when no Host is there.
pub const META_ON_DELETE: &str = "gantry-on-delete";
/// Annotation on an OpenStackCloud: how many servers may be missing, such as `37`, or an RFC 3339 time, at most 24 hours ahead, until which any
/// number may. Missing servers within it count as gone.
pub const ANNOTATION_ACCEPT_MISSING: &str = "gantry.cloud/accept-missing-servers";
