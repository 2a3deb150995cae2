//! Rules of a host's life, each by its name.

use jiff::{SignedDuration, Timestamp};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + seconds).unwrap()
}

fn fresh() -> Ledger {
    Ledger { finalizer: true, created: at(0), ports_wanted: 1, ..Ledger::default() }
}

fn with_port() -> Ledger {
    Ledger { port_ids: vec!["p".into()], ..fresh() }
}

fn with_server() -> Ledger {
    Ledger { server_id: Some("s".into()), create_sent_at: Some(at(1)), ..with_port() }
}

fn joined() -> Ledger {
    Ledger { active_at: Some(at(5)), joined_at: Some(at(9)), ..with_server() }
}

fn node() -> NodeSeen {
    NodeSeen { provider_id: "openstack:///s".into(), ready: true, ..NodeSeen::default() }
}

fn present(state: ServerState) -> Observation {
    Observation { server: ServerSeen::Present { state, address: Some("10.0.0.1".into()) }, ..Observation::default() }
}

fn step(host: &Ledger, seen: &Observation, second: i64) -> Step {
    next(host, seen, at(second)).1
}

fn pod(name: &str) -> PodSeen {
    PodSeen { namespace: "apps".into(), name: name.into(), uid: name.into(), ..PodSeen::default() }
}

fn absent(since: i64, last: i64, answers: u32) -> ServerSeen {
    ServerSeen::Absent { since: at(since), last: at(last), answers }
}

#[test]
fn the_finalizer_comes_before_anything_else() {
    let host = Ledger { finalizer: false, ..fresh() };
    assert_eq!(step(&host, &Observation::default(), 1), Step::AddFinalizer);
}

#[test]
fn ports_come_before_the_server() {
    assert_eq!(step(&fresh(), &Observation::default(), 1), Step::EnsurePort(0));
    assert_eq!(step(&with_port(), &Observation::default(), 1), Step::CreateServer);
}

#[test]
fn an_unclear_creation_is_looked_for_and_not_repeated() {
    let host = Ledger { create_sent_at: Some(at(1)), ..with_port() };
    assert_eq!(step(&host, &Observation::default(), 2), Step::FindServer);
    let early = Observation { sweep: Sweep { misses: 9, last: Some(at(10)), port_free: true, since: None }, ..Observation::default() };
    assert_eq!(step(&host, &early, 500), Step::FindServer, "the last list began too early to prove anything");
    let bound = Observation { sweep: Sweep { misses: 9, last: Some(at(100)), port_free: false, since: None }, ..Observation::default() };
    assert_eq!(step(&host, &bound, 500), Step::FindServer, "the port is bound, so there is a server");
    let sure = Observation { sweep: Sweep { misses: 2, last: Some(at(100)), port_free: true, since: None }, ..Observation::default() };
    assert_eq!(step(&host, &sure, 500), Step::ForgetCreate);
    let slow = Observation { sweep: Sweep { since: Some(at(90)), ..sure.sweep }, ..Observation::default() };
    assert_eq!(step(&host, &slow, 500), Step::FindServer, "the answer was lost at 90 s: the grace counts from there");
}

#[test]
fn a_node_that_never_becomes_ready_is_given_up() {
    let tainted = NodeSeen { startup_taint: true, ready: false, ..node() };
    let seen = Observation { node: Some(tainted), ..present(ServerState::Active) };
    assert!(matches!(step(&joined(), &seen, 9 + JOIN_LIMIT.as_secs()), Step::Wait(_)));
    assert!(matches!(step(&joined(), &seen, 11 + JOIN_LIMIT.as_secs()), Step::Fail(f) if f.reason == "NeverReady"));
}

#[test]
fn a_building_server_that_the_list_omits_is_asked_for_by_id() {
    let seen = Observation { missed: true, ..present(ServerState::Build) };
    assert_eq!(step(&with_server(), &seen, 5), Step::LookAtServer);
}

