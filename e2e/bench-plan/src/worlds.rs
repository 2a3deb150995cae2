//! Worlds to plan for: one pool of one cloud, pods that wait, and what there is already.

pub mod diverse;
pub mod mixes;
pub mod openb;
pub mod plain;
pub mod scenarios;

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_plan::model::{Cloud, Extras, Key, Labels, Learned, Node, Offering, Pod, PodSpec, Pool, Snapshot};
use gantry_plan::resources::Resources;
use jiff::Timestamp;

pub const MIB: i64 = 1 << 20;
pub const ZONE: &str = "topology.kubernetes.io/zone";
pub const HOSTNAME: &str = "kubernetes.io/hostname";
pub const INSTANCE_TYPE: &str = "node.kubernetes.io/instance-type";
/// kubelet's eviction threshold, which the planner takes off beside the stated reserve.
const EVICTION_MIB: i64 = 100;
/// The moment of all worlds, in seconds since 1970.
const NOW_SECONDS: i64 = 1_800_000_000;
/// Pods have waited for so long: nothing hopes for preemption any more.
const WAITED_SECONDS: i64 = 60;
/// More hosts than any of these worlds needs.
const MAX_HOSTS: usize = 1_000_000;

/// A flavor with what its nodes keep for the system.
#[derive(Clone, Debug)]
pub struct Flavor {
    pub name: String,
    pub cpu_milli: i64,
    pub memory_mib: i64,
    pub reserved_cpu_milli: i64,
    pub reserved_memory_mib: i64,
    pub max_pods: i64,
    pub extended: BTreeMap<String, i64>,
    pub price_micro: i64,
    /// Where it can be had.
    pub zones: Vec<String>,
}

impl Flavor {
    /// What its node offers.
    pub fn allocatable(&self) -> Resources {
        Resources {
            cpu_milli: self.cpu_milli - self.reserved_cpu_milli,
            memory_bytes: (self.memory_mib - self.reserved_memory_mib) * MIB,
            ephemeral_bytes: 100 << 30,
            pods: self.max_pods,
            extended: self.extended.clone(),
        }
    }

    /// A pool states one reserve for all flavors, these worlds one for each. So the memory is stated less the reserve, and what a node of
    /// the flavor showed is known.
    fn offering(&self, zone: &str) -> Offering {
        Offering {
            flavor: self.name.clone(),
            zone: zone.to_owned(),
            vcpus: self.cpu_milli / 1_000,
            memory_mib: self.memory_mib - self.reserved_memory_mib + EVICTION_MIB,
            disk_gib: 120,
            resources: self.extended.clone(),
            price_micro: self.price_micro,
            unavailable: None,
            until: None,
        }
    }
}

/// What equal pods share.
#[derive(Clone, Debug)]
pub struct Shape {
    pub labels: Arc<Labels>,
    pub spec: Arc<PodSpec>,
}

impl Shape {
    pub fn new(labels: &[(&str, &str)], spec: PodSpec) -> Self {
        let labels = labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        Self { labels: Arc::new(labels), spec: Arc::new(spec) }
    }
}

/// A spec that asks for CPU and memory.
pub fn asks(cpu_milli: i64, memory_bytes: i64) -> PodSpec {
    PodSpec {
        requests: Resources { cpu_milli, memory_bytes, pods: 1, ..Resources::default() },
        scheduler: "default-scheduler".to_owned(),
        ..PodSpec::default()
    }
}

/// A world without pods.
pub fn world(flavors: &[Flavor]) -> Snapshot {
    let main = Key::new("bench", "main");
    let mut offerings = Vec::new();
    for flavor in flavors {
        offerings.extend(flavor.zones.iter().map(|zone| flavor.offering(zone)));
    }
    let cloud = Cloud { region: "RegionOne".to_owned(), offerings, ..Cloud::default() };
    Snapshot {
        now: at(0),
        pools: vec![pool(flavors)],
        clouds: BTreeMap::from([(main, cloud)]),
        namespaces: BTreeMap::from([("bench".to_owned(), Labels::new())]),
        ..Snapshot::default()
    }
}

/// Adds so many equal pods that wait.
pub fn wait(snapshot: &mut Snapshot, shape: &Shape, count: usize) {
    for _ in 0..count {
        let pod = pod(snapshot.pods.len(), shape);
        snapshot.pods.push(Arc::new(Pod { unschedulable: true, unschedulable_since: Some(at(-WAITED_SECONDS)), ..pod }));
    }
}

/// Adds so many equal pods that run on a node.
pub fn run(snapshot: &mut Snapshot, shape: &Shape, node: &str, count: usize) {
    for _ in 0..count {
        let pod = pod(snapshot.pods.len(), shape);
        snapshot.pods.push(Arc::new(Pod { node_name: Some(node.into()), ..pod }));
    }
}

/// Adds a ready node.
pub fn node(snapshot: &mut Snapshot, name: &str, zone: &str, allocatable: Resources) {
    let labels = [(HOSTNAME, name), (ZONE, zone), ("kubernetes.io/os", "linux"), ("kubernetes.io/arch", "amd64")];
    snapshot.nodes.push(Node {
        name: name.to_owned(),
        uid: format!("uid-{name}"),
        labels: Arc::new(labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into()),
        ready: true,
        allocatable,
        ..Node::default()
    });
}

fn pod(index: usize, shape: &Shape) -> Pod {
    Pod {
        key: Key::new("bench", format!("pod-{index:06}")),
        uid: format!("uid-{index:06}"),
        labels: shape.labels.clone(),
        spec: shape.spec.clone(),
        created: at(-WAITED_SECONDS),
        ..Pod::default()
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW_SECONDS + seconds).unwrap_or_default()
}

fn pool(flavors: &[Flavor]) -> Pool {
    let learned = |flavor: &Flavor| (flavor.name.clone(), Learned { allocatable: flavor.allocatable(), drivers: BTreeMap::new() });
    Pool {
        key: Key::new("bench", "general"),
        cloud: "main".to_owned(),
        replicas: None,
        min_hosts: 0,
        max_hosts: MAX_HOSTS,
        limit_cpu_milli: None,
        limit_memory_bytes: None,
        weight: 0,
        flavors: flavors.iter().map(|flavor| flavor.name.clone()).collect(),
        zones: Vec::new(),
        labels: BTreeMap::new(),
        taints: Vec::new(),
        startup_taints: Vec::new(),
        max_pods: flavors.iter().map(|flavor| flavor.max_pods).max().unwrap_or_default(),
        reserved_cpu_milli: flavors.iter().map(|flavor| flavor.reserved_cpu_milli).max().unwrap_or_default(),
        reserved_memory_bytes: 0,
        empty_after: None,
        extras: Extras::default(),
        learned: flavors.iter().map(learned).collect(),
        useless: Vec::new(),
        ready: Ok(()),
    }
}
