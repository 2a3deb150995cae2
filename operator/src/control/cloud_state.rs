//! What is known of one cloud: pure data, changed by its observer and read by all.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gantry_cloud::{Cloud, Flavor, Identity, Lookup, Quota, Server};
use gantry_plan::fleet::Verdict;
use gantry_plan::sweep::Orphan;
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
    /// Neutron QoS policy.
    QosPolicy,
}

impl RefKind {
    /// The word for sentences.
    pub fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Network => "network",
            Self::Subnet => "subnet",
            Self::SecurityGroup => "security group",
            Self::QosPolicy => "QoS policy",
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
    /// The name behind the id.
    pub name: String,
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

/// Why a cloud, or a part of it, cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// CamelCase, stable.
    pub reason: String,
    /// In words.
    pub message: String,
}

/// A part of a cloud whose trouble does not hold hosts: it is told, and stops the purchases that need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// Servers cannot be listed although Nova answers.
    Servers,
    /// The Secret cannot be read, or what it holds now is not accepted: what was read before is used.
    Credentials,
    /// Flavors and zones.
    Catalog,
    /// Quota.
    Quota,
    /// Images, networks and what else pools name.
    References,
}

impl Area {
    /// What it means while it lasts.
    fn consequence(self) -> &'static str {
        match self {
            Self::Servers => "hosts are looked at one by one, and nothing is concluded from what is not listed",
            Self::Credentials => "the credentials that were read before are used",
            Self::Catalog => "flavors and zones are those that were read before",
            Self::Quota => "quota is as it was read before",
            Self::References => "pools whose image or networks are not known yet cannot grow",
        }
    }
}

/// What is known of one cloud. Clones share the big parts.
#[derive(Clone, Default)]
pub struct CloudState {
    /// The client, once credentials were accepted for the right project.
    pub client: Option<Arc<dyn Cloud>>,
    /// Why its servers cannot be looked at or changed: credentials, Keystone, Nova. Holds the host driver.
    pub nova: Option<Problem>,
    /// What else is in trouble.
    pub troubles: Arc<BTreeMap<Area, Problem>>,
    /// Project and region.
    pub identity: Option<Arc<Identity>>,
    /// Flavors by name.
    pub flavors: Arc<BTreeMap<String, Flavor>>,
    /// Zones.
    pub zones: Arc<Vec<String>>,
    /// When flavors and zones were read.
    pub catalog_at: Option<Timestamp>,
    /// Quota, and when reading it began.
    pub quota: Option<(Quota, Timestamp)>,
    /// Servers.
    pub inventory: Arc<Inventory>,
    /// Whether that list can be believed.
    pub fleet: Arc<Verdict>,
    /// Look-ups of names.
    pub references: Arc<BTreeMap<(RefKind, Lookup), Reference>>,
    /// What nothing stands for, as the last two sweeps showed.
    pub orphans: Arc<Vec<Orphan>>,
}

impl CloudState {
    /// Whether plans may rest on it: accepted credentials, one complete list, and flavors, zones and quota read once.
    ///
    /// # Errors
    /// Why not.
    pub fn ready(&self) -> Result<(), Problem> {
        let missing = [(self.catalog_at.is_none(), Area::Catalog), (self.quota.is_none(), Area::Quota)];
        let needed = missing.iter().filter(|(is_missing, _)| *is_missing).find_map(|(_, area)| self.troubles.get(area));
        if let Some(problem) = self.nova.as_ref().or(needed) {
            return Err(problem.clone());
        }
        if self.identity.is_none() || self.inventory.begun.is_none() || missing.iter().any(|(is_missing, _)| *is_missing) {
            return Err(Problem { reason: "Reading".into(), message: READING.into() });
        }
        Ok(())
    }

    /// What is in trouble although plans may rest on it, and what that means; `None` if nothing is.
    pub fn trouble(&self) -> Option<Problem> {
        let told = self.troubles.iter().map(|(area, problem)| format!("{}; {}", problem.message, area.consequence()));
        let message = told.collect::<Vec<_>>().join(". ");
        self.troubles.values().next().map(|first| Problem { reason: first.reason.clone(), message })
    }

    /// The id behind a reference, or why there is none.
    ///
    /// # Errors
    /// A sentence.
    pub fn resolve(&self, kind: RefKind, lookup: &Lookup) -> Result<String, String> {
        match self.references.get(&(kind, lookup.clone())) {
            Some(reference) => reference.id.clone(),
            None => Err(match self.troubles.get(&Area::References) {
                Some(problem) => format!("{} {} cannot be looked up: {}", kind.word(), word(lookup), problem.message),
                None => format!("{} {} is being looked up", kind.word(), word(lookup)),
            }),
        }
    }
}

/// How a reference is written in sentences.
pub fn word(lookup: &Lookup) -> String {
    match lookup {
        Lookup::Id(id) => id.clone(),
        Lookup::Name(name) => name.clone(),
        Lookup::Labelled { tags, properties } => {
            let properties = properties.iter().map(|(key, value)| format!("{key}={value}"));
            let labels: Vec<String> = tags.iter().cloned().chain(properties).collect();
            format!("with {}", labels.join(", "))
        }
    }
}
