//! The way down, and when a server is taken for gone.

use super::*;

#[test]
fn the_way_down_is_token_cordon_evict_wait_server_parts_node_finalizer() {
    let host = going(joined());
    let agent = PodSeen { stays: true, ..pod("agent") };
    let mut seen = Observation { node: Some(node()), pods: vec![pod("web"), agent], ..present(ServerState::Active) };
    assert_eq!(step(&host, &seen, 20), Step::DeleteToken);
    seen.token = TokenSeen::Gone;
    assert_eq!(step(&host, &seen, 20), Step::Cordon);
    seen.node = Some(NodeSeen { cordoned: true, ..node() });
    assert_eq!(step(&host, &seen, 20), Step::Evict(vec![pod("web")]));
    seen.eviction_refused = Some((at(20), "budget".into()));
    let (status, refused) = next(&host, &seen, at(21));
    assert_eq!((status.message.as_str(), refused), ("1 pod cannot be evicted yet: budget", Step::Wait(EVICT_AGAIN)));
    assert_eq!(step(&host, &seen, 26), Step::Evict(vec![pod("web")]));
    seen.pods[0].terminating = true;
    assert!(waits(&host, &seen, 27));
    seen.pods.remove(0);
    assert_eq!(step(&host, &seen, 28), Step::DeleteServer);
    seen.deletion.accept(at(28));
    assert!(waits(&host, &seen, 29), "the next list tells");
    seen.list = empty_list(30);
    assert_eq!(step(&host, &seen, 30), Step::LookAtServer);
    seen.server = absent(31, 31, 1);
    assert_eq!([step(&host, &seen, 31), step(&host, &seen, 32)], [Step::Wait(DELETED_GRACE), Step::LookAtServer]);
    seen.server = absent(31, 32, 2);
    assert_eq!(step(&host, &seen, 32), Step::Wait(DELETED_GRACE), "the list is older than the first 404");
    seen.list = empty_list(32);
    assert_eq!(step(&host, &seen, 32), Step::LookForParts);
    seen.parts_left = Some(vec![left(Kind::Port, "p")]);
    assert_eq!(step(&host, &seen, 32), Step::DeletePart(Leftover { kind: Kind::Port, id: "p".into() }));
    seen.parts_left.as_mut().unwrap()[0].deletion.accept(at(32));
    assert_eq!(step(&host, &seen, 33), Step::DeleteNode);
    seen.node = None;
    assert_eq!(step(&host, &seen, 34), Step::RemoveFinalizer);
}

#[test]
fn parts_go_in_the_reverse_order_and_a_volume_is_gone_when_cinder_answers_404() {
    let parts = Recorded {
        server_group: Some("g".into()),
        ports: vec!["p0".into(), "p1".into()],
        volume: Some("v".into()),
        floating_ip: Some("f".into()),
    };
    let host = going(Ledger { parts, ..fresh() });
    let all =
        to_delete(&host, vec![Leftover { kind: Kind::Port, id: "double".into() }, Leftover { kind: Kind::Port, id: "p1".into() }], false);
    let mut seen = Observation {
        parts_left: Some(all.iter().map(|what| Left { what: what.clone(), deletion: Deletion::default() }).collect()),
        ..without_token()
    };
    let mut deleted = Vec::new();
    for second in (0..100).step_by(5) {
        let Step::DeletePart(part) = step(&host, &seen, second) else { break };
        deleted.push(part.id.clone());
        let left = seen.parts_left.iter_mut().flatten().find(|left| left.what == part).unwrap();
        let again = left.deletion.accepted;
        if again { left.deletion.miss(at(second)) } else { left.deletion.accept(at(second)) }
    }
    assert_eq!(deleted, ["f", "v", "v", "double", "p0", "p1", "g"]);
    assert_eq!(step(&host, &seen, 200), Step::RemoveFinalizer);
}

