//! Everything known at one instant, projected to what planning needs. Immutable once built.

mod key;
mod name;
mod pod;
mod volume;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use key::Key;
pub use name::Name;
pub use pod::{Expression, HostPort, Labels, NodeTerm, Pod, PodSpec, PodTerm, Preferred, Selector, Spread, Toleration};
pub use volume::{Class, Volume, VolumeClaim, Volumes};

use crate::resources::Resources;

/// The world at `now`. Every list is complete: a loop that lacks one does not plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When it was taken.
    pub now: Timestamp,
    /// All pods that are not finished (phase neither Succeeded nor Failed).
    pub pods: Vec<Arc<Pod>>,
    /// All nodes.
    pub nodes: Vec<Node>,
    /// Labels of all namespaces, by name.
    pub namespaces: BTreeMap<String, Labels>,
    /// Persistent volumes and what asks for them.
    pub volumes: Volumes,
    /// All DaemonSets.
    pub daemon_sets: Vec<DaemonSet>,
    /// All Hosts, those being deleted too.
    pub hosts: Vec<Host>,
    /// All pools.
    pub pools: Vec<Pool>,
    /// Offerings and quota by cloud.
    pub clouds: BTreeMap<Key, Cloud>,
}

/// A taint.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Taint {
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Labels; copies share them.
    pub labels: Arc<Labels>,
    /// Taints.
    pub taints: Vec<Taint>,
    /// `spec.unschedulable`.
    pub cordoned: bool,
    /// Whether condition Ready is True.
    pub ready: bool,
    /// Allocatable.
    pub allocatable: Resources,
    /// `spec.providerID`, or empty.
    pub provider_id: String,
    /// Its CSINode: volumes of each driver that can be attached, `None` where a driver names no limit. `None`: there is no CSINode.
    pub drivers: Option<BTreeMap<String, Option<i64>>>,
    /// `status.nodeInfo.kubeletVersion`, or empty.
    #[serde(default)]
    pub kubelet_version: String,
}

/// A DaemonSet's pods-to-be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DaemonSet {
    /// Its name.
    pub key: Key,
    /// A pod as it would be on a node: requests, selector, affinity, tolerations (with those that the DaemonSet controller adds).
    pub pod: Pod,
}

/// A Host object, as far as planning goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Its name; the node's name too.
    pub key: Key,
    /// UID.
    pub uid: String,
    /// Its pool's name (same namespace).
    pub pool: String,
    /// Its cloud's name (same namespace).
    pub cloud: String,
    /// Flavor name.
    pub flavor: String,
    /// Zone.
    pub zone: String,
    /// Labels that its node registers or will register with; shared by equal ones where the reader interns them.
    pub labels: Arc<Labels>,
    /// Taints that stay (startup taints are not among them).
    pub taints: Vec<Taint>,
    /// Startup taints, by key and effect: ignored on its node when pods are matched.
    pub startup_taints: Vec<Taint>,
    /// What its node is expected to offer.
    pub allocatable: Resources,
    /// When it was created.
    pub created: Timestamp,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// Whether its failure is known and it will be deleted.
    pub failed: bool,
    /// Whether the server was already counted in the cloud's quota use (it has been seen in the cloud).
    pub in_quota: bool,
    /// Whether its node registered: if that node is gone or not ready now, the host is no capacity, and it is not on its way either.
    pub joined: bool,
    /// Since when it has been empty.
    pub empty_since: Option<Timestamp>,
    /// Id of the server group that its server was asked into.
    pub group: Option<String>,
    /// What it was bought for: seats kept for equal pods until they are bound.
    pub claims: Vec<Claim>,
    /// Since when no plan had a pod for it, while it is on its way.
    pub unneeded_since: Option<Timestamp>,
}

/// Seats on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Claim {
    /// [`Pod::shape`] of the pods.
    pub shape: u64,
    /// How many.
    pub pods: u32,
}

