//! A host whose node registered: labelled, ready for the first time, its taint lifted; then ready or not.

use super::JOIN_LIMIT;
use super::alive::{POLL, REST};
use super::ledger::{Failure, Ledger, Stage};
use super::patience::GAP;
use super::seen::{NodeSeen, Observation};
use super::states::trouble;
use super::step::{Answer, Phase, Status, Step, failed, status};

pub(super) fn next(host: &Ledger, seen: &Observation, node: &NodeSeen) -> Answer {
    let id = host.server_id.as_deref().unwrap_or_default();
    if !host.joined {
        return (status(Phase::Joining, "the node registered"), Step::RecordJoined);
    }
    if node.labels_missing {
        return (status(Phase::Joining, "the node is being labelled"), Step::LabelNode);
    }
    match (node.ready, node.startup_taint) {
        (false, true) => never_ready(seen, id),
        (false, false) => {
            let what = trouble(&seen.server, id).map(|what| format!("; {what}")).unwrap_or_default();
            (status(Phase::NotReady, &format!("the node is registered and not ready{what}")), Step::Wait(REST))
        }
        (true, true) => lift(node),
        (true, false) => ready(seen, id),
    }
}

fn never_ready(seen: &Observation, id: &str) -> Answer {
    if seen.patience.is_over(Stage::Joined, JOIN_LIMIT) {
        let limit = JOIN_LIMIT.as_mins();
        let message = format!("the node registered but was not ready within {limit} minutes; it never took a pod and is replaced");
        return failed(Failure::new("NeverReady", message));
    }
    let what = trouble(&seen.server, id).map(|what| format!("; {what}")).unwrap_or_default();
    // Looked at often enough for its patience to count all of the time.
    (status(Phase::Joining, &format!("the node registered and is not ready yet{what}")), Step::Wait(GAP.min(REST)))
}

/// Ours goes last: until then the planner knows that the node is on its way, and takes no taint of the join for one that stays.
fn lift(node: &NodeSeen) -> Answer {
    match (&node.waits_for, &node.company) {
        (Some(taint), _) => {
            (status(Phase::Joining, &format!("the node is ready; taint {taint} has not been lifted yet")), Step::Wait(POLL))
        }
        (None, Some(what)) => (status(Phase::Joining, &format!("the node is ready; {what} is awaited")), Step::Wait(POLL)),
        (None, None) if node.kept => {
            (status(Phase::Joining, "the node is ready and takes the pods that it was bought for, others when these are in"), Step::LetIn)
        }
        (None, None) => (status(Phase::Joining, "the node is ready; its startup taint is being lifted"), Step::LiftStartupTaint),
    }
}

fn ready(seen: &Observation, id: &str) -> Answer {
    let empty = seen.pods.iter().all(|pod| pod.stays);
    let mut message = if empty { "the node is ready and empty" } else { "the node is ready" }.to_owned();
    if let Some(what) = trouble(&seen.server, id) {
        message += &format!("; but {what}. Nothing is done while the node is ready");
    }
    (Status { phase: Phase::Ready, message, empty: Some(empty) }, Step::Wait(REST))
}
