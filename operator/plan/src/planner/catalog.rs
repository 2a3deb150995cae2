//! The catalog: every host that a pool could buy, with the node that it would become.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::cluster::Cluster;
use super::demand::{Demand, Shape};
use super::field::{Field, Spot};
use super::prefer::Liking;
use super::supply::{Make, Verdicts, attachable};
use jiff::Timestamp;

use crate::model::{Cloud, DaemonSet, Host, Key, Labels, Offering, Pool, Snapshot};
use crate::resources::Resources;
use crate::scheduling::{NodeView, POOL_LABEL, ZONE};

const MIB: i64 = 1 << 20;
const GIB: i64 = 1 << 30;
/// kubelet evicts pods when less memory than this is free, and keeps it out of allocatable.
const EVICTION_MIB: i64 = 100;
/// Share of the root disk that pods may use, in percent: kubelet keeps 10 % as eviction threshold, the file system takes about 5 %.
const EPHEMERAL_PERCENT: i64 = 85;

/// A flavor in a zone for a pool.
#[derive(Debug)]
pub(crate) struct Candidate<'a> {
    /// Index into [`Catalog::pools`].
    pub pool: usize,
    /// Index into [`Catalog::pools`] by weight: equal for pools of equal weight.
    pub rank: usize,
    pub offering: &'a Offering,
    /// What the node will register with, names aside.
    pub labels: BTreeMap<String, String>,
    pub allocatable: Resources,
    /// Allocatable without what DaemonSets take.
    pub free: Resources,
    pub verdict: usize,
    /// Where its host would be.
    pub spot: Spot,
    /// What preferences see of it.
    pub liking: Liking<'a>,
    /// Marks of shapes that its hosts were no use to, sorted.
    pub useless: Vec<u64>,
    /// What runs on each of its hosts.
    pub daemons: Vec<&'a DaemonSet>,
}

impl<'a> Candidate<'a> {
    /// What a host is that is bought as this.
    pub fn make(&self) -> Make<'a> {
        Make { rank: self.rank, price_micro: self.offering.price_micro, pool: self.pool, flavor: &self.offering.flavor }
    }

    /// Whether an empty host takes a pod of this shape, company aside.
    pub fn takes(&self, shape: &Shape<'_>, verdicts: &Verdicts) -> bool {
        self.is_for(shape, verdicts) && shape.requests.fits(&self.free)
    }

    /// Whether it may be bought for such pods, if they fit.
    pub fn is_for(&self, shape: &Shape<'_>, verdicts: &Verdicts) -> bool {
        verdicts.admits(self.verdict, shape.class) && self.useless.binary_search(&shape.mark).is_err()
    }
}

/// Candidates that no pod could tell apart.
#[derive(Debug)]
pub(crate) struct Group {
    /// Indices into [`Catalog::candidates`], by zone; only those that can be had.
    pub members: Vec<usize>,
    /// Those that only pods with an eye on where others are could tell apart.
    pub twins: Vec<usize>,
}

/// All that can be bought.
pub(crate) struct Catalog<'a> {
    /// Pools, heaviest first, then by name.
    pub pools: Vec<&'a Pool>,
    pub candidates: Vec<Candidate<'a>>,
    /// Candidates of pools that may create and offerings that can be had, cheapest first.
    pub groups: Vec<Group>,
    /// Labels of all namespaces.
    pub namespaces: &'a BTreeMap<String, Labels>,
    by_key: BTreeMap<&'a Key, usize>,
    clouds: BTreeMap<Key, &'a Cloud>,
}

impl<'a> Catalog<'a> {
    pub fn of(cluster: &Cluster<'a>, demand: &Demand<'a>, field: &mut Field<'a>, verdicts: &mut Verdicts) -> Self {
        let snapshot = cluster.snapshot;
        let mut pools: Vec<&Pool> = snapshot.pools.iter().collect();
        pools.sort_by_key(|pool| (Reverse(pool.weight), &pool.key));
        let by_key = pools.iter().enumerate().map(|(at, pool)| (&pool.key, at)).collect();
        let clouds = snapshot.clouds.iter().map(|(key, cloud)| (key.clone(), cloud)).collect();
        let mut catalog = Self { pools, candidates: Vec::new(), groups: Vec::new(), namespaces: &snapshot.namespaces, by_key, clouds };
        for pool in 0..catalog.pools.len() {
            catalog.add_pool(pool, cluster, demand, field, verdicts);
        }
        catalog.group(verdicts);
        catalog
    }

