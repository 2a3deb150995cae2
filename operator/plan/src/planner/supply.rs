//! Supply: everything that has, or will have, room for pods, as bins in the one order in which they are filled.

mod seen;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::catalog::Catalog;
use super::cluster::{Cluster, is_live};
use super::demand::{Class, Demand, Shape, attach_driver};
use super::field::{Field, Spot};
use crate::model::{Host, Key};
use crate::resources::Resources;
use crate::scheduling::NodeView;
use seen::Seen;

/// How long after its creation a host that joined keeps the seats that it was bought for.
pub(crate) const CLAIM_PATIENCE: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);

/// What a bin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// A node that takes pods now, with workload.
    Busy,
    /// A node that takes pods now, without workload: filled last of these, so that it may go.
    Empty,
    /// A host that joined and still keeps seats.
    Claimed,
    /// A host in flight.
    Coming,
}

/// What a host is bought as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Make<'a> {
    /// Place of the pool's weight; last if there is no such pool.
    pub rank: usize,
    /// Price, in micro-units an hour; highest if it is not known.
    pub price_micro: i64,
    /// The pool's place among all.
    pub pool: usize,
    pub flavor: &'a str,
}

/// Room for pods.
#[derive(Clone, Debug)]
pub(crate) struct Bin<'a> {
    pub origin: Origin,
    /// Node or host.
    pub name: &'a str,
    pub host: Option<&'a Host>,
    /// What pods could use if nothing but DaemonSets' pods ran there; nothing for those without claims.
    pub empty: Resources,
    /// What is left.
    pub free: Resources,
    /// Row of [`Verdicts`].
    pub verdict: usize,
    pub spot: Spot,
    /// Which of [`Rules::daemons`](super::rules::Rules::daemons) come there when it joins.
    pub daemons: Vec<usize>,
    /// Seats that it keeps, by mark.
    pub claims: Vec<(u64, usize)>,
    /// Index and count of what this plan places there.
    pub pattern: Vec<(usize, usize)>,
}

impl Bin<'_> {
    /// Whether a pod of this shape may go there, and fits, company aside.
    pub fn takes(&self, shape: &Shape<'_>, verdicts: &Verdicts) -> bool {
        shape.requests.fits(&self.free) && verdicts.admits(self.verdict, shape.class)
    }
}

/// For each distinct kind of node, which classes of pods it admits.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    rows: Vec<Vec<bool>>,
    index: HashMap<Vec<bool>, usize>,
}

impl Verdicts {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// What the row says of each class.
    pub fn of(&self, row: usize) -> &[bool] {
        &self.rows[row]
    }

    /// Whether the row admits the class.
    pub fn admits(&self, row: usize, class: usize) -> bool {
        self.rows[row][class]
    }

    /// The row of a node.
    pub fn row(&mut self, view: &NodeView<'_>, classes: &[Class<'_>]) -> usize {
        let row: Vec<bool> = classes.iter().map(|class| class.admits(view)).collect();
        if let Some(at) = self.index.get(&row) {
            return *at;
        }
        self.rows.push(row.clone());
        self.index.insert(row, self.rows.len() - 1);
        self.rows.len() - 1
    }
}