#[test]
fn a_cloud_that_cannot_be_asked_stops_creation_and_deletion_but_not_a_running_host() {
    let away = |node| Observation { cloud: Some("401".into()), node, ..Observation::default() };
    assert!(matches!(step(&with_port(), &away(None), 2), Step::Wait(_)));
    let going = Ledger { deleting: true, ..with_server() };
    assert!(matches!(step(&going, &away(None), 2), Step::Wait(_)));
    let (status, _) = next(&joined(), &away(Some(node())), at(20));
    assert_eq!((status.phase, status.empty), (Phase::Ready, Some(true)));
}

#[test]
fn the_way_up_is_active_then_joined_then_taint_lifted_then_ready() {
    let mut host = with_server();
    assert_eq!(step(&host, &Observation::default(), 2), Step::LookAtServer);
    assert!(matches!(step(&host, &present(ServerState::Build), 2), Step::Wait(_)));
    assert_eq!(step(&host, &present(ServerState::Active), 3), Step::RecordActive);
    host.active_at = Some(at(3));
    assert!(matches!(step(&host, &present(ServerState::Active), 4), Step::Wait(_)));
    let tainted = NodeSeen { startup_taint: true, ready: false, ..node() };
    let mut seen = Observation { node: Some(tainted.clone()), ..present(ServerState::Active) };
    assert_eq!(step(&host, &seen, 5), Step::RecordJoined);
    host.joined_at = Some(at(5));
    assert_eq!(next(&host, &seen, at(6)).0.phase, Phase::Joining, "not ready for the first time is no trouble");
    seen.node = Some(NodeSeen { ready: true, ..tainted });
    assert_eq!(step(&host, &seen, 7), Step::LiftStartupTaint);
    seen.node = Some(node());
    assert_eq!(next(&host, &seen, at(8)).0.phase, Phase::Ready);
}

#[test]
fn the_startup_taint_goes_after_the_taints_that_others_lift() {
    let taint = "node.kubernetes.io/not-ready".to_owned();
    let waiting = NodeSeen { startup_taint: true, waits_for: Some(taint), ..node() };
    let seen = |node: &NodeSeen| Observation { node: Some(node.clone()), ..present(ServerState::Active) };
    assert!(matches!(step(&joined(), &seen(&waiting), 20), Step::Wait(_)));
    assert_eq!(step(&joined(), &seen(&NodeSeen { waits_for: None, ..waiting }), 20), Step::LiftStartupTaint);
}

#[test]
fn a_node_of_the_same_name_with_another_server_is_left_alone() {
    let stranger =
        Observation { node: Some(NodeSeen { provider_id: "openstack:///other".into(), ..node() }), ..present(ServerState::Active) };
    assert!(matches!(step(&joined(), &stranger, 20), Step::Wait(_)));
    let going = Ledger { deleting: true, ..joined() };
    assert_eq!(step(&going, &stranger, 20), Step::DeleteServer, "the stranger's pods are not drained");
    let gone = Observation { server: absent(30, 40, 2), ports_left: Some(vec![]), token_gone: true, ..stranger };
    assert_eq!(step(&going, &gone, 50), Step::RemoveFinalizer, "the stranger's Node object stays");
}

#[test]
fn build_and_join_have_limits() {
    let late = BUILD_LIMIT.as_secs() + 10;
    assert!(matches!(step(&with_server(), &present(ServerState::Build), late), Step::Fail(f) if f.reason == "BuildTimeout"));
    let host = Ledger { active_at: Some(at(5)), ..with_server() };
    assert!(matches!(step(&host, &present(ServerState::Active), JOIN_LIMIT.as_secs() + 10), Step::Fail(f) if f.reason == "JoinTimeout"));
}

#[test]
fn an_error_of_nova_fails_the_host() {
    let failure = Failure { reason: "NoValidHost".into(), message: "No valid host was found.".into() };
    assert_eq!(step(&with_server(), &present(ServerState::Error(failure.clone())), 3), Step::Fail(failure));
}