    /// The pool that a host belongs to.
    pub fn pool_of(&self, host: &Host) -> Option<usize> {
        self.pool(&Key::new(&host.key.namespace, &host.pool))
    }

    /// A pool's index.
    pub fn pool(&self, key: &Key) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// The offering that a host was made from, if the cloud still lists it, in its zone or any.
    pub fn offering(&self, host: &Host) -> Option<&'a Offering> {
        let cloud = self.clouds.get(&Key::new(&host.key.namespace, &host.cloud))?;
        let same = |offering: &&Offering| offering.flavor == host.flavor;
        let here = |offering: &&Offering| same(offering) && offering.zone == host.zone;
        cloud.offerings.iter().find(here).or_else(|| cloud.offerings.iter().find(same))
    }

    /// The candidates of a pool, those that cannot be had now among them.
    pub fn candidates_of(&self, pool: usize) -> impl Iterator<Item = (usize, &Candidate<'a>)> {
        self.candidates.iter().enumerate().filter(move |(_, candidate)| candidate.pool == pool)
    }

    /// When something that cannot be had now may be tried again.
    pub fn returns(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let offerings =
            self.candidates.iter().filter_map(|candidate| candidate.offering.unavailable.as_ref().and(candidate.offering.until));
        let useless = self.pools.iter().flat_map(|pool| &pool.useless).map(|useless| useless.until);
        offerings.chain(useless).filter(move |until| *until > now)
    }

    /// The first pool of the same weight.
    pub fn weight_rank(&self, pool: usize) -> usize {
        let weight = self.pools[pool].weight;
        self.pools.iter().position(|other| other.weight == weight).unwrap_or(pool)
    }

    fn add_pool(&mut self, pool: usize, cluster: &Cluster<'a>, demand: &Demand<'a>, field: &mut Field<'a>, verdicts: &mut Verdicts) {
        let owner = self.pools[pool];
        let Some(cloud) = self.clouds.get(&cloud_key(owner)).copied() else {
            return;
        };
        let mut offerings: Vec<&Offering> = cloud.offerings.iter().filter(|o| offered(owner, o)).collect();
        offerings.sort_by_key(|o| (&o.flavor, &o.zone, o.price_micro));
        offerings.dedup_by_key(|o| (&o.flavor, &o.zone));
        for offering in offerings {
            let labels = labels(owner, cloud, offering);
            let view = NodeView { name: None, labels: &labels, taints: &owner.taints };
            let allocatable = allocatable(owner, offering);
            let mut free = cluster.free(&view, &allocatable);
            let learned = owner.learned.get(&offering.flavor);
            attachable(demand, learned.map(|learned| &learned.drivers), &mut free);
            let verdict = verdicts.row(&view, &demand.classes);
            let known = |key: &str| known_value(owner, cloud, offering, key);
            let spot = field.spot(&demand.rules, &view, None, known);
            let liking = demand.wishes.liking(&view, known);
            let rank = self.weight_rank(pool);
            let daemons = cluster.daemons(&view).collect();
            let useless = useless(owner, &offering.flavor, cluster.snapshot.now);
            self.candidates.push(Candidate { pool, rank, offering, labels, allocatable, free, verdict, spot, liking, useless, daemons });
        }
    }

    /// Joins candidates that are alike.
    fn group(&mut self, verdicts: &Verdicts) {
        let mut groups: BTreeMap<_, BTreeMap<(&Spot, &Liking<'_>), Vec<usize>>> = BTreeMap::new();
        for (at, candidate) in self.candidates.iter().enumerate() {
            if candidate.offering.unavailable.is_none() && self.pools[candidate.pool].ready.is_ok() {
                let key = (candidate.make(), &candidate.free, verdicts.of(candidate.verdict), &candidate.useless);
                groups.entry(key).or_default().entry((&candidate.spot, &candidate.liking)).or_default().push(at);
            }
        }
        let mut all = Vec::new();
        for by_spot in groups.into_values() {
            let mut twins: Vec<usize> = by_spot.values().flatten().copied().collect();
            twins.sort_unstable();
            let mut same: Vec<Vec<usize>> = by_spot.into_values().collect();
            same.sort_unstable();
            all.extend(same.into_iter().map(|members| Group { members, twins: twins.clone() }));
        }
        self.groups = all;
    }
}

