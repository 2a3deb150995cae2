//! Pools to buy from, and the nodes that their hosts become.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gantry_plan::model::{Cloud, Extras, Key, Offering, Pod, PodSpec, Pool, Quota, Snapshot, Taint, Toleration};
use gantry_plan::resources::Resources;
use gantry_plan::scheduling::NewNode;
use gantry_plan::{Command, plan};
use serde_json::{Value, json};

use crate::oracle::generate::Dice;

/// Name of the one fresh host.
pub(super) const FRESH: &str = "fresh";
const NAMESPACE: &str = "apps";
const GIB: i64 = 1 << 30;

/// One or two pools on a cloud of three flavors and three zones.
pub(super) fn add_pools(dice: &mut Dice, snapshot: &mut Snapshot) {
    let cloud = Key::new(NAMESPACE, "main");
    snapshot.clouds.insert(cloud, Cloud { region: "region".into(), offerings: offerings(), quota: Quota::default() });
    for index in 0..dice.number(1, 2) {
        let mut pool = pool(&format!("pool-{index}"));
        if dice.percent(30) {
            pool.max_hosts = dice.number(0, 3);
        }
        if dice.percent(50) {
            pool.labels.insert("disk".into(), dice.word(&["ssd", "hdd"]));
        }
        if dice.percent(20) {
            pool.taints.push(Taint { key: "dedicated".into(), value: "a".into(), effect: "NoSchedule".into() });
        }
        if dice.percent(30) {
            pool.flavors.pop();
        }
        if dice.percent(30) {
            pool.zones = vec![dice.word(&["z1", "z2", "z3"])];
        }
        snapshot.pools.push(pool);
    }
}

fn offerings() -> Vec<Offering> {
    let flavors = [("small", 2, 4, 0), ("large", 8, 16, 0), ("gpu", 4, 16, 1)];
    let of = |(flavor, vcpus, gib, gpus): (&str, i64, i64, i64), zone: &str| Offering {
        flavor: flavor.into(),
        zone: zone.into(),
        vcpus,
        memory_mib: gib * 1024,
        disk_gib: 40,
        resources: BTreeMap::from([("example.com/gpu".to_owned(), gpus)]),
        price_micro: vcpus * 20_000 + gib * 5_000 + gpus * 500_000,
        unavailable: None,
        until: None,
    };
    flavors.into_iter().flat_map(|flavor| ["z1", "z2", "z3"].map(|zone| of(flavor, zone))).collect()
}

fn pool(name: &str) -> Pool {
    Pool {
        key: Key::new(NAMESPACE, name),
        cloud: "main".into(),
        replicas: None,
        min_hosts: 0,
        max_hosts: 100,
        limit_cpu_milli: None,
        limit_memory_bytes: None,
        weight: 0,
        flavors: ["small", "large", "gpu"].map(str::to_owned).into(),
        zones: Vec::new(),
        labels: BTreeMap::new(),
        taints: Vec::new(),
        startup_taints: Vec::new(),
        max_pods: 20,
        reserved_cpu_milli: 200,
        reserved_memory_bytes: GIB / 2,
        empty_after: None,
        extras: Extras::default(),
        learned: BTreeMap::new(),
        useless: Vec::new(),
        ready: Ok(()),
    }
}

/// The node that a host of this pool becomes.
pub(super) fn node(snapshot: &Snapshot, name: &str, pool: &Key, labels: &BTreeMap<String, String>, allocatable: &Resources) -> Value {
    let mut labels = labels.clone();
    labels.insert("kubernetes.io/hostname".into(), name.into());
    labels.insert("gantry.cloud/host".into(), name.into());
    let taints: Vec<Value> = snapshot
        .pools
        .iter()
        .filter(|known| known.key == *pool)
        .flat_map(|pool| &pool.taints)
        .map(|taint| json!({"key": taint.key, "value": taint.value, "effect": taint.effect}))
        .collect();
    let mut amounts = json!({"cpu": format!("{}m", allocatable.cpu_milli), "memory": allocatable.memory_bytes.to_string(),
        "ephemeral-storage": allocatable.ephemeral_bytes.to_string(), "pods": allocatable.pods.to_string()});
    for (name, amount) in &allocatable.extended {
        amounts[name] = amount.to_string().into();
    }
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": name, "labels": labels}, "spec": {"taints": taints},
        "status": {"allocatable": amounts, "capacity": amounts, "conditions": [{"type": "Ready", "status": "True"}]}})
}

/// The same, as the planner's judge sees it.
pub(super) fn new_node(snapshot: &Snapshot, name: &str, pool: &Key, labels: &BTreeMap<String, String>, allocatable: &Resources) -> NewNode {
    let taints = snapshot.pools.iter().filter(|known| known.key == *pool).flat_map(|pool| pool.taints.clone()).collect();
    let mut labels = labels.clone();
    labels.extend(["kubernetes.io/hostname", "gantry.cloud/host"].map(|key| (key.to_owned(), name.to_owned())));
    let allocatable = allocatable.clone();
    NewNode { name: Some(name.to_owned()), labels, taints, allocatable, drivers: None }
}

/// A fresh host of each kind that can be had: what the planner buys for pods that ask for nothing but that kind.
pub(super) fn fresh(snapshot: &Snapshot) -> Vec<(Value, NewNode)> {
    let mut probes = Snapshot { now: snapshot.now, pools: snapshot.pools.clone(), clouds: snapshot.clouds.clone(), ..Snapshot::default() };
    let kinds: BTreeSet<(String, String, String)> = snapshot
        .pools
        .iter()
        .flat_map(|pool| pool.flavors.iter().map(move |flavor| (pool, flavor)))
        .flat_map(|(pool, flavor)| ["z1", "z2", "z3"].map(|zone| (pool.key.name.clone(), flavor.clone(), zone.to_owned())))
        .collect();
    probes.pools.iter_mut().for_each(|pool| pool.max_hosts = kinds.len());
    probes.pods = kinds.into_iter().enumerate().map(|(index, kind)| Arc::new(probe(index, kind))).collect();
    let commands = plan(&probes).commands;
    let bought = commands.iter().filter_map(|command| match command {
        Command::CreateHost { pool, labels, allocatable, .. } => {
            Some((node(snapshot, FRESH, pool, labels, allocatable), new_node(snapshot, FRESH, pool, labels, allocatable)))
        }
        Command::DeleteHost { .. } => None,
    });
    bought.collect()
}

fn probe(index: usize, (pool, flavor, zone): (String, String, String)) -> Pod {
    let selector = [("gantry.cloud/pool", pool), ("node.kubernetes.io/instance-type", flavor), ("topology.kubernetes.io/zone", zone)];
    let spec = PodSpec {
        requests: Resources { cpu_milli: 1, pods: 1, ..Resources::default() },
        scheduler: "default-scheduler".into(),
        node_selector: selector.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        tolerations: vec![Toleration { operator: "Exists".into(), ..Toleration::default() }],
        ..PodSpec::default()
    };
    Pod {
        key: Key::new("default", format!("probe-{index}")),
        uid: format!("probe-{index}"),
        spec: Arc::new(spec),
        unschedulable: true,
        ..Pod::default()
    }
}
