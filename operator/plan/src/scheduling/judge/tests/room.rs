//! Resources, number of pods, host ports.

use super::*;
use crate::model::HostPort;
use crate::scheduling::misfit::Shortage;

fn asking(resource: &str, amount: i64) -> Pod {
    with(app("p", "web"), |spec| {
        spec.requests.extended.insert(resource.to_owned(), amount);
    })
}

#[test]
fn what_is_asked_for_must_be_free() {
    let world = world_of(vec![zoned("a1", "a")], vec![bound("old", "a1", 3_500, 1)]);
    let verdict = |pod: &Pod| Judge::of(&world).verdict(pod, NodeAt(0));
    let room =
        |resource: &str, asked, free, allocatable| Err(Misfit::Room(Shortage { resource: resource.to_owned(), asked, free, allocatable }));
    assert_eq!(
        [verdict(&pod("p", 500, 1)), verdict(&pod("p", 501, 1)), verdict(&pod("p", 5_000, 1)), verdict(&asking("nvidia.com/gpu", 1))],
        [Ok(()), room("cpu", 501, 500, 4_000), room("cpu", 5_000, 500, 4_000), room("nvidia.com/gpu", 1, 0, 0)]
    );
}

#[test]
fn what_is_not_asked_for_may_be_overcommitted() {
    let world = world_of(vec![zoned("a1", "a")], vec![bound("old", "a1", 9_000, 1)]);
    assert_eq!([why(&world, &pod("p", 0, 1)), why(&world, &asking("hugepages-2Mi", 0))[..3].to_owned()], ["fits", "cpu"]);
}

#[test]
fn every_pod_takes_one_place_even_when_it_asks_for_nothing() {
    let mut node = zoned("a1", "a");
    node.allocatable.pods = 1;
    let world = world_of(vec![node], vec![bound("old", "a1", 0, 0)]);
    assert_eq!(why(&world, &pod("p", 0, 0)), "pods: asks for 1, 0 of the node's 1 are free");
}

#[test]
fn too_large_for_an_empty_node_says_so() {
    let world = world_of(vec![zoned("a1", "a")], vec![]);
    assert_eq!(why(&world, &pod("p", 5_000, 1)), "cpu: asks for 5000m, the empty node has 4000m; a larger flavor or a smaller request");
}

#[test]
fn host_ports_clash_by_number_protocol_and_address() {
    let port = |ip: &str, protocol: &str, port| HostPort { ip: ip.to_owned(), protocol: protocol.to_owned(), port };
    let holding = |ports: Vec<HostPort>| with(running("old", "web", "a1"), |spec| spec.host_ports = ports);
    let fits = |held: HostPort, wanted: HostPort| {
        let world = world_of(vec![zoned("a1", "a")], vec![holding(vec![held])]);
        why(&world, &with(app("p", "web"), |spec| spec.host_ports = vec![wanted])) == "fits"
    };
    let held = || port("10.0.0.1", "TCP", 80);
    assert_eq!(
        [
            fits(held(), port("10.0.0.1", "TCP", 80)),
            fits(held(), port("0.0.0.0", "TCP", 80)),
            fits(port("0.0.0.0", "TCP", 80), held()),
            fits(held(), port("10.0.0.2", "TCP", 80)),
            fits(held(), port("0.0.0.0", "UDP", 80)),
            fits(held(), port("0.0.0.0", "TCP", 81)),
        ],
        [false, false, false, true, true, true]
    );
}

#[test]
fn pods_on_unknown_nodes_take_no_room() {
    let world = world_of(vec![zoned("a1", "a")], vec![bound("old", "gone", 4_000, 1)]);
    assert_eq!(why(&world, &pod("p", 4_000, 1)), "fits");
}
