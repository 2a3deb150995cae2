//! Workloads as a user would have them, made in code: each has one thing that a plan can get wrong.

use serde_json::{Value, json};

use crate::oracle::generate::Dice;

/// The class of [`Volumes`].
///
/// [`Volumes`]: super::volumes::Volumes
pub const CLASS: &str = "lab-disk";
/// Name of the provisioner that the laboratory plays.
pub const PROVISIONER: &str = "lab.gantry.cloud/disk";
const ZONE: &str = "topology.kubernetes.io/zone";
const HOSTNAME: &str = "kubernetes.io/hostname";
/// Sizes of the benchmark that Karpenter publishes, in milli-CPU and MiB.
const CPU_MILLI: [usize; 5] = [100, 250, 500, 1000, 1500];
const MEMORY_MIB: [usize; 6] = [100, 256, 512, 1024, 2048, 4096];

/// Pods, and what they need beside them.
#[derive(Clone, Debug)]
pub struct Workload {
    /// For the table.
    pub name: &'static str,
    /// Objects without namespace: pods, what keeps one pod each, and claims.
    pub objects: Vec<Value>,
}

impl Workload {
    /// How many pods it has.
    #[must_use]
    pub fn pods(&self) -> usize {
        self.objects.iter().filter(|object| object["kind"] == "Pod" || object["kind"] == "ReplicaSet").count()
    }
}

/// All of them, each of about `size` pods where a pod is small.
#[must_use]
pub fn all(size: usize) -> Vec<Workload> {
    let dice = &mut Dice::new(42);
    let mut workloads = vec![
        Workload { name: "plain, mixed sizes", objects: plain(dice, size) },
        Workload { name: "tight, odd sizes", objects: tight(dice, size) },
        Workload { name: "spread over zones", objects: spread(dice, "by-zone", ZONE, size / 2) },
        Workload { name: "spread over hosts", objects: spread(dice, "by-host", HOSTNAME, size / 4) },
        Workload { name: "one a host", objects: apart(dice, size / 8) },
        Workload { name: "together in a zone", objects: together(dice, size / 4) },
        Workload { name: "host ports", objects: ports(dice, size / 8) },
        Workload { name: "volumes, spread over zones", objects: volumes(dice, size / 8) },
        Workload { name: "priorities", objects: priorities(dice, size / 2) },
    ];
    let objects = workloads.iter().flat_map(|workload| workload.objects.iter().step_by(2).cloned()).filter(|object| !has_claim(object));
    workloads.push(Workload { name: "all of it at once", objects: objects.collect() });
    workloads
}

/// Claims and the pods that use them go together.
fn has_claim(object: &Value) -> bool {
    object["kind"] == "PersistentVolumeClaim" || object["spec"]["volumes"].is_array()
}

/// The classes that workloads refer to; not in any namespace.
#[must_use]
pub fn classes() -> Vec<Value> {
    let priority = |name: &str, value: i32, preemption: &str| {
        json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value,
            "preemptionPolicy": preemption})
    };
    vec![
        priority("lab-high", 1000, "PreemptLowerPriority"),
        priority("lab-middle", 100, "Never"),
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": CLASS}, "provisioner": PROVISIONER,
            "volumeBindingMode": "WaitForFirstConsumer"}),
    ]
}

fn pod(app: &str, index: usize, cpu_milli: usize, memory_mib: usize) -> Value {
    let requests = json!({"cpu": format!("{cpu_milli}m"), "memory": format!("{memory_mib}Mi")});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("{app}-{index}"), "labels": {"app": app}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "main", "image": "gantry.local/pause:1", "imagePullPolicy": "Never",
            "resources": {"requests": requests}}]}})
}

fn sized(dice: &mut Dice, app: &str, index: usize) -> Value {
    let (cpu, memory) = (*dice.one(&CPU_MILLI), *dice.one(&MEMORY_MIB));
    pod(app, index, cpu, memory)
}

fn plain(dice: &mut Dice, count: usize) -> Vec<Value> {
    (0..count).map(|index| sized(dice, "plain", index)).collect()
}

/// Sizes that nobody rounds, so that hosts are filled to the brim.
fn tight(dice: &mut Dice, count: usize) -> Vec<Value> {
    (0..count).map(|index| pod("tight", index, dice.number(31, 397), dice.number(61, 797))).collect()
}

fn spread(dice: &mut Dice, app: &str, key: &str, count: usize) -> Vec<Value> {
    let constraint =
        json!([{"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": app}}}]);
    with(dice, app, count, |spec| spec["topologySpreadConstraints"] = constraint.clone())
}

fn apart(dice: &mut Dice, count: usize) -> Vec<Value> {
    let term = json!([{"topologyKey": HOSTNAME, "labelSelector": {"matchLabels": {"app": "apart"}}}]);
    let affinity = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}});
    with(dice, "apart", count, |spec| spec["affinity"] = affinity.clone())
}

fn together(dice: &mut Dice, count: usize) -> Vec<Value> {
    let term = json!([{"topologyKey": ZONE, "labelSelector": {"matchLabels": {"app": "together"}}}]);
    let affinity = json!({"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}});
    with(dice, "together", count, |spec| spec["affinity"] = affinity.clone())
}

fn ports(dice: &mut Dice, count: usize) -> Vec<Value> {
    with(dice, "port", count, |spec| spec["containers"][0]["ports"] = json!([{"containerPort": 8080, "hostPort": 8080}]))
}

/// Each kept by a ReplicaSet: whoever preempts deletes a pod, and it comes again.
fn priorities(dice: &mut Dice, count: usize) -> Vec<Value> {
    let kept = |(index, mut pod): (usize, Value)| {
        if let Some(class) = [None, Some("lab-middle"), Some("lab-high")][index % 3] {
            pod["spec"]["priorityClassName"] = class.into();
        }
        let name = format!("priority-{index}");
        let labels = json!({"app": "priority", "one-of": name});
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": name},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod["spec"]}}})
    };
    plain(dice, count).into_iter().enumerate().map(kept).collect()
}

/// Each with a volume of its own that is made where the pod goes.
fn volumes(dice: &mut Dice, count: usize) -> Vec<Value> {
    let mut objects = Vec::new();
    for (index, mut pod) in spread(dice, "volume", ZONE, count).into_iter().enumerate() {
        let name = format!("data-{index}");
        objects.push(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
            "spec": {"storageClassName": CLASS, "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}));
        pod["spec"]["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": name}}]);
        objects.push(pod);
    }
    objects
}

fn with(dice: &mut Dice, app: &str, count: usize, change: impl Fn(&mut Value)) -> Vec<Value> {
    (0..count.max(2))
        .map(|index| {
            let mut pod = sized(dice, app, index);
            change(&mut pod["spec"]);
            pod
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workloads_are_the_same_each_time_and_have_pods_of_their_own_names() {
        let workloads = all(32);
        assert_eq!(workloads.iter().map(Workload::pods).collect::<Vec<_>>(), all(32).iter().map(Workload::pods).collect::<Vec<_>>());
        for workload in &workloads {
            let names: Vec<String> =
                workload.objects.iter().map(|object| format!("{} {}", object["kind"], object["metadata"]["name"])).collect();
            let unique: std::collections::BTreeSet<&String> = names.iter().collect();
            assert_eq!((unique.len(), workload.pods() > 1), (names.len(), true), "{}", workload.name);
        }
    }
}
