//! Carries a plan out before the judge: nodes as they are first, then those to come, each pod in its turn by priority and age.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Host, Key, Labels, Pod, Snapshot, Taint};
use crate::planner::cluster::{Cluster, is_live};
use crate::planner::{Command, Plan};
use crate::resources::Resources;
use crate::scheduling::{HOST_LABEL, HOSTNAME, Judge, NewNode, NodeAt, kept_taints};

/// What the judge says to the pods that it lets in nowhere where the plan has them.
pub(in crate::planner::tests) fn misfits(snapshot: &Snapshot, plan: &Plan) -> Vec<String> {
    let (mut now, coming) = settled(snapshot, plan);
    let waiting: BTreeMap<Key, Arc<Pod>> = snapshot.pods.iter().map(|pod| (pod.key.clone(), pod.clone())).collect();
    now.pods.retain(|pod| !coming.contains_key(pod.node_name.as_deref().unwrap_or_default()));
    let mut judge = Judge::of(&now);
    for at in judge.nodes().collect::<Vec<_>>() {
        run_daemons(&mut judge, snapshot, at);
    }
    let here = plan.placed.iter().filter(|(_, node)| !coming.contains_key(node.as_str()));
    let here = here.map(|(pod, node)| (waiting[pod].clone(), judge.node(node).unwrap())).collect();
    let mut misfits = placed(&mut judge, here);

    let mut sites: BTreeMap<String, NodeAt> = BTreeMap::new();
    for (name, host) in &coming {
        let at = join(&mut judge, snapshot, name, (*host.labels).clone(), host.taints.clone(), host.allocatable.clone());
        for pod in snapshot.pods.iter().filter(|pod| pod.node_name.as_deref() == Some(name)) {
            judge.place(pod, at);
        }
        sites.insert((*name).to_owned(), at);
    }
    let there = plan.placed.iter().filter_map(|(pod, node)| Some((waiting[pod].clone(), *sites.get(node)?)));
    let mut there: Vec<_> = there.collect();
    for (nth, command) in plan.commands.iter().enumerate() {
        if let Command::CreateHost { pool, pods, allocatable, labels, .. } = command {
            let taints = snapshot.pools.iter().find(|owner| owner.key == *pool).unwrap().taints.clone();
            let at = join(&mut judge, snapshot, &format!("bought-{nth}"), labels.clone(), taints, allocatable.clone());
            there.extend(pods.iter().map(|pod| (waiting[pod].clone(), at)));
        }
    }
    misfits.extend(placed(&mut judge, there));
    misfits
}

/// The world as the scheduler sees it now, and the hosts that are on their way and that the plan does not let go. A node above its pool's
/// replicas never joins: it keeps its startup taints. One that goes because nobody came was on its way until then.
fn settled<'s>(snapshot: &'s Snapshot, plan: &Plan) -> (Snapshot, BTreeMap<&'s str, Host>) {
    let cluster = Cluster::of(snapshot);
    let mut now = snapshot.clone();
    let mut coming = BTreeMap::new();
    let goes =
        |host: &Host| plan.commands.iter().any(|command| matches!(command, Command::DeleteHost { host: gone, .. } if *gone == host.key));
    for host in snapshot.hosts.iter().filter(|host| is_live(host)) {
        let name = host.key.name.as_str();
        match cluster.nodes.get(name) {
            Some(node) if cluster.joins(node, host) && !(goes(host) && is_exact(snapshot, host)) => {
                let mut labels = (*host.labels).clone();
                labels.extend((*node.labels).clone());
                coming.insert(name, Host { labels: labels.into(), taints: kept_taints(&node.taints, host), ..host.clone() });
            }
            None if !host.joined && !goes(host) => _ = coming.insert(name, host.clone()),
            _ => {}
        }
    }
    now.nodes.retain(|node| !coming.contains_key(node.name.as_str()));
    (now, coming)
}

/// Whether the host's pool has as many hosts as it is told.
fn is_exact(snapshot: &Snapshot, host: &Host) -> bool {
    let owner = Key::new(&host.key.namespace, &host.pool);
    snapshot.pools.iter().any(|pool| pool.key == owner && pool.replicas.is_some())
}

fn join(judge: &mut Judge<'_>, snapshot: &Snapshot, name: &str, mut labels: Labels, taints: Vec<Taint>, allocatable: Resources) -> NodeAt {
    for key in [HOSTNAME, HOST_LABEL] {
        labels.insert(key.to_owned(), name.to_owned());
    }
    let at = judge.add_node(NewNode { name: Some(name.to_owned()), labels, taints, allocatable, drivers: None });
    run_daemons(judge, snapshot, at);
    at
}

fn run_daemons(judge: &mut Judge<'_>, snapshot: &Snapshot, at: NodeAt) {
    for set in &snapshot.daemon_sets {
        if judge.runs_daemon(set, at) {
            let mut pod = set.pod.clone();
            pod.uid = format!("{}-{at:?}", pod.uid);
            pod.spec_mut().requests.pods = 1;
            judge.place(&Arc::new(pod), at);
        }
    }
}

/// Places pods by priority and age; those that do not fit yet try again when others have been placed, as the scheduler has it.
fn placed(judge: &mut Judge<'_>, mut pods: Vec<(Arc<Pod>, NodeAt)>) -> Vec<String> {
    pods.sort_by_key(|(pod, _)| (Reverse(pod.spec.priority), pod.created, pod.key.clone()));
    loop {
        let before = pods.len();
        let mut misfits = Vec::new();
        pods.retain(|(pod, at)| match judge.verdict(pod, *at) {
            Ok(()) => {
                judge.place(pod, *at);
                false
            }
            Err(why) => {
                misfits.push(format!("{} on {:?}: {why}", pod.key, judge.name(*at)));
                true
            }
        });
        if pods.len() == before {
            return misfits;
        }
    }
}
