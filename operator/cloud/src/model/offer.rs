//! What a project can have: flavors, quota, and things that are looked up by id, name or label.

use std::collections::BTreeMap;

/// Who and where the credentials are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Keystone project id.
    pub project_id: String,
    /// Region name.
    pub region: String,
}

/// By id, by exact name, or by labels.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lookup {
    /// OpenStack id.
    Id(String),
    /// Exact name.
    Name(String),
    /// All of these, and at least one. Only images have properties.
    Labelled {
        /// Tags.
        tags: Vec<String>,
        /// Image properties with their exact values.
        properties: BTreeMap<String, String>,
    },
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

/// Whose quota is asked for beside Nova's; one more call each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaOf {
    /// Neutron's ports and floating IPs.
    Network,
    /// Cinder's volumes and their size.
    Volumes,
}

/// Quota of the project; a limit of -1 means none, a line that is `None` is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Servers.
    pub instances: Line,
    /// Virtual CPUs.
    pub cores: Line,
    /// Memory in MiB.
    pub memory_mib: Line,
    /// Server groups.
    pub server_groups: Option<Line>,
    /// Most members of one server group; -1 for any number.
    pub server_group_members: Option<i64>,
    /// Ports.
    pub ports: Option<Line>,
    /// Floating IPs.
    pub floating_ips: Option<Line>,
    /// Volumes.
    pub volumes: Option<Line>,
    /// Size of all volumes and snapshots in GiB.
    pub gigabytes: Option<Line>,
}

/// A limit and its use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// -1 for none.
    pub limit: i64,
    /// In use by the whole project.
    pub used: i64,
}
