//! Worlds to plan for, generated or read.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use gantry_plan::model::{Cloud, Key, Node, Offering, Pod, PodSpec, PodTerm, Pool, Selector, Snapshot, Spread};
use gantry_plan::quantity::Quantity;
use gantry_plan::resources::Resources;
use serde_json::Value;

const MIB: i64 = 1 << 20;
const CPU_MILLI: [i64; 5] = [100, 250, 500, 1_000, 1_500];
const MEMORY_MIB: [i64; 6] = [100, 256, 512, 1_024, 2_048, 4_096];
/// Seed of the generated sizes.
const SEED: u64 = 42;

/// Pods of Karpenter's diverse sizes, drawn evenly.
pub fn diverse(count: usize) -> Snapshot {
    let mut state = SEED;
    let mut draw = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let pods = (0..count).map(|at| pod(at, CPU_MILLI[draw(5)], MEMORY_MIB[draw(6)] * MIB));
    world(pods.collect(), openstack(), pool(500, 1_024 * MIB))
}

/// Pods with Karpenter's constraints: a fifth each without any, spread over zones, spread over hosts, together in a zone, alone on a host.
pub fn constrained(count: usize) -> Snapshot {
    let mut state = SEED;
    let mut draw = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let letter = |at: usize| ["a", "b", "c", "d", "e", "f", "g"][at].to_owned();
    let mut pods = Vec::with_capacity(count);
    for at in 0..count {
        let (label, other) = (letter(draw(7)), letter(draw(7)));
        let mut one = pod(at, CPU_MILLI[draw(5)], MEMORY_MIB[draw(6)] * MIB);
        let spec = Arc::make_mut(&mut one.spec);
        let mut key = "my-label";
        match at * 5 / count {
            1 => spec.spread = vec![spread("topology.kubernetes.io/zone", &other)],
            2 => spec.spread = vec![spread("kubernetes.io/hostname", &other)],
            3 => {
                key = "my-affinity";
                spec.affinity = vec![term("my-affinity", &label, "topology.kubernetes.io/zone")];
            }
            4 => {
                key = "app";
                spec.anti_affinity = vec![term("app", "nginx", "kubernetes.io/hostname")];
            }
            _ => {}
        }
        let value = if key == "app" { "nginx".to_owned() } else { label };
        one.labels = Arc::new(BTreeMap::from([(key.to_owned(), value)]));
        pods.push(one);
    }
    world(pods, fake_it(), pool(100, 0))
}

fn selector(key: &str, value: &str) -> Option<Selector> {
    Some(Selector { labels: BTreeMap::from([(key.to_owned(), value.to_owned())]), ..Selector::default() })
}

fn spread(topology_key: &str, value: &str) -> Spread {
    Spread {
        max_skew: 1,
        topology_key: topology_key.to_owned(),
        required: true,
        selector: selector("my-label", value),
        honors_affinity: true,
        ..Spread::default()
    }
}

fn term(key: &str, value: &str, topology_key: &str) -> PodTerm {
    let namespaces = vec!["bench".to_owned()];
    PodTerm { selector: selector(key, value), namespaces, namespace_selector: None, topology_key: topology_key.to_owned() }
}

/// Karpenter's instance types: 400 sizes in three zones.
fn fake_it() -> Vec<Offering> {
    let mut offerings = Vec::new();
    for at in 1..=400 {
        for zone in ["zone1", "zone2", "zone3"] {
            let price = 0.1 * at as f64 + 0.1 * (2 * at * (1 << 30)) as f64 / 1e9;
            let one = offering(&format!("fake-it-{at}"), at, 2 * at * 1_024 + 90, (price * 1e6).round() as i64);
            offerings.push(Offering { zone: zone.to_owned(), ..one });
        }
    }
    offerings
}

/// Pods that are all alike.
pub fn plain(count: usize) -> Snapshot {
    let pods = (0..count).map(|at| pod(at, 500, 1_024 * MIB));
    world(pods.collect(), openstack(), pool(500, 1_024 * MIB))
}

/// Nodes that are almost full, and pods that wait.
pub fn steady(nodes: usize, pods_per_node: usize, waiting: usize) -> Snapshot {
    let mut snapshot = diverse(waiting);
    for node in 0..nodes {
        let name = format!("node-{node:04}");
        for at in 0..pods_per_node {
            let bound = pod(waiting + node * pods_per_node + at, 500, 1_024 * MIB);
            snapshot.pods.push(Arc::new(Pod { node_name: Some(name.as_str().into()), unschedulable: false, ..bound }));
        }
        let allocatable = Resources { pods: 110, ..amounts(15_500, 62_000 * MIB) };
        let labels = BTreeMap::from([("topology.kubernetes.io/zone".to_owned(), "az1".to_owned())]);
        snapshot.nodes.push(Node { name, labels: labels.into(), allocatable, ready: true, ..Node::default() });
    }
    snapshot
}

