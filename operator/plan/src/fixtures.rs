//! Builders for tests: a small world with one pool, in which each test changes what it is about.

mod terms;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::effort::Effort;
use crate::model::{
    Cloud, DaemonSet, Expression, Extras, Host, HostPort, Key, Node, NodeTerm, Offering, Pod, PodSpec, PodTerm, Pool, Selector, Snapshot,
    Spread, Taint, Toleration, Volume, VolumeClaim, Volumes,
};
use crate::planner::{Command, Plan, plan_with};
use crate::resources::Resources;

pub(crate) use terms::{any_key, any_namespace, any_pod_selector, any_term, namespaces};

pub(crate) const GIB: i64 = 1 << 30;
/// Units of thought for a plan of a test.
const QUICK_UNITS: u64 = 300;

/// The moment of all tests.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// So long before the moment of all tests.
pub(crate) fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

pub(crate) fn key(name: &str) -> Key {
    Key::new("apps", name)
}

pub(crate) fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

pub(crate) fn resources(cpu_milli: i64, memory_gib: i64) -> Resources {
    Resources { cpu_milli, memory_bytes: memory_gib * GIB, pods: 1, ..Resources::default() }
}

/// What a node offers to at most 110 pods.
pub(crate) fn offers(cpu_milli: i64, memory_gib: i64) -> Resources {
    Resources { pods: 110, ephemeral_bytes: 40 * GIB, ..resources(cpu_milli, memory_gib) }
}

/// A pod that the scheduler could not place.
pub(crate) fn pod(name: &str, cpu_milli: i64, memory_gib: i64) -> Pod {
    Pod {
        key: key(name),
        uid: format!("uid-{name}"),
        spec: Arc::new(PodSpec {
            requests: resources(cpu_milli, memory_gib),
            scheduler: "default-scheduler".to_owned(),
            ..PodSpec::default()
        }),
        unschedulable: true,
        unschedulable_since: Some(ago(60)),
        created: ago(60),
        ..Pod::default()
    }
}

/// Pods `name-0`, `name-1`, ...
pub(crate) fn pods(count: usize, name: &str, cpu_milli: i64, memory_gib: i64) -> Vec<Pod> {
    (0..count).map(|at| pod(&format!("{name}-{at}"), cpu_milli, memory_gib)).collect()
}

/// A pod that runs.
pub(crate) fn bound(name: &str, node: &str, cpu_milli: i64, memory_gib: i64) -> Pod {
    Pod { node_name: Some(node.into()), unschedulable: false, ..pod(name, cpu_milli, memory_gib) }
}

pub(crate) fn of_daemon(mut pod: Pod, set: &str) -> Pod {
    pod.owner = Some(("DaemonSet".into(), set.into()));
    pod
}

pub(crate) fn daemon_set(name: &str, cpu_milli: i64, memory_gib: i64) -> DaemonSet {
    let mut pod = Pod { unschedulable: false, unschedulable_since: None, ..pod(name, cpu_milli, memory_gib) };
    pod.spec_mut().tolerations = vec![tolerate_all()];
    DaemonSet { key: key(name), pod }
}

pub(crate) fn tolerate_all() -> Toleration {
    Toleration { operator: "Exists".to_owned(), ..Toleration::default() }
}

pub(crate) fn taint(key: &str, value: &str, effect: &str) -> Taint {
    Taint { key: key.to_owned(), value: value.to_owned(), effect: effect.to_owned() }
}

pub(crate) fn expression(key: &str, operator: &str, values: &[&str]) -> Expression {
    let values = values.iter().map(ToString::to_string).collect();
    Expression { key: key.to_owned(), operator: operator.to_owned(), values }
}

pub(crate) fn term(expressions: Vec<Expression>) -> NodeTerm {
    NodeTerm { expressions, fields: Vec::new() }
}

/// Pods with this `app` in the same domain of a key, in namespace apps.
pub(crate) fn pod_term(app: &str, topology_key: &str) -> PodTerm {
    PodTerm {
        selector: Some(of_app(app)),
        namespaces: vec!["apps".to_owned()],
        namespace_selector: None,
        topology_key: topology_key.to_owned(),
    }
}

