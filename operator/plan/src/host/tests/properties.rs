//! What holds from any ledger and any observation.

use proptest::prelude::*;

use super::*;

fn any_time() -> impl Strategy<Value = Timestamp> {
    (0_i64..4000).prop_map(at)
}

fn any_ledger() -> impl Strategy<Value = Ledger> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let parts = (
        prop::option::of(Just("g".to_owned())),
        prop::collection::vec("p[0-2]", 0..3),
        prop::option::of(Just("v".to_owned())),
        any::<bool>(),
    );
    let server = (prop::option::of(any_time()), 0_u32..3, prop::option::of(Just("s".to_owned())), any::<bool>());
    let volume = prop::option::of(prop_oneof![Just(OnDelete::Delete), Just(OnDelete::Keep)]);
    (flags, parts, server, volume).prop_map(|(flags, parts, server, volume)| Ledger {
        deleting: flags.0,
        finalizer: flags.1,
        launched: flags.2 && server.2.is_some(),
        joined: flags.2 && flags.3 && server.2.is_some(),
        wanted: Wanted { server_group: parts.0.is_some(), ports: 2, volume, floating_ip: parts.3 },
        parts: Recorded { server_group: parts.0, ports: parts.1, volume: parts.2, floating_ip: parts.3.then(|| "f".to_owned()) },
        create_sent_at: server.0,
        create_attempts: server.1,
        server_id: server.2,
        failed: server.3.then(error).filter(|_| flags.3),
    })
}

fn any_absence() -> impl Strategy<Value = Absence> {
    (any_time(), any_time(), 1_u32..5).prop_map(|(a, b, answers)| Absence { since: a.min(b), last: a.max(b), answers })
}

fn any_server() -> impl Strategy<Value = ServerSeen> {
    let state = prop_oneof![
        Just(ServerState::Build),
        Just(ServerState::Active),
        Just(ServerState::Error(error())),
        Just(ServerState::SoftDeleted),
        Just(ServerState::Deleted),
        Just(ServerState::Unknown),
        Just(ServerState::Other("SHUTOFF".into())),
        Just(ServerState::Other(String::new())),
    ];
    let present =
        (state, prop::option::of(Just("deleting".to_owned()))).prop_map(|(state, task)| ServerSeen::Present { state, task, address: None });
    prop_oneof![Just(ServerSeen::Unknown), present, any_absence().prop_map(ServerSeen::Absent)]
}

fn any_deletion() -> impl Strategy<Value = Deletion> {
    (prop::option::of(any_time()), any::<bool>(), 0_u32..4, prop::option::of(Just("locked".to_owned())), 0_u32..4)
        .prop_map(|(sent_at, accepted, attempts, refused, not_found)| Deletion { sent_at, accepted, attempts, refused, not_found })
}

fn any_node() -> impl Strategy<Value = Option<NodeSeen>> {
    let provider = prop_oneof![Just("openstack:///s"), Just("openstack:///other"), Just("")];
    let node = (provider, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(provider, ready, startup_taint, cordoned)| NodeSeen {
        provider_id: provider.into(),
        ready,
        startup_taint,
        cordoned,
        ..NodeSeen::default()
    });
    prop::option::of(node)
}

fn any_list() -> impl Strategy<Value = Option<ListSeen>> {
    let standing = prop_oneof![Just(Standing::Leaving), Just(Standing::Failed), Just(Standing::Coming), Just(Standing::Active)];
    let bearers = prop::collection::vec(standing.prop_map(|standing| Bearer { id: "late".into(), standing }), 0..2);
    let list =
        (any_time(), any::<bool>(), bearers).prop_map(|(begun, shows_recorded, bearers)| ListSeen { begun, shows_recorded, bearers });
    prop::option::of(list)
}

fn any_observation() -> impl Strategy<Value = Observation> {
    let troubles = (any::<bool>(), any::<bool>(), any::<bool>());
    let kinds = prop_oneof![Just(Kind::Port), Just(Kind::Volume), Just(Kind::FloatingIp), Just(Kind::ServerGroup)];
    let left = (kinds, any_deletion()).prop_map(|(kind, deletion)| Left { deletion, ..left(kind, "x") });
    let strays =
        prop::collection::vec((any::<bool>(), any_deletion()).prop_map(|(shown, deletion)| Stray { shown, deletion, ..stray("l") }), 0..2);
    let token =
        prop_oneof![Just(TokenSeen::Unknown), Just(TokenSeen::Gone), any_time().prop_map(|renewed_at| TokenSeen::Live { renewed_at })];
    let sweep = (prop::option::of(any_time()), 0_u32..4, prop::option::of(any_time()), any::<bool>())
        .prop_map(|(since, misses, last, port_free)| Sweep { since, misses, last, port_free });
    let stages = prop_oneof![Just(Stage::Parts), Just(Stage::Building), Just(Stage::Joining), Just(Stage::Joined)];
    let patience = (stages, 0_i64..5000).prop_map(|(stage, seconds)| Patience::of(stage, SignedDuration::from_secs(seconds)));
    let port = prop_oneof![
        Just(PortSeen::Unknown),
        Just(PortSeen::Ours),
        any_absence().prop_map(|absence| PortSeen::Lost(absence, "lost".into()))
    ];
    let volume = prop_oneof![Just(VolumeSeen::Unknown), Just(VolumeSeen::Available), any_absence().prop_map(VolumeSeen::Gone)];
    let cloud = (troubles, any_list(), any_server(), prop::option::of(any_time()), any_deletion());
    let rest = (strays, prop::option::of(prop::collection::vec(left, 0..3)), token, sweep, patience, port, volume, any_node());
    (cloud, rest).prop_map(
        |((troubles, list, server, server_at, deletion), (strays, parts_left, token, sweep, patience, port, volume, node))| {
            let why = |holds: bool| holds.then(|| "why".to_owned());
            let pods = vec![pod("web")];
            Observation {
                cloud: why(troubles.0),
                held: why(troubles.1),
                create_held: why(troubles.2),
                list,
                server,
                server_at,
                sweep,
                deletion,
                strays,
                port,
                volume,
                parts_left,
                token,
                patience,
                node,
                pods,
                eviction_refused: None,
            }
        },
    )
}

