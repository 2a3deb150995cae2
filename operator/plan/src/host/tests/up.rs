//! The way up.

use super::*;

#[test]
fn the_finalizer_comes_before_anything_else() {
    let host = Ledger { finalizer: false, ..fresh() };
    assert_eq!(step(&host, &seen(), 1), Step::AddFinalizer);
}

#[test]
fn parts_come_before_the_server_group_ports_volume_floating_ip() {
    let wanted = Wanted { server_group: true, ports: 2, volume: Some(OnDelete::Delete), floating_ip: true };
    let mut host = Ledger { wanted, ..fresh() };
    let mut seen = seen();
    let mut steps = Vec::new();
    for _ in 0..7 {
        let step = step(&host, &seen, 1);
        steps.push(step.clone());
        match step {
            Step::EnsurePart(part) => host.apply(&Write::Part(part, format!("{part:?}"))),
            Step::LookAtVolume => seen.volume = VolumeSeen::Available,
            _ => {}
        }
    }
    use Part::{FloatingIp, Port, ServerGroup, Volume};
    let ensured = [ServerGroup, Port(0), Port(1), Volume].map(Step::EnsurePart);
    let wanted: Vec<Step> = ensured.into_iter().chain([Step::LookAtVolume, Step::EnsurePart(FloatingIp), Step::CreateServer]).collect();
    assert_eq!(steps, wanted);
}

#[test]
fn a_volume_that_fails_vanishes_or_takes_for_ever_fails_the_host_and_one_404_does_not() {
    let wanted = Wanted { ports: 1, volume: Some(OnDelete::Keep), ..Wanted::default() };
    let parts = Recorded { volume: Some("v".into()), ..with_port().parts };
    let host = Ledger { wanted, parts, ..with_port() };
    let gone = |last, answers| VolumeSeen::Gone(Absence { since: at(0), last: at(last), answers });
    let reason = |volume| fails(&host, &Observation { volume, ..seen() }, 70);
    let reasons = [VolumeSeen::Failed("no space".into()), gone(61, 2), gone(0, 1), VolumeSeen::Coming].map(reason);
    assert_eq!(reasons, [Some("VolumeError".into()), Some("VolumeLost".into()), None, None]);
    let late = Observation { volume: VolumeSeen::Coming, patience: after(Stage::Parts, VOLUME_LIMIT), ..seen() };
    assert_eq!(fails(&host, &late, 70), Some("VolumeError".into()));
}

#[test]
fn nothing_is_created_while_the_cloud_is_held_and_what_exists_goes_on() {
    let held = Observation { create_held: Some("1,000 of 5,000 servers are missing".into()), ..seen() };
    for host in [fresh(), with_port()] {
        assert!(waits(&host, &held, 2));
        assert_eq!(message(&host, &held, 2), "nothing is created now: 1,000 of 5,000 servers are missing");
    }
    let up = Observation { node: Some(node()), create_held: held.create_held, ..present(ServerState::Active) };
    assert_eq!(next(&joined(), &up, at(9)).0.phase, Phase::Ready);
}

#[test]
fn the_way_up_is_active_its_port_then_joined_then_taint_lifted_then_ready() {
    let mut host = with_server();
    let mut seen = seen();
    assert_eq!(step(&host, &seen, 2), Step::LookAtServer);
    seen.server = server(ServerState::Build);
    assert!(waits(&host, &seen, 2));
    seen.server = server(ServerState::Active);
    assert_eq!(step(&host, &seen, 3), Step::LookAtPort);
    seen.port = PortSeen::Ours;
    assert_eq!(step(&host, &seen, 3), Step::RecordActive);
    host.apply(&Write::Launched);
    assert!(waits(&host, &seen, 4));
    let tainted = NodeSeen { startup_taint: true, ..unready() };
    seen.node = Some(tainted.clone());
    assert_eq!(step(&host, &seen, 5), Step::RecordJoined);
    host.apply(&Write::Joined);
    seen.node = Some(NodeSeen { labels_missing: true, ..tainted.clone() });
    assert_eq!(step(&host, &seen, 5), Step::LabelNode);
    seen.node = Some(tainted.clone());
    assert_eq!(next(&host, &seen, at(6)).0.phase, Phase::Joining, "not ready for the first time is no trouble");
    seen.node = Some(NodeSeen { ready: true, ..tainted });
    assert_eq!(step(&host, &seen, 7), Step::LiftStartupTaint);
    seen.node = Some(node());
    assert_eq!(next(&host, &seen, at(8)).0.phase, Phase::Ready);
}

#[test]
fn the_startup_taint_goes_after_the_taints_that_others_lift_and_when_the_company_is_there() {
    let waiting = NodeSeen { startup_taint: true, waits_for: Some("node.kubernetes.io/not-ready".into()), ..node() };
    let seen = |node: &NodeSeen| Observation { node: Some(node.clone()), ..present(ServerState::Active) };
    assert!(waits(&joined(), &seen(&waiting), 20));
    let alone = NodeSeen { waits_for: None, company: Some("the pod of DaemonSet kube-system/cni".into()), ..waiting };
    assert!(waits(&joined(), &seen(&alone), 20));
    let kept = NodeSeen { company: None, kept: true, ..alone };
    assert_eq!(step(&joined(), &seen(&kept), 20), Step::LetIn);
    assert_eq!(step(&joined(), &seen(&NodeSeen { kept: false, ..kept }), 20), Step::LiftStartupTaint);
}

