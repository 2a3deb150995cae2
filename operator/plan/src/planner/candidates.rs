//! What could be bought, told to whoever explains a plan.

use super::budget::{Budget, Purpose};
use super::catalog::Catalog;
use super::cluster::Cluster;
use super::demand::Demand;
use super::field::Field;
use super::supply::Verdicts;
use crate::model::{Key, Snapshot};
use crate::scheduling::NewNode;

/// A host that could be bought, and the node that it would become.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// For this pool.
    pub pool: Key,
    /// Flavor name.
    pub flavor: String,
    /// Zone.
    pub zone: String,
    /// Price of an hour, in micro-units.
    pub price_micro: i64,
    /// Its node; what DaemonSets take is not taken off.
    pub node: NewNode,
    /// Why it cannot be had now, if so.
    pub why_not: Option<String>,
}

/// Every host that a pool could buy, heaviest pools first, then by flavor and zone.
pub fn candidates(snapshot: &Snapshot) -> Vec<Candidate> {
    let (cluster, demand) = (Cluster::of(snapshot), Demand::default());
    let catalog = Catalog::of(&cluster, &demand, &mut Field::new(&demand.rules), &mut Verdicts::default());
    let budget = Budget::of(snapshot, &catalog);
    let all = catalog.candidates.iter().map(|candidate| {
        let (pool, offering) = (catalog.pools[candidate.pool], candidate.offering);
        let unready = pool.ready.as_ref().err().cloned();
        let why_not = unready.or_else(|| offering.unavailable.clone()).or_else(|| budget.room(candidate, Purpose::Demand, &catalog).err());
        let node = NewNode {
            name: None,
            labels: candidate.labels.clone(),
            taints: pool.taints.clone(),
            allocatable: candidate.allocatable.clone(),
            drivers: pool.learned.get(&offering.flavor).map(|learned| learned.drivers.clone()),
        };
        let (flavor, zone) = (offering.flavor.clone(), offering.zone.clone());
        Candidate { pool: pool.key.clone(), flavor, zone, price_micro: offering.price_micro, node, why_not }
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{key, world};

    #[test]
    fn every_flavor_and_zone_of_a_pool_is_told_and_what_keeps_it() {
        let mut snapshot = world(Vec::new());
        snapshot.pools[0].flavors.truncate(1);
        snapshot.clouds.get_mut(&key("main")).unwrap().offerings[2].unavailable = Some("no valid host".to_owned());
        let told: Vec<_> = candidates(&snapshot).into_iter().map(|one| (one.flavor, one.zone, one.why_not)).collect();
        let large = |zone: &str, why: Option<&str>| ("m1.large".to_owned(), zone.to_owned(), why.map(str::to_owned));
        assert_eq!(told, [large("az1", None), large("az2", Some("no valid host"))]);
    }
}
