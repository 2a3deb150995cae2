//! Who is where, by counter and domain: says at once whether a pod's company lets it into a bin, and follows every placement.

mod anew;
mod extent;
mod least;
mod settled;
mod tally;

use std::collections::HashMap;

use super::rules::{Asks, Needs, Rules, Topology};
use crate::scheduling::{NodeView, runs_daemon};
use extent::Extent;
use tally::{Tally, grown, shifted};

/// The only domain of the whole cluster.
const CLUSTER: u32 = 0;

/// Where a bin is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Spot {
    /// By topology; `None`: in no domain.
    pub domains: Vec<Option<u32>>,
    /// By realm, whether it counts.
    pub counted: Vec<bool>,
    /// Of a host that could be bought, what of [`Rules::daemons`] will run there; of others it is counted already.
    pub brings: Vec<usize>,
}

/// What keeps a pod out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wall {
    /// This counter is not 0, and must be.
    Company(usize),
    /// Nobody is there whom it needs: this counter is 0.
    Nobody(usize),
    /// The skew of this counter would be too large.
    Skew(usize),
    /// The skew that others were promised by this counter would be too large.
    Promise(usize),
    /// Those who share a volume by this counter are elsewhere.
    Shared(usize),
    /// The bin has no value for what this counter is counted by.
    NoDomain(usize),
}

impl Wall {
    /// What must change before the pod may be let in.
    pub fn counter(self) -> usize {
        match self {
            Self::Company(at) | Self::Nobody(at) | Self::Skew(at) | Self::Promise(at) | Self::Shared(at) | Self::NoDomain(at) => at,
        }
    }
}

/// All counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Field<'a> {
    tallies: Vec<Tally>,
    extents: Vec<Extent>,
    /// Topology of each counter and its realm.
    of: Vec<(usize, Option<usize>)>,
    names: Vec<HashMap<&'a str, u32>>,
    fresh: Vec<u32>,
    /// Counters that count each of [`Rules::daemons`].
    daemons: Vec<Vec<usize>>,
    /// Whether only domains count that are there.
    sober: bool,
}

impl<'a> Field<'a> {
    /// Counts nobody yet.
    pub fn new(rules: &Rules<'a>) -> Self {
        Self {
            tallies: vec![Tally::default(); rules.counters.len()],
            extents: vec![Extent::default(); rules.realms.len()],
            of: rules.counters.iter().map(|counter| (counter.topology, counter.realm)).collect(),
            names: vec![HashMap::new(); rules.topologies.len()],
            fresh: vec![0; rules.topologies.len()],
            daemons: rules.daemons.iter().map(|daemon| daemon.adds.clone()).collect(),
            sober: false,
        }
    }

    /// The spot of a node or host; without a name it is one that could be bought, which is no domain of its own yet.
    pub fn spot(&mut self, rules: &Rules<'a>, view: &NodeView<'_>, name: Option<&'a str>, value: impl Fn(&str) -> Option<&'a str>) -> Spot {
        let mut domains = Vec::with_capacity(rules.topologies.len());
        for (at, topology) in rules.topologies.iter().enumerate() {
            domains.push(match topology {
                Topology::Cluster => Some(CLUSTER),
                Topology::Node => name.map(|name| self.domain(at, name)),
                Topology::Label(key) => value(key).map(|value| self.domain(at, value)),
            });
        }
        let runs = |at: &usize| name.is_none() && runs_daemon(rules.daemons[*at].set, view);
        let brings = (0..rules.daemons.len()).filter(runs).collect();
        Spot { domains, counted: rules.realms.iter().map(|realm| realm.counts(view)).collect(), brings }
    }

    /// The spot of a host that is bought as this: a domain of its own, in which DaemonSets' pods count.
    pub fn settled(&mut self, rules: &Rules<'a>, spot: &Spot) -> Spot {
        let mut spot = spot.clone();
        let brings = std::mem::take(&mut spot.brings);
        for (at, topology) in rules.topologies.iter().enumerate() {
            if *topology == Topology::Node {
                spot.domains[at] = Some(self.fresh[at]);
                self.fresh[at] += 1;
            }
        }
        self.bring(rules, &spot, &brings);
        spot
    }

    fn domain(&mut self, topology: usize, name: &'a str) -> u32 {
        let fresh = &mut self.fresh[topology];
        *self.names[topology].entry(name).or_insert_with(|| {
            *fresh += 1;
            *fresh - 1
        })
    }