#[test]
fn a_volume_is_kept_if_a_server_ran_on_it_and_a_group_while_others_use_it() {
    let parts = Recorded { server_group: Some("g".into()), volume: Some("v".into()), ..Recorded::default() };
    let wanted = Wanted { server_group: true, volume: Some(OnDelete::Keep), ..Wanted::default() };
    let double = || vec![Leftover { kind: Kind::Volume, id: "double".into() }];
    let ids = |launched, shared| {
        let host = Ledger { wanted: wanted.clone(), parts: parts.clone(), launched, ..Ledger::default() };
        to_delete(&host, double(), shared).into_iter().map(|left| left.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(true, true), ["double"]);
    assert_eq!(ids(true, false), ["double", "g"]);
    assert_eq!(ids(false, false), ["double", "v", "g"], "a creation that failed leaves no volume behind");
}

#[test]
fn a_part_that_cannot_be_deleted_is_told_tried_with_growing_pauses_and_does_not_hold_up_its_kind() {
    let mut stuck = left(Kind::Port, "a");
    stuck.deletion.refuse(at(0), "still in use");
    let seen = |stuck: &Left| Observation { parts_left: Some(vec![stuck.clone(), left(Kind::Port, "b")]), ..without_token() };
    assert_eq!(step(&going(with_port()), &seen(&stuck), 1), Step::DeletePart(Leftover { kind: Kind::Port, id: "b".into() }));
    let mut pauses = Vec::new();
    for _ in 0..9 {
        pauses.push(stuck.deletion.left(PART_AGAIN, at(0)).as_secs());
        stuck.deletion.refuse(at(0), "still in use");
    }
    assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 300]);
    let alone = Observation { parts_left: Some(vec![stuck]), ..without_token() };
    let (status, step) = next(&going(with_port()), &alone, at(1));
    assert_eq!(
        (status.message.as_str(), step),
        ("the port a cannot be deleted yet: still in use", Step::Wait(SignedDuration::from_secs(299)))
    );
}

#[test]
fn t5_answers_of_a_broken_proxy_prove_nothing_while_the_fleet_is_held() {
    let held = Some("9 of 9 servers are missing".to_owned());
    let never_accepted = Observation { server: absent(10, 20, 5), list: empty_list(20), held: held.clone(), ..without_token() };
    assert!(!server_gone(&going(joined()), &never_accepted));
    let accepted = Observation { deletion: accepted(5), ..never_accepted.clone() };
    assert!(server_gone(&going(joined()), &accepted), "Nova itself accepted the deletion");
    assert!(server_gone(&going(joined()), &Observation { held: None, ..never_accepted.clone() }));
    let contradicted = ListSeen { shows_recorded: true, ..list(20, &[]) };
    let lists_show_it = Observation { list: Some(contradicted), deletion: accepted.deletion.clone(), held: None, ..never_accepted.clone() };
    assert!(!server_gone(&going(joined()), &lists_show_it));
    assert!(!server_gone(&going(joined()), &Observation { list: None, held: None, ..never_accepted }));
    let part = |held| {
        let mut part = left(Kind::Port, "p");
        part.deletion.miss(at(1));
        part.deletion.miss(at(4));
        part.is_gone(held)
    };
    assert_eq!([part(true), part(false)], [false, true]);
}

#[test]
fn one_404_proves_nothing_and_a_ready_node_outweighs_them_all() {
    let absent_with =
        |server, node| Observation { server, server_at: Some(at(40)), node: Some(node), list: empty_list(30), ..without_token() };
    let once = absent(20, 20, 1);
    assert!(waits(&joined(), &absent_with(once, unready()), 21));
    let many = absent(20, 20 + VANISHED_GRACE.as_secs(), 50);
    assert_eq!(step(&joined(), &absent_with(many.clone(), node()), 900), Step::LookAtServer);
    assert!(waits(&joined(), &absent_with(many.clone(), node()), 201), "asked at a pace");
    let dead = absent_with(many, unready());
    assert_eq!(fails(&joined(), &dead, 900), Some("ServerGone".into()));
    assert_eq!(fails(&joined(), &Observation { held: Some("held".into()), ..dead.clone() }, 900), None);
    assert_eq!(fails(&joined(), &Observation { list: None, ..dead.clone() }, 900), None);
    assert_eq!(fails(&joined(), &Observation { cloud: Some("401".into()), ..dead.clone() }, 900), None);
    let stranger = NodeSeen { provider_id: "openstack:///other".into(), ..node() };
    assert_eq!(fails(&joined(), &Observation { node: Some(stranger), ..dead }, 900), Some("ServerGone".into()));
}

#[test]
fn a_node_of_the_same_name_with_another_server_is_left_alone() {
    let stranger = Some(NodeSeen { provider_id: "openstack:///other".into(), ..node() });
    let seen = Observation { node: stranger, token: TokenSeen::Gone, ..present(ServerState::Active) };
    assert!(waits(&joined(), &seen, 20));
    assert_eq!(step(&going(joined()), &seen, 20), Step::DeleteServer, "the stranger's pods are not drained");
    let gone = Observation { server: absent(30, 40, 2), list: empty_list(40), parts_left: Some(vec![]), ..seen };
    assert_eq!(step(&going(joined()), &gone, 50), Step::RemoveFinalizer, "the stranger's Node object stays");
}