#[test]
fn an_error_after_active_is_told_and_deletes_nothing() {
    let failure = Failure { reason: "ServerError".into(), message: "live migration failed".into() };
    for ready in [true, false] {
        let node = Some(NodeSeen { ready, ..node() });
        let seen = Observation { node, ..present(ServerState::Error(failure.clone())) };
        assert!(matches!(step(&joined(), &seen, 30), Step::Wait(_)), "ready: {ready}");
    }
}

#[test]
fn an_error_of_a_server_whose_node_never_registered_fails_the_host() {
    let failure = Failure { reason: "ServerError".into(), message: "m".into() };
    let host = Ledger { active_at: Some(at(5)), ..with_server() };
    assert_eq!(step(&host, &present(ServerState::Error(failure.clone())), 6), Step::Fail(failure.clone()));
    let tainted = NodeSeen { startup_taint: true, ready: false, ..node() };
    let seen = Observation { node: Some(tainted), ..present(ServerState::Error(failure)) };
    assert!(matches!(step(&joined(), &seen, 11 + JOIN_LIMIT.as_secs()), Step::Fail(f) if f.reason == "NeverReady"));
}

#[test]
fn a_second_server_of_the_same_host_is_deleted_by_id_once_the_first_is_recorded() {
    let seen = Observation { strays: vec!["loser".into()], ..present(ServerState::Build) };
    assert_eq!(step(&with_server(), &seen, 3), Step::DeleteStray("loser".into()));
    let unrecorded = Ledger { create_sent_at: Some(at(1)), ..with_port() };
    assert_eq!(step(&unrecorded, &seen, 3), Step::FindServer, "which one loses is not known yet");
    let going = Ledger { deleting: true, ..with_server() };
    let gone = Observation { server: absent(30, 40, 2), strays: vec!["loser".into()], ..Observation::default() };
    assert_eq!(step(&going, &gone, 50), Step::DeleteStray("loser".into()));
}

#[test]
fn one_404_proves_nothing_and_a_ready_node_outweighs_them_all() {
    let once = Observation { server: absent(20, 20, 1), ..Observation::default() };
    assert!(matches!(step(&joined(), &once, 21), Step::Wait(_)));
    let many = absent(20, 20 + VANISHED_GRACE.as_secs(), 50);
    let ready = Observation { server: many.clone(), node: Some(node()), ..Observation::default() };
    assert_eq!(step(&joined(), &ready, 900), Step::LookAtServer);
    assert!(matches!(step(&joined(), &ready, 20 + VANISHED_GRACE.as_secs() + 1), Step::Wait(_)), "asked at a pace");
    let dead = Observation { server: many, node: Some(NodeSeen { ready: false, ..node() }), ..Observation::default() };
    assert!(matches!(step(&joined(), &dead, 900), Step::Fail(f) if f.reason == "ServerGone"));
}

#[test]
fn a_server_that_the_list_does_not_show_is_asked_for_by_id_only_if_its_node_is_not_ready() {
    let missed = |node: NodeSeen| Observation { missed: true, node: Some(node), ..present(ServerState::Active) };
    assert_eq!(step(&joined(), &missed(NodeSeen { ready: false, ..node() }), 20), Step::LookAtServer);
    assert!(matches!(step(&joined(), &missed(node()), 20), Step::Wait(_)));
}

