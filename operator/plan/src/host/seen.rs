//! What was seen outside of the Host object. Missing knowledge is spelled out, never guessed.

use jiff::Timestamp;

use super::deletion::Deletion;
use super::ledger::{Failure, Leftover};
use super::patience::Patience;

/// What was seen outside of the Host object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Observation {
    /// Why the cloud cannot be asked (credentials refused, last call unanswered).
    pub cloud: Option<String>,
    /// Why nothing may be concluded from absence in this cloud now: too many servers are missing at once.
    pub held: Option<String>,
    /// Why nothing is created in this cloud and zone now.
    pub create_held: Option<String>,
    /// The newest complete list of the project's servers, as far as it is about this host.
    pub list: Option<ListSeen>,
    /// The server.
    pub server: ServerSeen,
    /// When that was asked.
    pub server_at: Option<Timestamp>,
    /// What looking for a server that nobody recorded has shown.
    pub sweep: Sweep,
    /// The deletion of the server.
    pub deletion: Deletion,
    /// Other servers that bear this host's UID: losers of a creation that was answered late.
    pub strays: Vec<Stray>,
    /// Whether the first port is bound to the server.
    pub port: PortSeen,
    /// The root volume.
    pub volume: VolumeSeen,
    /// Parts that were found by our mark or are recorded, gone or not; `None` if nobody has looked.
    pub parts_left: Option<Vec<Left>>,
    /// The bootstrap token.
    pub token: TokenSeen,
    /// How long this process has watched the host's stage.
    pub patience: Patience,
    /// The node of this host's name, from a complete list.
    pub node: Option<NodeSeen>,
    /// Pods on that node, from a complete list.
    pub pods: Vec<PodSeen>,
    /// When an eviction was last refused, and what the API server said.
    pub eviction_refused: Option<(Timestamp, String)>,
}

/// A complete list of servers. It proves presence; a miss is a reason to ask by id, or agrees with what was answered by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ListSeen {
    /// When it was begun.
    pub begun: Timestamp,
    /// Whether the recorded server is in it.
    pub shows_recorded: bool,
    /// The servers in it that bear this host's UID and our cluster's, the recorded one included.
    pub bearers: Vec<Bearer>,
}

/// A server that bears this host's UID.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bearer {
    /// Nova id.
    pub id: String,
    /// How it stands in a race for the host.
    pub standing: Standing,
}

/// Which of several servers of one host is to be kept: the losers of a race for a port end in ERROR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Deleted, or being deleted.
    Leaving,
    /// ERROR.
    Failed,
    /// Being built, or in a state that says nothing.
    Coming,
    /// ACTIVE.
    Active,
}

/// What is known of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum ServerSeen {
    /// Nobody has looked, or looking failed.
    #[default]
    Unknown,
    /// It is there.
    Present {
        /// State.
        state: ServerState,
        /// Nova's task_state.
        task: Option<String>,
        /// Its first address.
        address: Option<String>,
    },
    /// GET by id was answered with Nova's own 404 this many times in a row.
    Absent(Absence),
}

/// 404s of the service itself, in a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Absence {
    /// First of them.
    pub since: Timestamp,
    /// Last of them.
    pub last: Timestamp,
    /// How many.
    pub answers: u32,
}

impl Absence {
    /// One more 404, after those before.
    pub fn again(before: Option<&Self>, asked: Timestamp) -> Self {
        match before {
            Some(before) => Self { since: before.since, last: asked, answers: before.answers.saturating_add(1) },
            None => Self { since: asked, last: asked, answers: 1 },
        }
    }
}

/// The server's state as far as a host's life goes; `states` has a row for each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ServerState {
    /// Being built.
    Build,
    /// Runs.
    Active,
    /// Failed, with Nova's reason and what it means.
    Error(Failure),
    /// Deleted by a cloud that keeps what was deleted for a while: still there.
    SoftDeleted,
    /// Shown as deleted: only a 404 proves it.
    Deleted,
    /// Nova cannot say (a down cell).
    Unknown,
    /// Any other, in Nova's word (SHUTOFF, PAUSED ...).
    Other(String),
}

/// Looking for a server after an unclear answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sweep {
    /// When this process began to look: after the answer was lost, or after a restart.
    pub since: Option<Timestamp>,
    /// Complete lists begun since then that showed no server with our UID.
    pub misses: u32,
    /// Start of the last of those lists.
    pub last: Option<Timestamp>,
    /// Whether the first port was bound to no server at that time.
    pub port_free: bool,
}

/// Another server that bears this host's UID.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stray {
    /// Nova id.
    pub id: String,
    /// Whether the newest complete list shows it.
    pub shown: bool,
    /// What came of deleting it.
    pub deletion: Deletion,
}

/// The first port of a server that is ACTIVE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum PortSeen {
    /// Nobody has looked.
    #[default]
    Unknown,
    /// Nothing speaks against its being this server's.
    Ours,
    /// It is bound to nothing or to another server, or is gone.
    Lost(Absence, String),
}

/// The root volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum VolumeSeen {
    /// Nobody has looked.
    #[default]
    Unknown,
    /// Being made.
    Coming,
    /// A server can boot from it.
    Available,
    /// Cinder gave up, in its words.
    Failed(String),
    /// Cinder's own 404s.
    Gone(Absence),
}

/// A part that was recorded or found by our mark, and what came of deleting it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Left {
    /// What it is.
    pub what: Leftover,
    /// What came of deleting it.
    pub deletion: Deletion,
}

/// The bootstrap token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TokenSeen {
    /// Nobody has looked in this process.
    #[default]
    Unknown,
    /// It was made or renewed.
    Live {
        /// When.
        renewed_at: Timestamp,
    },
    /// It is known to be gone.
    Gone,
}

/// The node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NodeSeen {
    /// `spec.providerID`.
    pub provider_id: String,
    /// Condition Ready.
    pub ready: bool,
    /// Whether the startup taint is on it.
    pub startup_taint: bool,
    /// A taint that somebody else lifts while the node joins (the node controller, a cloud controller, the pool's startup taints).
    pub waits_for: Option<String>,
    /// What else its pods need there and is not there yet (a DaemonSet's pod, a CSI driver), in words, while it is worth waiting for.
    pub company: Option<String>,
    /// Whether it is kept for the pods that it was bought for.
    pub kept: bool,
    /// `spec.unschedulable`.
    pub cordoned: bool,
    /// Whether labels are missing that the kubelet may not set itself.
    pub labels_missing: bool,
}

/// A pod on the node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
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
