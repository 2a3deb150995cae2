//! Rules of a host's life, each by its name: builders, and a file for each half of the life, the table of states, the protocol and the properties.

mod down;
mod properties;
mod protocol;
mod table;
mod up;

use jiff::{SignedDuration, Timestamp};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + seconds).unwrap()
}

fn fresh() -> Ledger {
    Ledger { finalizer: true, wanted: Wanted { ports: 1, ..Wanted::default() }, ..Ledger::default() }
}

fn with_port() -> Ledger {
    Ledger { parts: Recorded { ports: vec!["p".into()], ..Recorded::default() }, ..fresh() }
}

fn asking() -> Ledger {
    Ledger { create_sent_at: Some(at(1)), ..with_port() }
}

fn with_server() -> Ledger {
    Ledger { server_id: Some("s".into()), ..asking() }
}

fn launched() -> Ledger {
    Ledger { launched: true, ..with_server() }
}

fn joined() -> Ledger {
    Ledger { joined: true, ..launched() }
}

fn going(host: Ledger) -> Ledger {
    Ledger { deleting: true, ..host }
}

fn node() -> NodeSeen {
    NodeSeen { provider_id: "openstack:///s".into(), ready: true, ..NodeSeen::default() }
}

fn unready() -> NodeSeen {
    NodeSeen { ready: false, ..node() }
}

/// Everything in order and nothing known: the token is alive.
fn seen() -> Observation {
    Observation { token: TokenSeen::Live { renewed_at: at(0) }, ..Observation::default() }
}

/// The same once the token is gone.
fn without_token() -> Observation {
    Observation { token: TokenSeen::Gone, ..Observation::default() }
}

fn server(state: ServerState) -> ServerSeen {
    ServerSeen::Present { state, task: None, address: Some("10.0.0.1".into()) }
}

fn present(state: ServerState) -> Observation {
    Observation { server: server(state), server_at: Some(at(2)), ..seen() }
}

fn error() -> Failure {
    Failure::new("ServerError", "live migration failed")
}

fn absent(since: i64, last: i64, answers: u32) -> ServerSeen {
    ServerSeen::Absent(Absence { since: at(since), last: at(last), answers })
}

/// A complete list begun then, in which nothing is this host's.
fn empty_list(begun: i64) -> Option<ListSeen> {
    Some(ListSeen { begun: at(begun), ..ListSeen::default() })
}

fn list(begun: i64, bearers: &[(&str, Standing)]) -> ListSeen {
    let bearers = bearers.iter().map(|(id, standing)| Bearer { id: (*id).into(), standing: *standing });
    ListSeen { begun: at(begun), bearers: bearers.collect(), shows_recorded: false }
}

fn stray(id: &str) -> Stray {
    Stray { id: id.into(), shown: true, deletion: Deletion::default() }
}

fn left(kind: Kind, id: &str) -> Left {
    Left { what: Leftover { kind, id: id.into() }, deletion: Deletion::default() }
}

/// A deletion that was accepted then.
fn accepted(second: i64) -> Deletion {
    Deletion { sent_at: Some(at(second)), accepted: true, attempts: 1, ..Deletion::default() }
}

fn after(stage: Stage, limit: SignedDuration) -> Patience {
    Patience::of(stage, limit + SignedDuration::from_secs(1))
}

fn step(host: &Ledger, seen: &Observation, second: i64) -> Step {
    next(host, seen, at(second)).1
}

fn message(host: &Ledger, seen: &Observation, second: i64) -> String {
    next(host, seen, at(second)).0.message
}

fn fails(host: &Ledger, seen: &Observation, second: i64) -> Option<String> {
    match step(host, seen, second) {
        Step::Fail(failure) => Some(failure.reason),
        _ => None,
    }
}

fn waits(host: &Ledger, seen: &Observation, second: i64) -> bool {
    matches!(step(host, seen, second), Step::Wait(_))
}

fn pod(name: &str) -> PodSeen {
    PodSeen { namespace: "apps".into(), name: name.into(), uid: name.into(), ..PodSeen::default() }
}
