//! The table of Nova's states: for each, what a host that was never ACTIVE, one that has not joined, one that has and one that goes are told and do.

use super::*;

/// What is done and told: the step's first word, and the sentence.
fn row(state: ServerState, host: &Ledger, node: Option<NodeSeen>, token: TokenSeen) -> (String, String) {
    let seen = Observation { node, token, port: PortSeen::Ours, ..present(state) };
    let (status, step) = next(host, &seen, at(3));
    let word = format!("{step:?}");
    (word.split(['(', ' ']).next().unwrap_or_default().to_owned(), status.message)
}

fn steps(state: &ServerState) -> [String; 5] {
    let live = TokenSeen::Live { renewed_at: at(0) };
    let columns = [
        (with_server(), None, live),
        (launched(), None, live),
        (joined(), Some(unready()), live),
        (joined(), Some(node()), live),
        (going(joined()), None, TokenSeen::Gone),
    ];
    columns.map(|(host, node, token)| row(state.clone(), &host, node, token).0)
}

#[test]
fn what_is_done_in_every_state() {
    let other = |word: &str| ServerState::Other(word.into());
    // never ACTIVE, not joined, joined and not ready, ready, going
    let table = [
        (ServerState::Build, ["Wait", "Wait", "Wait", "Wait", "DeleteServer"]),
        (ServerState::Active, ["RecordActive", "Wait", "Wait", "Wait", "DeleteServer"]),
        (ServerState::Error(error()), ["Fail", "Fail", "Wait", "Wait", "DeleteServer"]),
        (ServerState::SoftDeleted, ["Wait", "Wait", "Wait", "Wait", "DeleteServer"]),
        (ServerState::Deleted, ["Wait", "Wait", "Wait", "Wait", "DeleteServer"]),
        (ServerState::Unknown, ["Wait", "Wait", "Wait", "Wait", "DeleteServer"]),
    ];
    for (state, wanted) in table {
        assert_eq!(steps(&state), wanted.map(str::to_owned), "{state:?}");
    }
    let words =
        ["SHUTOFF", "PAUSED", "SUSPENDED", "SHELVED", "SHELVED_OFFLOADED", "RESCUE", "VERIFY_RESIZE", "REBUILD", "MIGRATING", "NEW", ""];
    for word in words {
        assert_eq!(steps(&other(word)), ["Wait", "Wait", "Wait", "Wait", "DeleteServer"].map(str::to_owned), "{word}");
    }
}

#[test]
fn what_people_are_told_of_a_joined_host_that_is_not_ready() {
    let told = |state| row(state, &joined(), Some(unready()), TokenSeen::Gone).1;
    let other = |word: &str| told(ServerState::Other(word.into()));
    let sentences = [
        told(ServerState::Active),
        told(ServerState::Error(error())),
        told(ServerState::SoftDeleted),
        told(ServerState::Deleted),
        told(ServerState::Unknown),
        other("SHUTOFF"),
        other("PAUSED"),
        other("VERIFY_RESIZE"),
        other("MIGRATING"),
        other("ODD"),
    ];
    let wanted = [
        "the node is registered and not ready",
        "the node is registered and not ready; live migration failed. Repair the server (openstack server reboot --hard s, or openstack server set --state active s), or delete the Host to have it replaced",
        "the node is registered and not ready; somebody else deleted the server and Nova keeps it for a while (SOFT_DELETED): openstack server restore s, or delete the Host to have it replaced",
        "the node is registered and not ready; Nova shows the server as DELETED; it is taken for gone when Nova answers 404",
        "the node is registered and not ready; Nova cannot say how the server is (UNKNOWN: a part of the cloud is down); nothing is concluded from that",
        "the node is registered and not ready; the server is powered off (SHUTOFF): openstack server start s, or delete the Host to have it replaced",
        "the node is registered and not ready; the server is paused (PAUSED): openstack server unpause s, or delete the Host to have it replaced",
        "the node is registered and not ready; the server was resized and waits for somebody to confirm it (VERIFY_RESIZE): openstack server resize confirm s, or delete the Host to have it replaced",
        "the node is registered and not ready; Nova is at work on the server (MIGRATING); that is waited for",
        "the node is registered and not ready; Nova shows the server in state \"ODD\", from which nothing is concluded",
    ];
    assert_eq!(sentences, wanted.map(str::to_owned));
}

#[test]
fn a_server_that_somebody_else_deletes_is_waited_for() {
    let server = ServerSeen::Present { state: ServerState::Active, task: Some("deleting".into()), address: None };
    let seen = Observation { server, node: Some(unready()), ..without_token() };
    let (status, step) = next(&joined(), &seen, at(9));
    let wanted = "the node is registered and not ready; somebody else deletes the server (Nova's task is deleting); the host is given up when Nova says that it is gone";
    assert_eq!((status.message.as_str(), matches!(step, Step::Wait(_))), (wanted, true));
}

#[test]
fn t15_a_server_that_comes_back_goes_on_as_if_nothing_had_been() {
    let well = next(&joined(), &Observation { node: Some(node()), ..present(ServerState::Active) }, at(9));
    assert_eq!((well.0.phase, well.0.message.as_str()), (Phase::Ready, "the node is ready and empty"));
    for state in [ServerState::Other("SHUTOFF".into()), ServerState::Error(error())] {
        let away = Observation { node: Some(unready()), patience: after(Stage::Joined, SignedDuration::from_hours(1)), ..present(state) };
        let (status, step) = next(&joined(), &away, at(9));
        assert_eq!((status.phase, matches!(step, Step::Wait(_))), (Phase::NotReady, true));
    }
}

#[test]
fn t16_what_a_going_host_is_told_of_a_server_that_stays() {
    let told = |server: ServerSeen, deletion: Deletion| {
        let (status, step) = next(&going(joined()), &Observation { server, deletion, ..without_token() }, at(9));
        (status.message, matches!(step, Step::Wait(_)))
    };
    let many = |attempts| Deletion { attempts, ..accepted(8) };
    let task = ServerSeen::Present { state: ServerState::Active, task: Some("deleting".into()), address: None };
    let locked = Deletion { sent_at: Some(at(8)), attempts: 1, refused: Some("Instance s is locked".into()), ..Deletion::default() };
    let rows = [
        told(server(ServerState::Active), many(1)),
        told(server(ServerState::SoftDeleted), many(1)),
        told(server(ServerState::Unknown), many(1)),
        told(task, many(3)),
        told(server(ServerState::Active), locked),
    ];
    let wanted = [
        "the server is being deleted",
        "the server is deleted but Nova keeps it for a while (SOFT_DELETED), and it counts for the quota; the host stays until it is gone for good",
        "Nova cannot say how the server is (UNKNOWN: a part of the cloud is down); its deletion is waited for",
        "DELETE was answered 3 times and Nova's task is still deleting; its hypervisor may be down. DELETE is sent again with growing pauses",
        "Nova does not delete the server: Instance s is locked; unlock it with openstack server unlock s. DELETE is sent again with growing pauses",
    ];
    assert_eq!(rows, wanted.map(|sentence| (sentence.to_owned(), true)));
}
