//! The counts after any sequence of placements and removals are those of a judge that starts there.

use proptest::prelude::*;

use super::*;
use crate::fixtures::expression;
use crate::model::PodSpec;

const APPS: [&str; 3] = ["web", "db", "cache"];
const KEYS: [&str; 3] = [ZONE, HOSTNAME, "rack"];
const NODES: usize = 5;
const PODS: usize = 12;

fn node_of(nth: usize) -> Node {
    let mut node = zoned(&format!("n{nth}"), ["a", "b"][nth % 2]);
    if nth.is_multiple_of(3) {
        Arc::make_mut(&mut node.labels).insert("rack".to_owned(), format!("r{nth}"));
    }
    node
}

fn any_term() -> impl Strategy<Value = PodTerm> {
    (0..APPS.len(), 0..KEYS.len(), any::<bool>()).prop_map(|(app, key, everywhere)| {
        let namespace_selector = everywhere.then(|| Selector { labels: labels(&[("team", "data")]), expressions: Vec::new() });
        PodTerm { namespace_selector, ..term(APPS[app], KEYS[key]) }
    })
}

fn any_spread() -> impl Strategy<Value = Spread> {
    (0..APPS.len(), 0..KEYS.len(), 1..3_i32, proptest::option::of(1..4_i32), any::<bool>()).prop_map(
        |(app, key, skew, min_domains, honors_affinity)| Spread { min_domains, honors_affinity, ..spread(APPS[app], KEYS[key], skew) },
    )
}

fn any_pod() -> impl Strategy<Value = Pod> {
    let lists = (
        proptest::collection::vec(any_term(), 0..2),
        proptest::collection::vec(any_term(), 0..2),
        proptest::collection::vec(any_spread(), 0..2),
    );
    let rest = (0..APPS.len(), 0..3_i32, any::<bool>(), any::<bool>(), any::<bool>());
    (lists, rest).prop_map(|((affinity, anti_affinity, spread), (of, priority, terminating, other, in_a))| {
        let narrowed = in_a.then(|| vec![crate::fixtures::term(vec![expression(ZONE, "In", &["a"])])]);
        let pod = with(app("p", APPS[of]), |spec| {
            let requests = spec.requests.clone();
            let scheduler = spec.scheduler.clone();
            *spec =
                PodSpec { requests, scheduler, priority, affinity, anti_affinity, spread, node_affinity: narrowed, ..PodSpec::default() };
        });
        in_namespace(Pod { terminating, ..pod }, if other { "other" } else { "apps" })
    })
}

/// Pods with names of their own; each is on a node, nominated to one, or neither.
fn any_pods() -> impl Strategy<Value = Vec<Pod>> {
    proptest::collection::vec((any_pod(), 0..NODES * 2 + 2), 1..PODS).prop_map(|pods| {
        let named = |(nth, (mut pod, at)): (usize, (Pod, usize))| {
            pod.key.name = format!("p{nth}");
            pod.uid = format!("uid-{nth}");
            pod.node_name = (at < NODES).then(|| format!("n{at}").into());
            pod.nominated_node = (NODES..NODES * 2).contains(&at).then(|| format!("n{}", at - NODES).into());
            pod
        };
        pods.into_iter().enumerate().map(named).collect()
    })
}

fn world(pods: Vec<Pod>) -> Snapshot {
    world_of((0..NODES).map(node_of).collect(), pods)
}

/// What a judge says of one pod: each node's verdict, and where it could preempt.
type Said = (Vec<Result<(), Misfit>>, Option<NodeAt>);

fn verdicts(judge: &mut Judge<'_>, pods: &[Pod]) -> Vec<Said> {
    let of = |pod: &Pod| (judge.nodes().map(|at| judge.verdict(pod, at)).collect(), judge.preempts(pod));
    pods.iter().map(of).collect()
}

/// The pods as they wait.
fn waiting(pods: &[Pod]) -> Vec<Pod> {
    pods.iter().map(|pod| Pod { node_name: None, ..pod.clone() }).collect()
}

proptest! {
    #[test]
    fn placing_and_removing_leaves_the_judge_as_it_was(pods in any_pods(), guest in any_pod(), at in 0..NODES) {
        let world = world(pods);
        let asking = waiting(&world.pods.iter().map(|pod| (**pod).clone()).collect::<Vec<_>>());
        let mut judge = Judge::of(&world);
        let before = verdicts(&mut judge, &asking);
        let guest = Arc::new(guest);
        judge.place(&guest, NodeAt::nth(at));
        judge.remove(&guest, NodeAt::nth(at));
        prop_assert_eq!(verdicts(&mut judge, &asking), before);
    }

    #[test]
    fn moving_pods_one_by_one_is_the_same_as_starting_there(
        pods in any_pods(),
        moves in proptest::collection::vec((0..PODS, 0..NODES), 0..10),
        added in 0..NODES,
    ) {
        let mut there = pods.clone();
        let start = world(pods);
        let mut short = start.clone();
        short.nodes.truncate(added.max(1));
        let mut judge = Judge::of(&short);
        // Asked before anything moves, so that all counts exist and must be kept up to date.
        verdicts(&mut judge, &waiting(&there));
        for node in start.nodes.iter().skip(short.nodes.len()) {
            let (labels, allocatable) = ((*node.labels).clone(), node.allocatable.clone());
            judge.add_node(NewNode { name: Some(node.name.clone()), labels, allocatable, ..NewNode::default() });
        }
        for pod in &start.pods {
            if let Some(at) = pod.node_name.as_deref().filter(|name| !short.nodes.iter().any(|node| node.name == *name)) {
                judge.place(pod, judge.node(at).unwrap());
            }
        }
        for (pod, to) in moves {
            let Some(moved) = there.get_mut(pod) else { continue };
            if let Some(at) = moved.node_name.as_deref().and_then(|name| judge.node(name)) {
                judge.remove(moved, at);
            }
            moved.node_name = Some(format!("n{to}").into());
            judge.place(&Arc::new(moved.clone()), NodeAt::nth(to));
        }
        let end = world(there.clone());
        prop_assert_eq!(verdicts(&mut judge, &waiting(&there)), verdicts(&mut Judge::of(&end), &waiting(&there)));
    }
}