/// Pods with this `app`.
pub(crate) fn of_app(app: &str) -> Selector {
    Selector { labels: labels(&[("app", app)]), ..Selector::default() }
}

/// Required, with a skew of 1, of pods with this `app`.
pub(crate) fn spread(app: &str, topology_key: &str) -> Spread {
    Spread {
        max_skew: 1,
        topology_key: topology_key.to_owned(),
        required: true,
        selector: Some(of_app(app)),
        honors_affinity: true,
        ..Spread::default()
    }
}

/// A TCP port on all addresses.
pub(crate) fn host_port(port: i32) -> HostPort {
    HostPort { ip: "0.0.0.0".to_owned(), protocol: "TCP".to_owned(), port }
}

/// Claims `az1` and `az2`, bound to volumes in those zones, `anywhere`, bound to one without a place, and `alone`, for one pod at a time.
pub(crate) fn volumes() -> Volumes {
    let mut volumes = Volumes::default();
    for name in ["az1", "az2", "anywhere", "alone"] {
        let mode = if name == "alone" { "ReadWriteOncePod" } else { "ReadWriteOnce" };
        let claim = VolumeClaim {
            uid: format!("uid-{name}"),
            volume: Some(name.to_owned()),
            access_modes: vec![mode.to_owned()],
            mode: "Filesystem".to_owned(),
            ..VolumeClaim::default()
        };
        let zoned = || vec![term(vec![expression("topology.kubernetes.io/zone", "In", &[name])])];
        let volume = Volume {
            node_affinity: name.starts_with("az").then(zoned),
            csi: Some(("cinder.csi.openstack.org".to_owned(), name.to_owned())),
            claim: Some(key(name)),
            ..Volume::default()
        };
        volumes.claims.insert(key(name), claim);
        volumes.volumes.insert(name.to_owned(), volume);
    }
    volumes
}

/// A ready node in az1.
pub(crate) fn node(name: &str, cpu_milli: i64, memory_gib: i64) -> Node {
    Node {
        name: name.to_owned(),
        uid: format!("uid-{name}"),
        labels: labels(&[("kubernetes.io/hostname", name), ("topology.kubernetes.io/zone", "az1")]).into(),
        ready: true,
        allocatable: offers(cpu_milli, memory_gib),
        ..Node::default()
    }
}

/// A host of pool general with flavor m1.large in az1, a minute old, not in the cloud's quota yet.
pub(crate) fn host(name: &str) -> Host {
    Host {
        key: key(name),
        uid: format!("uid-{name}"),
        pool: "general".to_owned(),
        cloud: "main".to_owned(),
        flavor: "m1.large".to_owned(),
        zone: "az1".to_owned(),
        labels: labels(&[("topology.kubernetes.io/zone", "az1"), ("gantry.cloud/pool", "general")]).into(),
        taints: Vec::new(),
        startup_taints: Vec::new(),
        allocatable: offers(4_000, 16),
        created: ago(60),
        deleting: false,
        failed: false,
        joined: false,
        in_quota: false,
        empty_since: None,
        group: None,
        claims: Vec::new(),
        unneeded_since: None,
    }
}

/// Pool general: m1.large and m1.xlarge, up to 10 hosts, nothing reserved but kubelet's 100 MiB.
pub(crate) fn pool() -> Pool {
    Pool {
        key: key("general"),
        cloud: "main".to_owned(),
        replicas: None,
        min_hosts: 0,
        max_hosts: 10,
        limit_cpu_milli: None,
        limit_memory_bytes: None,
        weight: 0,
        flavors: vec!["m1.large".to_owned(), "m1.xlarge".to_owned()],
        zones: Vec::new(),
        labels: BTreeMap::new(),
        taints: Vec::new(),
        startup_taints: Vec::new(),
        max_pods: 110,
        reserved_cpu_milli: 0,
        reserved_memory_bytes: 0,
        empty_after: Some(SignedDuration::from_mins(5)),
        extras: Extras::default(),
        learned: BTreeMap::new(),
        useless: Vec::new(),
        ready: Ok(()),
    }
}

pub(crate) fn named_pool(name: &str, weight: i32) -> Pool {
    Pool { key: key(name), weight, ..pool() }
}

