//! What fits where, plugin by plugin.

mod as_it_is;
mod attempts;
mod incremental;
mod neighbours;
mod room;
mod spread;
mod volumes;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::fixtures::{bound, labels, node, now, pod, shared};
use crate::model::{Node, PodTerm, Selector, Spread};
use crate::scheduling::Misfit;

const ZONE: &str = "topology.kubernetes.io/zone";
const HOSTNAME: &str = "kubernetes.io/hostname";

/// A node of 4 CPUs and 16 GiB in the zone.
fn zoned(name: &str, zone: &str) -> Node {
    Node { labels: labels(&[(HOSTNAME, name), (ZONE, zone)]).into(), ..node(name, 4_000, 16) }
}

/// a1 and a2 in zone a, b1 in zone b.
fn nodes() -> Vec<Node> {
    vec![zoned("a1", "a"), zoned("a2", "a"), zoned("b1", "b")]
}

/// Namespaces apps (team=web) and other (team=data).
fn world_of(nodes: Vec<Node>, pods: Vec<Pod>) -> Snapshot {
    let namespaces = BTreeMap::from([("apps".to_owned(), labels(&[("team", "web")])), ("other".to_owned(), labels(&[("team", "data")]))]);
    Snapshot { now: now(), nodes, pods: shared(pods), namespaces, ..Snapshot::default() }
}

/// A small pod with label app.
fn app(name: &str, app: &str) -> Pod {
    Pod { labels: Arc::new(labels(&[("app", app)])), ..pod(name, 100, 1) }
}

/// The same, running.
fn running(name: &str, of: &str, node: &str) -> Pod {
    Pod { labels: Arc::new(labels(&[("app", of)])), ..bound(name, node, 100, 1) }
}

fn in_namespace(mut pod: Pod, namespace: &str) -> Pod {
    pod.key.namespace = namespace.to_owned();
    pod
}

fn with(mut pod: Pod, change: impl FnOnce(&mut crate::model::PodSpec)) -> Pod {
    change(pod.spec_mut());
    pod
}

fn selector(pairs: &[(&str, &str)]) -> Option<Selector> {
    Some(Selector { labels: labels(pairs), expressions: Vec::new() })
}

/// Pods of that app in namespace apps.
fn term(app: &str, key: &str) -> PodTerm {
    let namespaces = vec!["apps".to_owned()];
    PodTerm { selector: selector(&[("app", app)]), namespaces, namespace_selector: None, topology_key: key.to_owned() }
}

fn spread(app: &str, key: &str, max_skew: i32) -> Spread {
    Spread {
        max_skew,
        topology_key: key.to_owned(),
        required: true,
        selector: selector(&[("app", app)]),
        min_domains: None,
        honors_affinity: true,
        honors_taints: false,
    }
}

/// Names of the nodes that the pod fits.
fn fitting(snapshot: &Snapshot, pod: &Pod) -> Vec<String> {
    let mut judge = Judge::of(snapshot);
    let fits: Vec<NodeAt> = judge.nodes().filter(|at| judge.verdict(pod, *at).is_ok()).collect();
    fits.into_iter().map(|at| judge.name(at).unwrap_or("").to_owned()).collect()
}

/// Why the pod does not fit the first node, in words.
fn why(snapshot: &Snapshot, pod: &Pod) -> String {
    let mut judge = Judge::of(snapshot);
    judge.verdict(pod, NodeAt(0)).map_or_else(|misfit| misfit.to_string(), |()| "fits".to_owned())
}
