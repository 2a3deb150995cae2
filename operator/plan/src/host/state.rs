//! What the state machine reads and what it says: plain values.

use jiff::{SignedDuration, Timestamp};

/// What the Host object records: the write-ahead log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// Whether the Host is being deleted.
    pub deleting: bool,
    /// Whether our finalizer is on it.
    pub finalizer: bool,
    /// When the Host was created.
    pub created: Timestamp,
    /// Ports that the spec asks for.
    pub ports_wanted: usize,
    /// Ids of the ports that exist, in the spec's order.
    pub port_ids: Vec<String>,
    /// When POST /servers was about to be sent; since then a server may exist.
    pub create_sent_at: Option<Timestamp>,
    /// The server.
    pub server_id: Option<String>,
    /// When its node registered.
    pub joined_at: Option<Timestamp>,
    /// When its server was first seen ACTIVE.
    pub active_at: Option<Timestamp>,
    /// Why it cannot go on.
    pub failed: Option<Failure>,
}

/// Why a host cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// CamelCase, stable.
    pub reason: String,
    /// In words.
    pub message: String,
}

/// What was seen outside of the Host object. Missing knowledge is spelled out, never guessed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observation {
    /// Whether the cloud can be asked at all (credentials accepted, last call answered).
    pub cloud: Option<String>,
    /// The server.
    pub server: ServerSeen,
    /// Whether the newest complete list does not show the server: no proof of anything, but a reason to ask for it by id.
    pub missed: bool,
    /// Other servers that bear this host's UID, in the newest complete list: losers of a creation that was answered late.
    pub strays: Vec<String>,
    /// What looking for a server that nobody recorded has shown.
    pub sweep: Sweep,
    /// When DELETE was last answered for the server.
    pub delete_sent_at: Option<Timestamp>,
    /// Ports of this host that are known to be left (recorded or found by tag); `None` if nobody has looked.
    pub ports_left: Option<Vec<String>>,
    /// Whether the bootstrap token is known to be gone.
    pub token_gone: bool,
    /// The node of this host's name, from a complete list.
    pub node: Option<NodeSeen>,
    /// Pods on that node, from a complete list.
    pub pods: Vec<PodSeen>,
    /// When an eviction was last refused, and what the API server said.
    pub eviction_refused: Option<(Timestamp, String)>,
}

/// What is known of the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ServerSeen {
    /// Nobody has looked, or looking failed.
    #[default]
    Unknown,
    /// It is there.
    Present {
        /// State.
        state: ServerState,
        /// Its first address.
        address: Option<String>,
    },
    /// GET by id was answered with Nova's own 404 this many times in a row.
    Absent {
        /// First of them.
        since: Timestamp,
        /// Last of them.
        last: Timestamp,
        /// How many.
        answers: u32,
    },
}

/// The server's state as far as a host's life goes.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerState {
    /// Being built.
    Build,
    /// Runs.
    Active,
    /// Failed, with Nova's reason and what it means.
    Error(Failure),
    /// Any other (SHUTOFF, UNKNOWN ...): no conclusion is drawn from it.
    Other(String),
}

/// Looking for a server after an unclear answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sweep {
    /// When looking began: after the answer was lost, or after a restart.
    pub since: Option<Timestamp>,
    /// Complete lists since `create_sent_at` that did not show a server with our UID, and the time of the last of them.
    pub misses: u32,
    /// Start of the last of those lists.
    pub last: Option<Timestamp>,
    /// Whether the first port is known to be bound to no server.
    pub port_free: bool,
}

/// The node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeSeen {
    /// `spec.providerID`.
    pub provider_id: String,
    /// Condition Ready.
    pub ready: bool,
    /// Whether the startup taint is on it.
    pub startup_taint: bool,
    /// A taint that somebody else lifts while the node joins (the node controller, a cloud controller, the pool's startup taints).
    pub waits_for: Option<String>,
    /// `spec.unschedulable`.
    pub cordoned: bool,
    /// Whether labels are missing that the kubelet may not set itself.
    pub labels_missing: bool,
}

/// A pod on the node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodSeen {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Owned by a DaemonSet, or a mirror pod: stays until the node goes.
    pub stays: bool,
    /// Being deleted.
    pub terminating: bool,
}

/// Where a host is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing in the cloud yet.
    #[default]
    Pending,
    /// Port and server are being created.
    Building,
    /// ACTIVE, not registered yet.
    Joining,
    /// Takes pods.
    Ready,
    /// Registered, not ready.
    NotReady,
    /// Pods are being evicted.
    Draining,
    /// Server and port are being deleted.
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

/// The one thing to do next. Each is safe to do again.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Put our finalizer on the Host, before anything else.
    AddFinalizer,
    /// Look for the port by its tag, else create it; record its id.
    EnsurePort(usize),
    /// Record the intent, make the token, POST /servers, record the id.
    CreateServer,
    /// Look for a server with our UID in a complete list, and at the port; record what was found.
    FindServer,
    /// Nothing came of the unclear creation: forget the intent, so that a new one can be written.
    ForgetCreate,
    /// GET the server by id.
    LookAtServer,
    /// Record that the server is ACTIVE, with its address.
    RecordActive,
    /// Record that the node registered, and remove the token.
    RecordJoined,
    /// Set labels on the node that its kubelet may not set itself.
    LabelNode,
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
    /// List the ports that bear our tag.
    LookAtPorts,
    /// DELETE this port.
    DeletePort(String),
    /// Delete the Node object.
    DeleteNode,
    /// Delete the bootstrap token.
    DeleteToken,
    /// All is gone: let the Host go.
    RemoveFinalizer,
    /// Nothing to do before something changes or this time has passed.
    Wait(SignedDuration),
}
