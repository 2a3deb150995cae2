//! Compiles what pods ask of other pods.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use super::whom::{Namespaces, Whom};
use super::{Asks, Claims, Counter, Needs, Realm, Rules, Skew, Topology};
use crate::model::{HostPort, Labels, NodeTerm, Pod, PodSpec, PodTerm, Snapshot, Spread, Toleration};
use crate::planner::cluster::Cluster;
use crate::scheduling::{ZONE, ports_clash};

/// What decides which nodes a spread constraint counts: selector and affinity, tolerations, keys, and the one among them that is counted by.
type RealmKey<'a> = (Option<(&'a Labels, &'a Option<Vec<NodeTerm>>)>, Option<&'a [Toleration]>, Vec<&'a str>, usize);

/// Rules in the making.
pub(super) struct Compiler<'a> {
    rules: Rules<'a>,
    namespaces: &'a Namespaces,
    topologies: HashMap<Topology<'a>, usize>,
    counters: HashMap<(Whom<'a>, usize, Option<usize>), usize>,
    realms: HashMap<RealmKey<'a>, usize>,
}

impl<'a> Compiler<'a> {
    pub fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            rules: Rules::default(),
            namespaces: &snapshot.namespaces,
            topologies: HashMap::new(),
            counters: HashMap::new(),
            realms: HashMap::new(),
        }
    }

    /// Anti-affinity that meets pods that wait, and ports that are taken, by whoever has them; in an order of their own, so that what is
    /// in a pod's way is named alike whoever is read first.
    pub fn add_owners(&mut self, cluster: &Cluster<'a>, waiting: &[(&'a Pod, Claims)]) {
        let waiting: Vec<&Pod> = waiting.iter().map(|(pod, _)| *pod).collect();
        let any_ports = waiting.iter().any(|pod| !pod.spec.host_ports.is_empty());
        let daemons = cluster.snapshot.daemon_sets.iter().map(|set| &set.pod);
        let settled = cluster.snapshot.pods.iter().map(AsRef::as_ref).filter(|pod| pod.place().is_some());
        let (mut specs, mut terms, mut ports) = (HashSet::new(), BTreeSet::new(), BTreeSet::new());
        for pod in settled.chain(daemons).chain(waiting.iter().copied()) {
            if specs.insert(Arc::as_ptr(&pod.spec)) {
                terms.extend(&pod.spec.anti_affinity);
                ports.extend(&pod.spec.host_ports);
            }
        }
        for term in terms.into_iter().filter(|term| waiting.iter().any(|pod| self.refuses(term, pod))).collect::<Vec<_>>() {
            let topology = self.topology(Topology::of(&term.topology_key));
            self.counter(Whom::Shunning(term), topology, None);
        }
        if any_ports {
            ports.into_iter().for_each(|port| _ = self.port(port));
        }
    }

    /// What a pod asks; which counters count it is known only once all are there.
    pub fn compile(&mut self, pod: &'a Pod, claims: &Claims) -> Asks {
        let spec = &pod.spec;
        let skews = spec.spread.iter().filter(|spread| spread.required).map(|spread| self.skew(pod, spread)).collect();
        let needs = self.needs(pod, &spec.affinity);
        Asks { adds: Vec::new(), zeros: self.zeros(pod, claims), needs, skews, shares: self.shares(claims) }
    }

    pub fn finish(self) -> Rules<'a> {
        self.rules
    }

    fn refuses(&self, term: &PodTerm, pod: &Pod) -> bool {
        term.refuses(&pod.key.namespace, self.namespaces, &pod.labels)
    }

    fn zeros(&mut self, pod: &'a Pod, claims: &Claims) -> Vec<usize> {
        let mut zeros = Vec::new();
        for term in &pod.spec.anti_affinity {
            let topology = self.topology(Topology::of(&term.topology_key));
            zeros.push(self.counter(Whom::Shunned(term), topology, None));
        }
        for port in &pod.spec.host_ports {
            self.port(port);
        }
        for claim in &claims.alone {
            let topology = self.topology(Topology::Cluster);
            zeros.push(self.counter(Whom::User(claim.clone()), topology, None));
        }
        for (at, counter) in self.rules.counters.iter().enumerate() {
            let meets = match counter.whom {
                Whom::Shunning(term) => self.refuses(term, pod),
                Whom::Port(taken) => pod.spec.host_ports.iter().any(|port| ports_clash(port, taken)),
                _ => false,
            };
            if meets {
                zeros.push(at);
            }
        }
        zeros.sort_unstable();
        zeros.dedup();
        zeros
    }

    /// A volume is in a zone, or can be reached from all of them: which it is nobody says before it is there.
    fn shares(&mut self, claims: &Claims) -> Vec<usize> {
        let shared = claims.shared.iter();
        let mut counters: Vec<usize> = shared
            .map(|claim| {
                let topology = self.topology(Topology::Label(ZONE));
                self.counter(Whom::User(claim.clone()), topology, None)
            })
            .collect();
        counters.sort_unstable();
        counters
    }

    fn needs(&mut self, pod: &Pod, terms: &'a [PodTerm]) -> Needs {
        let mut needs = Needs::default();
        for term in terms {
            let topology = self.topology(Topology::of(&term.topology_key));
            needs.counters.push(self.counter(Whom::All(terms), topology, None));
        }
        needs.own = terms.iter().all(|term| term.selects(&pod.key.namespace, self.namespaces, &pod.labels));
        needs
    }

    fn skew(&mut self, pod: &'a Pod, spread: &'a Spread) -> Skew {
        let realm = self.realm(&pod.spec, spread);
        let topology = self.rules.realms[realm].topology;
        let whom = match &spread.selector {
            Some(selector) => Whom::Selected { namespace: &pod.key.namespace, selector },
            None => Whom::Nobody,
        };
        let own = spread.selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels));
        let counter = self.counter(whom, topology, Some(realm));
        let min_domains = spread.min_domains.and_then(|least| usize::try_from(least).ok());
        Skew { counter, max_skew: i64::from(spread.max_skew), own: i64::from(own), min_domains }
    }

    fn realm(&mut self, spec: &'a PodSpec, spread: &'a Spread) -> usize {
        let topology = self.topology(Topology::of(&spread.topology_key));
        let mut keys: Vec<&str> = spec.spread.iter().filter(|other| other.required).map(|other| other.topology_key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        let affinity = spread.honors_affinity.then_some((&spec.node_selector, &spec.node_affinity));
        let tolerations = spread.honors_taints.then_some(spec.tolerations.as_slice());
        let next = self.rules.realms.len();
        let at = *self.realms.entry((affinity, tolerations, keys, topology)).or_insert(next);
        if at == next {
            self.rules.realms.push(Realm { spec, spread, topology });
        }
        at
    }

    fn port(&mut self, port: &'a HostPort) -> usize {
        let topology = self.topology(Topology::Node);
        self.counter(Whom::Port(port), topology, None)
    }

    fn topology(&mut self, topology: Topology<'a>) -> usize {
        found(&mut self.topologies, &mut self.rules.topologies, topology, |topology| *topology)
    }

    fn counter(&mut self, whom: Whom<'a>, topology: usize, realm: Option<usize>) -> usize {
        let counter =
            |(whom, topology, realm): &(Whom<'a>, usize, Option<usize>)| Counter { whom: whom.clone(), topology: *topology, realm: *realm };
        found(&mut self.counters, &mut self.rules.counters, (whom, topology, realm), counter)
    }
}

/// The place of a key in a list that grows with new ones.
fn found<K: Hash + Eq, V>(index: &mut HashMap<K, usize>, list: &mut Vec<V>, key: K, make: impl Fn(&K) -> V) -> usize {
    if let Some(at) = index.get(&key) {
        return *at;
    }
    list.push(make(&key));
    index.insert(key, list.len() - 1);
    list.len() - 1
}