/// Every `scen_*.json` of a folder, by name.
pub fn read_folder(folder: &Path) -> Vec<(String, Snapshot)> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{} cannot be read: {e}", folder.display()));
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let name = |path: &Path| path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
    paths.retain(|path| name(path).starts_with("scen_"));
    paths.iter().map(|path| (name(path), read(path))).collect()
}

/// Flavors have reserves of their own: they are taken off the flavor's memory, and off its vCPUs as a pool's reserve.
fn read(path: &Path) -> Snapshot {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{} cannot be read: {e}", path.display()));
    let scenario: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{} is not JSON: {e}", path.display()));
    let list = |field: &str| scenario[field].as_array().cloned().unwrap_or_default();
    let quantity = |value: &Value| Quantity::parse(value.as_str().unwrap_or_default()).unwrap_or_default();
    let mut pods = Vec::new();
    for group in list("groups") {
        for _ in 0..group["n"].as_u64().unwrap_or_default() {
            pods.push(pod(pods.len(), quantity(&group["cpu"]).milli(), quantity(&group["mem"]).value()));
        }
    }
    let (mut offerings, mut reserved_cpu, mut max_pods) = (Vec::new(), 0, 0);
    for flavor in list("flavors") {
        let memory_mib = flavor["mem_gi"].as_i64().unwrap_or_default() * 1_024;
        let kept_mib = quantity(&flavor["res_mem"]).value() / MIB - 100;
        let price = flavor["price"].as_f64().unwrap_or_default();
        let name = flavor["name"].as_str().unwrap_or_default();
        let vcpus = flavor["cpu"].as_i64().unwrap_or_default();
        offerings.push(offering(name, vcpus, memory_mib - kept_mib, (price * 1e6).round() as i64));
        reserved_cpu = quantity(&flavor["res_cpu"]).milli();
        max_pods = max_pods.max(flavor["pods"].as_i64().unwrap_or_default());
    }
    let pool = Pool { max_pods, ..pool(reserved_cpu, 0) };
    world(pods, offerings, pool)
}

fn amounts(cpu_milli: i64, memory_bytes: i64) -> Resources {
    Resources { cpu_milli, memory_bytes, pods: 1, ..Resources::default() }
}

fn pod(at: usize, cpu_milli: i64, memory_bytes: i64) -> Pod {
    Pod {
        key: Key::new("bench", format!("pod-{at:06}")),
        uid: format!("{at}"),
        spec: Arc::new(PodSpec {
            requests: amounts(cpu_milli, memory_bytes),
            scheduler: "default-scheduler".to_owned(),
            ..PodSpec::default()
        }),
        unschedulable: true,
        ..Pod::default()
    }
}

/// Five flavors at 0.5 a vCPU and 0.125 a GiB.
fn openstack() -> Vec<Offering> {
    [("g.4", 4, 16), ("g.8", 8, 32), ("r.8", 8, 64), ("g.16", 16, 64), ("r.16", 16, 128)]
        .map(|(name, vcpus, gib)| offering(name, vcpus, gib * 1_024, vcpus * 500_000 + gib * 125_000))
        .to_vec()
}

fn offering(flavor: &str, vcpus: i64, memory_mib: i64, price_micro: i64) -> Offering {
    let [flavor, zone] = [flavor, "az1"].map(str::to_owned);
    Offering { flavor, zone, vcpus, memory_mib, disk_gib: 40, resources: BTreeMap::new(), price_micro, unavailable: None, until: None }
}

fn pool(reserved_cpu_milli: i64, reserved_memory_bytes: i64) -> Pool {
    Pool {
        key: Key::new("bench", "pool"),
        cloud: "cloud".to_owned(),
        replicas: None,
        min_hosts: 0,
        max_hosts: usize::MAX,
        limit_cpu_milli: None,
        limit_memory_bytes: None,
        weight: 0,
        flavors: Vec::new(),
        zones: Vec::new(),
        labels: BTreeMap::new(),
        taints: Vec::new(),
        startup_taints: Vec::new(),
        max_pods: 110,
        reserved_cpu_milli,
        reserved_memory_bytes,
        empty_after: None,
        extras: Default::default(),
        learned: BTreeMap::new(),
        useless: Vec::new(),
        ready: Ok(()),
    }
}

fn world(pods: Vec<Pod>, offerings: Vec<Offering>, pool: Pool) -> Snapshot {
    let flavors = offerings.iter().map(|offering| offering.flavor.clone()).collect();
    let cloud = Cloud { offerings, ..Cloud::default() };
    Snapshot {
        pods: pods.into_iter().map(Arc::new).collect(),
        pools: vec![Pool { flavors, ..pool }],
        clouds: BTreeMap::from([(Key::new("bench", "cloud"), cloud)]),
        ..Snapshot::default()
    }
}
