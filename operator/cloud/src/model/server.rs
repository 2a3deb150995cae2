//! Servers and server groups: what is seen of them, and what they are made from.

use super::Mark;
use std::collections::BTreeMap;
use std::fmt;

/// A server as a list or a GET shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Nova id.
    pub id: String,
    /// Name; not unique.
    pub name: String,
    /// State.
    pub status: ServerStatus,
    /// Nova's task_state, e.g. `spawning`, `deleting`.
    pub task_state: Option<String>,
    /// Why it is in ERROR.
    pub fault: Option<Fault>,
    /// Fixed addresses, in the order that Nova shows.
    pub addresses: Vec<String>,
    /// Metadata.
    pub metadata: BTreeMap<String, String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Flavor name (`original_name`).
    pub flavor: Option<String>,
    /// Availability zone.
    pub zone: Option<String>,
    /// Creation time as Nova prints it, UTC.
    pub created: String,
}

impl Server {
    /// Whose it is, by metadata and tags together.
    pub fn mark(&self) -> Option<Mark> {
        Mark::read(&self.metadata, &self.tags)
    }
}

/// The states that Gantry tells apart; a list stub of a down cell is `Unknown`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerStatus {
    /// Being built.
    Build,
    /// Runs, as far as Nova knows.
    Active,
    /// Build or operation failed.
    Error,
    /// Powered off.
    Shutoff,
    /// Deleted but kept for a while.
    SoftDeleted,
    /// Deleted.
    Deleted,
    /// Nova cannot say (down cell).
    Unknown,
    /// Any other.
    Other(String),
}

/// Nova's fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// HTTP-like code: 500 for no host and others, 413 for quota.
    pub code: i64,
    /// Text.
    pub message: String,
}

/// What to create a server with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSpec {
    /// Name.
    pub name: String,
    /// Flavor id.
    pub flavor_id: String,
    /// What it boots from.
    pub root: Root,
    /// Availability zone; empty leaves it to Nova.
    pub zone: String,
    /// Port ids, first one first.
    pub port_ids: Vec<String>,
    /// Key pair; it belongs to the user whose credential this is.
    pub key_name: Option<String>,
    /// Unset leaves it to Nova and the image.
    pub config_drive: Option<bool>,
    /// Server group id.
    pub server_group: Option<String>,
    /// Further scheduler hints.
    pub hints: BTreeMap<String, Vec<String>>,
    /// Metadata beside the mark's, which wins.
    pub metadata: BTreeMap<String, String>,
    /// Tags beside the mark's.
    pub tags: Vec<String>,
    /// Whose it is.
    pub mark: Mark,
    /// Raw user data; the client encodes it and refuses more than [`USER_DATA_LIMIT_BYTES`].
    pub user_data: UserData,
}

/// What a server boots from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// A disk of the flavor's size, made from this image.
    Image(String),
    /// This volume; Nova leaves it when the server is deleted.
    Volume(String),
}

/// Raw bytes of user data that Nova takes (65,535 base64 characters; measured).
pub const USER_DATA_LIMIT_BYTES: usize = 49_149;

/// User data; holds a join token, so it never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct UserData(pub String);

impl fmt::Debug for UserData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserData({} bytes)", self.0.len())
    }
}

/// What to create a server group with. Nova takes no tags here: the name says whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSpec {
    /// Name; not unique.
    pub name: String,
    /// `affinity`, `anti-affinity`, `soft-affinity` or `soft-anti-affinity`.
    pub policy: String,
    /// Only with `anti-affinity`: so many on one hypervisor.
    pub max_servers_per_hypervisor: Option<i64>,
}

/// A server group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerGroup {
    /// Nova id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Policy.
    pub policy: String,
    /// Ids of its servers; those that ended in ERROR count until they are deleted.
    pub members: Vec<String>,
    /// The rule, where there is one.
    pub max_servers_per_hypervisor: Option<i64>,
}
