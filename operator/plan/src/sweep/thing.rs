//! What a sweep looks at: plain values.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;

/// Kinds of things, in the order in which they are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Nova server.
    Server,
    /// Neutron floating IP.
    FloatingIp,
    /// Neutron port.
    Port,
    /// Cinder volume.
    Volume,
    /// Nova server group.
    ServerGroup,
    /// Bootstrap token Secret.
    Token,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Server, Self::FloatingIp, Self::Port, Self::Volume, Self::ServerGroup, Self::Token];

    /// The stable word in statuses and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Server => "Server",
            Self::FloatingIp => "FloatingIP",
            Self::Port => "Port",
            Self::Volume => "Volume",
            Self::ServerGroup => "ServerGroup",
            Self::Token => "Token",
        }
    }

    /// Whether a second one of a living Host is an orphan.
    pub(super) fn doubles(self) -> bool {
        matches!(self, Self::FloatingIp | Self::Port | Self::Volume)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "server",
            Self::FloatingIp => "floating IP",
            Self::Port => "port",
            Self::Volume => "volume",
            Self::ServerGroup => "server group",
            Self::Token => "bootstrap token",
        })
    }
}

/// Something that bears marks of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// What it is.
    pub kind: Kind,
    /// OpenStack id, or a Secret's name.
    pub id: String,
    /// Name.
    pub name: String,
    /// The cluster UID that it bears; empty if none.
    pub cluster: String,
    /// The Host UID that it bears.
    pub host: Option<String>,
    /// When it was created, where the cloud says so.
    pub created: Option<Timestamp>,
    /// The server or other device that uses it.
    pub used_by: Option<String>,
    /// Kept on purpose: a volume whose pool says so, a server group whose pool exists.
    pub kept: bool,
    /// Members of a server group.
    pub members: usize,
}

impl Thing {
    /// How it is told from all others.
    pub(super) fn key(&self) -> (Kind, String) {
        (self.kind, self.id.clone())
    }
}

/// What a Host records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Ids of all its parts.
    pub ids: BTreeSet<String>,
    /// Whether every part that it asks for is recorded, and it is not being deleted: then what else bears its UID is a double.
    pub complete: bool,
}
