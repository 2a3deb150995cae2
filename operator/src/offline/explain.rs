//! `--explain`: everything that decides where one pod goes, and what is in the way, in words.

mod met;
mod offers;
mod wishes;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use gantry_plan::model::{Host, Key, Node, Pod, Pool, Snapshot};
use gantry_plan::quantity::print_price_micro;
use gantry_plan::scheduling::Judge;
use gantry_plan::{Command, Plan, plan};

/// Names that stand for a group.
const NAMES_MAX: usize = 3;

/// The pod of this name.
///
/// # Errors
/// If there is none, with what to write.
pub fn find(snapshot: &Snapshot, name: &str) -> Result<Arc<Pod>, String> {
    let Some((namespace, pod)) = name.split_once('/') else {
        let namesake = snapshot.pods.iter().map(|pod| &pod.key).filter(|key| key.name == name).min();
        let such = namesake.map_or_else(|| format!("default/{name}"), ToString::to_string);
        return Err(format!("--explain {name}: write it as namespace/name, such as {such}"));
    };
    let key = Key::new(namespace, pod);
    let found = snapshot.pods.iter().find(|pod| pod.key == key).cloned();
    found.ok_or_else(|| format!("--explain {name}: no such pod is in the input, or it has finished; {}", others(snapshot, &key)))
}

/// What could have been meant: pods of that name elsewhere, else some of that namespace.
fn others(snapshot: &Snapshot, meant: &Key) -> String {
    let keys = || snapshot.pods.iter().map(|pod| &pod.key);
    let mut like: Vec<&Key> = keys().filter(|key| key.name == meant.name).collect();
    if like.is_empty() {
        like = keys().filter(|key| key.namespace == meant.namespace).collect();
    }
    like.sort_unstable();
    let named: Vec<String> = like.iter().take(NAMES_MAX).map(ToString::to_string).collect();
    match like.len() {
        0 => format!("the input has {} pods, and none in that namespace", snapshot.pods.len()),
        1..=NAMES_MAX => format!("there is {}", named.join(", ")),
        count => format!("there are {count} like {}", named.join(", ")),
    }
}

/// Explains it.
pub fn explain(snapshot: &Snapshot, plan: &Plan, pod: &Arc<Pod>) -> String {
    let mut text = format!("Pod {}\n", pod.key);
    wishes::wishes(pod).iter().for_each(|(what, wish)| line(&mut text, what, wish));
    line(&mut text, "plan", &fate(plan, pod));
    met::met(snapshot, plan, pod).iter().for_each(|preference| line(&mut text, "preference", preference));
    text.push_str(&on_nodes(snapshot, pod));
    text.push_str(&in_pools(snapshot, pod));
    text
}

fn line(text: &mut String, what: &str, rest: &str) {
    let _ = writeln!(text, "  {what:<11} {rest}");
}

/// What the plan does with it.
fn fate(plan: &Plan, pod: &Pod) -> String {
    if let Some(node) = &pod.node_name {
        return format!("it runs on node {node}");
    }
    for command in &plan.commands {
        if let Command::CreateHost { pool, flavor, zone, price_micro, pods, .. } = command
            && pods.contains(&pod.key)
        {
            let (price, others) = (print_price_micro(*price_micro), pods.len() - 1);
            return format!("a new {flavor} in {zone} of pool {pool}, {price} an hour; it shares it with {others} of those that wait");
        }
    }
    if let Some((_, node)) = plan.placed.iter().find(|(key, _)| *key == pod.key) {
        return format!("there is room for it on {node}");
    }
    match plan.unplaced.iter().find(|left| left.pod == pod.key) {
        Some(left) => {
            let why =
                left.reasons.iter().map(|(pool, why)| pool.as_ref().map_or_else(|| why.clone(), |pool| format!("pool {pool}: {why}")));
            format!("nothing: {}", why.collect::<Vec<_>>().join("; "))
        }
        None => format!("nothing: {}", no_demand(pod)),
    }
}

/// Why a pod asks for no host.
fn no_demand(pod: &Pod) -> &'static str {
    match () {
        () if pod.terminating => "it is being deleted",
        () if pod.spec.gated => "scheduling gates hold it back",
        () if pod.nominated_node.is_some() => "it is nominated to a node that keeps room for it",
        () if !pod.unschedulable => "the scheduler has not said yet that it finds no room",
        () => "another scheduler places it, or lower-priority pods will make room",
    }
}