#[test]
fn the_way_down_is_cordon_evict_wait_server_ports_node_token_finalizer() {
    let host = Ledger { deleting: true, ..joined() };
    let mut seen =
        Observation { node: Some(node()), pods: vec![pod("web"), PodSeen { stays: true, ..pod("agent") }], ..present(ServerState::Active) };
    assert_eq!(step(&host, &seen, 20), Step::Cordon);
    seen.node = Some(NodeSeen { cordoned: true, ..node() });
    assert_eq!(step(&host, &seen, 20), Step::Evict(vec![pod("web")]));
    seen.eviction_refused = Some((at(20), "budget".into()));
    let (status, refused) = next(&host, &seen, at(21));
    assert_eq!((status.message.as_str(), refused), ("1 pod cannot be evicted yet: budget", Step::Wait(EVICT_AGAIN)));
    assert_eq!(step(&host, &seen, 26), Step::Evict(vec![pod("web")]));
    seen.pods[0].terminating = true;
    assert!(matches!(step(&host, &seen, 27), Step::Wait(_)));
    seen.pods.remove(0);
    assert_eq!(step(&host, &seen, 28), Step::DeleteServer);
    seen.delete_sent_at = Some(at(28));
    assert_eq!(step(&host, &seen, 29), Step::LookAtServer);
    seen.server = absent(30, 30, 1);
    assert!(matches!(step(&host, &seen, 30), Step::Wait(_)));
    assert_eq!(step(&host, &seen, 31), Step::LookAtServer);
    seen.server = absent(30, 31, 2);
    assert_eq!(step(&host, &seen, 31), Step::LookAtPorts);
    seen.ports_left = Some(vec!["p".into()]);
    assert_eq!(step(&host, &seen, 32), Step::DeletePort("p".into()));
    seen.ports_left = Some(vec![]);
    assert_eq!(step(&host, &seen, 33), Step::DeleteNode);
    seen.node = None;
    assert_eq!(step(&host, &seen, 34), Step::DeleteToken);
    seen.token_gone = true;
    assert_eq!(step(&host, &seen, 35), Step::RemoveFinalizer);
}

#[test]
fn pods_of_a_dead_node_do_not_hold_up_its_end() {
    let host = Ledger { deleting: true, ..joined() };
    let dead = NodeSeen { ready: false, cordoned: true, ..node() };
    let seen = Observation { node: Some(dead), pods: vec![PodSeen { terminating: true, ..pod("web") }], ..present(ServerState::Active) };
    assert_eq!(step(&host, &seen, 20), Step::DeleteServer);
}

#[test]
fn a_host_that_never_asked_for_a_server_goes_without_asking_nova() {
    let host = Ledger { deleting: true, ..with_port() };
    assert_eq!(step(&host, &Observation::default(), 1), Step::LookAtPorts);
}

#[test]
fn a_deleted_host_with_an_unclear_creation_looks_for_its_server_first() {
    let host = Ledger { deleting: true, create_sent_at: Some(at(1)), ..with_port() };
    assert_eq!(step(&host, &Observation::default(), 2), Step::FindServer);
}

#[test]
fn an_unanswered_delete_is_sent_again() {
    let host = Ledger { deleting: true, ..with_server() };
    let seen = Observation { delete_sent_at: Some(at(10)), ..present(ServerState::Active) };
    assert_eq!(step(&host, &seen, 11), Step::LookAtServer);
    assert_eq!(step(&host, &seen, 10 + DELETE_AGAIN.as_secs()), Step::DeleteServer);
}

#[test]
fn no_observation_of_its_own_server_or_node_makes_a_live_host_delete_anything() {
    let states = [ServerState::Build, ServerState::Active, ServerState::Other("UNKNOWN".into())];
    let servers =
        states.map(|state| ServerSeen::Present { state, address: None }).into_iter().chain([ServerSeen::Unknown, absent(0, 9999, 99)]);
    for server in servers {
        for node in [None, Some(node()), Some(NodeSeen { ready: false, ..node() })] {
            for host in [fresh(), with_port(), with_server(), joined()] {
                let seen = Observation { server: server.clone(), node: node.clone(), ports_left: Some(vec![]), ..Observation::default() };
                let deletes = matches!(
                    step(&host, &seen, 99_999),
                    Step::DeleteServer | Step::DeletePort(_) | Step::DeleteNode | Step::RemoveFinalizer | Step::Evict(_) | Step::Cordon
                );
                assert!(!deletes, "{host:?} {seen:?}");
            }
        }
    }
}

#[test]
fn limits_are_in_a_sane_order() {
    assert!(DELETED_GRACE < AMBIGUOUS_GRACE && AMBIGUOUS_GRACE < VANISHED_GRACE && VANISHED_GRACE < JOIN_LIMIT);
    assert!(EVICT_AGAIN > SignedDuration::ZERO);
}
