//! Everything known at one instant, projected to what planning needs. Immutable once built.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::resources::Resources;

/// `namespace/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Key {
    /// Both parts.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The world at `now`. Every list is complete: a loop that lacks one does not plan.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// When it was taken.
    pub now: Timestamp,
    /// All pods that are not finished (phase neither Succeeded nor Failed).
    pub pods: Vec<Pod>,
    /// All nodes.
    pub nodes: Vec<Node>,
    /// All DaemonSets.
    pub daemon_sets: Vec<DaemonSet>,
    /// All Hosts, those being deleted too.
    pub hosts: Vec<Host>,
    /// All pools.
    pub pools: Vec<Pool>,
    /// Offerings and quota by cloud.
    pub clouds: BTreeMap<Key, Cloud>,
}

/// A pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pod {
    /// Its name.
    pub key: Key,
    /// UID.
    pub uid: String,
    /// What it asks for: kube-scheduler's sum over containers, init and sidecar containers, with overhead; `pods` is 1.
    pub requests: Resources,
    /// Node it is bound to.
    pub node_name: Option<String>,
    /// `status.nominatedNodeName`.
    pub nominated_node: Option<String>,
    /// Whether PodScheduled is False with reason Unschedulable: the scheduler tried and failed.
    pub unschedulable: bool,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// When it was created.
    pub created: Timestamp,
    /// `spec.priority`.
    pub priority: i32,
    /// `spec.schedulerName`.
    pub scheduler: String,
    /// `spec.nodeSelector`.
    pub node_selector: BTreeMap<String, String>,
    /// `requiredDuringSchedulingIgnoredDuringExecution` node affinity: terms are alternatives; `None` is no requirement.
    pub node_affinity: Option<Vec<NodeTerm>>,
    /// Tolerations.
    pub tolerations: Vec<Toleration>,
    /// The controlling owner's kind and name.
    pub owner: Option<(String, String)>,
    /// Whether it is a mirror (static) pod.
    pub mirror: bool,
    /// What the planner cannot model yet and must therefore not buy for, in words (e.g. "pod affinity").
    pub beyond: Vec<String>,
}

impl Default for Key {
    fn default() -> Self {
        Self::new("", "")
    }
}

/// One node selector term: all expressions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeTerm {
    /// Over labels.
    pub expressions: Vec<Expression>,
    /// Over fields; only `metadata.name` exists.
    pub fields: Vec<Expression>,
}

/// `key operator values`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Expression {
    /// Label key.
    pub key: String,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt`, `Lt`; any other never matches.
    pub operator: String,
    /// Values.
    pub values: Vec<String>,
}

/// A toleration.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Toleration {
    /// Key; empty with `Exists` tolerates all.
    pub key: String,
    /// `Equal` (or empty) or `Exists`; any other tolerates nothing.
    pub operator: String,
    /// Value.
    pub value: String,
    /// Effect; empty is all.
    pub effect: String,
}

/// A taint.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Taint {
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
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
}

/// A DaemonSet's pods-to-be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DaemonSet {
    /// Its name.
    pub key: Key,
    /// A pod as it would be on a node: requests, selector, affinity, tolerations (with those that the DaemonSet controller adds).
    pub pod: Pod,
}

/// A Host object, as far as planning goes.
#[derive(Clone, Debug, PartialEq)]
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
    /// Labels that its node registers or will register with.
    pub labels: BTreeMap<String, String>,
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
}

/// A pool.
#[derive(Clone, Debug, PartialEq)]
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
    /// Whether it may create hosts: not being deleted, cloud ready, references resolved. Else why not.
    pub ready: Result<(), String>,
}

/// What each host of a pool takes of the cloud beside its server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cloud {
    /// Region name.
    pub region: String,
    /// All flavor and zone pairs.
    pub offerings: Vec<Offering>,
    /// Quota.
    pub quota: Quota,
}

/// A flavor in a zone.
#[derive(Clone, Debug, PartialEq)]
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
    /// Price of an hour, in micro-units of the currency.
    pub price_micro: i64,
    /// Why it cannot be had now (it failed a short while ago), or `None`.
    pub unavailable: Option<String>,
}

/// Quota of the project; a limit below 0 means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
