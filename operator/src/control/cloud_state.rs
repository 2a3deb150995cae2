//! What is known of one cloud: pure data, changed by its observer and read by all.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gantry_cloud::{Cloud, Flavor, Identity, Lookup, Quota, Server};
use jiff::{SignedDuration, Timestamp};

/// What a cloud says before its first answers: nobody needs to be told yet.
pub const READING: &str = "flavors, zones, quota and servers are being read";

/// What a reference in a pool's template names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RefKind {
    /// Glance image.
    Image,
    /// Neutron network.
    Network,
    /// Neutron subnet.
    Subnet,
    /// Neutron security group.
    SecurityGroup,
}

impl RefKind {
    /// The word for sentences.
    pub fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Network => "network",
            Self::Subnet => "subnet",
            Self::SecurityGroup => "security group",
        }
    }
}

/// A resolved reference is looked up again after this time.
pub const REFERENCE_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// One that was not found is looked up again after this time.
pub const MISSING_LIFE: SignedDuration = SignedDuration::from_secs(15);

/// The answer to a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The id, or why there is none.
    pub id: Result<String, String>,
    /// When it was looked up.
    pub at: Timestamp,
}

/// A complete list of the project's servers.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// When the list was begun; `None` before the first.
    pub begun: Option<Timestamp>,
    /// Servers by id.
    pub servers: HashMap<String, Arc<Server>>,
    /// Server ids by the Host UID that they bear, for our cluster only.
    pub by_host: HashMap<String, Vec<String>>,
}

/// Why a cloud cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// CamelCase, stable.
    pub reason: String,
    /// In words.
    pub message: String,
}

/// What is known of one cloud.
#[derive(Clone, Default)]
pub struct CloudState {
    /// The client, once the credentials could be read.
    pub client: Option<Arc<dyn Cloud>>,
    /// Why it cannot be used now.
    pub problem: Option<Problem>,
    /// Project and region.
    pub identity: Option<Identity>,
    /// Flavors by name.
    pub flavors: Arc<BTreeMap<String, Flavor>>,
    /// Zones.
    pub zones: Vec<String>,
    /// When flavors and zones were read.
    pub catalog_at: Option<Timestamp>,
    /// Quota, and when reading it began.
    pub quota: Option<(Quota, Timestamp)>,
    /// Servers.
    pub inventory: Arc<Inventory>,
    /// Look-ups of names.
    pub references: BTreeMap<(RefKind, Lookup), Reference>,
}

impl CloudState {
    /// Whether plans may rest on it: accepted credentials, flavors, zones, quota and one complete list.
    pub fn ready(&self) -> Result<(), Problem> {
        match &self.problem {
            Some(problem) => Err(problem.clone()),
            None if self.identity.is_none() || self.catalog_at.is_none() || self.quota.is_none() || self.inventory.begun.is_none() => {
                Err(Problem { reason: "Reading".into(), message: READING.into() })
            }
            None => Ok(()),
        }
    }

    /// The id behind a reference, or why there is none.
    pub fn resolve(&self, kind: RefKind, lookup: &Lookup) -> Result<String, String> {
        match self.references.get(&(kind, lookup.clone())) {
            Some(reference) => reference.id.clone(),
            None => Err(format!("{} {} is being looked up", kind.word(), word(lookup))),
        }
    }
}

/// How a reference is written in sentences.
pub fn word(lookup: &Lookup) -> &str {
    match lookup {
        Lookup::Id(id) => id,
        Lookup::Name(name) => name,
    }
}