/// Nodes that take pods, then hosts in flight; hosts that `going` names are left out. What runs anywhere is counted in the field.
pub(crate) fn bins<'a>(
    cluster: &Cluster<'a>,
    demand: &Demand<'a>,
    catalog: &Catalog<'a>,
    field: &mut Field<'a>,
    verdicts: &mut Verdicts,
    going: &HashSet<&Key>,
) -> Vec<Bin<'a>> {
    let mut bins = Vec::new();
    let mut spots = HashMap::new();
    for node in cluster.nodes.values() {
        let host = cluster.host(&node.name);
        let lost = host.is_some_and(|host| !is_live(host) || going.contains(&host.key));
        let joining = host.filter(|host| !lost && cluster.joins(node, host));
        let seen = Seen::of_node(node, joining);
        let (spot, mut daemons) = (seen.spot(demand, field), seen.daemons(cluster, demand));
        field.open(&demand.rules, &spot);
        if joining.is_none() {
            field.bring(&demand.rules, &spot, &std::mem::take(&mut daemons));
        }
        if !lost && (node.ready || joining.is_some()) {
            let origin = origin(cluster, host, joining.is_some(), &node.name);
            bins.push(Bin { daemons, ..seen.bin(origin, host, cluster, demand, &spot, verdicts) });
        }
        spots.insert(node.name.as_str(), spot);
    }
    for host in in_flight(cluster, going) {
        let seen = Seen::of_host(host);
        let (spot, daemons) = (seen.spot(demand, field), seen.daemons(cluster, demand));
        bins.push(Bin { daemons, ..seen.bin(Origin::Coming, Some(host), cluster, demand, &spot, verdicts) });
        spots.insert(&host.key.name, spot);
    }
    field.count_settled(&demand.rules, cluster, &spots);
    keep_seats(&mut bins, cluster, catalog);
    bins.sort_by_key(|bin| (bin.origin, bin.host.filter(|_| bin.origin == Origin::Coming).map(|host| host.created), bin.name));
    bins
}

fn origin(cluster: &Cluster<'_>, host: Option<&Host>, joins: bool, name: &str) -> Origin {
    let young = |host: &&Host| cluster.snapshot.now.duration_since(host.created) < CLAIM_PATIENCE;
    if joins {
        Origin::Coming
    } else if host.filter(young).is_some_and(|host| !host.claims.is_empty()) {
        Origin::Claimed
    } else if cluster.workload(name) == 0 {
        Origin::Empty
    } else {
        Origin::Busy
    }
}

fn in_flight<'a>(cluster: &Cluster<'a>, going: &HashSet<&Key>) -> Vec<&'a Host> {
    let mut hosts: Vec<&Host> = cluster.snapshot.hosts.iter().collect();
    let coming = |host: &Host| is_live(host) && !host.joined && !going.contains(&host.key);
    hosts.retain(|host| coming(host) && !cluster.nodes.contains_key(host.key.name.as_str()));
    hosts.sort_by_key(|host| &host.key);
    hosts.dedup_by_key(|host| &host.key.name);
    hosts
}

/// Seats that hosts keep: what they were bought for, without the equal pods that are there already.
fn keep_seats(bins: &mut [Bin<'_>], cluster: &Cluster<'_>, catalog: &Catalog<'_>) {
    let keeps = |bin: &Bin<'_>| matches!(bin.origin, Origin::Claimed | Origin::Coming);
    let mut by_name: HashMap<&str, &mut Bin<'_>> = HashMap::new();
    for bin in bins.iter_mut().filter(|bin| keeps(bin)) {
        let claims = bin.host.filter(|host| catalog.pool_of(host).is_some()).map(|host| host.claims.as_slice()).unwrap_or_default();
        bin.claims = claims.iter().map(|claim| (claim.shape, claim.pods as usize)).collect();
        if !bin.claims.is_empty() {
            by_name.insert(bin.name, bin);
        }
    }
    if by_name.is_empty() {
        return;
    }
    for pod in &cluster.snapshot.pods {
        let name = pod.place();
        let Some(bin) = name.and_then(|name| by_name.get_mut(name)) else {
            continue;
        };
        let mark = pod.shape();
        if let Some((_, seats)) = bin.claims.iter_mut().find(|(claimed, _)| *claimed == mark) {
            *seats = seats.saturating_sub(1);
        }
    }
}

/// Volumes that can be attached, as resources that pods who wait ask for; without a limit there is no end to them.
pub(crate) fn attachable(demand: &Demand<'_>, drivers: Option<&BTreeMap<String, Option<i64>>>, free: &mut Resources) {
    for name in demand.attached() {
        if let Some(driver) = attach_driver(name) {
            let limit = drivers.and_then(|drivers| drivers.get(driver).copied().flatten());
            free.extended.insert(name.to_owned(), limit.unwrap_or(i64::MAX));
        }
    }
}
