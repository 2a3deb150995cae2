//! Nominated pods and preemption.

use super::*;

fn nominated(pod: Pod, node: &str, priority: i32) -> Pod {
    with(Pod { nominated_node: Some(node.into()), ..pod }, |spec| spec.priority = priority)
}

fn ranked(pod: Pod, priority: i32) -> Pod {
    with(pod, |spec| spec.priority = priority)
}

#[test]
fn room_kept_for_a_pod_of_equal_or_higher_priority_is_taken() {
    let large = |priority| nominated(pod("kept", 4_000, 1), "a1", priority);
    let fits = |kept: Pod, own| why(&world_of(vec![zoned("a1", "a")], vec![kept]), &ranked(pod("p", 1_000, 1), own)) == "fits";
    assert_eq!([fits(large(5), 5), fits(large(6), 5), fits(large(4), 5)], [false, false, true]);
}

#[test]
fn a_pod_does_not_yield_to_itself_nor_to_pods_of_another_scheduler() {
    let own = nominated(pod("kept", 4_000, 1), "a1", 0);
    let other = with(own.clone(), |spec| spec.scheduler = "other".to_owned());
    let world = |pod: &Pod| world_of(vec![zoned("a1", "a")], vec![pod.clone()]);
    assert_eq!([why(&world(&own), &own), why(&world(&other), &pod("p", 1_000, 1))], ["fits", "fits"]);
}

#[test]
fn company_that_is_only_nominated_is_none() {
    let kept = nominated(app("kept", "db"), "a1", 0);
    let world = world_of(nodes(), vec![kept]);
    let pod = with(app("p", "web"), |spec| spec.affinity = vec![term("db", ZONE)]);
    assert_eq!(fitting(&world, &pod), Vec::<String>::new());
}

#[test]
fn nominations_wait_for_nodes_to_come() {
    let world = world_of(vec![], vec![nominated(pod("kept", 4_000, 1), "new", 0)]);
    let mut judge = Judge::of(&world);
    let allocatable = crate::fixtures::offers(4_000, 16);
    let at = judge.add_node(NewNode { name: Some("new".to_owned()), allocatable, ..NewNode::default() });
    assert!(judge.verdict(&pod("p", 1_000, 1), at).is_err());
    judge.place(&world.pods[0], at);
    judge.remove(&world.pods[0], at);
    assert!(judge.verdict(&pod("p", 1_000, 1), at).is_err(), "its place is kept again");
}

#[test]
fn a_placed_pod_keeps_no_place_elsewhere() {
    let kept = nominated(pod("kept", 4_000, 1), "a1", 0);
    let world = world_of(nodes(), vec![kept]);
    let mut judge = Judge::of(&world);
    judge.place(&world.pods[0], NodeAt(1));
    assert_eq!([0, 1].map(|nth| judge.verdict(&pod("p", 1_000, 1), NodeAt(nth)).is_ok()), [true, false]);
}

#[test]
fn preemption_takes_all_lower_pods_of_one_node_away() {
    let victims = || vec![ranked(bound("low", "a1", 3_000, 1), 1), ranked(bound("high", "a2", 3_000, 1), 9)];
    let world = world_of(vec![zoned("a1", "a"), zoned("a2", "a")], victims());
    let node = |pod: &Pod| Judge::of(&world).preempts(pod).map(|at| at.0);
    let polite = with(ranked(pod("p", 2_000, 1), 5), |spec| spec.never_preempts = true);
    assert_eq!(
        [
            node(&ranked(pod("p", 2_000, 1), 5)),
            node(&ranked(pod("p", 2_000, 1), 1)),
            node(&ranked(pod("p", 5_000, 1), 5)),
            node(&ranked(pod("p", 1_000, 1), 5)),
            node(&polite),
        ],
        [Some(0), None, None, None, None]
    );
}

#[test]
fn what_eviction_cannot_change_is_not_preempted_for() {
    let world = world_of(vec![zoned("a1", "a")], vec![ranked(bound("low", "a1", 3_000, 1), 1)]);
    let elsewhere = with(ranked(pod("p", 2_000, 1), 5), |spec| spec.node_selector = labels(&[(ZONE, "b")]));
    assert_eq!(Judge::of(&world).preempts(&elsewhere), None);
}

#[test]
fn preemption_makes_way_for_anti_affinity_and_leaves_the_judge_as_it_was() {
    let low = ranked(running("low", "db", "a1"), 1);
    let world = world_of(vec![zoned("a1", "a")], vec![low]);
    let mut judge = Judge::of(&world);
    let pod = with(ranked(app("p", "web"), 5), |spec| spec.anti_affinity = vec![term("db", ZONE)]);
    let before = judge.verdict(&pod, NodeAt(0));
    assert_eq!((judge.preempts(&pod), judge.verdict(&pod, NodeAt(0)), before.is_err()), (Some(NodeAt(0)), before, true));
}
