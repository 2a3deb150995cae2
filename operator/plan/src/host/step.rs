//! What the state machine says: where a host is, for people, and the one thing to do next.

use jiff::SignedDuration;

use super::ledger::{Failure, Leftover, Part};
use super::seen::PodSeen;

/// Where a host is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing in the cloud yet.
    #[default]
    Pending,
    /// Parts and server are being created.
    Building,
    /// ACTIVE, not registered yet.
    Joining,
    /// Takes pods.
    Ready,
    /// Registered, not ready.
    NotReady,
    /// Pods are being evicted.
    Draining,
    /// Server and parts are being deleted.
    Deleting,
    /// Cannot go on.
    Failed,
}

/// What people are told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// Phase.
    pub phase: Phase,
    /// A sentence.
    pub message: String,
    /// Whether no pod but those of DaemonSets runs on a ready node; `None` when that is not known.
    pub empty: Option<bool>,
}

/// What the machine answers.
pub(super) type Answer = (Status, Step);

/// The one thing to do next. Each is safe to do again.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Put our finalizer on the Host, before anything else.
    AddFinalizer,
    /// Look for the part by our UID, else create it; record its id.
    EnsurePart(Part),
    /// GET the root volume.
    LookAtVolume,
    /// Record the intent, make the token, POST /servers, record the id.
    CreateServer,
    /// Look for a server with our UID in a complete list, and at the port; record what was found.
    FindServer,
    /// Nothing came of the unclear creation: forget the intent, so that a new one can be written.
    ForgetCreate,
    /// GET the server by id.
    LookAtServer,
    /// GET the first port: is it this server's?
    LookAtPort,
    /// Record that the server is ACTIVE, with its address.
    RecordActive,
    /// Record that the node registered, and remove the token.
    RecordJoined,
    /// Keep the bootstrap token alive while the server is built and joins.
    RenewToken,
    /// Set labels on the node that its kubelet may not set itself.
    LabelNode,
    /// Let in the pods that the node was bought for, and nobody else yet.
    LetIn,
    /// Lift the startup taint.
    LiftStartupTaint,
    /// Record the failure; the planner's loop then deletes the Host.
    Fail(Failure),
    /// Keep new pods away.
    Cordon,
    /// Ask for the eviction of these pods.
    Evict(Vec<PodSeen>),
    /// DELETE the server.
    DeleteServer,
    /// DELETE a server that bears our UID and is not the recorded one.
    DeleteStray(String),
    /// List the parts that bear our mark; a volume that is kept is told.
    LookForParts,
    /// DELETE this part.
    DeletePart(Leftover),
    /// Delete the Node object.
    DeleteNode,
    /// Delete the bootstrap token.
    DeleteToken,
    /// All is gone: let the Host go.
    RemoveFinalizer,
    /// Nothing to do before something changes or this time has passed.
    Wait(SignedDuration),
}

/// A phase and its sentence.
pub(super) fn status(phase: Phase, message: &str) -> Status {
    Status { phase, message: message.to_owned(), empty: None }
}

/// The host cannot go on.
pub(super) fn failed(failure: Failure) -> Answer {
    (status(Phase::Failed, &failure.message), Step::Fail(failure))
}