/// The cloud that a pool buys from.
pub(crate) fn cloud_key(pool: &Pool) -> Key {
    Key::new(&pool.key.namespace, &pool.cloud)
}

/// The cloud that a host lives in.
pub(crate) fn cloud_of_host(host: &Host) -> Key {
    Key::new(&host.key.namespace, &host.cloud)
}

/// Whether the snapshot has the pool's cloud.
pub(crate) fn knows_cloud(snapshot: &Snapshot, pool: &Pool) -> bool {
    snapshot.clouds.contains_key(&cloud_key(pool))
}

fn offered(pool: &Pool, offering: &Offering) -> bool {
    pool.flavors.contains(&offering.flavor) && (pool.zones.is_empty() || pool.zones.contains(&offering.zone))
}

/// Marks of shapes that hosts of this flavor are of no use to, for now.
fn useless(pool: &Pool, flavor: &str, now: Timestamp) -> Vec<u64> {
    let mut marks: Vec<u64> = pool.useless.iter().filter(|own| own.flavor == flavor && own.until > now).map(|own| own.shape).collect();
    marks.sort_unstable();
    marks
}

/// What a node of this flavor showed, or is expected to offer to pods.
fn allocatable(pool: &Pool, offering: &Offering) -> Resources {
    if let Some(learned) = pool.learned.get(&offering.flavor) {
        return learned.allocatable.at_least_zero();
    }
    let kept_bytes = pool.reserved_memory_bytes.saturating_add(EVICTION_MIB * MIB);
    let disk_gib = pool.extras.volume_gib.unwrap_or(offering.disk_gib);
    let ephemeral = i128::from(disk_gib) * i128::from(GIB) * i128::from(EPHEMERAL_PERCENT) / 100;
    Resources {
        cpu_milli: offering.vcpus.saturating_mul(1_000).saturating_sub(pool.reserved_cpu_milli),
        memory_bytes: offering.memory_mib.saturating_mul(MIB).saturating_sub(kept_bytes),
        ephemeral_bytes: i64::try_from(ephemeral).unwrap_or(i64::MAX),
        pods: pool.max_pods,
        extended: offering.resources.clone(),
    }
    .at_least_zero()
}

/// Labels that every node gets.
fn well_known<'a>(pool: &'a Pool, cloud: &'a Cloud, offering: &'a Offering) -> [(&'static str, &'a str); 7] {
    [
        ("kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", "amd64"),
        ("node.kubernetes.io/instance-type", &offering.flavor),
        ("topology.kubernetes.io/region", &cloud.region),
        (ZONE, &offering.zone),
        ("topology.cinder.csi.openstack.org/zone", &offering.zone),
        (POOL_LABEL, &pool.key.name),
    ]
}

/// The value of one of its labels.
fn known_value<'a>(pool: &'a Pool, cloud: &'a Cloud, offering: &'a Offering, key: &str) -> Option<&'a str> {
    let known = well_known(pool, cloud, offering).into_iter().find(|(name, _)| *name == key);
    known.map(|(_, value)| value).or_else(|| pool.labels.get(key).map(String::as_str))
}

/// What the node will register with; the well-known labels win over the template's.
fn labels(pool: &Pool, cloud: &Cloud, offering: &Offering) -> BTreeMap<String, String> {
    let mut labels = pool.labels.clone();
    labels.extend(well_known(pool, cloud, offering).map(|(key, value)| (key.to_owned(), value.to_owned())));
    labels
}
