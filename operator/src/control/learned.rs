//! What real nodes showed of hosts of a kind: the least of what was seen, kept in the cloud's status so that it outlives restarts and empty pools.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard};

use gantry_crds::{HostSpec, LEARNED_MAX, LearnedStatus, Template};
use gantry_plan::model::{Key, Learned as Seen, Node};
use gantry_plan::resources::Resources;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::purchase::quantities;
use super::resolve;
use crate::kube::project::{Drivers, amounts};

/// Hosts whose nodes offer the same: flavor, image and the kubelet's settings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    flavor: String,
    image_id: String,
    max_pods: i32,
    reserved_cpu: String,
    reserved_memory: String,
    root_volume_gib: i64,
}

impl Kind {
    /// That of a host.
    pub fn of_host(spec: &HostSpec) -> Self {
        Self {
            flavor: spec.flavor.clone(),
            image_id: spec.image_id.clone(),
            max_pods: spec.max_pods,
            reserved_cpu: spec.reserved.cpu.0.clone(),
            reserved_memory: spec.reserved.memory.0.clone(),
            root_volume_gib: spec.root_volume.as_ref().map_or(0, |volume| volume.size_gib),
        }
    }

    /// That of hosts that a template would make now.
    pub fn of_template(template: &Template, flavor: &str, image_id: &str) -> Self {
        let node = &template.node;
        Self {
            flavor: flavor.to_owned(),
            image_id: image_id.to_owned(),
            max_pods: node.max_pods.unwrap_or(110),
            reserved_cpu: node.reserved.cpu.0.clone(),
            reserved_memory: node.reserved.memory.0.clone(),
            root_volume_gib: template.root_volume.as_ref().map_or(0, resolve::size_gib),
        }
    }

    fn of_status(status: &LearnedStatus) -> Self {
        Self {
            flavor: status.flavor.clone(),
            image_id: status.image_id.clone(),
            max_pods: status.max_pods,
            reserved_cpu: status.reserved_cpu.clone(),
            reserved_memory: status.reserved_memory.clone(),
            root_volume_gib: status.root_volume_gib,
        }
    }
}

/// How far a node has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Showing {
    /// Registered: it says what it has, but for what plugins add.
    Joining,
    /// Ready and open.
    Open,
}

/// What was seen, by cloud and kind.
#[derive(Debug, Default)]
pub struct Learned(Mutex<HashMap<Key, Lessons>>);

#[derive(Clone, Debug, Default)]
struct Lessons {
    kinds: BTreeMap<Kind, Lesson>,
    turn: u64,
}

#[derive(Clone, Debug, PartialEq)]
struct Lesson {
    seen: Seen,
    kubelet: String,
    /// When it was learned last, in turns: what was learned first goes first.
    turn: u64,
}

impl Learned {
    /// What an earlier process told; what this one has seen stays.
    pub fn restore(&self, cloud: &Key, told: &[LearnedStatus]) {
        let mut map = self.lock();
        let lessons = map.entry(cloud.clone()).or_default();
        for status in told.iter().take(LEARNED_MAX) {
            let lesson = Lesson { seen: seen(status), kubelet: status.kubelet_version.clone(), turn: 0 };
            lessons.kinds.entry(Kind::of_status(status)).or_insert(lesson);
        }
    }