/// 1 micro-unit for a milli-CPU's worth: m1.large costs 4.
pub(crate) fn offering(flavor: &str, zone: &str, vcpus: i64, memory_gib: i64) -> Offering {
    Offering {
        flavor: flavor.to_owned(),
        zone: zone.to_owned(),
        vcpus,
        memory_mib: memory_gib * 1_024,
        disk_gib: 40,
        resources: BTreeMap::new(),
        price_micro: vcpus * 1_000_000,
        unavailable: None,
        until: None,
    }
}

/// m1.large (4 CPUs, 16 GiB) and m1.xlarge (8 CPUs, 32 GiB) in az1 and az2.
pub(crate) fn cloud() -> Cloud {
    let zones = ["az1", "az2"];
    let offerings = zones.iter().flat_map(|zone| [offering("m1.large", zone, 4, 16), offering("m1.xlarge", zone, 8, 32)]);
    Cloud { region: "RegionOne".to_owned(), offerings: offerings.collect(), ..Cloud::default() }
}

/// Pods as a snapshot has them.
pub(crate) fn shared(pods: Vec<Pod>) -> Vec<Arc<Pod>> {
    pods.into_iter().map(Arc::new).collect()
}

impl Snapshot {
    /// One of its pods, to be changed.
    pub(crate) fn pod(&mut self, at: usize) -> &mut Pod {
        Arc::make_mut(&mut self.pods[at])
    }
}

/// A world with one pool and these pods.
pub(crate) fn world(pods: Vec<Pod>) -> Snapshot {
    let clouds = BTreeMap::from([(key("main"), cloud())]);
    Snapshot { now: now(), pods: shared(pods), pools: vec![pool()], clouds, ..Snapshot::default() }
}

/// `flavor zone: pods` for each host that is created, in order.
pub(crate) fn created(plan: &Plan) -> Vec<String> {
    let shown = |command: &Command| match command {
        Command::CreateHost { flavor, zone, pods, .. } => Some(format!("{flavor} {zone}: {}", pods.len())),
        Command::DeleteHost { .. } => None,
    };
    plan.commands.iter().filter_map(shown).collect()
}

/// Names of the hosts that are deleted, in order.
pub(crate) fn deleted(plan: &Plan) -> Vec<&str> {
    let mut names = Vec::new();
    for command in &plan.commands {
        if let Command::DeleteHost { host, .. } = command {
            names.push(host.name.as_str());
        }
    }
    names
}

/// Why the first unplaced pod is not, by each pool in turn.
pub(crate) fn reasons(plan: &Plan) -> Vec<&str> {
    plan.unplaced[0].reasons.iter().map(|(_, why)| why.as_str()).collect()
}

/// The world after the plan's hosts have been written down as Host objects.
pub(crate) fn after(snapshot: &Snapshot, plan: &Plan) -> Snapshot {
    let mut next = snapshot.clone();
    for command in &plan.commands {
        let Command::CreateHost { pool, flavor, zone, allocatable, labels, claims, .. } = command else {
            continue;
        };
        let owner = snapshot.pools.iter().find(|owner| owner.key == *pool).unwrap();
        next.hosts.push(Host {
            key: Key::new(&pool.namespace, format!("{}-new{}", pool.name, next.hosts.len())),
            pool: pool.name.clone(),
            cloud: owner.cloud.clone(),
            flavor: flavor.clone(),
            zone: zone.clone(),
            labels: labels.clone().into(),
            taints: owner.taints.clone(),
            allocatable: allocatable.clone(),
            claims: claims.clone(),
            created: snapshot.now,
            ..host("new")
        });
    }
    next
}

/// Plans with little thought.
pub(crate) fn quick(snapshot: &Snapshot) -> Plan {
    plan_with(snapshot, &mut Effort::units(QUICK_UNITS))
}

/// Plans, and checks what must hold for every plan: the next one creates nothing.
pub(crate) fn planned(snapshot: &Snapshot) -> Plan {
    let first = quick(snapshot);
    assert_eq!(created(&quick(&after(snapshot, &first))), Vec::<String>::new(), "a second plan buys again");
    first
}