/// Where it fits now, and why not elsewhere; nodes with the same reason together.
fn on_nodes(snapshot: &Snapshot, pod: &Arc<Pod>) -> String {
    let mut judge = Judge::of(snapshot);
    if let Some(at) = pod.node_name.as_deref().and_then(|node| judge.node(node)) {
        judge.remove(pod, at);
    }
    let free = Pod { node_name: None, ..(**pod).clone() };
    let nodes: Vec<_> = judge.nodes().collect();
    let mut fits = Vec::new();
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for at in nodes {
        let verdict = judge.verdict(&free, at);
        let name = judge.name(at).unwrap_or_default().to_owned();
        match verdict {
            Ok(()) => fits.push(name),
            Err(misfit) => reasons.entry(misfit.to_string()).or_default().push(name),
        }
    }
    let mut text = format!("Nodes that are there: it fits {} of {}\n", fits.len(), snapshot.nodes.len());
    if !fits.is_empty() {
        line(&mut text, "fits", &names(&fits));
    }
    let mut grouped: Vec<_> = reasons.into_iter().collect();
    grouped.sort_by_key(|(_, nodes)| std::cmp::Reverse(nodes.len()));
    grouped.iter().for_each(|(why, nodes)| line(&mut text, &format!("{} not", nodes.len()), &format!("{why} ({})", names(nodes))));
    text
}

fn names(all: &[String]) -> String {
    let shown = all.iter().take(NAMES_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    if all.len() > NAMES_MAX { format!("{shown} and {} more", all.len() - NAMES_MAX) } else { shown }
}

/// What each pool could buy for it if it were alone and no node had room.
fn in_pools(snapshot: &Snapshot, pod: &Arc<Pod>) -> String {
    let mut text = format!("Pools, if it needed a new host{}\n", if snapshot.pools.is_empty() { ": there is none" } else { "" });
    let offers = offers::offers(snapshot, &Pod { node_name: None, ..(**pod).clone() });
    for pool in &snapshot.pools {
        line(&mut text, &pool.key.to_string(), &in_pool(snapshot, pod, pool));
        for (said, hosts) in offers.get(&pool.key).into_iter().flatten() {
            line(&mut text, "", &format!("{}: {said}", names(hosts)));
        }
    }
    text
}

fn in_pool(snapshot: &Snapshot, pod: &Arc<Pod>, pool: &Pool) -> String {
    let alone = plan(&alone(snapshot, pod, pool));
    let bought = alone.commands.iter().find_map(|command| match command {
        Command::CreateHost { flavor, zone, price_micro, pods, .. } if pods.contains(&pod.key) => Some((flavor, zone, *price_micro)),
        _ => None,
    });
    if let Some((flavor, zone, price_micro)) = bought {
        return format!("a {flavor} in {zone}, {} an hour", print_price_micro(price_micro));
    }
    let left = alone.unplaced.iter().find(|left| left.pod == pod.key);
    let why = left.map(|left| left.reasons.iter().map(|(_, why)| why.as_str()).collect::<Vec<_>>().join("; "));
    why.unwrap_or_else(|| no_demand(pod).to_owned())
}

/// The same world, in which no node takes another pod, only this pod waits, and only this pool buys.
fn alone(snapshot: &Snapshot, pod: &Arc<Pod>, pool: &Pool) -> Snapshot {
    let mut waiting = (**pod).clone();
    waiting.node_name = None;
    waiting.nominated_node = None;
    waiting.unschedulable = true;
    waiting.unschedulable_since = None;
    let others = snapshot.pods.iter().filter(|other| other.node_name.is_some() && other.key != pod.key);
    let full = |node: &Node| {
        let mut node = node.clone();
        node.allocatable.pods = 0;
        node
    };
    let full_host = |host: &Host| {
        let mut host = Host { claims: Vec::new(), ..host.clone() };
        host.allocatable.pods = 0;
        host
    };
    Snapshot {
        pods: others.cloned().chain([Arc::new(waiting)]).collect(),
        nodes: snapshot.nodes.iter().map(full).collect(),
        hosts: snapshot.hosts.iter().map(full_host).collect(),
        pools: vec![Pool { min_hosts: 0, ..pool.clone() }],
        ..snapshot.clone()
    }
}
