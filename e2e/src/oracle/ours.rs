//! What the planner's judge says of the same cluster, read as `gantry plan -f` reads it.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Result, bail};
use gantry::offline::input::Input;
use gantry_plan::model::{Pod, Snapshot};
use gantry_plan::scheduling::{Judge, Misfit};
use jiff::Timestamp;
use serde_json::{Value, json};

/// What a kind of reason ends with if only pods that are nominated for the node are in the way.
pub const BY_NOMINATED: &str = " by nominated pods";
/// When all cases happen.
const NOW: &str = "2026-01-03T00:00:00Z";

/// The judge's answers.
#[derive(Debug, Default)]
pub struct Ours {
    /// By pod (namespace/name) and node: why not.
    pub verdicts: BTreeMap<(String, String), Result<(), Refusal>>,
    /// By pod: the node on which it is expected to preempt.
    pub preempts: BTreeMap<String, Option<String>>,
    /// By pod: the node on which it would be if nominated pods refused nobody.
    pub preempts_unrefused: BTreeMap<String, Option<String>>,
    /// By DaemonSet and node.
    pub daemons: BTreeMap<(String, String), bool>,
}

/// Why a pod may not go to a node.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The kind of reason.
    pub kind: String,
    /// In words.
    pub reason: String,
}

/// Reads a cluster.
///
/// # Errors
/// If an object of it cannot be read.
pub fn read(objects: &[Value]) -> Result<Snapshot> {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let mut input = Input::default();
    input.read("generated", serde_json::to_vec(&list)?.as_slice());
    match input.finish(NOW.parse::<Timestamp>()?) {
        Ok(world) => Ok(world.snapshot),
        Err(problems) => bail!(
            "the planner cannot read what kube-scheduler can: {}",
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        ),
    }
}

/// Judges all pods that wait.
///
/// # Errors
/// If the cluster cannot be read.
pub fn judge(objects: &[Value]) -> Result<Ours> {
    let snapshot = read(objects)?;
    let bound = with_nominated(&snapshot, |pod| pod.nominated_node = None);
    let unrefused = with_nominated(&snapshot, |pod| Arc::make_mut(&mut pod.spec).anti_affinity.clear());
    let (mut judge, mut judge_of_bound) = (Judge::of(&snapshot), Judge::of(&bound));
    let mut judge_unrefused = Judge::of(&unrefused);
    let nodes: Vec<_> = judge.nodes().filter_map(|at| Some((at, judge.name(at)?.to_owned()))).collect();
    if nodes.len() != snapshot.nodes.len() {
        bail!("the judge has {} nodes of {}", nodes.len(), snapshot.nodes.len());
    }
    let mut ours = Ours::default();
    for pod in snapshot.pods.iter().filter(|pod| pod.node_name.is_none()) {
        let name = pod.key.to_string();
        for (at, node) in &nodes {
            let verdict = judge.verdict(pod, *at).map_err(|misfit| refusal(&misfit, judge_of_bound.verdict(pod, *at).is_ok()));
            ours.verdicts.insert((name.clone(), node.clone()), verdict);
        }
        ours.preempts.insert(name.clone(), target(&mut judge, pod));
        ours.preempts_unrefused.insert(name, target(&mut judge_unrefused, pod));
    }
    for set in &snapshot.daemon_sets {
        for (at, node) in &nodes {
            ours.daemons.insert((set.key.to_string(), node.clone()), judge.runs_daemon(set, *at));
        }
    }
    Ok(ours)
}

fn target(judge: &mut Judge<'_>, pod: &Pod) -> Option<String> {
    judge.preempts(pod).and_then(|at| judge.name(at).map(str::to_owned))
}

/// The same cluster with other nominated pods.
fn with_nominated(snapshot: &Snapshot, change: impl Fn(&mut Pod)) -> Snapshot {
    let mut other = snapshot.clone();
    let nominated = other.pods.iter_mut().filter(|pod| pod.node_name.is_none() && pod.nominated_node.is_some());
    nominated.for_each(|pod| change(Arc::make_mut(pod)));
    other
}

/// The kind says so if only pods that are nominated are in the way.
fn refusal(misfit: &Misfit, fits_without_nominated: bool) -> Refusal {
    let by = if fits_without_nominated { BY_NOMINATED } else { "" };
    Refusal { kind: kind(&format!("{misfit:?}")) + by, reason: misfit.to_string() }
}

/// The variant's name.
fn kind(debug: &str) -> String {
    debug.chars().take_while(|character| character.is_alphanumeric()).collect()
}
