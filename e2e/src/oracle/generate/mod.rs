//! Small clusters whose pods get into each other's way, as plain Kubernetes objects, from a seed.

mod affinity;
mod daemons;
mod dice;
mod nodes;
mod pods;
mod resources;
mod storage;
mod terms;

use serde_json::{Value, json};

pub use dice::Dice;

/// Nodes at most.
const NODES_MAX: usize = 8;
/// Pods on nodes at most.
const BOUND_MAX: usize = 20;
/// Pods without a node at most.
const WAITING_MAX: usize = 6;
/// What the names of pods without a node begin with.
const WAITING: &str = "waiting";
/// All of them.
const NAMESPACES: [&str; 4] = ["blue", "default", "green", "red"];

/// What one cluster is about: few themes at a time, so that what is wrong with one does not hide the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Themes {
    /// Likelihood of each, in percent.
    pub resources: u32,
    /// Taints and cordons.
    pub taints: u32,
    /// Node selectors and node affinity.
    pub places: u32,
    /// Pod affinity and anti-affinity.
    pub company: u32,
    /// Topology spread.
    pub spread: u32,
    /// Host ports.
    pub ports: u32,
    /// Volumes.
    pub volumes: u32,
}

impl Themes {
    fn roll(dice: &mut Dice) -> Self {
        let mut level = || *dice.one(&[0, 0, 10, 50]);
        Self { resources: level(), taints: level(), places: level(), company: level(), spread: level(), ports: level(), volumes: level() }
    }
}

/// How large a cluster is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Nodes.
    pub nodes: usize,
    /// Pods on nodes.
    pub bound: usize,
    /// Pods without a node.
    pub waiting: usize,
}

/// A cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Case {
    /// All objects, pods included.
    pub objects: Vec<Value>,
}

impl Case {
    /// The one of this seed.
    #[must_use]
    pub fn generate(seed: u64) -> Self {
        let dice = &mut Dice::new(seed);
        let size = Size { nodes: dice.number(1, NODES_MAX), bound: dice.number(0, BOUND_MAX), waiting: dice.number(1, WAITING_MAX) };
        Self::of(dice, size)
    }

    /// One of this size.
    pub fn of(dice: &mut Dice, size: Size) -> Self {
        let themes = Themes::roll(dice);
        let mut objects: Vec<Value> = NAMESPACES.iter().map(|name| namespace(name)).collect();
        let names: Vec<String> = (0..size.nodes).map(|index| format!("node-{index}")).collect();
        objects.extend(names.iter().map(|name| nodes::node(dice, themes, name)));
        let mut claims = storage::generate(dice, themes, &names, &mut objects);
        let bound = (0..size.bound).map(|index| pods::bound(dice, themes, &names, &mut claims, index));
        objects.extend(pods::without_clashes(bound.collect()));
        objects.extend((0..size.waiting).map(|index| pods::waiting(dice, themes, &names, &mut claims, index)));
        objects.extend(claims.ephemeral);
        objects.extend((0..dice.number(0, 2)).map(|index| daemons::daemon_set(dice, themes, index)));
        Self { objects }
    }

    /// As one text of YAML documents.
    #[must_use]
    pub fn yaml(&self) -> String {
        let documents: Vec<String> = self.objects.iter().filter_map(|object| serde_saphyr::to_string(object).ok()).collect();
        documents.join("---\n")
    }
}

/// Name, namespace and UID.
fn metadata(namespace: Option<&str>, name: &str) -> Value {
    let uid = format!("uid-{}-{name}", namespace.unwrap_or_default());
    let mut metadata = json!({"name": name, "uid": uid, "creationTimestamp": "2026-01-01T00:00:00Z"});
    if let Some(namespace) = namespace {
        metadata["namespace"] = namespace.into();
    }
    metadata
}

fn namespace(name: &str) -> Value {
    let mut labels = json!({"kubernetes.io/metadata.name": name});
    match name {
        "blue" => (labels["team"], labels["env"]) = ("blue".into(), "prod".into()),
        "red" => labels["team"] = "red".into(),
        _ => {}
    }
    let mut metadata = metadata(None, name);
    metadata["labels"] = labels;
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_cluster_and_another_gives_another() {
        assert_eq!(Case::generate(7), Case::generate(7));
        assert_ne!(Case::generate(7), Case::generate(8));
    }

    #[test]
    fn a_cluster_has_the_nodes_and_pods_that_were_asked_for() {
        let objects = Case::of(&mut Dice::new(1), Size { nodes: 3, bound: 5, waiting: 2 }).objects;
        let count = |kind: &str| objects.iter().filter(|object| object["kind"] == kind).count();
        let waiting = objects.iter().filter(|object| object["kind"] == "Pod" && object["spec"]["nodeName"].is_null()).count();
        assert_eq!((count("Node"), count("Pod"), waiting), (3, 7, 2));
    }
}