    /// From now on the bin's domains count.
    pub fn open(&mut self, rules: &Rules<'_>, spot: &Spot) {
        self.each_extent(rules, spot, |extent, domain| *grown(&mut extent.bins, domain) += 1);
    }

    /// A host on its way is there: its domains count, and its DaemonSets' pods.
    pub fn join(&mut self, rules: &Rules<'_>, spot: &Spot, daemons: &[usize]) {
        self.open(rules, spot);
        self.bring(rules, spot, daemons);
    }

    /// Counts these of [`Rules::daemons`].
    pub fn bring(&mut self, rules: &Rules<'_>, spot: &Spot, daemons: &[usize]) {
        daemons.iter().for_each(|daemon| self.count(&rules.daemons[*daemon].adds, spot, 1));
    }

    /// From now on domains count in which hosts could be bought.
    pub fn hope(&mut self, rules: &Rules<'_>, spots: &[&Spot]) {
        self.extents.iter_mut().for_each(|extent| extent.hoped.clear());
        self.hope_anew(rules, spots);
        let spots = if self.sober { &[] } else { spots };
        for spot in spots {
            self.each_extent(rules, spot, |extent, domain| *grown(&mut extent.hoped, domain) = true);
        }
        self.tallies.iter_mut().for_each(|tally| tally.least = None);
    }

    /// From now on only domains count that are there: in the others nobody found a host to buy.
    pub fn sober_up(&mut self, rules: &Rules<'_>) {
        self.sober = true;
        self.hope(rules, &[]);
    }

    /// Whoever this plan placed is there before those that are placed from now on.
    pub fn arrived(&mut self) {
        for tally in &mut self.tallies {
            tally.promised.clear();
            tally.promised_domains = None;
        }
    }

    fn each_extent(&mut self, rules: &Rules<'_>, spot: &Spot, mut change: impl FnMut(&mut Extent, u32)) {
        for (at, realm) in rules.realms.iter().enumerate() {
            if let Some(domain) = spot.domains[realm.topology].filter(|_| spot.counted[at]) {
                change(&mut self.extents[at], domain);
            }
        }
        self.tallies.iter_mut().for_each(|tally| tally.least = None);
    }

    /// Counts a pod, or so many alike, in or out.
    pub fn count(&mut self, adds: &[usize], spot: &Spot, pods: i64) {
        for counter in adds {
            let (topology, realm) = self.of[*counter];
            if realm.is_some_and(|realm| !spot.counted[realm]) {
                continue;
            }
            if let Some(domain) = spot.domains[topology] {
                let tally = &mut self.tallies[*counter];
                let count = grown(&mut tally.counts, domain);
                let before = *count;
                *count = count.saturating_add(pods);
                tally.total = tally.total.saturating_add(pods);
                let extent = realm.map(|realm| &self.extents[realm]);
                tally.least = tally.least.and_then(|least| shifted(least, before, *count, extent?.counts(domain)));
            }
        }
    }

    /// Places pods of a rule.
    pub fn place(&mut self, asks: &Asks, spot: &Spot, pods: usize) {
        let pods = i64::try_from(pods).unwrap_or(i64::MAX);
        self.count(&asks.adds, spot, pods);
        self.lean(asks, spot, pods);
        self.promise(asks, spot);
    }

    /// From now on nobody may break the spread of such a pod there.
    pub fn promise(&mut self, asks: &Asks, spot: &Spot) {
        for skew in &asks.skews {
            if let Some(domain) = spot.domains[self.of[skew.counter].0] {
                let tally = &mut self.tallies[skew.counter];
                tally.promised_domains = tally.promised_domains.max(skew.min_domains);
                let promised = &mut tally.promised;
                if promised.len() <= domain as usize {
                    promised.resize(domain as usize + 1, i64::MAX);
                }
                promised[domain as usize] = promised[domain as usize].min(skew.max_skew);
            }
        }
    }

    /// Takes pods of a rule back.
    pub fn take_back(&mut self, asks: &Asks, spot: &Spot, pods: usize) {
        let pods = i64::try_from(pods).unwrap_or(i64::MAX);
        self.count(&asks.adds, spot, -pods);
        self.lean(asks, spot, -pods);
    }

    fn lean(&mut self, asks: &Asks, spot: &Spot, pods: i64) {
        for counter in asks.needs.counters.iter().filter(|_| asks.needs.own) {
            if let Some(domain) = spot.domains[self.of[*counter].0] {
                *grown(&mut self.tallies[*counter].leaning, domain) += pods;
            }
        }
    }

