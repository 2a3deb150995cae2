//! Plain data that crosses the wall between Gantry and OpenStack.

use std::collections::BTreeMap;
use std::fmt;

/// Who and where the credentials are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Keystone project id.
    pub project_id: String,
    /// Region name.
    pub region: String,
}

/// By id or by exact name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lookup {
    /// OpenStack id.
    Id(String),
    /// Exact name.
    Name(String),
}

/// Something with an id and a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// OpenStack id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// A flavor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flavor {
    /// Nova id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Virtual CPUs.
    pub vcpus: i32,
    /// Memory in MiB.
    pub memory_mib: i64,
    /// Root disk in GiB.
    pub disk_gib: i64,
    /// Extra specs.
    pub extra_specs: BTreeMap<String, String>,
}

/// Quota of the project; a limit of -1 means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Servers.
    pub instances: Line,
    /// Virtual CPUs.
    pub cores: Line,
    /// Memory in MiB.
    pub memory_mib: Line,
}

/// A limit and its use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// -1 for none.
    pub limit: i64,
    /// In use by the whole project.
    pub used: i64,
}

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

/// A port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Neutron id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Server id, or empty.
    pub device_id: String,
    /// `ACTIVE`, `DOWN`, `BUILD`.
    pub status: String,
    /// Addresses.
    pub addresses: Vec<String>,
    /// Tags; the description counts as one, as some clouds drop tags given at creation.
    pub tags: Vec<String>,
}

/// What to create a port with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSpec {
    /// Name.
    pub name: String,
    /// Network id.
    pub network_id: String,
    /// Subnet id.
    pub subnet_id: Option<String>,
    /// Security group ids; empty leaves Neutron's default.
    pub security_group_ids: Vec<String>,
    /// Tags; the first, which must be the port's own, is its description as well.
    pub tags: Vec<String>,
}

/// What to create a server with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSpec {
    /// Name.
    pub name: String,
    /// Flavor id.
    pub flavor_id: String,
    /// Image id.
    pub image_id: String,
    /// Availability zone.
    pub zone: String,
    /// Port ids, first one first.
    pub port_ids: Vec<String>,
    /// Metadata.
    pub metadata: BTreeMap<String, String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Raw user data; the client encodes it and refuses more than [`USER_DATA_LIMIT_BYTES`].
    pub user_data: UserData,
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