    /// A node of this kind is there. Whether that says something new.
    pub fn learn(&self, cloud: &Key, kind: Kind, node: &Node, drivers: Drivers, showing: Showing) -> bool {
        if node.allocatable.cpu_milli == 0 || node.allocatable.memory_bytes == 0 {
            return false;
        }
        let mut allocatable = node.allocatable.clone();
        // A device plugin that has not spoken yet, or is away, shows none of what is there.
        allocatable.extended.retain(|_, amount| showing == Showing::Open && *amount > 0);
        let mut map = self.lock();
        let lessons = map.entry(cloud.clone()).or_default();
        let showed = Lesson { seen: Seen { allocatable, drivers }, kubelet: node.kubelet_version.clone(), turn: 0 };
        let new = match lessons.kinds.get(&kind) {
            Some(old) if version(&old.kubelet) > version(&showed.kubelet) => return false,
            Some(old) if old.kubelet == showed.kubelet => Lesson { seen: least(&old.seen, &showed.seen), turn: old.turn, ..showed },
            _ => showed,
        };
        if lessons.kinds.get(&kind) == Some(&new) {
            return false;
        }
        lessons.turn += 1;
        lessons.kinds.insert(kind, Lesson { turn: lessons.turn, ..new });
        while lessons.kinds.len() > LEARNED_MAX {
            let Some(first) = lessons.kinds.iter().min_by_key(|(_, lesson)| lesson.turn).map(|(kind, _)| kind.clone()) else { break };
            lessons.kinds.remove(&first);
        }
        true
    }

    /// What is known of a kind.
    pub fn get(&self, cloud: &Key, kind: &Kind) -> Option<Seen> {
        self.lock().get(cloud)?.kinds.get(kind).map(|lesson| lesson.seen.clone())
    }