    /// Whether somebody is there who needs nobody, or those who need each other are nowhere else.
    fn is_company(&self, counter: usize, spot: &Spot) -> bool {
        let (there, tally) = (self.settled_at(counter, spot), &self.tallies[counter]);
        let domain = spot.domains[self.of[counter].0];
        let leaning = domain.and_then(|domain| tally.leaning.get(domain as usize).copied()).unwrap_or(0);
        there > leaning || (there > 0 && there == tally.total)
    }

    /// Whether the company lets one more such pod in.
    ///
    /// # Errors
    /// What keeps it out.
    pub fn admits(&mut self, asks: &Asks, spot: &Spot) -> Result<(), Wall> {
        for counter in &asks.zeros {
            if self.at_spot(*counter, spot) > 0 {
                return Err(Wall::Company(*counter));
            }
        }
        for counter in &asks.shares {
            if self.tallies[*counter].total > 0 && self.at_spot(*counter, spot) == 0 {
                return Err(Wall::Shared(*counter));
            }
        }
        for skew in &asks.skews {
            spot.domains[self.of[skew.counter].0].ok_or(Wall::NoDomain(skew.counter))?;
            let least = self.least_beside(skew.counter, skew.min_domains, spot);
            if self.at_spot(skew.counter, spot).saturating_add(skew.own).saturating_sub(least) > skew.max_skew {
                return Err(Wall::Skew(skew.counter));
            }
        }
        self.has_company(asks, spot)?;
        self.keeps_promises(asks, spot)
    }

    /// How many of so many pods that were placed there may stay, now that all is known; the others are no longer counted.
    pub fn keep(&mut self, asks: &Asks, spot: &Spot, placed: usize) -> usize {
        let mut kept = placed;
        while kept > 0 {
            let needed = asks.needs.counters.iter().all(|counter| self.is_company(*counter, spot));
            let even = asks.skews.iter().all(|skew| {
                let over = self.settled_at(skew.counter, spot).saturating_sub(self.least(skew.counter, skew.min_domains));
                over <= skew.max_skew
            });
            if needed && even {
                break;
            }
            self.take_back(asks, spot, 1);
            kept -= 1;
        }
        kept
    }

    /// Required affinity; the first of pods that match themselves needs nobody.
    fn has_company(&self, asks: &Asks, spot: &Spot) -> Result<(), Wall> {
        let mut nobody = None;
        for counter in &asks.needs.counters {
            spot.domains[self.of[*counter].0].ok_or(Wall::NoDomain(*counter))?;
            if self.at_spot(*counter, spot) == 0 {
                nobody = nobody.or(Some(*counter));
            }
        }
        nobody.filter(|_| self.is_lonely(&asks.needs)).map_or(Ok(()), |counter| Err(Wall::Nobody(counter)))
    }

    /// Whether somebody is needed, but a new domain would have nobody.
    pub fn is_lonely(&self, needs: &Needs) -> bool {
        let first = needs.own && needs.counters.iter().all(|counter| self.tallies[*counter].total == 0);
        !needs.counters.is_empty() && !first
    }

    /// A pod that counts must not break the spread of those that this plan placed, in whatever order they come to be.
    fn keeps_promises(&mut self, asks: &Asks, spot: &Spot) -> Result<(), Wall> {
        for counter in &asks.adds {
            let (topology, realm) = self.of[*counter];
            let counted = realm.is_some_and(|realm| spot.counted[realm]);
            let Some(domain) = spot.domains[topology].filter(|_| counted) else {
                continue;
            };
            let tally = &self.tallies[*counter];
            let (promised, domains) = (tally.promised.get(domain as usize).copied().unwrap_or(i64::MAX), tally.promised_domains);
            if promised < i64::MAX && self.at_spot(*counter, spot) + 1 - self.least_beside(*counter, domains, spot) > promised {
                return Err(Wall::Promise(*counter));
            }
        }
        Ok(())
    }

    /// How many are counted there.
    pub fn at(&self, counter: usize, domain: u32) -> i64 {
        self.tallies[counter].counts.get(domain as usize).copied().unwrap_or(0)
    }

    /// How many are counted where the spot is; 0 outside of all domains.
    fn settled_at(&self, counter: usize, spot: &Spot) -> i64 {
        spot.domains[self.of[counter].0].map_or(0, |domain| self.at(counter, domain))
    }

    /// As [`Self::settled_at`], with those who come with the host.
    pub fn at_spot(&self, counter: usize, spot: &Spot) -> i64 {
        spot.domains[self.of[counter].0].map_or(0, |domain| self.at(counter, domain) + self.brought(counter, spot))
    }
}