#[test]
fn pods_of_a_dead_node_do_not_hold_up_its_end() {
    let dead = NodeSeen { cordoned: true, ..unready() };
    let pods = vec![PodSeen { terminating: true, ..pod("web") }];
    let seen = Observation { node: Some(dead), pods, token: TokenSeen::Gone, ..present(ServerState::Active) };
    assert_eq!(step(&going(joined()), &seen, 20), Step::DeleteServer);
}

#[test]
fn a_host_that_never_asked_for_a_server_goes_without_asking_nova() {
    assert_eq!(step(&going(with_port()), &without_token(), 1), Step::LookForParts);
}

#[test]
fn a_deleted_host_with_an_unclear_creation_looks_for_its_server_first() {
    assert_eq!(step(&going(asking()), &without_token(), 2), Step::FindServer);
    let sure = Sweep { since: Some(at(2)), misses: 2, last: Some(at(62)), port_free: true };
    let nothing = Observation { sweep: sure, ..without_token() };
    assert_eq!(step(&going(asking()), &nothing, 63), Step::LookForParts);
    assert_eq!(step(&going(asking()), &Observation { held: Some("held".into()), ..nothing }, 63), Step::FindServer);
}

#[test]
fn a_second_server_holds_the_host_until_nova_answers_404() {
    let gone = |stray: Stray| Observation { server: absent(30, 40, 2), list: empty_list(40), strays: vec![stray], ..without_token() };
    assert_eq!(step(&going(with_server()), &gone(stray("loser")), 50), Step::DeleteStray("loser".into()));
    let mut loser = Stray { deletion: accepted(50), ..stray("loser") };
    assert_eq!(step(&going(with_server()), &gone(loser.clone()), 51), Step::Wait(SignedDuration::from_secs(1)));
    loser.shown = false;
    assert_eq!(step(&going(with_server()), &gone(loser.clone()), 52), Step::DeleteStray("loser".into()), "to hear the 404");
    loser.deletion.miss(at(52));
    assert_eq!(step(&going(with_server()), &gone(loser), 53), Step::LookForParts);
}

#[test]
fn t16_a_deletion_that_hangs_is_sent_again_with_growing_pauses() {
    let task = Some("deleting".to_owned());
    let stuck = ServerSeen::Present { state: ServerState::Active, task, address: None };
    let mut seen = Observation { server: stuck, server_at: Some(at(0)), ..without_token() };
    let (mut sent, mut host) = (Vec::new(), going(joined()));
    host.parts.ports.clear();
    for second in 0..7200 {
        if step(&host, &seen, second) == Step::DeleteServer {
            sent.push(second);
            seen.deletion.accept(at(second));
        }
    }
    assert_eq!(sent, [0, 60, 180, 420, 900, 1860, 3660, 5460]);
}

#[test]
fn a_part_that_may_still_be_on_its_way_is_waited_for() {
    let port = |id: &str| Leftover { kind: Kind::Port, id: id.into() };
    let look = |witness, unclear: Option<i64>, begun| {
        let unclear = unclear.map(|since| (at(since), 1));
        is_all(&fresh(), &[], &PartsLook { witness, unclear, acting_since: at(0), begun: at(begun) })
    };
    use Witness::{FromBirth, Later};
    assert!(look(FromBirth, None, 0), "this process heard every answer");
    assert_eq!([look(Later, None, 59), look(Later, None, 60)], [false, true], "another process may have asked");
    assert_eq!([look(FromBirth, Some(30), 89), look(FromBirth, Some(30), 90)], [false, true]);
    assert_eq!(
        [look(Later, Some(-100), 59), look(Later, Some(-100), 60)],
        [false, true],
        "the answer was lost long ago; another process may have asked since"
    );
    let two = Ledger { wanted: Wanted { ports: 2, ..Wanted::default() }, ..with_port() };
    let found = |witness, found: &[Leftover]| {
        is_all(&two, found, &PartsLook { witness, unclear: Some((at(0), 1)), acting_since: at(0), begun: at(1) })
    };
    assert_eq!([found(FromBirth, &[port("p")]), found(FromBirth, &[port("p"), port("q")])], [false, true], "all that is wanted is there");
    assert!(!found(Later, &[port("p"), port("q")]), "another process may have asked for a third");
}