/// A pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pool {
    /// Its name.
    pub key: Key,
    /// Its cloud's name (same namespace).
    pub cloud: String,
    /// Exactly this many, if set.
    pub replicas: Option<usize>,
    /// At least.
    pub min_hosts: usize,
    /// At most.
    pub max_hosts: usize,
    /// Limit of vCPUs, in milli-CPU.
    pub limit_cpu_milli: Option<i64>,
    /// Limit of memory, in bytes.
    pub limit_memory_bytes: Option<i64>,
    /// Higher first.
    pub weight: i32,
    /// Flavor names.
    pub flavors: Vec<String>,
    /// Zones; empty is all.
    pub zones: Vec<String>,
    /// Labels of its nodes beyond the well-known ones.
    pub labels: BTreeMap<String, String>,
    /// Taints that stay.
    pub taints: Vec<Taint>,
    /// Taints that others lift.
    pub startup_taints: Vec<Taint>,
    /// Pods per node.
    pub max_pods: i64,
    /// CPU kept for the system, in milli-CPU.
    pub reserved_cpu_milli: i64,
    /// Memory kept for the system, in bytes (kubelet's eviction threshold of 100 MiB comes on top).
    pub reserved_memory_bytes: i64,
    /// How long a host stays empty; `None` is for ever.
    pub empty_after: Option<SignedDuration>,
    /// What each host takes of the cloud beside its server.
    pub extras: Extras,
    /// What real nodes of its flavors showed, by flavor name, for the image and the node settings that it has now.
    pub learned: BTreeMap<String, Learned>,
    /// Shapes of pods for which its hosts turned out to be useless, by flavor name: none is bought for them before the time is up.
    pub useless: Vec<Useless>,
    /// Whether it may create hosts: not being deleted, cloud ready, references resolved. Else why not.
    pub ready: Result<(), String>,
}

/// What a real node showed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// Its allocatable.
    pub allocatable: Resources,
    /// Its CSINode, as [`Node::drivers`].
    pub drivers: BTreeMap<String, Option<i64>>,
}

/// Hosts of a flavor did not take the pods that they were bought for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Useless {
    /// [`Pod::shape`] of the pods.
    pub shape: u64,
    /// Flavor name.
    pub flavor: String,
    /// None is bought before.
    pub until: Timestamp,
    /// What was in the way, in words.
    pub why: String,
}

/// What each host of a pool takes of the cloud beside its server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extras {
    /// Ports.
    pub ports: i64,
    /// Floating IPs.
    pub floating_ips: i64,
    /// Size of its root volume in GiB; `None` is the flavor's own disk.
    pub volume_gib: Option<i64>,
    /// Whether it is a member of a server group.
    pub grouped: bool,
}

/// What a cloud has to offer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cloud {
    /// Region name.
    pub region: String,
    /// All flavor and zone pairs.
    pub offerings: Vec<Offering>,
    /// Quota.
    pub quota: Quota,
}

/// A flavor in a zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offering {
    /// Flavor name.
    pub flavor: String,
    /// Zone.
    pub zone: String,
    /// Virtual CPUs.
    pub vcpus: i64,
    /// Memory in MiB.
    pub memory_mib: i64,
    /// Root disk in GiB.
    pub disk_gib: i64,
    /// Extended resources and huge pages of a node of it, by name.
    pub resources: BTreeMap<String, i64>,
    /// Price of an hour, in micro-units of the currency.
    pub price_micro: i64,
    /// Why it cannot be had now (it failed a short while ago), or `None`.
    pub unavailable: Option<String>,
    /// When it may be tried again, if that is known.
    pub until: Option<Timestamp>,
}

/// Quota of the project; a limit below 0 means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Servers.
    pub instances: Line,
    /// Virtual CPUs.
    pub cores: Line,
    /// Memory in MiB.
    pub memory_mib: Line,
    /// Ports.
    pub ports: Line,
    /// Floating IPs.
    pub floating_ips: Line,
    /// Volumes.
    pub volumes: Line,
    /// Volumes' GiB.
    pub gigabytes: Line,
    /// Server groups.
    pub server_groups: Line,
    /// Members of one server group; below 0: any number.
    pub server_group_members: i64,
}

/// A limit and its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Below 0: none.
    pub limit: i64,
    /// In use.
    pub used: i64,
}

impl Default for Quota {
    fn default() -> Self {
        let none = Line { limit: -1, used: 0 };
        Self {
            instances: none,
            cores: none,
            memory_mib: none,
            ports: none,
            floating_ips: none,
            volumes: none,
            gigabytes: none,
            server_groups: none,
            server_group_members: -1,
        }
    }
}