#[test]
fn a_port_is_lost_when_neutron_says_so_for_a_minute() {
    let lost = |last, answers| {
        let port = PortSeen::Lost(Absence { since: at(10), last: at(last), answers }, "its port p is bound to nothing".into());
        Observation { port, ..present(ServerState::Active) }
    };
    assert_eq!(step(&with_server(), &lost(10, 1), 11), Step::Wait(SignedDuration::from_secs(1)));
    assert_eq!(step(&with_server(), &lost(10, 1), 12), Step::LookAtPort);
    assert_eq!(fails(&with_server(), &lost(70, 9), 71), Some("PortLost".into()));
    let held = Observation { held: Some("held".into()), ..lost(70, 9) };
    assert_eq!(fails(&with_server(), &held, 71), None);
}

#[test]
fn t7_a_build_of_half_an_hour_is_waited_for_and_one_for_ever_is_not() {
    let seen = |spent| Observation { patience: Patience::of(Stage::Building, spent), ..present(ServerState::Build) };
    assert_eq!(fails(&with_server(), &seen(SignedDuration::from_mins(31)), 9), None);
    assert_eq!(fails(&with_server(), &seen(BUILD_LIMIT + SignedDuration::from_secs(1)), 9), Some("BuildTimeout".into()));
}

#[test]
fn join_and_first_ready_have_limits_that_do_not_run_while_nothing_can_be_seen() {
    let late = |stage| Observation { patience: after(stage, JOIN_LIMIT), ..present(ServerState::Active) };
    assert_eq!(fails(&launched(), &late(Stage::Joining), 9), Some("JoinTimeout".into()));
    assert_eq!(fails(&launched(), &late(Stage::Building), 9), None, "the limit of another stage");
    let tainted = Some(NodeSeen { startup_taint: true, ..unready() });
    assert_eq!(fails(&joined(), &Observation { node: tainted, ..late(Stage::Joined) }, 9), Some("NeverReady".into()));
    let mut blind = late(Stage::Joining);
    blind.patience.look(Stage::Joining, Sight::Blind, at(9));
    assert_eq!(fails(&launched(), &blind, 9), None);
}

#[test]
fn the_token_is_renewed_until_the_host_joined_and_goes_with_a_failure() {
    let old = |host: &Ledger, state| step(host, &Observation { token: TokenSeen::Live { renewed_at: at(0) }, ..present(state) }, 300);
    assert_eq!(old(&with_server(), ServerState::Build), Step::RenewToken);
    assert_eq!(old(&launched(), ServerState::Active), Step::RenewToken);
    assert!(matches!(old(&joined(), ServerState::Active), Step::Wait(_)));
    let away = Observation { cloud: Some("503".into()), ..seen() };
    assert_eq!(step(&asking(), &away, 300), Step::RenewToken, "the server may boot while the cloud cannot be asked");
    let restarted = Observation { token: TokenSeen::Unknown, ..present(ServerState::Build) };
    assert_eq!(step(&with_server(), &restarted, 3), Step::RenewToken);
    let failed = Ledger { failed: Some(error()), ..with_server() };
    assert_eq!(step(&failed, &seen(), 3), Step::DeleteToken);
    assert!(waits(&failed, &without_token(), 3));
}

#[test]
fn a_cloud_that_cannot_be_asked_stops_creation_and_deletion_but_not_a_running_host() {
    let away = |node, token| Observation { cloud: Some("401".into()), node, token, ..Observation::default() };
    assert!(waits(&with_port(), &away(None, TokenSeen::Gone), 2));
    assert!(waits(&going(with_server()), &away(None, TokenSeen::Gone), 2));
    let (status, _) = next(&joined(), &away(Some(node()), TokenSeen::Gone), at(20));
    assert_eq!((status.phase, status.empty), (Phase::Ready, Some(true)));
}

#[test]
fn t25_a_node_is_the_hosts_by_server_id_only() {
    let host = launched();
    let step_for = |provider: &str| {
        let node = Some(NodeSeen { provider_id: provider.into(), ..node() });
        step(&host, &Observation { node, ..present(ServerState::Active) }, 20)
    };
    for ours in ["openstack:///s", "openstack://RegionOne/s"] {
        assert_eq!(step_for(ours), Step::RecordJoined, "{ours}");
    }
    for strange in ["", "openstack:///other", "openstack:///", "aws:///s", "s"] {
        assert!(matches!(step_for(strange), Step::Wait(_)), "{strange}");
    }
}

#[test]
fn a_second_server_is_deleted_by_id_once_the_first_is_recorded_and_nothing_else_is_to_be_done() {
    let seen = Observation { strays: vec![stray("loser")], ..present(ServerState::Build) };
    assert_eq!(step(&with_server(), &seen, 3), Step::DeleteStray("loser".into()));
    assert_eq!(step(&asking(), &seen, 3), Step::FindServer, "which one loses is not known yet");
    let asked = Observation { strays: vec![Stray { deletion: accepted(3), ..stray("loser") }], ..present(ServerState::Build) };
    assert!(waits(&with_server(), &asked, 4), "asked again at a pace");
    assert_eq!(step(&with_server(), &asked, 6), Step::DeleteStray("loser".into()));
}

#[test]
fn a_server_that_the_list_does_not_show_is_asked_for_by_id_unless_its_node_is_ready() {
    let missed = |node| Observation { list: empty_list(9), node, ..present(ServerState::Active) };
    assert_eq!(step(&joined(), &missed(Some(unready())), 20), Step::LookAtServer);
    assert_eq!(step(&joined(), &missed(None), 20), Step::LookAtServer);
    assert!(waits(&joined(), &missed(Some(node())), 20));
    assert_eq!(step(&with_server(), &Observation { list: empty_list(9), ..present(ServerState::Build) }, 10), Step::LookAtServer);
}