/// Whether 404s by id and a list begun later agree that the recorded server is gone, as this test understands it.
fn proved_gone(host: &Ledger, seen: &Observation) -> bool {
    let ServerSeen::Absent(absence) = &seen.server else { return host.server_id.is_none() };
    let list = seen.list.as_ref().is_some_and(|list| !list.shows_recorded && list.begun >= absence.since);
    host.server_id.is_none() || (absence.answers >= 2 && list && (seen.deletion.accepted || seen.held.is_none()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_host_that_is_not_being_deleted_deletes_nothing_of_its_own(host in any_ledger(), seen in any_observation(), second in 0_i64..4000) {
        let host = Ledger { deleting: false, ..host };
        let step = step(&host, &seen, second);
        let deletes = matches!(
            step,
            Step::DeleteServer | Step::DeletePart(_) | Step::DeleteNode | Step::RemoveFinalizer | Step::Evict(_) | Step::Cordon | Step::LookForParts
        );
        prop_assert!(!deletes, "{step:?}");
        if let Step::DeleteStray(id) = step {
            prop_assert!(host.server_id.is_some() && host.server_id != Some(id));
        }
    }

    #[test]
    fn a_host_that_is_being_deleted_creates_nothing(host in any_ledger(), seen in any_observation(), second in 0_i64..4000) {
        let step = step(&Ledger { deleting: true, ..host }, &seen, second);
        let creates = matches!(step, Step::EnsurePart(_) | Step::CreateServer | Step::RenewToken | Step::AddFinalizer | Step::LetIn | Step::LiftStartupTaint);
        prop_assert!(!creates, "{step:?}");
    }

    #[test]
    fn the_finalizer_goes_when_everything_recorded_is_proved_gone(host in any_ledger(), seen in any_observation(), second in 0_i64..4000) {
        if step(&host, &seen, second) == Step::RemoveFinalizer {
            prop_assert!(host.deleting && proved_gone(&host, &seen));
            prop_assert!(host.server_id.is_some() || host.create_sent_at.is_none() || (seen.sweep.misses >= 2 && seen.sweep.port_free && seen.held.is_none()));
            let bearers = seen.list.iter().flat_map(|list| &list.bearers).count();
            prop_assert!(host.server_id.is_some() || host.create_sent_at.is_some() || bearers == 0);
            prop_assert!(seen.parts_left.iter().flatten().all(|left| left.is_gone(seen.held.is_some())) && seen.parts_left.is_some());
            prop_assert!(seen.strays.iter().all(|stray| !stray.shown && stray.deletion.not_found > 0));
            prop_assert_eq!(seen.token, TokenSeen::Gone);
        }
    }

    #[test]
    fn nothing_is_posted_while_an_intent_stands_or_the_cloud_is_held(host in any_ledger(), seen in any_observation(), second in 0_i64..4000) {
        let step = step(&host, &seen, second);
        if matches!(step, Step::CreateServer | Step::EnsurePart(_)) {
            prop_assert!(host.create_sent_at.is_none() && host.server_id.is_none() && seen.create_held.is_none() && seen.cloud.is_none());
            let comes = seen.list.iter().flat_map(|list| &list.bearers).any(|bearer| bearer.standing != Standing::Leaving);
            prop_assert!(!comes, "one has come already");
        }
        if matches!(&step, Step::Fail(failure) if failure.reason == "ServerGone") {
            prop_assert!(proved_gone(&host, &seen) && seen.held.is_none() && seen.cloud.is_none());
        }
    }

    #[test]
    fn parts_left_hold_every_recorded_part_but_a_kept_volume_and_a_shared_group(host in any_ledger(), shared in any::<bool>()) {
        let left = to_delete(&host, vec![], shared);
        for part in host.parts.all() {
            let stays = (part.kind == Kind::ServerGroup && shared) || (part.kind == Kind::Volume && host.keeps_volume());
            prop_assert_eq!(left.contains(&part), !stays);
        }
    }
}