    /// As the cloud's status keeps it.
    pub fn told(&self, cloud: &Key) -> Vec<LearnedStatus> {
        self.lock().get(cloud).map(|lessons| lessons.kinds.iter().map(|(kind, lesson)| told(kind, lesson)).collect()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Lessons>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The least of both. An extended resource or driver that one of them lacks is kept: plugins come and go.
fn least(old: &Seen, new: &Seen) -> Seen {
    let (a, b) = (&old.allocatable, &new.allocatable);
    let mut extended = a.extended.clone();
    for (name, amount) in &b.extended {
        extended.entry(name.clone()).and_modify(|least| *least = (*least).min(*amount)).or_insert(*amount);
    }
    let mut drivers = old.drivers.clone();
    for (name, limit) in &new.drivers {
        let lower = |least: &mut Option<i64>| *least = [*least, *limit].into_iter().flatten().min();
        drivers.entry(name.clone()).and_modify(lower).or_insert(*limit);
    }
    let allocatable = Resources {
        cpu_milli: a.cpu_milli.min(b.cpu_milli),
        memory_bytes: a.memory_bytes.min(b.memory_bytes),
        ephemeral_bytes: a.ephemeral_bytes.min(b.ephemeral_bytes),
        pods: a.pods.min(b.pods),
        extended,
    };
    Seen { allocatable, drivers }
}

/// A kubelet's version as numbers, for comparing; what follows the third (`-rc.1`) does not count.
fn version(text: &str) -> Vec<u32> {
    let numbers = text.trim_start_matches('v').split(['.', '-', '+']).map_while(|part| part.parse().ok());
    numbers.take(3).collect()
}

fn told(kind: &Kind, lesson: &Lesson) -> LearnedStatus {
    LearnedStatus {
        flavor: kind.flavor.clone(),
        image_id: kind.image_id.clone(),
        max_pods: kind.max_pods,
        reserved_cpu: kind.reserved_cpu.clone(),
        reserved_memory: kind.reserved_memory.clone(),
        root_volume_gib: kind.root_volume_gib,
        kubelet_version: lesson.kubelet.clone(),
        allocatable: quantities(&lesson.seen.allocatable).into_iter().map(|(name, quantity)| (name, quantity.0)).collect(),
        drivers: lesson.seen.drivers.iter().map(|(name, limit)| (name.clone(), limit.unwrap_or(-1))).collect(),
    }
}

fn seen(status: &LearnedStatus) -> Seen {
    let allocatable = status.allocatable.iter().map(|(name, amount)| (name.clone(), Quantity(amount.clone()))).collect();
    let drivers = status.drivers.iter().map(|(name, limit)| (name.clone(), Some(*limit).filter(|limit| *limit >= 0))).collect();
    Seen { allocatable: amounts(Some(&allocatable)), drivers }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind() -> Kind {
        Kind::of_host(&HostSpec { flavor: "m1.large".into(), image_id: "i".into(), max_pods: 110, ..HostSpec::default() })
    }

    fn node(version: &str, cpu_milli: i64) -> Node {
        let allocatable = Resources { cpu_milli, memory_bytes: 7 << 30, ephemeral_bytes: 1 << 30, pods: 110, ..Resources::default() };
        Node { kubelet_version: version.into(), allocatable, ..Node::default() }
    }

    fn drivers(drivers: &[(&str, Option<i64>)]) -> Drivers {
        drivers.iter().map(|(name, limit)| ((*name).to_owned(), *limit)).collect()
    }

    fn cloud() -> Key {
        Key::new("apps", "main")
    }

    fn cpu(learned: &Learned) -> Option<i64> {
        learned.get(&cloud(), &kind()).map(|seen| seen.allocatable.cpu_milli)
    }

    #[test]
    fn the_least_counts_until_a_newer_kubelet_shows_something_else() {
        let learned = Learned::default();
        let saw = |version, cpu| learned.learn(&cloud(), kind(), &node(version, cpu), Drivers::new(), Showing::Open);
        assert_eq!((saw("v1.36.1", 3800), saw("v1.36.1", 3700), saw("v1.36.1", 3750)), (true, true, false));
        assert_eq!(cpu(&learned), Some(3700));
        assert!(saw("v1.37.0", 3900) && !saw("v1.36.1", 3600));
        assert_eq!(cpu(&learned), Some(3900));
        assert!(version("v1.9.10") < version("v1.10.0-rc.1"));
    }

    #[test]
    fn a_plugin_that_is_late_once_does_not_take_away_what_was_learned() {
        let learned = Learned::default();
        learned.learn(&cloud(), kind(), &node("v1", 1), drivers(&[("cinder", Some(26)), ("nfs", None)]), Showing::Open);
        learned.learn(&cloud(), kind(), &node("v1", 1), drivers(&[("cinder", Some(25))]), Showing::Open);
        assert_eq!(learned.get(&cloud(), &kind()).unwrap().drivers, drivers(&[("cinder", Some(25)), ("nfs", None)]));
    }

    #[test]
    fn devices_are_learned_of_open_nodes_that_show_them() {
        let learned = Learned::default();
        let shows = |gpus: i64, showing| {
            let mut node = node("v1", 4_000);
            node.allocatable.extended.insert("nvidia.com/gpu".into(), gpus);
            learned.learn(&cloud(), kind(), &node, Drivers::new(), showing);
            learned.get(&cloud(), &kind()).unwrap().allocatable.extended.get("nvidia.com/gpu").copied()
        };
        let seen = [(8, Showing::Joining), (0, Showing::Open), (2, Showing::Open), (0, Showing::Open), (1, Showing::Open)];
        assert_eq!(seen.map(|(gpus, showing)| shows(gpus, showing)), [None, None, Some(2), Some(2), Some(1)]);
    }

    #[test]
    fn the_status_keeps_it_for_the_next_process() {
        let (learned, next) = (Learned::default(), Learned::default());
        learned.learn(&cloud(), kind(), &node("v1.37.2", 3800), drivers(&[("nfs", None), ("cinder", Some(26))]), Showing::Open);
        next.restore(&cloud(), &learned.told(&cloud()));
        assert_eq!(next.get(&cloud(), &kind()), learned.get(&cloud(), &kind()));
        assert_eq!(next.told(&cloud()), learned.told(&cloud()));
    }

    #[test]
    fn what_was_learned_first_goes_first() {
        let learned = Learned::default();
        for number in 0..=LEARNED_MAX {
            learned.learn(&cloud(), Kind { flavor: format!("f{number:03}"), ..kind() }, &node("v1", 1), Drivers::new(), Showing::Joining);
        }
        let told = learned.told(&cloud());
        assert_eq!((told.len(), told[0].flavor.as_str()), (LEARNED_MAX, "f001"));
    }
}
