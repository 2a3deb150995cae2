//! How far a failure reaches: one offering, a flavor in all zones, a pool, or the whole cloud.

use gantry_plan::model::Key;

use super::super::answers::{Reach, consequence};
use crate::kube::objects::HostObject;

/// A cloud's flavor in a zone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OfferingKey {
    /// The cloud.
    pub cloud: Key,
    /// Flavor name.
    pub flavor: String,
    /// Zone.
    pub zone: String,
}

/// A pool, and the cloud that it buys from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PoolKey {
    /// The cloud.
    pub cloud: Key,
    /// The pool.
    pub pool: Key,
}

/// What a host was bought as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bought {
    /// Flavor and zone.
    pub offering: OfferingKey,
    /// For whom.
    pub pool: PoolKey,
}

impl Bought {
    /// What `flavor` in `zone` is for a pool.
    pub fn new(cloud: Key, pool: Key, flavor: &str, zone: &str) -> Self {
        let offering = OfferingKey { cloud: cloud.clone(), flavor: flavor.into(), zone: zone.into() };
        Self { offering, pool: PoolKey { cloud, pool } }
    }

    /// What this host was bought as.
    pub fn of(host: &HostObject) -> Self {
        let key = |name: &str| Key::new(&host.namespace, name);
        Self::new(key(&host.spec.cloud_name), key(&host.spec.pool_name), &host.spec.flavor, &host.spec.zone)
    }

    pub(super) fn scopes(&self) -> Vec<Scope> {
        let mut scopes = self.offering.scopes().to_vec();
        scopes.push(Scope::Pool(self.pool.clone()));
        scopes
    }
}

impl OfferingKey {
    pub(super) fn scopes(&self) -> [Scope; 3] {
        let flavor = Scope::Flavor(self.cloud.clone(), self.flavor.clone());
        [Scope::Offering(self.clone()), flavor, Scope::Cloud(self.cloud.clone())]
    }
}

/// What a failure leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// A flavor in a zone.
    Offering(OfferingKey),
    /// A flavor in every zone: its cores or memory are beyond the quota.
    Flavor(Key, String),
    /// Every offering, for one pool: what it asks for is wrong, or its nodes do not join.
    Pool(PoolKey),
    /// Everything: a quota that each host needs.
    Cloud(Key),
}

impl Scope {
    pub(super) fn cloud(&self) -> &Key {
        match self {
            Self::Offering(key) => &key.cloud,
            Self::Pool(key) => &key.cloud,
            Self::Flavor(cloud, _) | Self::Cloud(cloud) => cloud,
        }
    }

    pub(super) fn covers(&self, bought: &Bought) -> bool {
        bought.scopes().contains(self)
    }
}

/// Whether the failure came after the server ran.
pub(super) fn is_about_joining(reason: &str) -> bool {
    matches!(reason, "JoinTimeout" | "NeverReady")
}

/// What a failure leaves out, by the table of consequences; `None` if it says nothing of the next host.
pub(super) fn of(bought: &Bought, reason: &str, message: &str) -> Option<Scope> {
    match consequence(reason, message)?.reach {
        Reach::Nobody => None,
        Reach::Offering => Some(Scope::Offering(bought.offering.clone())),
        Reach::Flavor => Some(Scope::Flavor(bought.offering.cloud.clone(), bought.offering.flavor.clone())),
        Reach::Pool => Some(Scope::Pool(bought.pool.clone())),
        Reach::Cloud => Some(Scope::Cloud(bought.offering.cloud.clone())),
    }
}
